"""baselines: against slow transcriptions and scikit-learn, on toy scenes and a photograph."""

import warnings

import numpy as np
import pytest
import torch
from oracles_baselines import chord_knee, em_loop, merge_graph, window_loop
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from seglib.baselines import (
    BASELINES,
    blank,
    elbow,
    gaussian_mixture,
    graph_based,
    kmeans_windows,
    slic_segments,
)
from seglib.clustering import color_windows
from seglib.elbow import knee
from seglib.images import photograph
from seglib.labels import relabel
from seglib.metrics import adjusted_rand_index, matched_accuracy
from seglib.scenes import toy_scene

WITH_CHANCE = [kmeans_windows, gaussian_mixture]


def noise(size=(6, 7), seed=0):
    return torch.rand(3, *size, generator=torch.Generator().manual_seed(seed))


# Windows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 3, 5, 7])
def test_windows_equal_the_loop_over_pixels(window):
    image = noise((4, 5))  # smaller than the largest window
    assert np.array_equal(color_windows(image, window), window_loop(image.numpy(), window))


def test_the_middle_of_a_window_is_its_pixel():
    image = noise()
    middle = color_windows(image, 5).reshape(-1, 3, 5, 5)[:, :, 2, 2]
    assert torch.equal(middle, image.flatten(1).T)


# k-means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 3])
def test_kmeans_is_that_of_scikit_learn_on_the_windows(window):
    image = photograph("chelsea", size=48)
    with threadpool_limits(limits=1):
        model = KMeans(5, n_init=2, random_state=3)
        expected = model.fit(window_loop(image.numpy(), window)).labels_
    labels = kmeans_windows(image, num_labels=5, window=window, num_init=2, seed=3)
    assert np.array_equal(labels.flatten(), expected)


def test_each_pixel_has_its_nearest_mean_and_each_mean_is_the_mean_of_its_pixels():
    image = photograph("coffee", size=60)
    points = color_windows(image, 3).double()
    labels = kmeans_windows(image, num_labels=4, window=3).flatten()
    means = torch.stack([points[labels == label].mean(dim=0) for label in range(4)])
    nearest = torch.cdist(points, means).argmin(dim=1)
    assert (nearest == labels).double().mean() > 0.99  # scikit-learn stops just before the end


@pytest.mark.parametrize("fit_pixels", [None, 500])
def test_kmeans_finds_the_colours_of_a_scene(fit_pixels):
    image, true_labels = toy_scene("disks")
    labels = kmeans_windows(image, num_labels=4, num_init=3, max_fit_pixels=fit_pixels)
    assert matched_accuracy(labels, true_labels) > 0.98


def test_stripes_need_a_window():
    image, true_labels = toy_scene("stripes")
    alone = kmeans_windows(image, num_labels=2)
    assert matched_accuracy(alone, true_labels) < 0.6
    # stripes of two pixels: four phases of each direction, so that eight clusters tell them apart
    around = kmeans_windows(image, num_labels=8, window=5, num_init=5)
    sides = torch.stack([(around[true_labels == side, None] == torch.arange(8)).sum(0)
                         for side in (0, 1)])  # fmt: skip
    assert sides.amax(dim=0).sum() / sides.sum() > 0.9


def test_a_fit_on_some_pixels_is_k_means_on_the_draw_and_the_nearest_mean_for_all():
    image = photograph("chelsea", size=64)
    points = color_windows(image, 3)
    drawn = torch.randperm(len(points), generator=torch.Generator().manual_seed(1))[:300]
    with threadpool_limits(limits=1):
        model = KMeans(3, n_init=1, random_state=1).fit(points[drawn.sort().values].numpy())
    nearest = torch.cdist(points, torch.from_numpy(model.cluster_centers_)).argmin(dim=1)
    labels = kmeans_windows(image, num_labels=3, window=3, max_fit_pixels=300, seed=1)
    assert (labels.flatten() == nearest).double().mean() > 0.999


def test_strips_do_not_show(monkeypatch):
    image = photograph("chelsea", size=64)
    knobs = {"num_labels": 3, "window": 3, "max_fit_pixels": 300}
    whole = kmeans_windows(image, **knobs)
    monkeypatch.setattr("seglib._clusters.STRIP", 200)
    assert torch.equal(kmeans_windows(image, **knobs), whole)


def test_turning_the_image_over_turns_the_clusters_over():
    image = toy_scene("disks")[0]
    over = kmeans_windows(image.flip(2), num_labels=4, num_init=3).flip(1)
    assert adjusted_rand_index(over, kmeans_windows(image, num_labels=4, num_init=3)) > 0.99


# Mixture of Gaussians -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "num_labels"), [("coffee", 2), ("chelsea", 3), ("camera", 4)])
def test_the_mixture_equals_a_transcription_of_em(name, num_labels):
    image = photograph(name, size=32)
    points = color_windows(image).double().numpy()
    with threadpool_limits(limits=1):
        start = KMeans(num_labels, n_init=1, random_state=5).fit(points).labels_
    expected = em_loop(points, start, num_labels, tolerance=1e-3, most=100)
    labels = gaussian_mixture(image, num_labels=num_labels, seed=5)
    assert np.array_equal(labels.flatten(), expected)
    assert not np.array_equal(expected, start), "EM changed nothing: a test without force"


def test_the_mixture_separates_spreads_where_kmeans_cannot():
    random = torch.Generator().manual_seed(0)
    narrow, wide = torch.randn(2, 3, 40, 30, generator=random)
    image = torch.cat([0.5 + 0.01 * narrow, 0.5 + 0.15 * wide], dim=2).clamp(0, 1)
    true_labels = torch.zeros(40, 60, dtype=torch.int64)
    true_labels[:, 30:] = 1
    knobs = {"num_labels": 2, "tolerance": 1e-5}
    assert matched_accuracy(gaussian_mixture(image, **knobs), true_labels) > 0.95
    assert matched_accuracy(kmeans_windows(image, num_labels=2), true_labels) < 0.8


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_the_mixture_finds_the_colours_of_a_scene(covariance):
    image, true_labels = toy_scene("two_halves")
    labels = gaussian_mixture(image, num_labels=2, window=3, covariance=covariance)
    assert matched_accuracy(labels, true_labels) > 0.97
    some = gaussian_mixture(image, num_labels=2, covariance=covariance, max_fit_pixels=400)
    assert matched_accuracy(some, true_labels) > 0.97


# Graph-based --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.0, 0.8])
@pytest.mark.parametrize("threshold", [20.0, 100.0, 500.0])
def test_graph_based_equals_the_algorithm_of_its_authors_in_grey_values(threshold, sigma):
    image = photograph("coffee", size=(20, 24))
    grey_values = image.permute(1, 2, 0).numpy() * 255
    expected = merge_graph(grey_values, threshold, sigma)
    labels = graph_based(image, threshold=threshold, sigma=sigma, min_size=1)
    assert 1 < expected.max() < image[0].numel(), "all or nothing: a test without force"
    assert torch.equal(relabel(labels), relabel(torch.from_numpy(expected)))


def test_graph_based_on_a_toy_graph_by_hand():
    # Columns of grey values 0, 0, 10, 10 (of 255), 3 pixels high, edges of colour 10·√3 = 17.3
    # between columns 1 and 2: the halves of 6 pixels merge at β / 6 >= 17.3, that is β >= 103.9.
    image = torch.zeros(3, 3, 4)
    image[:, :, 2:] = 10 / 255
    apart, joined = (graph_based(image, threshold=beta, sigma=0, min_size=1) for beta in (103, 105))
    assert apart.tolist() == [[0, 0, 1, 1]] * 3
    assert joined.tolist() == [[0, 0, 0, 0]] * 3


def test_no_segment_is_smaller_than_asked():
    image = photograph("coffee", size=120)
    _, areas = graph_based(image, threshold=100, min_size=40).unique(return_counts=True)
    assert areas.min() >= 40
    _, areas = graph_based(image, threshold=100, min_size=1).unique(return_counts=True)
    assert areas.min() < 40


def test_a_larger_threshold_leaves_fewer_segments_of_a_photograph():
    image = photograph("coffee", size=120)
    counts = [int(graph_based(image, threshold=beta).max()) + 1 for beta in (20, 100, 500, 2000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 2 * counts[-1]


def test_graph_based_sees_places_and_not_colours_alone():
    image, _ = toy_scene("disks", noise=0.0)
    labels = graph_based(image, threshold=50, sigma=0)
    assert labels.unique().tolist() == [0, 1, 2, 3, 4]  # two disks share a colour


# The elbow ----------------------------------------------------------------------------------------


def test_the_knee_of_random_curves_is_that_of_plane_geometry():
    random = np.random.default_rng(0)
    for _ in range(20):
        candidates = sorted(random.choice(range(1, 40), size=9, replace=False).tolist())
        inertias = sorted(random.random(9).tolist(), reverse=True)
        assert knee(candidates, inertias) == chord_knee(candidates, inertias)


def test_the_knee_does_not_depend_on_the_unit():
    inertias = [90.0, 40.0, 12.0, 10.0, 9.0, 8.5]
    assert {
        knee(range(2, 8), [a * j + b for j in inertias]) for a in (0.1, 7) for b in (0, 50)
    } == {4}


def test_the_knee_depends_on_the_range():
    inertias = [1 / k for k in range(2, 41)]  # smooth: nothing bends
    assert knee(range(2, 11), inertias[:9]) < knee(range(2, 41), inertias)


@pytest.mark.parametrize("inertias", [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
def test_a_curve_that_does_not_fall_has_its_knee_first(inertias):
    assert knee([2, 3, 4], inertias) == 2


@pytest.mark.parametrize(
    ("scene", "candidates", "true_number"),
    [("disks", range(2, 11), 4), ("two_halves", range(1, 10), 2)],
)
@pytest.mark.parametrize("fit_pixels", [None, 1000])
def test_the_elbow_counts_the_colours_of_a_scene(scene, candidates, true_number, fit_pixels):
    image, _ = toy_scene(scene)
    knobs = {"candidates": candidates, "num_init": 3, "max_fit_pixels": fit_pixels}
    num_labels, inertias = elbow(image, **knobs)
    assert num_labels == true_number
    assert inertias.shape == (9,)
    assert (inertias.diff() < 0).all()


def test_one_candidate_more_and_the_elbow_miscounts():
    # The weakness of the rule: from 1 to 3 the sum falls so far that the step to 4 looks small.
    image, _ = toy_scene("disks")
    assert elbow(image, candidates=range(1, 11), num_init=3)[0] == 3


def test_inertias_are_sums_of_squared_distances():
    image = photograph("coffee", size=60)
    points = color_windows(image, 3).double()
    _, inertias = elbow(image, candidates=[1, 2, 3], window=3, seed=4)
    assert inertias[0] == pytest.approx(float(((points - points.mean(dim=0)) ** 2).sum()))
    labels = kmeans_windows(image, num_labels=3, window=3, seed=4).flatten()
    apart = (points[labels == label] for label in range(3))
    expected = sum(float(((group - group.mean(dim=0)) ** 2).sum()) for group in apart)
    assert inertias[2] == pytest.approx(expected, rel=1e-3)


def test_more_starts_lower_the_sums():
    image = photograph("coffee", size=60)
    one, five = (elbow(image, candidates=range(6, 12), num_init=n)[1] for n in (1, 5))
    assert (five <= one).all()
    assert (five < 0.999 * one).any()


def test_the_elbow_of_a_photograph_is_the_same_twice():
    image = photograph("coffee", size=60)
    first, second = (elbow(image, candidates=[2, 4, 8, 16], window=3, seed=2) for _ in range(2))
    assert first[0] == second[0]
    assert torch.equal(first[1], second[1])


# All of them --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BASELINES)
def test_a_photograph_gets_labels_and_the_same_twice(name):
    image = photograph("coffee", size=80)
    before = image.clone()
    labels = BASELINES[name](image)
    assert labels.dtype == torch.int64
    assert labels.shape == image.shape[1:]
    assert labels.min() == 0
    assert labels.unique().numel() > 1 or name == "blank"
    assert torch.equal(BASELINES[name](image), labels)
    assert torch.equal(image, before)


@pytest.mark.parametrize("method", WITH_CHANCE)
@pytest.mark.parametrize("fit_pixels", [None, 300])
def test_seeds_decide_and_leave_the_callers_chance_alone(method, fit_pixels):
    image = photograph("coffee", size=60)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 the state that a careless library would use
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    maps = [method(image, num_labels=5, max_fit_pixels=fit_pixels, seed=s) for s in (0, 1, 0)]
    assert torch.equal(maps[0], maps[2])
    assert not torch.equal(maps[0], maps[1])
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


def test_the_number_of_threads_changes_nothing():
    image = photograph("china")  # on its 273,280 pixels free threads change 442 labels
    maps = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            maps.append(kmeans_windows(image, num_labels=4))
    assert torch.equal(*maps)


@pytest.mark.parametrize("name", BASELINES)
def test_a_flat_image_is_one_segment_and_no_warning(name):
    image = torch.full((3, 20, 20), 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = BASELINES[name](image)
    assert labels.unique().numel() == 1 or name == "slic_segments"  # which cuts by position


def test_images_with_a_gradient_or_strides_are_welcome():
    image = photograph("coffee", size=40)
    turned = image.permute(0, 2, 1).contiguous().permute(0, 2, 1).requires_grad_()
    for name, method in BASELINES.items():
        assert torch.equal(method(turned), method(image)), name
    assert not color_windows(turned, 3).requires_grad


@pytest.mark.parametrize("name", BASELINES)
def test_what_is_no_image_is_named(name):
    with pytest.raises(TypeError, match=r"image must be float32, got torch\.uint8"):
        BASELINES[name](torch.zeros(3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"image must have shape \(3, H, W\), got \(8, 8, 3\)"):
        BASELINES[name](torch.zeros(8, 8, 3))


@pytest.mark.parametrize(
    ("call", "knobs", "error", "words"),
    [
        (color_windows, {"window": 2}, ValueError, "window must be odd, got 2"),
        (kmeans_windows, {"window": 0}, ValueError, "window must be at least 1, got 0"),
        (kmeans_windows, {"window": 3.0}, TypeError, "window must be an integer, got 3.0"),
        (kmeans_windows, {"num_labels": 0}, ValueError, "num_labels must be at least 1, got 0"),
        (kmeans_windows, {"num_labels": 65}, ValueError, r"pixels to fit on \(64\), got 65"),
        (kmeans_windows, {"max_fit_pixels": 5}, ValueError, r"pixels to fit on \(5\), got 6"),
        (kmeans_windows, {"max_fit_pixels": 0}, ValueError, "max_fit_pixels must be at least 1"),
        (kmeans_windows, {"num_init": 0}, ValueError, "num_init must be at least 1, got 0"),
        (kmeans_windows, {"max_iterations": 0}, ValueError, "max_iterations must be at least 1"),
        (kmeans_windows, {"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        (kmeans_windows, {"seed": 2**32}, ValueError, "seed must be at most 4294967295"),
        (gaussian_mixture, {"covariance": "round"}, ValueError, "covariance must be one of"),
        (gaussian_mixture, {"tolerance": -1.0}, ValueError, "tolerance must be finite and at"),
        (gaussian_mixture, {"num_labels": 1.5}, TypeError, "num_labels must be an integer"),
        (graph_based, {"threshold": -1}, ValueError, "threshold must be finite and at least 0"),
        (graph_based, {"sigma": float("nan")}, ValueError, "sigma must be finite"),
        (graph_based, {"min_size": 0}, ValueError, "min_size must be at least 1, got 0"),
        (slic_segments, {"num_superpixels": 0}, ValueError, "num_superpixels must be at least 1"),
        (elbow, {"candidates": [2, 3]}, ValueError, r"three or more that grow, got \[2, 3\]"),
        (elbow, {"candidates": [2, 4, 3]}, ValueError, r"that grow, got \[2, 4, 3\]"),
        (elbow, {"candidates": [2, 3, 65]}, ValueError, r"pixels to fit on \(64\), got 65"),
        (elbow, {"candidates": [0, 1, 2]}, ValueError, r"candidates\[0\] must be at least 1"),
    ],
)
def test_a_bad_knob_is_named(call, knobs, error, words):
    with pytest.raises(error, match=words):
        call(noise((8, 8)), **knobs)


@pytest.mark.parametrize(
    ("inertias", "words"),
    [
        ([3.0, 1.0], "inertias must be 3 in number, got 2"),
        ([3.0, float("nan"), 1.0], r"inertias\[1\] must be finite"),
    ],
)
def test_the_knee_names_what_does_not_fit(inertias, words):
    with pytest.raises(ValueError, match=words):
        knee([2, 3, 4], inertias)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", BASELINES)
def test_labels_come_back_to_the_device_of_the_image(name):
    image = photograph("coffee", size=60)
    labels = BASELINES[name](image.cuda())
    assert labels.device.type == "cuda"
    assert torch.equal(labels.cpu(), BASELINES[name](image))


def test_blank_is_blank():
    assert not blank(noise()).any()
