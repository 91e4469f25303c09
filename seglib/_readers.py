"""From the files of the data sets to tensors; a damaged file is named in the error."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.io
import torch
from PIL import Image
from torch import Tensor

from seglib._decoding import DAMAGE
from seglib._layouts import Item
from seglib._records import VOID, AnnotatedImage, LabelledImage, ScribbledImage
from seglib.images import load_image, resize_image

LABELMEFACADE_COLORS = {
    "building": (128, 0, 0),
    "car": (128, 0, 128),
    "door": (128, 128, 0),
    "pavement": (128, 128, 128),
    "road": (128, 64, 0),
    "sky": (0, 128, 128),
    "vegetation": (0, 128, 0),
    "window": (0, 0, 128),
}
IDX_IMAGES, IDX_LABELS = 0x803, 0x801  # first four bytes: uint8, and 3 or 1 dimensions


# ---- one image of each data set ------------------------------------------------------------------


def read_bsds500(item: Item) -> AnnotatedImage:
    image = _load_photograph(item.image)
    annotations = read_segmentations(item.truth[0])
    for labels in annotations:
        _check_size(labels, image, item.truth[0])
    return AnnotatedImage(item.name, image, annotations)


def read_weizmann_horses(item: Item) -> LabelledImage:
    mask = _read_pixels(item.truth[0], "L")
    labels = torch.from_numpy((mask > 127).astype(np.int64))
    return LabelledImage(item.name, resize_image(_load_photograph(item.image), mask.shape), labels)


def read_labelmefacade(item: Item) -> LabelledImage:
    image = _load_photograph(item.image)
    colors = _read_pixels(item.truth[0], "RGB").astype(np.int64) @ (1 << 16, 1 << 8, 1)
    codes = {red << 16 | green << 8 | blue: label for label, (red, green, blue) in enumerate(
        LABELMEFACADE_COLORS.values()
    )}  # fmt: skip
    labels = _translate(colors, {0: VOID, **codes}, item.truth[0], "colour #{:06x}")
    _check_size(labels, image, item.truth[0])
    return LabelledImage(item.name, image, labels)


def read_grabcut(item: Item) -> ScribbledImage:
    image = _load_photograph(item.image)
    mask_file, *scribble_files = item.truth
    labels = _translate(_read_pixels(mask_file), {0: 0, 128: VOID, 255: 1}, mask_file, "value {}")
    scribbles = tuple(
        _translate(_read_pixels(file), {0: VOID, 1: 1, 2: 0}, file, "value {}")
        for file in scribble_files
    )
    for file, found in zip(item.truth, (labels, *scribbles), strict=True):
        _check_size(found, image, file)
    return ScribbledImage(item.name, image, labels, scribbles)


def read_nuclei(item: Item) -> LabelledImage:
    image = _load_photograph(item.image)
    if item.image.parent.parent.name == item.image.stem:  # official: a mask for each nucleus
        labels = torch.zeros(image.shape[1:], dtype=torch.int64)
        for number, file in enumerate(item.truth, start=1):
            mask = torch.from_numpy(_read_pixels(file, "L") > 127)
            _check_size(mask, image, file)
            labels[mask & (labels == 0)] = number
    else:
        labels = torch.from_numpy(_read_pixels(item.truth[0]).astype(np.int64))
    _check_size(labels, image, item.truth[0])
    return LabelledImage(item.name, image, labels)


def read_mnist(item: Item) -> tuple[Tensor, Tensor]:
    images, labels = read_idx(item.image, IDX_IMAGES), read_idx(item.truth[0], IDX_LABELS)
    if len(images) != len(labels):
        raise ValueError(
            f"{item.image} holds {len(images)} images, but {item.truth[0]} {len(labels)} labels"
        )
    return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))


READ: dict[str, Callable] = {
    "bsds500": read_bsds500,
    "mnist": read_mnist,
    "weizmann_horses": read_weizmann_horses,
    "labelmefacade": read_labelmefacade,
    "grabcut": read_grabcut,
    "nuclei": read_nuclei,
}


# ---- one file of each format ---------------------------------------------------------------------


def read_segmentations(file: Path) -> tuple[Tensor, ...]:
    """Return the label maps of a .mat file of BSDS500, labels from 0."""
    try:
        cells = scipy.io.loadmat(file, variable_names=["groundTruth"])["groundTruth"]
        maps = [np.asarray(cell["Segmentation"][0, 0]) for cell in cells.flat]
    except FileNotFoundError:
        raise
    except Exception as error:  # SciPy raises almost anything when the bytes make no sense
        raise ValueError(f"{str(file)!r} is truncated or damaged: {error!r}") from None
    if not maps:
        raise ValueError(f"{str(file)!r} is truncated or damaged: it holds no segmentation")
    for labels in maps:
        if labels.ndim != 2 or labels.dtype.kind not in "iuf" or labels.size == 0:
            raise ValueError(
                f"{str(file)!r} must hold label maps of shape (H, W), "
                f"got {labels.shape} of {labels.dtype}"
            )
        if labels.min() < 1 or (labels != np.rint(labels)).any():
            raise ValueError(f"{str(file)!r} must hold whole labels from 1, got {labels.min()}")
    return tuple(torch.from_numpy(labels.astype(np.int64) - 1) for labels in maps)


def read_idx(file: Path, magic: int) -> np.ndarray:
    """Return the array of an .idx.gz file that begins with the given four bytes."""
    try:
        with gzip.open(file) as stream:
            content = stream.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{str(file)!r} is truncated or damaged: {error}") from None
    number_of_sides = magic & 0xFF
    head = 4 * (1 + number_of_sides)
    if len(content) < head or struct.unpack(">i", content[:4])[0] != magic:
        raise ValueError(
            f"{str(file)!r} must begin with {magic:08x}, got {content[:4].hex() or 'nothing'}"
        )
    shape = struct.unpack(f">{number_of_sides}i", content[4:head])
    if min(shape) < 0 or len(content) - head != np.prod(shape, dtype=np.int64):
        raise ValueError(
            f"{str(file)!r} must hold {shape} values, got {len(content) - head}: it is damaged"
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape).copy()


def _load_photograph(file: Path) -> Tensor:
    """Return an image; whatever is wrong with its file, the file is named."""
    try:
        return load_image(file)
    except FileNotFoundError:
        raise
    except DAMAGE as error:
        named = str(file) in str(error)
        said = str(error) if named else f"{str(file)!r} is truncated or damaged: {error}"
        raise ValueError(said) from None


def _read_pixels(file: Path, mode: str | None = None) -> np.ndarray:
    """Return the pixels of a picture as they are stored, or in one of Pillow's modes."""
    try:
        with Image.open(file) as picture:
            return np.asarray(picture.convert(mode) if mode else picture)
    except FileNotFoundError:
        raise
    except DAMAGE as error:
        raise ValueError(f"{str(file)!r} is truncated or damaged: {error}") from None


def _translate(values: np.ndarray, labels: dict[int, int], file: Path, words: str) -> Tensor:
    """Return the label of each value; one that has none is an error."""
    result = np.full(values.shape, VOID - 1, dtype=np.int64)
    for value, label in labels.items():
        result[values == value] = label
    if (unknown := values[result == VOID - 1]).size:
        expected = ", ".join(words.format(value) for value in labels)
        raise ValueError(f"{str(file)!r} must hold {expected}, got {words.format(int(unknown[0]))}")
    return torch.from_numpy(result)


def _check_size(labels: Tensor, image: Tensor, file: Path) -> None:
    if labels.shape != image.shape[1:]:
        raise ValueError(
            f"{str(file)!r} must have the size of its image {tuple(image.shape[1:])}, "
            f"got {tuple(labels.shape)}"
        )
