"""Every public function, method and class of seglib says all that its caller has to know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "seglib"
PUBLIC = [path for path in sorted(PACKAGE.glob("*.py")) if not re.match("_[a-z]", path.stem)]
PAPERS = {"kanezaki2018", "kim2020"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: : (?P<kind>.+))?$")


# Reading a docstring ----------------------------------------------------------------------------


def sections_of(docstring: str) -> dict[str, list[str]]:
    """Lines of each numpydoc section; what stands before the first is the section ``""``."""
    lines = docstring.expandtabs().splitlines()
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if line and re.fullmatch(r"-{3,}", below) and len(below) == len(line):
            name = line
            sections[name] = []
        elif not (re.fullmatch(r"-{3,}", line) and lines[number - 1] == name):
            sections[name].append(line)
    return sections


def entries_of(lines: list[str]) -> list[tuple[str, str, bool]]:
    """Name, type and whether a description follows, of each entry of a section."""
    entries = []
    for number, line in enumerate(lines):
        if line and not line.startswith(" "):
            below = lines[number + 1] if number + 1 < len(lines) else ""
            match = ENTRY.match(line)
            names, kind = (match["names"], match["kind"]) if match else (line, None)
            entries += [(n.strip(), kind or "", below.startswith(" ")) for n in names.split(",")]
    return entries


# Reading a function -----------------------------------------------------------------------------


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions and classes defined inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield child
            yield from own_nodes(child)


def parameters_of(function: ast.FunctionDef, is_method: bool) -> list[str]:
    arguments = function.args
    names = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    if is_method and not has_decorator(function, "staticmethod"):
        names = names[1:]
    names += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    names += [argument.arg for argument in arguments.kwonlyargs]
    names += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    return names


def has_decorator(node: ast.AST, *names: str) -> bool:
    decorators = [ast.unparse(d).partition("(")[0].split(".") for d in node.decorator_list]
    return any(set(names).intersection(parts) for parts in decorators)


def raised_by(function: ast.FunctionDef) -> set[str]:
    raised = {node.exc for node in own_nodes(function) if isinstance(node, ast.Raise)}
    names = {ast.unparse(exc).partition("(")[0] for exc in raised if exc is not None}
    return {name for name in names if name[0].isupper()}  # not `raise error` of one caught


# The faults -------------------------------------------------------------------------------------


def docstring_faults(module: str, source: str) -> list[str]:
    """What is missing in the docstrings of the public names of one module."""
    tree = ast.parse(source)
    faults = [] if ast.get_docstring(tree) else [f"{module} has no docstring"]
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            check = class_faults if isinstance(node, ast.ClassDef) else function_faults
            found = check(node)
            if module in PAPERS and not has_decorator(node, "dataclass"):
                found += reference_faults(node)
            faults += [f"{module}.{fault}" for fault in found]
    return faults


def reference_faults(node: ast.AST) -> list[str]:
    if "References" in sections_of(ast.get_docstring(node) or ""):
        return []
    return [f"{node.name} has no References: which place of the paper is it?"]


def function_faults(function: ast.FunctionDef, owner: str = "") -> list[str]:
    name = f"{owner}.{function.name}" if owner else function.name
    docstring = ast.get_docstring(function)
    if docstring is None:
        return [f"{name} has no docstring"]
    if has_decorator(function, "property", "cached_property"):
        return []
    sections = sections_of(docstring)
    faults = parameter_faults(parameters_of(function, bool(owner)), sections, "Parameters")
    nodes = list(own_nodes(function))
    yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes)
    returns = any(isinstance(n, ast.Return) and n.value and not is_none(n.value) for n in nodes)
    if yields and "Yields" not in sections:
        faults.append("has no Yields")
    if returns and not yields and not {"Returns", "Yields"}.intersection(sections):
        faults.append("has no Returns")
    told = {name for name, _, _ in entries_of(sections.get("Raises", []))}
    faults += [f"does not say when it raises {error}" for error in raised_by(function) - told]
    return [f"{name} {fault}" for fault in faults]


def is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def parameter_faults(expected: list[str], sections: dict, *titles: str) -> list[str]:
    entries = [entry for title in titles for entry in entries_of(sections.get(title, []))]
    names = [name for name, _, _ in entries]
    faults = []
    if names != expected:
        faults.append(f"takes {expected} and documents {names}")
    for name, kind, described in entries:
        if not kind and not name.startswith("*"):
            faults.append(f"does not give the type of {name}")
        if not described:
            faults.append(f"does not describe {name}")
    return faults


def class_faults(node: ast.ClassDef) -> list[str]:
    docstring = ast.get_docstring(node)
    if docstring is None:
        return [f"{node.name} has no docstring"]
    sections = sections_of(docstring)
    methods = [item for item in node.body if isinstance(item, FUNCTIONS)]
    expected = constructor_parameters(node, methods)
    fields_of_record = is_record(node)
    titles = ("Parameters", "Attributes") if fields_of_record else ("Parameters",)
    faults = [f"{node.name} {fault}" for fault in parameter_faults(expected, sections, *titles)]
    for method in methods:
        setter = has_decorator(method, "setter", "deleter")
        if not method.name.startswith("_") and not setter:
            faults += function_faults(method, node.name)
    return faults


def is_record(node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return has_decorator(node, "dataclass") or "NamedTuple" in bases


def constructor_parameters(node: ast.ClassDef, methods: list) -> list[str]:
    if is_record(node):
        fields = [item.target.id for item in node.body if isinstance(item, ast.AnnAssign)]
        return [field for field in fields if not field.startswith("_")]
    constructors = [method for method in methods if method.name == "__init__"]
    return parameters_of(constructors[0], True) if constructors else []


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_every_public_name_is_documented(path):
    assert not (faults := docstring_faults(path.stem, path.read_text())), "\n".join(faults)


GOOD = '''
"""Metrics."""

def vote(labels, *, ties="smallest", **options):
    """Give every pixel a label.

    Parameters
    ----------
    labels : Tensor
        One label for each pixel.
    ties : str
        Which one wins.
    **options
        Handed on.

    Returns
    -------
    Tensor
        New labels.

    Raises
    ------
    ValueError
        If the labels are empty.
    """
    if labels is None:
        raise ValueError("labels must not be empty")
    return labels
'''

BAD = {
    "no docstring": GOOD.replace('"""Give every', 'x = """Give every'),
    "documents ['labels', '**options']": GOOD.replace(
        "    ties : str\n        Which one wins.\n", ""
    ),
    "documents ['maps', 'ties'": GOOD.replace("    labels : Tensor", "    maps : Tensor"),
    "type of ties": GOOD.replace("ties : str", "ties"),
    "does not describe ties": GOOD.replace("        Which one wins.\n", ""),
    "has no Returns": GOOD.replace(
        "    Returns\n    -------\n    Tensor\n        New labels.\n", ""
    ),
    "has no Yields": GOOD.replace("return labels", "yield labels"),
    "when it raises TypeError": GOOD.replace("raise ValueError", "raise TypeError"),
    "metrics has no docstring": GOOD.replace('"""Metrics."""', ""),
}


def test_a_full_docstring_passes():
    assert docstring_faults("metrics", GOOD) == []


@pytest.mark.parametrize("fault", BAD)
def test_a_gap_in_a_docstring_is_caught(fault):
    (found,) = docstring_faults("metrics", BAD[fault])
    assert fault in found


def test_a_paper_without_its_place_is_caught():
    (found,) = docstring_faults("kanezaki2018", GOOD)
    assert "has no References" in found


def test_methods_and_fields_are_read_too():
    source = '''
"""Networks."""

class Net:
    """A network.

    Parameters
    ----------
    width : int
        Filters.
    """

    def __init__(self, width):
        self.width = width

    def forward(self, image):
        """Run."""
        return image

@dataclass(frozen=True)
class Step:
    """A step.

    Attributes
    ----------
    loss : float
        The loss.
    """

    step: int
    loss: float
'''
    assert docstring_faults("metrics", source) == [
        "metrics.Net.forward takes ['image'] and documents []",
        "metrics.Net.forward has no Returns",
        "metrics.Step takes ['step', 'loss'] and documents ['loss']",
    ]


def test_every_public_module_is_on_the_page_of_the_library():
    page = (PACKAGE.parent / "book" / "api.md").read_text()
    for path in PUBLIC:
        if not path.stem.startswith("__"):
            assert f".. automodule:: seglib.{path.stem}\n" in page, f"{path.stem} is missing"
