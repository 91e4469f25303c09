"""Result files: written whole or not at all, checked when read.

A file is named by the hash of its configuration, and holds the configuration, the result, the
provenance, and a checksum of the three. There is no index that could disagree with the files.
"""

from __future__ import annotations

import json
import math
import numbers
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.jobs import Result, digest, to_json

OLD_PART_SECONDS = 3600  # a result takes milliseconds to write: an old part is of a killed run


class BadResultError(ValueError):
    """A result file that cannot be counted; the message names it and says why."""


def result_file(folder: Path, configuration: str) -> Path:
    """Return where the result of a configuration lies.

    Parameters
    ----------
    folder : Path
        Folder of the experiment's results.
    configuration : str
        What `experiments.jobs.canonical` returns.

    Returns
    -------
    Path
        A file in `folder`, there or not.

    Examples
    --------
    >>> result_file(Path("runs"), "{}").name
    '44136fa355b3678a1146ad16f7e8649e.json'
    """
    return folder / f"{digest(configuration)}.json"


def read_result(folder: Path, configuration: str) -> dict[str, Any] | None:
    """Read the result of a configuration, and check that it is whole and its own.

    Parameters
    ----------
    folder : Path
        Folder of the experiment's results.
    configuration : str
        What `experiments.jobs.canonical` returns.

    Returns
    -------
    dict or None
        ``configuration``, ``result`` and ``provenance``; None if there is no such file.

    Raises
    ------
    BadResultError
        If the file cannot be read, does not parse, was altered, or belongs to another
        configuration.
    """
    file = result_file(folder, configuration)
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadResultError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:  # JSON and UTF-8
        raise BadResultError(f"{file} does not parse: {error}") from error
    parts = ("configuration", "result", "provenance", "checksum")
    if not isinstance(record, dict) or sorted(record) != sorted(parts):
        raise BadResultError(f"{file} must hold {', '.join(parts)}, and does not")
    checksum = record.pop("checksum")
    try:
        altered = checksum != digest(to_json(record))
    except ValueError:  # NaN
        altered = True
    if altered:
        raise BadResultError(f"{file} was altered: its checksum does not fit")
    if to_json(record["configuration"]) != configuration:
        found = to_json(record["configuration"])
        raise BadResultError(f"{file} belongs to another configuration: {found}")
    return record


def write_result(
    folder: Path, configuration: str, result: Result, provenance: Mapping[str, Any]
) -> Path:
    """Write a result so that its file appears only when it is whole and on the disk.

    Parameters
    ----------
    folder : Path
        Folder of the experiment's results; it is made if it is not there.
    configuration : str
        What `experiments.jobs.canonical` returns.
    result : mapping of str to number or None
        The numbers.
    provenance : mapping
        What `experiments.provenance.provenance` returns.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If it cannot be written, for example because the disk is full. Nothing of it is left then.
    """
    record: dict[str, Any] = {
        "configuration": json.loads(configuration),
        "result": check_result(result),
        "provenance": dict(provenance),
    }
    record["checksum"] = digest(to_json(record))
    target = result_file(folder, configuration)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(suffix=".part", prefix=".result-", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(record, file, ensure_ascii=False, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # a temporary file is private
        os.replace(name, target)  # noqa: PTH105 (the call that the tests interrupt)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return target


def _sync_folder(folder: Path) -> None:
    """Ask the disk to keep the name of a new file, too, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_result(result: Result) -> dict[str, Any]:
    """Check that a result holds finite numbers only, and return it as plain Python.

    Parameters
    ----------
    result : mapping of str to number, None or list
        What the function of an experiment has returned.

    Returns
    -------
    dict of str to int, float, None or list
        The same.

    Raises
    ------
    TypeError
        If it is not such a mapping.
    ValueError
        If it is empty, or a number is not finite.

    Examples
    --------
    >>> check_result({"segments": 3, "score": 0.5, "undefined": None, "counts": (1, 2)})
    {'segments': 3, 'score': 0.5, 'undefined': None, 'counts': [1, 2]}
    """
    if not isinstance(result, Mapping):
        raise TypeError(f"a result must map names to numbers, got {type(result).__name__}")
    if not result:
        raise ValueError("a result must hold at least one number, got none")
    for name in result:
        if not isinstance(name, str):
            raise TypeError(f"names of a result must be strings, got {name!r}")
    return {name: None if value is None else _plain(name, value) for name, value in result.items()}


def _plain(name: str, value: Any) -> Any:
    """Return a number, or a list of lists of numbers, as plain Python."""
    if isinstance(value, (list, tuple)):
        return [_plain(name, item) for item in value]
    if isinstance(value, numbers.Integral):
        return int(value)
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name} of a result must be a number, None or a list, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(
            f"{name} of a result must be finite (None where it is not defined), got {value}"
        )
    return float(value)


def remove_old_parts(folder: Path) -> None:
    """Remove what killed runs have left half-written; it was never counted.

    Parameters
    ----------
    folder : Path
        Folder of the experiment's results, there or not.
    """
    for part in folder.glob(".result-*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > OLD_PART_SECONDS:
                part.unlink()
