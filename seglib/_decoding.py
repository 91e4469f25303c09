"""From files, Pillow images, arrays and tensors to RGB: the corner cases behind `load_image`.

Every source becomes an array of pixels with the channels last and the values as stored
(`_read_file`, `_read_pillow`, `_read_array`, `_read_tensor`), then one road leads to the RGB
tensor (`_to_rgb`). The checks of shape and values that `seglib.images` shares are here too.
"""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

MIN_SIDE = 3  # fewest pixels along a side: one 3×3 window of the networks has to fit
ROUNDING = 1e-6  # how far rounding may carry a float out of 0..1; farther is a wrong range

# What Pillow raises while it decodes a damaged file.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_OPENING = threading.Lock()  # Pillow's limit is a global, changed for the time of one `open`


def read_rgb(
    source: str | os.PathLike | Image.Image | np.ndarray | Tensor, max_pixels: int
) -> Tensor:
    """Return the RGB tensor of a source, as `seglib.images.load_image` promises it."""
    if isinstance(source, Tensor):
        pixels = _read_tensor(source)
    elif isinstance(source, np.ndarray):
        pixels = _read_array(source)
    elif isinstance(source, Image.Image):
        pixels = _read_pillow(source, max_pixels, "the image")
    elif isinstance(source, (str, os.PathLike)):
        pixels = _read_file(os.fsdecode(source), max_pixels)
    else:
        raise TypeError(
            "an image must be a path, a Pillow image, an array or a tensor, "
            f"got {type(source).__name__}"
        )
    check_sides(*pixels.shape[:2])
    _check_limit(*pixels.shape[:2], max_pixels)
    return _to_rgb(pixels)


def _read_file(name: str, max_pixels: int) -> np.ndarray:
    if name.lower().startswith(("http://", "https://", "ftp://", "data:")):
        raise ValueError(
            f"expected the path of a local file, got the address {name[:80]!r}: "
            "download it first and pass the path of the copy"
        )
    file = Path(name).expanduser()
    if not name or not file.exists():
        raise FileNotFoundError(f"expected an image file, found nothing at {name!r}")
    if file.is_dir():
        raise IsADirectoryError(f"expected an image file, {name!r} is a folder")
    if file.stat().st_size == 0:
        raise ValueError(f"expected an image file, {name!r} is empty (0 bytes)")
    try:
        picture = _open(file)
    except DAMAGE as error:  # Pillow's "unidentified" is one of them
        if not isinstance(error, UnidentifiedImageError):
            raise ValueError(f"{name!r} is truncated or damaged: {error}") from None
        raise ValueError(
            f"expected an image that Pillow can read, such as PNG, JPEG, TIFF or WebP, but "
            f"{name!r} is none or is damaged; convert other formats, such as HEIC, or pass an array"
        ) from None
    with picture:
        return _read_pillow(picture, max_pixels, repr(name))


def _open(file: Path) -> Image.Image:
    """Read the header of a file without Pillow's limit, because ours comes next."""
    with _OPENING:
        pillow_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file)
        finally:
            Image.MAX_IMAGE_PIXELS = pillow_limit


def _read_pillow(picture: Image.Image, max_pixels: int, name: str) -> np.ndarray:
    """Return the pixels of a Pillow image, upright and channel-last, in its own depth."""
    _check_limit(picture.height, picture.width, max_pixels)
    try:
        picture.load()
        picture = ImageOps.exif_transpose(picture)
    except DAMAGE as error:
        raise ValueError(f"{name} is truncated or damaged: {error}") from None
    if picture.mode == "F" or picture.mode.startswith("I;16"):
        return np.asarray(picture)
    if picture.mode == "I":  # 32 bits: where older versions of Pillow put 16-bit grey
        return _as_uint16(np.asarray(picture))
    transparent = "transparency" in picture.info or picture.mode in ("LA", "PA", "RGBA", "RGBa")
    try:
        return np.asarray(picture.convert("RGBA" if transparent else "RGB"))
    except ValueError:
        raise ValueError(
            f"expected an image in grey, RGB, CMYK or palette colours, got Pillow's mode "
            f"{picture.mode!r}; convert it to RGB first"
        ) from None


def _read_array(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4)):
        return array
    hint = ""
    if array.ndim == 3 and array.shape[0] in (1, 3):
        hint = "; channels come last in an array: use array.transpose(1, 2, 0)"
    elif array.ndim == 4:
        hint = "; pass one image of the batch"
    raise ValueError(
        f"an array must have shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), "
        f"got {tuple(array.shape)}{hint}"
    )


def _read_tensor(tensor: Tensor) -> np.ndarray:
    """Return a tensor as a channel-last array."""
    if not (tensor.ndim == 2 or (tensor.ndim == 3 and tensor.shape[0] in (1, 3))):
        hint = ""
        if tensor.ndim == 3 and tensor.shape[2] in (1, 3):
            hint = "; channels come first in a tensor: use tensor.permute(2, 0, 1)"
        elif tensor.ndim == 4:
            hint = "; pass one image of the batch"
        raise ValueError(
            f"a tensor must have shape (H, W), (1, H, W) or (3, H, W), "
            f"got {tuple(tensor.shape)}{hint}"
        )
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        tensor = tensor.float()  # NumPy has no bfloat16
    return tensor.numpy() if tensor.ndim == 2 else tensor.permute(1, 2, 0).numpy()


def _to_rgb(pixels: np.ndarray) -> Tensor:
    values = _to_unit_range(pixels)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.shape[2] == 4:
        opacity = values[:, :, 3:]
        values = values[:, :, :3] * opacity + (1 - opacity)  # laid on white
    values = np.broadcast_to(values, (*values.shape[:2], 3))
    return torch.from_numpy(values.transpose(2, 0, 1).copy())


def _to_unit_range(pixels: np.ndarray) -> np.ndarray:
    """Return the values as float32 in 0..1, whatever their depth."""
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if kind == "b":
        return pixels.astype(np.float32)
    if kind == "u" and size in (1, 2):
        return pixels.astype(np.float32) / (255 if size == 1 else 65535)
    if kind != "f":
        raise TypeError(
            f"the values of an image must be bool, uint8, uint16 or float, got {pixels.dtype}; "
            "for whole numbers 0..255 use .astype('uint8') or .to(torch.uint8)"
        )
    check_values(float(pixels.min()), float(pixels.max()))
    return pixels.astype(np.float32).clip(0, 1)


def _as_uint16(pixels: np.ndarray) -> np.ndarray:
    low, high = int(pixels.min(initial=0)), int(pixels.max(initial=0))
    if low < 0 or high > 65535:
        raise ValueError(f"expected grey values in 0..65535 (16 bits), got {low}..{high}")
    return pixels.astype(np.uint16)


def check_sides(height: int, width: int) -> None:
    if height * width == 0:
        raise ValueError(f"the image is empty: {height} × {width} pixels")
    if min(height, width) < MIN_SIDE:
        raise ValueError(
            f"an image must have at least {MIN_SIDE} pixels along each side, "
            f"got {height} × {width} (height × width)"
        )


def _check_limit(height: int, width: int, max_pixels: int) -> None:
    if height * width > max_pixels:
        raise ValueError(
            f"the image has {height} × {width} = {height * width:,} pixels, more than the limit "
            f"of {max_pixels:,}; make it smaller or raise max_pixels "
            f"(its tensor takes {12e-9 * height * width:.1f} GB)"
        )


def check_values(low: float, high: float) -> None:
    """Check the smallest and largest value of an image; both are NaN if any value is."""
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("the values of an image must be finite, got NaN or infinity")
    if low >= -ROUNDING and high <= 1 + ROUNDING:
        return
    if low >= -0.25 and high <= 1.25:
        hint = "image.clip(0, 1)"
    elif low >= 0 and high <= 65535:
        hint = "image / 255" if high <= 255 else "image / 65535"
    elif low >= -1 and high <= 1:
        hint = "(image + 1) / 2"
    else:
        hint = "(image - image.min()) / (image.max() - image.min())"
    raise ValueError(
        f"float values of an image must lie in 0..1, got {low:g}..{high:g}; perhaps use {hint}"
    )
