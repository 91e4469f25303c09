r"""The ensembles of the scene-segmentation study: k-means on the segmented image of another method.

R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning". The first
stages stand in `seglib.scene_study`. Chapter: ``book/scene_study.ipynb``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from seglib.checks import check_label_maps, check_maps_fit
from seglib.images import check_image
from seglib.scene_study import CANDIDATES, cnn, gmm_elbow, kmeans_elbow

PAINTS = ("mean_color", "labels")


def paint_labels(
    image: Tensor, labels: Tensor, paint: Literal["mean_color", "labels"] = "mean_color"
) -> Tensor:
    r"""Make a picture of a label map: the "segmented image" that the study goes on with.

    .. math::
        \hat{\mathbf{v}}_n = \frac{1}{|\{m : c_m = c_n\}|} \sum_{m : c_m = c_n} \mathbf{v}_m

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    labels : Tensor, int64, shape (H, W)
        Label :math:`c_n` of each pixel; any values.
    paint : {"mean_color", "labels"}
        The mean colour of the label, or a grey that grows with the label from 0 to 1.

    Returns
    -------
    Tensor, float32, shape (3, H, W)
        RGB in 0..1, one colour for each label, on the device of `image`.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or `labels` not int64.
    ValueError
        If a shape or range is wrong, or `paint` is not known.

    Notes
    -----
    The study does not say what its segmented image is. Greys put labels in an order that means
    nothing: clusters of greys are labels with neighbouring numbers.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 7: "we first got the segmented image from the CNN".

    Examples
    --------
    >>> image = torch.tensor([[0.0, 0.2, 0.9], [0.4, 0.6, 0.6], [0.3, 0.3, 0.3]]).expand(3, 3, 3)
    >>> labels = torch.tensor([[5, 5, 8], [5, 8, 8], [6, 6, 6]])
    >>> paint_labels(image, labels)[0]
    tensor([[0.2000, 0.2000, 0.7000],
            [0.2000, 0.7000, 0.7000],
            [0.3000, 0.3000, 0.3000]])
    """
    check_image(image)
    labels = labels.to(image.device) if isinstance(labels, Tensor) else labels
    check_label_maps(labels=labels)
    check_maps_fit(image, labels=labels)
    if paint not in PAINTS:
        raise ValueError(f"paint must be one of {list(PAINTS)}, got {paint!r}")
    names, numbers = labels.unique(return_inverse=True)  # (C,), (H, W)
    if paint == "labels":
        return (numbers / max(1, len(names) - 1)).expand(3, -1, -1).contiguous()
    flat = numbers.flatten().expand(3, -1)  # (3, HW)
    sums = image.new_zeros(3, len(names), dtype=torch.float64)
    sums.scatter_add_(1, flat, image.detach().flatten(1).double())
    means = (sums / numbers.flatten().bincount()).float().clamp(0, 1)  # (3, C)
    return means[:, numbers]


def recluster(
    image: Tensor,
    labels: Tensor,
    *,
    num_labels: int | None = None,
    paint: Literal["mean_color", "labels"] = "mean_color",
    candidates: Sequence[int] = CANDIDATES,
    max_fit_pixels: int | None = None,
    seed: int = 0,
) -> Tensor:
    """Put the segmented image of another method into k-means: the study's second stage.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    labels : Tensor, int64, shape (H, W)
        What the other method has returned.
    num_labels : int, optional
        Number of clusters of the second stage; by default what the elbow rule says of the
        painted picture.
    paint : {"mean_color", "labels"}
        As in `paint_labels`.
    candidates, max_fit_pixels, seed : optional
        As in `kmeans_elbow`.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Cluster of each pixel, on the device of `image`. Each label goes into one cluster as a
        whole: the second stage merges and never splits.

    Raises
    ------
    TypeError, ValueError
        As `paint_labels` and `kmeans_elbow`.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 7.

    Examples
    --------
    >>> from seglib.scenes import toy_scene
    >>> image, true_labels = toy_scene("disks")
    >>> recluster(image, true_labels, num_labels=2).unique()
    tensor([0, 1])
    """
    picture = paint_labels(image, labels, paint)
    return kmeans_elbow(
        picture,
        num_labels=num_labels,
        candidates=candidates,
        max_fit_pixels=max_fit_pixels,
        seed=seed,
    )


def cnn_kmeans(
    image: Tensor,
    *,
    num_labels: int | None = None,
    paint: Literal["mean_color", "labels"] = "mean_color",
    candidates: Sequence[int] = CANDIDATES,
    max_fit_pixels: int | None = None,
    seed: int = 0,
    cnn_labels: int = 100,
    **knobs: object,
) -> Tensor:
    """Segment by the CNN, then put the segmented image into k-means.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_labels : int, optional
        Number of clusters of the second stage; by default what the elbow rule says of the
        painted picture.
    paint : {"mean_color", "labels"}
        What the segmented image shows, as in `paint_labels`.
    candidates, max_fit_pixels : optional
        As in `seglib.scene_study.kmeans_elbow`, for the second stage.
    seed : int
        Seed of both stages, in ``0 .. 2³²-1``.
    cnn_labels : int
        ``num_labels`` of the CNN: the most that the first stage can have.
    **knobs : object
        Any other keyword of `seglib.scene_study.cnn`: ``num_steps``, ``optimizer`` …

    Returns
    -------
    Tensor, int64, shape (H, W)
        Cluster of each pixel, on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        As `seglib.scene_study.cnn` and `recluster`.

    Notes
    -----
    The study calls the second stage "a less intensive K Means"; how much less it does not say.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 7.

    Examples
    --------
    >>> from seglib.scenes import toy_scene
    >>> image = toy_scene("disks")[0]
    >>> labels = cnn_kmeans(image, num_labels=2, num_steps=2, num_filters=8, cnn_labels=6)
    >>> labels.unique()
    tensor([0, 1])
    """
    labels = cnn(image, num_labels=cnn_labels, seed=seed, **knobs)
    options = {"paint": paint, "candidates": candidates, "max_fit_pixels": max_fit_pixels}
    return recluster(image, labels, num_labels=num_labels, seed=seed, **options)


def gmm_kmeans(
    image: Tensor,
    *,
    num_labels: int | None = None,
    num_components: int | None = None,
    paint: Literal["mean_color", "labels"] = "mean_color",
    candidates: Sequence[int] = CANDIDATES,
    max_fit_pixels: int | None = None,
    seed: int = 0,
    **knobs: object,
) -> Tensor:
    """Segment by a mixture of Gaussians, then put the segmented image into k-means.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_labels : int, optional
        Number of clusters of the second stage; by default what the elbow rule says of the
        painted picture.
    num_components : int, optional
        Number of components of the mixture; by default what the rule says of the image.
    paint : {"mean_color", "labels"}
        What the segmented image shows, as in `paint_labels`.
    candidates, max_fit_pixels : optional
        As in `seglib.scene_study.kmeans_elbow`, for both stages.
    seed : int
        Seed of both stages, in ``0 .. 2³²-1``.
    **knobs : object
        ``covariance``, ``tolerance`` or ``max_iterations`` of the mixture.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Cluster of each pixel, on the device of `image`.

    Raises
    ------
    TypeError, ValueError
        As `seglib.scene_study.gmm_elbow` and `recluster`.

    References
    ----------
    R. Shukla, S. H. Mehta, M. Boinpally, "Scene segmentation using unsupervised learning",
    Section 7.

    Examples
    --------
    >>> from seglib.scenes import toy_scene
    >>> gmm_kmeans(toy_scene("disks")[0], num_labels=2).unique()
    tensor([0, 1])
    """
    options = {"candidates": candidates, "max_fit_pixels": max_fit_pixels, "seed": seed}
    labels = gmm_elbow(image, num_labels=num_components, **options, **knobs)
    return recluster(image, labels, num_labels=num_labels, paint=paint, **options)
