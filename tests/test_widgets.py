"""Widgets without a browser: what travels, what is refused, and how a run in the kernel obeys."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from ipywidgets import Widget
from PIL import Image

from seglib import _live, images, kanezaki2018
from seglib._runs import Run, thin_steps
from seglib.states import Step
from seglib.widgets import CompareSlider, StepScrubber

HEIGHT, WIDTH = 160, 240
TEXT = "Coloured noise"
SMALL = {"num_filters": 4, "num_labels": 6, "num_superpixels": 30, "device": "cpu"}


def make_image(height=16, width=24):
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))


def make_states(num_steps, height=16, width=24, num_labels=8):
    """Blocks of random labels that grow and fade, as in a run: step t holds ever fewer."""
    generator = torch.Generator().manual_seed(1)
    for step in range(1, num_steps + 1):
        left = max(2, num_labels - step + 1)
        coarse = torch.randint(left, (height // 4, width // 4), generator=generator)
        labels = coarse.repeat_interleave(4, 0).repeat_interleave(4, 1)
        loss = torch.tensor(3.0 / step)
        yield Step(step, labels, labels, torch.tensor(left), loss)


def make_scrubber(num_steps=5, **options):
    return StepScrubber(make_image(), make_states(num_steps), description=TEXT, **options)


def decode(png):
    return np.array(Image.open(io.BytesIO(png)))


# What travels -----------------------------------------------------------------------------------


def test_frames_come_back_as_the_label_maps():
    states = list(make_states(5))
    widget = StepScrubber(make_image(), states, description=TEXT)
    for png, state in zip(widget.frames, states, strict=True):
        np.testing.assert_array_equal(decode(png), state.labels.numpy())


def test_curves_keep_every_step_and_frames_only_some():
    widget = make_scrubber(60, max_frames=10)
    assert widget.curve_steps == list(range(1, 61))
    assert len(widget.label_curve) == len(widget.loss_curve) == 60
    assert widget.loss_curve[1] == 1.5
    assert len(widget.frames) == len(widget.frame_steps) == 10
    assert (widget.frame_steps[0], widget.frame_steps[-1]) == (1, 60)
    assert widget.step == 60


def test_a_generator_is_taken_as_well_as_a_list():
    from_list = StepScrubber(make_image(), list(make_states(6)), description=TEXT)
    assert make_scrubber(6).frames == from_list.frames


@pytest.mark.parametrize(
    ("num_states", "max_frames"), [(1, 2), (2, 2), (7, 7), (41, 40), (500, 40)]
)
def test_thinning_keeps_the_ends_and_most_of_the_start(num_states, max_frames):
    chosen = thin_steps(num_states, max_frames)
    assert chosen[0] == 0
    assert chosen[-1] == num_states - 1
    assert len(chosen) == len(set(chosen)) == min(num_states, max_frames)
    gaps = np.diff(chosen)
    assert (gaps >= 1).all()
    assert num_states <= max_frames or gaps[-1] >= gaps[0]


def test_every_label_has_a_colour_and_the_step_can_be_set():
    widget = make_scrubber(5)
    assert len(widget.colors) == 1 + max(decode(png).max() for png in widget.frames)
    widget.step = 2
    assert widget.get_state("step") == {"step": 2}


def test_a_loss_that_is_not_finite_stays_out_of_the_saved_page():
    states = [replace(state, loss=torch.tensor(torch.inf)) for state in make_states(2)]
    widget = StepScrubber(make_image(), states, description=TEXT)
    assert widget.loss_curve == [None, None]
    assert "Infinity" not in json.dumps(widget.get_state("loss_curve"))


def saved_bytes(widget):
    """Size of the state as a page holds it: JSON, binary parts in base64."""
    text, payload = 0, 0
    for value in widget.get_state().values():
        parts = value if isinstance(value, list) else [value]
        binary = [part for part in parts if isinstance(part, bytes)]
        payload += sum(len(base64.b64encode(part)) for part in binary)
        text += len(json.dumps(value)) if not binary else 0
    return text + payload


def test_forty_frames_of_a_photograph_stay_small():
    image = images.photograph("coffee", WIDTH)
    assert image.shape == (3, HEIGHT, WIDTH)
    generator = torch.Generator().manual_seed(2)

    def noisy(state):  # as many stray pixels as the first steps of a real run have
        stray = torch.rand(HEIGHT, WIDTH, generator=generator) < 0.3 / state.step
        return torch.where(stray, torch.randint(50, stray.shape, generator=generator), state.labels)

    states = list(make_states(100, HEIGHT, WIDTH, num_labels=50))
    states = [replace(state, labels=noisy(state)) for state in states]
    widget = StepScrubber(image, states, description=TEXT, max_frames=40)
    assert len(widget.frames) == 40
    assert saved_bytes(widget) < 400_000


def test_each_widget_is_one_module_without_imports():
    for widget in (make_scrubber(), CompareSlider(make_image(), None, None, description=TEXT)):
        assert "import " not in widget._esm.replace("no import", "")
        assert widget._esm.count("export default") == 1
        assert "http" not in widget._esm.replace("http://www.w3.org/2000/svg", "")
        assert ".seg-widget" in widget._css


def test_sides_of_a_comparison():
    image = make_image()
    labels = next(make_states(1)).labels
    widget = CompareSlider(image, labels, image.flip(2), titles=("A", "B"), description=TEXT)
    assert widget.kinds == ["labels", "picture"]
    np.testing.assert_array_equal(decode(widget.left), labels.numpy())
    assert Image.open(io.BytesIO(widget.right)).size == (24, 16)
    assert CompareSlider(image, None, labels, description=TEXT).left == b""


def test_a_label_has_one_colour_on_both_sides():
    left, right = torch.zeros(16, 24, dtype=torch.int64), torch.ones(16, 24, dtype=torch.int64)
    widget = CompareSlider(make_image(), left, right, description=TEXT)
    assert len(widget.colors) == 2
    assert widget.colors[0] != widget.colors[1]


# What is refused --------------------------------------------------------------------------------


def first_state(**changes):
    return [replace(next(make_states(1)), **changes)]


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([], "at least one state, got none"),
        (first_state(labels=torch.zeros(4, 6, dtype=torch.int64)), r"\(16, 24\), got \(4, 6\)"),
        (first_state(labels=torch.full((16, 24), 256)), "step 1 must hold labels up to 255"),
        (first_state(labels=torch.full((16, 24), -1)), "negative"),
    ],
)
def test_bad_states_are_refused(states, message):
    with pytest.raises(ValueError, match=message):
        StepScrubber(make_image(), states, description=TEXT)


@pytest.mark.parametrize("description", ["", "  ", None])
def test_a_picture_needs_words(description):
    with pytest.raises(ValueError, match="description must say in words"):
        StepScrubber(make_image(), make_states(1), description=description)
    with pytest.raises(ValueError, match="description must say in words"):
        CompareSlider(make_image(), None, None, description=description)


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="opacity"):
        make_scrubber(opacity=1.5)
    with pytest.raises(ValueError, match="max_frames must be at least 2, got 1"):
        make_scrubber(max_frames=1)
    with pytest.raises(TypeError, match=r"arguments of kanezaki2018.steps, got \['speed'\]"):
        make_scrubber(live={"speed": 2})
    with pytest.raises(ValueError, match="num_labels must be at most 256, got 300"):
        make_scrubber(live={"num_labels": 300})
    with pytest.raises(TypeError, match="labels of step 1 must have dtype"):
        StepScrubber(make_image(), first_state(labels=torch.zeros(16, 24)), description=TEXT)


def test_bad_sides_are_refused():
    image = make_image()
    with pytest.raises(ValueError, match=r"left must have the height and width .* \(16, 24\)"):
        CompareSlider(image, torch.zeros(3, 3, dtype=torch.int64), None, description=TEXT)
    with pytest.raises(ValueError, match="right must have the shape of the image"):
        CompareSlider(image, None, make_image(8, 8), description=TEXT)
    with pytest.raises(ValueError, match="titles must be two names"):
        CompareSlider(image, None, None, titles=("one",), description=TEXT)


# A run in the kernel ----------------------------------------------------------------------------


@dataclass
class Page:
    """Stands for the browser: what it is sent, and what it asks."""

    widget: StepScrubber
    sent: list

    def ask(self, kind, **content):
        self.widget._handle_custom_msg({"type": kind, **content}, [])

    def start(self, kind="start", **changes):
        self.ask(kind, knobs={**_live.KNOBS, **SMALL, "num_steps": 6, **changes})

    def kernel(self):
        self.ask("hello")
        return self.messages("kernel")[-1]

    def messages(self, *kinds):
        return [message for message, _ in self.sent if message["type"] in kinds]

    @property
    def steps(self):
        news = [(m["run"], m["curve"]["steps"]) for m in self.messages("run", "state")]
        last_run = news[-1][0]
        return [step for run, steps in news if run == last_run for step in steps]

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
        StepScrubber, "send", lambda self, content, buffers=None: sent.append((content, buffers))
    )
    return Page(make_scrubber(live={**SMALL, "num_steps": 6}, max_frames=3), sent)


def test_hello_is_answered_with_what_can_be_set(page):
    answer = page.kernel()
    assert answer["knobs"]["num_superpixels"] == 30
    assert answer["knobs"]["learning_rate"] == 0.1
    names = [photograph["name"] for photograph in answer["photographs"]]
    assert names == ["", *images.PHOTOGRAPHS]
    json.dumps(page.messages("kernel", "status"))


def test_a_widget_that_may_not_run_does_not_answer(monkeypatch):
    sent = []
    monkeypatch.setattr(StepScrubber, "send", lambda self, *message: sent.append(message))
    Page(make_scrubber(), sent).ask("hello")
    assert sent == []


def test_a_run_is_the_run_of_the_library(page):
    async def run():
        page.start(seed=3)
        await page.until("finished")

    asyncio.run(run())
    knobs = {**SMALL, "num_steps": 6}
    states = list(kanezaki2018.steps(make_image(), learning_rate=0.1, **knobs))
    pictures = [
        buffers[-1] for message, buffers in page.sent if message["type"] in ("run", "state")
    ]
    assert page.steps == [1, 2, 3, 4, 5, 6]
    for png, state in zip(pictures, states, strict=True):
        np.testing.assert_array_equal(decode(png), state.labels.numpy())
    assert "after 6 steps" in page.status["text"]


def test_pause_holds_the_run_and_continue_ends_it(page):
    async def run():
        page.start(num_steps=8)
        while not page.messages("run"):
            await asyncio.sleep(0)
        page.ask("pause")
        held = list(page.steps)
        await asyncio.sleep(0.1)
        assert page.steps == held
        assert len(held) < 8
        assert page.status["state"] == "paused"
        page.ask("continue")
        await page.until("finished")

    asyncio.run(run())
    assert page.steps == list(range(1, 9))


def test_single_steps_then_the_rest(page):
    async def run():
        page.start("step")
        for count in (1, 2, 3):
            await page.until("paused")
            assert page.steps == list(range(1, count + 1))
            page.messages("status")[-1]["state"] = "seen"
            page.start("step")
        await page.until("paused")
        page.ask("continue")
        await page.until("finished")

    asyncio.run(run())
    assert page.steps == [1, 2, 3, 4, 5, 6]


def test_the_learning_rate_changes_while_running(page, monkeypatch):
    rates = []
    original = kanezaki2018.steps

    def spy(image, *, learning_rate, **knobs):
        def rate(step):
            rates.append((step, learning_rate(step)))
            return learning_rate(step)

        return original(image, learning_rate=rate, **knobs)

    monkeypatch.setattr(kanezaki2018, "steps", spy)

    async def run():
        page.start("step")
        await page.until("paused")
        page.ask("learning_rate", value=0.02)
        page.ask("continue")
        await page.until("finished")

    asyncio.run(run())
    assert (1, 0.1) in rates
    assert (6, 0.02) in rates
    assert (6, 0.1) not in rates


def test_start_again_replaces_the_run(page):
    async def run():
        page.start("step")
        await page.until("paused")
        page.start(num_labels=3, num_components=1, num_superpixels=0, photograph="coffee")
        await page.until("finished")

    asyncio.run(run())
    first, second = page.messages("run")
    assert second["run"] == first["run"] + 1
    assert second["description"] == images.PHOTOGRAPHS["coffee"].description
    assert len(second["colors"]) == 3
    assert page.steps == [1, 2, 3, 4, 5, 6]


def test_memory_of_a_long_run_is_bounded(page):
    async def run():
        page.start(num_steps=30)
        await page.until("finished")

    asyncio.run(run())
    page.sent.clear()
    page.ask("hello")  # a page opened now gets all that is kept
    (snapshot,) = page.messages("run")
    assert [frame["step"] for frame in snapshot["frames"]] == [1, 8, 30]
    assert snapshot["curve"]["steps"] == list(range(1, 31))
    (buffers,) = [buffers for message, buffers in page.sent if message["type"] == "run"]
    assert len(buffers) == 1 + 3


def test_labels_left_get_colours_of_their_own_once():
    crowd = (torch.arange(16 * 24).reshape(16, 24) // 8).long()  # 48 labels of one size
    pair, single = torch.where(crowd < 24, 0, 24), torch.full((16, 24), 24)
    run = Run(1, make_image(), TEXT, num_steps=3, num_labels=48, kept=set())
    seen = []
    for step, labels in enumerate((crowd, pair, single), start=1):
        count = torch.tensor(len(labels.unique()))
        run.add(Step(step, labels, labels, count, torch.tensor(1.0)))
        seen.append((run.colors[0], run.colors[24]))
    assert seen[0][0] == seen[0][1], "48 labels were meant to be more than there are colours"
    assert seen[1][0] != seen[1][1]
    assert seen[2] == seen[1], "a label keeps its colour"


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"num_labels": 300}, "num_labels must be at most 256, got 300"),
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"learning_rate": "fast"}, "learning_rate must be a number"),
        ({"photograph": "nobody"}, "no photograph 'nobody'"),
    ],
)
def test_bad_values_are_named_in_the_widget(page, knobs, words):
    async def run():
        page.start(**knobs)
        await asyncio.sleep(0)

    asyncio.run(run())
    assert page.status["state"] == "failed"
    assert words in page.status["text"]


def test_an_error_in_the_run_is_one_line(page, monkeypatch):
    def broken(image, **knobs):
        raise RuntimeError("out of\n  memory")

    monkeypatch.setattr(kanezaki2018, "steps", broken)

    async def run():
        page.start()
        await page.until("failed")

    asyncio.run(run())
    assert page.status["text"] == "Stopped: out of memory"


def test_a_bad_learning_rate_does_not_stop_a_run(page):
    async def run():
        page.start("step")
        await page.until("paused")
        page.ask("learning_rate", value=-1)
        assert page.status["state"] == "paused"
        assert "learning_rate must be finite and at least 0" in page.status["text"]
        page.ask("continue")
        await page.until("finished")

    asyncio.run(run())


def test_a_closed_widget_runs_no_further(page):
    async def run():
        page.start(num_steps=1000)
        while not page.messages("run"):
            await asyncio.sleep(0)
        page.widget.close()
        await asyncio.sleep(0.05)
        held = list(page.steps)
        await asyncio.sleep(0.05)
        assert page.steps == held

    asyncio.run(run())


@pytest.fixture(autouse=True)
def no_widgets_left():
    yield
    Widget.close_all()
