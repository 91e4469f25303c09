"""Figures of the book: grids of pictures, and charts.

A figure made here is a piece of HTML with its own text: it follows the light or dark page,
folds on a phone, and carries the words for those who do not see it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from PIL import Image
from torch import Tensor

from seglib.checks import check_integers, check_label_maps
from seglib.plotting import encode_photo, label_colors, save_picture, to_uint8

# For lines: at least 3:1 against the white and the dark page alike.
LINE_COLORS = ("#128a81", "#cf5f1e", "#4a7fd0", "#b0559a", "#7d8720")
_TEXT = "#010203"  # stands for "the colour of the page's text" until the chart is written


@dataclass(frozen=True)
class HtmlFigure:
    """A figure that notebooks and pages show as HTML.

    Attributes
    ----------
    html : str
        The figure.
    alt : str
        What it shows, in words; also what a terminal prints.
    """

    html: str
    alt: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"[figure: {self.alt}]"


def show_images(
    images: Sequence[Tensor | np.ndarray],
    titles: Sequence[str],
    *,
    alt: str,
    columns: int | None = None,
) -> HtmlFigure:
    """Show pictures side by side, each above its title; on a narrow page they wrap.

    Parameters
    ----------
    images : sequence of Tensor or ndarray
        RGB images (float32, (3, H, W), 0..1), label maps (int64, (H, W)), grey maps (float or bool,
        (H, W), 0..1) or finished pictures (uint8, (H, W, 3)).
    titles : sequence of str
        One short title for each.
    alt : str
        What the whole figure shows, for readers who do not see it.
    columns : int, optional
        Pictures in a row of a wide page; by default all of them, at most four.

    Returns
    -------
    HtmlFigure
        The figure; it shows itself as the last line of a cell.

    Raises
    ------
    TypeError
        If a picture is of none of these kinds.
    ValueError
        If there are not as many titles as pictures, a text is empty, or `columns` is below 1.

    Notes
    -----
    A picture of at most 64 pixels in height is drawn with hard pixels.

    Examples
    --------
    >>> show_images([torch.zeros(3, 8, 8)], ["black"], alt="A black square.")
    [figure: A black square.]
    """
    if len(images) != len(titles) or not images:
        raise ValueError(f"titles must be one for each of {len(images)} images, got {len(titles)}")
    if not alt.strip() or not all(title.strip() for title in titles):
        raise ValueError("alt and titles must say what is shown, got an empty text")
    columns = min(len(images), 4) if columns is None else columns
    check_integers(1, columns=columns)
    cells = "".join(_cell(image, title) for image, title in zip(images, titles, strict=True))
    # A column is never narrower than 9.5rem: the grid drops columns on a narrow page.
    least = f"max(9.5rem, calc((100% - {columns - 1}rem) / {columns}))"
    grid = f"display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax({least},1fr))"
    text = html.escape(alt, quote=True)
    return HtmlFigure(
        f'<div class="seg-figure" role="group" aria-label="{text}">'
        f'<div class="seg-figure-grid" style="{grid}">{cells}</div></div>',
        alt,
    )


def _cell(image: Tensor | np.ndarray, title: str) -> str:
    """Return one picture of a figure with its title."""
    picture = _picture(image)
    small = picture.shape[0] <= 64
    data = save_picture(Image.fromarray(picture), "PNG") if small else encode_photo(picture)
    kind = "png" if small else "webp"
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    look = "width:100%;height:auto;border-radius:4px" + (";image-rendering:pixelated" * small)
    name = html.escape(title, quote=True)
    height, width = picture.shape[:2]
    return (
        f'<figure style="margin:0"><img src="{source}" alt="{name}" width="{width}" '
        f'height="{height}" style="{look}"><figcaption>{name}</figcaption></figure>'
    )


def _picture(image: Tensor | np.ndarray) -> np.ndarray:
    """Turn anything that `show_images` takes into uint8 (H, W, 3)."""
    if isinstance(image, np.ndarray):
        if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
            return image
    elif isinstance(image, Tensor) and (image.is_floating_point() or image.dtype == torch.bool):
        if image.ndim == 2:
            return to_uint8(image.float().expand(3, -1, -1))
        if image.ndim == 3 and image.shape[0] == 3:
            return to_uint8(image)
    elif isinstance(image, Tensor) and image.dtype == torch.int64:
        check_label_maps(labels=image)
        return label_colors(image)[image.cpu().numpy()]
    raise TypeError(
        "a picture must be a float tensor (3, H, W) or (H, W), a label map, or uint8 (H, W, 3), "
        f"got {type(image).__name__} of {getattr(image, 'dtype', None)}, "
        f"shape {tuple(getattr(image, 'shape', ()))}"
    )


def new_chart(width: float = 5.6, height: float = 3.0) -> tuple[Figure, Axes]:
    """Make an empty matplotlib chart in the look of the book.

    Parameters
    ----------
    width, height : float
        Size in inches; the default keeps its letters readable on a phone.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Pass it to `show_chart` when the curves are drawn.
    axes : matplotlib.axes.Axes
        Where to draw.

    Examples
    --------
    >>> figure, axes = new_chart()
    >>> line = axes.plot([1, 2, 3])
    >>> show_chart(figure, alt="A rising line.")
    [figure: A rising line.]
    """
    with mpl.rc_context(_chart_style()):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots()
    return figure, axes


def show_chart(*charts: Figure, alt: str) -> HtmlFigure:
    """Show matplotlib figures as SVG whose text has the colour of the page.

    Parameters
    ----------
    *charts : matplotlib.figure.Figure
        Figures from `new_chart`; several stand side by side, and wrap on a narrow page.
    alt : str
        What the charts show, for readers who do not see them.

    Returns
    -------
    HtmlFigure
        The figure; it shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If `alt` is empty, or there is no chart.

    Examples
    --------
    >>> figure, axes = new_chart()
    >>> show_chart(figure, alt="An empty chart.")
    [figure: An empty chart.]
    """
    if not alt.strip():
        raise ValueError("alt must say what is shown, got an empty text")
    if not charts:
        raise ValueError("charts must hold at least one figure, got none")
    text = html.escape(alt, quote=True)
    drawn = "".join(_svg(chart, f"{alt} {i}") for i, chart in enumerate(charts))
    look = "display:flex;flex-wrap:wrap;gap:1rem"
    return HtmlFigure(
        f'<div class="seg-chart" role="img" aria-label="{text}" style="{look}">{drawn}</div>', alt
    )


def _svg(chart: Figure, salt: str) -> str:
    """Return a chart as SVG; `salt` makes its ids its own, and the same in each run."""
    for words in chart.findobj(Text):  # also what was written with matplotlib's own settings
        if words.get_color() == mpl.rcParamsDefault["text.color"]:
            words.set_color(_TEXT)
    for legend in chart.findobj(Legend):
        legend.set_frame_on(False)
    buffer = io.StringIO()
    with mpl.rc_context(_chart_style() | {"svg.hashsalt": salt}):
        chart.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(_TEXT, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    own = hashlib.sha256(salt.encode()).hexdigest()[:8]  # ids are names for the whole page
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{own}-", svg)
    look = "max-width:100%;height:auto"
    return svg.replace("<svg ", f'<svg aria-hidden="true" style="{look}" ', 1)


def _chart_style() -> dict[str, object]:
    """Return the settings of matplotlib for a chart."""
    return {
        "axes.edgecolor": _TEXT,
        "axes.grid": True,
        "axes.labelcolor": _TEXT,
        "axes.prop_cycle": mpl.cycler(color=LINE_COLORS),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 11,
        "font.family": ["DejaVu Sans"],
        "font.size": 10.5,
        "grid.alpha": 0.15,
        "grid.color": _TEXT,
        "lines.linewidth": 1.8,
        "svg.fonttype": "none",
        "text.color": _TEXT,
        "xtick.color": _TEXT,
        "ytick.color": _TEXT,
    }
