"""The same range of Python versions stands everywhere, and every file is written for all of it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
VERSIONS = ["3.10", "3.11", "3.12", "3.13"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = ("seglib", "tests", "tools", "benchmarks", "_ext")
SOURCES = [p for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.py"))]
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


def requirements() -> list[Requirement]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    texts = [line.partition("#")[0].strip() for line in lines]
    return [Requirement(text) for text in texts if text and not text.startswith("-")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_can_be_read_by_the_oldest_python(path):
    ast.parse(path.read_text(), feature_version=(3, 10))


def test_newer_syntax_would_be_caught():
    with pytest.raises(SyntaxError):
        ast.parse("try:\n    pass\nexcept* OSError:\n    pass\n", feature_version=(3, 10))


def test_the_range_stands_alike_in_project_workflow_and_ruff():
    classifiers = [c.rpartition(" ")[2] for c in PROJECT["project"]["classifiers"]]
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    assert [c for c in classifiers if c[0].isdigit()] == VERSIONS
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == VERSIONS
    assert PROJECT["project"]["requires-python"] == f">={VERSIONS[0]}"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py310"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_package_is_pinned_once_for_each_python(version):
    environment = {"python_version": version, "python_full_version": f"{version}.0"}
    here = [r for r in requirements() if r.marker is None or r.marker.evaluate(environment)]
    names = [requirement.name.lower() for requirement in here]
    assert sorted(names) == sorted(set(names))
    for requirement in here:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), f"{requirement} is no pin"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_pins_satisfy_the_bounds_of_the_package(version):
    pins = {
        r.name.lower(): str(r.specifier).removeprefix("==")
        for r in requirements()
        if r.marker is None or r.marker.evaluate({"python_version": version})
    }
    for bound in map(Requirement, PROJECT["project"]["dependencies"]):
        assert bound.name in pins, f"{bound.name} is not pinned in requirements.txt"
        assert pins[bound.name] in SpecifierSet(str(bound.specifier))


def ask_make_with(python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return subprocess.run(
        ["make", "book", f"PYTHON={python}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_make
@pytest.mark.parametrize("version", ["3.9.18", "3.14.0", "2.7.18"])
def test_make_refuses_another_python_in_one_sentence(tmp_path, version):
    # A stand-in for an interpreter of that version: it runs the check with its own version_info.
    python = tmp_path / "python-stand-in"
    numbers = tuple(map(int, version.split(".")))
    python.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        f"sys.version_info = {numbers}\n"
        f"sys.version = '{version} (stand-in)'\n"
        "exec(sys.argv[sys.argv.index('-c') + 1])\n"
    )
    python.chmod(0o755)
    run = ask_make_with(str(python), tmp_path)
    assert run.returncode != 0
    assert f"This book needs Python 3.10 to 3.13, and {python} is {version}" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / ".venv").exists()


@needs_make
def test_make_says_that_there_is_no_such_python(tmp_path):
    run = ask_make_with("no-such-python", tmp_path)
    assert run.returncode != 0
    assert "no-such-python was not found" in run.stdout
