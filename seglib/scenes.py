"""Toy scenes: small pictures whose true segmentation is known, each with one difficulty.

A photograph shows that a method works; a toy scene shows why it fails, because everything in it
but one difficulty is easy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import torch
from torch import Tensor

from seglib._decoding import check_sides
from seglib.checks import check_numbers

# Colours of the labels 0, 1, 2, …, distinct in lightness too.
COLORS = torch.tensor(
    [[0.05, 0.25, 0.35], [0.90, 0.55, 0.20], [0.45, 0.70, 0.60], [0.95, 0.90, 0.75]]
)


def toy_scene(
    name: str, *, size: tuple[int, int] = (64, 96), noise: float = 0.05, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Draw a toy scene together with its true labels.

    Parameters
    ----------
    name : str
        One of `TOY_SCENES`:

        - ``"two_halves"``: two flat colours, side by side. Whoever fails here has a bug.
        - ``"disks"``: four disks in three colours on a background. Two disks share colour and
          label, so it tells labels from connected segments.
        - ``"stripes"``: vertical stripes beside horizontal ones, in the same two colours. The
          colours of a single pixel say nothing; only a neighbourhood does.
        - ``"gradient"``: a disk on a background, both lit from the left. The lit background is
          brighter than the shaded disk, so brightness alone cuts across the truth.
        - ``"thin"``: lines of one and two pixels on a background. Smoothing and large superpixels
          swallow them, and the background wins every score by area.
        - ``"checker"``: squares of eight pixels in two colours. Two labels, many segments: a
          preference for large regions does harm.
    size : (int, int), default (64, 96)
        Height and width. From 16 × 16 on every label of a scene occurs.
    noise : float, default 0.05
        Standard deviation of the Gaussian noise that is added to each channel.
    seed : int, default 0
        Seed of the noise; the scene itself is the same for every seed.

    Returns
    -------
    image : Tensor, float32, shape (3, H, W)
        RGB in 0..1, clipped after the noise.
    true_labels : Tensor, int64, shape (H, W)
        True label of each pixel, in ``0 .. C-1``.

    Raises
    ------
    TypeError
        If `size` is not a pair of whole numbers, or `noise` is not a number.
    ValueError
        If there is no scene of this name, a side is below `seglib.images.MIN_SIDE`, or `noise`
        is negative or not finite.

    Examples
    --------
    >>> image, true_labels = toy_scene("two_halves", size=(3, 6))
    >>> image.shape
    torch.Size([3, 3, 6])
    >>> true_labels
    tensor([[0, 0, 0, 1, 1, 1],
            [0, 0, 0, 1, 1, 1],
            [0, 0, 0, 1, 1, 1]])
    """
    if name not in TOY_SCENES:
        raise ValueError(f"toy scene must be one of {', '.join(TOY_SCENES)}; got {name!r}")
    try:
        height, width = (operator.index(side) for side in size)
    except (TypeError, ValueError):
        raise TypeError(f"size must be a pair (height, width), got {size!r}") from None
    check_sides(height, width)
    check_numbers(0.0, noise=noise)
    rows = torch.arange(height)[:, None].expand(height, width)
    columns = torch.arange(width)[None, :].expand(height, width)
    colors, true_labels = TOY_SCENES[name](rows, columns)
    generator = torch.Generator().manual_seed(seed)
    image = colors.permute(2, 0, 1) + noise * torch.randn(3, height, width, generator=generator)
    return image.clamp(0, 1), true_labels


# Each scene gets the row and the column of each pixel, (H, W), and returns its colours (H, W, 3)
# and its labels (H, W).


def _two_halves(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    labels = (columns >= columns.shape[1] / 2).long()
    return COLORS[labels], labels


def _disks(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    labels = torch.zeros_like(rows)
    for y, x, radius, label in [
        (0.30, 0.20, 0.24, 1),
        (0.65, 0.45, 0.28, 2),
        (0.28, 0.72, 0.20, 3),
        (0.75, 0.85, 0.18, 1),
    ]:
        labels[_disk(rows, columns, y, x, radius)] = label
    return COLORS[labels], labels


def _stripes(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    labels = (columns >= columns.shape[1] / 2).long()
    stripe = torch.where(labels == 0, columns, rows) // 2 % 2  # two pixels wide
    return COLORS[stripe], labels


def _gradient(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    labels = _disk(rows, columns, 0.5, 0.5, 0.35).long()
    surface = torch.tensor([[0.60, 0.62, 0.66], [0.95, 0.90, 0.80]])
    light = 1 - 0.75 * columns / columns.shape[1]
    return surface[labels] * light[:, :, None], labels


def _thin(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    height, width = rows.shape
    horizontal = rows == height // 3
    vertical = (columns == width // 4) | (columns == width // 4 + 1)
    diagonal = rows == columns * height // width
    labels = (horizontal | vertical | diagonal).long()
    return COLORS[labels], labels


def _checker(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    side = min(8, min(rows.shape) // 2)
    labels = (rows // side + columns // side) % 2
    return COLORS[labels], labels


def _disk(rows: Tensor, columns: Tensor, y: float, x: float, radius: float) -> Tensor:
    """Return where a disk lies: its centre in parts of the sides, its radius of the shorter."""
    height, width = rows.shape
    square = (rows + 0.5 - y * height) ** 2 + (columns + 0.5 - x * width) ** 2
    return square <= (radius * min(height, width)) ** 2


TOY_SCENES: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "two_halves": _two_halves,
    "disks": _disks,
    "stripes": _stripes,
    "gradient": _gradient,
    "thin": _thin,
    "checker": _checker,
}
"""The scenes by name; `toy_scene` says what each is good for."""
