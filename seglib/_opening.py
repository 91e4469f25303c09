"""Find a data set, see whether it is whole, and open one of its splits."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pooch

from seglib._fetching import bring
from seglib._layouts import Item, digest, locate, number_of_images
from seglib._readers import READ
from seglib._records import Records
from seglib._registry import DATASETS, Dataset


def get_dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise ValueError(f"the data set must be one of {', '.join(DATASETS)}; got {name!r}")
    return DATASETS[name]


def data_home(folder: str | os.PathLike | None) -> Path:
    """Return the folder that holds the data sets."""
    chosen = folder if folder is not None else os.environ.get("SEGLIB_DATA") or None
    return Path(pooch.os_cache("seglib")) if chosen is None else Path(chosen).expanduser()


def describe(name: str) -> str:
    """Say what a data set is: images, size, terms, page, and what to cite.

    Parameters
    ----------
    name : str
        One of `DATASETS`.

    Returns
    -------
    str
        Three lines.

    Raises
    ------
    ValueError
        If there is no data set of this name.

    Examples
    --------
    >>> print(describe("mnist"))
    MNIST: 70,000 images, 11.6 MB, no terms stated
    page: http://yann.lecun.com/exdb/mnist/
    cite: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to
    document recognition, Proceedings of the IEEE 86(11), 1998
    """
    dataset = get_dataset(name)
    count = sum(split.count for split in dataset.splits.values())
    return (
        f"{dataset.title}: {count:,} images, {dataset.size / 1e6:.1f} MB, {dataset.terms}\n"
        f"page: {dataset.page}\ncite: {dataset.citation}"
    )


def data_folder(name: str, folder: str | os.PathLike | None = None) -> Path:
    """Find the folder of a data set.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    folder : str or path, optional
        The folder that holds the data sets; by default the one that the environment variable
        ``SEGLIB_DATA`` names, else the cache of the user.

    Returns
    -------
    Path
        The folder of this data set; whether it is whole is for `check` to say.

    Raises
    ------
    ValueError
        If there is no data set of this name.
    FileNotFoundError
        If it is not there; the message names the command that brings it, the size and the terms.

    Examples
    --------
    >>> data_folder("mnist", "no/such/folder")
    Traceback (most recent call last):
    FileNotFoundError: MNIST is not in no/such/folder: `python -m seglib data mnist --folder
    no/such/folder` brings it (11.6 MB, no terms stated); or name the folder that holds it by the
    argument folder or by SEGLIB_DATA
    """
    dataset = get_dataset(name)
    home = data_home(folder)
    for inside in dataset.folders:
        if (home / inside).is_dir():
            return home / inside
    raise FileNotFoundError(
        f"{dataset.title} is not in {home}: {_remedy(name, folder)}; or name the folder that holds "
        "it by the argument folder or by SEGLIB_DATA"
    )


def fetch(name: str, folder: str | os.PathLike | None = None, *, progress: bool = True) -> Path:
    """Bring a data set from its public source, and verify it.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    folder : str or path, optional
        The folder for all data sets, as in `data_folder`.
    progress : bool, default True
        Show the progress of the download on the standard error stream.

    Returns
    -------
    Path
        The folder of this data set. If it is there and whole, nothing is downloaded.

    Raises
    ------
    ValueError
        If there is no data set of this name, or its source sends other bytes than expected.
    FileExistsError
        If the folder is there and not whole. Nothing in it is touched.
    FileNotFoundError
        If it has no reliable public address; the message says how to bring it by hand.
    PermissionError
        If the folder cannot be written.
    OSError
        If the connection is cut, or the disk is full. The same command goes on from there.

    Notes
    -----
    A file or folder has its name only when it is whole and verified: by the SHA-256 of the
    download, and by the digest of the unpacked files. For the nuclei neither is published; there
    the checksums inside the archive and the number of images have to do.
    """
    dataset = get_dataset(name)
    try:
        root = data_folder(name, folder)
    except FileNotFoundError:
        root = data_home(folder) / dataset.folders[0]
        if not dataset.downloads:
            raise
    else:
        faults = verify(name, root)
        if not faults:
            return root
        if not dataset.downloads or dataset.downloads[0].member:
            raise FileExistsError(
                f"{root} is there but not whole ({faults[0]}): move it away, and fetch again"
            )
    above = next(parent for parent in (root, *root.absolute().parents) if parent.exists())
    if not os.access(above, os.W_OK):
        raise PermissionError(f"cannot bring {dataset.title}: no permission to write into {above}")
    bring(dataset, root, functools.partial(verify, name), progress)
    return root


def check(name: str, folder: str | os.PathLike | None = None) -> list[str]:
    """Read all files of a data set, and say what is missing, damaged or changed.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    folder : str or path, optional
        The folder that holds the data sets, as in `data_folder`.

    Returns
    -------
    list of str
        One sentence for each fault, with the name of the file; empty if all is well.

    Raises
    ------
    ValueError
        If there is no data set of this name.
    FileNotFoundError
        If it is not there.

    Notes
    -----
    A file that can be read but has changed shows in the digest of its split, not by its name.
    BSDS500 takes about 20 seconds.
    """
    return all_faults(name, data_folder(name, folder))


# ---- behind them ---------------------------------------------------------------------------------


def open_items(
    name: str, split: str, folder: str | os.PathLike | None, partial: bool
) -> list[Item]:
    """Return the files of a split, which must be whole unless a part is wanted."""
    dataset = get_dataset(name)
    if split not in dataset.splits:
        raise ValueError(
            f"split of {dataset.title} must be one of {', '.join(dataset.splits)}; got {split!r}"
        )
    root = data_folder(name, folder)
    items, gaps = locate(name, root, split)
    found, expected = number_of_images(items), dataset.splits[split].count
    if items and (partial or (found in (expected, None) and not gaps)):
        return items
    gap = f" ({gaps[0]})" if gaps else ""
    take = ", or pass partial=True to take what is there" if items else ""
    raise ValueError(
        f"{dataset.title}, split {split}, must have {expected:,} images, found {found:,} in "
        f"{root}{gap}: {_remedy(name, folder)}{take}"
    )


def open_records(name: str, split: str, folder: str | os.PathLike | None, partial: bool) -> Records:
    """Return the images of a split, to be read one by one."""
    return Records(open_items(name, split, folder, partial), READ[name])


def verify(name: str, root: Path) -> list[str]:
    """Return the faults of a folder; its files are only decoded if no digest speaks for them."""
    dataset = get_dataset(name)
    for split, expected in dataset.splits.items():
        items, _ = locate(name, root, split)
        if not expected.digest or _digest(items) != expected.digest:
            return all_faults(name, root)
    return []


def all_faults(name: str, root: Path) -> list[str]:
    """Read all files of a data set, and return a sentence for each fault."""
    dataset = get_dataset(name)
    faults = []
    for split, expected in dataset.splits.items():
        items, found_faults = locate(name, root, split)
        for item in items:
            try:
                READ[name](item)
            except FileNotFoundError:
                continue  # a gap, which has its sentence already
            except (OSError, ValueError) as error:
                found_faults.append(str(error))
        found = number_of_images(items)
        if found not in (expected.count, None):
            found_faults.insert(
                0,
                f"{dataset.title}, split {split}, must have {expected.count:,} images, "
                f"found {found:,} in {root}",
            )
        if not found_faults and expected.digest and _digest(items) != expected.digest:
            found_faults.append(
                f"{dataset.title}, split {split}, in {root} differs from what was published: all "
                "files can be read, but not all are the same"
            )
        faults += found_faults
    return faults


def _digest(items: list[Item]) -> str:
    try:
        return digest(items)
    except (OSError, EOFError, ValueError):
        return "unreadable"


def _remedy(name: str, folder: str | os.PathLike | None) -> str:
    """Say how to bring a data set, how large it is, and on which terms."""
    dataset = get_dataset(name)
    facts = f"({dataset.size / 1e6:.1f} MB, {dataset.terms})"
    if not dataset.downloads:
        into = data_home(folder) / dataset.folders[0]
        return f"{dataset.by_hand}, in {into}; see {dataset.page} {facts}"
    option = "" if folder is None else f" --folder {os.fspath(folder)}"
    return f"`python -m seglib data {name}{option}` brings it {facts}"
