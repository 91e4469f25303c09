"""The pad for scribbles: what travels to the page, what comes back, and the run in the kernel."""

from __future__ import annotations

import asyncio
import io
import json

import numpy as np
import pytest
import torch
from ipywidgets import Widget
from PIL import Image

from seglib import _live, kim2020
from seglib._scribble_pad import MAX_FRAMES, class_first_colors, encode_scribbles
from seglib.scribbles import load_scribbles
from seglib.states import Step
from seglib.widgets import ScribblePad

TEXT = "Coloured noise"
HEIGHT, WIDTH = 16, 24
SMALL = {"num_filters": 4, "num_labels": 6, "num_components": 1}


@pytest.fixture(autouse=True)
def close_widgets():
    yield
    Widget.close_all()


def make_image(height=HEIGHT, width=WIDTH):
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))


def make_scribbles(*rows):
    """A line of each label in some row, -1 elsewhere."""
    scribbles = torch.full((HEIGHT, WIDTH), -1)
    for label, row in enumerate(rows):
        scribbles[row, 3:9] = label
    return scribbles


def make_states(num_steps=3, labels=None):
    labels = torch.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 5 if labels is None else labels
    for step in range(1, num_steps + 1):
        count = torch.tensor(len(labels.unique()))
        yield Step(step, (labels + step) % 5, labels, count, torch.tensor(1.0 / step))


def make_pad(prepared=None, **options):
    if prepared is None:
        prepared = {"Two lines": (make_scribbles(4, 12), make_states())}
    return ScribblePad(make_image(), prepared, **{"description": TEXT, **options})


def decode(png):
    return np.array(Image.open(io.BytesIO(png)))


def grey_png(scribbles):
    """What the page sends: grey, 255 where there is none."""
    values = torch.where(scribbles < 0, 255, scribbles).numpy().astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


# What travels -----------------------------------------------------------------------------------


def test_the_first_example_is_shown_at_once():
    other = (make_scribbles(2, 5, 9), make_states())
    pad = make_pad({"Three": other, "Two": (make_scribbles(4, 12), make_states())})
    torch.testing.assert_close(pad.scribbles, make_scribbles(2, 5, 9))
    assert [example["name"] for example in pad.examples] == ["Three", "Two"]


def test_without_examples_the_pad_is_blank():
    pad = make_pad({})
    assert pad.examples == []
    assert (pad.scribbles == -1).all()


@pytest.mark.parametrize("num_steps", [1, 12, 40])
def test_an_example_keeps_few_maps_the_first_and_the_last_among_them(num_steps):
    states = list(make_states(num_steps))
    pad = make_pad({"Lines": (make_scribbles(4, 12), iter(states))})
    (example,) = pad.examples
    assert len(example["frames"]) == min(num_steps, MAX_FRAMES)
    assert example["steps"][0] == 1
    assert example["steps"][-1] == example["num_steps"] == num_steps
    for png, step in zip(example["frames"], example["steps"], strict=True):
        np.testing.assert_array_equal(decode(png), states[step - 1].labels)
    values = torch.from_numpy(decode(example["scribbles"])).long()
    torch.testing.assert_close(torch.where(values == 255, -1, values), make_scribbles(4, 12))


def test_classes_keep_their_colors_and_other_labels_are_grey():
    labels = torch.tensor([[30, 30, 30, 24, 24, 1]])
    colors = class_first_colors(labels, 40, num_classes=3)
    pad = make_pad(num_classes=3)
    assert colors[:3] == pad.class_colors
    assert pad.examples[0]["colors"][:3] == pad.class_colors
    assert len(colors) == 40
    assert all(len(set(color)) == 1 for color in colors[3:])
    assert colors[30] != colors[24], "the largest are told apart"
    assert all(len(set(color)) > 1 for color in make_pad(num_classes=7).class_colors)


def test_what_the_page_sends_are_the_scribbles_in_the_kernel(tmp_path):
    pad, painted = make_pad(), make_scribbles(1, 3, 5, 7)
    pad.set_state({"scribbles_now": memoryview(grey_png(painted))})
    torch.testing.assert_close(pad.scribbles, painted)
    assert pad.scribbles.dtype == torch.int64
    (tmp_path / "scribbles.png").write_bytes(grey_png(painted))
    torch.testing.assert_close(load_scribbles(tmp_path / "scribbles.png"), painted)


def test_scribbles_come_back_from_their_file(tmp_path):
    (tmp_path / "scribbles.png").write_bytes(encode_scribbles(make_scribbles(2, 8)))
    torch.testing.assert_close(load_scribbles(tmp_path / "scribbles.png"), make_scribbles(2, 8))


def test_names_of_the_classes():
    assert make_pad(num_classes=2).class_names == ["Class 1", "Class 2"]
    assert make_pad(num_classes=2, class_names=("Cat", "Sofa")).class_names == ["Cat", "Sofa"]


def test_it_is_one_module_without_imports():
    assert "import " not in ScribblePad._esm.replace("no import", "")
    assert ScribblePad._esm.count("export default") == 1
    assert "http" not in ScribblePad._esm.replace("http://www.w3.org/2000/svg", "")


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 1}, "num_classes must be at least 2, got 1"),
        ({"num_classes": 8}, "num_classes must be at most 7, got 8"),
        ({"class_names": ["Cat"]}, r"class_names must be 4 names, got \['Cat'\]"),
        ({"class_names": ["Cat", " ", "Sky", "Sea"]}, "class_names must be 4 names"),
        ({"description": " "}, "description must say in words"),
        ({"opacity": 2.0}, "opacity must be in 0..1"),
        ({"live": {"num_labels": 300}}, "num_labels must be at most 256, got 300"),
        ({"live": {"num_labels": 3}}, "num_labels must be at least 4, got 3"),
        ({"live": {"num_steps": 0}}, "num_steps must be at least 1, got 0"),
        ({"live": {"scribble_weight": -1.0}}, "scribble_weight must be finite and at least 0"),
        ({"live": {"momentum": 1.0}}, "momentum must be below 1"),
        ({"prepared": {"": (make_scribbles(1), [])}}, "prepared examples must have names, got ''"),
        ({"prepared": {"A": (make_scribbles(1), [])}}, "states of 'A' must hold at least one"),
        ({"prepared": {"A": (make_scribbles(), make_states())}}, "label at least one pixel"),
        ({"prepared": {"A": (make_scribbles(1, 2, 3, 4, 5), make_states())}}, "got values in -1"),
        ({"prepared": {"A": (torch.zeros(3, 3).long(), make_states())}}, "height and width"),
    ],
)
def test_bad_values_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_pad(**options)


@pytest.mark.parametrize("name", ["speed", "scribbles", "images", "net"])
def test_live_names_arguments_of_the_library(name):
    with pytest.raises(TypeError, match=rf"live must name arguments .* got \['{name}'\]"):
        make_pad(live={name: 2})


def test_a_map_that_does_not_fit_and_a_large_image_are_refused():
    states = make_states(labels=torch.zeros(3, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="labels of step 1 of 'A' must have the height"):
        make_pad({"A": (make_scribbles(1), states)})
    with pytest.raises(ValueError, match="image must have at most 160000 pixels, got 200000"):
        ScribblePad(make_image(400, 500), {}, description=TEXT)


# A run in the kernel ----------------------------------------------------------------------------

KNOBS = {"num_steps": 5, "continuity_weight": 2.0, "scribble_weight": 0.25}


class Page:
    """Stands for the browser: what it is sent, and what it asks."""

    def __init__(self, pad, sent):
        self.pad, self.sent = pad, sent

    def ask(self, kind, *buffers, **content):
        self.pad._handle_custom_msg({"type": kind, **content}, list(buffers))

    def start(self, scribbles, **changes):
        self.ask("start", memoryview(grey_png(scribbles)), knobs={**KNOBS, **changes})

    def messages(self, *kinds):
        return [message for message, _ in self.sent if message["type"] in kinds]

    @property
    def status(self):
        return self.messages("status")[-1]

    async def until(self, state, seconds=60):
        async def seen():
            while not self.messages("status") or self.status["state"] != state:
                await asyncio.sleep(0.005)

        await asyncio.wait_for(seen(), seconds)


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(_live, "MIN_INTERVAL", 0.0)  # every step is sent
    sent = []
    monkeypatch.setattr(
        ScribblePad, "send", lambda self, content, buffers=None: sent.append((content, buffers))
    )
    return Page(make_pad(live={**SMALL, "num_steps": 5}), sent)


def test_hello_is_answered_with_what_can_be_set(page):
    page.ask("hello")
    (answer,) = page.messages("kernel")
    assert answer["knobs"] == {"num_steps": 5, "continuity_weight": 1.0, "scribble_weight": 0.5}
    json.dumps(page.messages("kernel", "status"))


def test_a_pad_that_may_not_run_does_not_answer(monkeypatch):
    sent = []
    monkeypatch.setattr(ScribblePad, "send", lambda self, *message: sent.append(message))
    Page(make_pad(), sent).ask("hello")
    assert sent == []


def test_a_run_is_that_of_the_library_with_the_scribbles_that_came_with_it(page):
    painted = make_scribbles(1, 6, 13)

    async def run():
        page.start(painted)
        await page.until("finished")

    asyncio.run(run())
    states = list(kim2020.steps(make_image(), scribbles=painted, **KNOBS, **SMALL))
    news = [(m, buffers) for m, buffers in page.sent if m["type"] in ("run", "state")]
    for (message, buffers), state in zip(news, states, strict=True):
        np.testing.assert_array_equal(decode(buffers[-1]), state.labels)
        assert message["colors"][:4] == page.pad.class_colors
    np.testing.assert_array_equal(decode(news[0][1][0]), decode(grey_png(painted)))
    assert "after 5 steps" in page.status["text"]


def test_stop_ends_a_run_and_another_can_follow(page):
    async def run():
        page.start(make_scribbles(1, 9), num_steps=10_000)
        while len(page.messages("run", "state")) < 3:
            await asyncio.sleep(0.001)
        page.ask("stop")
        assert page.status["state"] == "stopped"
        await asyncio.sleep(0.05)
        ended = len(page.sent)
        await asyncio.sleep(0.1)
        assert len(page.sent) == ended
        page.ask("stop")
        assert len(page.sent) == ended, "nothing runs"
        page.start(make_scribbles(2), num_steps=2)
        await page.until("finished")

    asyncio.run(run())
    assert [message["run"] for message in page.messages("run")] == [1, 2]


def test_pause_holds_a_run_and_continue_ends_it(page):
    async def run():
        page.start(make_scribbles(1, 9), num_steps=6)
        while not page.messages("run"):
            await asyncio.sleep(0)
        page.ask("pause")
        held = len(page.messages("run", "state"))
        await asyncio.sleep(0.1)
        assert len(page.messages("run", "state")) == held < 6
        page.ask("continue")
        await page.until("finished")

    asyncio.run(run())
    assert len(page.messages("run", "state")) == 6


def test_stop_before_the_first_step(page):
    async def run():
        page.start(make_scribbles(1))
        page.ask("stop")

    asyncio.run(run())
    assert page.status["text"] == "Stopped at step 0."


def test_what_cannot_be_run_is_said_in_the_page(page):
    async def run():
        page.start(make_scribbles())
        assert page.status["state"] == "failed"
        assert "at least one pixel" in page.status["text"]
        page.start(make_scribbles(1), continuity_weight=-1)
        assert "continuity_weight must be finite and at least 0" in page.status["text"]
        page.start(torch.zeros(3, 3, dtype=torch.int64))
        assert "height and width of the image" in page.status["text"]

    asyncio.run(run())
    assert page.messages("run") == []


def test_a_page_opened_later_is_sent_the_run(page):
    async def run():
        page.start(make_scribbles(1, 9))
        await page.until("finished")
        page.ask("hello")

    asyncio.run(run())
    message, buffers = next(sent for sent in reversed(page.sent) if sent[0]["type"] == "run")
    assert [frame["step"] for frame in message["frames"]] == [1, 2, 3, 4, 5]
    assert len(buffers) == 6, "scribbles and five maps"
    assert page.status["state"] == "finished"


def test_closing_the_pad_ends_its_run(page):
    async def run():
        page.start(make_scribbles(1), num_steps=10_000)
        while not page.messages("run"):
            await asyncio.sleep(0.001)
        page.pad.close()
        await asyncio.sleep(0.05)
        ended = len(page.sent)
        await asyncio.sleep(0.05)
        assert len(page.sent) == ended

    asyncio.run(run())
