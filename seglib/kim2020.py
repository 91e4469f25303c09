r"""Unsupervised segmentation by differentiable feature clustering (Kim, Kanezaki, Tanaka 2020).

The network of Kanezaki 2018 without superpixels: a continuity loss on the responses asks that
neighbours agree, and scribbles can tell some pixels their label.

W. Kim, A. Kanezaki, M. Tanaka, IEEE Transactions on Image Processing 29, 2020. Chapter:
``book/kim2020.ipynb``. Several images, and a trained network on others: `seglib.reference`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from seglib.checks import check_integers, check_numbers
from seglib.devices import compute_in, pick_device, release_memory, reuse_memory, seeded
from seglib.images import check_image
from seglib.kanezaki2018 import SegmentationNet
from seglib.labels import count_labels
from seglib.losses import continuity_loss, similarity_loss
from seglib.schedules import Schedule
from seglib.scribbles import UNLABELLED, check_scribbles
from seglib.states import Step, last_labels
from seglib.superpixels import superpixel_majority_vote, superpixels_for

__all__ = ["KimStep", "continuity_loss", "segment", "similarity_loss", "steps"]


@dataclass(frozen=True)
class KimStep(Step):
    """What one iteration has seen and done, with the parts of its loss.

    Attributes
    ----------
    similarity, continuity, scribble : Tensor, float32, shape ()
        The three losses before they are weighted; the last is 0 without scribbles.
    index : int
        Which of several images.
    """

    similarity: Tensor
    continuity: Tensor
    scribble: Tensor
    index: int = 0


def steps(
    images: Tensor | Sequence[Tensor],
    *,
    num_steps: int = 500,
    num_components: int = 2,
    num_filters: int = 100,
    num_labels: int = 100,
    similarity_weight: float = 1.0,
    continuity_weight: float = 1.0,
    scribbles: Tensor | None = None,
    scribble_weight: float = 0.5,
    num_superpixels: int | None = None,
    compactness: float = 100.0,
    superpixels: Tensor | None = None,
    learning_rate: float | Schedule = 0.1,
    momentum: float = 0.9,
    optimizer: Literal["sgd", "adam"] = "sgd",
    net: SegmentationNet | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
) -> Iterator[KimStep]:
    r"""Train on one image, or several in turn, and yield the state of each update.

    .. math::
        L = L_{\mathrm{sim}} + \mu L_{\mathrm{con}} + \nu L_{\mathrm{scr}}

    Parameters
    ----------
    images : Tensor, float32, shape (3, H, W), or sequence of such
        RGB images in 0..1, of any sizes. Each iteration takes every image once.
    num_steps : int
        Number of iterations, T.
    num_components, num_filters, num_labels : int
        M, p and q of the network, as in `seglib.kanezaki2018.SegmentationNet`.
    similarity_weight : float
        Weight of `similarity_loss`, 1 in the paper.
    continuity_weight : float
        Weight of `continuity_loss`, μ. The default is that of the authors' code.
    scribbles : Tensor, int64, shape (H, W), optional
        Label of each scribbled pixel, -1 elsewhere; the similarity is then asked of the other
        pixels alone. For one image.
    scribble_weight : float
        Weight of the loss on the scribbled pixels, ν.
    num_superpixels : int or None
        Superpixels to vote in, as in Kanezaki 2018; the paper has none.
    compactness : float
        Compactness of SLIC.
    superpixels : Tensor, int64, shape (H, W), optional
        Superpixels of your own, for one image.
    learning_rate : float or callable
        Step size, or a function from the iteration (1, 2, …) to it: see `seglib.schedules`.
    momentum : float
        Momentum of gradient descent, or the first β of Adam, in 0..1 (1 excluded).
    optimizer : {"sgd", "adam"}
        Gradient descent with momentum, or Adam.
    net : SegmentationNet, optional
        A network to go on with; it is trained in place, and its sizes are used.
    seed : int
        Seed of the initial weights.
    device : str or torch.device, optional
        Where to run; by default a GPU when there is one.
    precision : {"float32", "bfloat16"}
        Number format of the convolutions.

    Yields
    ------
    KimStep
        State of each iteration, as in `seglib.kanezaki2018.steps`; of each image in it.

    Raises
    ------
    TypeError
        If an image is not a float32 tensor, or a knob has the wrong type.
    ValueError
        If an image has another shape or range, there is none, a knob is out of range, or a map
        does not fit the image: at the call, before the first step is asked for.

    Notes
    -----
    With μ = 0 and no scribbles this is the loop of Kanezaki 2018 with the same superpixels: on
    one CPU the labels agree exactly.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, IEEE TIP 29, 2020; weights of the authors' code.

    Examples
    --------
    >>> image = torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(0))
    >>> states = list(steps(image, num_steps=3, num_filters=8, num_labels=6))
    >>> [state.step for state in states], bool(states[-1].continuity > 0)
    ([1, 2, 3], True)
    """
    images = [images] if isinstance(images, Tensor) else list(images)
    for image in images:
        check_image(image)
    if len(images) != 1 and (scribbles is not None or superpixels is not None):
        raise ValueError(f"scribbles and superpixels need exactly one image, got {len(images)}")
    if not images:
        raise ValueError("images must hold at least one image, got none")
    check_integers(1, num_steps=num_steps)
    device = pick_device(device)
    images = [image.to(device) for image in images]
    votes = [superpixels_for(image, num_superpixels, compactness, superpixels) for image in images]
    if net is None:
        with seeded(seed):
            net = SegmentationNet(num_components, num_filters, num_labels)
    if scribbles is not None:
        check_scribbles(images[0], scribbles, net.classifier.out_channels)
        scribbles = scribbles.to(device)
    weights = similarity_weight, continuity_weight, scribble_weight
    names = ("similarity_weight", "continuity_weight", "scribble_weight")
    check_numbers(0.0, **dict(zip(names, weights, strict=True)))
    net.to(device, memory_format=torch.channels_last)
    rate, descent = _plan_descent(net, learning_rate, momentum, optimizer)
    number_format = compute_in(precision, device)
    run = (images, votes, scribbles, net, descent, rate, weights, num_steps, number_format)
    return _iterate(*run)


def _plan_descent(
    net: SegmentationNet, learning_rate: float | Schedule, momentum: float, name: str
) -> tuple[Schedule, torch.optim.Optimizer]:
    """Make the schedule and the optimizer."""
    check_numbers(0.0, momentum=momentum)
    if momentum >= 1:
        raise ValueError(f"momentum must be below 1, got {momentum}")
    if name not in ("sgd", "adam"):
        raise ValueError(f"optimizer must be 'sgd' or 'adam', got {name!r}")
    if not callable(learning_rate):
        check_numbers(0.0, learning_rate=learning_rate)
    rate = learning_rate if callable(learning_rate) else lambda step: learning_rate
    if name == "sgd":
        return rate, torch.optim.SGD(net.parameters(), lr=rate(1), momentum=momentum)
    return rate, torch.optim.Adam(net.parameters(), lr=rate(1), betas=(momentum, 0.999))


def _iterate(
    images: Sequence[Tensor],
    votes: Sequence[Tensor | None],
    scribbles: Tensor | None,
    net: SegmentationNet,
    descent: torch.optim.Optimizer,
    rate: Schedule,
    weights: tuple[float, float, float],
    num_steps: int,
    number_format: AbstractContextManager,
) -> Iterator[KimStep]:
    """Run the loop: each step takes every image once, with one update for each."""
    num_labels = net.classifier.out_channels  # C
    numbers = [None if vote is None else int(vote.max()) + 1 for vote in votes]  # K
    try:
        for step in range(1, num_steps + 1):
            for group in descent.param_groups:
                group["lr"] = rate(step)
            for index, image in enumerate(images):
                with reuse_memory():
                    with number_format:
                        batch = image[None].contiguous(memory_format=torch.channels_last)
                        responses = net(batch)  # (1, C, H, W)
                    responses = responses.permute(0, 2, 3, 1).flatten(0, 1).float()  # (H, W, C)
                    labels = targets = responses.detach().max(dim=2).indices  # (H, W)
                    if votes[index] is not None:
                        sizes = {"num_labels": num_labels, "num_superpixels": numbers[index]}
                        targets = superpixel_majority_vote(labels, votes[index], **sizes)
                    parts = _losses(responses.permute(2, 0, 1), targets, scribbles, weights[1])
                    loss = sum(w * part for w, part in zip(weights, parts, strict=True))
                    descent.zero_grad()
                    loss.backward()
                    descent.step()
                count = count_labels(labels, num_labels)
                found = (part.detach() for part in (loss, *parts))
                yield KimStep(step, labels, targets, count, *found, index)
    finally:
        release_memory()


def _losses(
    responses: Tensor, targets: Tensor, scribbles: Tensor | None, continuity_weight: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the three losses; a continuity without weight costs no gradient."""
    with torch.set_grad_enabled(continuity_weight > 0):
        continuity = continuity_loss(responses)
    if scribbles is None:
        return similarity_loss(responses, targets), continuity, responses.new_zeros(())
    free = scribbles == UNLABELLED
    given = similarity_loss(responses, scribbles.clamp(min=0), ~free)
    return similarity_loss(responses, targets, free), continuity, given


def segment(image: Tensor, *, min_labels: int | None = None, **knobs: object) -> Tensor:
    """Segment an image.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    min_labels : int, optional
        The run stops before fewer labels than this are left, and never returns fewer. By default
        3, and with scribbles 1: their labels can die out early and come back. The authors' code
        stops with scribbles once no more labels are left than were scribbled.
    **knobs : object
        Any keyword of `steps`: ``num_steps``, ``continuity_weight``, ``scribbles``, ``seed`` …

    Returns
    -------
    Tensor, int64, shape (H, W)
        Label of each pixel, in ``0 .. C-1``, on the device of the run. Scribbled labels keep
        their numbers.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range, or no map held `min_labels` labels.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, IEEE TIP 29, 2020.
    """
    check_image(image)
    run = steps(image, **knobs)
    if min_labels is None:
        min_labels = 3 if knobs.get("scribbles") is None else 1
    return last_labels(run, min_labels)
