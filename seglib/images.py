"""Images as RGB float32 tensors of shape (3, H, W) in 0..1: load, check, resize.

Everything in the book starts from such a tensor. `load_image` makes one from whatever is at
hand, `photograph` from the pictures that scikit-image and scikit-learn bring along, so that no
chapter needs the network. Pictures whose true segmentation is known are in `seglib.scenes`.
"""

from __future__ import annotations

import importlib.util
import operator
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from seglib._decoding import MIN_SIDE, check_sides, check_values, read_rgb


def load_image(
    source: str | os.PathLike | Image.Image | np.ndarray | Tensor, *, max_pixels: int = 50_000_000
) -> Tensor:
    """Load an image from a file, a Pillow image, an array or a tensor.

    Parameters
    ----------
    source : str, path, PIL.Image.Image, ndarray or Tensor
        A file that Pillow can read, given by its path; a Pillow image; an array with the
        channels **last**: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); or a tensor with the
        channels **first**: (H, W), (1, H, W) or (3, H, W). Values are bool, uint8, uint16, or
        float in 0..1. The type alone decides where the channels are, never the sizes.
    max_pixels : int, default 50_000_000
        Refuse larger images, for a file before it is decoded. It replaces Pillow's own limit.

    Returns
    -------
    Tensor, float32, shape (3, H, W)
        RGB in 0..1, contiguous, on the CPU; a copy that shares no memory with `source`.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If the path leads to nothing or to a folder.
    TypeError
        If `source` or its values are of a type not listed above.
    ValueError
        If the file is not an image, is truncated or damaged; or if the image is empty, has
        fewer than `MIN_SIDE` pixels along a side or more than `max_pixels` in all, has another
        number of channels, or holds NaN, infinities or floats outside 0..1.

    Notes
    -----
    Grey is repeated in the three channels. A transparent image is laid on white. The
    orientation that a camera wrote into the file is applied. 8-bit values are divided by 255 and
    16-bit values by 65535; colour profiles are ignored. Of an animation or a file with several
    pages the first is taken. Pillow reads colour files with 16 bits per channel as 8 bits; to
    keep all bits, read them with another library and pass the array.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.array([[0, 51, 102], [51, 102, 153], [102, 153, 204]], dtype=np.uint8)
    >>> image = load_image(grey)
    >>> image.shape, image.dtype
    (torch.Size([3, 3, 3]), torch.float32)
    >>> image[0]
    tensor([[0.0000, 0.2000, 0.4000],
            [0.2000, 0.4000, 0.6000],
            [0.4000, 0.6000, 0.8000]])
    """
    return read_rgb(source, max_pixels)


def check_image(image: Tensor) -> None:
    """Check that a tensor is an image as `load_image` returns it, on any device.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB in 0..1, with at least `MIN_SIDE` pixels along each side.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor.
    ValueError
        If it has another shape, too few pixels, or NaN, infinities or values outside 0..1.

    Examples
    --------
    >>> check_image(torch.rand(3, 4, 6))
    >>> check_image(torch.rand(4, 6, 3))
    Traceback (most recent call last):
    ValueError: image must have shape (3, H, W), got (4, 6, 3); use load_image to make one
    """
    if not isinstance(image, Tensor):
        raise TypeError(
            f"image must be a tensor, got {type(image).__name__}; use load_image to make one"
        )
    if image.dtype != torch.float32:
        raise TypeError(f"image must be float32, got {image.dtype}; use load_image to make one")
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(
            f"image must have shape (3, H, W), got {tuple(image.shape)}; use load_image to make one"
        )
    check_sides(*image.shape[1:])
    check_values(*torch.stack(image.detach().aminmax()).tolist())


def resize_image(image: Tensor, size: int | tuple[int, int]) -> Tensor:
    """Resize an image by antialiased bilinear interpolation.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB in 0..1, on any device.
    size : int or (int, int)
        A whole number bounds the longest side and keeps the proportions; an image that fits
        already is returned as it is, **never enlarged**. A pair is the exact (height, width)
        of the result, larger or smaller.

    Returns
    -------
    Tensor, float32, shape (3, height, width)
        RGB in 0..1, on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        If `image` is no image (see `check_image`), or `size` is neither of the two forms or
        below `MIN_SIDE`.

    Notes
    -----
    Proportions are kept to the nearest pixel; a side never falls below `MIN_SIDE`.

    Examples
    --------
    >>> image = torch.rand(3, 400, 600)
    >>> resize_image(image, 150).shape
    torch.Size([3, 100, 150])
    >>> resize_image(image, 1000) is image
    True
    """
    check_image(image)
    height, width = _target_size(size, *image.shape[1:])
    if (height, width) == tuple(image.shape[1:]):
        return image
    resized = F.interpolate(image[None], (height, width), mode="bilinear", antialias=True)
    return resized[0].clamp(0, 1)


def _target_size(size: int | tuple[int, int], height: int, width: int) -> tuple[int, int]:
    expected = "size must be a whole number (the longest side) or a pair (height, width)"
    try:
        sides = [operator.index(side) for side in (size if np.iterable(size) else [size])]
    except TypeError:
        raise TypeError(f"{expected}, got {size!r}") from None
    if len(sides) not in (1, 2) or (np.iterable(size) and len(sides) == 1):
        raise ValueError(f"{expected}, got {size!r}")
    if min(sides) < MIN_SIDE:
        raise ValueError(f"size must be at least {MIN_SIDE} pixels, got {size!r}")
    if len(sides) == 2:
        return sides[0], sides[1]
    scale = min(1.0, sides[0] / max(height, width))
    return max(MIN_SIDE, round(scale * height)), max(MIN_SIDE, round(scale * width))


class Photograph(NamedTuple):
    """A photograph that another package brings along.

    Attributes
    ----------
    file : str
        Path of the file, which begins with the package.
    description : str
        What it shows, fit as alt text.
    credit, licence : str
        Whose it is, and on which terms it may be used.
    """

    file: str
    description: str
    credit: str
    licence: str


PHOTOGRAPHS: dict[str, Photograph] = {
    "astronaut": Photograph(
        "skimage/data/astronaut.png",
        "Astronaut Eileen Collins in an orange space suit, a flag and a model shuttle behind her",
        "NASA",
        "public domain",
    ),
    "camera": Photograph(
        "skimage/data/camera.png",
        "Grey photograph of a man in a dark coat looking through a camera on a tripod, on a lawn",
        "Lav Varshney",
        "CC0",
    ),
    "chelsea": Photograph(
        "skimage/data/chelsea.png",
        "Face of a tabby cat with green eyes, close up",
        "Stéfan van der Walt",
        "CC0",
    ),
    "china": Photograph(
        "sklearn/datasets/images/china.jpg",
        "Chinese tower with four tiled roofs among trees, a lake and a pale sky behind it",
        "danielbuechele, flickr.com/photos/danielbuechele/6061409035",
        "CC BY 2.0",
    ),
    "coffee": Photograph(
        "skimage/data/coffee.png",
        "Espresso in a white and red cup on a red saucer with a spoon, on a wooden table",
        "Rachel Michetti",
        "CC0",
    ),
    "coins": Photograph(
        "skimage/data/coins.png",
        "Grey photograph of 24 Greek coins in four rows on an unevenly lit dark background",
        "Brooklyn Museum",
        "no known copyright restrictions",
    ),
    "flower": Photograph(
        "sklearn/datasets/images/flower.jpg",
        "Orange dahlia in full bloom in front of dark blue-green leaves",
        "vultilion, flickr.com/photos/vultilion/6056698931",
        "CC BY 2.0",
    ),
    "hubble_deep_field": Photograph(
        "skimage/data/hubble_deep_field.jpg",
        "Hundreds of small bright galaxies scattered over a black sky",
        "NASA",
        "public domain",
    ),
    "immunohistochemistry": Photograph(
        "skimage/data/ihc.png",
        "Microscope image of colonic glands stained brown among blue cell nuclei",
        "Center for Microscopy and Molecular Imaging (CMMI)",
        "no known copyright restrictions",
    ),
    "retina": Photograph(
        "skimage/data/retina.jpg",
        "Retina of a human eye: an orange disk with branching red vessels on black",
        "Mikael Häggström",
        "CC0",
    ),
    "rocket": Photograph(
        "skimage/data/rocket.jpg",
        "White rocket on its launch pad between steel towers at dusk, with floodlights below",
        "SpaceX",
        "public domain",
    ),
}


def photograph(name: str, size: int | tuple[int, int] | None = None) -> Tensor:
    """Load a photograph that scikit-image or scikit-learn brings along, without the network.

    Parameters
    ----------
    name : str
        One of `PHOTOGRAPHS`, where its description, credit and licence stand.
    size : int or (int, int), optional
        Longest side or (height, width), as in `resize_image`; by default the stored size.

    Returns
    -------
    Tensor, float32, shape (3, H, W)
        RGB in 0..1.

    Raises
    ------
    ValueError
        If there is no photograph of this name, or `size` is not as `resize_image` wants it.
    FileNotFoundError
        If the package that holds the file is not installed, or installed without it.

    Examples
    --------
    >>> photograph("coffee", size=240).shape
    torch.Size([3, 160, 240])
    >>> PHOTOGRAPHS["coffee"].credit, PHOTOGRAPHS["coffee"].licence
    ('Rachel Michetti', 'CC0')
    """
    if name not in PHOTOGRAPHS:
        raise ValueError(f"photograph must be one of {', '.join(PHOTOGRAPHS)}; got {name!r}")
    package, _, inside = PHOTOGRAPHS[name].file.partition("/")
    spec = importlib.util.find_spec(package)  # where it is installed, without importing it
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"photograph {name!r} is in the package {package}: install it")
    image = load_image(Path(spec.origin).parent / inside)
    return image if size is None else resize_image(image, size)
