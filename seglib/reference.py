"""Fit a network on reference images, keep it, and segment other images with it.

Labels then mean the same in every image: what is label 5 in one frame is label 5 in the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from seglib import kim2020
from seglib.devices import pick_device, seeded
from seglib.images import check_image
from seglib.kanezaki2018 import SegmentationNet

FORMAT = "seglib.SegmentationNet/1"


def fit(
    images: Tensor | Sequence[Tensor],
    *,
    num_components: int = 2,
    num_filters: int = 100,
    num_labels: int = 100,
    seed: int = 0,
    **knobs: object,
) -> SegmentationNet:
    """Train a network on one image, or on several in turn, and return it.

    Parameters
    ----------
    images : Tensor, float32, shape (3, H, W), or sequence of such
        RGB images in 0..1.
    num_components, num_filters, num_labels : int
        M, p and q of the network.
    seed : int
        Seed of the initial weights.
    **knobs : object
        Any other keyword of `seglib.kim2020.steps`: ``num_steps``, ``continuity_weight`` …

    Returns
    -------
    SegmentationNet
        The network, on the device of the run.

    Raises
    ------
    TypeError, ValueError
        As `seglib.kim2020.steps`.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, IEEE TIP 29, 2020: segmentation with reference images.

    Examples
    --------
    >>> image = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(0))
    >>> net = fit(image, num_filters=8, num_labels=6, num_steps=3, device="cpu")
    >>> predict(net, image).shape
    torch.Size([16, 24])
    """
    with seeded(seed):
        net = SegmentationNet(num_components, num_filters, num_labels)
    deque(kim2020.steps(images, net=net, **knobs), maxlen=0)  # to its end, keeping nothing
    return net


def predict(net: SegmentationNet, image: Tensor) -> Tensor:
    """Segment an image with a trained network.

    Parameters
    ----------
    net : SegmentationNet
        What `fit` or `load` returns.
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1, of any size.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Label of each pixel, in ``0 .. C-1``, on the device of the network.

    Raises
    ------
    TypeError, ValueError
        If `image` is no image, see `seglib.images.check_image`.

    Notes
    -----
    Responses are normalised over the pixels of the image at hand, as in training: an image with
    other shares of its colours than the reference is stretched to the same mean and variance.

    References
    ----------
    W. Kim, A. Kanezaki, M. Tanaka, IEEE TIP 29, 2020: segmentation with reference images.
    """
    check_image(image)
    device = next(net.parameters()).device
    with torch.no_grad():
        responses = net(image[None].to(device, memory_format=torch.channels_last))
    return responses[0].argmax(dim=0)


def save(net: SegmentationNet, path: str | Path) -> None:
    """Write a network to a file that `load` reads; a file that is there is replaced as a whole.

    Parameters
    ----------
    net : SegmentationNet
        The network.
    path : str or Path
        File to write, by custom ``….pt``.

    Raises
    ------
    OSError
        If the file cannot be written; nothing half-written is left under its name.
    """
    convolutions = [layer for layer in net.features if isinstance(layer, torch.nn.Conv2d)]
    content = {
        "format": FORMAT,
        "sizes": {
            "num_components": len(convolutions),
            "num_filters": convolutions[0].out_channels,
            "num_labels": net.classifier.out_channels,
            "in_channels": convolutions[0].in_channels,
            "normalize_responses": isinstance(net.normalize, torch.nn.BatchNorm2d),
        },
        "weights": {name: value.cpu() for name, value in net.state_dict().items()},
    }
    part = Path(f"{path}.part")
    try:
        with part.open("wb") as file:
            torch.save(content, file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(path: str | Path, device: str | torch.device | None = None) -> SegmentationNet:
    """Read a network that `save` has written.

    Parameters
    ----------
    path : str or Path
        The file.
    device : str or torch.device, optional
        Where the network goes; by default a GPU when there is one.

    Returns
    -------
    SegmentationNet
        The network.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no file of `save`, or a damaged one.

    Notes
    -----
    Only tensors and numbers are read (``weights_only``): a file from elsewhere can run no code.
    """
    device = pick_device(device)
    fault = f"{path} must be a network that seglib.reference.save has written, and "
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # torch.load raises many kinds for what it cannot read
        raise ValueError(f"{fault}cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{fault}is another file")
    try:
        net = SegmentationNet(**content["sizes"])
        net.load_state_dict(content["weights"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"{fault}its weights do not fit: {str(error).splitlines()[0]}") from error
    return net.to(device, memory_format=torch.channels_last)
