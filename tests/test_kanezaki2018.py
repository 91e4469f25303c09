"""kanezaki2018: the loop against Algorithm 1 written plainly, and what the paper promises."""

import inspect

import numpy as np
import pytest
import torch
from oracles import algorithm_1
from torch import nn

from seglib import kanezaki2018
from seglib.images import photograph
from seglib.metrics import matched_accuracy
from seglib.scenes import toy_scene
from seglib.superpixels import slic_superpixels

SMALL = {"num_filters": 12, "num_labels": 10, "num_superpixels": 60, "device": "cpu"}


@pytest.fixture(scope="module")
def image():
    return photograph("coffee", size=64)


def test_defaults_are_the_papers():
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(kanezaki2018.steps).parameters.items()
    }
    papers = {"num_steps": 500, "num_filters": 100, "num_labels": 100, "num_superpixels": 10_000}
    papers |= {"learning_rate": 0.1, "momentum": 0.9, "normalize_responses": True}
    assert {name: defaults[name] for name in papers} == papers


@pytest.mark.parametrize("num_components", [1, 2, 3, 5])
def test_network_has_the_layers_of_the_paper(num_components):
    net = kanezaki2018.SegmentationNet(num_components, num_filters=7, num_labels=5)
    kinds = [type(layer) for layer in net.features]
    assert kinds == [nn.Conv2d, nn.ReLU, nn.BatchNorm2d] * num_components
    kernels = [layer.kernel_size for layer in net.features if isinstance(layer, nn.Conv2d)]
    assert kernels == [(3, 3)] * num_components
    assert net.classifier.kernel_size == (1, 1)
    assert net(torch.rand(1, 3, 9, 11)).shape == (1, 5, 9, 11)


def test_responses_have_zero_mean_and_unit_variance_over_the_pixels():
    responses = kanezaki2018.SegmentationNet(2, 8, 6)(torch.rand(1, 3, 20, 30))
    flat = responses.flatten(2)
    assert torch.allclose(flat.mean(2), torch.zeros(1, 6), atol=1e-5)
    assert torch.allclose(flat.var(2, correction=0), torch.ones(1, 6), atol=1e-2)


def test_weights_are_xaviers_and_biases_zero():
    torch.manual_seed(0)
    net = kanezaki2018.SegmentationNet(2, 40, 30)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            window = layer.kernel_size[0] * layer.kernel_size[1]
            fan_in, fan_out = layer.in_channels * window, layer.out_channels * window
            bound = (6 / (fan_in + fan_out)) ** 0.5
            largest = float(layer.weight.detach().abs().max())
            assert 0.9 * bound < largest <= bound
            assert not layer.bias.any()


@pytest.mark.parametrize("num_components", [1, 2, 5])
def test_a_gradient_reaches_every_convolution(num_components):
    net = kanezaki2018.SegmentationNet(num_components, num_filters=6, num_labels=5)
    responses = net(torch.rand(1, 3, 12, 16))
    nn.functional.cross_entropy(responses, responses.argmax(1)).backward()
    for name, weight in net.named_parameters():
        if name.endswith("weight"):
            assert weight.grad.abs().sum() > 0, f"none reaches {name}"


def test_every_convolution_is_trained(image, monkeypatch):
    nets = []
    build = kanezaki2018.SegmentationNet
    monkeypatch.setattr(
        kanezaki2018, "SegmentationNet", lambda *a, **k: nets.append(build(*a, **k)) or nets[-1]
    )
    run = kanezaki2018.steps(image, num_steps=1, num_components=4, **SMALL)
    before = {name: weight.detach().clone() for name, weight in nets[0].named_parameters()}
    next(run)
    for name, weight in nets[0].named_parameters():
        if name.endswith("weight"):
            assert not torch.equal(weight, before[name]), f"{name} was not updated"


def test_loop_equals_algorithm_1_written_plainly(image):
    superpixels = slic_superpixels(image, 60)
    torch.manual_seed(3)
    net = kanezaki2018.SegmentationNet(2, 12, 10)
    plain = list(algorithm_1(image, superpixels, net, num_steps=5))
    ours = list(kanezaki2018.steps(image, num_steps=5, seed=3, **SMALL))
    for (labels, targets, loss), state in zip(plain, ours, strict=True):
        assert (labels == state.labels).float().mean() > 0.99, f"labels at step {state.step}"
        assert (targets == state.targets).float().mean() > 0.99, f"targets at step {state.step}"
        assert float(state.loss) == pytest.approx(loss, rel=1e-3), f"loss at step {state.step}"
        assert int(state.num_labels) == state.labels.unique().numel()


def test_same_seed_same_maps_bit_by_bit_and_another_seed_another_map(image):
    runs = [list(kanezaki2018.steps(image, num_steps=8, seed=s, **SMALL)) for s in (0, 0, 1)]
    assert all(torch.equal(a.labels, b.labels) for a, b in zip(runs[0], runs[1], strict=True))
    assert all(torch.equal(a.loss, b.loss) for a, b in zip(runs[0], runs[1], strict=True))
    assert not torch.equal(runs[0][-1].labels, runs[2][-1].labels)


def test_the_callers_random_numbers_are_left_alone(image):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    next(kanezaki2018.steps(image, num_steps=1, **SMALL))
    assert torch.equal(torch.rand(3), expected)


def test_the_generators_of_gpus_are_left_alone(image, monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    next(kanezaki2018.steps(image, num_steps=1, seed=7, **SMALL))
    assert not seeded


def test_numpy_numbers_are_numbers(image):
    knobs = SMALL | {"num_filters": np.int64(12), "learning_rate": np.float32(0.1)}
    assert next(kanezaki2018.steps(image, **knobs)).step == 1


def test_targets_are_constant_on_superpixels_and_free_without_them(image):
    superpixels = slic_superpixels(image, 60)
    state = next(kanezaki2018.steps(image, superpixels=superpixels, **SMALL))
    for index in range(int(superpixels.max()) + 1):
        assert state.targets[superpixels == index].unique().numel() == 1
    free = next(kanezaki2018.steps(image, **(SMALL | {"num_superpixels": None})))
    assert torch.equal(free.targets, free.labels)


def test_learning_rate_may_be_a_schedule(image):
    asked = []
    fixed = list(kanezaki2018.steps(image, num_steps=3, learning_rate=0.05, **SMALL))
    moving = kanezaki2018.steps(
        image, num_steps=3, learning_rate=lambda step: asked.append(step) or 0.05, **SMALL
    )
    assert torch.equal(fixed[-1].labels, list(moving)[-1].labels)
    assert asked[-3:] == [1, 2, 3]


def test_no_learning_no_change(image):
    states = list(kanezaki2018.steps(image, num_steps=3, learning_rate=0.0, **SMALL))
    assert torch.equal(states[0].labels, states[-1].labels)


def test_labels_grow_fewer_on_a_photograph(image):
    states = list(kanezaki2018.steps(image, num_steps=30, **SMALL))
    assert int(states[-1].num_labels) < int(states[0].num_labels)
    assert float(states[-1].loss) < float(states[0].loss)


def test_segments_a_toy_scene_better_than_chance():
    image, true_labels = toy_scene("disks", size=(48, 64), seed=0)
    labels = kanezaki2018.segment(image, num_steps=60, **(SMALL | {"num_superpixels": 200}))
    blank = matched_accuracy(torch.zeros_like(true_labels), true_labels)
    assert matched_accuracy(labels, true_labels) > blank + 0.1


def test_segment_is_the_last_step_when_all_run(image):
    last = list(kanezaki2018.steps(image, num_steps=4, **SMALL))[-1]
    assert torch.equal(kanezaki2018.segment(image, num_steps=4, min_labels=1, **SMALL), last.labels)


def test_segment_never_returns_fewer_labels_than_asked(image):
    states = list(kanezaki2018.steps(image, num_steps=60, **SMALL))
    counts = [int(state.num_labels) for state in states]
    asked = counts[-1] + 1
    assert counts[0] >= asked, "the run must fall below for this test to say something"
    stop = next(i for i, count in enumerate(counts) if count < asked)
    labels = kanezaki2018.segment(image, num_steps=60, min_labels=asked, **SMALL)
    assert labels.unique().numel() >= asked
    assert torch.equal(labels, states[stop - 1].labels)


def test_bfloat16_keeps_types_and_learns(image):
    states = list(kanezaki2018.steps(image, num_steps=10, precision="bfloat16", **SMALL))
    assert states[-1].labels.dtype == torch.int64
    assert states[-1].loss.dtype == torch.float32
    assert float(states[-1].loss) < float(states[0].loss)


@pytest.mark.parametrize(
    ("knobs", "error", "words"),
    [
        ({"num_steps": 0}, ValueError, "num_steps must be at least 1, got 0"),
        ({"num_filters": 2.5}, TypeError, "num_filters must be an integer, got 2.5"),
        ({"momentum": 1.0}, ValueError, "momentum must be below 1, got 1.0"),
        ({"learning_rate": -1}, ValueError, "learning_rate must be finite and at least 0, got -1"),
        (
            {"precision": "int8"},
            ValueError,
            "precision must be .*, got 'int8'",
        ),
        ({"seed": 1.5}, TypeError, "seed must be an integer, got 1.5"),
        ({"seed": 2**64}, ValueError, "seed must be at most"),
        ({"compactness": 0}, ValueError, "compactness must be above 0, got 0"),
        ({"superpixels": [[0]]}, TypeError, "superpixels must be a tensor, got list"),
        ({"device": "tpu9"}, ValueError, "device must be 'auto' or"),
        (
            {"superpixels": torch.zeros(2, 2).long()},
            ValueError,
            "superpixels must have the",
        ),
    ],
)
def test_a_bad_knob_is_named_at_the_call(image, knobs, error, words):
    with pytest.raises(error, match=words):
        kanezaki2018.steps(image, **(SMALL | knobs))


def test_min_labels_that_the_first_map_misses_is_an_error(image):
    with pytest.raises(ValueError, match="min_labels must be at most the number of labels of the"):
        kanezaki2018.segment(image, min_labels=11, num_steps=2, **SMALL)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_nothing_leaves_a_gpu_within_a_step(image):
    run = kanezaki2018.steps(image, num_steps=6, **(SMALL | {"device": "cuda"}))
    next(run)
    torch.cuda.set_sync_debug_mode("error")
    try:
        states = list(run)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert states[-1].labels.is_cuda
