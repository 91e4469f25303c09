"""metrics: against scikit-image, scikit-learn and brute force."""

import itertools

import pytest
import torch
from oracles import rand_index_pairs
from skimage.metrics import variation_of_information as skimage_vi
from sklearn.metrics import adjusted_rand_score

from seglib.metrics import adjusted_rand_index, matched_accuracy, variation_of_information


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


@pytest.mark.parametrize("metric", [matched_accuracy, adjusted_rand_index])
def test_names_do_not_matter(metric):
    labels, truth = random_pair(1)
    assert metric(torch.tensor([9, 0, 4])[labels], truth) == pytest.approx(metric(labels, truth))
    assert metric(truth, truth) == pytest.approx(1.0)


def test_splitting_and_merging_show_on_their_own_side():
    truth = torch.tensor([[0, 0, 1, 1]])
    assert variation_of_information(torch.tensor([[0, 1, 2, 2]]), truth) == (0.5, 0.0)
    assert variation_of_information(torch.zeros(1, 4).long(), truth) == (0.0, 1.0)


def test_one_label_against_one_label_is_perfect():
    blank = torch.zeros(3, 3, dtype=torch.int64)
    assert adjusted_rand_index(blank, blank) == matched_accuracy(blank, blank) == 1.0
    assert adjusted_rand_index(torch.tensor([[0]]), torch.tensor([[0]])) == 1.0


@pytest.mark.parametrize(
    "metric", [matched_accuracy, adjusted_rand_index, variation_of_information]
)
def test_maps_that_do_not_fit_are_named(metric):
    with pytest.raises(ValueError, match="true_labels must have the shape of labels"):
        metric(torch.zeros(2, 3).long(), torch.zeros(3, 2).long())
