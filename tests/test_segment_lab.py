"""The map that a reader changes by hand: what it starts from, what travels, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import traitlets
from ipywidgets import Widget

from seglib.labels import connected_components, count_labels, find_boundaries
from seglib.scores import score_segmentation
from seglib.widgets import SegmentLab

TEXT = "Four quarters"


def make_truth(height=8, width=12):
    """Four quarters, the left ones wider, so that one of them is the largest."""
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    return 2 * (rows >= height // 2 + 1).long() + (columns >= 2 * width // 3).long()


def make_lab(**options):
    return SegmentLab(None, make_truth(), description=TEXT, **options)


def start(name, truth=None):
    truth = make_truth() if truth is None else truth
    widget = SegmentLab(None, truth, description=TEXT)
    widget.start = name
    return widget.labels


# What it starts from ----------------------------------------------------------------------------


def test_the_truth_comes_first():
    widget = make_lab()
    assert widget.start == widget.start_names[0] == "The truth"
    torch.testing.assert_close(widget.labels, make_truth())


def test_one_segment_and_every_cell_a_segment():
    assert int(count_labels(start("One segment"))) == 1
    everywhere = start("Every cell a segment")
    assert int(count_labels(everywhere)) == everywhere.numel()


def test_shifted_by_one_cell():
    shifted, truth = start("Shifted by one cell"), make_truth()
    torch.testing.assert_close(shifted[:, 1:], truth[:, :-1])
    torch.testing.assert_close(shifted[:, 0], truth[:, 0])


def make_narrow():
    return torch.arange(6)[:, None].expand(6, 5) % 2  # lines of one cell: segments of 1 × 5


@pytest.mark.parametrize("truth", [make_truth(), make_truth(12, 6).T.contiguous(), make_narrow()])
def test_one_region_cut_in_two(truth):
    cut = start("One region cut in two", truth)
    (new,) = set(cut.unique().tolist()) - set(truth.unique().tolist())
    part = cut == new
    (whole,) = truth[part].unique().tolist()
    segments = connected_components(truth)
    (segment,) = segments[part].unique().tolist()
    area = segments.flatten().bincount()
    assert int(area[segment]) == int(area.max())
    assert 0.2 < int(part.sum()) / int(area[segment]) < 0.8
    assert (cut[~part] == truth[~part]).all()
    assert (cut[(truth == whole) & ~part] == whole).all()
    assert int(count_labels(connected_components(part.long()))) == 2, "a half in one piece"


def test_a_label_in_two_pieces_is_cut_in_one_of_them():
    truth = torch.zeros(5, 9, dtype=torch.int64)
    truth[:, 4] = 1
    cut = start("One region cut in two", truth)
    assert int(count_labels(connected_components(cut))) == 4
    assert score_segmentation(cut, [truth])["many_to_one_accuracy"] == 1


def test_two_regions_merged():
    merged, truth = start("Two regions merged"), make_truth()
    assert int(count_labels(merged)) == 3
    assert merged[0, 0] == merged[-1, 0], "their common line is the longest"
    assert score_segmentation(merged, [truth])["vi_over"] == 0


def test_a_ragged_boundary_differs_only_near_the_true_one():
    truth = make_truth(24, 36)
    ragged = start("Ragged boundary", truth)
    torch.testing.assert_close(ragged, start("Ragged boundary", truth))
    changed = ragged != truth
    assert changed.any()
    lines = find_boundaries(truth)[None, None].float()
    near = torch.nn.functional.max_pool2d(lines, 7, stride=1, padding=3)[0, 0] > 0
    assert not changed[~near].any()
    assert score_segmentation(ragged, [truth])["matched_accuracy"] > 0.8


def test_starts_of_ones_own():
    maps = {"Noise": torch.arange(96).reshape(8, 12) % 5, "Blank": torch.full((8, 12), 7)}
    widget = make_lab(starts=maps)
    assert widget.start_names == ["Noise", "Blank"]
    torch.testing.assert_close(widget.labels, maps["Noise"])
    widget.start = "Blank"
    torch.testing.assert_close(widget.labels, maps["Blank"])
    with pytest.raises(traitlets.TraitError, match=r"start must be one of .* got 'Stripes'"):
        widget.start = "Stripes"


# What travels -----------------------------------------------------------------------------------


def test_maps_come_back_from_their_bytes():
    truth = torch.arange(4096).reshape(64, 64) // 1024
    widget = SegmentLab(None, truth, description=TEXT)
    np.testing.assert_array_equal(np.frombuffer(widget.truth, "<u2"), truth.flatten())
    widget.start = "Every cell a segment"
    torch.testing.assert_close(widget.labels, torch.arange(4096).reshape(64, 64))


def test_what_the_page_sends_is_the_map_in_the_kernel():
    widget = make_lab()
    sent = torch.randint(96, (8, 12), generator=torch.Generator().manual_seed(0))
    widget.set_state({"labels_now": memoryview(sent.numpy().astype("<u2").tobytes())})
    torch.testing.assert_close(widget.labels, sent)


def test_a_change_that_comes_with_a_new_start_is_kept():
    widget, sent = make_lab(), torch.ones(8, 12, dtype=torch.int64)
    data = memoryview(sent.numpy().astype("<u2").tobytes())
    widget.set_state({"start": "One segment", "labels_now": data})
    assert widget.start == "One segment"
    torch.testing.assert_close(widget.labels, sent)


def test_the_image_may_have_any_size():
    image = torch.rand(3, 80, 121, generator=torch.Generator().manual_seed(0))
    widget = SegmentLab(image, make_truth(), description=TEXT)
    assert widget.photo[8:12] == b"WEBP"
    assert make_lab().photo == b""


def test_it_is_one_module_without_imports():
    assert "import " not in SegmentLab._esm.replace("no import", "")
    assert SegmentLab._esm.count("export default") == 1
    assert "http" not in SegmentLab._esm.replace("http://www.w3.org/2000/svg", "")
    assert ".seg-lab-table" in SegmentLab._css


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "error", "message"),
    [
        (torch.zeros(8, 12), TypeError, "true_labels must have dtype torch.int64"),
        (torch.zeros(8, 12).long(), ValueError, "at least 2 labels, got 1"),
        (torch.arange(40).reshape(4, 10) % 2, ValueError, "5 x 5 to 4096 cells, got 4 x 10"),
        (torch.arange(5000).reshape(50, 100) % 2, ValueError, "4096 cells, got 50 x 100"),
        (torch.arange(30).reshape(5, 6) % 17, ValueError, r"in 0\.\.15, got 16"),
        (torch.arange(30).reshape(5, 6) - 1, ValueError, "must not hold negative labels, got -1"),
    ],
)
def test_a_bad_truth_is_refused(truth, error, message):
    with pytest.raises(error, match=message):
        SegmentLab(None, truth, description=TEXT)


@pytest.mark.parametrize(
    ("starts", "error", "message"),
    [
        ({}, ValueError, "at least one label map, got none"),
        ({"Half": torch.zeros(4, 12).long()}, ValueError, r"start 'Half' .* \(8, 12\), got \(4,"),
        ({"Float": torch.zeros(8, 12)}, TypeError, "start 'Float' must have dtype torch.int64"),
        ({"Far": torch.full((8, 12), 4096)}, ValueError, "'Far' .* up to 4095, got 4096"),
        ({" ": torch.zeros(8, 12).long()}, ValueError, "starts must have names, got ' '"),
    ],
)
def test_bad_starts_are_refused(starts, error, message):
    with pytest.raises(error, match=message):
        make_lab(starts=starts)


def test_a_bad_image_and_a_missing_description_are_refused():
    with pytest.raises(ValueError, match=r"proportions of the map, 8 x 12, got 60 x 60"):
        SegmentLab(torch.zeros(3, 60, 60), make_truth(), description=TEXT)
    with pytest.raises(ValueError, match="description must say in words"):
        SegmentLab(None, make_truth(), description=" ")


@pytest.fixture(autouse=True)
def no_widgets_left():
    yield
    Widget.close_all()
