"""The state of a run after each iteration, and where a run stops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from seglib.checks import check_integers

CHECK_EVERY = 10  # steps between two looks of the host at the number of labels


@dataclass(frozen=True)
class Step:
    """What one iteration of a method has seen and done.

    Everything stays on the device of the run: ``int(state.num_labels)`` and
    ``float(state.loss)`` bring a number to the host.

    Attributes
    ----------
    step : int
        Iteration, from 1.
    labels : Tensor, int64, shape (H, W)
        Argmax of the responses, c, before the network is updated.
    targets : Tensor, int64, shape (H, W)
        The same after the vote of the superpixels, c'.
    num_labels : Tensor, int64, shape ()
        Number of different labels in `labels`, q'.
    loss : Tensor, float32, shape ()
        Mean cross-entropy between responses and targets.
    """

    step: int
    labels: Tensor
    targets: Tensor
    num_labels: Tensor
    loss: Tensor


def last_labels(states: Iterable[Step], min_labels: int = 3) -> Tensor:
    """Follow a run, and return its last map before too few labels are left.

    Parameters
    ----------
    states : iterable of Step
        A run as a method's ``steps()`` yields it. It is followed to its end, or until the number
        of labels has fallen below `min_labels`.
    min_labels : int
        Fewest labels that the map may hold.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Map of the last step before the number of labels first falls below `min_labels`.

    Raises
    ------
    TypeError
        If `min_labels` is not an integer.
    ValueError
        If `min_labels` is below 1, the run is empty, or its first map already holds too few.

    Notes
    -----
    The host looks at the number of labels only every tenth step, so that a GPU is not made to
    wait; the map returned does not depend on that. The authors' code stops when 3 or fewer
    labels (their ``minLabels``) are left, and saves that map.

    References
    ----------
    A. Kanezaki, ICASSP 2018, Section 2.3: q' adapts to the image and "could lead to a naive
    solution that q' = 1".

    Examples
    --------
    >>> maps = [torch.tensor([[0, 1]]), torch.tensor([[0, 0]])]
    >>> counts = [torch.tensor(2), torch.tensor(1)]
    >>> run = [Step(t, m, m, n, torch.tensor(0.0)) for t, m, n in zip([1, 2], maps, counts)]
    >>> last_labels(run, min_labels=2)
    tensor([[0, 1]])
    """
    return last_step(states, min_labels)[0]


def last_step(states: Iterable[Step], min_labels: int = 3) -> tuple[Tensor, int]:
    """Follow a run as `last_labels` does, and return also which step its map is from.

    Parameters
    ----------
    states : iterable of Step
        A run as a method's ``steps()`` yields it.
    min_labels : int
        Fewest labels that the map may hold.

    Returns
    -------
    labels : Tensor, int64, shape (H, W)
        Map of the last step before the number of labels first falls below `min_labels`.
    step : int
        That step, from 1.

    Raises
    ------
    TypeError
        If `min_labels` is not an integer.
    ValueError
        If `min_labels` is below 1, the run is empty, or its first map already holds too few.

    Examples
    --------
    >>> labels = torch.tensor([[0, 1]])
    >>> run = [Step(1, labels, labels, torch.tensor(2), torch.tensor(0.0))]
    >>> last_step(run, min_labels=2)
    (tensor([[0, 1]]), 1)
    """
    check_integers(1, min_labels=min_labels)
    kept = None
    for state in states:
        if kept is None:
            if int(state.num_labels) < min_labels:
                raise ValueError(
                    f"min_labels must be at most the number of labels of the first map, "
                    f"{int(state.num_labels)}, got {min_labels}"
                )
            kept, enough = state.labels, state.num_labels >= min_labels
            step = torch.full_like(state.num_labels, state.step)
        else:
            enough = enough & (state.num_labels >= min_labels)
            kept = torch.where(enough, state.labels, kept)
            step = torch.where(enough, state.step, step)
        if state.step % CHECK_EVERY == 0 and not enough:
            break
    if kept is None:
        raise ValueError("states must hold at least one step, got none")
    return kept, int(step)
