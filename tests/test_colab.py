"""On Colab the package installs in seconds, because all that it needs is there already."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COLAB = tomllib.loads((ROOT / "tests/colab_versions.toml").read_text())
CALLED_OTHERWISE = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn"}


def unmet(requirement: str, versions: dict[str, str]) -> str:
    """Why these versions do not satisfy the requirement; empty if they do."""
    wanted = Requirement(requirement)
    have = versions.get(canonicalize_name(wanted.name))
    if have is None:
        return f"{wanted.name} is not on Colab"
    if not wanted.specifier.contains(have, prereleases=True):
        return f"{wanted} is not satisfied by Colab's {have}"
    return ""


def caps(requirement: str) -> list[str]:
    """The parts of a requirement that a newer version could break."""
    return [str(part) for part in Requirement(requirement).specifier if part.operator != ">="]


def undeclared(source: str, declared: set[str]) -> set[str]:
    """Packages that a source file imports and the project does not declare."""
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(node.module.partition(".")[0])
    packages = {CALLED_OTHERWISE.get(name, name) for name in imported - sys.stdlib_module_names}
    return packages - declared - {"seglib"}


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_colab_satisfies_every_requirement(requirement):
    assert not unmet(requirement, COLAB["packages"])


def test_colab_has_a_python_that_we_support():
    assert COLAB["python"] in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.parametrize(
    "requirement", [*PROJECT["dependencies"], f"python{PROJECT['requires-python']}"]
)
def test_nothing_is_capped(requirement):
    assert caps(requirement) == []


def test_all_that_the_package_imports_is_declared():
    declared = {canonicalize_name(Requirement(r).name) for r in PROJECT["dependencies"]}
    paths = sorted((ROOT / "seglib").glob("*.py"))
    missing = {path.name: undeclared(path.read_text(), declared) for path in paths}
    assert not {name: packages for name, packages in missing.items() if packages}


def test_an_unmet_requirement_is_caught():
    versions = {"torch": "2.11.0"}
    assert unmet("torch>=2.4", versions) == ""
    assert "2.11.0" in unmet("torch>=2.12", versions)
    assert "not on Colab" in unmet("kornia>=0.7", versions)


@pytest.mark.parametrize("requirement", ["a<2", "a>=1,<=2", "a==1.0", "a~=1.0", "a!=1.5"])
def test_a_cap_is_caught(requirement):
    assert len(caps(requirement)) == 1


def test_an_undeclared_import_is_caught():
    source = "import os\nfrom PIL import Image\ndef f():\n    import kornia.losses\n"
    assert undeclared(source, {"pillow"}) == {"kornia"}
