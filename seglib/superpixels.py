"""Superpixels: SLIC, and the majority vote inside each one."""

from __future__ import annotations

import numpy as np
import torch
from skimage.segmentation import slic
from torch import Tensor

from seglib.checks import (
    check_integers,
    check_label_maps,
    check_labels_not_negative,
    check_maps_fit,
    check_numbers,
)
from seglib.images import check_image


def slic_superpixels(
    image: Tensor, num_superpixels: int = 10_000, compactness: float = 100.0
) -> Tensor:
    """Cut an image into small compact patches of similar colour with SLIC.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_superpixels : int
        Number of superpixels to aim at, :math:`K`. SLIC returns about as many.
    compactness : float
        Weight of nearness against similarity of colour, above 0; large values give squares.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Index :math:`k` of the superpixel that holds each pixel, in ``0 .. K-1`` without gaps, on
        the device of `image`.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or a knob is not a number.
    ValueError
        If `image` has another shape or range, or a knob is out of range.

    Notes
    -----
    scikit-image's SLIC, on the CPU: one copy from the device and one back, once per image. Asked
    for more superpixels than there are pixels, it gives each pixel its own.
    The defaults are K of the paper and the compactness of the authors' code, which hands BGR to a
    function that expects RGB; here the channels are in the right order.

    References
    ----------
    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods",
    IEEE TPAMI 34(11), 2012. A. Kanezaki, ICASSP 2018, Section 2.2.

    Examples
    --------
    >>> image = torch.zeros(3, 20, 30)
    >>> image[:, :, 15:] = 1.0
    >>> superpixels = slic_superpixels(image, num_superpixels=6)
    >>> superpixels.shape, superpixels.dtype
    (torch.Size([20, 30]), torch.int64)
    """
    check_image(image)
    check_integers(1, num_superpixels=num_superpixels)
    check_numbers(0.0, compactness=compactness)
    if compactness == 0:
        raise ValueError("compactness must be above 0, got 0")
    if num_superpixels >= image[0].numel():
        return torch.arange(image[0].numel(), device=image.device).reshape(image[0].shape)
    pixels = image.detach().cpu().permute(1, 2, 0).numpy()  # (H, W, 3)
    index = slic(pixels, n_segments=num_superpixels, compactness=compactness, start_label=0)
    _, index = np.unique(index, return_inverse=True)
    return torch.from_numpy(index.reshape(pixels.shape[:2])).to(image.device)


def superpixels_for(
    image: Tensor,
    num_superpixels: int | None,
    compactness: float = 100.0,
    superpixels: Tensor | None = None,
) -> Tensor | None:
    """Return the superpixels that a run votes in: one's own, those of SLIC, or none.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_superpixels : int or None
        Superpixels that SLIC aims at; None asks for no vote.
    compactness : float
        Compactness of SLIC.
    superpixels : Tensor, int64, shape (H, W), optional
        Superpixels of one's own, in place of SLIC's.

    Returns
    -------
    Tensor, int64, shape (H, W), or None
        Superpixels on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        If `superpixels` does not fit the image, or a knob is out of range.

    Examples
    --------
    >>> superpixels_for(torch.zeros(3, 4, 6), None) is None
    True
    """
    if superpixels is not None:
        check_maps_fit(image, superpixels=superpixels)
        check_labels_not_negative(superpixels=superpixels)
        return superpixels.to(image.device)
    if num_superpixels is None:
        return None
    return slic_superpixels(image, num_superpixels, compactness)


def superpixel_majority_vote(
    labels: Tensor,
    superpixels: Tensor,
    *,
    num_labels: int | None = None,
    num_superpixels: int | None = None,
) -> Tensor:
    r"""Give every pixel the most frequent label of its superpixel.

    .. math::
        c'_n = \arg\max_{c} \, \lvert \{ m \in S_k : c_m = c \} \rvert,
        \qquad n \in S_k .

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label :math:`c_n` of each pixel, in ``0 .. C-1``.
    superpixels : Tensor, int64, shape (H, W)
        Index :math:`k` of the superpixel that holds each pixel, in ``0 .. K-1``,
        on the device of `labels`. An index that no pixel uses is allowed.
    num_labels, num_superpixels : int, optional
        C and K. When both are given, the values of the maps are taken on trust and nothing is
        copied from the device; otherwise they are checked, and C and K read off the maps.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Refined labels :math:`c'_n`, constant on each superpixel. A new tensor;
        no gradient flows through it, because it is the target of the loss.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is empty, not 2-D or negative, or if the shapes differ.

    Notes
    -----
    Ties go to the smallest label, as in the authors' code. One histogram of
    shape (K, C) replaces their loop over superpixels: O(HW + KC).

    References
    ----------
    A. Kanezaki, "Unsupervised image segmentation by backpropagation",
    ICASSP 2018, Section 2.2 and Algorithm 1.

    Examples
    --------
    >>> labels = torch.tensor([[0, 0, 1, 2], [0, 1, 2, 2]])
    >>> superpixels = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1]])
    >>> superpixel_majority_vote(labels, superpixels)
    tensor([[0, 0, 2, 2],
            [0, 0, 2, 2]])
    """
    if num_labels is None or num_superpixels is None:
        check_labels_not_negative(labels=labels, superpixels=superpixels)
        num_labels = int(labels.max()) + 1  # C
        num_superpixels = int(superpixels.max()) + 1  # K
    check_label_maps(labels=labels, superpixels=superpixels)

    # votes[k, c] = number of pixels of superpixel k that carry label c
    ballots = (superpixels * num_labels + labels).flatten()  # (HW,), one integer per (k, c)
    votes = torch.zeros(num_superpixels * num_labels, dtype=torch.int32, device=labels.device)
    votes.index_add_(0, ballots, torch.ones_like(ballots, dtype=torch.int32))
    votes = votes.reshape(num_superpixels, num_labels)
    return votes.argmax(dim=1)[superpixels]
