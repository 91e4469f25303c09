"""Where a number comes from: commit, versions, device, date."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import seglib

ROOT = Path(__file__).resolve().parents[1]
CODE = ("seglib", "experiments")  # the folders whose files make the numbers
PACKAGES = ("numpy", "scipy", "scikit-image", "scikit-learn", "torch")


def provenance(seconds: float) -> dict[str, Any]:
    """Say where and from what a result was made, in the process that has made it.

    Parameters
    ----------
    seconds : float
        How long the job has taken.

    Returns
    -------
    dict
        ``commit`` (None outside of a git checkout), ``dirty`` (whether the code differs from the
        commit), ``code`` (hash of the code itself), ``seglib`` and other ``versions``, ``device``,
        ``hardware``, ``cores``, ``threads``, ``seconds``, and ``date`` in UTC.

    Raises
    ------
    RuntimeError
        If the seglib that was imported is not the one of this checkout.

    Examples
    --------
    >>> sorted(provenance(1.0))[:4]
    ['code', 'commit', 'cores', 'date']
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        **code_state(),
        "versions": dict(_versions()),
        **_device(),
        "cores": os.cpu_count(),
        "seconds": round(seconds, 3),
        "date": now.isoformat(timespec="seconds"),
    }


@lru_cache(maxsize=1)  # once in a process, which has loaded its code once
def code_state() -> dict[str, Any]:
    """Return the state of the code that runs in this process, as it was at the first call.

    Returns
    -------
    dict
        ``commit``, ``dirty``, ``code`` and ``seglib``.

    Raises
    ------
    RuntimeError
        If the seglib that was imported is not the one of this checkout.
    """
    found = Path(seglib.__file__).resolve().parents[1]
    if found != ROOT:
        raise RuntimeError(
            f"experiments must run on the seglib of {ROOT}, and would run on that of {found}: "
            "run `python -m pip install --no-deps -e .` in this environment"
        )
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=all", "--", *CODE)
    return {
        "commit": commit,
        "dirty": None if commit is None else bool(changes),
        "code": _code_hash(),
        "seglib": seglib.__version__,
    }


def _git(*words: str) -> str | None:
    """Return what git says of this checkout, None where it has nothing to say."""
    try:
        run = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout.strip()


def _code_hash() -> str:
    """Return a hash of all Python files of the code, which tells two dirty trees apart."""
    files = sorted(file for folder in CODE for file in (ROOT / folder).rglob("*.py"))
    total = hashlib.sha256()
    for file in files:
        name = file.relative_to(ROOT).as_posix()
        total.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:16]


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    """Return the versions of Python and of the packages that compute."""
    found = [("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            found.append((package, "none"))
    return tuple(found)


def _device() -> dict[str, Any]:
    """Return the device that this process has used, and its threads.

    PyTorch is asked only if the job has loaded it: a device that was never touched was not used.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        device, hardware = "cuda", torch.cuda.get_device_name()
    elif torch is not None and torch.backends.mps.is_available():
        used = torch.mps.current_allocated_memory() > 0
        device, hardware = "mps" if used else "cpu", platform.machine()
    else:
        device, hardware = "cpu", platform.machine()
    threads = torch.get_num_threads() if torch is not None else _threads_asked()
    return {"device": device, "hardware": hardware, "threads": threads}


def _threads_asked() -> int | None:
    """Return the number of threads that the environment asks for, None if it does not."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() else None
