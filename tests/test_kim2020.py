"""kim2020: losses against slow loops, the loop against the first paper's, scribbles."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from seglib import kanezaki2018, kim2020
from seglib.images import photograph
from seglib.labels import connected_components
from seglib.scenes import toy_scene
from seglib.schedules import step_decay

SMALL = {"num_filters": 12, "num_labels": 10, "device": "cpu"}


@pytest.fixture(scope="module")
def image():
    return photograph("coffee", size=64)


# Losses -----------------------------------------------------------------------------------------


def continuity_by_hand(responses):
    """The double loop: every pixel and its lower and right neighbour, one channel at a time."""
    channels, height, width = responses.shape
    down, right = [], []
    for c, y, x in itertools.product(range(channels), range(height), range(width)):
        if y + 1 < height:
            down.append(abs(float(responses[c, y + 1, x] - responses[c, y, x])))
        if x + 1 < width:
            right.append(abs(float(responses[c, y, x + 1] - responses[c, y, x])))
    return sum(sum(v) / len(v) for v in (down, right) if v)


@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 1, 4), (2, 6, 1), (2, 1, 1)])
def test_continuity_is_the_double_loop(shape):
    responses = torch.randn(shape, generator=torch.Generator().manual_seed(0)).double()
    assert float(kim2020.continuity_loss(responses)) == pytest.approx(continuity_by_hand(responses))
    batch = torch.stack([responses, responses])
    assert kim2020.continuity_loss(batch) == pytest.approx(
        float(kim2020.continuity_loss(responses))
    )


def test_a_flat_map_is_continuous_and_a_slope_costs_as_much_as_a_step():
    assert float(kim2020.continuity_loss(torch.full((3, 4, 5), 2.0))) == 0
    step = torch.tensor([[[0.0, 0, 0, 3]]])
    slope = torch.tensor([[[0.0, 1, 2, 3]]])
    assert kim2020.continuity_loss(step) == kim2020.continuity_loss(slope) == 1


def test_similarity_is_the_mean_over_the_pixels_chosen():
    generator = torch.Generator().manual_seed(0)
    responses = torch.randn(4, 3, 5, generator=generator).double()
    targets = torch.randint(4, (3, 5), generator=generator)
    chosen = torch.rand(3, 5, generator=generator) < 0.5
    losses = {}
    for y, x in itertools.product(range(3), range(5)):
        scores = [math.exp(float(r)) for r in responses[:, y, x]]
        losses[y, x] = -math.log(scores[int(targets[y, x])] / sum(scores))
    expected = sum(losses.values()) / 15
    assert float(kim2020.similarity_loss(responses, targets)) == pytest.approx(expected)
    some = [loss for place, loss in losses.items() if chosen[place]]
    found = kim2020.similarity_loss(responses, targets, chosen)
    assert float(found) == pytest.approx(sum(some) / len(some))
    assert float(kim2020.similarity_loss(responses, targets, chosen & ~chosen)) == 0


def test_gradients_are_those_of_the_losses():
    generator = torch.Generator().manual_seed(0)
    responses = torch.randn(3, 4, 5, generator=generator).double().requires_grad_()
    targets = torch.randint(3, (4, 5), generator=generator)
    assert torch.autograd.gradcheck(kim2020.continuity_loss, responses)
    assert torch.autograd.gradcheck(lambda r: kim2020.similarity_loss(r, targets), responses)


# The loop ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_superpixels", [None, 40])
def test_without_continuity_it_is_the_loop_of_the_first_paper(image, num_superpixels):
    knobs = SMALL | {"num_steps": 8, "num_superpixels": num_superpixels, "seed": 3}
    ours = list(kim2020.steps(image, continuity_weight=0.0, **knobs))
    first = list(kanezaki2018.steps(image, **knobs))
    assert all(torch.equal(a.labels, b.labels) for a, b in zip(ours, first, strict=True))
    assert all(torch.equal(a.targets, b.targets) for a, b in zip(ours, first, strict=True))
    assert torch.allclose(
        torch.stack([a.loss for a in ours]), torch.stack([b.loss for b in first]), atol=1e-6
    )


def test_the_loss_is_the_weighted_sum_of_its_parts(image):
    scribbles = torch.full(image.shape[1:], -1)
    scribbles[:4, :4], scribbles[20:24, 30:34] = 0, 7
    weights = {"similarity_weight": 0.7, "continuity_weight": 2.0, "scribble_weight": 0.3}
    for state in kim2020.steps(image, num_steps=3, scribbles=scribbles, **weights, **SMALL):
        parts = (state.similarity, state.continuity, state.scribble)
        expected = sum(w * p for w, p in zip(weights.values(), parts, strict=True))
        assert float(state.loss) == pytest.approx(float(expected), rel=1e-5)
        assert all(float(part) > 0 for part in parts)


def test_more_continuity_means_fewer_segments(image):
    pieces = []
    for weight in (0.0, 5.0):
        *_, last = kim2020.steps(image, num_steps=30, continuity_weight=weight, **SMALL)
        pieces.append(int(connected_components(last.labels).max()) + 1)
    assert pieces[1] < pieces[0] / 2


def test_scribbled_pixels_reach_their_label():
    scene, truth = toy_scene("disks")
    generator = torch.Generator().manual_seed(0)
    some = torch.rand(truth.shape, generator=generator) < 0.05
    scribbles = torch.where(some, truth, -1)
    for weight in (0.0, 1.0):
        knobs = SMALL | {"num_steps": 80, "continuity_weight": weight, "scribble_weight": 1.0}
        found = kim2020.segment(scene, scribbles=scribbles, **knobs)
        assert (found[some] == truth[some]).float().mean() > 0.95
        assert (found == truth).float().mean() > 0.9


def test_a_run_never_returns_fewer_labels_than_asked(image):
    knobs = SMALL | {"num_steps": 60, "continuity_weight": 20.0, "learning_rate": 0.3}
    *_, last = kim2020.steps(image, **knobs)
    assert int(last.num_labels) < 5
    assert kim2020.segment(image, min_labels=5, **knobs).unique().numel() >= 5
    scribbles = torch.full(image.shape[1:], -1)
    scribbles[:2], scribbles[-2:] = 0, 1
    knobs |= {"scribbles": scribbles, "min_labels": 5}
    assert kim2020.segment(image, **knobs).unique().numel() >= 5


def test_the_same_seed_gives_the_same_run_and_leaves_random_numbers_alone(image):
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    a, b = (kim2020.segment(image, num_steps=5, seed=1, **SMALL) for _ in range(2))
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(a, b)
    assert not torch.equal(a, kim2020.segment(image, num_steps=5, seed=2, **SMALL))


def test_the_options_of_the_study_change_the_run(image):
    plain = kim2020.segment(image, num_steps=12, **SMALL)
    decayed = kim2020.segment(image, num_steps=12, learning_rate=step_decay(0.05, every=5), **SMALL)
    adam = kim2020.segment(image, num_steps=12, learning_rate=0.05, optimizer="adam", **SMALL)
    assert not torch.equal(plain, decayed)
    assert not torch.equal(decayed, adam)


def test_several_images_are_taken_in_turn(image):
    images = [image, image.flip(2), photograph("china", size=48)]
    states = list(kim2020.steps(images, num_steps=2, **SMALL))
    assert [(s.step, s.index) for s in states] == [(t, i) for t in (1, 2) for i in range(3)]
    assert states[2].labels.shape == images[2].shape[1:]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_runs_without_waiting_for_the_host(image):
    knobs = SMALL | {"device": "cuda", "num_steps": 3}
    run = kim2020.steps(image, num_superpixels=40, **knobs)
    next(run)
    torch.cuda.set_sync_debug_mode("error")
    try:
        state = next(run)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert state.labels.device.type == "cuda"


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("knobs", "error", "words"),
    [
        (
            {"continuity_weight": -1.0},
            ValueError,
            "continuity_weight must be finite and at",
        ),
        ({"momentum": 1.0}, ValueError, "momentum must be below 1, got 1.0"),
        ({"optimizer": "lbfgs"}, ValueError, "optimizer must be 'sgd' or 'adam', got 'lbfgs'"),
        ({"num_steps": 0}, ValueError, "num_steps must be at least 1"),
        ({"scribbles": torch.zeros(2, 2).long()}, ValueError, "scribbles must have the"),
        ({"scribbles": torch.full((40, 64), 10)}, ValueError, r"labels in 0..9, got values in 10"),
        ({"scribbles": torch.full((40, 64), -1)}, ValueError, "at least one pixel, got none"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate"),
    ],
)
def test_bad_knobs_get_one_sentence_at_the_call(image, knobs, error, words):
    if "scribbles" in knobs and knobs["scribbles"].shape == (40, 64):
        knobs = {"scribbles": torch.full(image.shape[1:], int(knobs["scribbles"][0, 0]))}
    with pytest.raises(error, match=words):
        kim2020.steps(image, **SMALL | knobs)


def test_bad_images_get_one_sentence(image):
    with pytest.raises(ValueError, match="images must hold at least one image, got none"):
        kim2020.steps([], **SMALL)
    scribbles = torch.zeros(image.shape[1:]).long()
    with pytest.raises(ValueError, match="need exactly one image, got 2"):
        kim2020.steps([image, image], scribbles=scribbles, **SMALL)
    with pytest.raises(ValueError, match=r"responses must be \(C, H, W\)"):
        kim2020.continuity_loss(torch.zeros(4, 4))
    with pytest.raises(ValueError, match=r"on targets \(3, 3\), got \(2, 4, 4\)"):
        kim2020.similarity_loss(torch.zeros(2, 4, 4), torch.zeros(3, 3).long())
