"""Each notebook runs once: pytest executes it, and the build of the book reuses that run."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import build_book
import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
WIDGET = """
import anywidget, traitlets
class Dial(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.textContent = 'dial'; } }"
    photo = traitlets.Bytes(b"four").tag(sync=True)
dial = Dial()
dial
"""
COUNT = 'with open("../runs.txt", "a") as runs:\n    runs.write("run\\n")'
KERNEL = 'import sys\nopen("../kernel.txt", "w").write(sys.prefix)'
IN_PLACE = """
from IPython.display import clear_output, display
print("before")
shown = display("0 %", display_id="progress")
print("after")
shown.update("100 %")
"""


def write_notebook(path: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_markdown_cell("# A chapter")]
    cells += [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)


@pytest.fixture
def project(tmp_path) -> Path:
    """The smallest book with this book's conftest.py and build."""
    for name in ("conftest.py", "pyproject.toml", "requirements.txt", "tools/build_book.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in ("seglib", "book", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "seglib/__init__.py").write_text('"""A package."""\nANSWER = 42\n')
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/chapter\n")
    (tmp_path / "_config.yml").write_text(
        "title: A book\nonly_build_toc_files: true\n"
        "exclude_patterns: [.pytest_cache]\nexecute:\n  execute_notebooks: cache\n"
        "sphinx:\n  config:\n    nb_ipywidgets_js: {}\n"
    )
    write_notebook(
        tmp_path / "book/chapter.ipynb", COUNT, KERNEL, IN_PLACE, WIDGET,
        "import seglib\nprint('the answer is', seglib.ANSWER)",
    )  # fmt: skip
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTEST_ADDOPTS": "", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def runs_of(project: Path) -> int:
    return (project / "runs.txt").read_text().count("run")


def test_the_build_reuses_the_run_of_pytest_until_the_package_changes(project):
    tested = run(project, "-m", "pytest", "book")
    assert tested.returncode == 0, tested.stdout
    assert runs_of(project) == 1
    assert (project / "kernel.txt").read_text() == sys.prefix

    built = run(project, "tools/build_book.py")
    assert built.returncode == 0, built.stdout
    assert runs_of(project) == 1, "the build executed the notebook again"
    page = (project / "_build/html/book/chapter.html").read_text()
    outputs = BeautifulSoup(page, "html.parser").select(".cell_output")
    texts = [output.get_text(" ", strip=True) for output in outputs]
    assert "the answer is 42" in texts
    # In the order of the cell, and with the value that the display was updated to.
    assert "before '100 %' after" in texts
    state = page.split('<script type="application/vnd.jupyter.widget-state+json">')[1]
    models = json.loads(state.split("</script>")[0])["state"].values()
    (dial,) = (model for model in models if model["model_module"] == "anywidget")
    assert "dial" in dial["state"]["_esm"]
    assert dial["buffers"][0]["path"] == ["photo"]

    (project / "kernel.txt").unlink()
    (project / "seglib/__init__.py").write_text('"""A package."""\nANSWER = 43\n')
    rebuilt = run(project, "tools/build_book.py")
    assert rebuilt.returncode == 0, rebuilt.stdout
    assert runs_of(project) == 2, "the build showed outputs of the package before its change"
    assert (project / "kernel.txt").read_text() == sys.prefix
    assert "the answer is 43" in (project / "_build/html/book/chapter.html").read_text()


def test_a_failing_cell_is_named_and_the_cells_after_it_are_not_run(project):
    write_notebook(project / "book/chapter.ipynb", "x = 1", "assert x == 2, 'x is off'", COUNT)
    tested = run(project, "-m", "pytest", "book")
    assert tested.returncode == 1
    assert "x is off" in tested.stdout
    assert "Cell 1 of this notebook failed" in tested.stdout
    assert "1 failed, 1 passed, 1 skipped" in tested.stdout
    assert not (project / "runs.txt").exists()
    assert not (project / "_build").exists()


def test_a_failing_build_says_so(project):
    write_notebook(project / "book/chapter.ipynb", "assert False, 'broken on purpose'")
    built = run(project, "tools/build_book.py")
    assert built.returncode == 1
    assert "The book was not built" in built.stdout


def test_notebooks_refuse_to_run_on_another_copy_of_the_package(project):
    shutil.rmtree(project / "seglib")
    tested = run(project, "-m", "pytest", "book")
    assert tested.returncode == pytest.ExitCode.USAGE_ERROR
    assert "notebooks must import the seglib of" in tested.stdout


@pytest.fixture
def sources(project, monkeypatch) -> Path:
    """The project, as the one that `build_book` works on."""
    monkeypatch.setattr(build_book, "ROOT", project)
    monkeypatch.setattr(build_book, "BUILD", project / "_build")
    monkeypatch.setattr(build_book, "CACHE", project / "_build/.jupyter_cache")
    monkeypatch.setattr(build_book, "RAN_ON", project / "_build/ran-on.txt")
    return project


@pytest.mark.parametrize(
    "name",
    ["seglib/__init__.py", "seglib/frontend/a.js", "seglib/frontend/a.css", "requirements.txt",
     "book/results/table.csv"],
)  # fmt: skip
def test_what_notebooks_run_on_makes_their_runs_stale(sources, name):
    assert not build_book.drop_stale_runs()
    build_book.CACHE.mkdir()
    assert not build_book.drop_stale_runs()
    assert build_book.CACHE.exists()

    changed = sources / name
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text("changed")
    assert build_book.drop_stale_runs()
    assert not build_book.CACHE.exists()


@pytest.mark.parametrize("name", ["book/intro.md", "book/other.ipynb", "README.md"])
def test_pages_do_not_make_runs_stale(sources, name):
    build_book.drop_stale_runs()
    build_book.CACHE.mkdir()
    (sources / name).write_text("changed")
    assert not build_book.drop_stale_runs()
    assert build_book.CACHE.exists()


def test_a_package_that_is_found_twice_does_not_make_runs_stale(sources, monkeypatch):
    before = build_book.fingerprint()
    found = list(importlib.metadata.distributions())
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: found + found[:1])
    assert build_book.fingerprint() == before


def test_another_environment_makes_runs_stale(sources, monkeypatch):
    before = build_book.fingerprint()
    monkeypatch.setattr(importlib.metadata, "distributions", list)
    assert build_book.fingerprint() != before
