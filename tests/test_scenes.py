"""Toy scenes have true labels, repeat for a seed, and have the difficulty they name."""

from __future__ import annotations

import pytest
import torch

from seglib.images import check_image
from seglib.scenes import TOY_SCENES, toy_scene


@pytest.mark.parametrize("name", TOY_SCENES)
@pytest.mark.parametrize(
    "size", [(3, 3), (3, 50), (50, 3), (16, 16), (17, 100), (100, 16), (64, 96)]
)
def test_every_scene_in_every_size(name, size):
    image, true_labels = toy_scene(name, size=size)
    check_image(image)
    assert image.shape == (3, *size)
    assert true_labels.dtype == torch.int64
    assert true_labels.shape == size
    assert true_labels.min() >= 0
    if min(size) >= 16:
        labels = toy_scene(name)[1].unique()
        assert torch.equal(true_labels.unique(), labels), "every label must occur"
        assert labels.tolist() == list(range(len(labels)))


@pytest.mark.parametrize("name", TOY_SCENES)
def test_scene_depends_on_the_seed_alone(name):
    image, true_labels = toy_scene(name, seed=1)
    torch.rand(5)  # the global generator must not matter
    again, labels_again = toy_scene(name, seed=1)
    other, labels_other = toy_scene(name, seed=2)
    assert torch.equal(image, again)
    assert torch.equal(true_labels, labels_again)
    assert not torch.equal(image, other)
    assert torch.equal(true_labels, labels_other), "the seed is for the noise only"


def test_noise_has_the_stated_strength():
    clean = toy_scene("stripes", noise=0)[0]
    noisy = toy_scene("stripes", noise=0.02)[0]
    assert (noisy - clean).std() == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize("name", ["two_halves", "disks", "thin", "checker"])
def test_flat_scenes_have_one_colour_per_label(name):
    image, true_labels = toy_scene(name, noise=0)
    for label in true_labels.unique():
        colors = image[:, true_labels == label]
        assert (colors == colors[:, :1]).all()


def test_stripes_cannot_be_told_apart_by_colour():
    image, true_labels = toy_scene("stripes", noise=0)
    left, right = (image[:, true_labels == label] for label in (0, 1))
    torch.testing.assert_close(left.sort(dim=1).values, right.sort(dim=1).values)
    rightwards = (image[:, :, 1:] != image[:, :, :-1]).any(dim=0)
    assert rightwards[:, :47].any()
    assert not rightwards[:, 48:].any()


def test_gradient_cannot_be_cut_by_brightness():
    image, true_labels = toy_scene("gradient", noise=0)
    brightness = image.mean(dim=0)
    background, disk = brightness[true_labels == 0], brightness[true_labels == 1]
    assert background.min() < disk.min() < background.max() < disk.max()


def test_two_disks_share_a_label():
    skimage_measure = pytest.importorskip("skimage.measure")
    _, true_labels = toy_scene("disks")
    segments = skimage_measure.label((true_labels == 1).numpy(), return_num=True)[1]
    assert segments == 2


def test_thin_lines_are_few_pixels():
    _, true_labels = toy_scene("thin")
    assert 0 < (true_labels == 1).float().mean() < 0.1


def test_checker_has_squares_of_eight_pixels():
    _, true_labels = toy_scene("checker")
    assert (true_labels[:8, :8] == 0).all()
    assert (true_labels[:8, 8:16] == 1).all()
    assert (true_labels[8:16, 8:16] == 0).all()


def test_errors_say_what_was_expected():
    with pytest.raises(ValueError, match=r"must be one of two_halves, .*checker; got 'moon'"):
        toy_scene("moon")
    with pytest.raises(ValueError, match="at least 3 pixels along each side, got 2 × 9"):
        toy_scene("disks", size=(2, 9))
    with pytest.raises(TypeError, match=r"size must be a pair \(height, width\), got 64"):
        toy_scene("disks", size=64)
    for noise in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="noise must be finite and at least 0, got"):
            toy_scene("disks", noise=noise)
