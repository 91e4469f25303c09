"""Make the picture of the README: ``python tools/readme_picture.py``.

A bundled photograph beside the labels that the first chapter's method finds in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from seglib import kanezaki2018, plotting
from seglib.images import photograph

TARGET = Path(__file__).resolve().parents[1] / "_assets" / "readme.webp"
GAP = 12  # transparent pixels between the two


def draw(name: str, size: int, num_steps: int) -> np.ndarray:
    """Draw a photograph and its segmentation side by side.

    Parameters
    ----------
    name : str
        One of `seglib.images.PHOTOGRAPHS`.
    size : int
        Longest side of each of the two, in pixels.
    num_steps : int
        Iterations of the method.

    Returns
    -------
    ndarray, uint8, shape (H, 2 W + gap, 4)
        RGBA picture; the gap is transparent, so that it suits a light and a dark page.
    """
    image = photograph(name, size=size)
    labels = kanezaki2018.segment(image, num_steps=num_steps, seed=0).cpu()
    height, width = labels.shape
    picture = np.zeros((height, 2 * width + GAP, 4), dtype=np.uint8)
    picture[:, :width, :3] = plotting.to_uint8(image)
    picture[:, -width:, :3] = plotting.overlay(image, labels)
    picture[:, :width, 3] = picture[:, -width:, 3] = 255
    return picture


def main() -> int:
    """Write the picture and say where.

    Returns
    -------
    int
        Exit status.
    """
    picture = draw("coffee", size=360, num_steps=100)
    Image.fromarray(picture).save(TARGET, quality=85)
    print(f"{TARGET} ({TARGET.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
