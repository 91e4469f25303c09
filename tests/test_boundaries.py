"""boundaries: the pairing against an exhaustive search and SciPy, the counts by hand."""

import math

import numpy as np
import pytest
import torch
from oracles_metrics import largest_matching
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree
from skimage import data
from skimage.segmentation import slic

from seglib.boundaries import (
    BoundaryCounts,
    boundary_f_measure,
    count_boundary_matches,
    match_boundaries,
)
from seglib.labels import find_boundaries


def random_lines(seed, density, size=(9, 11)):
    return torch.rand(size, generator=torch.Generator().manual_seed(seed)) < density


def photograph():
    image = data.astronaut()[::2, ::2]
    return [
        torch.from_numpy(slic(image, n_segments=number, compactness=c, start_label=0)).long()
        for number, c in ((300, 10.0), (40, 10.0), (40, 30.0))
    ]


def assert_one_to_one(boundaries, true_boundaries, radius):
    partners = match_boundaries(boundaries, true_boundaries, radius=radius)
    found = partners >= 0
    assert len(partners) == int(true_boundaries.sum())
    assert partners[found].unique().numel() == int(found.sum())
    assert boundaries.flatten()[partners[found]].all()
    places = true_boundaries.reshape(-1).nonzero()[:, 0][found]
    width = boundaries.shape[1]
    down, right = places // width - partners[found] // width, (places - partners[found])
    right = right - down * width
    assert (down**2 + right**2 <= radius**2).all()
    return int(found.sum())


@pytest.mark.parametrize("radius", [0, 1, 1.5, 2.3, 4])
@pytest.mark.parametrize("seed", range(6))
def test_as_many_pairs_as_an_exhaustive_search_finds(seed, radius):
    sparse, dense = random_lines(seed, 0.15), random_lines(seed + 50, 0.3)
    for first, second in ((sparse, dense), (dense, sparse), (dense, dense.flip(0))):
        expected = largest_matching(first.numpy(), second.numpy(), radius)
        assert assert_one_to_one(first, second, radius) == expected


def test_nearest_first_alone_would_miss_pairs():
    # the true pixel at 1 is nearest to the line at 1, which the one at 0 needs
    drawn = torch.tensor([[False, True, True, False]])
    true = torch.tensor([[True, True, False, False]])
    assert match_boundaries(drawn, true, radius=1).tolist() == [1, 2]


def test_as_many_pairs_as_scipy_finds_on_a_photograph():
    segments, truth, _ = (find_boundaries(labels) for labels in photograph())
    radius = 0.0075 * math.hypot(*truth.shape)
    for drawn, true in ((segments, truth), (truth, segments)):
        places, true_places = np.argwhere(drawn.numpy()), np.argwhere(true.numpy())
        near = cKDTree(true_places).query_ball_point(places, radius)
        # SciPy wants a partner for each row: one costly dummy column for each
        rows = np.concatenate([np.full(len(c), r) for r, c in enumerate(near)])
        columns = np.concatenate([np.array(c, dtype=int) for c in near])
        dummies = np.arange(len(places))
        costs = np.concatenate([np.ones(len(rows)), np.full(len(places), 1000.0)])
        rows, columns = np.append(rows, dummies), np.append(columns, len(true_places) + dummies)
        graph = csr_array((costs, (rows, columns)))
        _, chosen = min_weight_full_bipartite_matching(graph)
        assert assert_one_to_one(drawn, true, radius) == int((chosen < len(true_places)).sum())


def test_a_doubled_line_finds_no_more_partners():
    true = torch.zeros(12, 12, dtype=torch.bool)
    true[:, 6] = True
    thick = true | true.roll(1, 1) | true.roll(-1, 1)
    assert_one_to_one(thick, true, 2)
    assert int((match_boundaries(true, thick, radius=2) >= 0).sum()) == 12


def test_counts_of_two_annotators_by_hand():
    labels = torch.tensor([[0, 0, 1, 1, 2, 2, 3, 3]] * 2)  # lines at columns 1, 3, 5
    first = torch.tensor([[0, 0, 1, 1, 1, 1, 1, 1]] * 2)  # at column 1
    second = torch.tensor([[0, 0, 1, 1, 2, 2, 2, 3]] * 2)  # at columns 1, 3, 6
    assert count_boundary_matches(labels, [first, second], tolerance=0) == (4, 6, 6, 8)
    near = 1 / math.hypot(2, 8)  # a tolerance of one pixel
    assert count_boundary_matches(labels, [first, second], tolerance=near) == (6, 6, 8, 8)
    precision, recall, f = boundary_f_measure(labels, [first, second], tolerance=0)
    assert (precision, recall) == pytest.approx((4 / 6, 6 / 8))
    assert f == pytest.approx(2 / (6 / 4 + 8 / 6))


def test_tolerance_is_a_share_of_the_diagonal():
    labels = (torch.arange(481).expand(321, 481) >= 240).long()
    moved = labels.roll(4, 1)
    moved[:, :4] = 0
    assert boundary_f_measure(labels, [moved])[2] == 1.0  # 0.0075 of it are 4.3 pixels
    moved = labels.roll(5, 1)
    moved[:, :5] = 0
    assert boundary_f_measure(labels, [moved])[2] == 0.0


def test_blank_and_equal_maps():
    truth = photograph()[0]
    blank = torch.zeros_like(truth)
    assert boundary_f_measure(blank, [truth]) == (1.0, 0.0, 0.0)
    assert boundary_f_measure(truth, [blank]) == (0.0, 1.0, 0.0)
    assert boundary_f_measure(blank, [blank]) == (1.0, 1.0, 1.0)
    assert boundary_f_measure(truth, [truth, truth]) == (1.0, 1.0, 1.0)
    assert BoundaryCounts(0, 5, 0, 5).precision_recall_f() == (0.0, 0.0, 0.0)


def test_names_and_memory_layout_do_not_matter():
    labels, truth, other = photograph()
    counts = count_boundary_matches(labels, [truth, other])
    renamed = labels.max() - labels
    assert count_boundary_matches(renamed, [truth, other]) == counts
    by_columns = [m.T.contiguous().T for m in (labels, truth, other)]
    assert count_boundary_matches(by_columns[0], by_columns[1:]) == counts
    assert 0 < counts.right < counts.drawn
    assert 0 < counts.found < counts.true


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: boundary_f_measure(x, []), ValueError, "at least one true label map, got none"),
        (lambda x: boundary_f_measure(x, [x.T]), ValueError, "annotation 0 must have the shape"),
        (lambda x: boundary_f_measure(x, [x], tolerance=-1), ValueError, "tolerance must be fin"),
        (lambda x: boundary_f_measure(x, [x], tolerance="1"), TypeError, "must be a number"),
        (lambda x: match_boundaries(x, x, radius=1), TypeError, "boundaries must be a bool tensor"),
        (
            lambda x: match_boundaries(x > 0, x.T > 0, radius=1),
            ValueError,
            r"share one shape \(H, W\), got \(2, 3\) and \(3, 2\)",
        ),
        (lambda x: match_boundaries(x > 0, x > 0, radius=-1), ValueError, "radius must be finite"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.zeros(2, 3, dtype=torch.int64))
