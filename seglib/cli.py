"""The command: ``python -m seglib segment photo.jpg --out labels.png``.

Nothing is computed before all photographs have been read and all targets are known to be free,
and a file appears under its name only when it is whole.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from seglib import __version__, datasets, kanezaki2018, kim2020, plotting
from seglib._files import OVERLAY_FORMATS, Job, check_targets, plan_jobs, write_files
from seglib.devices import pick_device
from seglib.images import MIN_SIDE, load_image, resize_image
from seglib.labels import connected_components, relabel
from seglib.states import Step, last_step

METHODS: dict[str, Callable[..., Iterator[Step]]] = {
    "kanezaki2018": kanezaki2018.steps,
    "kim2020": kim2020.steps,
}
OUT_OF_MEMORY = re.compile("out of memory|allocate memory")  # in the words of PyTorch

EXAMPLES = """\
examples:
  python -m seglib segment photo.jpg
      writes photo_labels.png and photo_overlay.png into the current folder
  python -m seglib segment photo.jpg --out labels.png --iterations 200 --seed 0
      writes labels.png and labels_overlay.png
  python -m seglib segment *.jpg --out results
      writes a pair of files for each photograph into the folder results

The label PNG has the size of the photograph. The value of a pixel is its label: 0 is the label
with the largest area, 1 the next, and so on. The overlay shows the labels over the photograph.

exit codes: 0 done, 1 something is wrong with a file or a value, 2 wrong usage, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``python -m seglib``; by default those of the shell.

    Returns
    -------
    int
        Exit code: 0 done, 1 something is wrong with a file or a value (one sentence on the
        standard error stream says what), 130 interrupted by Ctrl-C.

    Raises
    ------
    SystemExit
        With code 2 for wrong usage, with code 0 after ``--help`` and ``--version``.

    Examples
    --------
    >>> main(["segment", "missing.jpg"])
    1
    """
    args = build_parser().parse_args(argv)
    try:
        return args.run(args)
    except (OSError, ValueError) as error:
        print(f"seglib: {error}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not OUT_OF_MEMORY.search(str(error)):
            raise
        print("seglib: not enough memory for this size; try a smaller --size", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("seglib: interrupted; no file is left half-written", file=sys.stderr)
        return 130


def _run_segment(args: argparse.Namespace) -> int:
    if "continuity_weight" in args and args.method != "kim2020":
        args.usage_error("--continuity is a knob of --method kim2020")
    jobs = plan_jobs(args)
    _check(jobs, args)
    for job in jobs:
        _segment_photo(job, args)
    return 0


def _run_data(args: argparse.Namespace) -> int:
    """List the data sets, or bring or check the one that was named."""
    for name in [args.name] if args.name else datasets.DATASETS:
        print(f"{name}\n{datasets.describe(name)}\n")
    if args.name and args.check:
        faults = datasets.check(args.name, args.folder)
        print("\n".join(faults) or f"{args.name} is whole")
        return 1 if faults else 0
    if args.name:
        print(datasets.fetch(args.name, args.folder))
    return 0


# ---- options -------------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command.

    Returns
    -------
    argparse.ArgumentParser
        Parser with the subcommands ``segment`` and ``data``.

    Examples
    --------
    >>> build_parser().parse_args(["segment", "photo.jpg", "--seed", "3"]).seed
    3
    """
    parser = argparse.ArgumentParser(
        prog="python -m seglib", description="Segment images without labels."
    )
    parser.add_argument("--version", action="version", version=f"seglib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    segment = commands.add_parser(
        "segment",
        help="segment photographs",
        description="Segment each photograph and write its label map and an overlay.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    segment.set_defaults(run=_run_segment, usage_error=segment.error)
    segment.add_argument("photos", nargs="+", type=Path, metavar="photo", help="image file")
    _add_files(segment.add_argument_group("files"))
    _add_run(segment.add_argument_group("computation"))
    _add_knobs(segment.add_argument_group("knobs of the method"))
    data = commands.add_parser("data", help="list, bring or check the data sets of the experiments")
    data.set_defaults(run=_run_data)
    data.add_argument("name", nargs="?", choices=datasets.DATASETS, help="default: list all")
    data.add_argument("--folder", help="where the data sets lie (default: SEGLIB_DATA, or a cache)")
    data.add_argument("--check", action="store_true", help="only check what is there")
    return parser


def _add_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--out", "-o", type=Path, default=Path(), metavar="PATH",
        help="label PNG to write, or a folder for <photo>_labels.png and <photo>_overlay.png; "
        "with several photographs always a folder (default: the current folder)",
    )  # fmt: skip
    group.add_argument(
        "--overlay", type=Path, metavar="PATH",
        help="overlay to write, .png, .jpg or .webp (default: beside the labels)",
    )  # fmt: skip
    group.add_argument("--no-overlay", action="store_true", help="write no overlay")
    group.add_argument("--force", action="store_true", help="replace files that exist")


def _add_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--method", choices=METHODS, default="kanezaki2018", help="(%(default)s)")
    group.add_argument(
        "--size", type=_integer(MIN_SIDE, or_zero=True), default=481, metavar="N",
        help="compute at this longest side in pixels, 0 for the full size; smaller photographs "
        "are not enlarged, and the labels are scaled back to the size of the photograph "
        "(default: %(default)s, as the images in the paper)",
    )  # fmt: skip
    group.add_argument(
        "--min-labels", type=_integer(1), default=3, metavar="N",
        help="stop before fewer labels than this are left (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--device", default="auto",
        help="cpu, cuda, mps; auto takes a GPU when there is one (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--max-pixels", type=_integer(1), default=50_000_000, metavar="N",
        help="refuse photographs with more pixels (default: %(default)s)",
    )  # fmt: skip


def _add_knobs(group: argparse._ArgumentGroup) -> None:
    """Add the knobs; each has the name of its keyword of the method, which holds the default."""
    parameters = [dict(inspect.signature(method).parameters) for method in METHODS.values()]
    defaults = parameters[1] | parameters[0]

    def add(option: str, keyword: str, kind: Callable[[str], object], text: str) -> None:
        text = f"{text} (default: {defaults[keyword].default})"
        group.add_argument(
            option, dest=keyword, type=kind, default=argparse.SUPPRESS, metavar="N", help=text
        )

    add("--iterations", "num_steps", _integer(1), "iterations")
    add("--seed", "seed", _integer(0, 2**63 - 1), "seed of the initial weights")
    add("--learning-rate", "learning_rate", float, "step size of gradient descent")
    add("--components", "num_components", _integer(1), "convolutional components of the network")
    add("--filters", "num_filters", _integer(1), "filters of each convolution")
    add("--labels", "num_labels", _integer(1, plotting.MAX_LABELS), "labels, at most 256")
    add("--superpixels", "num_superpixels", _integer(0), "superpixels, 0 for none; kim2020: none")
    add("--continuity", "continuity_weight", float, "weight of the continuity loss of kim2020")
    add("--compactness", "compactness", float, "compactness of the superpixels")


def _integer(
    minimum: int, maximum: int | None = None, *, or_zero: bool = False
) -> Callable[[str], int]:
    """Return a type for an option: a whole number within bounds, or zero where that has a sense."""

    def integer(text: str) -> int:
        value = int(text)
        if value < minimum and not (or_zero and value == 0):
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {value}")
        if maximum is not None and value > maximum:
            raise argparse.ArgumentTypeError(f"must be at most {maximum}, got {value}")
        return value

    return integer


# ---- computation ---------------------------------------------------------------------------------


def _check(jobs: Sequence[Job], args: argparse.Namespace) -> None:
    """Check all targets, the device and all photographs, before anything is computed."""
    check_targets(jobs, force=args.force)
    pick_device(args.device)
    for job in jobs:
        load_image(job.photo, max_pixels=args.max_pixels)


def _segment_photo(job: Job, args: argparse.Namespace) -> None:
    """Segment one photograph, write its files, and print what was found and where it lies."""
    started = time.perf_counter()
    photo = load_image(job.photo, max_pixels=args.max_pixels)
    image = resize_image(photo, args.size) if args.size else photo
    found, effort = _run_method(image, args, job.photo.name)
    labels = relabel(_enlarge_labels(found.cpu(), photo.shape[1:]))
    write_files(_draw_files(job, photo, labels), args.force)
    pieces = int(connected_components(labels).max()) + 1
    print(
        f"{job.photo}: {int(labels.max()) + 1} labels in {pieces} connected segments, {effort}, "
        f"{time.perf_counter() - started:.1f} s on {found.device}"
    )
    for target in job.targets:
        print(f"  {target}")


def _run_method(image: Tensor, args: argparse.Namespace, name: str) -> tuple[Tensor, str]:
    """Return the labels of an image, and in words how many iterations they took."""
    steps = METHODS[args.method]
    keywords = inspect.signature(steps).parameters
    knobs = {key: value for key, value in vars(args).items() if key in keywords}
    if knobs.get("num_superpixels") == 0:
        knobs["num_superpixels"] = None
    total = knobs.get("num_steps", keywords["num_steps"].default)
    terminal = sys.stderr.isatty()
    done = 0

    def watched() -> Iterator[Step]:
        nonlocal done
        for state in steps(image, **knobs):
            done = state.step
            if bar.update() or done == total:  # only when it is redrawn, the host asks for numbers
                bar.set_postfix(loss=f"{float(state.loss):.3f}", labels=int(state.num_labels))
            yield state

    if not terminal:
        print(f"{name}: up to {total} iterations", file=sys.stderr)
    with tqdm(total=total, desc=name, file=sys.stderr, disable=not terminal) as bar:
        labels, step = last_step(watched(), args.min_labels)
    if step == total:
        return labels, f"{total} iterations"
    return labels, f"iteration {step} of {total}, after it fewer than {args.min_labels} labels"


def _enlarge_labels(labels: Tensor, size: Sequence[int]) -> Tensor:
    """Scale a label map to the size of the photograph; each pixel takes the nearest label."""
    enlarged = F.interpolate(labels[None, None].float(), tuple(size), mode="nearest-exact")
    return enlarged[0, 0].long()


def _draw_files(job: Job, photo: Tensor, labels: Tensor) -> dict[Path, bytes]:
    """Return the content of each file; the ending of the overlay decides its format."""
    colors = plotting.label_colors(labels)
    contents = {job.labels_file: plotting.encode_palette_png(labels, colors)}
    if job.overlay_file is not None:
        picture = Image.fromarray(plotting.overlay(photo, labels, colors=colors))
        kind = OVERLAY_FORMATS[job.overlay_file.suffix.lower()]
        contents[job.overlay_file] = plotting.save_picture(picture, kind, quality=90)
    return contents
