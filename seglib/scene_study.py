"""The three methods of the scene-segmentation study: k-means, Gaussian mixture and CNN.

What its text leaves open is an option with a name. The ensembles stand in `seglib.ensembles`.

R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning". Chapter:
``book/scene_study.ipynb``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from seglib import kim2020
from seglib.clustering import gaussian_mixture, kmeans_windows
from seglib.elbow import elbow
from seglib.schedules import step_decay

CANDIDATES = tuple(range(1, 11))


def kmeans_elbow(
    image: Tensor,
    *,
    num_labels: int | None = None,
    candidates: Sequence[int] = CANDIDATES,
    max_fit_pixels: int | None = None,
    seed: int = 0,
) -> Tensor:
    """Cluster the colours by k-means, their number by the elbow rule.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_labels : int, optional
        Number of clusters, k; by default what the elbow rule says.
    candidates : sequence of int
        Numbers of clusters that the rule tries, growing, at least three.
    max_fit_pixels : int, optional
        Pixels that the rule uses, drawn by `seed`; by default all. The clusters are always
        fitted on all.
    seed : int
        Seed of k-means and of the draw, in ``0 .. 2³²-1``.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Cluster of each pixel, in ``0 .. k-1``, on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        As `seglib.elbow.elbow` and `seglib.clustering.kmeans_windows`.

    Notes
    -----
    The study names the rule, but not the candidates, on which its answer depends.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 5.1.

    Examples
    --------
    >>> from seglib.scenes import toy_scene
    >>> kmeans_elbow(toy_scene("disks")[0], candidates=range(2, 11)).unique()
    tensor([0, 1, 2, 3])
    """
    num_labels = _choose(image, num_labels, candidates, max_fit_pixels, seed)
    return kmeans_windows(image, num_labels=num_labels, seed=seed)


def gmm_elbow(
    image: Tensor,
    *,
    num_labels: int | None = None,
    candidates: Sequence[int] = CANDIDATES,
    max_fit_pixels: int | None = None,
    seed: int = 0,
    **knobs: object,
) -> Tensor:
    """Cluster the colours by a mixture of Gaussians started from k-means with the elbow's k.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_labels : int, optional
        Number of components, k; by default what the elbow rule says.
    candidates, max_fit_pixels : optional
        As in `kmeans_elbow`.
    seed : int
        Seed of k-means and of the draw, in ``0 .. 2³²-1``.
    **knobs : object
        ``covariance``, ``tolerance`` or ``max_iterations`` of
        `seglib.clustering.gaussian_mixture`.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Most probable component of each pixel, in ``0 .. k-1``, on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        As `seglib.elbow.elbow` and `seglib.clustering.gaussian_mixture`.

    Notes
    -----
    The study gives neither the shape of the covariances nor the threshold that ends the
    iterations; those of `gaussian_mixture` are used.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 5.3.

    Examples
    --------
    >>> from seglib.scenes import toy_scene
    >>> gmm_elbow(toy_scene("disks")[0], candidates=range(2, 11)).unique()
    tensor([0, 1, 2, 3])
    """
    num_labels = _choose(image, num_labels, candidates, max_fit_pixels, seed)
    return gaussian_mixture(image, num_labels=num_labels, seed=seed, **knobs)


def cnn(
    image: Tensor,
    *,
    num_steps: int = 100,
    learning_rate: float = 0.05,
    decay_every: int = 50,
    continuity_weight: float = 0.5,
    optimizer: Literal["adam", "sgd"] = "adam",
    seed: int = 0,
    **knobs: object,
) -> Tensor:
    """Segment an image by the network of Kim 2020 with the study's settings.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_steps : int
        Number of iterations ("epochs": the image is the whole data set); the study does not say.
    learning_rate : float
        Rate of the first iterations.
    decay_every : int
        Iterations after which the rate is divided by 10.
    continuity_weight : float
        Weight of the continuity loss, μ.
    optimizer : {"adam", "sgd"}
        Adam, whose first β is the study's "momentum of 0.9", or gradient descent with it.
    seed : int
        Seed of the initial weights, which Xavier's rule draws.
    **knobs : object
        Any other keyword of `seglib.kim2020.segment`: ``num_filters``, ``device`` …

    Returns
    -------
    Tensor, int64, shape (H, W)
        Label of each pixel, on the device of the run.

    Raises
    ------
    TypeError, ValueError
        As `seglib.kim2020.segment`.

    Notes
    -----
    Most labels are settled when the rate is first divided, and the study does not say when it
    stops. Like Kim 2020, the run ends before fewer than 3 labels are left; the study says
    nothing of it.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Sections 5.2.1 to 5.2.3.

    Examples
    --------
    >>> from seglib.scenes import toy_scene
    >>> labels = cnn(toy_scene("disks")[0], num_steps=3, num_filters=8, num_labels=6)
    >>> labels.shape
    torch.Size([64, 96])
    """
    return kim2020.segment(
        image,
        num_steps=num_steps,
        learning_rate=step_decay(learning_rate, every=decay_every),
        continuity_weight=continuity_weight,
        optimizer=optimizer,
        seed=seed,
        **knobs,
    )


def _choose(
    image: Tensor,
    num_labels: int | None,
    candidates: Sequence[int],
    max_fit_pixels: int | None,
    seed: int,
) -> int:
    """Ask the elbow rule for the number of clusters, unless it is given."""
    if num_labels is not None:
        return num_labels
    return elbow(image, candidates=candidates, max_fit_pixels=max_fit_pixels, seed=seed)[0]
