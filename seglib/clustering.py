"""What colour alone can do: pixels, or windows around them, clustered by k-means or a mixture.

A cluster is a label; nothing but the window knows where a pixel lies, so that a label usually
falls into many pieces (`seglib.labels.connected_components`). `seglib.baselines` gathers these
methods with the others to compare against.
"""

from __future__ import annotations

from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from torch import Tensor

from seglib._clusters import check_draw, cluster_windows, patches_of
from seglib.checks import check_integers, check_numbers
from seglib.images import check_image

COVARIANCES = ("full", "tied", "diag", "spherical")


def color_windows(image: Tensor, window: int = 1) -> Tensor:
    """Describe each pixel by the colours of the window around it.

    Kanezaki 2018, Section 3: "the concatenation of RGB values in a α×α window for each pixel".

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    window : int
        Side of the window in pixels, α; odd.

    Returns
    -------
    Tensor, float32, shape (H·W, 3·α²)
        One row per pixel, in reading order: the window in red, then in green, then in blue, each
        in reading order. On the device of `image`.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or `window` is not an integer.
    ValueError
        If `image` has another shape or range, or `window` is even or below 1.

    Notes
    -----
    The paper does not speak of borders. Here the outermost pixels are repeated outwards, so that
    a window holds no colour that the picture lacks; zeros would make a black frame.

    References
    ----------
    A. Kanezaki, ICASSP 2018, Section 3.

    Examples
    --------
    >>> import torch
    >>> image = torch.zeros(3, 3, 3)
    >>> image[0] = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]])
    >>> color_windows(image, 3)[0, :9].reshape(3, 3)  # red around the upper left corner
    tensor([[0.1000, 0.1000, 0.2000],
            [0.1000, 0.1000, 0.2000],
            [0.4000, 0.4000, 0.5000]])
    """
    check_image(image)
    return patches_of(image, window).flatten(0, 1).flatten(1)


def kmeans_windows(
    image: Tensor,
    *,
    num_labels: int = 6,
    window: int = 1,
    num_init: int = 1,
    max_iterations: int = 300,
    max_fit_pixels: int | None = None,
    seed: int = 0,
) -> Tensor:
    r"""Cluster the pixels by k-means on the colours of the window around each.

    With :math:`\mathbf{x}_n` the window of pixel :math:`n` as a vector (`color_windows`):

    .. math::
        \min_{\mathbf{m}_1, \dots, \mathbf{m}_k}
        \sum_n \lVert \mathbf{x}_n - \mathbf{m}_{c_n} \rVert^2,
        \qquad c_n = \arg\min_i \lVert \mathbf{x}_n - \mathbf{m}_i \rVert .

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_labels : int
        Number of clusters, k; the paper takes the best of 2 to 20, and `elbow` of
        `seglib.elbow` proposes one for an image. The default is a middle value.
    window : int
        Side of the window, α; the paper tries 1, 3, 5 and 7.
    num_init : int
        How often to start anew; the start with the smallest sum wins.
    max_iterations : int
        Most iterations of each start.
    max_fit_pixels : int or None
        Fit the means on so many pixels drawn by `seed`, and assign all pixels afterwards. ``None``
        fits on all, as in the paper.
    seed : int
        Seed of the starting means (k-means++) and of the draw, in ``0 .. 2³²-1``.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Cluster of each pixel, in ``0 .. k-1``, on the device of `image`. An image with fewer
        different windows than `num_labels` gets fewer labels.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or a knob is not an integer.
    ValueError
        If `image` has another shape or range, a knob is out of range, or there are more labels
        than pixels to fit on.

    Notes
    -----
    Lloyd's algorithm of scikit-learn in float32, on one thread of the CPU: sums over the pixels
    depend on the number of threads in their last digit, and with them the labels. One seed thus
    gives one map, whatever the machine's load. k-means finds a local minimum, so that seeds
    differ; show several.
    A fit on all pixels holds all windows, 12·α²·HW bytes (91 MB for α = 7 on 481 × 321), and a
    second copy; a fit on some holds the windows of these and of a strip of the image. All pixels
    are the default because the paper has it so; some save time where windows are large.

    References
    ----------
    A. Kanezaki, ICASSP 2018, Section 3. S. P. Lloyd, "Least squares quantization in PCM", IEEE
    Transactions on Information Theory 28, 1982. D. Arthur, S. Vassilvitskii, "k-means++: the
    advantages of careful seeding", SODA 2007.

    Examples
    --------
    >>> import torch
    >>> image = torch.zeros(3, 3, 4)
    >>> image[0, :, 2:] = 0.9
    >>> image[2, 0, 0] = 0.1
    >>> labels = kmeans_windows(image, num_labels=2)
    >>> (labels == labels[0, 0]).int()
    tensor([[1, 1, 0, 0],
            [1, 1, 0, 0],
            [1, 1, 0, 0]], dtype=torch.int32)
    """
    check_image(image)
    patches = patches_of(image, window)
    check_integers(1, num_labels=num_labels, num_init=num_init, max_iterations=max_iterations)
    check_draw(patches, num_labels, max_fit_pixels, seed)
    model = KMeans(num_labels, n_init=num_init, max_iter=max_iterations, random_state=seed)
    return cluster_windows(model, patches, max_fit_pixels, seed).to(image.device)


def gaussian_mixture(
    image: Tensor,
    *,
    num_labels: int = 6,
    window: int = 1,
    covariance: str = "full",
    tolerance: float = 1e-3,
    max_iterations: int = 100,
    max_fit_pixels: int | None = None,
    seed: int = 0,
) -> Tensor:
    r"""Cluster the pixels by a mixture of Gaussians, started from k-means.

    Expectation-maximisation fits weights, means and covariances to the windows, and each pixel
    takes its most probable component (maximum a posteriori):

    .. math::
        c_n = \arg\max_i \; \pi_i \, \mathcal{N}(\mathbf{x}_n; \mathbf{m}_i, \Sigma_i) .

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    num_labels : int
        Number of components; `elbow` of `seglib.elbow` proposes one.
    window : int
        Side of the window, odd; see `color_windows`.
    covariance : {"full", "tied", "diag", "spherical"}
        Shape of the covariances, in the words of scikit-learn.
    tolerance : float
        Stop when the mean log-likelihood of a pixel grows by less than this; at least 0.
    max_iterations : int
        Most iterations; scikit-learn warns if they did not do.
    max_fit_pixels : int or None
        Fit on so many pixels drawn by `seed`; ``None`` fits on all.
    seed : int
        Seed of k-means and of the draw, in ``0 .. 2³²-1``.

    Returns
    -------
    Tensor, int64, shape (H, W)
        Component of each pixel, in ``0 .. num_labels-1``, on the device of `image`. A component
        can end up without a pixel.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or a knob has the wrong type.
    ValueError
        If `image` has another shape or range, a knob is out of range, or there are more labels
        than pixels to fit on.

    Notes
    -----
    scikit-learn's mixture in float64 on one thread. The clusters of k-means give the first
    weights, means and covariances. 10⁻⁶ is added to each variance, so a flat image is no error.
    With windows the covariances have (3·α²)² entries, and time grows as fast: try "diag".

    References
    ----------
    A. Dempster, N. Laird, D. Rubin, "Maximum likelihood from incomplete data via the EM
    algorithm", Journal of the Royal Statistical Society B 39, 1977.

    Examples
    --------
    >>> import torch
    >>> image = torch.rand(3, 8, 12, generator=torch.Generator().manual_seed(0)) / 10
    >>> image[:, :, 6:] += 0.8
    >>> labels = gaussian_mixture(image, num_labels=2)
    >>> [labels[:, side].unique().numel() for side in (slice(6), slice(6, 12))]
    [1, 1]
    """
    check_image(image)
    patches = patches_of(image, window)
    check_integers(1, num_labels=num_labels, max_iterations=max_iterations)
    check_numbers(0.0, tolerance=tolerance)
    if covariance not in COVARIANCES:
        raise ValueError(f"covariance must be one of {list(COVARIANCES)}, got {covariance!r}")
    check_draw(patches, num_labels, max_fit_pixels, seed)
    model = GaussianMixture(
        num_labels,
        covariance_type=covariance,
        tol=tolerance,
        max_iter=max_iterations,
        init_params="kmeans",
        random_state=seed,
    )
    labels = cluster_windows(model, patches, max_fit_pixels, seed, "float64")
    return labels.to(image.device)
