"""The files of the command: which it reads, which it writes, and how it writes them.

A file appears under its name only when it is whole, and none is replaced unless that is wanted.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OVERLAY_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


@dataclass(frozen=True)
class Job:
    """A photograph, and the label map and the overlay to make from it."""

    photo: Path
    labels_file: Path
    overlay_file: Path | None

    @property
    def targets(self) -> list[Path]:
        """The files to write."""
        return [file for file in (self.labels_file, self.overlay_file) if file is not None]


def plan_jobs(args: argparse.Namespace) -> list[Job]:
    """Choose the files to write for each photograph."""
    several = len(args.photos) > 1
    into_folder = several or args.out.is_dir() or args.out.suffix == ""
    if several and (args.out.suffix.lower() == ".png" or args.out.is_file()):
        args.usage_error(f"--out must be a folder for several photographs, got {args.out}")
    if several and args.overlay:
        args.usage_error("--overlay names one file: leave it out for several photographs")
    if args.overlay and args.no_overlay:
        args.usage_error("--overlay and --no-overlay contradict each other")
    if not into_folder and args.out.suffix.lower() != ".png":
        args.usage_error(f"--out must end in .png, which keeps labels exact, got {args.out}")
    if args.overlay and args.overlay.suffix.lower() not in OVERLAY_FORMATS:
        args.usage_error(f"--overlay must end in {', '.join(OVERLAY_FORMATS)}, got {args.overlay}")
    jobs = []
    for photo in args.photos:
        if into_folder:
            labels_file = args.out / f"{photo.stem}_labels.png"
            overlay_file = args.out / f"{photo.stem}_overlay.png"
        else:
            labels_file = args.out
            overlay_file = args.out.with_name(f"{args.out.stem}_overlay.png")
        jobs.append(
            Job(photo, labels_file, None if args.no_overlay else args.overlay or overlay_file)
        )
    return jobs


def check_targets(jobs: Sequence[Job], force: bool) -> None:
    """Check that all files can be written, each once, and that none is a photograph."""
    photos = {job.photo.resolve() for job in jobs}
    seen: set[Path] = set()
    for target in (target for job in jobs for target in job.targets):
        file = target.resolve()
        if file in photos:
            raise ValueError(f"{target} is a photograph of this run and would be overwritten")
        if file in seen:
            raise ValueError(f"{target} would be written twice: rename a photograph or a target")
        seen.add(file)
        _check_target(target, force)


def _check_target(target: Path, force: bool) -> None:
    """Check that a file can be written."""
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {target}: it is a folder")
    if target.exists() and not force:
        raise FileExistsError(f"{target} exists already: choose another name, or add --force")
    folder = next(parent for parent in target.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise NotADirectoryError(f"cannot write {target}: {folder} is not a folder")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"cannot write {target}: no permission to write into {folder}")


def write_files(contents: Mapping[Path, bytes], force: bool) -> None:
    """Write files so that each appears under its name only when it is whole."""
    parts = {target: target.with_name(f".{target.name}.{os.getpid()}.part") for target in contents}
    try:
        for target, content in contents.items():
            _check_target(target, force)  # once more: the computation took its time
            target.parent.mkdir(parents=True, exist_ok=True)
            parts[target].write_bytes(content)
        for target, part in parts.items():
            part.replace(target)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
