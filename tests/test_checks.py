"""checks: one sentence for each kind of bad value."""

import pytest
import torch

from seglib.checks import check_integers, check_label_maps, check_numbers


@pytest.mark.parametrize("value", [True, 2.0, "3", None])
def test_not_an_integer(value):
    with pytest.raises(TypeError, match="num_steps must be an integer, got"):
        check_integers(1, num_steps=value)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -0.1])
def test_not_a_usable_number(value):
    with pytest.raises(ValueError, match="momentum must be finite and at least 0, got"):
        check_numbers(0.0, momentum=value)


def test_not_a_number():
    with pytest.raises(TypeError, match="momentum must be a number, got 'high'"):
        check_numbers(0.0, momentum="high")


def test_maps_on_two_devices():
    labels = torch.zeros(2, 3, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"b must be on the device of a \(cpu\), got meta"):
        check_label_maps(a=labels, b=labels.to("meta"))
