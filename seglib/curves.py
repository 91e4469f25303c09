"""Precision, recall and average precision of segments over a whole set (Kanezaki 2018).

`seglib.protocols.count_right_segments` makes the counts of one image; they are plain integers,
so those of many images can be stored and scored later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

RECALLS = ("matched_truth", "right_segments")
INTEGRATIONS = ("step", "trapezoid", "interpolated", "eleven_point")


class SegmentCounts(NamedTuple):
    """Right segments of one image by size: plain integers, ready to be stored.

    Attributes
    ----------
    threshold : float
        IoU that a right segment exceeds.
    sizes : tuple of int
        Sizes that occur, in pixels, in decreasing order.
    segments : tuple of int
        Segments of each size.
    right : tuple of int
        Right segments of each size.
    found : tuple of int
        True segments whose partner has this size.
    num_true : int
        True segments in all.
    """

    threshold: float
    sizes: tuple[int, ...]
    segments: tuple[int, ...]
    right: tuple[int, ...]
    found: tuple[int, ...]
    num_true: int


def precision_recall_curve(
    counts: Iterable[SegmentCounts],
    *,
    recall: Literal["matched_truth", "right_segments"] = "matched_truth",
) -> tuple[Tensor, Tensor, Tensor]:
    """Precision and recall when segments are taken in order of decreasing size.

    Parameters
    ----------
    counts : iterable of SegmentCounts
        The cases of all images of a set.
    recall : {"matched_truth", "right_segments"}, optional
        Share of the true segments that have a right segment, or right segments over the number
        of true ones. They differ only if annotators are merged.

    Returns
    -------
    precision, recall : Tensor, float64, shape (P,)
        Values once all segments of at least each size are taken. Equal sizes come together, so
        the order of the images does not matter.
    sizes : Tensor, int64, shape (P,)
        Sizes in pixels, in decreasing order.

    Raises
    ------
    ValueError
        If there are no counts, if their thresholds differ, or if `recall` is not known.

    References
    ----------
    A. Kanezaki, "Unsupervised image segmentation by backpropagation", ICASSP 2018, Figure 4.

    Examples
    --------
    >>> counts = SegmentCounts(0.5, (9, 2), (1, 3), (1, 1), (1, 1), num_true=4)
    >>> precision_recall_curve([counts])
    (tensor([1.0000, 0.5000], dtype=torch.float64), tensor([0.2500, 0.5000], dtype=torch.float64),
    tensor([9, 2]))
    """
    if recall not in RECALLS:
        raise ValueError(f"recall must be one of {RECALLS}, got {recall!r}")
    counts = list(counts)
    thresholds = {case.threshold for case in counts}
    if len(thresholds) != 1:
        raise ValueError(f"counts must have one threshold, got {sorted(thresholds) or 'no counts'}")
    sizes, where = np.unique(np.concatenate([case.sizes for case in counts]), return_inverse=True)
    taken, right, found = (
        np.bincount(where, np.concatenate(values), len(sizes))[::-1].cumsum()
        for values in zip(
            *((case.segments, case.right, case.found) for case in counts), strict=True
        )
    )
    num_true = sum(case.num_true for case in counts)
    hits = found if recall == "matched_truth" else right
    curve = (right / taken, hits / num_true, sizes[::-1].copy())
    return tuple(torch.from_numpy(values) for values in curve)


def precision_recall_f(
    counts: SegmentCounts,
    *,
    recall: Literal["matched_truth", "right_segments"] = "matched_truth",
) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean F for all segments of one case.

    Parameters
    ----------
    counts : SegmentCounts
        One case. The F of an image with several cases is the mean of theirs.
    recall : {"matched_truth", "right_segments"}, optional
        As in `precision_recall_curve`.

    Returns
    -------
    precision, recall, f : float
        Values in 0..1; F is 0 if nothing is right.

    Raises
    ------
    ValueError
        If `recall` is not known.

    References
    ----------
    A. Kanezaki, "Unsupervised image segmentation by backpropagation", ICASSP 2018, Figure 3.

    Examples
    --------
    >>> precision_recall_f(SegmentCounts(0.5, (9, 2), (1, 3), (1, 1), (1, 1), num_true=2))
    (0.5, 1.0, 0.6666666666666666)
    """
    precisions, recalls, _ = precision_recall_curve([counts], recall=recall)
    both = float(precisions[-1]), float(recalls[-1])
    return *both, 2 * both[0] * both[1] / sum(both) if sum(both) else 0.0


def average_precision(
    counts: Iterable[SegmentCounts],
    *,
    recall: Literal["matched_truth", "right_segments"] = "matched_truth",
    integration: Literal["step", "trapezoid", "interpolated", "eleven_point"] = "step",
) -> float:
    """Area under the precision-recall curve of a set.

    Parameters
    ----------
    counts : iterable of SegmentCounts
        The cases of all images.
    recall : {"matched_truth", "right_segments"}, optional
        As in `precision_recall_curve`.
    integration : {"step", "trapezoid", "interpolated", "eleven_point"}, optional
        Precision at the end of each step of recall; the mean of both ends; the best precision
        at this recall or a larger one; the mean of that at recalls 0, 0.1 … 1.

    Returns
    -------
    float
        Value in 0..1.

    Raises
    ------
    ValueError
        If there are no counts, if their thresholds differ, or if an option is not known.

    References
    ----------
    A. Kanezaki, "Unsupervised image segmentation by backpropagation", ICASSP 2018, Section 3.

    Examples
    --------
    >>> counts = SegmentCounts(0.5, (9, 2), (1, 3), (1, 1), (1, 1), num_true=4)
    >>> average_precision([counts])
    0.375
    """
    precisions, recalls, _ = (
        values.numpy() for values in precision_recall_curve(counts, recall=recall)
    )
    if integration not in INTEGRATIONS:
        raise ValueError(f"integration must be one of {INTEGRATIONS}, got {integration!r}")
    best = np.maximum.accumulate(precisions[::-1])[::-1]  # at this recall or a larger one
    if integration == "eleven_point":
        at = [best[recalls >= tenth / 10 - 1e-12] for tenth in range(11)]
        return float(np.mean([values[0] if len(values) else 0.0 for values in at]))
    heights = {
        "step": precisions,
        "trapezoid": (precisions + np.concatenate([precisions[:1], precisions[:-1]])) / 2,
        "interpolated": best,
    }[integration]
    return float((heights * np.diff(recalls, prepend=0.0)).sum())
