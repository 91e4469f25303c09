"""metrics: against scikit-image, scikit-learn and brute force."""

import itertools

import numpy as np
import pytest
import torch
from oracles import rand_index_pairs
from oracles_metrics import (
    covering_masks,
    iou_masks,
    mean_iou_masks,
    probabilistic_rand_pairs,
)
from skimage import data
from skimage.metrics import variation_of_information as skimage_vi
from skimage.segmentation import slic
from sklearn.metrics import (
    adjusted_rand_score,
    jaccard_score,
    normalized_mutual_info_score,
    rand_score,
)

from seglib.metrics import (
    adjusted_rand_index,
    many_to_one_accuracy,
    matched_accuracy,
    mean_iou,
    normalized_mutual_information,
    probabilistic_rand_index,
    segmentation_covering,
    variation_of_information,
)
from seglib.overlaps import best_matches, find_overlaps

PAIRWISE = [
    adjusted_rand_index,
    many_to_one_accuracy,
    matched_accuracy,
    mean_iou,
    normalized_mutual_information,
    segmentation_covering,
    variation_of_information,
]


def random_pair(seed, num_labels=3, num_true=4, size=(9, 11)):
    random = torch.Generator().manual_seed(seed)
    truth = torch.randint(num_true, size, generator=random)
    labels = torch.where(
        torch.rand(size, generator=random) < 0.6,
        truth % num_labels,
        torch.randint(num_labels, size, generator=random),
    )
    return labels, truth


@pytest.mark.parametrize("seed", range(4))
def test_matched_accuracy_equals_all_pairings_tried(seed):
    labels, truth = random_pair(seed)
    best = max(
        sum(int(((labels == c) & (truth == g)).sum()) for c, g in enumerate(names))
        for names in itertools.permutations(range(4), 3)
    )
    assert matched_accuracy(labels, truth) == pytest.approx(best / truth.numel())


@pytest.mark.parametrize("seed", range(4))
def test_adjusted_rand_index_equals_scikit_learn_and_pairs(seed):
    labels, truth = random_pair(seed)
    score = adjusted_rand_index(labels, truth)
    assert score == pytest.approx(adjusted_rand_score(truth.flatten(), labels.flatten()))
    both, first, second, none = rand_index_pairs(labels.numpy(), truth.numpy())
    denominator = (both + second) * (second + none) + (both + first) * (first + none)
    assert score == pytest.approx(2 * (both * none - second * first) / denominator)


@pytest.mark.parametrize("seed", range(4))
def test_variation_of_information_equals_scikit_image(seed):
    labels, truth = random_pair(seed)
    over, under = variation_of_information(labels, truth)
    # scikit-image returns H(second | first), then H(first | second)
    assert (over, under) == pytest.approx(tuple(skimage_vi(truth.numpy(), labels.numpy())))


@pytest.mark.parametrize("metric", PAIRWISE)
def test_names_do_not_matter(metric):
    labels, truth = random_pair(1)
    renamed = torch.tensor([10**12, 0, 4])[labels]
    assert metric(renamed, 3 * truth + 2) == pytest.approx(metric(labels, truth))
    itself = metric(truth, truth)
    perfect = {segmentation_covering: (1.0, 1.0), variation_of_information: (0.0, 0.0)}
    assert itself == pytest.approx(perfect.get(metric, 1.0), abs=1e-12)


def test_splitting_and_merging_show_on_their_own_side():
    truth = torch.tensor([[0, 0, 1, 1]])
    assert variation_of_information(torch.tensor([[0, 1, 2, 2]]), truth) == (0.5, 0.0)
    assert variation_of_information(torch.zeros(1, 4).long(), truth) == (0.0, 1.0)


def test_one_label_against_one_label_is_perfect():
    blank = torch.zeros(3, 3, dtype=torch.int64)
    assert adjusted_rand_index(blank, blank) == matched_accuracy(blank, blank) == 1.0
    assert adjusted_rand_index(torch.tensor([[0]]), torch.tensor([[0]])) == 1.0


@pytest.mark.parametrize("metric", PAIRWISE)
def test_maps_that_do_not_fit_are_named(metric):
    with pytest.raises(ValueError, match="true_labels must have the shape of labels"):
        metric(torch.zeros(2, 3).long(), torch.zeros(3, 2).long())
    with pytest.raises(ValueError, match="labels must not hold negative labels, got -1"):
        metric(torch.full((2, 3), -1), torch.zeros(2, 3).long())
    with pytest.raises(TypeError, match=r"must have dtype torch.int64, got torch.float32"):
        metric(torch.zeros(2, 3), torch.zeros(2, 3).long())


# Overlaps ---------------------------------------------------------------------------------------


def test_overlaps_equal_masks_and_skip_labels_without_pixels():
    labels, truth = random_pair(5)
    labels, truth = 7 * labels + 3, 2 * truth
    table = find_overlaps(labels, truth)
    expected = iou_masks(labels.numpy(), truth.numpy())
    ious = np.zeros_like(expected)
    ious[table.rows, table.columns] = table.ious()
    assert ious == pytest.approx(expected)
    assert table.dense().sum() == labels.numel()
    of_labels, of_truth = table.best_ious()
    assert of_labels == pytest.approx(expected.max(axis=1))
    assert of_truth == pytest.approx(expected.max(axis=0))
    partners, best = best_matches(labels, truth)
    assert partners.tolist() == (2 * expected.argmax(axis=1)).tolist()
    assert best.numpy() == pytest.approx(expected.max(axis=1))


def test_ties_of_best_matches_go_to_the_smallest():
    labels = torch.zeros(1, 6, dtype=torch.int64)
    assert best_matches(labels, torch.tensor([[9, 4, 7, 4, 7, 9]]))[0].tolist() == [4]


# Matching ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_mean_iou_equals_masks(seed):
    labels, truth = random_pair(seed)
    names = max(
        itertools.permutations(range(4), 3),
        key=lambda names: sum(
            int(((labels == c) & (truth == g)).sum()) for c, g in enumerate(names)
        ),
    )
    one = mean_iou_masks(labels.numpy(), truth.numpy(), dict(enumerate(names)))
    assert mean_iou(labels, truth) == pytest.approx(one)
    table = find_overlaps(truth, labels).dense()
    many = mean_iou_masks(truth.numpy(), labels.numpy(), dict(enumerate(table.argmax(axis=1))))
    assert mean_iou(truth, labels, matching="many_to_one") == pytest.approx(many)
    assert one != pytest.approx(many)


def test_mean_iou_of_known_names_equals_scikit_learn():
    truth = random_pair(2)[1]
    right = torch.rand(truth.shape, generator=torch.Generator().manual_seed(0)) < 0.9
    labels = torch.where(right, truth, (truth + 1) % 4)
    expected = jaccard_score(truth.flatten(), labels.flatten(), average="macro")
    assert mean_iou(labels, truth) == pytest.approx(expected)


def test_splits_cost_only_in_one_to_one():
    truth = random_pair(3)[1]
    own = torch.arange(truth.numel()).reshape(truth.shape)  # a label for each pixel
    assert many_to_one_accuracy(own, truth) == mean_iou(own, truth, matching="many_to_one") == 1.0
    assert matched_accuracy(own, truth) == pytest.approx(4 / truth.numel())
    with pytest.raises(ValueError, match=r"'one_to_one' or 'many_to_one', got 'best'"):
        mean_iou(own, truth, matching="best")


@pytest.mark.parametrize("seed", range(4))
def test_many_to_one_accuracy_equals_all_choices_tried(seed):
    labels, truth = random_pair(seed)
    best = max(
        int((torch.tensor(names)[labels] == truth).sum())
        for names in itertools.product(range(4), repeat=3)
    )
    assert many_to_one_accuracy(labels, truth) == pytest.approx(best / truth.numel())


# Pairs, information, regions --------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_normalized_mutual_information_equals_scikit_learn(seed):
    labels, truth = random_pair(seed)
    expected = normalized_mutual_info_score(truth.flatten(), labels.flatten())
    assert normalized_mutual_information(labels, truth) == pytest.approx(expected)
    blank = torch.zeros_like(truth)
    assert normalized_mutual_information(blank, truth) == 0.0
    assert normalized_mutual_information(blank, blank) == 1.0


def test_probabilistic_rand_index_equals_the_sum_over_pairs():
    labels, truth = random_pair(0, size=(5, 6))
    annotations = [truth, random_pair(1, size=(5, 6))[1], torch.zeros_like(truth)]
    expected = probabilistic_rand_pairs(labels.numpy(), [truth.numpy() for truth in annotations])
    assert probabilistic_rand_index(labels, annotations) == pytest.approx(expected)
    assert probabilistic_rand_index(labels, torch.stack(annotations)) == pytest.approx(expected)
    alone = rand_score(truth.flatten(), labels.flatten())
    assert probabilistic_rand_index(labels, [truth]) == pytest.approx(alone)
    assert probabilistic_rand_index(torch.tensor([[0]]), [torch.tensor([[3]])]) == 1.0


@pytest.mark.parametrize("seed", range(4))
def test_segmentation_covering_equals_masks_both_ways(seed):
    labels, truth = random_pair(seed)
    of_truth, of_labels = segmentation_covering(labels, truth)
    assert of_truth == pytest.approx(covering_masks(truth.numpy(), labels.numpy()))
    assert of_labels == pytest.approx(covering_masks(labels.numpy(), truth.numpy()))
    assert of_truth != pytest.approx(of_labels)


def test_annotations_that_do_not_fit_are_named():
    labels = torch.zeros(2, 3).long()
    with pytest.raises(ValueError, match="annotations must hold at least one true label map"):
        probabilistic_rand_index(labels, [])
    with pytest.raises(ValueError, match=r"annotation 1 must have the shape of labels \(2, 3\)"):
        probabilistic_rand_index(labels, [labels, torch.zeros(3, 2).long()])
    with pytest.raises(ValueError, match=r"annotation 0 must have shape \(H, W\)"):
        probabilistic_rand_index(labels, labels)  # one map, not in a list


def test_a_photograph_with_many_segments():
    image = data.astronaut()[::2, ::2]
    labels, truth = (
        torch.from_numpy(slic(image, n_segments=number, start_label=0).astype("int64"))
        for number in (800, 20)
    )
    flat = truth.flatten(), labels.flatten()
    assert adjusted_rand_index(labels, truth) == pytest.approx(adjusted_rand_score(*flat))
    expected = normalized_mutual_info_score(*flat)
    assert normalized_mutual_information(labels, truth) == pytest.approx(expected)
    assert probabilistic_rand_index(labels, [truth]) == pytest.approx(rand_score(*flat))
    over, under = variation_of_information(labels, truth)
    assert (over, under) == pytest.approx(tuple(skimage_vi(truth.numpy(), labels.numpy())))
    expected = covering_masks(truth.numpy(), labels.numpy())
    assert segmentation_covering(labels, truth)[0] == pytest.approx(expected)
