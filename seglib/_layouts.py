"""Which files belong to which image, for each data set, and the digest that verifies them."""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from seglib._decoding import DAMAGE
from seglib._registry import DATASETS, GRABCUT_NAMES

NUCLEI_SIZE = (256, 256)  # of the images that the book uses


@dataclass(frozen=True)
class Item:
    """An image by name, its file, and the files of its truth."""

    name: str
    image: Path
    truth: tuple[Path, ...]
    borrowed: bool = False  # the image belongs to another data set


def locate(name: str, root: Path, split: str) -> tuple[list[Item], list[str]]:
    """Return what a folder holds of a split, ordered by name, and one sentence for each gap."""
    return LOCATE[name](root, split)


def digest(items: Iterable[Item]) -> str:
    """Return the SHA-256 of a list: SHA-256, two blanks and name of each file, one to a line.

    A compressed file counts by what is in it, so that compressing it anew changes nothing.
    """
    total = hashlib.sha256()
    for item in items:
        for file in item.truth if item.borrowed else (item.image, *item.truth):
            content = file.read_bytes()
            if file.suffix == ".gz":
                content = gzip.decompress(content)
            name = file.name.removesuffix(".gz")
            total.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
    return total.hexdigest()


def number_of_images(items: Sequence[Item]) -> int | None:
    """Return how many images the items hold: one each, but many in an idx file; None if damaged."""
    if len(items) != 1 or items[0].image.suffix != ".gz":
        return len(items)
    try:
        with gzip.open(items[0].image) as stream:
            return struct.unpack(">ii", stream.read(8))[1]
    except (gzip.BadGzipFile, EOFError, zlib.error, struct.error):
        return None  # the reader says what is wrong with it


def _pair(images: dict[str, Path], truths: dict[str, tuple[Path, ...]]) -> tuple:
    """Return items for the names that have both, and sentences on the others."""
    items = [Item(n, images[n], truths[n]) for n in sorted(images) if n in truths]
    gaps = [f"{images[n]} has no ground truth beside it" for n in sorted(images) if n not in truths]
    gaps += [f"{truths[n][0]} has no image beside it" for n in sorted(truths) if n not in images]
    return items, gaps


def _files(folder: Path, suffix: str) -> dict[str, Path]:
    """Return the files of a folder by stem; hidden ones are no data."""
    return {f.stem: f for f in folder.glob(f"*{suffix}") if not f.name.startswith(".")}


def _truths(folder: Path, suffix: str) -> dict[str, tuple[Path, ...]]:
    return {name: (file,) for name, file in _files(folder, suffix).items()}


def _bsds500(root: Path, split: str) -> tuple:
    data = root / "data"
    images, truths = data / "images" / split, data / "groundTruth" / split
    return _pair(_files(images, ".jpg"), _truths(truths, ".mat"))


def _mnist(root: Path, split: str) -> tuple:
    prefix = {"train": "train", "test": "t10k"}[split]
    images = root / f"{prefix}-images-idx3-ubyte.gz"
    labels = root / f"{prefix}-labels-idx1-ubyte.gz"
    gaps = [f"{file} is missing" for file in (images, labels) if not file.is_file()]
    return ([] if gaps else [Item(split, images, (labels,))]), gaps


def _weizmann_horses(root: Path, split: str) -> tuple:
    return _pair(_files(root / "rgb", ".jpg"), _truths(root / "figure_ground", ".jpg"))


def _labelmefacade(root: Path, split: str) -> tuple:
    """Read the list of the split; its files lie in one folder for all splits or in one for each."""
    list_file = root / f"{split}.txt"
    if not list_file.is_file():
        return [], [f"{list_file} is missing"]
    names = {Path(line.strip()).stem for line in list_file.read_text().splitlines() if line.strip()}
    base = root / split if (root / split).is_dir() else root
    images, truths = _files(base / "images", ".jpg"), _truths(base / "labels", ".png")
    items, gaps = _pair(
        {name: images[name] for name in names & images.keys()},
        {name: truths[name] for name in names & truths.keys()},
    )
    there = images.keys() | truths.keys()
    gaps += [f"{base / 'images' / name}.jpg is missing" for name in sorted(names - there)]
    return items, gaps


def _grabcut(root: Path, split: str) -> tuple:
    """Find masks and scribbles here, and the photographs in BSDS500 beside it."""
    homes = [root.parent / folder / "data/images/val" for folder in DATASETS["bsds500"].folders]
    home = next((home for home in homes if home.is_dir()), homes[0])
    items, gaps = [], []
    for name in GRABCUT_NAMES:
        truth = (
            root / "ground-truth" / f"{name}.png",
            *(root / f"scribbles-set-{number}" / f"{name}-anno.png" for number in (1, 2)),
        )
        missing = [file for file in truth if not file.is_file()]
        gaps += [f"{file} is missing" for file in missing]
        photograph = home / f"{name}.jpg"
        if not photograph.is_file():
            gaps.append(f"{photograph} is missing, a photograph of BSDS500")
        items += [] if missing else [Item(name, photograph, truth, True)]
    return items, gaps


def _nuclei(root: Path, split: str) -> tuple:
    """Find images and label maps, or the official folders with one mask for each nucleus."""
    official = root / "stage1_train"
    if not official.is_dir():
        return _pair(_files(root / "images", ".png"), _truths(root / "labels", ".png"))
    images, truths, gaps = {}, {}, []
    for folder in sorted(official.iterdir()):
        image = folder / "images" / f"{folder.name}.png"
        try:
            with Image.open(image) as picture:
                wanted = picture.size == NUCLEI_SIZE
        except DAMAGE as error:
            gaps.append(f"{image} cannot be read: {error}")
            continue
        if wanted:
            images[folder.name[:16]] = image
            if masks := sorted((folder / "masks").glob("*.png")):
                truths[folder.name[:16]] = tuple(masks)
    items, unpaired = _pair(images, truths)
    return items, gaps + unpaired


LOCATE: dict[str, Callable[[Path, str], tuple[list[Item], list[str]]]] = {
    "bsds500": _bsds500,
    "mnist": _mnist,
    "weizmann_horses": _weizmann_horses,
    "labelmefacade": _labelmefacade,
    "grabcut": _grabcut,
    "nuclei": _nuclei,
}
