"""The address of the repository is kept in one place, and all that name it follow."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import set_repository as tool
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ADDRESS = PROJECT["urls"]["Repository"]
OWNER, NAME = tool.parse_address(ADDRESS)
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
FORK = "https://github.com/Ada-L/my.fork"


def set_up_address(notebook: Path) -> str | None:
    cells = json.loads(notebook.read_text())["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    match = re.search(r'address = "([^"]+)"', source)
    return match and match[1]


def text_files() -> list[Path]:
    """Every text file of the project that could name the repository."""
    kinds = {".cff", ".ipynb", ".md", ".py", ".toml", ".yml"}
    there = [p for pattern in ("*", "*/*", "*/*/*") for p in ROOT.glob(pattern)]
    unread = {".venv", "_build", "build", ".git"}
    return [p for p in there if p.suffix in kinds and not unread.intersection(p.parts)]


# What follows agrees ----------------------------------------------------------------------------


def test_the_buttons_of_the_book_follow():
    assert yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"] == ADDRESS


def test_the_citation_follows():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["repository-code"] == ADDRESS
    assert citation["version"] == PROJECT["version"]


def test_the_readme_follows():
    text = (ROOT / "README.md").read_text()
    colab = f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/main/book/"
    assert ADDRESS in text
    assert re.findall(r"https://colab\.research\.google\.com/github/\S+/book/", text)
    assert set(re.findall(r"https://colab\.research\.google\.com/github/\S+/book/", text)) == {
        colab
    }


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_set_up_cell_follows(notebook):
    assert set_up_address(notebook) == ADDRESS


def test_no_other_file_names_the_repository():
    known = {path for pattern in tool.FOLLOWERS for path in ROOT.glob(pattern)}
    others = [path for path in text_files() if path not in known]
    naming = [path for path in others if f"{OWNER}/{NAME}" in path.read_text()]
    assert not naming, "add them to FOLLOWERS in tools/set_repository.py"


# The tool ---------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path) -> Path:
    """A copy of every file that names the repository."""
    for pattern in tool.FOLLOWERS:
        for path in ROOT.glob(pattern):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path


def test_one_call_rewrites_every_file_and_another_call_undoes_it(copy):
    files = [path for path in sorted(copy.rglob("*")) if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    naming = {path for path in files if f"{OWNER}/{NAME}" in path.read_text()}

    changed = tool.set_repository(FORK, copy)
    assert naming <= set(changed)
    assert tool.current_address(copy) == FORK
    assert not [path for path in files if f"{OWNER}/{NAME}" in path.read_text()]
    for notebook in (copy / "book").glob("*.ipynb"):
        assert set_up_address(notebook) == FORK

    tool.set_repository(ADDRESS, copy)
    assert {path: path.read_bytes() for path in files} == before


@pytest.mark.parametrize(
    "address",
    ["", "me/fork", "http://github.com/me/fork", "https://gitlab.com/me/fork",
     "https://github.com/me", "https://github.com/me/fork/tree/main", "https://github.com/m e/f"],
)  # fmt: skip
def test_another_address_is_refused_in_one_sentence_and_nothing_changes(copy, address):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=r"^URL must be like https://github\.com/owner/name, got "):
        tool.set_repository(address, copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("end", ["", "/", ".git"])
def test_the_usual_forms_of_an_address_are_taken(end):
    assert tool.parse_address(f"https://github.com/me/fork{end}") == ("me", "fork")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://github.com/me/book", "https://github.com/Ada/other"),
        ("see https://github.com/me/book.", "see https://github.com/Ada/other."),
        ("git clone https://github.com/me/book.git", "git clone https://github.com/Ada/other.git"),
        ("/github/me/book/blob/main/a.ipynb", "/github/Ada/other/blob/main/a.ipynb"),
        ("https://me.github.io/book/a.html", "https://ada.github.io/other/a.html"),
        ("https://github.com/me/bookshelf", "https://github.com/me/bookshelf"),
        ("https://github.com/me/book.old", "https://github.com/me/book.old"),
        ("https://github.com/someone/book", "https://github.com/someone/book"),
        ("tell me/book a table", "tell me/book a table"),
    ],
)
def test_addresses_are_rewritten_and_nothing_else(text, expected):
    assert tool.replace_address(text, ("me", "book"), ("Ada", "other")) == expected


def test_a_file_that_cannot_be_written_leaves_all_as_it_was(copy, monkeypatch):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    write = Path.write_bytes
    written = []

    def write_twice_then_fail(path, data):
        written.append(path)
        if len(written) == 3:
            raise OSError("disk full")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_twice_then_fail)
    with pytest.raises(OSError, match="disk full"):
        tool.set_repository(FORK, copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_the_command_says_what_it_refuses(capsys):
    assert tool.main([""]) == 1
    assert capsys.readouterr().err == (
        "Nothing was changed: URL must be like https://github.com/owner/name, got nothing\n"
    )
