"""Data sets of the papers: where they come from, whether they are whole, and how to read them.

Each is read from the folder that the argument `folder` names, else the environment variable
``SEGLIB_DATA``, else from the user's cache, where `fetch` puts what it brings. Images are read
when they are asked for; no file is unpickled.
"""

from __future__ import annotations

import os

from torch import Tensor

from seglib._opening import check, data_folder, describe, fetch, open_items, open_records
from seglib._readers import LABELMEFACADE_COLORS, read_mnist
from seglib._records import VOID, AnnotatedImage, LabelledImage, Records, ScribbledImage
from seglib._registry import DATASETS, Dataset, Download, Split

__all__ = [
    "DATASETS",
    "LABELMEFACADE_CLASSES",
    "VOID",
    "AnnotatedImage",
    "Dataset",
    "Download",
    "LabelledImage",
    "Records",
    "ScribbledImage",
    "Split",
    "bsds500",
    "check",
    "data_folder",
    "describe",
    "fetch",
    "grabcut",
    "labelmefacade",
    "mnist",
    "nuclei",
    "weizmann_horses",
]

LABELMEFACADE_CLASSES = tuple(LABELMEFACADE_COLORS)  # label 0 is the first


def bsds500(
    split: str = "test", folder: str | os.PathLike | None = None, *, partial: bool = False
) -> Records:
    """Read the Berkeley segmentation data set: photographs that several people have segmented.

    Parameters
    ----------
    split : {'test', 'val', 'train'}
        200, 100 or 200 images; ``val`` is the test set of the older BSDS300.
    folder : str or path, optional
        The folder that holds the data sets, as in `data_folder`.
    partial : bool, default False
        Take what is there; else a split with fewer images than published is an error, because
        scores on part of the images are not scores on the set.

    Returns
    -------
    Records of AnnotatedImage
        Ordered by name as text; annotations have labels from 0.

    Raises
    ------
    ValueError
        If there is no such split, or it is not whole; later, if a file that is read is damaged.
    FileNotFoundError
        If the data set is not there.

    References
    ----------
    P. Arbeláez et al., IEEE TPAMI 33(5), 2011. Images have 321 × 481 or 481 × 321 pixels.
    """
    return open_records("bsds500", split, folder, partial)


def mnist(
    split: str = "train", folder: str | os.PathLike | None = None, *, partial: bool = False
) -> tuple[Tensor, Tensor]:
    """Read the handwritten digits of MNIST.

    Parameters
    ----------
    split : {'train', 'test'}
        60,000 or 10,000 digits.
    folder, partial : optional
        As in `bsds500`.

    Returns
    -------
    images : Tensor, uint8, shape (N, 28, 28)
        Grey values in 0..255, white on black.
    labels : Tensor, int64, shape (N,)
        The digits.

    Raises
    ------
    ValueError
        If there is no such split, or a file is damaged or has fewer images than published.
    FileNotFoundError
        If the data set is not there.
    """
    (item,) = open_items("mnist", split, folder, partial)
    return read_mnist(item)


def weizmann_horses(folder: str | os.PathLike | None = None, *, partial: bool = False) -> Records:
    """Read the Weizmann horses: 328 photographs of horses with their masks.

    Parameters
    ----------
    folder, partial : optional
        As in `bsds500`.

    Returns
    -------
    Records of LabelledImage
        1 on the horse, 0 around it. The masks are JPEG files: values above 127 count as horse.
        Photographs are larger or smaller than their masks and are resized to them.

    Raises
    ------
    ValueError
        If the set is not whole; later, if a file that is read is damaged.
    FileNotFoundError
        If the data set is not there.
    """
    return open_records("weizmann_horses", "all", folder, partial)


def labelmefacade(
    split: str = "train", folder: str | os.PathLike | None = None, *, partial: bool = False
) -> Records:
    """Read LabelMeFacade: street scenes with eight classes.

    Parameters
    ----------
    split : {'train', 'test'}
        100 or 845 images.
    folder, partial : optional
        As in `bsds500`.

    Returns
    -------
    Records of LabelledImage
        Labels in the order of `LABELMEFACADE_CLASSES`; what its authors call "various" is `VOID`.

    Raises
    ------
    ValueError
        If there is no such split, or it is not whole; later, if a file that is read is damaged.
    FileNotFoundError
        If the data set is not there.

    Notes
    -----
    Metrics refuse `VOID`. Leave its pixels out: ``keep = item.true_labels != VOID``, then score
    ``labels[keep][None]`` against ``item.true_labels[keep][None]``.
    """
    return open_records("labelmefacade", split, folder, partial)


def grabcut(folder: str | os.PathLike | None = None, *, partial: bool = False) -> Records:
    """Read masks and scribbles of the GrabCut set, for its 11 photographs in BSDS500 ``val``.

    Parameters
    ----------
    folder, partial : optional
        As in `bsds500`. The folder holds BSDS500 too.

    Returns
    -------
    Records of ScribbledImage
        1 on the object, 0 around it, `VOID` where nothing is said.

    Raises
    ------
    ValueError
        If the set is not whole; later, if a file that is read is damaged.
    FileNotFoundError
        If the data set is not there.

    Notes
    -----
    A fifth of the second scribbles on the object of 189080 lies outside its mask.
    """
    return open_records("grabcut", "all", folder, partial)


def nuclei(folder: str | os.PathLike | None = None, *, partial: bool = False) -> Records:
    """Read 334 microscope images of cell nuclei, 256 × 256 pixels, of the 2018 Data Science Bowl.

    Parameters
    ----------
    folder, partial : optional
        As in `bsds500`.

    Returns
    -------
    Records of LabelledImage
        0 is the background, each nucleus has a label of its own. The names are the first 16
        characters of the official ones.

    Raises
    ------
    ValueError
        If the set is not whole; later, if a file that is read is damaged.
    FileNotFoundError
        If the data set is not there.
    """
    return open_records("nuclei", "all", folder, partial)
