"""Widgets in a built page: no kernel, no network; and with a kernel that is played."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from ipywidgets import Widget, embed
from PIL import Image
from playwright.sync_api import expect
from test_pages import serious_violations

from seglib._live import KNOBS
from seglib.states import Step
from seglib.widgets import CompareSlider, StepScrubber

CHAPTER = "book/kanezaki2018.html"
NUMBER = re.compile(r"[\d.]+")
VISIBLE_CONTROLS = ".seg-widget :is(button, input, select, textarea):visible"
FILE_AND_SERVER = pytest.mark.parametrize("chapter", ["file", "http"], indirect=True)
FITS = "(e) => e.getBoundingClientRect().right <= innerWidth && e.scrollWidth <= e.clientWidth + 1"


def role(widget, name):
    return widget.locator(f'[data-role="{name}"]')


def pixels(picture):
    """What a reader sees of a picture, as bytes."""
    return picture.screenshot()


def changed(picture, before, seconds=5):
    """Whether a picture looks different, if need be after a moment."""
    for _ in range(10 * seconds):
        if pixels(picture) != before:
            return True
        picture.page.wait_for_timeout(100)
    return False


def readouts(scrubber):
    """Step, number of labels and loss as the reader sees them."""
    shown = role(scrubber, "step").locator("xpath=following-sibling::output")
    return (
        shown.inner_text(),
        role(scrubber, "labels-count").inner_text(),
        role(scrubber, "loss").inner_text(),
    )


@pytest.fixture
def chapter(open_page, request):
    """The page with the widgets, from a file unless the test says from where."""
    return open_page(CHAPTER, scheme=getattr(request, "param", "file"))


@pytest.fixture
def scrubber(chapter):
    widget = chapter.locator(".seg-scrubber").first
    expect(widget.locator("canvas[data-step]")).to_be_visible()
    yield widget
    assert chapter.console_errors == []
    assert chapter.refused_requests == []


@pytest.fixture
def compare(chapter):
    widget = chapter.locator(".seg-compare").first
    expect(widget.locator("canvas")).to_have_count(2)
    widget.scroll_into_view_if_needed()
    yield widget
    assert chapter.console_errors == []


# Step scrubber ----------------------------------------------------------------------------------


@FILE_AND_SERVER
def test_keys_move_through_the_steps(scrubber):
    slider, canvas = role(scrubber, "step"), scrubber.locator("canvas")
    slider.focus()
    slider.press("Home")
    expect(canvas).to_have_attribute("data-step", "1")
    seen = [(pixels(canvas), readouts(scrubber))]
    for key in ("ArrowRight", "ArrowUp", "PageUp", "End"):
        slider.press(key)
        step = NUMBER.match(readouts(scrubber)[0])[0]
        expect(canvas).to_have_attribute("data-step", step)
        seen.append((pixels(canvas), readouts(scrubber)))
    assert len({picture for picture, _ in seen}) == len(seen), "two steps look the same"
    assert len({words for _, words in seen}) == len(seen), "two steps read the same"
    slider.press("ArrowLeft")
    expect(canvas).not_to_have_attribute("data-step", step)


def test_the_slider_says_in_words_where_it_is(scrubber):
    slider = role(scrubber, "step")
    slider.focus()
    slider.press("Home")
    position, count, loss = readouts(scrubber)
    step, total = NUMBER.findall(position)
    words = f"step {step} of {total}, {count} labels, loss {loss}"
    assert slider.get_attribute("aria-valuetext") == words


def test_a_click_on_the_slider_and_on_a_curve_moves(scrubber):
    slider, canvas = role(scrubber, "step"), scrubber.locator("canvas")
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * 0.3, "y": box["height"] / 2})
    middle = readouts(scrubber)
    expect(canvas).to_have_attribute("data-step", NUMBER.match(middle[0])[0])
    before = pixels(canvas)
    plot = scrubber.locator(".seg-plot").first
    plot.click(position={"x": 1, "y": 10})
    expect(canvas).to_have_attribute("data-step", "1")
    assert readouts(scrubber) != middle
    assert pixels(canvas) != before


def test_play_advances_and_pause_holds(scrubber):
    play, canvas = role(scrubber, "play"), scrubber.locator("canvas")
    play.click()
    expect(play).to_have_text("Pause")
    first = canvas.get_attribute("data-step")
    expect(canvas).not_to_have_attribute("data-step", first)
    play.click()
    expect(play).to_have_text("Play")
    held = readouts(scrubber)
    scrubber.page.wait_for_timeout(1500)
    assert readouts(scrubber) == held
    assert held[1] in role(scrubber, "heard").inner_text(), "a screen reader is not told"


def test_opacity_shows_the_photograph_or_the_labels_alone(scrubber):
    slider, canvas = role(scrubber, "opacity"), scrubber.locator("canvas")
    role(scrubber, "boundaries").uncheck()
    colors = """(canvas) => new Set(new Uint32Array(canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""
    slider.focus()
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "100 %")
    labels_alone = pixels(canvas)
    assert canvas.evaluate(colors) <= int(role(scrubber, "labels-count").inner_text())
    slider.press("Home")
    assert changed(canvas, labels_alone)
    assert canvas.evaluate(colors) > 256, "a photograph has more colours"


def test_boundaries_come_and_go(scrubber):
    box, canvas = role(scrubber, "boundaries"), scrubber.locator("canvas")
    with_lines = pixels(canvas)
    box.click()
    assert changed(canvas, with_lines)
    without_lines = pixels(canvas)
    box.press("Space")
    assert changed(canvas, without_lines)
    assert pixels(canvas) == with_lines


# Comparison slider ------------------------------------------------------------------------------


def divider_at(compare):
    return int(role(compare, "divider").input_value())


@FILE_AND_SERVER
def test_the_divider_is_dragged(compare):
    stage = compare.locator(".seg-swipe")
    before, box = pixels(stage), stage.bounding_box()
    mouse, middle = compare.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, middle)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.2, middle, steps=4)
    mouse.up()
    assert abs(divider_at(compare) - 20) <= 1
    assert changed(stage, before)
    mouse.move(box["x"] + box["width"] * 0.8, middle)
    assert abs(divider_at(compare) - 20) <= 1, "the divider follows a mouse that is up"


def test_keys_move_the_divider(compare):
    divider, stage = role(compare, "divider"), compare.locator(".seg-swipe")
    divider.focus()
    seen = [pixels(stage)]
    for key, place in (("Home", 0), ("ArrowRight", 1), ("PageUp", 11), ("End", 100)):
        divider.press(key)
        assert divider_at(compare) == place
        assert f"{place} %" in divider.get_attribute("aria-valuetext")
        seen.append(pixels(stage))
    assert len(set(seen)) == len(seen)


def test_titles_stay_in_sight(compare):
    for key in ("Home", "End"):
        role(compare, "divider").press(key)
        for title in compare.locator(".seg-titles span").all():
            assert title.inner_text().strip()
            expect(title).to_be_in_viewport(ratio=1)


# The page as a whole ----------------------------------------------------------------------------


def test_without_a_kernel_no_control_is_dead(open_page):
    page = open_page(CHAPTER)
    expect(page.locator("canvas[data-step]").first).to_be_visible()
    page.locator(".seg-widget").last.scroll_into_view_if_needed()
    names = {c.get_attribute("data-role") for c in page.locator(VISIBLE_CONTROLS).all()}
    tested_above = {"step", "play", "opacity", "boundaries", "divider"}
    assert names == tested_above
    for note in page.locator('[data-role="note"]').all():
        assert "kernel" in note.inner_text()


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_is_wide_enough(open_page, width):
    page = open_page(CHAPTER, width=width)
    expect(page.locator("canvas[data-step]").first).to_be_visible()
    for widget in page.locator(".seg-widget").all():
        assert widget.evaluate(FITS)
    for control in page.locator(VISIBLE_CONTROLS).all():
        target = control
        if control.get_attribute("type") == "checkbox":
            target = control.locator("xpath=..")  # its words can be touched, too
        assert target.bounding_box()["height"] >= 40, control.get_attribute("data-role")


def test_a_dark_page_has_dark_widgets(open_page):
    def look(dark):
        page = open_page(CHAPTER, dark=dark)
        widget = page.locator(".seg-scrubber").first
        expect(widget.locator("canvas[data-step]")).to_be_visible()
        return widget.evaluate("(e) => [getComputedStyle(e).color, getComputedStyle(e).background]")

    light, dark = look(dark=False), look(dark=True)
    assert light[0] != dark[0]
    assert light[1] != dark[1]


# The host ---------------------------------------------------------------------------------------


def make_image():
    return torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0))


def make_states(num_steps=4):
    for step in range(1, num_steps + 1):
        labels = (torch.arange(32 * 48).reshape(32, 48) // (64 * step)) % (6 - step)
        yield Step(step, labels, labels, torch.tensor(6 - step), torch.tensor(1.0 / step))


@pytest.fixture
def write_page(tmp_path, built_book):
    """Function that writes a page of its own around some widgets, with the book's host."""
    (host,) = built_book.glob("_static/widget-host.js")

    def write(*widgets, change=lambda state: None):
        data = embed.embed_data(views=widgets, drop_defaults=False)
        change(data["manager_state"]["state"])
        view, state = (
            "application/vnd.jupyter.widget-" + part for part in ("view+json", "state+json")
        )
        parts = [
            f'<script type="{view}">{json.dumps(spec)}</script>' for spec in data["view_specs"]
        ]
        saved = json.dumps(data["manager_state"]).replace("</", "<\\/")
        parts.append(f'<script type="{state}">{saved}</script>')
        path = tmp_path / "page.html"
        head = f'<!doctype html><meta charset="utf-8"><script src="{host.as_uri()}"></script>'
        path.write_text(f"{head}<body>{''.join(parts)}</body>", encoding="utf-8")
        return path

    yield write
    Widget.close_all()


@pytest.mark.parametrize("num_labels", [2, 5, 20])
def test_each_label_is_drawn_in_its_color(open_page, write_page, num_labels):
    labels = torch.arange(40).mul(num_labels).div(40, rounding_mode="floor").expand(16, 40)
    state = Step(1, labels, labels, torch.tensor(num_labels), torch.tensor(1.0))
    image = torch.rand(3, 16, 40, generator=torch.Generator().manual_seed(0))
    look = {"opacity": 1.0, "boundaries": False}
    widget = StepScrubber(image, [state], description="Stripes", **look)
    page = open_page(write_page(widget))
    expect(page.locator("canvas[data-step]")).to_be_visible()
    shown = Image.open(io.BytesIO(pixels(page.locator("canvas[data-step]")))).convert("RGB")
    for column in range(40):
        place = int((column + 0.5) / 40 * shown.width), shown.height // 2
        difference = np.subtract(shown.getpixel(place), widget.colors[labels[0, column]])
        assert abs(difference).max() <= 3, f"column {column}, label {labels[0, column]}"


def test_two_views_of_one_widget_move_together(open_page, write_page):
    widget = StepScrubber(make_image(), make_states(), description="Stripes")
    page = open_page(write_page(widget, widget))
    expect(page.locator("canvas[data-step]")).to_have_count(2)
    one, two = page.locator(".seg-scrubber").all()
    role(one, "step").press("Home")
    role(two, "boundaries").uncheck()
    assert readouts(one) == readouts(two)
    assert readouts(two)[0].startswith("1 ")
    assert not role(one, "boundaries").is_checked()
    assert page.console_errors == []


def test_a_widget_that_fails_leaves_the_others_alone(open_page, write_page):
    good, bad = (CompareSlider(make_image(), None, None, description="Noise") for _ in range(2))

    def spoil(state):
        state[bad.model_id]["state"]["_esm"] = "export default { render() { throw Error('no') } }"

    page = open_page(write_page(bad, good, change=spoil))
    expect(page.locator(".seg-compare")).to_have_count(1)
    expect(page.locator(".seg-widget-error")).to_have_text("This widget could not be shown: no")


# With a kernel ----------------------------------------------------------------------------------

# A model that writes down what is sent to the kernel, and hears what the test says.
PLAYED_MODEL = """([state, frames, photo]) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const traits = { ...state, photo: bytes(photo), frames: frames.map(bytes) };
  const handlers = [];
  const tell = (event, ...content) => handlers
    .filter((known) => known[0] === event).forEach((known) => known[1](...content));
  const model = {
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; tell("change:" + name); },
    on: (...known) => handlers.push(known), off: () => {}, save_changes: () => {},
    send: (message) => window.asked.push(message),
  };
  window.asked = [];
  window.say = (message, buffers = []) => tell("msg:custom", message, buffers.map(bytes));
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  document.head.append(Object.assign(document.createElement("style"), { textContent: state._css }));
  return import(url).then(async (module) => {
    const widget = await module.default();
    await widget.initialize({ model });
    await widget.render({ model, el: document.body.appendChild(document.createElement("div")) });
  });
}"""


def as_text(data):
    return base64.b64encode(data).decode()


@pytest.fixture
def live(open_page, tmp_path):
    """A page with a scrubber whose kernel is played by the test, and a map of one label."""
    (tmp_path / "page.html").write_text("<!doctype html><body></body>")
    page = open_page(tmp_path / "page.html")
    widget = StepScrubber(make_image(), make_states(), description="Stripes", live=True)
    plain = ("description", "frame_steps", "colors", "curve_steps", "label_curve", "loss_curve")
    names = (*plain, "step", "opacity", "boundaries", "live", "_esm", "_css")
    state = {name: getattr(widget, name) for name in names}
    frames = [as_text(png) for png in widget.frames]
    page.evaluate(PLAYED_MODEL, [state, frames, as_text(widget.photo)])
    yield page, widget
    Widget.close_all()
    assert page.console_errors == []


def say(page, message, *buffers):
    page.evaluate("([m, b]) => window.say(m, b)", [message, [as_text(data) for data in buffers]])


def asked(page):
    return page.evaluate("window.asked")


def meet(page):
    photographs = [{"name": "", "title": "The picture above"}, {"name": "cat", "title": "Cat"}]
    say(page, {"type": "kernel", "knobs": KNOBS, "photographs": photographs})


def begin(page, widget, num_steps=9):
    message = {
        "type": "run", "run": 1, "description": "Stripes again", "num_steps": num_steps,
        "colors": widget.colors, "frames": [{"step": 1, "keep": True}],
        "curve": {"steps": [1], "counts": [5], "losses": [1.5]},
    }  # fmt: skip
    say(page, {"type": "status", "state": "running", "text": "Running."})
    say(page, message, widget.photo, widget.frames[0])


def go_on(page, widget, step, keep=False):
    curve = {"steps": [step], "counts": [4], "losses": [None]}
    frame = {"step": step, "keep": keep}
    news = {"type": "state", "run": 1, "curve": curve, "frame": frame, "colors": widget.colors}
    say(page, news, widget.frames[step % 4])


def test_the_controls_of_a_run_come_with_the_kernel(live):
    page, _ = live
    assert asked(page) == [{"type": "hello"}]
    expect(role(page, "start")).to_have_count(0)
    expect(role(page, "note")).to_be_visible()
    meet(page)
    expect(role(page, "note")).to_have_count(0)
    expect(role(page, "start")).to_be_visible()
    expect(role(page, "pause")).to_be_hidden()


def test_the_controls_of_a_run_have_no_accessibility_violation(live):
    page, _ = live
    meet(page)
    expect(role(page, "start")).to_be_visible()
    assert serious_violations(page, ".seg-widget") == []


def test_start_sends_what_the_reader_has_set(live):
    page, _ = live
    meet(page)
    role(page, "num-labels").fill("30")
    role(page, "num-superpixels").fill("0")
    role(page, "photograph").select_option("Cat")
    role(page, "learning-rate").press("Home")
    assert asked(page)[-1] == {"type": "learning_rate", "value": 0.001}
    role(page, "start").click()
    changes = {"num_labels": 30, "num_superpixels": 0, "photograph": "cat", "learning_rate": 0.001}
    assert asked(page)[-1] == {"type": "start", "knobs": {**KNOBS, **changes}}


def test_a_value_out_of_range_is_not_sent(live):
    page, _ = live
    meet(page)
    role(page, "num-labels").fill("300")
    role(page, "start").click()
    assert [message["type"] for message in asked(page)] == ["hello"]


def test_a_run_is_followed_until_the_reader_looks_back(live):
    page, widget = live
    meet(page)
    begin(page, widget)
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", "Stripes again")
    for step in (2, 3):
        go_on(page, widget, step)
        expect(canvas).to_have_attribute("data-step", str(step))
    assert readouts(page) == ("3 / 9", "4", "not finite")
    assert role(page, "step").get_attribute("max") == "1", "step 2 was not to be kept"
    role(page, "step").press("Home")
    go_on(page, widget, 4)
    assert readouts(page)[0] == "1 / 9"
    role(page, "step").press("End")
    go_on(page, widget, 5)
    assert readouts(page)[0] == "5 / 9"


def test_pause_continue_and_single_step(live):
    page, widget = live
    meet(page)
    begin(page, widget)
    role(page, "pause").click()
    assert asked(page)[-1] == {"type": "pause"}
    say(page, {"type": "status", "state": "paused", "text": "Paused at step 1."})
    expect(role(page, "status")).to_have_text("Paused at step 1.")
    expect(role(page, "pause")).to_have_text("Continue")
    role(page, "single-step").click()
    assert asked(page)[-1]["type"] == "step"
    role(page, "pause").click()
    assert asked(page)[-1] == {"type": "continue"}


def test_an_error_and_a_silent_kernel_are_said(live):
    page, _ = live
    meet(page)
    role(page, "start").click()
    expect(role(page, "status")).to_contain_text("the kernel is busy or gone")
    say(page, {"type": "status", "state": "failed", "text": "Stopped: out of memory"})
    expect(role(page, "status")).to_have_text("Stopped: out of memory")
    expect(role(page, "pause")).to_be_hidden()
