"""labels: each operation against a slow oracle, and its properties."""

import numpy as np
import pytest
import torch
from oracles import components_flood

from seglib.labels import (
    connected_components,
    contingency_table,
    count_labels,
    find_boundaries,
    match_labels,
    relabel,
)


def random_map(seed, size=(17, 23), num_labels=4):
    return torch.randint(num_labels, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(3))
def test_components_equal_a_flood_fill(seed):
    labels = random_map(seed)
    assert np.array_equal(connected_components(labels), components_flood(labels.numpy()))


def test_components_have_no_background_and_no_diagonal():
    labels = torch.tensor([[0, 1], [1, 0]])
    assert connected_components(labels).tolist() == [[0, 1], [2, 3]]
    assert connected_components(torch.full((3, 3), -7)).unique().tolist() == [0]


def test_components_do_not_depend_on_the_names():
    labels = random_map(0)
    renamed = torch.tensor([3, 0, 2, 1])[labels]
    assert torch.equal(connected_components(labels), connected_components(renamed))


def test_relabel_sorts_by_area_and_keeps_the_regions():
    labels = random_map(1) * 10 - 5
    renamed = relabel(labels)
    areas = renamed.flatten().bincount()
    assert (areas.diff() <= 0).all()
    assert (areas > 0).all()
    pairs = torch.stack([labels.flatten(), renamed.flatten()]).unique(dim=1)
    assert pairs.shape[1] == len(areas)


def test_count_labels_with_and_without_the_size():
    labels = torch.tensor([[0, 5], [5, 9]])
    assert int(count_labels(labels)) == int(count_labels(labels, num_labels=100)) == 3


def test_contingency_table_counts_every_pair():
    labels, truth = random_map(2), random_map(3, num_labels=3)
    table = contingency_table(labels, truth)
    for c in range(4):
        for g in range(3):
            assert table[c, g] == ((labels == c) & (truth == g)).sum()


@pytest.mark.parametrize("names", [[2, 0, 3, 1], [7, 5, 0, 9]])
def test_match_labels_undoes_a_renaming(names):
    reference = random_map(4)
    assert torch.equal(match_labels(torch.tensor(names)[reference], reference), reference)


def test_match_labels_gives_new_names_to_labels_without_a_partner():
    labels = torch.tensor([[0, 0, 1, 2]])
    assert match_labels(labels, torch.zeros(1, 4, dtype=torch.int64)).tolist() == [[0, 0, 1, 2]]


def test_boundaries_of_a_flat_map_are_empty_and_names_do_not_matter():
    assert not find_boundaries(torch.full((4, 5), 3)).any()
    labels = random_map(5)
    assert torch.equal(find_boundaries(labels), find_boundaries(-3 * labels))


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (torch.zeros(3, 3), TypeError, "int64, got torch.float32"),
        (torch.zeros(3, dtype=torch.int64), ValueError, r"shape \(H, W\), got \(3,\)"),
        (torch.zeros(0, 3, dtype=torch.int64), ValueError, r"got \(0, 3\)"),
        (np.zeros((3, 3), dtype=int), TypeError, "must be a tensor, got ndarray"),
    ],
)
def test_bad_maps_get_one_sentence(labels, error, words):
    for function in (connected_components, relabel, find_boundaries, count_labels):
        with pytest.raises(error, match=words):
            function(labels)


def test_two_maps_must_fit():
    with pytest.raises(ValueError, match=r"true_labels must have the shape of labels \(2, 3\)"):
        contingency_table(torch.zeros(2, 3).long(), torch.zeros(3, 2).long())
    with pytest.raises(ValueError, match="must not hold negative labels, got -1"):
        contingency_table(torch.zeros(2, 3).long(), torch.full((2, 3), -1))
