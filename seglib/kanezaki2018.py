"""Unsupervised image segmentation by backpropagation (Kanezaki 2018).

A small convolutional network labels the pixels of one image, the labels are made constant on
superpixels, and the network is trained to give the labels so refined; again and again.

A. Kanezaki, ICASSP 2018. Chapter: ``book/kanezaki2018.ipynb``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglib.checks import check_integers, check_numbers
from seglib.devices import compute_in, pick_device, release_memory, reuse_memory, seeded
from seglib.images import check_image
from seglib.labels import count_labels
from seglib.states import Step, last_labels
from seglib.superpixels import superpixel_majority_vote, superpixels_for


class SegmentationNet(nn.Module):
    r"""Map an image to one response per label and pixel.

    M components of 3×3 convolution, ReLU and batch normalisation give the features
    :math:`x_n \in \mathbb{R}^p`; a linear classifier gives the responses
    :math:`y_n = W_c x_n + b_c`, and batch normalisation makes each of the q responses zero-mean
    and unit-variance over the pixels (Sections 2.1 and 2.3).

    Parameters
    ----------
    num_components : int
        Number of convolutional components, M.
    num_filters : int
        Filters of each convolution, p.
    num_labels : int
        Number of responses, q: the most labels that the segmentation can have.
    normalize_responses : bool
        Whether the responses are batch-normalised.
    in_channels : int
        Channels of the image.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer, or smaller than 1.

    Notes
    -----
    A batch is the pixels of one image, always: batch normalisation keeps no running averages. It
    learns a scale and a shift for each response, as in the authors' code; equation 2 has none.
    Zero padding keeps the size of the image; the paper does not speak of borders. Weights start
    from Xavier's uniform distribution and biases from zero (Section 2.4); the authors' code keeps
    PyTorch's default initialisation.

    References
    ----------
    A. Kanezaki, ICASSP 2018, Sections 2.1, 2.3, 2.4 and Figure 1.

    Examples
    --------
    >>> net = SegmentationNet(num_components=2, num_filters=8, num_labels=5)
    >>> net(torch.rand(1, 3, 16, 24)).shape
    torch.Size([1, 5, 16, 24])
    """

    def __init__(
        self,
        num_components: int = 2,
        num_filters: int = 100,
        num_labels: int = 100,
        *,
        normalize_responses: bool = True,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_integers(1, num_components=num_components, num_filters=num_filters)
        check_integers(1, num_labels=num_labels, in_channels=in_channels)
        layers: list[nn.Module] = []
        for component in range(num_components):
            channels = in_channels if component == 0 else num_filters
            layers += [
                nn.Conv2d(channels, num_filters, kernel_size=3, padding=1),
                nn.ReLU(inplace=True),
                nn.BatchNorm2d(num_filters, track_running_stats=False),
            ]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Conv2d(num_filters, num_labels, kernel_size=1)
        norm = nn.BatchNorm2d(num_labels, track_running_stats=False)
        self.normalize = norm if normalize_responses else nn.Identity()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Compute the normalised responses y'.

        Parameters
        ----------
        images : Tensor, float32, shape (N, 3, H, W)
            RGB images in 0..1. Each is normalised with the others of its batch.

        Returns
        -------
        Tensor, shape (N, C, H, W)
            Response of each label at each pixel; the label of a pixel is the largest.
        """
        features = self.features(images)  # (N, p, H, W), x
        responses = self.classifier(features)  # (N, C, H, W), y
        return self.normalize(responses)  # (N, C, H, W), y'


def steps(
    image: Tensor,
    *,
    num_steps: int = 500,
    num_components: int = 2,
    num_filters: int = 100,
    num_labels: int = 100,
    num_superpixels: int | None = 10_000,
    compactness: float = 100.0,
    superpixels: Tensor | None = None,
    learning_rate: float | Callable[[int], float] = 0.1,
    momentum: float = 0.9,
    normalize_responses: bool = True,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
) -> Iterator[Step]:
    """Run Algorithm 1 and yield the state of each iteration.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_steps : int
        Number of iterations, T.
    num_components : int
        Convolutional components of the network, M; the paper tries 1 to 5.
    num_filters : int
        Filters of each convolution, p.
    num_labels : int
        Responses of the network, q: the most labels possible.
    num_superpixels : int or None
        Superpixels that SLIC aims at, K. ``None`` leaves the vote out.
    compactness : float
        Compactness of SLIC; the default is that of the authors' code.
    superpixels : Tensor, int64, shape (H, W), optional
        Superpixels of your own, in place of SLIC's.
    learning_rate : float or callable
        Step size of gradient descent, or a function from the iteration (1, 2, …) to it.
    momentum : float
        Momentum of gradient descent, in 0..1 (1 excluded).
    normalize_responses : bool
        Whether the responses are batch-normalised, Section 2.3.
    seed : int
        Seed of the initial weights, the only chance in the method.
    device : str or torch.device, optional
        Where to run; by default a GPU when there is one.
    precision : {"float32", "bfloat16"}
        Number format of the convolutions; the second is faster on recent processors.

    Yields
    ------
    Step
        State of each iteration. The labels of step t are those that the update of step t uses.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or a knob has the wrong type.
    ValueError
        If `image` has another shape or range, a knob is out of range, or `superpixels` does not
        fit the image: at the call, before the first step is asked for.

    Notes
    -----
    On one CPU with a fixed number of threads, the same seed gives the same maps bit by bit. On a
    GPU the maps can differ from run to run.
    No value is brought to the host within a step. A list of all states
    holds 2 T maps of 8 bytes a pixel.

    References
    ----------
    A. Kanezaki, ICASSP 2018, Algorithm 1; the values in Sections 2.2, 2.4 and 3.

    Examples
    --------
    >>> image = torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(0))
    >>> states = list(steps(image, num_steps=3, num_filters=8, num_labels=6, num_superpixels=50))
    >>> [state.step for state in states], states[-1].labels.shape
    ([1, 2, 3], torch.Size([24, 32]))
    """
    check_image(image)
    check_integers(1, num_steps=num_steps)
    check_numbers(0.0, momentum=momentum)
    if momentum >= 1:
        raise ValueError(f"momentum must be below 1, got {momentum}")
    if not callable(learning_rate):
        check_numbers(0.0, learning_rate=learning_rate)
    device = pick_device(device)
    number_format = compute_in(precision, device)
    image = image.to(device)
    superpixels = superpixels_for(image, num_superpixels, compactness, superpixels)
    with seeded(seed):
        net = SegmentationNet(
            num_components, num_filters, num_labels, normalize_responses=normalize_responses
        )
    net = net.to(device, memory_format=torch.channels_last)
    rate = learning_rate if callable(learning_rate) else lambda step: learning_rate
    optimizer = torch.optim.SGD(net.parameters(), lr=rate(1), momentum=momentum)
    return _iterate(image, superpixels, net, optimizer, rate, num_steps, number_format)


def _iterate(
    image: Tensor,
    superpixels: Tensor | None,
    net: SegmentationNet,
    optimizer: torch.optim.Optimizer,
    rate: Callable[[int], float],
    num_steps: int,
    number_format: AbstractContextManager,
) -> Iterator[Step]:
    """Run the loop of Algorithm 1."""
    batch = image[None].contiguous(memory_format=torch.channels_last)  # (1, 3, H, W)
    num_labels = net.classifier.out_channels  # C
    sizes = {"num_labels": num_labels}
    if superpixels is not None:
        sizes["num_superpixels"] = int(superpixels.max()) + 1  # K
    try:
        for step in range(1, num_steps + 1):
            with reuse_memory():
                with number_format:
                    responses = net(batch)  # (1, C, H, W)
                responses = responses.permute(0, 2, 3, 1).flatten(0, 2).float()  # (HW, C)
                labels = responses.detach().max(dim=1).indices.reshape(image[0].shape)
                if superpixels is None:
                    targets = labels
                else:
                    targets = superpixel_majority_vote(labels, superpixels, **sizes)
                loss = F.cross_entropy(responses, targets.flatten())
                optimizer.zero_grad()
                loss.backward()
                for group in optimizer.param_groups:
                    group["lr"] = rate(step)
                optimizer.step()
            yield Step(step, labels, targets, count_labels(labels, num_labels), loss.detach())
    finally:
        release_memory()


def segment(image: Tensor, *, min_labels: int = 3, **knobs: object) -> Tensor:
    """Segment an image by Algorithm 1.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    min_labels : int
        The run stops before fewer labels than this are left; 1 runs all iterations, as in the
        paper. The authors' code has a similar stop: see `seglib.states.last_labels`.
    **knobs : object
        Any keyword of `steps`: ``num_steps``, ``num_components``, ``learning_rate``, ``seed`` …

    Returns
    -------
    Tensor, int64, shape (H, W)
        Label of each pixel, in ``0 .. C-1``, on the device of the run. A label can lie in several
        pieces: see `seglib.labels.connected_components`.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range, or no map held `min_labels` labels.

    References
    ----------
    A. Kanezaki, ICASSP 2018, Algorithm 1.
    """
    return last_labels(steps(image, **knobs), min_labels)
