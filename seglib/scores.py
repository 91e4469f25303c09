"""All scores of one image in one call, and those of a set: what experiments store and tables show.

The number of segments stands beside every score, because most scores forgive too many of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import torch  # noqa: F401  (the examples use it)
from torch import Tensor

from seglib.boundaries import BoundaryCounts, count_boundary_matches
from seglib.curves import SegmentCounts, average_precision, precision_recall_f
from seglib.labels import count_labels
from seglib.metrics import (
    adjusted_rand_index,
    many_to_one_accuracy,
    matched_accuracy,
    mean_iou,
    normalized_mutual_information,
    probabilistic_rand_index,
    segmentation_covering,
    variation_of_information,
)
from seglib.overlaps import check_annotations
from seglib.protocols import (
    cluster_wise_iou,
    count_right_segments,
    find_segments,
    true_segment_ious,
)

THRESHOLDS = (0.5, 0.7)
ANNOTATORS = ("all", "fine", "coarse")


def score_segmentation(
    labels: Tensor, annotations: Sequence[Tensor], *, connectivity: Literal[4, 8] | None = 4
) -> dict:
    """Score one label map with everything this package has.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map to score, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator.
    connectivity : {4, 8, None}, optional
        Which pixels of a label make one segment, as in `seglib.protocols.find_segments`. None
        is for methods whose labels are segments, such as the graph-based one: these touch by
        corners, too.

    Returns
    -------
    dict
        Numbers, and lists of numbers that `pool_scores` adds up; `json` stores it as it is.
        Numbers: ``num_labels``, ``num_segments``; of the labels, averaged over the annotators,
        ``matched_accuracy``, ``many_to_one_accuracy``, ``mean_iou``, ``cluster_wise_iou``; of
        the segments, averaged likewise, ``adjusted_rand_index``,
        ``normalized_mutual_information``, ``probabilistic_rand_index``,
        ``variation_of_information`` in bits with its parts ``vi_over`` and ``vi_under``,
        ``covering``; and ``f_0.5``, ``f_0.7`` of Kanezaki 2018, averaged over the pairs.
        Lists: ``segment_counts_0.5``, ``segment_counts_0.7`` (one for each annotator),
        ``merged_counts_0.5``, ``merged_counts_0.7`` (one, a segment of any annotator counts),
        ``true_segments_all``, ``…_fine``, ``…_coarse`` (sum of the IoUs and their number, Kim
        2020), ``boundary_counts``.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If there is no annotation, a map is empty, not 2-D or negative, if shapes differ, or if
        `connectivity` is not known.

    Notes
    -----
    Annotations are taken as they are: each of their labels is a segment.

    Examples
    --------
    >>> truth = torch.tensor([[0, 0, 0, 1]])
    >>> scores = score_segmentation(torch.zeros_like(truth), [truth])
    >>> scores["num_segments"], scores["mean_iou"], scores["true_segments_all"]
    (1, 0.375, [1.0, 2])
    """
    check_annotations(labels, annotations)
    segments = find_segments(labels, connectivity=connectivity)
    scores = {
        "num_labels": int(count_labels(labels)),
        "num_segments": int(count_labels(segments)),
        "probabilistic_rand_index": probabilistic_rand_index(segments, annotations),
        "boundary_counts": list(count_boundary_matches(labels, annotations)),
    }
    for metric in (matched_accuracy, many_to_one_accuracy, mean_iou, cluster_wise_iou):
        scores[metric.__name__] = _mean(metric(labels, truth) for truth in annotations)
    for metric in (adjusted_rand_index, normalized_mutual_information):
        scores[metric.__name__] = _mean(metric(segments, truth) for truth in annotations)
    parts = [variation_of_information(segments, truth) for truth in annotations]
    scores["variation_of_information"] = _mean(map(sum, parts))
    scores["vi_over"], scores["vi_under"] = map(_mean, zip(*parts, strict=True))
    scores["covering"] = _mean(segmentation_covering(segments, truth)[0] for truth in annotations)
    for annotators in ANNOTATORS:
        # the segments are at hand: no need to look for components again
        ious = true_segment_ious(segments, annotations, annotators=annotators, connectivity=None)
        scores[f"true_segments_{annotators}"] = [float(ious.sum()), len(ious)]
    for threshold in THRESHOLDS:
        knobs = {"threshold": threshold, "connectivity": None}
        counts = count_right_segments(segments, annotations, **knobs)
        merged = count_right_segments(segments, annotations, annotators="merged", **knobs)
        scores[f"segment_counts_{threshold}"] = [list(case) for case in counts]
        scores[f"merged_counts_{threshold}"] = [list(case) for case in merged]
        scores[f"f_{threshold}"] = _mean(precision_recall_f(case)[2] for case in counts)
    return scores


def pool_scores(scores: Iterable[dict]) -> dict[str, float]:
    """Make the scores of a set from those of its images.

    Parameters
    ----------
    scores : iterable of dict
        What `score_segmentation` returned for each image, stored and read again or not.

    Returns
    -------
    dict of float
        ``num_images``; the mean over the images of each number; ``average_precision_0.5``,
        ``average_precision_0.7`` (Kanezaki 2018, each pair of image and annotator);
        ``average_precision_merged_0.5``, ``average_precision_merged_0.7`` (annotators merged,
        recall over matched true segments); ``miou_all``, ``miou_fine``, ``miou_coarse`` (Kim
        2020); and ``boundary_precision``,
        ``boundary_recall``, ``boundary_f`` of the counts of all images together.

    Raises
    ------
    ValueError
        If there are no scores.

    Examples
    --------
    >>> truth = torch.tensor([[0, 0, 0, 1]])
    >>> table = pool_scores([score_segmentation(truth, [truth])] * 2)
    >>> table["num_segments"], table["miou_all"], table["average_precision_0.5"]
    (2.0, 1.0, 1.0)
    """
    scores = list(scores)
    if not scores:
        raise ValueError("scores must hold at least one image, got none")
    pooled = {"num_images": float(len(scores))}
    for name, value in scores[0].items():
        if isinstance(value, (int, float)):
            pooled[name] = _mean(image[name] for image in scores)
    for threshold in THRESHOLDS:
        for cases, name in (("segment", ""), ("merged", "merged_")):
            images = (image[f"{cases}_counts_{threshold}"] for image in scores)
            counts = (SegmentCounts(*case) for image in images for case in image)
            pooled[f"average_precision_{name}{threshold}"] = average_precision(counts)
    for annotators in ANNOTATORS:
        total, number = np.sum([image[f"true_segments_{annotators}"] for image in scores], axis=0)
        pooled[f"miou_{annotators}"] = float(total / number)
    counts = np.sum([image["boundary_counts"] for image in scores], axis=0).tolist()
    for name, value in zip(
        ("precision", "recall", "f"), BoundaryCounts(*counts).precision_recall_f(), strict=True
    ):
        pooled[f"boundary_{name}"] = value
    return pooled


def _mean(values: Iterable[float]) -> float:
    """Average some numbers."""
    return float(np.mean(list(values)))
