"""Scribbles as label images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from seglib.schedules import step_decay
from seglib.scribbles import UNLABELLED, load_scribbles


def test_values_are_labels_and_255_is_none(tmp_path):
    values = np.full((4, 6), 255, dtype=np.uint8)
    values[0, :3], values[2, 2] = 0, 18
    Image.fromarray(values).save(tmp_path / "scribble.png")
    found = load_scribbles(tmp_path / "scribble.png")
    assert found.dtype == torch.int64
    assert torch.equal(found == UNLABELLED, torch.from_numpy(values == 255))
    assert found[0, 0] == 0
    assert found[2, 2] == 18
    other = load_scribbles(tmp_path / "scribble.png", unlabelled=0)
    assert other.max() == 255


def test_other_files_are_refused(tmp_path):
    Image.new("RGB", (3, 3)).save(tmp_path / "rgb.png")
    with pytest.raises(ValueError, match="must be a grey or palette image of 8 bits, got mode RGB"):
        load_scribbles(tmp_path / "rgb.png")
    Image.new("L", (3, 3), 255).save(tmp_path / "empty.png")
    with pytest.raises(ValueError, match="must hold a scribble, and all pixels are 255"):
        load_scribbles(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ValueError, match="must be an image"):
        load_scribbles(tmp_path / "text.png")
    with pytest.raises(FileNotFoundError):
        load_scribbles(tmp_path / "nothing.png")


def test_the_learning_rate_falls_every_so_many_steps():
    rate = step_decay(0.05)
    assert [rate(step) for step in (1, 50)] == [0.05, 0.05]
    assert [rate(51), rate(100)] == pytest.approx([0.005, 0.005])
    with pytest.raises(ValueError, match="factor must be finite and at least 1"):
        step_decay(0.05, factor=0.5)
