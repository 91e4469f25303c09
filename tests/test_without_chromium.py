"""Where there is no Chromium the browser tests are skipped with one line; in CI they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ADVICE = "Chromium was not found, so no page was opened: install it"


@pytest.fixture
def project(tmp_path) -> Path:
    """Two tests that need a browser, and the fixture that looks for one."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/build_book.py", tmp_path / "tools")
    conftest = (ROOT / "tests/browser/conftest.py").read_text()
    (tmp_path / "conftest.py").write_text(conftest.replace("/Applications/", "/nowhere/"))
    (tmp_path / "test_it.py").write_text(
        "def test_one(chromium):\n    pass\n\n\ndef test_two(chromium):\n    pass\n"
    )
    return tmp_path


def run(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"CI", "CHROMIUM"}}
    environment |= {"PATH": "/nowhere", "PYTHONPATH": "tools", "PYTEST_ADDOPTS": "", **variables}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-p", "no:nbval"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_chromium_the_tests_are_skipped_with_one_line(project):
    tested = run(project)
    assert tested.returncode == 0, tested.stdout
    assert "2 skipped" in tested.stdout
    assert tested.stdout.count(ADVICE) == 1


def test_without_chromium_the_tests_fail_in_ci(project):
    tested = run(project, CI="true")
    assert tested.returncode == 1
    assert "2 errors" in tested.stdout
    assert ADVICE in tested.stdout


def test_a_variable_that_names_no_browser_is_refused(project):
    tested = run(project, CHROMIUM="/nowhere/chrome")
    assert tested.returncode == 1
    assert "CHROMIUM must name a browser, and /nowhere/chrome is no file" in tested.stdout
