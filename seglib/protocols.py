"""What the papers count on one image: right segments, true segments found, clusters.

Kanezaki 2018 scores segments: one is right if its best intersection over union (IoU) with a
true segment exceeds a threshold; `seglib.curves` makes the curve of a set. Kim 2020 scores true
segments by their best IoU, and the scene-segmentation study scores clusters. What a text leaves
open is an option with a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from skimage import measure
from torch import Tensor

from seglib.checks import check_label_maps
from seglib.curves import SegmentCounts
from seglib.labels import connected_components, count_labels
from seglib.overlaps import check_annotations, find_overlaps

ANNOTATORS = ("pairs", "merged", "fine", "coarse", "first")
CONNECTIVITIES = (4, 8, None)


def find_segments(labels: Tensor, *, connectivity: Literal[4, 8] | None = 4) -> Tensor:
    """Split labels into the segments that a protocol scores.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map; any values.
    connectivity : {4, 8, None}, optional
        Pixels that touch by an edge, or by a corner too, make one segment; None takes the
        labels as they are.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Segment of each pixel; ``0 .. R-1`` in reading order unless the labels are taken as they
        are. `seglib.labels.count_labels` counts them.

    Raises
    ------
    TypeError
        If the map is not int64.
    ValueError
        If the map is empty or not 2-D, or if `connectivity` is not known.

    Examples
    --------
    >>> labels = torch.tensor([[0, 1], [1, 0]])
    >>> [int(count_labels(find_segments(labels, connectivity=c))) for c in (4, 8, None)]
    [4, 2, 2]
    """
    if connectivity not in CONNECTIVITIES:
        raise ValueError(f"connectivity must be 4, 8 or None, got {connectivity!r}")
    if connectivity == 4:
        return connected_components(labels)
    check_label_maps(labels=labels)
    if connectivity is None:
        return labels
    values = labels.cpu().numpy()
    pieces = measure.label(values, background=values.min() - 1, connectivity=2) - 1
    return torch.from_numpy(pieces.astype("int64")).to(labels.device)


def choose_annotations(
    annotations: Sequence[Tensor],
    annotators: Literal["all", "fine", "coarse", "first"] = "all",
) -> list[Tensor]:
    """Choose among the annotations of one image.

    Parameters
    ----------
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator, values from 0.
    annotators : {"all", "fine", "coarse", "first"}, optional
        All of them, the one with most labels, with fewest, or the first. Ties go to the first.

    Returns
    -------
    list of Tensor
        The maps chosen.

    Raises
    ------
    ValueError
        If there is no annotation, or if `annotators` is not known.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, "Unsupervised learning of image segmentation based on
    differentiable feature clustering", IEEE Transactions on Image Processing 29, 2020 (all,
    fine, coarse).

    Examples
    --------
    >>> maps = [torch.tensor([[0, 0]]), torch.tensor([[0, 1]])]
    >>> choose_annotations(maps, "fine")
    [tensor([[0, 1]])]
    """
    if annotators not in ("all", "fine", "coarse", "first"):
        raise ValueError(
            f"annotators must be 'all', 'fine', 'coarse' or 'first', got {annotators!r}"
        )
    if len(annotations) == 0:
        raise ValueError("annotations must hold at least one true label map, got none")
    if annotators == "all":
        return list(annotations)
    numbers = [int(count_labels(truth)) for truth in annotations]
    wanted = {"fine": max(numbers), "coarse": min(numbers), "first": numbers[0]}[annotators]
    return [annotations[numbers.index(wanted)]]


def count_right_segments(
    labels: Tensor,
    annotations: Sequence[Tensor],
    *,
    threshold: float = 0.5,
    annotators: Literal["pairs", "merged", "fine", "coarse", "first"] = "pairs",
    connectivity: Literal[4, 8] | None = 4,
) -> list[SegmentCounts]:
    """Count the segments of one image that exceed an IoU with a true segment.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map to score, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator; each of its labels is a segment.
    threshold : float, optional
        IoU that a right segment exceeds, in 0.5..1; the paper takes 0.5 and 0.7.
    annotators : {"pairs", "merged", "fine", "coarse", "first"}, optional
        "pairs": each annotator makes a case of its own. "merged": one case, in which a segment
        is right if it meets a true segment of any annotator. The others: one case, with the
        annotator who drew most segments, fewest, or who comes first.
    connectivity : {4, 8, None}, optional
        Pixels that touch by an edge, or by a corner too, make one segment; None takes the
        labels as they are.

    Returns
    -------
    list of SegmentCounts
        One for each case.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If there is no annotation, a map is empty, not 2-D or negative, if shapes differ, or if an
        option is not known.

    Notes
    -----
    The text names none of the options. The default is the plainest protocol that uses all
    annotations; a second reading is "merged". From 0.5 on a segment meets at most one true
    segment of an annotator, and the reverse.

    References
    ----------
    A. Kanezaki, "Unsupervised image segmentation by backpropagation", ICASSP 2018, Section 3.

    Examples
    --------
    >>> truth = torch.tensor([[0, 0, 0, 1]])
    >>> count_right_segments(torch.tensor([[0, 0, 1, 2]]), [truth])
    [SegmentCounts(threshold=0.5, sizes=(2, 1), segments=(1, 2), right=(1, 1), found=(1, 1),
    num_true=2)]
    """
    if annotators not in ANNOTATORS:
        raise ValueError(f"annotators must be one of {ANNOTATORS}, got {annotators!r}")
    if not 0.5 <= threshold < 1:
        raise ValueError(f"threshold must be at least 0.5 and less than 1, got {threshold}")
    check_annotations(labels, annotations)
    all_count = annotators in ("pairs", "merged")
    chosen = choose_annotations(annotations, "all" if all_count else annotators)
    segments = find_segments(labels, connectivity=connectivity)
    cases = []
    for truth in chosen:
        table = find_overlaps(segments, truth)
        hits = table.ious() > threshold
        right = np.isin(np.arange(len(table.areas)), table.rows[hits])
        cases.append((right, table.areas[table.rows[hits]], len(table.true_areas)))
    if annotators == "merged":
        rights, partners, num_true = zip(*cases, strict=True)
        cases = [(np.any(rights, axis=0), np.concatenate(partners), sum(num_true))]
    sizes, inverse = np.unique(table.areas, return_inverse=True)
    counts = []
    for right, partners, num_true in cases:
        groups = (inverse, inverse[right], np.searchsorted(sizes, partners))
        by_size = (np.bincount(group, minlength=len(sizes)) for group in groups)
        rows = (tuple(values[::-1].tolist()) for values in (sizes, *by_size))
        counts.append(SegmentCounts(threshold, *rows, num_true))
    return counts


def true_segment_ious(
    labels: Tensor,
    annotations: Sequence[Tensor],
    *,
    annotators: Literal["all", "fine", "coarse", "first"] = "all",
    connectivity: Literal[4, 8] | None = 4,
) -> Tensor:
    """Best IoU of each true segment of one image with a segment of the map.

    The mIoU of Kim 2020 is the mean of these over all true segments of all images:
    ``torch.cat([true_segment_ious(...) for each image]).mean()``.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map to score, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator; each of its labels is a segment.
    annotators : {"all", "fine", "coarse", "first"}, optional
        As in `choose_annotations`.
    connectivity : {4, 8, None}, optional
        As in `find_segments`.

    Returns
    -------
    Tensor, float64, shape (S,)
        Values in ]0, 1], the true segments of one annotator after those of the other.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If there is no annotation, a map is empty, not 2-D or negative, if shapes differ, or if an
        option is not known.

    Notes
    -----
    Small true segments weigh as much as large ones, and nothing punishes splitting what is
    nobody's segment: show the number of segments beside it. One label for the whole image
    scores 0.0458 (all), 0.0249 (fine) and 0.1001 (coarse) on the test images of BSDS500.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, "Unsupervised learning of image segmentation based on
    differentiable feature clustering", IEEE Transactions on Image Processing 29, 2020.

    Examples
    --------
    >>> truth = torch.tensor([[0, 0, 0, 1]])
    >>> true_segment_ious(torch.zeros_like(truth), [truth])
    tensor([0.7500, 0.2500], dtype=torch.float64)
    """
    check_annotations(labels, annotations)
    segments = find_segments(labels, connectivity=connectivity)
    chosen = choose_annotations(annotations, annotators)
    ious = [find_overlaps(segments, truth).best_ious()[1] for truth in chosen]
    return torch.from_numpy(np.concatenate(ious))


def cluster_wise_iou(labels: Tensor, true_labels: Tensor) -> float:
    """Best IoU of each cluster with a true segment, averaged over the clusters.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Clusters to score, which need not be connected, and true label map, values from 0.

    Returns
    -------
    float
        Mean over the clusters, in ]0, 1]. `seglib.overlaps.best_matches` gives each of them.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    True segments that no cluster meets cost nothing. Table 7.3 of the study does not follow from
    its Tables 7.1 and 7.2 by this rule; ``book/scene_study.ipynb`` looks for one that explains it.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 6.

    Examples
    --------
    >>> labels, true_labels = torch.tensor([[0, 0, 1, 1]]), torch.tensor([[0, 0, 0, 1]])
    >>> round(cluster_wise_iou(labels, true_labels), 3)
    0.583
    """
    return float(find_overlaps(labels, true_labels).best_ious()[0].mean())
