"""Losses that ask a segmentation to agree with itself and with its neighbours."""

from __future__ import annotations

import torch  # noqa: F401  (the examples use it)
from torch import Tensor
from torch.nn import functional as F


def continuity_loss(responses: Tensor) -> Tensor:
    r"""Mean absolute difference of the responses of vertical and of horizontal neighbours.

    .. math::
        L_{\mathrm{con}} = \frac{1}{C (H-1) W} \sum \lvert r'_{y+1,x} - r'_{y,x} \rvert
            + \frac{1}{C H (W-1)} \sum \lvert r'_{y,x+1} - r'_{y,x} \rvert .

    Parameters
    ----------
    responses : Tensor, float, shape (C, H, W) or (N, C, H, W)
        Normalised responses :math:`r'`.

    Returns
    -------
    Tensor, float, shape ()
        Value of at least 0; a gradient flows through it. A direction in which the map has one
        pixel adds nothing.

    Raises
    ------
    ValueError
        If `responses` has another number of dimensions.

    Notes
    -----
    The paper writes the sum of L1 norms (its equation of spatial continuity); the authors' code
    takes the two means, as here, so that a weight means the same at any size. A sharp step and a
    slow slope between the same two values cost the same: this is total variation.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, IEEE TIP 29, 2020: constraint on spatial continuity.

    Examples
    --------
    >>> continuity_loss(torch.tensor([[[0.0, 0.0, 1.0], [0.0, 0.0, 4.0]]]))
    tensor(2.2500)
    """
    if responses.ndim not in (3, 4):
        raise ValueError(
            f"responses must be (C, H, W) or (N, C, H, W), got shape {tuple(responses.shape)}"
        )
    loss = responses.new_zeros(())
    for dim in (-2, -1):
        if responses.shape[dim] > 1:
            loss = loss + responses.diff(dim=dim).abs().mean()
    return loss


def similarity_loss(responses: Tensor, targets: Tensor, chosen: Tensor | None = None) -> Tensor:
    r"""Cross-entropy of each pixel against its target, averaged over the pixels chosen.

    .. math::
        L_{\mathrm{sim}} = - \frac{1}{\lvert U \rvert} \sum_{n \in U}
            \log \frac{\exp r'_{n, c_n}}{\sum_i \exp r'_{n, i}} .

    Parameters
    ----------
    responses : Tensor, float, shape (C, H, W)
        Normalised responses :math:`r'`.
    targets : Tensor, int64, shape (H, W)
        Label :math:`c_n` that each pixel should get, in ``0 .. C-1``; held fixed.
    chosen : Tensor, bool, shape (H, W), optional
        The pixels U; all by default.

    Returns
    -------
    Tensor, float, shape ()
        Mean over the pixels chosen, at least 0; 0 if none is.

    Raises
    ------
    ValueError
        If shapes differ.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, IEEE TIP 29, 2020: constraint on feature similarity; with
    scribbles, on the unlabelled pixels alone, and the same loss on the scribbled ones.

    Examples
    --------
    >>> responses = torch.zeros(2, 1, 3)
    >>> similarity_loss(responses, torch.tensor([[0, 1, 1]]))
    tensor(0.6931)
    """
    if responses.ndim != 3 or responses.shape[1:] != targets.shape:
        raise ValueError(
            f"responses must be (C, H, W) on targets {tuple(targets.shape)}, "
            f"got {tuple(responses.shape)}"
        )
    losses = F.cross_entropy(responses.flatten(1).T, targets.flatten(), reduction="none")
    if chosen is None:
        return losses.mean()
    # a sum over a mask, not an index: a GPU need not tell the host how many pixels there are
    weights = chosen.flatten().to(losses.dtype)
    return (losses * weights).sum() / weights.sum().clamp(min=1)
