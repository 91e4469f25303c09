"""The minutes and the memory that a chapter promises are those of its measured run."""

from __future__ import annotations

import ast
import csv
import math
import re
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).parents[1] / "book"
ROWS = list(csv.DictReader((BOOK / "results" / "chapters.csv").read_text().splitlines()))
CHAPTERS = [path for path in sorted(BOOK.glob("*.ipynb")) if "Set-up" in path.read_text()]


def rounded_up(text: str, step: float) -> float:
    return math.ceil(float(text) / step) * step


def test_a_run_says_where_it_comes_from():
    for row in ROWS:
        assert all(row.values()), f"an empty field in {row}"
        assert re.fullmatch(r"[0-9a-f]{7,40}", row["commit"]), "a run of uncommitted code"
        assert row["device"] in {"cpu", "cuda", "mps"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_chapter_quotes_its_measured_run(path):
    runs = {row["device"]: row for row in ROWS if row["chapter"] == path.stem}
    assert "cpu" in runs, f"no run: python tools/measure_chapter.py {path.stem}"
    cells = nbformat.read(path, as_version=4).cells
    set_up = next(cell.source for cell in cells if "devices.start(" in cell.source)
    minutes = ast.literal_eval(re.search(r"minutes=(\{.*?\})", set_up)[1])
    assert minutes == {device: rounded_up(run["minutes"], 0.5) for device, run in runs.items()}
    card = cells[0].source
    cores = re.match(r"\d+ cores", runs["cpu"]["hardware"])[0]
    assert f"about {minutes['cpu']:g} minutes on {cores} without a GPU" in card
    assert f"{rounded_up(runs['cpu']['gigabytes'], 0.5):g} GB" in card
