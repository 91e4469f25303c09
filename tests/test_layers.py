"""Imports run downwards, papers only compute, and no module or function outgrows a screen."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "seglib"

PAPERS = {"kanezaki2018", "kim2020"}
# A module imports from the layers above it in this table, and from none below or beside it.
# Plotting stands below the papers because they have no use for it.
LAYERS = (
    {"_decoding", "_files", "_registry", "checks", "losses", "results"},
    {
        "_clusters",
        "_fetching",
        "_layouts",
        "devices",
        "images",
        "labels",
        "scenes",
        "schedules",
        "states",
    },
    {"_records", "annotated", "clustering", "curves", "elbow", "overlaps", "superpixels"},
    {"_readers", "baselines", "boundaries", "kanezaki2018", "protocols", "regions", "scribbles"},
    {"_opening", "kim2020", "metrics"},
    {"datasets", "reference", "scene_study", "scores"},
    {"ensembles", "plotting"},
    {"_frontend", "_runs", "figures"},
    {"_grid_explorer", "_kmeans_explorer", "_live", "_segment_lab", "tables"},
    {"_scribble_pad"},
    {"cli", "widgets"},
    {"__main__"},
)
LAYER = {module: number for number, layer in enumerate(LAYERS) for module in layer}

# Paper modules take tensors and return tensors.
NOT_IN_PAPERS = {
    "IPython", "PIL", "anywidget", "argparse", "http", "ipywidgets", "matplotlib", "pooch",
    "requests", "tqdm", "urllib",
}  # fmt: skip
NOT_CALLED_IN_PAPERS = {"breakpoint", "input", "open", "print"}

MAX_MODULE_LINES = 300
MAX_BODY_LINES = 45


def imports_of(tree: ast.AST) -> list[tuple[str, str, int]]:
    """Module, name (or ``""``) and line of each import, wherever in the file it stands."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, "", node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, ["seglib" if node.level else "", node.module]))
            found += [(module, alias.name, node.lineno) for alias in node.names]
    return found


def seglib_module(module: str, name: str) -> str | None:
    """The module of seglib that an import reaches; ``""`` for the package, None for another."""
    top, _, rest = module.partition(".")
    if top != "seglib":
        return None
    return rest.partition(".")[0] or (name if name in LAYER else "")


def layer_faults(module: str, source: str) -> list[str]:
    faults = []
    for imported, name, line in imports_of(ast.parse(source)):
        target = seglib_module(imported, name)
        if target and target not in LAYER:
            faults.append(f"{module}:{line} imports {target}, which has no place in LAYERS")
        elif target and LAYER[target] >= LAYER[module]:
            faults.append(
                f"{module}:{line} imports {target}, which stands beside or after it in LAYERS"
            )
    return faults


def paper_faults(module: str, source: str) -> list[str]:
    tree = ast.parse(source)
    faults = [
        f"{module}:{line} imports {imported}: a paper module only computes"
        for imported, _, line in imports_of(tree)
        if imported.partition(".")[0] in NOT_IN_PAPERS
    ]
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in NOT_CALLED_IN_PAPERS:
            where = f"{module}:{node.lineno}"
            faults.append(f"{where} calls {called.id}(): a paper module only computes")
    return faults


def size_faults(module: str, source: str) -> list[str]:
    faults = []
    if (lines := source.count("\n")) > MAX_MODULE_LINES:
        faults.append(f"{module} has {lines} lines, more than {MAX_MODULE_LINES}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            if lines > MAX_BODY_LINES:
                faults.append(
                    f"{module}:{node.lineno} {node.name} has {lines} lines, "
                    f"more than {MAX_BODY_LINES}"
                )
    return faults


def star_faults(module: str, source: str) -> list[str]:
    return [
        f"{module}:{line} imports everything from {imported}"
        for imported, name, line in imports_of(ast.parse(source))
        if name == "*"
    ]


def modules() -> dict[str, str]:
    """Source of each module of the package, the package's own ``__init__`` left out."""
    return {path.stem: path.read_text() for path in sorted(PACKAGE.glob("*.py"))}


def faults_of(check, sources: dict[str, str]) -> str:
    return "\n".join(fault for module, source in sources.items() for fault in check(module, source))


def test_every_module_has_its_place_in_the_table():
    there = set(modules()) - {"__init__"}
    assert there == set(LAYER), "LAYERS and the files of seglib/ differ"


def test_imports_run_downwards():
    sources = {module: source for module, source in modules().items() if module in LAYER}
    assert not (faults := faults_of(layer_faults, sources)), faults


def test_papers_only_compute():
    sources = {module: source for module, source in modules().items() if module in PAPERS}
    assert not (faults := faults_of(paper_faults, sources)), faults


def test_no_module_and_no_function_is_too_long():
    assert not (faults := faults_of(size_faults, modules())), faults


def test_nothing_is_star_imported():
    folders = ("seglib", "experiments", "tests", "tools", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    sources = {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}
    assert not (faults := faults_of(star_faults, sources)), faults


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys; before = set(sys.modules); import seglib; print(*set(sys.modules) - before)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    third_party = {name for name in run.stdout.split() if not name.startswith("seglib")}
    third_party -= sys.stdlib_module_names
    assert run.stdout.split() == ["seglib"] or not third_party, third_party
    assert not [name for name in run.stdout.split() if name.startswith("seglib.")]


@pytest.mark.parametrize(
    ("check", "module", "source"),
    [
        (layer_faults, "labels", "from seglib import plotting"),
        (layer_faults, "labels", "from seglib.kanezaki2018 import steps"),
        (layer_faults, "labels", "import seglib.widgets as w"),
        (layer_faults, "kanezaki2018", "from .plotting import overlay"),
        (layer_faults, "metrics", "def late():\n    from . import widgets"),
        (layer_faults, "cli", "from seglib.nowhere import main"),
        (paper_faults, "kanezaki2018", "import matplotlib.pyplot as plt"),
        (paper_faults, "kanezaki2018", "def f():\n    from tqdm import tqdm"),
        (paper_faults, "kanezaki2018", "print(1)"),
        (size_faults, "labels", "x = 1\n" * (MAX_MODULE_LINES + 1)),
        (size_faults, "labels", "def f():\n" + "    x = 1\n" * (MAX_BODY_LINES + 1)),
        (star_faults, "labels", "from torch import *"),
    ],
)
def test_a_fault_is_caught(check, module, source):
    assert len(check(module, source)) == 1


@pytest.mark.parametrize(
    ("check", "module", "source"),
    [
        (layer_faults, "kanezaki2018", "from seglib import __version__, labels\nimport torch"),
        (paper_faults, "kanezaki2018", "import torch\nprinted = model.print"),
        (size_faults, "labels", 'def f():\n    """Say.' + "\n" * 60 + '    """\n    return 1\n'),
    ],
)
def test_what_is_allowed_passes(check, module, source):
    assert check(module, source) == []
