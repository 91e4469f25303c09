"""Measure how long a chapter runs and how much memory it takes, and write both down.

    python tools/measure_chapter.py kanezaki2018

runs the notebook once, outside of any cache, and replaces its row for this type of device in
``book/results/chapters.csv``. The card and the set-up cell of the chapter quote that row;
``tests/test_chapter_times.py`` holds them against it.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import build_book  # noqa: F401 (sets how the threads of a kernel wait, as in a build)
import nbformat
import torch
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "book" / "results" / "chapters.csv"
COLUMNS = ("chapter", "device", "minutes", "gigabytes", "hardware", "versions", "commit", "date")


def measure(chapter: str) -> dict[str, str]:
    """Run a chapter, and return its row.

    Parameters
    ----------
    chapter : str
        Name of the notebook without its ending.

    Returns
    -------
    dict of str to str
        A value for each of `COLUMNS`.
    """
    file = ROOT / "book" / f"{chapter}.ipynb"
    notebook = nbformat.read(file, as_version=4)
    client = NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": file.parent}})
    git = ["git", "status", "--porcelain", "--untracked-files=no"]
    if changed := subprocess.check_output(git, cwd=ROOT, text=True).strip():
        sys.exit(f"commit first, so that the run can be made again; changed:\n{changed}")
    start = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the kernel
    peak *= 1 if sys.platform == "darwin" else 1024  # in bytes
    cuda = torch.cuda.is_available()
    cores = f"{os.cpu_count()} cores of {platform.machine()}"
    commit = ["git", "rev-parse", "--short", "HEAD"]
    return {
        "chapter": chapter,
        "device": "cuda" if cuda else "cpu",
        "minutes": f"{seconds / 60:.1f}",
        "gigabytes": f"{peak / 2**30:.1f}",
        "hardware": torch.cuda.get_device_name() if cuda else cores,
        "versions": f"Python {platform.python_version()}, PyTorch {torch.__version__}",
        "commit": subprocess.check_output(commit, cwd=ROOT, text=True).strip(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }


def write(row: dict[str, str]) -> None:
    """Put a row into the table, in the place of the one for the same chapter and device.

    Parameters
    ----------
    row : dict of str to str
        What `measure` returns.
    """
    rows = list(csv.DictReader(RESULTS.read_text().splitlines())) if RESULTS.exists() else []
    same = ("chapter", "device")
    rows = [old for old in rows if any(old[key] != row[key] for key in same)] + [row]
    RESULTS.parent.mkdir(exist_ok=True)
    part = RESULTS.with_suffix(".part")
    with part.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(sorted(rows, key=lambda old: (old["chapter"], old["device"])))
    part.replace(RESULTS)


def main() -> int:
    """Measure the chapter that is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", help="for example kanezaki2018")
    row = measure(parser.parse_args().chapter)
    write(row)
    print(", ".join(f"{key} {value}" for key, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
