"""GridExplorer without a browser: what travels, how much, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import json
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from seglib import images
from seglib.superpixels import slic_superpixels
from seglib.widgets import GridExplorer

TEXT = "Coloured noise"
ROWS, COLUMNS = 16, 24


def make_image():
    return torch.rand(3, ROWS, COLUMNS, generator=torch.Generator().manual_seed(0))


def make_map(num_labels):
    return torch.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % num_labels


def make_maps(first=(2, 300), second=("a", "b", "c")):
    """Maps that differ for each pair; 300 labels do not fit one byte."""
    places = enumerate(itertools.product(first, second))
    return {pair: make_map(pair[0] + place) for place, pair in places}


def make_widget(maps=None, **options):
    maps = make_maps() if maps is None else maps
    return GridExplorer(make_image(), maps, **{"description": TEXT, **options})


def decode(png):
    """What the front end does: the low bytes, and below them the high bytes, if any."""
    planes = np.array(Image.open(io.BytesIO(png))).astype(int)
    return planes[:ROWS] + 256 * planes[ROWS:] if len(planes) > ROWS else planes


# What travels -----------------------------------------------------------------------------------


def test_maps_come_back_as_they_were_with_few_labels_and_with_many():
    maps = make_maps()
    widget = make_widget(maps)
    assert len(widget.maps) == 6
    for png, labels in zip(widget.maps, maps.values(), strict=True):
        np.testing.assert_array_equal(decode(png), labels.numpy())


def test_the_largest_label_travels():
    labels = make_map(2)
    labels[0, 0] = 65_535
    widget = make_widget({(1, 1): labels, (2, 1): make_map(2)})
    assert decode(widget.maps[0])[0, 0] == 65_535
    assert widget.counts == [3, 2]


def test_values_keep_their_order_and_pairs_may_come_in_any():
    maps = make_maps()
    shuffled = {pair: maps[pair] for pair in [(2, "a"), (300, "b"), *reversed(maps)]}
    widget = make_widget(shuffled)
    assert widget.values == [["2", "300"], ["a", "b", "c"]]
    assert widget.maps == make_widget({p: maps[p] for p in sorted(maps)}).maps
    assert widget.counts == [2, 3, 4, 303, 304, 305]


def test_it_starts_where_it_is_told_or_in_the_middle():
    assert make_widget().choice == [1, 1]
    assert make_widget(start=(2, "c")).choice == [0, 2]


def test_numbers_are_shown_as_given():
    maps = {(k, m): make_map(2) for k in (0.5, 20) for m in (1.0, "wide")}
    assert make_widget(maps).values == [["0.5", "20"], ["1", "wide"]]


def test_readings_follow_the_pairs():
    maps = make_maps()
    recall = {pair: place / 10 for place, pair in enumerate(maps)}
    area = {pair: torch.tensor(7).item() for pair in reversed(maps)}
    widget = make_widget(maps, readings={"recall": recall, "area": area})
    assert widget.readings == [
        {"name": "recall", "numbers": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], "decimals": 2},
        {"name": "area", "numbers": [7.0] * 6, "decimals": 0},
    ]
    json.dumps(widget.readings)


def test_one_knob_is_enough():
    widget = make_widget({(k, "all"): make_map(k) for k in (2, 3)})
    assert widget.values == [["2", "3"], ["all"]]


def test_every_label_has_a_color():
    widget = make_widget()
    assert len(widget.colors) == 305


def test_thirty_six_maps_of_superpixels_stay_small():
    image = images.photograph("coffee", 240)
    assert image.shape == (3, 160, 240)
    knobs = itertools.product((25, 50, 100, 200, 400, 800), (1, 3, 10, 30, 100, 300))
    maps = {pair: slic_superpixels(image, *pair) for pair in knobs}
    widget = GridExplorer(image, maps, description=TEXT)
    assert max(widget.counts) > 256
    saved = sum(len(base64.b64encode(png)) for png in [widget.photo, *widget.maps])
    assert saved + len(json.dumps(widget.colors)) < 300_000


def test_the_widget_is_one_module_without_imports():
    widget = make_widget()
    assert "import " not in widget._esm.replace("no import", "")
    assert widget._esm.count("export default") == 1
    assert "http" not in widget._esm.replace("http://www.w3.org/2000/svg", "")
    assert ".seg-grid-table" in widget._css


# What is refused --------------------------------------------------------------------------------


def without(maps, pair):
    return {other: labels for other, labels in maps.items() if other != pair}


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({}, "at least two maps, each under a pair of values, got \\[\\]"),
        ({(1, 2): make_map(2)}, "at least two maps"),
        ({1: make_map(2), 2: make_map(2)}, "under a pair of values, got \\[1, 2\\]"),
        (without(make_maps(), (300, "b")), "each pair of values, and \\(300, b\\) is missing"),
        ({**make_maps(), (2, "b"): make_map(2)[:4]}, "labels of \\(2, b\\) must have the height"),
        ({**make_maps(), (2, "b"): make_map(2) - 1}, "labels of \\(2, b\\) must not hold negative"),
        ({**make_maps(), (2, "b"): make_map(2) + 65_535}, "labels up to 65535, got 65536"),
    ],
)
def test_bad_maps_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        make_widget(maps)


def test_a_map_of_another_type_is_refused():
    with pytest.raises(TypeError, match=r"labels of \(2, a\) must have dtype torch\.int64"):
        make_widget({**make_maps(), (2, "a"): make_map(2).float()})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"knobs": ("one",)}, "knobs must be two names"),
        ({"knobs": ("one", " ")}, "knobs must be two names"),
        ({"counted": ""}, "and counted one"),
        ({"start": (2, "z")}, "start must be one of the pairs of maps, got \\(2, 'z'\\)"),
        ({"description": " "}, "description must say in words"),
        ({"opacity": 1.5}, "opacity must be in 0..1, got 1.5"),
        ({"readings": {"recall": {(2, "a"): 1.0}}}, "'recall' .* and \\(2, b\\) is missing"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_widget(**options)


def test_a_reading_that_is_no_number_is_refused():
    readings = dict.fromkeys(make_maps(), 0.5)
    with pytest.raises(TypeError, match="recall of \\(2, a\\) must be a number, got 'high'"):
        make_widget(readings={"recall": {**readings, (2, "a"): "high"}})
    with pytest.raises(ValueError, match="recall of \\(2, a\\) must be finite"):
        make_widget(readings={"recall": {**readings, (2, "a"): math.nan}})


# Another value, from a kernel -------------------------------------------------------------------


def make_live(compute, monkeypatch):
    sent = []
    monkeypatch.setattr(
        GridExplorer, "send", lambda self, content, buffers=None: sent.append(content)
    )
    maps = {(mu, step): make_map(mu + step) for mu in (1, 5) for step in (1, 2)}
    widget = make_widget(maps, compute=compute, knobs=("weight", "step"))
    return widget, sent


def ask(widget, **message):
    """Send what a page sends, and wait for the work that it begins."""

    async def talk():
        widget._handle_custom_msg(message, [])
        if widget._task is not None:
            await widget._task

    with ThreadPoolExecutor() as pool:  # a loop of its own, also beside that of a browser
        pool.submit(asyncio.run, talk()).result()


def test_another_value_takes_its_place_between_the_others(monkeypatch):
    widget, sent = make_live(lambda mu: {1: make_map(7), 2: make_map(8)}, monkeypatch)
    ask(widget, type="hello")
    assert sent == [{"type": "kernel"}]
    before = list(widget.maps)
    ask(widget, type="compute", value=2.5)
    assert widget.values == [["1", "2.5", "5"], ["1", "2"]]
    assert [*widget.maps[:2], *widget.maps[4:]] == before
    assert widget.counts[2:4] == [7, 8]
    assert widget.choice[0] == 1
    assert len(widget.colors) > max(int(make_map(n).max()) for n in (1, 8))
    assert [m["state"] for m in sent[1:]] == ["running", "finished"]
    ask(widget, type="compute", value=5)  # is there: shown, not computed
    assert widget.choice[0] == 2
    assert len(widget.maps) == 6


@pytest.mark.parametrize(
    ("value", "found", "words"),
    [
        ("high", {}, "weight must be a number, got 'high'"),
        (3, {1: 7}, "compute must return a map for 2"),
        (3, {1: 7, 2: 70000}, "must hold labels up to 65535"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_and_nothing_is_half_added(
    monkeypatch, value, found, words
):
    maps = {key: torch.full_like(make_map(1), n) for key, n in found.items()}
    widget, sent = make_live(lambda mu: maps, monkeypatch)
    before = widget.get_state()
    ask(widget, type="compute", value=value)
    assert sent[-1]["state"] == "failed"
    assert words in sent[-1]["text"]
    assert widget.get_state() == before


def test_readings_grow_with_the_maps(monkeypatch):
    pairs = {(mu, 1): float(mu) for mu in (1, 5)}
    maps = {pair: make_map(2) for pair in pairs}
    monkeypatch.setattr(GridExplorer, "send", lambda self, content, buffers=None: None)
    widget = make_widget(
        maps, compute=lambda mu: ({1: make_map(3)}, {"loss": {1: 2.5}}), readings={"loss": pairs}
    )
    ask(widget, type="compute", value=3)
    assert widget.readings == [{"name": "loss", "numbers": [1.0, 2.5, 5.0], "decimals": 2}]
    lacking = make_widget(maps, compute=lambda mu: {1: make_map(3)}, readings={"loss": pairs})
    before = lacking.get_state()
    ask(lacking, type="compute", value=3)
    assert "'loss' must hold a number" in lacking._status["text"]
    assert lacking.get_state() == before


def test_compute_needs_growing_numbers():
    def compute(value):
        return {}

    maps = {(mu, 1): make_map(mu) for mu in (5, 1)}
    with pytest.raises(ValueError, match=r"the first knob that grow, got \[5, 1\]"):
        make_widget(maps, compute=compute)
    with pytest.raises(TypeError, match="value 0 of the first knob must be a number, got 'a'"):
        make_widget({("a", 1): make_map(1), ("b", 1): make_map(2)}, compute=compute)
