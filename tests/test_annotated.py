"""The photograph that was annotated for the book."""

from __future__ import annotations

import itertools

import pytest
import torch

from seglib.annotated import PARTS, annotated_photograph
from seglib.images import photograph
from seglib.labels import connected_components, count_labels
from seglib.overlaps import find_overlaps


@pytest.mark.parametrize("size", [600, 240, 36])
def test_three_maps_from_coarse_to_fine(size):
    image, annotations = annotated_photograph(size=size)
    assert torch.equal(image, photograph("coffee", size=size))
    assert [int(count_labels(truth)) for truth in annotations] == [2, 4, len(PARTS)]
    assert all(truth.shape == image.shape[1:] for truth in annotations)
    for coarse, fine in itertools.pairwise(annotations):
        table = find_overlaps(fine, coarse)  # each fine segment meets one coarse one
        assert len(table.rows) == len(table.areas)


def test_sizes_show_the_same_outlines():
    large, small = (annotated_photograph(size=size)[1][2] for size in (600, 60))
    middle = large[4::10, 4::10]  # of each block of ten by ten pixels
    assert (middle == small).float().mean() > 0.97


@pytest.mark.parametrize("size", [600, 240, 60, 36, 16, 9])
def test_each_label_is_one_segment(size):
    _, annotations = annotated_photograph(size=size)
    for truth in annotations:
        assert int(connected_components(truth).max()) + 1 == int(count_labels(truth))
