"""devices: choosing one, and memory that comes back."""

import contextlib
import itertools
from statistics import median

import pytest
import torch

from seglib import devices, kanezaki2018


def test_cpu_is_always_there():
    assert devices.pick_device("cpu") == torch.device("cpu")
    assert devices.pick_device(torch.device("cpu")).type == "cpu"
    assert devices.pick_device(None) == devices.pick_device("auto")


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="device must be 'auto' or a device of PyTorch"):
        devices.pick_device("quantum")
    with pytest.raises(ValueError, match="device 'cuda:99' is not on this machine, which has"):
        devices.pick_device("cuda:99")


def test_start_prints_the_device_and_the_minutes_or_says_there_is_no_measurement(capsys):
    device = devices.start(minutes={"cpu": 1.5, "cuda": 1.5, "mps": 1.5})
    assert "about 1.5 minutes" in capsys.readouterr().out
    assert device == devices.pick_device()
    devices.start(minutes={})
    assert f"has not been measured on {device.type!r}" in capsys.readouterr().out


@pytest.mark.skipif(devices._glibc() is None, reason="needs glibc")
def test_training_under_reuse_memory_costs_no_new_pages(monkeypatch):
    import resource  # not on Windows

    def faults_of_steps():
        image = torch.rand(3, 240, 360, generator=torch.Generator().manual_seed(0))
        knobs = {"num_components": 1, "num_labels": 40, "num_superpixels": None, "device": "cpu"}
        counts = []
        for _ in kanezaki2018.steps(image, num_steps=12, **knobs):
            counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
        return [after - before for before, after in itertools.pairwise(counts[3:])]

    with_reuse = min(faults_of_steps())  # the heap has grown to its size: now, or a step later
    monkeypatch.setattr(kanezaki2018, "reuse_memory", contextlib.nullcontext)
    without = median(faults_of_steps())
    assert with_reuse < without / 10, f"{with_reuse} page faults, {without} without it"


def test_reuse_memory_is_nothing_without_glibc(monkeypatch):
    monkeypatch.setattr(devices, "_glibc", lambda: None)
    with devices.reuse_memory():
        total = torch.ones(3).sum()
    devices.release_memory()
    assert total == 3
