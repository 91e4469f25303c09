"""How many clusters? The elbow rule: where more of them stop to help."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from sklearn.cluster import KMeans
from torch import Tensor

from seglib._clusters import check_draw, draw_windows, patches_of, quiet_on_one_thread
from seglib.checks import check_integers, check_numbers
from seglib.images import check_image


def elbow(
    image: Tensor,
    *,
    candidates: Sequence[int] = range(2, 21),
    window: int = 1,
    num_init: int = 1,
    max_fit_pixels: int | None = None,
    seed: int = 0,
) -> tuple[int, Tensor]:
    """Choose the number of clusters of an image by the elbow rule.

    k-means is run with each candidate, and `knee` finds where the curve of its sums bends.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    candidates : sequence of int
        Numbers of clusters to try, growing, at least three. The first and the last are never
        chosen unless nothing bends.
    window : int
        Side of the window, odd; see `seglib.clustering.color_windows`.
    num_init : int
        How often to start anew with each candidate; the smallest sum counts.
    max_fit_pixels : int or None
        Use so many pixels, drawn by `seed`; ``None`` uses all.
    seed : int
        Seed of k-means and of the draw, in ``0 .. 2³²-1``.

    Returns
    -------
    num_labels : int
        The chosen candidate.
    inertias : Tensor, float64, shape (len(candidates),)
        Sum over the pixels used of the squared distance to the nearest mean, for each candidate;
        on the CPU.

    Raises
    ------
    TypeError
        If `image` is not a float32 tensor, or a knob is not an integer.
    ValueError
        If `image` has another shape or range, a knob is out of range, the candidates do not grow
        or are fewer than three, or there are more labels than pixels.

    Notes
    -----
    The weaknesses of the rule are those of `knee`. k-means stops in a local minimum, so that a sum
    can be larger than the one before it; `num_init` smooths the curve and costs its multiple.

    References
    ----------
    As in `knee`.

    Examples
    --------
    >>> from seglib.scenes import toy_scene
    >>> num_labels, inertias = elbow(toy_scene("disks")[0], candidates=range(2, 11))
    >>> num_labels
    4
    """
    check_image(image)
    patches = patches_of(image, window)
    check_integers(1, num_init=num_init)
    _check_candidates(candidates)
    check_draw(patches, candidates[-1], max_fit_pixels, seed)
    windows = draw_windows(patches, max_fit_pixels, seed)
    with quiet_on_one_thread():
        inertias = [
            KMeans(num_labels, n_init=num_init, random_state=seed).fit(windows).inertia_
            for num_labels in candidates
        ]
    return knee(candidates, inertias), torch.tensor(inertias, dtype=torch.float64)


def knee(candidates: Sequence[int], inertias: Sequence[float]) -> int:
    r"""Find where a falling curve bends most: the point farthest below its chord.

    Both axes are scaled to 0..1, so that the chord runs from (0, 1) to (1, 0):

    .. math::
        \max_i \; \frac{1 - u_i - v_i}{\sqrt{2}}, \qquad
        u_i = \frac{k_i - k_1}{k_m - k_1}, \quad v_i = \frac{J_i - J_m}{J_1 - J_m} .

    Parameters
    ----------
    candidates : sequence of int
        Numbers of clusters :math:`k_1 < \dots < k_m`, at least three.
    inertias : sequence of float
        The sum :math:`J_i` that k-means reaches with each.

    Returns
    -------
    int
        One of the candidates; the smallest on a tie, or if the curve does not fall.

    Raises
    ------
    TypeError
        If a candidate is not an integer, or an inertia not a number.
    ValueError
        If there are fewer than three candidates, they do not grow, an inertia is negative or not
        finite, or there is not one for each candidate.

    Notes
    -----
    "Elbow" has no single definition. This one always answers, even where nothing bends, and its
    answer depends on the candidates: a longer range moves the chord and with it the knee. On the
    smooth curves of photographs it tells more of the range than of the picture.

    References
    ----------
    V. Satopää et al., "Finding a 'kneedle' in a haystack", ICDCS Workshops 2011, for scaled axes
    and the distance to the chord. R. L. Thorndike, "Who belongs in the family?", Psychometrika
    18, 1953, for the rule.

    Examples
    --------
    >>> knee([2, 3, 4, 5, 6], [10.0, 6.0, 2.0, 1.5, 1.0])
    4
    """
    _check_candidates(candidates)
    inertias = [float(inertia) for inertia in inertias]
    check_numbers(0.0, **{f"inertias[{i}]": inertia for i, inertia in enumerate(inertias)})
    if len(inertias) != len(candidates):
        raise ValueError(f"inertias must be {len(candidates)} in number, got {len(inertias)}")
    first, last = candidates[0], candidates[-1]
    fall = inertias[0] - inertias[-1]
    if fall <= 0:
        return first
    below = [
        1 - (k - first) / (last - first) - (inertia - inertias[-1]) / fall
        for k, inertia in zip(candidates, inertias, strict=True)
    ]
    return candidates[below.index(max(below))]


def _check_candidates(candidates: Sequence[int]) -> None:
    """Check that there are three numbers of clusters or more, and that they grow."""
    check_integers(1, **{f"candidates[{i}]": k for i, k in enumerate(candidates)})
    if len(candidates) < 3 or any(after <= before for before, after in pairwise(candidates)):
        raise ValueError(f"candidates must be three or more that grow, got {list(candidates)}")
