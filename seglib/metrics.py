"""Scores of a label map against a true one, blind to the names of the labels.

Every function takes ``(labels, true_labels)`` in this order.
"""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from seglib.labels import contingency_table


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
    table = contingency_table(labels, true_labels).cpu().numpy()
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / table.sum())


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
    table = contingency_table(labels, true_labels).cpu().double()
    together = _pairs(table).sum()
    in_labels, in_truth = _pairs(table.sum(dim=1)).sum(), _pairs(table.sum(dim=0)).sum()
    by_chance = in_labels * in_truth / _pairs(table.sum()).clamp(min=1)
    most = (in_labels + in_truth) / 2
    if most == by_chance:
        return 1.0
    return float((together - by_chance) / (most - by_chance))


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
    joint = contingency_table(labels, true_labels).cpu().double()
    joint = joint / joint.sum()  # (C, G)
    both = _entropy(joint.flatten())
    over = both - _entropy(joint.sum(dim=0))
    under = both - _entropy(joint.sum(dim=1))
    return max(float(over), 0.0), max(float(under), 0.0)


def _pairs(counts: Tensor) -> Tensor:
    """Return the number of pairs in each of some groups."""
    return counts * (counts - 1) / 2


def _entropy(probs: Tensor) -> Tensor:
    """Return the entropy of a distribution in bits."""
    return -torch.special.xlogy(probs, probs).sum() / torch.log(probs.new_tensor(2.0))
