"""Arithmetic of label maps: integer maps of shape (H, W) whose numbers are only names."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from skimage import measure
from torch import Tensor

from seglib.checks import check_integers, check_label_maps, check_labels_not_negative


def count_labels(labels: Tensor, num_labels: int | None = None) -> Tensor:
    """Count the different labels in a map.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map, values in ``0 .. C-1``.
    num_labels : int, optional
        C. When it is given the values are taken on trust and nothing is copied from the device.

    Returns
    -------
    Tensor, int64, shape ()
        Number of labels that at least one pixel carries, in ``1 .. C``, on the device of `labels`.

    Raises
    ------
    TypeError
        If the map is not int64.
    ValueError
        If the map is empty, not 2-D, or negative.

    Examples
    --------
    >>> int(count_labels(torch.tensor([[0, 0, 7], [0, 3, 7]])))
    3
    """
    if num_labels is None:
        check_labels_not_negative(labels=labels)
        num_labels = int(labels.max()) + 1
    check_label_maps(labels=labels)
    check_integers(1, num_labels=num_labels)
    used = labels.new_zeros(num_labels)  # (C,)
    return used.scatter_(0, labels.flatten(), 1).sum()


def relabel(labels: Tensor) -> Tensor:
    """Rename labels to ``0 .. C-1`` in the order of decreasing area.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map; any values, negative ones too.

    Returns
    -------
    Tensor, int64, shape (H, W)
        The same regions; label 0 has the most pixels. Equal areas keep the order of the old names.

    Raises
    ------
    TypeError
        If the map is not int64.
    ValueError
        If the map is empty or not 2-D.

    Examples
    --------
    >>> relabel(torch.tensor([[9, 4, 4], [4, 4, 9]]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    check_label_maps(labels=labels)
    _, consecutive, areas = labels.unique(return_inverse=True, return_counts=True)
    by_area = areas.argsort(descending=True, stable=True)
    rank = torch.empty_like(by_area)
    rank[by_area] = torch.arange(len(by_area), device=labels.device)
    return rank[consecutive]


def connected_components(labels: Tensor) -> Tensor:
    """Split every label into its 4-connected pieces.

    Kanezaki 2018, Section 3: "We extracted connected components as segments from each cluster".

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map; any values.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Index of the piece of each pixel, in ``0 .. R-1``, on the device of `labels`. Pieces are
        numbered in reading order of their first pixel.

    Raises
    ------
    TypeError
        If the map is not int64.
    ValueError
        If the map is empty or not 2-D.

    Notes
    -----
    Two pixels belong together if they share an edge; a corner is not enough. There is no
    background: label 0 is a label like the others. The work is done on the CPU, by scikit-image.

    References
    ----------
    A. Kanezaki, "Unsupervised image segmentation by backpropagation", ICASSP 2018, Section 3.

    Examples
    --------
    >>> connected_components(torch.tensor([[5, 5, 2], [2, 5, 2]]))
    tensor([[0, 0, 1],
            [2, 0, 1]])
    """
    check_label_maps(labels=labels)
    values = labels.cpu().numpy()
    nothing = values.min() - 1  # a value that no pixel has: there is no background
    pieces = measure.label(values, background=nothing, connectivity=1) - 1
    return torch.from_numpy(pieces.astype("int64")).to(labels.device)


def contingency_table(labels: Tensor, true_labels: Tensor) -> Tensor:
    """Count how often each label meets each true label.

    Parameters
    ----------
    labels, true_labels : Tensor, int64, shape (H, W)
        Two maps of one image, values from 0.

    Returns
    -------
    Tensor, int64, shape (C, G)
        Entry (c, g) is the number of pixels with label c in `labels` and g in `true_labels`;
        C and G are the largest label of each map plus one. The entries sum to H·W.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Examples
    --------
    >>> labels = torch.tensor([[0, 0, 1], [0, 1, 1]])
    >>> true_labels = torch.tensor([[0, 0, 0], [0, 1, 1]])
    >>> contingency_table(labels, true_labels)
    tensor([[3, 0],
            [1, 2]])
    """
    check_labels_not_negative(labels=labels, true_labels=true_labels)
    num_labels, num_true = int(labels.max()) + 1, int(true_labels.max()) + 1
    pairs = labels * num_true + true_labels  # (H, W), one integer per (c, g)
    table = torch.bincount(pairs.flatten(), minlength=num_labels * num_true)
    return table.reshape(num_labels, num_true)


def match_labels(labels: Tensor, reference: Tensor) -> Tensor:
    """Rename labels so that as many pixels as possible carry the label of a reference map.

    Labels and reference labels are paired one to one (linear assignment on the contingency
    table). A label without a partner gets a number that the reference does not use.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Map to rename, values from 0.
    reference : Tensor, int64, shape (H, W)
        Map whose names are taken over, values from 0.

    Returns
    -------
    Tensor, int64, shape (H, W)
        The regions of `labels` under new names.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    A partner that shares no pixel is no partner. The assignment is SciPy's, on the CPU.

    Examples
    --------
    >>> match_labels(torch.tensor([[2, 2, 0], [2, 1, 0]]), torch.tensor([[0, 0, 1], [0, 0, 1]]))
    tensor([[0, 0, 1],
            [0, 2, 1]])
    """
    table = contingency_table(labels, reference).cpu()
    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    names = torch.full((table.shape[0],), -1)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if table[row, column] > 0:
            names[row] = column
    alone = (names < 0) & (table.sum(dim=1) > 0)
    names[alone] = torch.arange(int(alone.sum())) + table.shape[1]
    return names.to(labels.device)[labels]


def find_boundaries(labels: Tensor) -> Tensor:
    """Mark the pixels whose right or lower neighbour carries another label.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map; any values.

    Returns
    -------
    Tensor, bool, shape (H, W)
        True on boundary pixels; lines are one pixel wide. The last row looks right only, the last
        column down only.

    Raises
    ------
    TypeError
        If the map is not int64.
    ValueError
        If the map is empty or not 2-D.

    Examples
    --------
    >>> find_boundaries(torch.tensor([[0, 0, 1], [0, 0, 1]])).int()
    tensor([[0, 1, 0],
            [0, 1, 0]], dtype=torch.int32)
    """
    check_label_maps(labels=labels)
    boundaries = torch.zeros_like(labels, dtype=torch.bool)
    boundaries[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    boundaries[:-1] |= labels[:-1] != labels[1:]
    return boundaries
