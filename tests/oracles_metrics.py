"""Slow, plain versions of the scores, written from their definitions, to compare with."""

from __future__ import annotations

import itertools
import math

import numpy as np
from oracles import components_flood


def iou_masks(labels: np.ndarray, true_labels: np.ndarray) -> np.ndarray:
    """IoU of each label with each true label that occurs, mask by mask."""
    return np.array(
        [
            [
                ((labels == c) & (true_labels == g)).sum()
                / ((labels == c) | (true_labels == g)).sum()
                for g in np.unique(true_labels)
            ]
            for c in np.unique(labels)
        ]
    )


def mean_iou_masks(labels: np.ndarray, true_labels: np.ndarray, stands_for: dict) -> float:
    """Mean IoU of each true label with the union of the labels that stand for it."""
    ious = []
    for g in np.unique(true_labels):
        region = np.isin(labels, [c for c, stands in stands_for.items() if stands == g])
        truth = true_labels == g
        ious.append((region & truth).sum() / (region | truth).sum())
    return float(np.mean(ious))


def covering_masks(covered: np.ndarray, covering: np.ndarray) -> float:
    """Arbelaez 2011: regions of one map by their best IoU with the other, weighed by area."""
    best = iou_masks(covered, covering).max(axis=1)
    areas = [(covered == c).sum() for c in np.unique(covered)]
    return float(sum(area * iou for area, iou in zip(areas, best, strict=True)) / covered.size)


def probabilistic_rand_pairs(labels: np.ndarray, annotations: list[np.ndarray]) -> float:
    """Unnikrishnan 2007, equation by equation, over all pairs of pixels."""
    flat = labels.ravel()
    total = 0.0
    pairs = list(itertools.combinations(range(len(flat)), 2))
    for i, j in pairs:
        c = float(flat[i] == flat[j])
        p = np.mean([truth.ravel()[i] == truth.ravel()[j] for truth in annotations])
        total += c * p + (1 - c) * (1 - p)
    return total / len(pairs)


def right_segments_list(
    labels: np.ndarray, annotations: list[np.ndarray], threshold: float
) -> tuple[list[tuple[int, bool]], int]:
    """Kanezaki 2018: (size, is right) of each 4-connected segment, and the number of true ones.

    A segment is right if it meets a true segment of any of the annotations.
    """
    segments = components_flood(labels)
    best = np.max([iou_masks(segments, truth).max(axis=1) for truth in annotations], axis=0)
    sizes = [int((segments == s).sum()) for s in np.unique(segments)]
    num_true = sum(len(np.unique(truth)) for truth in annotations)
    return [(size, bool(iou > threshold)) for size, iou in zip(sizes, best, strict=True)], num_true


def matched_truth_count(
    labels: np.ndarray, annotations: list[np.ndarray], threshold: float, smallest: int
) -> int:
    """True segments with an IoU above the threshold with a segment of at least some size."""
    segments = components_flood(labels)
    kept = [(segments == s) for s in np.unique(segments) if (segments == s).sum() >= smallest]
    count = 0
    for truth in annotations:
        for g in np.unique(truth):
            ious = [(mask & (truth == g)).sum() / (mask | (truth == g)).sum() for mask in kept]
            count += max(ious, default=0) > threshold
    return count


def largest_matching(boundaries: np.ndarray, true_boundaries: np.ndarray, radius: float) -> int:
    """Size of the largest one-to-one pairing within a radius, one augmenting path at a time."""
    drawn = [tuple(map(int, place)) for place in np.argwhere(boundaries)]
    owner: dict[tuple, tuple] = {}

    def find_partner(pixel: tuple, seen: set) -> bool:
        for place in drawn:
            if math.dist(pixel, place) <= radius and place not in seen:
                seen.add(place)
                if place not in owner or find_partner(owner[place], seen):
                    owner[place] = pixel
                    return True
        return False

    return sum(find_partner(tuple(map(int, p)), set()) for p in np.argwhere(true_boundaries))
