"""Time one iteration of Kanezaki 2018: Algorithm 1 as it is written, and seglib.

Both run in this one call, each in a process of its own, in turns, on the same image, superpixels
and initial weights, at the paper's settings (321×481 pixels, p = q = 100, M = 2, K = 10,000).
The plain form is the transcription that the tests use as oracle: a Python loop over superpixels.

    python benchmarks/kanezaki2018.py --iterations 20 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from oracles import algorithm_1  # noqa: E402

from seglib import kanezaki2018  # noqa: E402
from seglib.devices import pick_device  # noqa: E402
from seglib.images import load_image, photograph, resize_image  # noqa: E402
from seglib.superpixels import slic_superpixels  # noqa: E402

FORMS = ("plain", "float32", "bfloat16")


def main() -> None:
    """Run the forms in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="auto", help="device of seglib's rows")
    parser.add_argument("--image", help="a photograph of your own; default: a bundled one")
    parser.add_argument("--form", choices=FORMS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.iterations < 3:
        parser.error(f"--iterations must be at least 3, got {args.iterations}")
    if args.form:
        print(json.dumps(seconds(args)))
        return
    times: dict[str, list[float]] = {form: [] for form in FORMS}
    for _ in range(args.rounds):
        for form in FORMS:
            command = [sys.executable, __file__, "--form", form, *sys.argv[1:]]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            times[form].append(json.loads(answer.stdout))
    print_table(times, args)


def seconds(args: argparse.Namespace) -> float:
    """Return the mean time of an iteration of one form, the first two left out."""
    image = load_image(args.image) if args.image else photograph("coffee")
    image = resize_image(image, (321, 481))
    superpixels = slic_superpixels(image)
    device = pick_device(args.device)
    if args.form == "plain":
        torch.manual_seed(0)
        run = algorithm_1(image, superpixels, kanezaki2018.SegmentationNet(), args.iterations)
    else:
        run = kanezaki2018.steps(
            image,
            superpixels=superpixels,
            num_steps=args.iterations,
            device=device,
            precision=args.form,
        )
    next(run), next(run)
    synchronize(device)
    start = time.perf_counter()
    for _ in run:
        pass
    synchronize(device)
    return (time.perf_counter() - start) / (args.iterations - 2)


def synchronize(device: torch.device) -> None:
    """Wait for a GPU to finish what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def print_table(times: dict[str, list[float]], args: argparse.Namespace) -> None:
    """Print seconds an iteration and the speed against the plain form, round by round."""
    device = pick_device(args.device)
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads; seglib on {device}")
    print(f"321x481, p = q = 100, M = 2, K = 10,000; {args.iterations} iterations")
    print(f"{'form':28} {'s/iteration':>12} {'times faster, by round':>26}")
    names = {"plain": "Algorithm 1, Python loop"}
    for form, values in times.items():
        ratios = [plain / value for plain, value in zip(times["plain"], values, strict=True)]
        shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        name = names.get(form, f"seglib, {form}")
        print(f"{name:28} {statistics.median(values):12.3f} {shown:>26}")


if __name__ == "__main__":
    main()
