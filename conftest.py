"""How pytest runs the book.

Each notebook runs once. nbval (https://nbval.readthedocs.io) executes the cells as tests;
what they put out is stored here in the cache of Jupyter Book, so that the build of the book,
which comes after, finds every notebook executed already.
"""

from __future__ import annotations

import copy
import subprocess
import sys

import build_book
import nbformat
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbval.plugin import IPyNbCell

RECORDING = pytest.StashKey["Recording"]()
FAILED_CELLS = pytest.StashKey[list[str]]()
WHERE_IS_SEGLIB = (
    "import pathlib, seglib; print(pathlib.Path(seglib.__file__).resolve().parents[1])"
)


class Recording:
    """The run of one notebook, with outputs and widgets as Jupyter Book would have stored them.

    nbval reads the messages of the kernel. Each is shown to an nbclient, the program with which
    Jupyter Book executes notebooks; it never runs anything here, it only takes the messages.
    """

    def __init__(self, notebook):
        self.notebook = notebook
        self.executed = copy.deepcopy(notebook.nb)
        self.client = NotebookClient(self.executed, record_timing=False)
        self.cells = [
            (index, cell)
            for index, cell in enumerate(self.executed.cells)
            if cell.cell_type == "code"
        ]
        self.current = 0
        self.passed = 0
        self.seconds = 0.0
        self.failed_cell = ""
        self.ran_on = build_book.fingerprint()
        self.read_message = notebook.get_kernel_message
        notebook.get_kernel_message = self.get_kernel_message

    def start(self, number):
        """Expect the messages of one of the code cells."""
        self.current = number
        self.cells[number][1].outputs = []
        self.client.clear_before_next_output = False

    def get_kernel_message(self, timeout=None, stream="iopub"):
        """Hand nbval its next message, after nbclient has seen it."""
        message = self.read_message(timeout, stream)
        if message["parent_header"].get("msg_type") == "execute_request":
            self.client.kc = self.notebook.kernel.kc
            index, cell = self.cells[self.current]
            try:
                self.client.process_message(message, cell, index)
            except CellExecutionComplete:
                cell.execution_count = self.current + 1
        return message

    def store(self):
        """Put the executed notebook into the cache of Jupyter Book."""
        if build_book.fingerprint() != self.ran_on:  # edited while the notebook ran
            return
        build_book.drop_stale_runs()
        self.client.set_widgets_metadata()
        kernel = self.notebook.kernel.kc.kernel_info(reply=True, timeout=60)["content"]
        self.executed.metadata.language_info = kernel["language_info"]
        nbformat.validate(self.executed)
        executed = CacheBundleIn(
            nb=self.executed,
            uri=str(self.notebook.path),
            data={"execution_seconds": self.seconds},
        )
        get_cache(str(build_book.CACHE)).cache_notebook_bundle(
            executed, overwrite=True, check_validity=False
        )


def pytest_configure(config):
    config.stash[FAILED_CELLS] = []


def stage(item) -> int:
    """Order of the tests: code first, then the notebooks, then what needs the book or a browser.

    Playwright keeps an event loop running in this thread: no test after it can start its own.
    """
    if isinstance(item, IPyNbCell):
        return 1
    in_a_browser = "browser" in item.path.parts
    return 2 if in_a_browser or "built_book" in getattr(item, "fixturenames", ()) else 0


def pytest_collection_modifyitems(items):
    items.sort(key=stage)
    if any(stage(item) > 0 for item in items):
        check_that_kernels_import_this_seglib()


def check_that_kernels_import_this_seglib():
    """Refuse to run notebooks on another copy of the package than the one beside them."""
    found = subprocess.run(
        [sys.executable, "-c", WHERE_IS_SEGLIB],
        cwd=build_book.ROOT / "book",
        capture_output=True,
        text=True,
        check=False,
    )
    seen = found.stdout.strip() or "none"
    if seen != str(build_book.ROOT):
        raise pytest.UsageError(
            f"notebooks must import the seglib of {build_book.ROOT}, and they would import {seen}: "
            "run `python -m pip install --no-deps -e .` in this environment"
        )


def pytest_runtest_setup(item):
    if not isinstance(item, IPyNbCell):
        return
    notebook = item.parent
    if RECORDING not in notebook.stash:
        notebook.stash[RECORDING] = Recording(notebook)
    recording = notebook.stash[RECORDING]
    if recording.failed_cell:
        pytest.skip(f"{recording.failed_cell} of this notebook failed")
    recording.start(item.cell_num)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if isinstance(item, IPyNbCell) and report.when == "call":
        recording = item.parent.stash[RECORDING]
        recording.seconds += report.duration
        recording.passed += report.passed
        if report.failed:
            recording.failed_cell = item.name
            cell = f"{item.path.relative_to(build_book.ROOT)}, {item.name}"
            item.config.stash[FAILED_CELLS].append(cell)
    return report


def pytest_runtest_teardown(item):
    if isinstance(item, IPyNbCell):
        recording = item.parent.stash[RECORDING]
        if recording.passed == len(recording.cells):  # none failed, skipped or deselected
            recording.store()


@pytest.fixture(scope="session")
def failed_cells(pytestconfig) -> list[str]:
    """Cells of notebooks that failed in this session, as "book/chapter.ipynb, Cell 3"."""
    return pytestconfig.stash[FAILED_CELLS]
