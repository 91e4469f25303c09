"""Classical methods to compare with, called like the papers' `segment`: image in, labels out.

`BASELINES` has all of them by name. The clusterings of colours stand in `seglib.clustering` and
the elbow rule in `seglib.elbow`; here are the methods that see where a pixel lies, and the blank
image.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from skimage.segmentation import felzenszwalb
from torch import Tensor

from seglib.checks import check_integers, check_numbers
from seglib.clustering import gaussian_mixture, kmeans_windows
from seglib.elbow import elbow
from seglib.images import check_image
from seglib.superpixels import slic_superpixels

__all__ = [
    "BASELINES",
    "blank",
    "elbow",
    "gaussian_mixture",
    "graph_based",
    "kmeans_windows",
    "slic_segments",
]


def blank(image: Tensor) -> Tensor:
    """Give all pixels the same label: the score of doing nothing.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Zeros, on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        If `image` is no image, see `seglib.images.check_image`.

    Examples
    --------
    >>> blank(torch.rand(3, 3, 4))
    tensor([[0, 0, 0, 0],
            [0, 0, 0, 0],
            [0, 0, 0, 0]])
    """
    check_image(image)
    return torch.zeros_like(image[0], dtype=torch.int64)


def graph_based(
    image: Tensor, *, threshold: float = 500.0, sigma: float = 0.8, min_size: int = 20
) -> Tensor:
    r"""Merge neighbouring pixels while their difference is small for the segments they join.

    The pixels are the nodes of a graph with an edge to each of the 8 neighbours, weighted by the
    distance of the colours. Edges are visited by growing weight; one that joins two segments
    :math:`C_1, C_2` merges them if it is no heavier than

    .. math::
        \mathrm{MInt}(C_1, C_2) = \min \left( \mathrm{Int}(C_1) + \frac{\beta}{|C_1|},
        \mathrm{Int}(C_2) + \frac{\beta}{|C_2|} \right),

    where :math:`\mathrm{Int}(C)` is the heaviest edge that was needed to make :math:`C`.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    threshold : float
        β, called k by its authors and ``scale`` by scikit-image, in **grey values of 0..255**
        whatever the range of the image; larger values give larger segments. Kanezaki 2018 tries
        100, 500, 1000, 1500 and 2000.
    sigma : float
        Standard deviation, in pixels, of the Gaussian that smooths the image first.
    min_size : int
        Smaller segments are merged with a neighbour afterwards; 1 leaves all.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Segment of each pixel, in ``0 .. R-1`` without gaps, on the device of `image`.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or a knob is not a number.
    ValueError
        If `image` has another shape or range, or a knob is out of range.

    Notes
    -----
    scikit-image's implementation, on the CPU. It divides ``scale`` by 255 and leaves float images
    as they are: for an image in 0..1, as here, β means what it meant for its authors. A float
    image in 0..255 would call for a ``scale`` 255 times as large. It merges at "lighter than" and
    not at "no heavier than", which differs on ties alone; equal edges come in the order in which
    NumPy sorts them. The colour distance is Euclidean in RGB. No chance is involved.

    Pixels of a segment hang together by edges or corners. `seglib.labels.connected_components`
    looks at edges only, and cuts the segments of a photograph into about two to three times as
    many;
    Kanezaki 2018 takes components for k-means and her own method, and does not say so here.
    Kanezaki 2018 gives neither σ nor the smallest size; 0.8 is that of Felzenszwalb and
    Huttenlocher's experiments, and 20 the default of scikit-image.

    References
    ----------
    P. F. Felzenszwalb, D. P. Huttenlocher, "Efficient graph-based image segmentation",
    International Journal of Computer Vision 59(2), 2004, Section 3 and Algorithm 1.
    A. Kanezaki, ICASSP 2018, Section 3.

    Examples
    --------
    >>> image = torch.zeros(3, 3, 4)
    >>> image[:, :, 2:] = 0.9
    >>> graph_based(image, threshold=100, sigma=0, min_size=1)
    tensor([[0, 0, 1, 1],
            [0, 0, 1, 1],
            [0, 0, 1, 1]])
    """
    check_image(image)
    check_numbers(0.0, threshold=threshold, sigma=sigma)
    check_integers(1, min_size=min_size)
    pixels = image.detach().cpu().permute(1, 2, 0).numpy()  # (H, W, 3)
    segments = felzenszwalb(pixels, scale=threshold, sigma=sigma, min_size=min_size)
    return torch.from_numpy(segments.astype("int64")).to(image.device)


def slic_segments(
    image: Tensor, *, num_superpixels: int = 100, compactness: float = 10.0
) -> Tensor:
    """Take SLIC's superpixels for segments: k-means on colour and position.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_superpixels : int
        Number of superpixels to aim at.
    compactness : float
        Weight of nearness against similarity of colour. The default is that of scikit-image;
        Kanezaki's code uses 100 for its many small superpixels.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Superpixel of each pixel, from 0 without gaps, on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        As `seglib.superpixels.slic_superpixels`, which does the work.

    References
    ----------
    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods",
    IEEE TPAMI 34(11), 2012.

    Examples
    --------
    >>> image = torch.zeros(3, 20, 30)
    >>> image[:, :, 15:] = 1.0
    >>> slic_segments(image, num_superpixels=2).unique()
    tensor([0, 1])
    """
    return slic_superpixels(image, num_superpixels, compactness)


BASELINES: dict[str, Callable[..., Tensor]] = {
    "blank": blank,
    "kmeans_windows": kmeans_windows,
    "gaussian_mixture": gaussian_mixture,
    "graph_based": graph_based,
    "slic_segments": slic_segments,
}
"""The methods by name. Each takes the image and keywords; those with chance in them, a seed."""
