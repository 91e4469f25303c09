"""The methods of the scene-segmentation study and its ensembles: against loops, on toy scenes."""

from __future__ import annotations

import pytest
import torch

from seglib import datasets, kim2020
from seglib.clustering import gaussian_mixture, kmeans_windows
from seglib.elbow import elbow
from seglib.ensembles import cnn_kmeans, gmm_kmeans, paint_labels, recluster
from seglib.images import photograph
from seglib.labels import count_labels, relabel
from seglib.metrics import many_to_one_accuracy, matched_accuracy
from seglib.scene_study import CANDIDATES, cnn, gmm_elbow, kmeans_elbow
from seglib.scenes import toy_scene
from seglib.schedules import step_decay

SMALL_CNN = {"num_steps": 4, "num_filters": 8, "device": "cpu"}
SMALL = {
    "kmeans_elbow": lambda image, **knobs: kmeans_elbow(image, **knobs),
    "gmm_elbow": lambda image, **knobs: gmm_elbow(image, **knobs),
    "cnn": lambda image, **knobs: cnn(image, num_labels=12, **SMALL_CNN, **knobs),
    "cnn_kmeans": lambda image, **knobs: cnn_kmeans(image, cnn_labels=12, **SMALL_CNN, **knobs),
    "gmm_kmeans": lambda image, **knobs: gmm_kmeans(image, **knobs),
}


def noise(size=(6, 7), seed=0):
    return torch.rand(3, *size, generator=torch.Generator().manual_seed(seed))


def paint_loop(image, labels):
    """Mean colour of each label, pixel by pixel."""
    picture = torch.empty_like(image)
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            same = [
                image[:, v, u].double()
                for v in range(height)
                for u in range(width)
                if labels[v, u] == labels[y, x]
            ]
            picture[:, y, x] = torch.stack(same).mean(dim=0)
    return picture


def is_coarser(coarse, fine):
    """Whether each label of the one map lies within one label of the other."""
    pairs = torch.stack([fine.flatten(), coarse.flatten()]).unique(dim=1)
    return pairs.shape[1] == int(count_labels(fine))


# Painting -----------------------------------------------------------------------------------------


def test_painting_equals_the_loop_over_pixels():
    image, labels = noise(), torch.arange(42).reshape(6, 7) % 5 * 3 - 4  # -4, -1, 2, 5, 8
    assert torch.allclose(paint_labels(image, labels), paint_loop(image, labels))


def test_a_painted_picture_has_one_colour_for_each_label():
    image = photograph("coffee", size=48)
    labels = kmeans_windows(image, num_labels=5)
    for paint in ("mean_color", "labels"):
        picture = paint_labels(image, labels, paint)
        colors = picture.flatten(1).T.unique(dim=0, return_inverse=True)[1].reshape(labels.shape)
        assert torch.equal(relabel(colors), relabel(labels))
        assert picture.min() >= 0
        assert picture.max() <= 1


def test_labels_are_painted_in_even_steps_of_grey():
    labels = torch.tensor([[9, 9, 2], [4, 4, 2], [4, 4, 2]])
    picture = paint_labels(noise((3, 3)), labels, "labels")
    expected = torch.tensor([[1, 1, 0], [0.5, 0.5, 0], [0.5, 0.5, 0]])
    assert torch.equal(picture, expected.expand(3, -1, -1))
    assert not paint_labels(noise((3, 3)), torch.full((3, 3), 7), "labels").any()


def test_painting_keeps_the_mean_of_the_image():
    image, labels = noise((20, 30)), torch.arange(600).reshape(20, 30) % 7
    painted = paint_labels(image, labels)
    assert torch.allclose(painted.mean(dim=(1, 2)), image.mean(dim=(1, 2)), atol=1e-6)


# The second stage -------------------------------------------------------------------------------


@pytest.mark.parametrize("paint", ["mean_color", "labels"])
@pytest.mark.parametrize("num_labels", [None, 2, 3, 9])
def test_the_second_stage_merges_and_never_splits(paint, num_labels):
    image = photograph("chelsea", size=48)
    labels = kmeans_windows(image, num_labels=7)
    merged = recluster(image, labels, num_labels=num_labels, paint=paint)
    assert is_coarser(merged, labels)
    if num_labels is not None:
        assert int(count_labels(merged)) == min(num_labels, 7)


def test_as_many_clusters_as_labels_change_nothing():
    image, labels = toy_scene("disks")
    merged = recluster(image, labels, num_labels=4)
    assert torch.equal(relabel(merged), relabel(labels))


def test_the_names_of_the_labels_mean_nothing_to_mean_colours():
    image = photograph("coffee", size=48)
    labels = kmeans_windows(image, num_labels=6)
    renamed = torch.tensor([50, 3, 17, 0, 21, 4])[labels]
    first, second = (recluster(image, x, num_labels=3) for x in (labels, renamed))
    assert torch.equal(relabel(first), relabel(second))
    greys = [recluster(image, x, num_labels=3, paint="labels") for x in (labels, renamed)]
    assert not torch.equal(relabel(greys[0]), relabel(greys[1]))  # but to greys they do


def test_k_of_the_second_stage_is_the_elbow_of_the_painted_picture():
    image = photograph("coffee", size=48)
    labels = kmeans_windows(image, num_labels=8)
    picture = paint_labels(image, labels)
    k, _ = elbow(picture, candidates=CANDIDATES)
    assert torch.equal(recluster(image, labels), kmeans_windows(picture, num_labels=k))
    assert 1 < k < 8


# The methods --------------------------------------------------------------------------------------


def test_each_method_is_its_parts():
    image = photograph("coffee", size=48)
    k, _ = elbow(image, candidates=range(2, 9), seed=3)
    knobs = {"candidates": range(2, 9), "seed": 3}
    assert torch.equal(kmeans_elbow(image, **knobs), kmeans_windows(image, num_labels=k, seed=3))
    mixture = gaussian_mixture(image, num_labels=k, seed=3)
    assert torch.equal(gmm_elbow(image, **knobs), mixture)
    assert torch.equal(gmm_kmeans(image, **knobs), recluster(image, mixture, **knobs))
    study = {"learning_rate": step_decay(0.05, every=2), "optimizer": "adam"}
    study |= {"continuity_weight": 0.5, "momentum": 0.9, "num_labels": 12, "seed": 3}
    expected = kim2020.segment(image, **study, **SMALL_CNN)
    found = cnn(image, num_labels=12, decay_every=2, seed=3, **SMALL_CNN)
    assert torch.equal(found, expected)
    both = cnn_kmeans(image, cnn_labels=12, decay_every=2, seed=3, **SMALL_CNN)
    assert torch.equal(both, recluster(image, expected, seed=3))


@pytest.mark.parametrize("method", SMALL)
def test_a_method_returns_a_map_that_its_seed_repeats(method):
    image = photograph("chelsea", size=48)
    state = torch.random.get_rng_state()
    first, again, other = (SMALL[method](image, seed=seed) for seed in (5, 5, 6))
    assert first.dtype == torch.int64
    assert first.shape == image.shape[1:]
    assert torch.equal(first, again)
    assert other.shape == first.shape
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_seed_reaches_the_network():
    image = photograph("chelsea", size=48)
    assert not torch.equal(SMALL["cnn"](image, seed=0), SMALL["cnn"](image, seed=1))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_cnn_finds_two_halves(optimizer):
    image, truth = toy_scene("two_halves", size=(24, 36))
    size = {"num_filters": 16, "num_labels": 8, "num_steps": 30, "device": "cpu"}
    labels = cnn(image, optimizer=optimizer, **size)
    assert many_to_one_accuracy(labels, truth) > 0.95


@pytest.mark.parametrize("method", [kmeans_elbow, gmm_elbow, gmm_kmeans])
def test_flat_colours_are_found(method):
    image, truth = toy_scene("disks", noise=0.02)
    labels = method(image, candidates=range(2, 11))
    assert matched_accuracy(labels, truth) > 0.99


def test_given_numbers_of_labels_are_kept():
    image = photograph("chelsea", size=48)
    assert int(count_labels(kmeans_elbow(image, num_labels=7))) == 7
    assert int(count_labels(gmm_elbow(image, num_labels=5, covariance="diag"))) <= 5
    assert int(count_labels(gmm_kmeans(image, num_components=6, num_labels=2))) == 2
    few = cnn_kmeans(image, num_labels=2, cnn_labels=12, **SMALL_CNN)
    assert int(count_labels(few)) == 2


def test_an_image_of_one_colour_has_one_label():
    image = torch.full((3, 12, 15), 0.4)
    for method in (kmeans_elbow, gmm_kmeans):
        assert int(count_labels(method(image))) == 1


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SMALL)
def test_no_image_is_refused(method):
    with pytest.raises(TypeError, match="image must be float32"):
        SMALL[method](torch.zeros(3, 8, 8, dtype=torch.float64))
    with pytest.raises(ValueError, match="image must have shape"):
        SMALL[method](torch.zeros(8, 8))


def test_bad_knobs_are_refused():
    image, labels = noise(), torch.zeros(6, 7, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"paint must be one of .*got 'hue'"):
        paint_labels(image, labels, "hue")
    with pytest.raises(ValueError, match="height and width of the image"):
        paint_labels(image, labels[:, :5])
    with pytest.raises(TypeError, match="labels must have dtype"):
        paint_labels(image, labels.float())
    with pytest.raises(TypeError, match="labels must be a"):
        paint_labels(image, labels.tolist())
    with pytest.raises(ValueError, match="candidates must be three or more"):
        kmeans_elbow(image, candidates=(2, 3))
    with pytest.raises(ValueError, match="optimizer must be"):
        cnn(image, optimizer="lbfgs", **SMALL_CNN)
    with pytest.raises(ValueError, match="num_labels"):
        recluster(image, labels, num_labels=0)


# The image of Tables 7.1 and 7.2 ------------------------------------------------------------------


def test_the_elbow_of_the_published_image_depends_on_the_candidates():
    try:
        image = datasets.bsds500("val", partial=True).named("3096").image
    except (FileNotFoundError, KeyError) as error:
        pytest.skip(str(error))
    half = torch.nn.functional.avg_pool2d(image, 2)
    assert elbow(half, candidates=CANDIDATES)[0] == 3  # as many as in Table 7.2
    assert elbow(half, candidates=range(2, 21))[0] == 5
