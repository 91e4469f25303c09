"""What all widgets share: how their front end is put together, and what a picture must say."""

from __future__ import annotations

from pathlib import Path

from seglib.checks import check_numbers

FRONTEND = Path(__file__).parent / "frontend"


def frontend_module(*names: str) -> str:
    """Join the shared front end and a widget's own files into one module without imports."""
    files = ("shared.js", *(f"{name}.js" for name in names))
    return "\n".join((FRONTEND / file).read_text(encoding="utf-8") for file in files)


def frontend_style(*names: str) -> str:
    """Join the look of all widgets and that of one."""
    files = ("widgets.css", *(f"{name}.css" for name in names))
    return "\n".join((FRONTEND / file).read_text(encoding="utf-8") for file in files)


def check_description(description: str) -> None:
    """Check that a picture is described in words."""
    if not isinstance(description, str) or not description.strip():
        raise ValueError(
            f"description must say in words what the picture shows, got {description!r}"
        )


def check_look(description: str, opacity: float) -> None:
    """Check the description of a picture, and the opacity of labels on it."""
    check_numbers(0.0, opacity=opacity)
    if opacity > 1:
        raise ValueError(f"opacity must be in 0..1, got {opacity}")
    check_description(description)
