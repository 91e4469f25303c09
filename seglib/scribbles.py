"""Scribbles: a label for some pixels of an image, given by a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from seglib.checks import check_maps_fit

UNLABELLED = -1  # value of the pixels that no scribble covers


def check_scribbles(image: Tensor, scribbles: Tensor, num_labels: int) -> None:
    """Check that scribbles fit an image, and that a network has an output for each of them.

    Parameters
    ----------
    image : Tensor, shape (3, H, W)
        The image.
    scribbles : Tensor, int64, shape (H, W)
        Label of each scribbled pixel, `UNLABELLED` elsewhere.
    num_labels : int
        Labels that there can be, C.

    Raises
    ------
    TypeError
        If `scribbles` is not int64.
    ValueError
        If it has another size than the image, holds a value outside ``-1 .. C-1``, or labels no
        pixel.

    Examples
    --------
    >>> check_scribbles(torch.zeros(3, 1, 2), torch.tensor([[-1, 5]]), num_labels=3)
    Traceback (most recent call last):
    ValueError: scribbles must hold -1 (no scribble) or labels in 0..2, got values in -1..5
    """
    check_maps_fit(image, scribbles=scribbles)
    least, most = int(scribbles.min()), int(scribbles.max())
    if least < UNLABELLED or most >= num_labels:
        raise ValueError(
            f"scribbles must hold -1 (no scribble) or labels in 0..{num_labels - 1}, "
            f"got values in {least}..{most}"
        )
    if most == UNLABELLED:
        raise ValueError("scribbles must label at least one pixel, got none")


def load_scribbles(path: str | Path, *, unlabelled: int = 255) -> Tensor:
    """Read scribbles from an image file of one channel.

    Parameters
    ----------
    path : str or Path
        A grey or palette image of 8 bits: the value, or index, of a pixel is its label.
    unlabelled : int
        Value of the pixels without a scribble; 255 in the authors' files.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Labels as they stand in the file, `UNLABELLED` where there is no scribble.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no image, has several channels, or no pixel carries a scribble.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, IEEE TIP 29, 2020: scribbles as user input.
    """
    try:
        with Image.open(path) as picture:
            if picture.mode not in ("L", "P"):
                raise ValueError(
                    f"{path} must be a grey or palette image of 8 bits, got mode {picture.mode}"
                )
            values = torch.from_numpy(np.asarray(picture).astype("int64"))
    except UnidentifiedImageError:
        raise ValueError(f"{path} must be an image, and could not be read as one") from None
    if (values == unlabelled).all():
        raise ValueError(f"{path} must hold a scribble, and all pixels are {unlabelled}")
    return torch.where(values == unlabelled, UNLABELLED, values)
