"""superpixels: the vote against the loop of Algorithm 1; SLIC on a photograph."""

import numpy as np
import pytest
import torch
from oracles import majority_vote_loop

from seglib.images import photograph
from seglib.superpixels import slic_superpixels, superpixel_majority_vote


def random_maps(seed, size=(20, 30), num_labels=5, num_superpixels=40):
    random = torch.Generator().manual_seed(seed)
    labels = torch.randint(num_labels, size, generator=random)
    return labels, torch.randint(num_superpixels, size, generator=random)


@pytest.mark.parametrize("seed", range(5))
def test_vote_equals_the_loop_of_the_paper_ties_included(seed):
    labels, superpixels = random_maps(seed)
    expected = majority_vote_loop(labels.numpy(), superpixels.numpy())
    assert np.array_equal(superpixel_majority_vote(labels, superpixels), expected)


def test_vote_with_given_sizes_is_the_same():
    labels, superpixels = random_maps(7)
    trusted = superpixel_majority_vote(labels, superpixels, num_labels=100, num_superpixels=200)
    assert torch.equal(trusted, superpixel_majority_vote(labels, superpixels))


def test_a_tie_goes_to_the_smallest_label():
    labels = torch.tensor([[3, 1, 3, 1]])
    assert superpixel_majority_vote(labels, torch.zeros_like(labels)).tolist() == [[1, 1, 1, 1]]


def test_voting_twice_changes_nothing():
    labels, superpixels = random_maps(8)
    once = superpixel_majority_vote(labels, superpixels)
    assert torch.equal(superpixel_majority_vote(once, superpixels), once)


def test_order_of_the_superpixels_does_not_matter():
    labels, superpixels = random_maps(9)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    shuffled = superpixel_majority_vote(labels, order[superpixels])
    assert torch.equal(shuffled, superpixel_majority_vote(labels, superpixels))


def test_vote_names_what_does_not_fit():
    labels, superpixels = random_maps(0)
    with pytest.raises(ValueError, match=r"superpixels must have the shape of labels \(20, 30\)"):
        superpixel_majority_vote(labels, superpixels[:4])
    with pytest.raises(TypeError, match=r"superpixels must have dtype torch\.int64"):
        superpixel_majority_vote(labels, superpixels.int())
    with pytest.raises(ValueError, match="labels must not hold negative labels, got -1"):
        superpixel_majority_vote(labels - 1, superpixels)


def test_slic_covers_a_photograph_with_about_as_many_superpixels_as_asked():
    image = photograph("coffee", size=120)
    superpixels = slic_superpixels(image, num_superpixels=300)
    count = int(superpixels.max()) + 1
    assert superpixels.shape == image.shape[1:]
    assert superpixels.unique().tolist() == list(range(count))
    assert 200 <= count <= 400


def test_slic_follows_an_edge():
    image = torch.zeros(3, 20, 30)
    image[:, :, 15:] = 1.0
    superpixels = slic_superpixels(image, num_superpixels=6, compactness=1.0)
    assert not set(superpixels[:, :15].unique().tolist()) & set(
        superpixels[:, 15:].unique().tolist()
    )


def test_more_superpixels_than_pixels_gives_each_pixel_its_own():
    superpixels = slic_superpixels(torch.rand(3, 8, 8), num_superpixels=10_000)
    assert superpixels.unique().numel() == 64


@pytest.mark.parametrize(
    ("knobs", "error", "words"),
    [
        ({"num_superpixels": 0}, ValueError, "num_superpixels must be at least 1, got 0"),
        ({"num_superpixels": 1.5}, TypeError, "num_superpixels must be an integer, got 1.5"),
        ({"compactness": float("nan")}, ValueError, "compactness must be finite"),
    ],
)
def test_slic_names_a_bad_knob(knobs, error, words):
    with pytest.raises(error, match=words):
        slic_superpixels(torch.rand(3, 20, 20), **knobs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_vote_on_a_gpu_equals_the_cpu_and_copies_nothing():
    labels, superpixels = random_maps(1)
    expected = superpixel_majority_vote(labels, superpixels)
    labels, superpixels = labels.cuda(), superpixels.cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        voted = superpixel_majority_vote(labels, superpixels, num_labels=5, num_superpixels=40)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.equal(voted.cpu(), expected)
