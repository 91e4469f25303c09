"""How chapters are stored and built up, whatever they are about. nbval runs their cells."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
PAPERS = {"kanezaki2018", "kim2020"}

MAX_CELL_LINES = 25
SECTIONS = ["Set-up", "Summary", "Exercises", "Solutions", "References"]
SECTIONS_OF_PAPERS = [
    "Set-up",
    "The idea on sixteen pixels",
    "The mathematics",
    "The algorithm",
    "Watch it learn",
    "Experiment",
    "When it fails",
    "The paper, the authors' code, ours",
    "Summary",
    "Exercises",
    "Solutions",
    "References",
]
SET_UP = """\
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("seglib") is None:  # on Colab; replaces nothing there
    address = "ADDRESS"
    package = f"seglib @ {address}/archive/refs/heads/main.zip"
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, package], check=True)

from seglib import devices

device = devices.start(minutes=MINUTES)"""
# What only Jupyter Book understands; GitHub, Colab and Jupyter would show it as it is.
MYST = {
    "a directive": re.compile(r"^\s*(`{3,}|:{3,}|~{3,})\{", re.MULTILINE),
    "a role": re.compile(r"\{[a-z][a-z:_-]*\}`"),
    "a label": re.compile(r"^\([\w-]+\)=\s*$", re.MULTILINE),
    "a block break": re.compile(r"^\+\+\+", re.MULTILINE),
    "a substitution": re.compile(r"\{\{.*?\}\}"),
    "a comment": re.compile(r"^%", re.MULTILINE),
}


def cells_of(notebook: dict, kind: str) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source_of(cell: dict) -> str:
    return "".join(cell["source"])


def storage_faults(notebook: dict) -> list[str]:
    """What does not belong into a notebook as it is stored."""
    faults = []
    ids = [cell.get("id") for cell in notebook["cells"]]
    if None in ids or len(set(ids)) < len(ids):
        faults.append("each cell needs an id of its own")
    if "widgets" in notebook["metadata"]:
        faults.append("widget state is stored in it")
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        faults.append("its kernel must be python3")
    for number, cell in enumerate(cells_of(notebook, "code")):
        if cell["outputs"] or cell["execution_count"] is not None:
            faults.append(f"code cell {number} is stored with its outputs")
        if (lines := source_of(cell).count("\n") + 1) > MAX_CELL_LINES:
            faults.append(f"code cell {number} has {lines} lines, more than {MAX_CELL_LINES}")
    return faults


def markdown_faults(notebook: dict) -> list[str]:
    """What GitHub or Colab would not draw."""
    texts = [without_code(source_of(cell)) for cell in cells_of(notebook, "markdown")]
    return [
        f"Markdown cell {number} holds {name}: {match[0].strip()}"
        for number, text in enumerate(texts)
        for name, pattern in MYST.items()
        if (match := pattern.search(text))
    ]


def without_code(text: str) -> str:
    """Markdown without the insides of plain code fences and of formulas."""
    text = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "", text, flags=re.DOTALL)


def section_faults(notebook: dict, expected: list[str]) -> list[str]:
    """Sections of the template that are missing, or in another order."""
    text = "\n".join(source_of(cell) for cell in cells_of(notebook, "markdown"))
    titles = re.findall(r"^## +(.+?) *$", text.replace("’", "'"), re.MULTILINE)
    faults = [] if len(re.findall(r"^# ", text, re.MULTILINE)) == 1 else ["needs one title"]
    place = {s: n for s in expected for n, t in enumerate(titles) if t.startswith(s)}
    faults += [f"has no section {section!r}" for section in expected if section not in place]
    found = [section for section in expected if section in place]
    if sorted(found, key=place.get) != found:
        faults.append(f"the sections must come in the order {found}")
    return faults


def set_up_faults(notebook: dict) -> list[str]:
    """How the first cell of code differs from the set-up cell that all chapters share."""
    source = source_of(cells_of(notebook, "code")[0]).rstrip()
    source = re.sub(r'address = "[^"]*"', 'address = "ADDRESS"', source)
    source = re.sub(r"minutes=\{[^}\n]*\}", "minutes=MINUTES", source)
    ours, theirs = lines_of(SET_UP), lines_of(source)
    pairs = itertools.zip_longest(ours, theirs, fillvalue="nothing")
    return [
        f"the set-up cell must be the same in all chapters: expected {a!r}, got {b!r}"
        for a, b in pairs
        if a != b
    ][:1]


def lines_of(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip()]


def test_there_is_a_chapter():
    assert NOTEBOOKS


def test_every_chapter_is_in_the_table_of_contents():
    named = re.findall(r"book/\w+", yaml.safe_dump(yaml.safe_load((ROOT / "_toc.yml").read_text())))
    assert {f"book/{path.stem}" for path in NOTEBOOKS} <= set(named)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_is_stored_clean_and_built_by_the_template(path):
    notebook = json.loads(path.read_text())
    nbformat.validate(nbformat.from_dict(notebook))
    sections = SECTIONS_OF_PAPERS if path.stem in PAPERS else SECTIONS
    faults = [
        *storage_faults(notebook),
        *markdown_faults(notebook),
        *section_faults(notebook, sections),
        *set_up_faults(notebook),
    ]
    assert not faults, "\n".join(faults)


# The checks catch what they are for -------------------------------------------------------------


@pytest.fixture
def chapter() -> dict:
    """A chapter as it should be."""
    set_up = SET_UP.replace("ADDRESS", "https://github.com/me/book")
    cells = [
        nbformat.v4.new_markdown_cell("# A chapter\n\nWith $x_{i}$ and `code`."),
        *[nbformat.v4.new_markdown_cell(f"## {section}") for section in SECTIONS],
        nbformat.v4.new_code_cell(set_up.replace("MINUTES", '{"cpu": 2}')),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    return json.loads(nbformat.writes(notebook))


def test_a_clean_chapter_passes(chapter):
    assert storage_faults(chapter) == []
    assert markdown_faults(chapter) == []
    assert section_faults(chapter, SECTIONS) == []
    assert set_up_faults(chapter) == []


def test_outputs_and_states_and_long_cells_are_caught(chapter):
    code = chapter["cells"][-1]
    code["execution_count"] = 1
    code["source"] = ["x = 1\n"] * MAX_CELL_LINES + ["x"]
    chapter["cells"][1]["id"] = chapter["cells"][0]["id"]
    chapter["metadata"] = {"widgets": {}}
    assert len(storage_faults(chapter)) == 5


@pytest.mark.parametrize(
    "text",
    ["```{note}\nx\n```", ":::{figure} a.png\n:::", "see {cite}`kanezaki`", "(label)=\n# T",
     "+++", "{{ version }}", "% hidden"],
)  # fmt: skip
def test_what_only_jupyter_book_understands_is_caught(chapter, text):
    chapter["cells"][1]["source"] = [text]
    assert len(markdown_faults(chapter)) == 1


def test_a_missing_section_and_a_wrong_order_are_caught(chapter):
    chapter["cells"][1], chapter["cells"][2] = chapter["cells"][2], chapter["cells"][1]
    del chapter["cells"][3]
    assert len(section_faults(chapter, SECTIONS)) == 2


@pytest.mark.parametrize(("old", "new"), [("sys\n", "os\n"), ("--quiet", "-q"), ("start", "go")])
def test_another_set_up_cell_is_caught(chapter, old, new):
    code = chapter["cells"][-1]
    code["source"] = [line.replace(old, new) for line in code["source"]]
    assert len(set_up_faults(chapter)) == 1
