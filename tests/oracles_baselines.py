"""Slow, plain versions of the classical baselines, written from the papers, to compare with."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.stats import multivariate_normal


def window_loop(image: np.ndarray, window: int) -> np.ndarray:
    """The colours around each pixel, pixel by pixel; the nearest pixel stands in outside."""
    channels, height, width = image.shape
    reach = window // 2
    rows = []
    for y in range(height):
        for x in range(width):
            row = []
            for channel in range(channels):
                for dy in range(-reach, reach + 1):
                    for dx in range(-reach, reach + 1):
                        near_y = min(max(y + dy, 0), height - 1)
                        near_x = min(max(x + dx, 0), width - 1)
                        row.append(image[channel, near_y, near_x])
            rows.append(row)
    return np.array(rows, dtype=image.dtype)


def merge_graph(image: np.ndarray, k: float, sigma: float = 0.0) -> np.ndarray:
    """Felzenszwalb and Huttenlocher 2004, Algorithm 1, with sets of pixels; no smallest size.

    `image` is (H, W, 3) in grey values of 0..255, `k` is in the same unit.
    """
    image = ndimage.gaussian_filter(image.astype(float), (sigma, sigma, 0), mode="reflect")
    height, width = image.shape[:2]
    edges = []
    for y, x in np.ndindex(height, width):
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):  # the other four are these, turned
            if y + dy < height and 0 <= x + dx < width:
                weight = np.linalg.norm(image[y, x] - image[y + dy, x + dx])
                edges.append((weight, (y, x), (y + dy, x + dx)))
    edges.sort(key=lambda edge: edge[0])

    segment_of = {pixel: {pixel} for pixel in np.ndindex(height, width)}
    internal = {id(segment): 0.0 for segment in segment_of.values()}  # Int(C), by segment
    for weight, one, other in edges:
        first, second = segment_of[one], segment_of[other]
        if first is second:
            continue
        largest = min(internal[id(first)] + k / len(first), internal[id(second)] + k / len(second))
        if weight <= largest:
            first |= second
            internal[id(first)] = weight  # the heaviest so far, because they come sorted
            for pixel in second:
                segment_of[pixel] = first
    labels = np.full((height, width), -1)
    for name, pixel in enumerate(np.ndindex(height, width)):
        if labels[pixel] < 0:
            for member in segment_of[pixel]:
                labels[member] = name
    return labels


def em_loop(
    points: np.ndarray, labels: np.ndarray, num_labels: int, tolerance: float, most: int
) -> np.ndarray:
    """Expectation-maximisation from hard labels, full covariances; the most probable component.

    Stops as the study says: when the mean log-likelihood changes by less than the tolerance.
    """
    memberships = np.eye(num_labels)[labels]
    before = -np.inf
    for _ in range(most):
        weights, means, covariances = _mixture_of(points, memberships)
        joint = _joint(points, weights, means, covariances)
        likelihood = np.log(joint.sum(axis=1)).mean()
        memberships = joint / joint.sum(axis=1, keepdims=True)
        if abs(likelihood - before) < tolerance:
            break
        before = likelihood
    return _joint(points, *_mixture_of(points, memberships)).argmax(axis=1)


def _mixture_of(points: np.ndarray, memberships: np.ndarray) -> tuple[np.ndarray, ...]:
    sizes = memberships.sum(axis=0)
    means = memberships.T @ points / sizes[:, None]
    covariances = []
    for component, size in enumerate(sizes):
        away = points - means[component]
        scatter = (away * memberships[:, [component]]).T @ away
        covariances.append(scatter / size + 1e-6 * np.eye(points.shape[1]))
    return sizes / len(points), means, np.array(covariances)


def _joint(points, weights, means, covariances) -> np.ndarray:
    densities = [
        weight * multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(weights, means, covariances, strict=True)
    ]
    return np.stack(densities, axis=1)


def chord_knee(candidates: list[int], inertias: list[float]) -> int:
    """The point farthest below its chord, by the distance of a point from a line in the plane."""
    x = np.interp(candidates, [candidates[0], candidates[-1]], [0, 1])
    y = (np.array(inertias) - inertias[-1]) / (inertias[0] - inertias[-1])
    along = np.array([1.0, -1.0]) / np.sqrt(2)  # from (0, 1) to (1, 0)
    signed = [-(along[0] * (b - 1) - along[1] * a) for a, b in zip(x, y, strict=True)]
    return candidates[int(np.argmax(signed))]
