"""What two label maps share: the entries of their contingency table that are not zero.

A map with thousands of fragments meets a true map in few of all possible pairs, so the scores
work on the list of pairs that occur. It takes about 2 ms for an image of 321 × 481 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seglib.checks import check_label_maps, check_labels_not_negative


class Overlaps(NamedTuple):
    """Pairs of labels that share at least one pixel.

    The labels of each map are numbered anew: those that a pixel carries, in increasing order.
    C and G count them.

    Attributes
    ----------
    rows : ndarray, int64, shape (E,)
        Label of each pair, in ``0 .. C-1``, in increasing order.
    columns : ndarray, int64, shape (E,)
        True label of each pair, in ``0 .. G-1``.
    pixels : ndarray, int64, shape (E,)
        Pixels that the two share, at least 1; they sum to H·W.
    areas : ndarray, int64, shape (C,)
        Pixels of each label.
    true_areas : ndarray, int64, shape (G,)
        Pixels of each true label.
    """

    rows: np.ndarray
    columns: np.ndarray
    pixels: np.ndarray
    areas: np.ndarray
    true_areas: np.ndarray

    def ious(self) -> np.ndarray:
        """Intersection over union of the two regions of each pair.

        Returns
        -------
        ndarray, float64, shape (E,)
            Values in ]0, 1]; a pair that is not listed has 0.
        """
        unions = self.areas[self.rows] + self.true_areas[self.columns] - self.pixels
        return self.pixels / unions

    def best_ious(self) -> tuple[np.ndarray, np.ndarray]:
        """Largest intersection over union of each region with one of the other map.

        Returns
        -------
        of_labels : ndarray, float64, shape (C,)
            The best of each label, in ]0, 1].
        of_truth : ndarray, float64, shape (G,)
            The best of each true label, in ]0, 1].
        """
        ious = self.ious()
        of_labels, of_truth = np.zeros(len(self.areas)), np.zeros(len(self.true_areas))
        np.maximum.at(of_labels, self.rows, ious)
        np.maximum.at(of_truth, self.columns, ious)
        return of_labels, of_truth

    def dense(self) -> np.ndarray:
        """Contingency table with its zeros, without the labels that no pixel carries.

        Returns
        -------
        ndarray, int64, shape (C, G)
            Pixels that each label shares with each true label.
        """
        table = np.zeros((len(self.areas), len(self.true_areas)), dtype=np.int64)
        table[self.rows, self.columns] = self.pixels
        return table


def find_overlaps(labels: Tensor, true_labels: Tensor) -> Overlaps:
    """List the pairs of labels that share pixels.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Two maps of one image, values from 0.

    Returns
    -------
    Overlaps
        The pairs, their pixels, and the area of each label. The work is done on the CPU.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Examples
    --------
    >>> labels = torch.tensor([[5, 5, 2], [5, 2, 2]])
    >>> true_labels = torch.tensor([[0, 0, 0], [0, 1, 1]])
    >>> table = find_overlaps(labels, true_labels)
    >>> table.dense().tolist()
    [[1, 2], [3, 0]]
    >>> table.ious().tolist()
    [0.16666666666666666, 0.6666666666666666, 0.75]
    """
    check_labels_not_negative(labels=labels, true_labels=true_labels)
    rows, areas = _number(labels)
    columns, true_areas = _number(true_labels)
    pairs, pixels = np.unique(rows * len(true_areas) + columns, return_counts=True)
    return Overlaps(*np.divmod(pairs, len(true_areas)), pixels, areas, true_areas)


def best_matches(labels: Tensor, true_labels: Tensor) -> tuple[Tensor, Tensor]:
    """Find for each label the true label with the largest intersection over union.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Two maps of one image, values from 0. Exchange them to ask for each true label.

    Returns
    -------
    partners : Tensor, int64, shape (C,)
        The true label of each label that a pixel carries, these in increasing order.
    ious : Tensor, float64, shape (C,)
        The intersection over union of the two, in ]0, 1].

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    A true label may be the partner of several. Ties go to the smallest.

    Examples
    --------
    >>> labels = torch.tensor([[5, 5, 2], [5, 2, 2]])
    >>> true_labels = torch.tensor([[0, 0, 0], [0, 7, 7]])
    >>> best_matches(labels, true_labels)
    (tensor([7, 0]), tensor([0.6667, 0.7500], dtype=torch.float64))
    """
    table = find_overlaps(labels, true_labels)
    ious = table.ious()
    # by label, then from the best pair to the worst; lexsort keeps the order of equal ones
    by_iou = np.lexsort((-ious, table.rows))
    first = by_iou[np.searchsorted(table.rows, np.arange(len(table.areas)))]
    names = true_labels.unique().cpu()
    return names[torch.from_numpy(table.columns[first])], torch.from_numpy(ious[first])


def check_annotations(labels: Tensor, annotations: Sequence[Tensor]) -> None:
    """Check a label map against the annotations of one image.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator; a tensor (A, H, W) will do.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If there is no annotation, a map is empty, not 2-D or negative, or shapes differ.

    Examples
    --------
    >>> check_annotations(torch.zeros(2, 3).long(), [])
    Traceback (most recent call last):
    ValueError: annotations must hold at least one true label map, got none
    """
    check_label_maps(labels=labels)
    if len(annotations) == 0:
        raise ValueError("annotations must hold at least one true label map, got none")
    named = {f"annotation {number}": truth for number, truth in enumerate(annotations)}
    check_labels_not_negative(labels=labels, **named)


def _number(labels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Number the labels that occur, flat, and count the pixels of each."""
    names = labels.flatten().cpu().numpy()
    if names.max() >= 2 * names.size:  # far-off names: sort them rather than count up to them
        names = np.unique(names, return_inverse=True)[1]
    areas = np.bincount(names)
    used = areas > 0
    return (np.cumsum(used) - 1)[names], areas[used]
