"""Scores of a label map against a true one, blind to the names of the labels.

Every function takes ``(labels, true_labels)`` in this order, or ``(labels, annotations)`` where
several annotators count. A label is a region as it stands; `seglib.labels.connected_components`
makes each piece a region of its own. None of these scores is complete without the number of
segments beside it: `seglib.scores.score_segmentation` gives both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch  # noqa: F401  (the examples use it)
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from seglib.boundaries import boundary_f_measure as boundary_f_measure
from seglib.overlaps import Overlaps, check_annotations, find_overlaps
from seglib.regions import mean_iou as mean_iou
from seglib.regions import segmentation_covering as segmentation_covering


def matched_accuracy(labels: Tensor, true_labels: Tensor) -> float:
    """Share of pixels that are right under the best one-to-one pairing of the labels.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Label map to score and true label map, values from 0.

    Returns
    -------
    float
        Share of pixels in 0..1; 1 means equal up to the names.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    A label without a partner is wrong on all its pixels, so splitting a region costs.

    Examples
    --------
    >>> labels = torch.tensor([[7, 7, 2], [7, 2, 2]])
    >>> true_labels = torch.tensor([[0, 0, 1], [0, 0, 1]])
    >>> round(matched_accuracy(labels, true_labels), 3)
    0.833
    """
    table = find_overlaps(labels, true_labels).dense()
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / table.sum())


def many_to_one_accuracy(labels: Tensor, true_labels: Tensor) -> float:
    """Share of pixels that are right when each label stands for the true label it meets most.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Label map to score and true label map, values from 0.

    Returns
    -------
    float
        Share of pixels in ]0, 1], never below `matched_accuracy`.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    Also called purity. Splitting a region costs nothing: a label for each pixel scores 1.

    Examples
    --------
    >>> labels = torch.tensor([[0, 0, 1], [2, 2, 1]])
    >>> true_labels = torch.tensor([[0, 0, 1], [0, 0, 1]])
    >>> many_to_one_accuracy(labels, true_labels), round(matched_accuracy(labels, true_labels), 3)
    (1.0, 0.667)
    """
    table = find_overlaps(labels, true_labels)
    most = np.zeros(len(table.areas), dtype=np.int64)
    np.maximum.at(most, table.rows, table.pixels)
    return float(most.sum() / labels.numel())


def adjusted_rand_index(labels: Tensor, true_labels: Tensor) -> float:
    r"""Agreement on pairs of pixels, corrected for chance.

    With contingency table :math:`n_{cg}`, sums :math:`a_c = \sum_g n_{cg}`,
    :math:`b_g = \sum_c n_{cg}` and :math:`N` pixels:

    .. math::
        \frac{\sum_{cg} \binom{n_{cg}}{2} - E}
             {\frac{1}{2}\left[\sum_c \binom{a_c}{2} + \sum_g \binom{b_g}{2}\right] - E},
        \qquad E = \sum_c \binom{a_c}{2} \sum_g \binom{b_g}{2} \Big/ \binom{N}{2} .

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Label map to score and true label map, values from 0.

    Returns
    -------
    float
        At most 1 (equal up to the names); 0 is what chance gives, and it can be negative.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    Symmetric. If both maps hold one label, or both give each pixel its own, it is 1.

    References
    ----------
    L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Examples
    --------
    >>> labels = torch.tensor([[7, 7, 2], [7, 2, 2]])
    >>> true_labels = torch.tensor([[0, 0, 1], [0, 0, 1]])
    >>> round(adjusted_rand_index(labels, true_labels), 3)
    0.324
    """
    together, in_labels, in_truth, everything = _count_pairs(find_overlaps(labels, true_labels))
    by_chance = in_labels * in_truth / max(everything, 1.0)
    most = (in_labels + in_truth) / 2
    if most == by_chance:
        return 1.0
    return (together - by_chance) / (most - by_chance)


def probabilistic_rand_index(labels: Tensor, annotations: Sequence[Tensor]) -> float:
    r"""Share of pixel pairs on which the map agrees with an annotator, averaged over these.

    .. math::
        \mathrm{PRI} = \binom{N}{2}^{-1} \sum_{i<j}
            \bigl[ c_{ij}\, p_{ij} + (1 - c_{ij}) (1 - p_{ij}) \bigr] ,

    where :math:`c_{ij}` is 1 if pixels i and j carry one label, and :math:`p_{ij}` is the share
    of annotators who give them one.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map to score, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator; a tensor (A, H, W) will do.

    Returns
    -------
    float
        Share of pairs in 0..1. With one annotator it is the Rand index.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If there is no annotation, a map is empty, not 2-D or negative, or shapes differ.

    Notes
    -----
    The sum is the mean of the Rand indices with the single annotators. Most pairs of a
    photograph are apart in any map, so values from 0.7 to 0.8 are what poor maps get.

    References
    ----------
    R. Unnikrishnan, C. Pantofaru, M. Hebert, "Toward objective evaluation of image segmentation
    algorithms", IEEE Transactions on Pattern Analysis and Machine Intelligence 29, 2007.

    Examples
    --------
    >>> labels = torch.tensor([[0, 0], [1, 1]])
    >>> round(probabilistic_rand_index(labels, [labels, torch.tensor([[0, 1], [2, 3]])]), 3)
    0.833
    """
    check_annotations(labels, annotations)
    agreement = 0.0
    for truth in annotations:
        together, in_labels, in_truth, everything = _count_pairs(find_overlaps(labels, truth))
        apart = everything - in_labels - in_truth + together
        agreement += (together + apart) / everything if everything else 1.0
    return agreement / len(annotations)


def variation_of_information(labels: Tensor, true_labels: Tensor) -> tuple[float, float]:
    """Information lost and gained when one map is replaced by the other.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Label map to score and true label map, values from 0.

    Returns
    -------
    over : float
        H(labels | true_labels), in bits, at least 0: how far true regions are split.
    under : float
        H(true_labels | labels), in bits, at least 0: how far true regions are merged.
        The variation of information is the sum of the two; 0 means equal up to the names.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    References
    ----------
    M. Meilă, "Comparing clusterings: an information based distance", Journal of Multivariate
    Analysis 98, 2007.

    Examples
    --------
    >>> labels = torch.tensor([[0, 1], [2, 3]])
    >>> true_labels = torch.tensor([[0, 0], [1, 1]])
    >>> variation_of_information(labels, true_labels)
    (1.0, 0.0)
    """
    both, in_labels, in_truth = _entropies(find_overlaps(labels, true_labels))
    return max(both - in_truth, 0.0), max(both - in_labels, 0.0)


def normalized_mutual_information(labels: Tensor, true_labels: Tensor) -> float:
    r"""Information that the maps share, over the mean of their entropies.

    .. math::
        \mathrm{NMI} = \frac{2\, I(c; g)}{H(c) + H(g)} .

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Label map to score and true label map, values from 0.

    Returns
    -------
    float
        Value in 0..1; 1 means equal up to the names, 0 that neither tells of the other.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    Symmetric, and 1 if both maps hold one label. Not corrected for chance: a random map with
    many labels scores above 0. Some authors divide by the geometric mean or the larger entropy.

    References
    ----------
    A. Strehl, J. Ghosh, "Cluster ensembles", Journal of Machine Learning Research 3, 2002 (there
    with the geometric mean).

    Examples
    --------
    >>> labels = torch.tensor([[0, 1], [2, 3]])
    >>> true_labels = torch.tensor([[0, 0], [1, 1]])
    >>> round(normalized_mutual_information(labels, true_labels), 3)
    0.667
    """
    both, in_labels, in_truth = _entropies(find_overlaps(labels, true_labels))
    if in_labels + in_truth == 0:
        return 1.0
    return max(2 * (in_labels + in_truth - both) / (in_labels + in_truth), 0.0)


def _count_pairs(table: Overlaps) -> tuple[float, float, float, float]:
    """Count the pixel pairs that are together in both maps, in each of them, and all pairs."""
    groups = (table.pixels, table.areas, table.true_areas, table.pixels.sum())
    return tuple(float((counts * (counts - 1.0) / 2).sum()) for counts in groups)


def _entropies(table: Overlaps) -> tuple[float, float, float]:
    """Entropy in bits of the pairs of labels, of the labels, and of the true labels."""
    probs = (
        counts / table.pixels.sum() for counts in (table.pixels, table.areas, table.true_areas)
    )
    return tuple(-float((p * np.log2(p)).sum()) for p in probs)
