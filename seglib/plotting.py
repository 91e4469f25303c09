"""Colours of labels, overlays, and the files that carry maps and photographs."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from seglib.checks import (
    check_integers,
    check_labels_not_negative,
    check_maps_fit,
    check_numbers,
)
from seglib.labels import find_boundaries

# Okabe and Ito's colours, told apart by readers with any colour vision; without black.
OKABE_ITO = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442", "#999999")
DISTINCT_COLORS = 3 * len(OKABE_ITO)  # of `label_colors`; then they come again
MAX_LABELS = 256  # what one byte a pixel can tell apart


def to_uint8(image: Tensor) -> np.ndarray:
    """Turn an image tensor into an array of bytes.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.

    Returns
    -------
    ndarray, uint8, shape (H, W, 3)
        The same image in 0..255.

    Examples
    --------
    >>> to_uint8(torch.ones(3, 2, 2))[0, 0].tolist()
    [255, 255, 255]
    """
    pixels = image.detach().cpu().clamp(0, 1).mul(255).round().byte()
    return pixels.permute(1, 2, 0).contiguous().numpy()


def label_colors(maps: Tensor | Sequence[Tensor], num_labels: int | None = None) -> np.ndarray:
    """Give each label a colour that it keeps over all maps of a run.

    The labels that are largest in the last map get the colours that are easiest to tell apart;
    labels that have died out by then follow, those with the largest area in the first map first.

    Parameters
    ----------
    maps : Tensor or sequence of Tensor, int64, shape (H, W)
        One label map, or the maps of a run in their order; values from 0.
    num_labels : int, optional
        Number of colours, more than the largest label of all maps; by default one more.

    Returns
    -------
    ndarray, uint8, shape (C, 3)
        Row c is the RGB colour of label c.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If there is no map, a map is empty, not 2-D or negative, the maps differ in shape or
        device, or `num_labels` is too small.

    Notes
    -----
    The first eight colours are Okabe and Ito's, the next are lighter and darker forms of these.
    After 24 labels colours come again: then the boundaries tell regions apart.

    References
    ----------
    M. Okabe, K. Ito, "Color universal design", 2008.

    Examples
    --------
    >>> label_colors(torch.tensor([[0, 2, 2], [0, 2, 2]])).shape
    (3, 3)
    """
    maps = [maps] if isinstance(maps, Tensor) else list(maps)
    if not maps:
        raise ValueError("maps must hold at least one label map, got none")
    check_labels_not_negative(**{f"labels of map {i}": m for i, m in enumerate(maps, start=1)})
    size = max(int(labels.max()) + 1 for labels in maps)
    if num_labels is not None:
        check_integers(size, num_labels=num_labels)
        size = num_labels
    first = torch.bincount(maps[0].flatten().cpu(), minlength=size).numpy()
    last = torch.bincount(maps[-1].flatten().cpu(), minlength=size).numpy()
    rank = np.lexsort((-first, -last))  # by area in the last map, then in the first
    colors = np.empty((size, 3), dtype=np.uint8)
    palette = _palette()
    colors[rank] = palette[np.arange(size) % len(palette)]
    return colors


def _palette() -> np.ndarray:
    """Return Okabe and Ito's eight colours, then the eight mixed with white, then with black."""
    pure = np.array([mpl.colors.to_rgb(color) for color in OKABE_ITO])
    shades = np.concatenate([pure, 0.5 + 0.5 * pure, 0.55 * pure])
    return np.round(255 * shades).astype(np.uint8)


def overlay(
    image: Tensor,
    labels: Tensor,
    *,
    colors: np.ndarray | None = None,
    opacity: float = 0.6,
    boundaries: bool = True,
) -> np.ndarray:
    """Lay a coloured label map over an image.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    labels : Tensor, int64, shape (H, W)
        Label map, values from 0.
    colors : ndarray, uint8, shape (C, 3), optional
        Colour of each label; by default `label_colors` of this map.
    opacity : float
        Weight of the labels, from 0 (image alone) to 1 (labels alone).
    boundaries : bool
        Whether white lines separate the regions.

    Returns
    -------
    ndarray, uint8, shape (H, W, 3)
        The picture.

    Raises
    ------
    TypeError
        If `labels` is not int64.
    ValueError
        If the shapes do not fit, a label has no colour, or `opacity` is outside 0..1.

    Examples
    --------
    >>> overlay(torch.zeros(3, 4, 6), torch.zeros(4, 6, dtype=torch.int64)).shape
    (4, 6, 3)
    """
    check_labels_not_negative(labels=labels)
    check_numbers(0.0, 1.0, opacity=opacity)
    check_maps_fit(image, labels=labels)
    colors = label_colors(labels) if colors is None else colors
    _check_colors(labels, colors)
    painted = colors[labels.cpu().numpy()]  # (H, W, 3)
    picture = np.round((1 - opacity) * to_uint8(image) + opacity * painted).astype(np.uint8)
    if boundaries:
        picture[find_boundaries(labels).cpu().numpy()] = 255
    return picture


def encode_photo(image: Tensor | np.ndarray, quality: int = 80) -> bytes:
    """Encode an image as WebP.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W), or ndarray, uint8, shape (H, W, 3)
        RGB image.
    quality : int
        From 0 (small) to 100 (good).

    Returns
    -------
    bytes
        The file.

    Examples
    --------
    >>> encode_photo(torch.zeros(3, 8, 8))[8:12]
    b'WEBP'
    """
    pixels = to_uint8(image) if isinstance(image, Tensor) else image
    return save_picture(Image.fromarray(pixels), "WEBP", quality=quality, method=6)


def encode_labels(labels: Tensor) -> bytes:
    """Encode a label map as a small PNG in which the byte of a pixel is its label.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map, values in 0..255.

    Returns
    -------
    bytes
        The file, without loss.

    Raises
    ------
    TypeError
        If the map is not int64.
    ValueError
        If the map is empty, not 2-D or negative, or has a label above 255.

    Notes
    -----
    With a palette (here of greys) Pillow leaves out PNG's row filters, which are made for
    photographs and make label maps larger.

    Examples
    --------
    >>> encode_labels(torch.zeros(4, 6, dtype=torch.int64))[1:4]
    b'PNG'
    """
    check_labels_not_negative(labels=labels)
    # With 17 colours or more Pillow writes a byte for each pixel, which is easy to decode.
    greys = np.arange(max(int(labels.max()) + 1, 17)).clip(max=255)[:, None].repeat(3, axis=1)
    return encode_palette_png(labels, greys)


def encode_palette_png(labels: Tensor, colors: np.ndarray) -> bytes:
    """Encode a label map as a PNG with a palette: the index of a pixel is its label.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map, values in 0..255.
    colors : ndarray, uint8, shape (C, 3)
        Colour of each label.

    Returns
    -------
    bytes
        The file, without loss: it looks coloured, and reads back as the labels.

    Raises
    ------
    TypeError
        If the map is not int64.
    ValueError
        If the map is empty, not 2-D or negative, has a label above 255, or a label has no colour.

    Examples
    --------
    >>> labels = torch.tensor([[0, 1], [1, 1]])
    >>> png = encode_palette_png(labels, label_colors(labels))
    >>> np.array(Image.open(io.BytesIO(png))).tolist()
    [[0, 1], [1, 1]]
    """
    check_labels_not_negative(labels=labels)
    if int(labels.max()) >= MAX_LABELS:
        raise ValueError(f"labels must lie in 0..255 to fit one byte, got {int(labels.max())}")
    _check_colors(labels, colors)
    indices = labels.cpu().numpy().astype(np.uint8)
    picture = Image.frombytes("P", indices.shape[::-1], indices.tobytes())
    picture.putpalette(np.asarray(colors, dtype=np.uint8)[:MAX_LABELS].tobytes())
    return save_picture(picture, "PNG", optimize=True)


def _check_colors(labels: Tensor, colors: np.ndarray) -> None:
    """Check that each label has a colour."""
    if int(labels.max()) >= len(colors):
        raise ValueError(
            f"colors must have a row for each label up to {int(labels.max())}, "
            f"got {len(colors)} rows"
        )


def save_picture(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return the bytes of a picture's file.

    Parameters
    ----------
    picture : PIL.Image.Image
        The picture.
    kind : str
        Format as Pillow calls it: ``"PNG"``, ``"WEBP"`` …
    **options : object
        Options of Pillow's writer for this format.

    Returns
    -------
    bytes
        The file.
    """
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
