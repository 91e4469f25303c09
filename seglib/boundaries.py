"""Boundary precision and recall: whether the lines are where the annotators drew them.

Boundary pixels of two maps are paired one to one within a small distance, so that a thick or
doubled line finds no more partners than a thin one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seglib.checks import check_numbers
from seglib.labels import find_boundaries
from seglib.overlaps import check_annotations


class BoundaryCounts(NamedTuple):
    """Boundary pixels of one image that found a partner: plain integers, ready to be added.

    Attributes
    ----------
    right : int
        Boundary pixels of the map with a partner in at least one annotation.
    drawn : int
        Boundary pixels of the map.
    found : int
        True boundary pixels with a partner, summed over the annotations.
    true : int
        True boundary pixels, summed over the annotations.
    """

    right: int
    drawn: int
    found: int
    true: int

    def precision_recall_f(self) -> tuple[float, float, float]:
        """Precision, recall and their harmonic mean F.

        Returns
        -------
        precision, recall, f : float
            Values in 0..1. Precision is 1 if nothing is drawn, recall 1 if there is nothing to
            find, and F is 0 if both are.
        """
        precision = self.right / self.drawn if self.drawn else 1.0
        recall = self.found / self.true if self.true else 1.0
        both = precision + recall
        return precision, recall, 2 * precision * recall / both if both else 0.0


def boundary_f_measure(
    labels: Tensor, annotations: Sequence[Tensor], *, tolerance: float = 0.0075
) -> tuple[float, float, float]:
    """Precision, recall and F of the boundary pixels of one image.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map to score, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator; a tensor (A, H, W) will do.
    tolerance : float, optional
        Largest distance of two partners, as a share of the diagonal of the image; 0.0075 is
        4.3 pixels at 321 × 481.

    Returns
    -------
    precision : float
        Share of the boundary pixels of the map with a partner in at least one annotation.
    recall : float
        Share of the true boundary pixels with a partner, over all annotations.
    f : float
        Harmonic mean of the two.

    Raises
    ------
    TypeError
        If a map is not int64, or `tolerance` is not a number.
    ValueError
        If there is no annotation, a map is empty, not 2-D or negative, if shapes differ, or if
        `tolerance` is negative.

    Notes
    -----
    For a set, add up the counts of `count_boundary_matches` over its images and take the F of
    the sums. A blank map draws nothing: precision 1, recall 0, F 0. Both maps are drawn by
    `seglib.labels.find_boundaries` and not thinned further, so the figures are close to those
    of the Berkeley benchmark, which thins its lines, and not to be mixed with them.

    References
    ----------
    D. Martin, C. Fowlkes, J. Malik, "Learning to detect natural image boundaries using local
    brightness, color, and texture cues", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 26, 2004. P. Arbeláez et al., "Contour detection and hierarchical image
    segmentation", the same 33, 2011.

    Examples
    --------
    >>> true_labels = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1]])
    >>> boundary_f_measure(torch.tensor([[0, 1, 2, 2], [0, 1, 2, 2]]), [true_labels])
    (0.5, 1.0, 0.6666666666666666)
    """
    return count_boundary_matches(labels, annotations, tolerance=tolerance).precision_recall_f()


def count_boundary_matches(
    labels: Tensor, annotations: Sequence[Tensor], *, tolerance: float = 0.0075
) -> BoundaryCounts:
    """Count the boundary pixels of one image that find a partner.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map to score, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator.
    tolerance : float, optional
        As in `boundary_f_measure`.

    Returns
    -------
    BoundaryCounts
        The counts; those of several images may be added field by field.

    Raises
    ------
    TypeError
        If a map is not int64, or `tolerance` is not a number.
    ValueError
        If there is no annotation, a map is empty, not 2-D or negative, if shapes differ, or if
        `tolerance` is negative.

    Examples
    --------
    >>> labels = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1]])
    >>> count_boundary_matches(torch.zeros_like(labels), [labels, labels])
    BoundaryCounts(right=0, drawn=0, found=0, true=4)
    """
    check_annotations(labels, annotations)
    check_numbers(0.0, tolerance=tolerance)
    lines = find_boundaries(labels)
    right = torch.zeros(lines.numel(), dtype=torch.bool)
    found = true = 0
    for truth in annotations:
        true_lines = find_boundaries(truth)
        partners = match_boundaries(lines, true_lines, radius=tolerance * math.hypot(*lines.shape))
        right[partners[partners >= 0]] = True
        found += int((partners >= 0).sum())
        true += int(true_lines.sum())
    return BoundaryCounts(int(right.sum()), int(lines.sum()), found, true)


def match_boundaries(boundaries: Tensor, true_boundaries: Tensor, *, radius: float) -> Tensor:
    """Pair as many boundary pixels as possible, one to one, within a distance.

    Parameters
    ----------
    boundaries, true_boundaries : Tensor, bool, shape (H, W)
        Boundary pixels of two maps of one image.
    radius : float
        Largest distance of two partners, in pixels.

    Returns
    -------
    Tensor, int64, shape (T,)
        For each true boundary pixel, in reading order, the place of its partner in the
        flattened image, or -1.

    Raises
    ------
    TypeError
        If a map is not bool, or `radius` is not a number.
    ValueError
        If the maps are not 2-D, or shapes differ, or if `radius` is negative.

    Notes
    -----
    The number of pairs is the largest possible. Pixels are first paired from the smallest
    distance to the largest; then augmenting paths are searched, from all true pixels left at
    once, each growing a tree that shares no pixel with the others, until there is none. So
    partners are near each other, but the sum of distances is not the smallest one. Pixels
    that the first step pairs may change their partners later, but they keep one.

    References
    ----------
    A. Azad, A. Buluç, A. Pothen, "Computing maximum cardinality matchings in parallel on
    bipartite graphs via tree-grafting", IEEE Transactions on Parallel and Distributed Systems
    28, 2017 (the search from many pixels at once).

    Examples
    --------
    >>> boundaries = torch.tensor([[True, True, False, False]])
    >>> match_boundaries(boundaries, torch.tensor([[False, True, True, True]]), radius=1)
    tensor([ 0,  1, -1])
    """
    for name, lines in {"boundaries": boundaries, "true_boundaries": true_boundaries}.items():
        if not isinstance(lines, Tensor) or lines.dtype != torch.bool:
            raise TypeError(f"{name} must be a bool tensor, got {getattr(lines, 'dtype', lines)}")
        if lines.ndim != 2 or lines.shape != boundaries.shape:
            shapes = f"{tuple(boundaries.shape)} and {tuple(true_boundaries.shape)}"
            raise ValueError(f"boundary maps must share one shape (H, W), got {shapes}")
    check_numbers(0.0, radius=radius)
    margin = int(radius)
    drawn = np.pad(boundaries.cpu().numpy(), margin)
    places = np.flatnonzero(np.pad(true_boundaries.cpu().numpy(), margin))
    steps = _steps_within(radius, drawn.shape[1])
    partner, owner = _pair_nearest(drawn.ravel(), places, steps)
    while _augment(drawn.ravel(), places, steps, partner, owner):
        pass
    rows, columns = np.divmod(partner, drawn.shape[1])
    unpadded = (rows - margin) * boundaries.shape[1] + columns - margin
    return torch.from_numpy(np.where(partner < 0, -1, unpadded))


def _steps_within(radius: float, width: int) -> np.ndarray:
    """Steps in the flattened image to all pixels within the radius, the nearest first."""
    reach = np.arange(-int(radius), int(radius) + 1)
    down, right = (steps.ravel() for steps in np.meshgrid(reach, reach, indexing="ij"))
    squares = down**2 + right**2
    nearest = np.argsort(squares, kind="stable")
    nearest = nearest[squares[nearest] <= radius**2]
    return down[nearest] * width + right[nearest]


def _pair_nearest(
    drawn: np.ndarray, places: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pair true pixels at `places` with free drawn pixels, step by step.

    Returns the place of each true pixel's partner, and the true pixel that owns each place.
    """
    partner = np.full(len(places), -1)
    owner = np.full(len(drawn), -1)
    free = np.arange(len(places))
    for step in steps:  # one step never leads two pixels to the same place
        there = places[free] + step
        fits = drawn[there] & (owner[there] < 0)
        partner[free[fits]] = there[fits]
        owner[there[fits]] = free[fits]
        free = free[~fits]
    return partner, owner


def _augment(
    drawn: np.ndarray,
    places: np.ndarray,
    steps: np.ndarray,
    partner: np.ndarray,
    owner: np.ndarray,
) -> int:
    """Grow trees from all free true pixels, and flip the path of each that ends at a free place.

    Changes `partner` and `owner`, and returns the number of paths.
    """
    front = np.flatnonzero(partner < 0)  # true pixels from which the trees grow
    root = np.full(len(places), -1)
    root[front] = front
    parent = np.full(len(drawn), -1)  # true pixel from which each place was reached
    ends = np.full(len(places), -1)  # free place that each tree reached
    while len(front):
        there = (places[front][:, None] + steps).ravel()
        new = drawn[there] & (parent[there] < 0)
        there, first = np.unique(there[new], return_index=True)
        parent[there] = np.repeat(front, len(steps))[new][first]
        tree = root[parent[there]]
        owned = owner[there] >= 0
        ends[tree[~owned]] = there[~owned]  # of several ends of one tree, the last is kept
        there, tree = there[owned], tree[owned]
        growing = ends[tree] < 0
        front = owner[there[growing]]
        root[front] = tree[growing]
    at = ends[ends >= 0]
    num_paths = len(at)
    while len(at):  # step back along all paths at once: they share no pixel
        pixels = parent[at]
        before = partner[pixels]
        partner[pixels], owner[at] = at, pixels
        at = before[before >= 0]
    return num_paths
