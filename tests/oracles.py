"""Slow, plain versions of what seglib computes, written from the papers, to compare with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn


def majority_vote_loop(labels: np.ndarray, superpixels: np.ndarray) -> np.ndarray:
    """Kanezaki 2018, Algorithm 1: ``for k = 1 to K do c_max <- argmax |c_n|``, word for word."""
    refined = labels.copy()
    for k in np.unique(superpixels):
        inside = superpixels == k
        candidates, sizes = np.unique(labels[inside], return_counts=True)
        refined[inside] = candidates[np.argmax(sizes)]
    return refined


def algorithm_1(
    image: torch.Tensor, superpixels: torch.Tensor, net: nn.Module, num_steps: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, float]]:
    """Kanezaki 2018, Algorithm 1, with its loop over superpixels; (labels, targets, loss).

    The pixels of each superpixel are looked up once, before the loop over the iterations.
    """
    members = [np.flatnonzero(superpixels.numpy() == k) for k in range(int(superpixels.max()) + 1)]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(num_steps):
        responses = net(image[None])[0]  # (C, H, W)
        labels = responses.argmax(dim=0)  # (H, W)
        targets = labels.flatten().numpy().copy()
        for pixels in members:
            candidates, sizes = np.unique(targets[pixels], return_counts=True)
            targets[pixels] = candidates[np.argmax(sizes)]
        targets = torch.from_numpy(targets).reshape(labels.shape)
        loss = nn.functional.cross_entropy(responses[None], targets[None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield labels, targets, float(loss.detach())


def components_flood(labels: np.ndarray) -> np.ndarray:
    """Number the 4-connected pieces by flooding, in reading order of their first pixel."""
    height, width = labels.shape
    pieces = np.full(labels.shape, -1)
    count = 0
    for start in np.ndindex(height, width):
        if pieces[start] >= 0:
            continue
        front = [start]
        pieces[start] = count
        while front:
            row, column = front.pop()
            for near in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                if not (0 <= near[0] < height and 0 <= near[1] < width):
                    continue
                if pieces[near] < 0 and labels[near] == labels[start]:
                    pieces[near] = count
                    front.append(near)
        count += 1
    return pieces


def rand_index_pairs(labels: np.ndarray, true_labels: np.ndarray) -> tuple[int, int, int, int]:
    """Count pairs of pixels: together in both, in the first alone, in the second alone, in none."""
    a, b = labels.ravel(), true_labels.ravel()
    both = first = second = none = 0
    for i in range(len(a)):
        for j in range(i):
            same_a, same_b = a[i] == a[j], b[i] == b[j]
            both += same_a and same_b
            first += same_a and not same_b
            second += same_b and not same_a
            none += not same_a and not same_b
    return both, first, second, none
