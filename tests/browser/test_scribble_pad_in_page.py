"""The pad for scribbles in a page of its own: no kernel, no network; and with one played."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ipywidgets import Widget, embed
from PIL import Image
from playwright.sync_api import expect
from test_pages import WIDER_THAN_PAGE, serious_violations

from seglib.plotting import encode_labels
from seglib.scribbles import load_scribbles
from seglib.states import Step
from seglib.widgets import ScribblePad

ROOT = Path(__file__).parents[2]
HEIGHT, WIDTH = 40, 60
NAMES = ["Cat", "Wall", "Sky"]
VISIBLE_CONTROLS = ".seg-widget :is(button, input, select, summary):visible"
FITS = "(e) => e.getBoundingClientRect().right <= innerWidth && e.scrollWidth <= e.clientWidth + 1"

# The test stands for the kernel: it hears what the page asks, and answers.
PLAY = """window.asked = [];
window.play = (model) => {
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const on = model.on.bind(model);
  model.on = (event, handler) => {
    if (event === "msg:custom") window.hear = handler;
    on(event, handler);
  };
  model.send = (message, _, buffers = []) => window.asked.push([message, buffers.map(text)]);
  window.model = model;
  return model;
};
window.say = (message, buffers) => window.hear(message, buffers.map((one) =>
  new DataView(Uint8Array.from(atob(one), (letter) => letter.charCodeAt(0)).buffer)));"""
SPY = ("pad = new Pad(model);", "pad = new Pad(window.play(model));")
SAVED = """() => {
  const { buffer, byteOffset, byteLength } = window.model.get("scribbles_now");
  return btoa(String.fromCharCode(...new Uint8Array(buffer, byteOffset, byteLength)));
}"""
INKED = """(canvas) => {
  const bytes = canvas.getContext("2d").getImageData(0, 0, 44, 44).data;
  const places = Array.from({ length: 44 * 44 }, (_, at) => 4 * at);
  return places.map((at) => Number(bytes[at] !== bytes[0])).join("");
}"""


def make_map(step):
    """Label 0 on the left, 1 on the right, 5 on a band that shrinks."""
    labels = torch.zeros(HEIGHT, WIDTH, dtype=torch.int64)
    labels[:, WIDTH // 2 :] = 1
    labels[: HEIGHT // step] = 5
    return labels


def make_states(num_steps):
    for step in range(1, num_steps + 1):
        labels = make_map(step)
        yield Step(step, labels, labels, torch.tensor(3), torch.tensor(1.0))


def make_lines(*rows):
    scribbles = torch.full((HEIGHT, WIDTH), -1)
    for label, row in enumerate(rows):
        scribbles[row : row + 3, 10:40] = label
    return scribbles


def make_pad(*, live=True):
    image = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    prepared = {
        "Two lines": (make_lines(5, 30), make_states(4)),
        "Three lines": (make_lines(3, 15, 30), make_states(2)),
    }
    options = {"num_classes": 3, "class_names": NAMES, "description": "Noise", "live": live}
    return ScribblePad(image, prepared, **options)


@pytest.fixture
def open_pad(chromium, tmp_path):
    """Function that opens a page with the pad, from a file, and waits until it is drawn."""
    contexts = []

    def open_page(*, views=1, width=1280, dark=False, live=True, has_touch=False):
        pad = make_pad(live=live)
        data = embed.embed_data(views=[pad] * views, drop_defaults=False)
        state = data["manager_state"]["state"][pad.model_id]["state"]
        assert SPY[0] in state["_esm"]
        state["_esm"] = state["_esm"].replace(*SPY)
        view, saved = (
            f'<script type="application/vnd.jupyter.widget-{kind}+json">'
            for kind in ("view", "state")
        )
        parts = [f"{view}{json.dumps(spec)}</script>" for spec in data["view_specs"]]
        model = json.dumps(data["manager_state"]).replace("</", "<\\/")
        parts.append(f"{saved}{model}</script>")
        host = (ROOT / "_assets" / "widget-host.js").as_uri()
        head = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pad</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<style>:root { color-scheme: light dark } body { margin: 16px }</style>"
            f'<script>{PLAY}</script><script src="{host}"></script>'
        )
        path = tmp_path / "pad.html"
        path.write_text(f"{head}<body><main>{''.join(parts)}</main></body></html>", "utf-8")
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            has_touch=has_touch,
        )
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("request", lambda request: page.problems.extend(remote(request.url)))
        page.goto(path.as_uri())
        expect(page.locator("canvas[data-step]")).to_have_count(views)
        return page

    yield open_page
    for context in contexts:
        assert [page.problems for page in context.pages] == [[]] * len(context.pages)
        context.close()
    Widget.close_all()


def remote(url):
    return [] if url.startswith(("file:", "data:", "blob:")) else [f"asked for {url}"]


@pytest.fixture
def page(open_pad):
    return open_pad()


def role(page, name):
    return page.locator(f'[data-role="{name}"]')


def heard(page):
    return role(page, "heard")


def decode(text):
    values = np.array(Image.open(io.BytesIO(base64.b64decode(text)))).astype(int)
    return np.where(values == 255, -1, values)


def scribbles_of(page):
    """What the model of the page holds, and so what Python would be told."""
    return decode(page.evaluate(SAVED))


def until(page, expected, seconds=5):
    """Wait until the model holds some scribbles: their file is made a moment after a change."""
    for _ in range(20 * seconds):
        if np.array_equal(scribbles_of(page), expected):
            return
        page.wait_for_timeout(50)
    np.testing.assert_array_equal(scribbles_of(page), expected)


def place(page, row, column):
    """Middle of a pixel of the image, on the screen."""
    box = role(page, "picture").bounding_box()
    x = box["x"] + (column + 0.5) / WIDTH * box["width"]
    return x, box["y"] + (row + 0.5) / HEIGHT * box["height"]


def drag(page, *points):
    page.mouse.move(*place(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*place(page, *point))
    page.mouse.up()


def discs(scribbles, label, brush, points):
    """A slow brush: a disc around each pixel, (row, column), of a path."""
    painted = np.array(scribbles).copy()
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for row, column in points:
        painted[(rows - row) ** 2 + (columns - column) ** 2 <= (brush / 2) ** 2] = label
    return painted


def press_keys(page, *keys):
    for key in keys:
        page.keyboard.press(key)


BLANK = np.full((HEIGHT, WIDTH), -1)
TWO = make_lines(5, 30).numpy()
THREE = make_lines(3, 15, 30).numpy()


def choose(page, name):
    role(page, "source").select_option(name)


def start_blank(page):
    choose(page, "Blank, to paint your own")
    until(page, BLANK)


# Prepared examples ------------------------------------------------------------------------------


def test_a_prepared_example_is_shown_with_its_last_result(page):
    canvas = page.locator("canvas[data-step]")
    expect(canvas).to_have_attribute("data-step", "4")
    words = "Step 4 of 4, 3 labels. 1 Cat: 38 %, 2 Wall: 38 %, other labels (grey): 25 %."
    expect(role(page, "result")).to_have_text(words)
    until(page, TWO)
    expect(role(page, "changed")).to_be_hidden()


def test_the_slider_moves_through_the_steps(page):
    slider, canvas = role(page, "step"), page.locator("canvas[data-step]")
    slider.press("Home")
    expect(canvas).to_have_attribute("data-step", "1")
    first = canvas.screenshot()
    expect(heard(page)).to_have_text("Step 1 of 4, 1 label. Other labels (grey): 100 %.")
    slider.press("ArrowRight")
    expect(canvas).to_have_attribute("data-step", "2")
    assert slider.get_attribute("aria-valuetext") == "step 2 of 4"
    assert canvas.screenshot() != first


def test_another_example_brings_its_scribbles_and_undo_the_first(page):
    choose(page, "Three lines")
    until(page, THREE)
    expect(page.locator("canvas[data-step]")).to_have_attribute("data-step", "2")
    expect(heard(page)).to_contain_text("Three lines. Step 2 of 2")
    role(page, "undo").click()
    until(page, TWO)
    expect(role(page, "source").locator("option:checked")).to_have_text("Two lines")
    expect(page.locator("canvas[data-step]")).to_have_attribute("data-step", "4")


def test_a_blank_pad_has_no_result(page):
    start_blank(page)
    expect(role(page, "result")).to_contain_text("No result")
    expect(role(page, "step")).to_be_hidden()
    for name in ("clear", "save"):
        expect(role(page, name)).to_have_attribute("aria-disabled", "true")
    role(page, "save").click(force=True)  # it says why it does nothing
    expect(heard(page)).to_have_text("There are no scribbles to save.")


def test_scribbles_are_drawn_in_the_color_of_their_class(page):
    role(page, "opacity").press("Home")
    expect(role(page, "opacity")).to_have_attribute("aria-valuetext", "0 %")
    page.wait_for_timeout(200)
    canvas = page.locator("canvas[data-step]")
    shown = Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")
    color = shown.getpixel((round(14.5 / WIDTH * shown.width), round(6.5 / HEIGHT * shown.height)))
    expected = page.evaluate("window.model.get('class_colors')")[0]
    assert abs(np.subtract(color, expected)).max() <= 3


def test_classes_differ_in_pattern_and_number_too(page):
    swatches = page.locator(".seg-pad-swatch").all()
    assert len({swatch.evaluate(INKED) for swatch in swatches}) == len(swatches) == 3
    for number, name in enumerate(NAMES, start=1):
        label = role(page, f"class-{number}").locator("xpath=..")
        assert label.inner_text().split() == [str(number), name]


# Painting ---------------------------------------------------------------------------------------


def test_the_mouse_paints_without_gaps(page):
    start_blank(page)
    role(page, "class-2").check(force=True)
    drag(page, (20, 5), (20, 45))
    until(page, discs(BLANK, 1, 5, [(20, column) for column in range(5, 46)]))
    expect(heard(page)).to_have_text("Painted class 2, Wall.")
    page.mouse.move(*place(page, 5, 5))
    assert (scribbles_of(page)[:15] == -1).all(), "it paints with a mouse that is up"


def test_a_stroke_ends_at_the_edge(page):
    start_blank(page)
    drag(page, (38, 57), (80, 80))
    until(page, discs(BLANK, 0, 5, [(38, 57), (39, 58), (39, 59)]))


def test_brush_and_eraser(page):
    choose(page, "Three lines")
    role(page, "brush").fill("9")
    role(page, "eraser").check(force=True)
    drag(page, (16, 10), (16, 20))
    until(page, discs(THREE, -1, 9, [(16, column) for column in range(10, 21)]))
    expect(heard(page)).to_have_text("Erased.")


def test_what_is_painted_on_an_example_is_set_apart_from_its_result(page):
    drag(page, (20, 20), (20, 22))
    expect(role(page, "changed")).to_be_visible()
    role(page, "undo").click()
    expect(role(page, "changed")).to_be_hidden()
    until(page, TWO)
    role(page, "undo").click(force=True)
    expect(heard(page)).to_have_text("Nothing to undo.")


def test_clear_and_undo(page):
    role(page, "clear").click()
    until(page, BLANK)
    expect(heard(page)).to_have_text("Scribbles cleared.")
    role(page, "undo").click()
    until(page, TWO)


def test_the_download_is_a_file_of_the_library(page, tmp_path):
    drag(page, (20, 20), (20, 40))
    expected = discs(TWO, 0, 5, [(20, column) for column in range(20, 41)])
    with page.expect_download() as started:
        role(page, "save").click()
    assert started.value.suggested_filename == "scribbles.png"
    started.value.save_as(tmp_path / "scribbles.png")
    with Image.open(tmp_path / "scribbles.png") as picture:
        assert picture.mode == "L"
    np.testing.assert_array_equal(load_scribbles(tmp_path / "scribbles.png"), expected)
    expect(heard(page)).to_have_text("Saved as scribbles.png.")


# Fingers ----------------------------------------------------------------------------------------


@pytest.fixture
def phone(open_pad):
    """A page on a screen that is touched, and a function that says which fingers are down."""
    page = open_pad(width=375, has_touch=True)
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        spots = [place(page, *point) for point in points]
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(spots)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    return page, touch


def test_a_finger_paints_and_the_page_stays(phone):
    page, touch = phone
    start_blank(page)
    top = page.evaluate("scrollY")
    touch("touchStart", (10, 30))
    touch("touchMove", (30, 30))
    touch("touchEnd")
    until(page, discs(BLANK, 0, 5, [(row, 30) for row in range(10, 31)]))
    assert page.evaluate("scrollY") == top
    stage = role(page, "picture")
    assert stage.evaluate("(e) => getComputedStyle(e).touchAction") == "pinch-zoom"


def test_a_second_finger_gives_the_stroke_up(phone):
    page, touch = phone
    touch("touchStart", (20, 30))
    touch("touchMove", (22, 30))
    touch("touchStart", (22, 30), (30, 50))
    expect(heard(page)).to_have_text("Stroke given up.")
    touch("touchEnd")
    page.wait_for_timeout(200)
    np.testing.assert_array_equal(scribbles_of(page), TWO)
    drag(page, (20, 20), (20, 21))
    until(page, discs(TWO, 0, 5, [(20, 20), (20, 21)]))


# Keys -------------------------------------------------------------------------------------------


def focus_picture(page):
    role(page, "source").focus()
    page.keyboard.press("Tab")
    expect(role(page, "picture")).to_be_focused()


def test_keys_paint(page):
    start_blank(page)
    focus_picture(page)
    page.keyboard.press("ArrowUp")  # from the middle, row 20 and column 30, counted from 0
    expect(heard(page)).to_have_text("Row 18, column 31: no scribble.")
    page.keyboard.press("3")
    expect(heard(page)).to_have_text("Painting class 3, Sky.")
    page.keyboard.press("Space")
    expect(heard(page)).to_have_text("Pen down: class 3, Sky.")
    press_keys(page, "ArrowRight", "Shift+ArrowLeft")
    expect(heard(page)).to_have_text("Row 18, column 14: painting.")
    page.keyboard.press("Enter")
    expect(heard(page)).to_have_text("Painted class 3, Sky.")
    line = discs(BLANK, 2, 5, [(17, column) for column in range(13, 34)])
    until(page, line)
    press_keys(page, "ArrowRight")
    expect(heard(page)).to_have_text("Row 18, column 17: class 3, Sky.")
    press_keys(page, "-", "-", "e")
    expect(heard(page)).to_have_text("Eraser.")
    press_keys(page, "Space", "Space")
    until(page, discs(line, -1, 1, [(17, 16)]))
    page.keyboard.press("Control+z")
    expect(heard(page)).to_have_text("Undone.")
    until(page, line)


def test_escape_gives_a_stroke_up_and_leaving_keeps_it(page):
    start_blank(page)
    focus_picture(page)
    press_keys(page, "Space", "ArrowRight", "Escape")
    expect(heard(page)).to_have_text("Stroke given up.")
    np.testing.assert_array_equal(scribbles_of(page), BLANK)
    press_keys(page, "Space", "Tab")
    until(page, discs(BLANK, 0, 5, [(20, 33)]))


def test_keys_outside_the_picture_do_not_paint(page):
    role(page, "brush").focus()
    press_keys(page, "3", "Space", "e")
    assert role(page, "class-1").is_checked()
    np.testing.assert_array_equal(scribbles_of(page), TWO)


# The page ---------------------------------------------------------------------------------------


def test_without_a_kernel_a_line_says_what_running_needs(open_pad):
    page = open_pad()
    assert page.evaluate("window.asked") == [[{"type": "hello"}, []]]
    expect(role(page, "note")).to_contain_text("needs a kernel")
    expect(role(page, "note")).to_contain_text('load_scribbles("scribbles.png")')
    expect(role(page, "run")).to_have_count(0)
    still = open_pad(live=False)
    assert still.evaluate("window.asked") == []
    expect(role(still, "note")).not_to_contain_text("kernel")


def test_two_views_share_the_scribbles(open_pad):
    page = open_pad(views=2)
    one, two = page.locator(".seg-pad").all()
    choose(one, "Three lines")
    expect(role(two, "source").locator("option:checked")).to_have_text("Three lines")
    role(two, "clear").click()
    expect(role(one, "clear")).to_have_attribute("aria-disabled", "true")


def test_scribbles_set_in_python_are_shown(page):
    canvas = page.locator("canvas[data-step]")
    before = canvas.screenshot()
    png = base64.b64encode(encode_labels(torch.where(make_lines(20) < 0, 255, 0))).decode()
    page.evaluate(
        """(text) => window.model.set("scribbles_now",
        new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer))""",
        png,
    )
    expect(role(page, "changed")).to_be_visible()
    page.wait_for_timeout(200)
    assert canvas.screenshot() != before


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_has_no_serious_accessibility_violation(open_pad, dark):
    page = open_pad(dark=dark)
    drag(page, (20, 20), (20, 25))
    page.locator("summary").click()
    assert serious_violations(page) == []
    meet(page)
    expect(role(page, "run")).to_be_visible()
    assert serious_violations(page) == []


def test_a_dark_page_has_a_dark_pad(open_pad):
    looks = [
        open_pad(dark=dark)
        .locator(".seg-pad")
        .evaluate("(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]")
        for dark in (False, True)
    ]
    assert looks[0][0] != looks[1][0]
    assert looks[0][1] != looks[1][1]


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_is_wide_enough(open_pad, width):
    page = open_pad(width=width)
    drag(page, (20, 20), (20, 25))
    meet(page)
    begin(page)
    say(page, {"type": "status", "state": "running", "text": "Running."})
    page.locator("summary").click()
    assert page.locator(".seg-pad").evaluate(FITS)
    assert page.evaluate(WIDER_THAN_PAGE) == []
    for control in page.locator(VISIBLE_CONTROLS).all():
        target = control
        if control.get_attribute("type") in ("checkbox", "radio"):
            target = control.locator("xpath=..")  # its words can be touched, too
        assert target.bounding_box()["height"] >= 40, control.get_attribute("data-role")


# With a kernel ----------------------------------------------------------------------------------

KNOBS = {"num_steps": 50, "continuity_weight": 1.0, "scribble_weight": 0.5}


def say(page, message, *buffers):
    coded = [base64.b64encode(data).decode() for data in buffers]
    page.evaluate("([m, b]) => window.say(m, b)", [message, coded])


def meet(page):
    say(page, {"type": "kernel", "knobs": KNOBS})


def asked(page, kind, seconds=5):
    """The last message, once it is of this kind."""
    for _ in range(20 * seconds):
        message, buffers = page.evaluate("window.asked.at(-1)")
        if message["type"] == kind:
            break
        page.wait_for_timeout(50)
    assert message["type"] == kind
    return message, buffers


def begin(page, scribbles=TWO, run=1):
    colors = [[0, 0, 0], [90, 90, 90], [200, 200, 200]] * 4
    frames = [{"step": 1, "keep": True}]
    message = {"type": "run", "run": run, "num_steps": 50, "colors": colors, "frames": frames}
    png = encode_labels(torch.from_numpy(np.where(scribbles < 0, 255, scribbles)).long())
    say(page, message, png, encode_labels(make_map(1)))


def go_on(page, step, keep=False, run=1):
    news = {"type": "state", "run": run, "colors": [[9, 9, 9]] * 12}
    say(page, {**news, "frame": {"step": step, "keep": keep}}, encode_labels(make_map(step)))


def test_run_sends_the_scribbles_and_the_knobs(page):
    meet(page)
    expect(role(page, "note")).to_have_count(0)
    drag(page, (20, 20), (20, 40))
    role(page, "num-steps").fill("20")
    role(page, "continuity-weight").fill("2.5")
    role(page, "run").click()
    message, buffers = asked(page, "start")
    assert message["knobs"] == {**KNOBS, "num_steps": 20, "continuity_weight": 2.5}
    painted = discs(TWO, 0, 5, [(20, column) for column in range(20, 41)])
    np.testing.assert_array_equal(decode(buffers[0]), painted)


def test_nothing_is_sent_without_scribbles_or_with_a_bad_knob(page):
    meet(page)
    role(page, "num-steps").fill("0")
    role(page, "run").click()
    role(page, "num-steps").fill("9")
    role(page, "clear").click()
    role(page, "run").click(force=True)
    expect(heard(page)).to_have_text("Paint a scribble first.")
    page.wait_for_timeout(200)
    assert [message["type"] for message, _ in page.evaluate("window.asked")] == ["hello"]


def test_a_run_is_followed_until_the_reader_looks_back(page):
    meet(page)
    begin(page)
    canvas, result = page.locator("canvas[data-step]"), role(page, "result")
    expect(role(page, "source").locator("option:checked")).to_have_text("Your last run")
    for step in (2, 4):
        go_on(page, step)
        expect(canvas).to_have_attribute("data-step", str(step))
    expect(result).to_contain_text("Step 4 of 50, 3 labels. 1 Cat: 38 %")
    assert role(page, "step").get_attribute("max") == "1", "step 2 was not to be kept"
    role(page, "step").press("Home")
    go_on(page, 5)
    expect(result).to_contain_text("Step 1 of 50")
    role(page, "step").press("End")
    go_on(page, 8)
    expect(canvas).to_have_attribute("data-step", "8")
    say(page, {"type": "status", "state": "finished", "text": "Finished."})
    expect(heard(page)).to_contain_text("Step 8 of 50")


def test_painting_during_a_run_and_running_again(page):
    meet(page)
    begin(page)
    expect(role(page, "changed")).to_be_hidden()
    drag(page, (20, 20), (20, 21))
    painted = discs(TWO, 0, 5, [(20, 20), (20, 21)])
    expect(role(page, "changed")).to_be_visible()
    go_on(page, 2)
    until(page, painted)
    begin(page, painted, run=2)
    expect(role(page, "changed")).to_be_hidden()
    names = role(page, "source").locator("option").all_inner_texts()
    assert names.count("Your last run") == 1
    choose(page, "Two lines")
    until(page, TWO)
    choose(page, "Your last run")
    until(page, painted)
    go_on(page, 3, run=1)  # too late
    expect(page.locator("canvas[data-step]")).to_have_attribute("data-step", "1")


def test_undo_after_a_second_run_shows_that_run(page):
    meet(page)
    begin(page)
    drag(page, (20, 20), (20, 21))
    begin(page, discs(TWO, 0, 5, [(20, 20), (20, 21)]), run=2)
    role(page, "undo").click()
    until(page, TWO)
    expect(role(page, "source").locator("option:checked")).to_have_text("Your last run")
    expect(role(page, "changed")).to_be_visible()


def test_pause_continue_and_stop(page):
    meet(page)
    expect(role(page, "stop")).to_be_hidden()
    begin(page)
    say(page, {"type": "status", "state": "running", "text": "Running."})
    role(page, "pause").click()
    asked(page, "pause")
    say(page, {"type": "status", "state": "paused", "text": "Paused at step 1."})
    expect(role(page, "status")).to_have_text("Paused at step 1.")
    role(page, "pause").click()
    asked(page, "continue")
    role(page, "stop").click()
    asked(page, "stop")
    expect(role(page, "run")).to_be_focused()
    say(page, {"type": "status", "state": "stopped", "text": "Stopped at step 1."})
    expect(role(page, "stop")).to_be_hidden()


def test_an_error_and_a_silent_kernel_are_said(page):
    meet(page)
    role(page, "run").click()
    expect(role(page, "status")).to_contain_text("the kernel is busy or gone")
    say(page, {"type": "status", "state": "failed", "text": "Stopped: out of memory"})
    expect(role(page, "status")).to_have_text("Stopped: out of memory")
