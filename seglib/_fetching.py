"""Bring the files of a data set: nothing is taken for whole before it is whole and verified.

A download goes on where it was cut off when its hash is known. An archive is unpacked into a
folder beside the target, which gets its name only after it has been checked.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pooch

from seglib._registry import Dataset, Download

TIMEOUT = (15, 60)  # seconds to connect, and between two pieces


def bring(dataset: Dataset, root: Path, check: Callable[[Path], list[str]], progress: bool) -> None:
    """Download and check a data set, and give its folder the name `root`."""
    root.parent.mkdir(parents=True, exist_ok=True)
    if not dataset.downloads[0].member:  # plain files, each verified by its own hash
        for download in dataset.downloads:
            download_file(download, root, progress)
        return
    (download,) = dataset.downloads
    archive = download_file(download, root.parent, progress)
    fresh = root.with_name(f".{root.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)  # of a run that was killed
    try:
        unpack(archive, fresh, download)
        if faults := check(fresh):
            raise ValueError(f"{download.url} did not bring {dataset.title} whole: {faults[0]}")
        fresh.rename(root)
    finally:  # a damaged archive would fail again, a good one is unpacked
        archive.unlink()
        shutil.rmtree(fresh, ignore_errors=True)


def download_file(download: Download, folder: Path, progress: bool) -> Path:
    """Download one file; it appears under its name only when it is whole and has its hash."""
    target = folder / download.file
    part = target.with_name(f".{target.name}.part")
    if not download.sha256:  # pieces of two versions could be put together unseen
        part.unlink(missing_ok=True)
    elif part.exists() and pooch.file_hash(part) == download.sha256:  # killed just before the end
        part.replace(target)
    pooch.get_logger().setLevel("ERROR")
    try:
        pooch.retrieve(
            download.url,
            known_hash=f"sha256:{download.sha256}" if download.sha256 else None,
            fname=target.name,
            path=folder,
            downloader=functools.partial(_download, part=part, progress=progress),
        )
    except ValueError as error:  # pooch has deleted the file
        raise ValueError(f"{download.url} brought other bytes than expected: {error}") from None
    except OSError as error:
        kept = part.stat().st_size if part.exists() else 0
        raise OSError(
            f"the download of {download.url} was cut off ({error}); {kept / 1e6:.1f} MB are here, "
            f"and the same command goes on"
        ) from None
    return target


def _download(url: str, target: str, _: Any, *, part: Path, progress: bool) -> None:
    """Download into `part`, after what is there already, and move it to `target` when whole."""
    start = part.stat().st_size if part.exists() else 0
    whole = None
    with part.open("ab") as file:

        def look(response: Any, *_: Any, **__: Any) -> None:
            nonlocal whole
            if response.status_code == 416:  # nothing is left to send
                file.truncate(0)
            if response.status_code not in (200, 206):
                return
            if response.status_code == 200:  # the server sends all, not the rest
                file.truncate(0)
            length = response.headers.get("Content-Length")
            whole = None if length is None else file.seek(0, 2) + int(length)

        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        pooch.HTTPDownloader(
            progressbar=progress, chunk_size=1 << 16, timeout=TIMEOUT, headers=headers,
            hooks={"response": look},
        )(url, file, None)  # fmt: skip
    if whole is not None and part.stat().st_size != whole:
        raise OSError(f"expected {whole} bytes, got {part.stat().st_size}")
    part.replace(target)


def unpack(archive: Path, folder: Path, download: Download) -> None:
    """Unpack the wanted members of an archive, and only regular files under wanted names."""
    pattern = re.compile(download.member)
    try:
        with _members(archive) as members:
            for name, content in members:
                if match := pattern.fullmatch(name):
                    target = folder / match.expand(download.target)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with content() as source, target.open("wb") as copy:
                        shutil.copyfileobj(source, copy)
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{archive} is truncated or damaged: {error}") from None


@contextlib.contextmanager
def _members(archive: Path) -> Iterator[Iterator[tuple[str, Callable[[], IO[bytes]]]]]:
    """Give name and opener of each regular file of a tar or zip archive."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as pack:
            yield (
                (info.filename, functools.partial(pack.open, info))
                for info in pack.infolist()
                if not info.is_dir()
            )
    else:
        with tarfile.open(archive, "r:gz") as pack:
            yield (
                (info.name, functools.partial(pack.extractfile, info))
                for info in pack
                if info.isfile()
            )
