"""Read the tables of long runs that the chapters quote: ``book/results``."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Result(NamedTuple):
    """One method with its settings, and what was measured of it.

    Attributes
    ----------
    method : str
        Name of the method.
    settings : dict
        Its knobs.
    scores : dict of str to float
        Mean of each score over images and seeds, or its value for the whole set.
    seed_spread : dict of str to float
        Standard deviation over the seeds, for scores of runs with at least two.
    origin : dict of str to str
        ``images``, ``seeds``, ``missing``, ``device``, ``hardware``, ``versions``, ``commit``,
        ``date`` …: what stands behind the numbers.
    """

    method: str
    settings: Mapping[str, Any]
    scores: Mapping[str, float]
    seed_spread: Mapping[str, float]
    origin: Mapping[str, str]

    def __str__(self) -> str:
        """Write the method and its settings as a call is written."""
        return f"{self.method}({', '.join(f'{k}={v}' for k, v in self.settings.items())})"


def read_results(name: str, folder: str | Path | None = None) -> list[Result]:
    """Read a table that ``python -m experiments summary`` has written.

    Parameters
    ----------
    name : str
        Name of the experiment, such as ``"bsds500_baselines"``.
    folder : str or Path, optional
        Folder of the table. By default ``results`` or ``book/results``, in the working folder or
        the nearest folder above it that has one.

    Returns
    -------
    list of Result
        One for each method with its settings, in the order of the table. Empty, with a warning,
        if there is no such table: a notebook that was opened without its book goes on.

    Raises
    ------
    ValueError
        If the file is no such table.

    Examples
    --------
    >>> import tempfile
    >>> line = 'blank,{},miou_all,0.0458,,,200,2026-11-21'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "trial.csv")
    ...     head = "method,settings,metric,mean,sd,sd_seeds,count,date"
    ...     _ = file.write_text(head + chr(10) + line + chr(10))
    ...     result = read_results("trial", folder)[0]
    >>> print(result, result.scores["miou_all"], result.origin["date"])
    blank() 0.0458 2026-11-21
    """
    file = _find(f"{name}.csv", folder)
    if file is None:
        warnings.warn(
            f"{name}.csv was not found in {folder or 'book/results'}: it comes with the book's "
            "repository",
            stacklevel=2,
        )
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    needed = {"method", "settings", "metric", "mean", "sd_seeds"}
    if not rows or (missing := needed - rows[0].keys()):
        lack = f"lacks {', '.join(sorted(missing))}" if rows else "is empty"
        raise ValueError(f"{file} must be a table of `python -m experiments summary`, and {lack}")
    results: dict[tuple[str, str], Result] = {}
    for number, row in enumerate(rows, start=2):
        key = row["method"], row["settings"]
        if key not in results:
            origin = {k: v for k, v in row.items() if k not in (*needed, "sd", "count")}
            settings = _read_settings(key[1], f"{file}, line {number}")
            results[key] = Result(key[0], settings, {}, {}, origin)
        for numbers, column in (
            (results[key].scores, "mean"),
            (results[key].seed_spread, "sd_seeds"),
        ):
            if row[column]:
                numbers[row["metric"]] = float(row[column])
    return list(results.values())


def _read_settings(text: str, place: str) -> dict[str, Any]:
    """Read the settings of a row; `place` says where they stand."""
    try:
        settings = json.loads(text)
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise ValueError(f"{place}: settings must be a JSON object, got {text!r}")
    return settings


def _find(file: str, folder: str | Path | None) -> Path | None:
    """Return the path of a table, None if there is none."""
    if folder is not None:
        places = [Path(folder)]
    else:
        here = Path.cwd()
        places = [up / sub for up in (here, *here.parents) for sub in ("results", "book/results")]
    return next((place / file for place in places if (place / file).is_file()), None)
