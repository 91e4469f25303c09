"""What a widget keeps of a run: the curves of every step, label maps of some."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from seglib.checks import check_integers, check_labels_not_negative, check_maps_fit
from seglib.plotting import DISTINCT_COLORS, MAX_LABELS, label_colors
from seglib.states import Step


def thin_steps(num_states: int, max_frames: int) -> list[int]:
    """Choose the states of a run that keep their label map: first, last, and most of them early.

    Parameters
    ----------
    num_states : int
        Number of states in the run, at least 1.
    max_frames : int
        Largest number of states to choose, at least 2.

    Returns
    -------
    list of int
        Indices in ``0 .. num_states - 1``, increasing. The gaps grow with the index, because
        label maps change fastest at the start.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer or too small.

    Examples
    --------
    >>> thin_steps(4, max_frames=10)
    [0, 1, 2, 3]
    >>> thin_steps(100, max_frames=8)
    [0, 2, 8, 18, 32, 51, 73, 99]
    """
    check_integers(1, num_states=num_states)
    check_integers(2, max_frames=max_frames)
    num_frames = min(num_states, max_frames)
    chosen = [0]
    for i in range(1, num_frames):
        quadratic = round((num_states - 1) * (i / (num_frames - 1)) ** 2)
        chosen.append(max(quadratic, chosen[-1] + 1))
    return chosen


def small_map(labels: Tensor, image: Tensor, name: str) -> Tensor:
    """Return a label map of an image on the host, one byte a pixel.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Labels in 0..255, on any device.
    image : Tensor, shape (3, H, W)
        The image that was labelled.
    name : str
        What a message calls the label map.

    Returns
    -------
    Tensor, uint8, shape (H, W)
        The same labels.

    Raises
    ------
    TypeError
        If the map is not an int64 tensor.
    ValueError
        If it is not as large as the image, or holds a label outside 0..255.
    """
    check_maps_fit(image, **{name: labels})
    check_labels_not_negative(**{name: labels})
    if int(labels.max()) >= MAX_LABELS:
        raise ValueError(f"{name} must hold labels up to {MAX_LABELS - 1}, got {int(labels.max())}")
    return labels.to("cpu", torch.uint8)


class Curves:
    """Number of labels and loss at every step; a loss that is not finite is None."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.counts: list[int] = []
        self.losses: list[float | None] = []

    def add(self, state: Step) -> None:
        """Take the numbers of one state; the loss keeps five digits."""
        loss = float(state.loss)
        self.steps.append(int(state.step))
        self.counts.append(int(state.num_labels))
        self.losses.append(float(f"{loss:.5g}") if math.isfinite(loss) else None)

    def since(self, start: int) -> dict[str, list]:
        """Return the numbers from one index on, by name."""
        return {name: numbers[start:] for name, numbers in vars(self).items()}


@dataclass
class Run:
    """What has been seen of one run: the curves of every step, a bounded number of frames."""

    number: int
    image: Tensor
    description: str
    num_steps: int
    num_labels: int  # no label of the run reaches it
    kept: set[int]  # the steps whose frames stay; all others are shown and dropped
    colors: list[list[int]] = field(default_factory=list)
    curves: Curves = field(default_factory=Curves)
    frames: list[dict[str, Any]] = field(default_factory=list)
    maps: list[Tensor] = field(default_factory=list)
    crowded: bool = False  # more labels than distinct colours
    sent: int = 0  # steps that the browser knows
    sent_at: float = 0.0  # and since when, in seconds of time.monotonic()

    def add(self, state: Step) -> None:
        """Take one state; the frame before it stays only if it is one to keep."""
        labels = small_map(state.labels, self.image, f"labels of step {state.step}")
        if self.frames and not self.frames[-1]["keep"]:
            self.frames.pop()
            self.maps.pop()
        self._color(labels.long(), int(state.num_labels))
        self.curves.add(state)
        self.frames.append({"step": state.step, "keep": state.step in self.kept})
        self.maps.append(labels)

    def _color(self, labels: Tensor, count: int) -> None:
        """Colour the first map; once more when the labels left can have distinct colours."""
        if not self.colors or (self.crowded and count <= DISTINCT_COLORS):
            self.colors = label_colors(labels, self.num_labels).tolist()
            self.crowded = count > DISTINCT_COLORS
