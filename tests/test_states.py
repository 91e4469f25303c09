"""states: where a run stops."""

import pytest
import torch

from seglib.states import Step, last_labels, last_step


def run(counts):
    for step, count in enumerate(counts, start=1):
        labels = torch.full((1, 2), step)
        yield Step(step, labels, labels, torch.tensor(count), torch.tensor(0.0))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([5, 4, 3], 3),  # never too few: the last
        ([5, 4, 2], 2),
        ([5, 2, 4], 1),  # once below, it stays stopped
        ([5] * 25 + [2] * 30, 25),
    ],
)
def test_the_last_map_before_the_first_with_too_few(counts, expected):
    assert last_labels(run(counts), min_labels=3).tolist() == [[expected, expected]]
    assert last_step(run(counts), min_labels=3)[1] == expected


def test_the_run_is_left_soon_after_it_has_fallen_below():
    states = run([5] * 12 + [1] * 500)
    last_labels(states, min_labels=3)
    assert next(states).step <= 31


def test_nothing_to_return_is_an_error():
    with pytest.raises(ValueError, match="states must hold at least one step, got none"):
        last_labels(iter([]))
    with pytest.raises(ValueError, match="number of labels of the first map, 2, got 3"):
        last_labels(run([2, 5]), min_labels=3)
