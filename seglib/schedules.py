"""Learning rates that change over a run: functions from the iteration (1, 2, …) to the rate."""

from __future__ import annotations

from collections.abc import Callable

from seglib.checks import check_integers, check_numbers

Schedule = Callable[[int], float]


def step_decay(learning_rate: float, *, every: int = 50, factor: float = 10.0) -> Schedule:
    """Divide the learning rate by a factor after every so many iterations.

    Parameters
    ----------
    learning_rate : float
        Rate of the first iterations.
    every : int
        Iterations between two divisions.
    factor : float
        What is divided by, at least 1.

    Returns
    -------
    callable
        ``rate(step)`` for step = 1, 2, …

    Raises
    ------
    TypeError, ValueError
        If a number has the wrong type or is out of range.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 5.2.3: 0.05, divided by 10 every 50 epochs.

    Examples
    --------
    >>> rate = step_decay(0.05)
    >>> [round(rate(step), 4) for step in (1, 50, 51, 101)]
    [0.05, 0.05, 0.005, 0.0005]
    """
    check_numbers(0.0, learning_rate=learning_rate)
    check_integers(1, every=every)
    check_numbers(1.0, factor=factor)
    return lambda step: learning_rate / factor ** ((step - 1) // every)
