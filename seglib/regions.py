"""Scores of a label map by intersection over union, region by region.

`seglib.metrics` offers the functions of this module, too.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch  # noqa: F401  (the examples use it)
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from seglib.overlaps import find_overlaps

Matching = Literal["one_to_one", "many_to_one"]


def mean_iou(labels: Tensor, true_labels: Tensor, *, matching: Matching = "one_to_one") -> float:
    """Intersection over union of each true label with what stands for it, averaged.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Label map to score and true label map, values from 0.
    matching : {"one_to_one", "many_to_one"}, optional
        Whether each true label gets one label, by the assignment with the most pixels right
        (the pairing of `matched_accuracy`), or all labels that meet it more than any other.

    Returns
    -------
    float
        Mean over the true labels that a pixel carries, in 0..1; 1 means equal up to the names
        (with "many_to_one": up to names and splits).

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, if the shapes differ, or if `matching` is not
        known.

    Notes
    -----
    A true label that nothing stands for counts as 0. Labels without a true label stand for
    none, and take no pixel from a union. Several assignments may be best; SciPy picks one. The
    assignment is the best for the pixels, which need not be the best for this mean. A label
    that meets two true labels equally often stands for the smaller one.

    Examples
    --------
    >>> labels = torch.tensor([[0, 0, 1], [2, 2, 1]])
    >>> true_labels = torch.tensor([[0, 0, 1], [0, 0, 1]])
    >>> mean_iou(labels, true_labels), mean_iou(labels, true_labels, matching="many_to_one")
    (0.75, 1.0)
    """
    if matching not in ("one_to_one", "many_to_one"):
        raise ValueError(f"matching must be 'one_to_one' or 'many_to_one', got {matching!r}")
    overlaps = find_overlaps(labels, true_labels)
    table = overlaps.dense()  # (C, G)
    if matching == "one_to_one":
        rows, columns = linear_sum_assignment(table, maximize=True)
    else:
        rows, columns = np.arange(len(table)), table.argmax(axis=1)
    shared, claimed = np.zeros((2, table.shape[1]))  # (G,) each
    np.add.at(shared, columns, table[rows, columns])
    np.add.at(claimed, columns, overlaps.areas[rows])
    return float((shared / (overlaps.true_areas + claimed - shared)).mean())


def segmentation_covering(labels: Tensor, true_labels: Tensor) -> tuple[float, float]:
    r"""How well the regions of each map are covered by those of the other.

    .. math::
        \mathcal{C}(S' \to S) = \frac{1}{N} \sum_{R \in S} \lvert R \rvert
            \max_{R' \in S'} \frac{\lvert R \cap R' \rvert}{\lvert R \cup R' \rvert} .

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Label map to score and true label map, values from 0.

    Returns
    -------
    of_truth : float
        Covering of the true regions by those of `labels`, in ]0, 1]: the figure that the field
        reports, averaged over the annotators.
    of_labels : float
        Covering of the regions of `labels` by the true ones, in ]0, 1].

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    Regions weigh by their area, so small ones hardly count. It is 1 only for equal maps.

    References
    ----------
    P. Arbeláez, M. Maire, C. Fowlkes, J. Malik, "Contour detection and hierarchical image
    segmentation", IEEE Transactions on Pattern Analysis and Machine Intelligence 33, 2011,
    Section 2.3.

    Examples
    --------
    >>> labels = torch.tensor([[0, 0, 0, 1]])
    >>> true_labels = torch.tensor([[0, 0, 1, 1]])
    >>> of_truth, of_labels = segmentation_covering(labels, true_labels)
    >>> round(of_truth, 3), round(of_labels, 3)
    (0.583, 0.625)
    """
    table = find_overlaps(labels, true_labels)
    of_labels, of_truth = table.best_ious()
    num_pixels = table.pixels.sum()
    return (
        float((table.true_areas * of_truth).sum() / num_pixels),
        float((table.areas * of_labels).sum() / num_pixels),
    )
