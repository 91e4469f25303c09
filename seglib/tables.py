"""Tables of numbers in the book: they name their rows and columns, and scroll on a phone."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from seglib.figures import HtmlFigure


def show_table(
    rows: Sequence[Sequence[object]], header: Sequence[str], *, caption: str
) -> HtmlFigure:
    """Show numbers as a table whose first column names the rows; a wide one scrolls on a phone.

    Parameters
    ----------
    rows : sequence of sequence
        One line each: its name, then its cells. Floats are written with two decimals, or with
        none from 100 on; anything else as it is.
    header : sequence of str
        Name of each column, that of the names included.
    caption : str
        What the table shows; it stands above the table.

    Returns
    -------
    HtmlFigure
        The table; it shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If there is no row, a row is not as long as the header, or the caption is empty.

    Examples
    --------
    >>> show_table([["blank", 1, 0.25]], ["map", "segments", "mIoU"], caption="Trivial scores")
    [figure: Trivial scores]
    """
    if not isinstance(caption, str) or not caption.strip():
        raise ValueError(f"caption must say what is shown, got {caption!r}")
    if not rows or any(len(row) != len(header) for row in rows):
        raise ValueError(
            f"rows must have {len(header)} cells each as the header, "
            f"got {[len(row) for row in rows]}"
        )
    right = ' style="text-align:right"'
    heads = "".join(
        f'<th scope="col"{right * (i > 0)}>{html.escape(head)}</th>'
        for i, head in enumerate(header)
    )
    lines = ""
    for name, *cells in rows:
        written = "".join(f"<td{right}>{html.escape(_written(cell))}</td>" for cell in cells)
        lines += f'<tr><th scope="row">{html.escape(_written(name))}</th>{written}</tr>'
    title = html.escape(caption, quote=True)
    return HtmlFigure(
        f'<div class="seg-table" role="region" tabindex="0" aria-label="{title}" '
        f'style="overflow-x:auto"><table><caption style="caption-side:top">{title}'
        f"</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>",
        caption,
    )


def _written(cell: object) -> str:
    """Write what stands in a cell of a table."""
    if isinstance(cell, (np.generic, np.ndarray, Tensor)) and cell.ndim == 0:
        cell = cell.item()
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.2f}"
    return str(cell)
