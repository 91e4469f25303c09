"""A photograph with segmentations drawn by hand for this book, so that scores need no download.

Three maps of one photograph, from coarse to fine, as the annotators of BSDS500 differ. They are
made for lessons: one picture measures no method, `seglib.datasets` does.
"""

from __future__ import annotations

import math

import torch
from skimage.draw import polygon2mask
from torch import Tensor

from seglib.checks import check_integers
from seglib.images import photograph
from seglib.labels import connected_components

LONGER_SIDE = 600  # pixels of the photograph that the outlines were drawn on
PARTS = ("table", "beyond the table", "saucer", "cup", "inside of the cup", "coffee", "spoon")
GROUPS = (  # the label that each annotator gives to each of the parts
    (0, 0, 1, 1, 1, 1, 1),
    (0, 0, 1, 2, 2, 2, 3),
    (0, 1, 2, 3, 4, 5, 6),
)


def annotated_photograph(*, size: int = LONGER_SIDE) -> tuple[Tensor, list[Tensor]]:
    """Load the photograph *coffee* with three true label maps of it.

    Parameters
    ----------
    size : int
        Longer side in pixels, 9 to 600.

    Returns
    -------
    image : Tensor, float32, shape (3, H, W)
        RGB in 0..1; H is two thirds of W.
    annotations : list of Tensor, int64, shape (H, W)
        Three maps, from coarse to fine: what stands on the table and the rest (2 segments);
        table, saucer, cup and spoon (4); all of `PARTS` (7). Each is a refinement of the one
        before.

    Raises
    ------
    TypeError, ValueError
        If `size` is not an integer, or out of range.

    Notes
    -----
    The outlines are ellipses and polygons, drawn by eye: parts of them lie a few pixels of the
    600 × 400 off the edge. At small sizes a thin part can fall apart; what is cut off then goes
    to a neighbour, so that each label is one segment.

    Examples
    --------
    >>> image, annotations = annotated_photograph(size=60)
    >>> tuple(image.shape), [truth.unique().numel() for truth in annotations]
    ((3, 40, 60), [2, 4, 7])
    """
    check_integers(9, LONGER_SIDE, size=size)
    image = photograph("coffee", size=size)
    height, width = image.shape[1:]
    parts = torch.zeros(height, width, dtype=torch.int64)
    for part, outline in _OUTLINES:
        # the middle of the first pixel lies half a pixel inside, at every size
        corners = [((y + 0.5) * height / 400 - 0.5, (x + 0.5) * width / 600 - 0.5)
                   for x, y in outline]  # fmt: skip
        inside = torch.from_numpy(polygon2mask((height, width), corners))
        if part == "coffee":
            inside &= parts == PARTS.index("inside of the cup")
        parts[inside] = PARTS.index(part)
    parts = _join_splinters(parts)
    return image, [torch.tensor(labels)[parts] for labels in GROUPS]


def _join_splinters(parts: Tensor) -> Tensor:
    """Give each piece that is cut off from the largest of its part to a neighbour, one by one."""
    while True:
        pieces = connected_components(parts)
        areas = pieces.flatten().bincount()
        for part in parts.unique():
            own = pieces[parts == part].unique()
            if len(own) > 1:
                splinter = own[areas[own].argmin()]
                break
        else:
            return parts
        y, x = torch.nonzero(pieces == splinter)[0]  # first in reading order
        before = parts[y, x - 1] if x > 0 else parts[y - 1, x]
        parts = torch.where(pieces == splinter, before, parts)


def _ellipse(
    x: float, y: float, long: float, short: float, degrees: float
) -> list[tuple[float, float]]:
    """Return an ellipse as a polygon: its middle, its half axes, the tilt of the longer one."""
    tilt = math.radians(degrees)
    points = []
    for step in range(90):
        angle = math.tau * step / 90
        along, across = long * math.cos(angle), short * math.sin(angle)
        points.append(
            (
                x + along * math.cos(tilt) - across * math.sin(tilt),
                y + along * math.sin(tilt) + across * math.cos(tilt),
            )
        )
    return points


# fmt: off
_OUTLINES = (  # (x, y) on 600 x 400 pixels; later ones cover earlier ones
    ("beyond the table", [(-1, -1), (152, -1), (-1, 106)]),
    ("saucer", _ellipse(278, 223.5, 203, 162, 10)),
    ("spoon", [
        (398, 70), (410, 66), (424, 73), (423, 82), (415, 115), (404, 160), (393, 195),
        (383, 228), (384, 238), (398, 252), (406, 268), (405, 290), (396, 310), (378, 323),
        (356, 326), (336, 316), (327, 299), (327, 270), (335, 240), (360, 200), (375, 100),
    ]),
    ("cup", [
        (174, 125), (176, 150), (188, 190), (204, 222), (228, 236), (222, 240), (198, 272),
        (197, 290), (205, 302), (218, 307), (231, 304), (240, 290), (252, 280), (285, 285),
        (326, 277), (329, 262), (338, 250), (358, 240), (371, 224), (381, 195), (393, 162),
        (402, 130), (400, 105),
    ]),
    ("cup", _ellipse(290, 112.5, 117, 93, 13)),
    ("inside of the cup", _ellipse(293, 112, 103, 76, 14)),
    ("coffee", [
        (205, 148), (208, 130), (218, 112), (236, 100), (262, 95), (292, 95), (325, 103),
        (350, 118), (364, 138), (370, 158), (366, 186), (318, 205), (260, 205), (215, 180),
    ]),
)
# fmt: on
