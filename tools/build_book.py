"""Build the book: ``python tools/build_book.py``.

The one place that runs Jupyter Book. The pages are made from scratch each time, because an
incremental build repeats neither the warnings nor the removal of pages. Only the executed
notebooks are kept, and only as long as what they ran on is the same.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
CACHE = BUILD / ".jupyter_cache"  # where Jupyter Book keeps the executed notebooks
RAN_ON = BUILD / "ran-on.txt"  # fingerprint of what the cached notebooks ran on
INDEX = BUILD / "html" / "index.html"

PAGES = {".ipynb", ".md", ".bib"}  # the other files below book/ are data that notebooks read
# Threads that wait for each other sleep instead of spinning: where other programs use the same
# cores, a notebook otherwise runs many times longer. Kernels inherit the variable.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

JUPYTER_BOOK = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"


def fingerprint() -> str:
    """Return a hash of all that a notebook's outputs depend on, apart from its own cells.

    Returns
    -------
    str
        SHA-256 over the package with its scripts and styles, the data files of the book, the
        pinned environment, the installed packages and the version of Python.
    """
    files = [path for path in (ROOT / "seglib").rglob("*") if path.suffix in {".py", ".js", ".css"}]
    files += [path for path in (ROOT / "book").rglob("*") if path.suffix not in PAGES]
    files += [ROOT / "requirements.txt"]
    hidden = {".ipynb_checkpoints", "__pycache__"}

    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(files):
        if path.is_file() and not hidden.intersection(path.parts):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    # A set: the package itself is found once or twice, as the working folder is on the path or not.
    installed = {f"{d.name}=={d.version}" for d in importlib.metadata.distributions()}
    digest.update("\n".join(sorted(installed)).encode())
    return digest.hexdigest()


def drop_stale_runs() -> bool:
    """Remove the executed notebooks if they ran on something else than what is here now.

    Jupyter Book knows an executed notebook by its cells alone: after a change in ``seglib/``
    it would go on showing the outputs of the code before.

    Returns
    -------
    bool
        Whether there was something stale to remove.
    """
    now = fingerprint()
    fresh = RAN_ON.exists() and RAN_ON.read_text() == now
    stale = CACHE.exists() and not fresh
    if stale:
        shutil.rmtree(CACHE)
    BUILD.mkdir(exist_ok=True)
    RAN_ON.write_text(now)
    return stale


def build(*, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run Jupyter Book over the whole book; a warning counts as a failure.

    Parameters
    ----------
    capture : bool
        Keep what Jupyter Book prints, in `stdout` of the result, instead of showing it.

    Returns
    -------
    subprocess.CompletedProcess
        With a `returncode` other than 0 if a notebook fails or anything is warned of.
    """
    drop_stale_runs()
    for made in BUILD.iterdir():
        if made.is_dir() and made != CACHE:
            shutil.rmtree(made)
    # The kernel named python3 has to be the one of this environment, not one of the user's.
    environment = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", ".", "-W", "-n", "--keep-going"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if capture else {}
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, check=False, **streams)


def main() -> int:
    """Build the book and say where it lies.

    Returns
    -------
    int
        Exit status: 0 if the book was built without a warning.
    """
    if build().returncode != 0:
        print("The book was not built: see the warnings above.", file=sys.stderr)
        return 1
    print(f"The book is ready, open it in a browser: {INDEX}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
