"""What the readers of the data sets return: an image with its truth, and a sequence of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from seglib._layouts import Item

VOID = -1  # label of the pixels that count for nothing


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """A photograph that several people have segmented.

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    image : Tensor, float32, shape (3, H, W)
        RGB in 0..1.
    annotations : tuple of Tensor, int64, shape (H, W)
        One label map for each annotator, labels from 0.
    """

    name: str
    image: Tensor
    annotations: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """An image with its true labels.

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    image : Tensor, float32, shape (3, H, W)
        RGB in 0..1.
    true_labels : Tensor, int64, shape (H, W)
        Labels from 0, `VOID` where a pixel counts for nothing.
    """

    name: str
    image: Tensor
    true_labels: Tensor


@dataclass(frozen=True, eq=False)
class ScribbledImage:
    """A photograph with a true mask and scribbles in it.

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    image : Tensor, float32, shape (3, H, W)
        RGB in 0..1.
    true_labels : Tensor, int64, shape (H, W)
        1 on the object, 0 around it, `VOID` where the edge is undecided.
    scribbles : tuple of Tensor, int64, shape (H, W)
        Two sets, few strokes and more: 1 on the object, 0 around it, `VOID` without a stroke.
    """

    name: str
    image: Tensor
    true_labels: Tensor
    scribbles: tuple[Tensor, Tensor]


Record = AnnotatedImage | LabelledImage | ScribbledImage


class Records(Sequence):
    """Images of a data set, each read from its files when it is asked for.

    Parameters
    ----------
    items : sequence of Item
        The files of each image.
    read : callable
        Makes the record of an item.
    """

    def __init__(self, items: Sequence[Item], read: Callable[[Item], Record]):
        self._items = tuple(items)
        self._read = read

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int | slice) -> Record | Records:
        if isinstance(index, slice):
            return Records(self._items[index], self._read)
        return self._read(self._items[index])

    def __iter__(self) -> Iterator[Record]:
        return (self._read(item) for item in self._items)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the images, in their order; nothing is read for it."""
        return tuple(item.name for item in self._items)

    def named(self, name: str) -> Record:
        """Read the image of a name.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        AnnotatedImage, LabelledImage or ScribbledImage
            Its record.

        Raises
        ------
        KeyError
            If there is no image of this name.
        """
        for item in self._items:
            if item.name == name:
                return self._read(item)
        raise KeyError(f"expected the name of one of {len(self)} images, got {name!r}")
