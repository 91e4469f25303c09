"""GridExplorer in a page of its own, with the book's host: no kernel, no network."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from ipywidgets import Widget, embed
from PIL import Image
from playwright.sync_api import expect
from test_pages import serious_violations

from seglib import plotting
from seglib.widgets import GridExplorer

HOST = Path(__file__).parents[2] / "_assets" / "widget-host.js"
ROWS, COLUMNS = 40, 60
BLOCKS, OFFSETS = (20, 10, 4, 2), (0, 1)
CONTROLS = {
    "first", "second", "opacity", "boundaries", "fill-labels", "fill-means", "fill-photo",
    "table-of",
}  # fmt: skip
FITS = "(e) => e.getBoundingClientRect().right <= innerWidth && e.scrollWidth <= e.clientWidth + 1"


@pytest.fixture(scope="session")
def built_book():
    """No page of the book is opened here, so none is built."""
    return HOST.parent


@pytest.fixture(scope="session")
def site():
    """Nothing is served either."""
    return ""


def make_image():
    """A smooth image, which WebP keeps to a few grey levels."""
    x = torch.arange(COLUMNS).div(COLUMNS).expand(ROWS, COLUMNS)
    y = torch.arange(ROWS).div(ROWS)[:, None].expand(ROWS, COLUMNS)
    return torch.stack([x, y, 0.5 * torch.ones_like(x)])


def blocks(side, offset=0):
    """Squares of some side; the smallest make 600 labels, more than one byte holds."""
    rows = (torch.arange(ROWS) + offset).div(side, rounding_mode="floor")
    columns = (torch.arange(COLUMNS) + offset).div(side, rounding_mode="floor")
    return rows[:, None] * (int(columns.max()) + 1) + columns


def make_maps():
    return {pair: blocks(*pair) for pair in itertools.product(BLOCKS, OFFSETS)}


def make_widget(maps=None, **options):
    maps = make_maps() if maps is None else maps
    readings = {"share of ones": {pair: float((m == 1).float().mean()) for pair, m in maps.items()}}
    defaults = {
        "knobs": ("side", "offset"), "description": "Blocks", "start": (20, 0),
        "readings": readings,
    }  # fmt: skip
    return GridExplorer(make_image(), maps, **{**defaults, **options})


def as_html(*widgets):
    """A page around widgets, as Jupyter Book writes it, with the book's host."""
    data = embed.embed_data(views=widgets, drop_defaults=False)
    kind = "application/vnd.jupyter.widget"
    views = [
        f'<script type="{kind}-view+json">{json.dumps(spec)}</script>'
        for spec in data["view_specs"]
    ]
    state = json.dumps(data["manager_state"]).replace("</", "<\\/")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<script src="{HOST.as_uri()}"></script><body><main>'
        + "".join(f"<div>{view}</div>" for view in views)
        + f'<script type="{kind}-state+json">{state}</script></main></body></html>'
    )


@pytest.fixture
def show(open_page, tmp_path):
    """Function that opens a page with one widget and returns the widget's element."""
    pages = []

    def open_widget(widget=None, *, copies=1, **options):
        path = tmp_path / "page.html"
        path.write_text(as_html(*[widget or make_widget()] * copies), encoding="utf-8")
        page = open_page(path, **options)
        pages.append(page)
        explorers = page.locator(".seg-grid-explorer")
        expect(explorers).to_have_count(copies)
        expect(explorers.first.locator("canvas[data-pair]")).to_be_visible()
        return explorers.first

    yield open_widget
    Widget.close_all()
    for page in pages:
        assert page.console_errors == []
        assert page.refused_requests == []


def role(widget, name):
    return widget.locator(f'[data-role="{name}"]')


def shown_pair(widget):
    return widget.locator("canvas").get_attribute("data-pair")


def screen(widget):
    """What a reader sees, pixel by pixel of the screen."""
    seen = Image.open(io.BytesIO(widget.locator("canvas").screenshot())).convert("RGB")
    return np.asarray(seen).astype(int)


def picture(widget):
    """The same at the middle of each pixel of the map, where no boundary is drawn."""
    seen = screen(widget)
    rows = ((np.arange(ROWS) + 0.5) * seen.shape[0] / ROWS).astype(int)
    columns = ((np.arange(COLUMNS) + 0.5) * seen.shape[1] / COLUMNS).astype(int)
    return seen[rows][:, columns]


def wait_for(widget, pair):
    expect(widget.locator("canvas")).to_have_attribute("data-pair", pair)


# The map on show --------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [(20, 1), (2, 0)], ids=["one byte", "two bytes"])
def test_each_pixel_has_the_color_of_its_label(show, pair):
    built = make_widget(opacity=1.0, boundaries=False, start=pair)
    seen = picture(show(built))
    wanted = np.array(built.colors)[make_maps()[pair].numpy()]
    assert abs(seen - wanted).max() <= 3


def test_mean_colors_are_those_of_the_photograph(show):
    widget = show(make_widget(boundaries=False, start=(10, 0)))
    role(widget, "fill-means").check()
    labels, image = blocks(10), plotting.to_uint8(make_image()).astype(float)
    wanted = np.zeros_like(image)
    for label in labels.unique():
        inside = (labels == label).numpy()
        wanted[inside] = image[inside].mean(axis=0)
    assert abs(picture(widget) - wanted).max() <= 12  # WebP


def test_the_photograph_can_be_seen_alone_and_with_boundaries(show):
    widget = show()
    before = screen(widget)
    role(widget, "fill-photo").check()
    with_lines = screen(widget)
    assert (with_lines != before).any()
    role(widget, "boundaries").uncheck()
    assert abs(picture(widget) - plotting.to_uint8(make_image())).max() <= 16
    lines = (with_lines != screen(widget)).any(axis=2)
    assert 0 < lines.mean() < 0.05, "boundaries of large squares are few and thin"


def test_opacity_is_there_for_label_colors_alone(show):
    widget = show()
    expect(role(widget, "opacity")).to_be_visible()
    for fill in ("fill-means", "fill-photo"):
        role(widget, fill).check()
        expect(role(widget, "opacity")).to_be_hidden()
    role(widget, "fill-labels").check()
    before = picture(widget)
    role(widget, "opacity").press("End")
    assert (picture(widget) != before).any()


# The knobs --------------------------------------------------------------------------------------


def test_keys_step_through_all_values_of_both_knobs(show):
    widget = show()
    first, second = role(widget, "first"), role(widget, "second")
    seen = []
    for i, (key, side) in enumerate(zip(("Home", *["ArrowRight"] * 3), BLOCKS, strict=True)):
        first.press(key)
        for j, (key, offset) in enumerate(zip(("Home", "ArrowRight"), OFFSETS, strict=True)):
            second.press(key)
            wait_for(widget, f"{i} {j}")
            count = len(blocks(side, offset).unique())
            assert first.get_attribute("aria-valuetext") == str(side)
            assert second.get_attribute("aria-valuetext") == str(offset)
            assert role(widget, "reading").first.inner_text() == str(count)
            seen.append(picture(widget).tobytes())
    assert len(set(seen)) == len(seen), "two pairs look the same"


def test_the_result_is_said_once_the_reader_has_stopped(show):
    widget = show()
    heard = role(widget, "heard")
    assert heard.get_attribute("aria-live") == "polite"
    first = role(widget, "first")
    first.evaluate("""(input) => {  // two presses in one go: no time passes between them
      for (const value of [1, 2]) {
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }""")
    share = f"{float((blocks(4) == 1).float().mean()):.2f}"
    expect(heard).to_have_text(f"side 4, offset 0: 150 segments, share of ones {share}")


def test_a_knob_with_one_value_has_no_slider(show):
    maps = {(side, "none"): blocks(side) for side in BLOCKS}
    widget = show(make_widget(maps, start=(20, "none")))
    expect(role(widget, "first")).to_be_visible()
    expect(role(widget, "second")).to_be_hidden()
    role(widget, "first").press("End")
    wait_for(widget, "3 0")


def test_one_segment_is_told_in_the_singular(show):
    widget = show(make_widget({("all", 0): blocks(100), ("some", 0): blocks(20)}, start=("all", 0)))
    role(widget, "first").press("ArrowRight")
    role(widget, "first").press("ArrowLeft")
    expect(role(widget, "heard")).to_have_text(re.compile("^side all, offset 0: 1 segment,"))


def test_a_quick_reader_sees_the_last_pair_asked_for(show):
    widget = show()
    first = role(widget, "first")
    for key in ("End", "Home", "End", "ArrowLeft", "Home", "ArrowRight"):
        first.press(key)
    wait_for(widget, "1 0")
    widget.page.wait_for_timeout(300)
    assert shown_pair(widget) == "1 0"


# The table --------------------------------------------------------------------------------------


def test_the_table_holds_every_pair_and_a_click_shows_it(show):
    widget = show()
    expect(widget.locator("table")).to_be_hidden()
    role(widget, "table").press("Enter")
    cells = widget.locator("td[data-pair]")
    counts = [str(len(labels.unique())) for labels in make_maps().values()]
    assert cells.all_inner_texts() == counts
    cells.nth(5).click()
    wait_for(widget, "2 1")
    assert role(widget, "first").input_value() == "2"
    expect(widget.locator("td[aria-current]")).to_have_attribute("data-pair", "2 1")
    role(widget, "table-of").select_option("share of ones")
    share = float((blocks(20) == 1).float().mean())
    expect(cells.first).to_have_text(f"{share:.2f}")


def test_a_table_that_would_not_fit_is_left_out(show):
    maps = {(k, 0): blocks(20) for k in range(9)}
    widget = show(make_widget(maps, start=(0, 0)))
    expect(role(widget, "table")).to_have_count(0)


# The page ---------------------------------------------------------------------------------------


def test_two_views_show_the_same_pair_and_fill(show):
    widget = show(copies=2)
    other = widget.page.locator(".seg-grid-explorer").nth(1)
    role(other, "first").press("End")
    wait_for(widget, "3 0")
    role(widget, "fill-means").check()
    expect(role(other, "fill-means")).to_be_checked()


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_is_wide_enough(show, width):
    widget = show(width=width)
    role(widget, "table").click()
    assert widget.evaluate(FITS)
    controls = widget.locator(":is(button, input, select):visible").all()
    assert {control.get_attribute("data-role") for control in controls} == CONTROLS
    for control in controls:
        target = control
        if control.get_attribute("type") in {"checkbox", "radio"}:
            target = control.locator("xpath=..")  # its words can be touched, too
        assert target.bounding_box()["height"] >= 40, control.get_attribute("data-role")
    assert all(c.bounding_box()["height"] >= 24 for c in widget.locator("td[data-pair]").all())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_there_is_no_serious_accessibility_violation(show, dark):
    widget = show(dark=dark)
    role(widget, "table").click()
    assert serious_violations(widget.page, ".seg-widget") == []


def test_a_dark_page_has_a_dark_widget(show):
    look = "(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    light, dark = show().evaluate(look), show(dark=True).evaluate(look)
    assert light[0] != dark[0]
    assert light[1] != dark[1]


# With a kernel ----------------------------------------------------------------------------------

# A model whose kernel is played by the test.
PLAYED_MODEL = """([state, photo, maps]) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const traits = { ...state, photo: bytes(photo), maps: maps.map(bytes) };
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
  window.say = (message) => tell("msg:custom", message);
  window.grow = (news, maps) => {
    Object.assign(traits, news, { maps: maps.map(bytes) });
    for (const name of [...Object.keys(news), "maps"]) tell("change:" + name);
  };
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  document.head.append(Object.assign(document.createElement("style"), { textContent: state._css }));
  return import(url).then((module) =>
    module.default.render({ model, el: document.body.appendChild(document.createElement("div")) }));
}"""
PLAIN = (
    "description", "knobs", "values", "counted", "counts", "readings", "colors", "choice", "fill",
    "opacity", "boundaries", "live", "_esm", "_css",
)  # fmt: skip


def as_text(data):
    return base64.b64encode(data).decode()


def test_another_value_is_asked_of_the_kernel_and_joins_the_slider(open_page, tmp_path):
    (tmp_path / "page.html").write_text("<!doctype html><html lang='en'><body></body></html>")
    page = open_page(tmp_path / "page.html")
    maps = {pair: blocks(*pair) for pair in itertools.product((2, 10), OFFSETS)}
    widget = make_widget(maps, readings=None, start=(2, 0), compute=lambda side: {})
    state = {name: getattr(widget, name) for name in PLAIN}
    encoded = [as_text(png) for png in widget.maps]
    page.evaluate(PLAYED_MODEL, [state, as_text(widget.photo), encoded])
    note, value = page.locator('[data-role="note"]'), page.locator('[data-role="new-value"]')
    expect(note).to_contain_text("With a kernel")
    assert page.evaluate("window.asked") == [{"type": "hello"}]
    page.evaluate("window.say({type: 'kernel'})")
    expect(note).to_have_count(0)
    value.fill("4")
    value.press("Enter")
    assert page.evaluate("window.asked.at(-1)") == {"type": "compute", "value": 4}
    button, status = page.locator('[data-role="compute"]'), page.locator('[data-role="status"]')
    page.evaluate("window.say({type: 'status', state: 'running', text: 'Computing side 4 …'})")
    expect(button).to_be_disabled()
    expect(status).to_have_text("Computing side 4 …")
    widget._insert(4, {0: blocks(4, 0), 1: blocks(4, 1)})
    news = {name: getattr(widget, name) for name in ("values", "counts", "colors", "choice")}
    page.evaluate("([n, m]) => window.grow(n, m)", [news, [as_text(png) for png in widget.maps]])
    page.evaluate("window.say({type: 'status', state: 'finished', text: 'Computed side 4.'})")
    expect(button).to_be_enabled()
    slider = page.locator('[data-role="first"]')
    assert slider.get_attribute("max") == "2"
    assert slider.get_attribute("aria-valuetext") == "4"
    expect(page.locator('[data-role="reading"]')).to_have_text("150")
    expect(value).to_be_focused()
    expect(page.locator("canvas[data-pair]")).to_have_attribute("data-pair", "1 0")
    Widget.close_all()
    assert page.console_errors == []


def test_without_a_kernel_a_line_says_what_one_would_do(show):
    maps = {pair: blocks(*pair) for pair in itertools.product((2, 10), OFFSETS)}
    explorer = show(make_widget(maps, readings=None, start=(2, 0), compute=lambda side: {}))
    expect(explorer.locator('[data-role="note"]')).to_contain_text("With a kernel")
    expect(explorer.locator('[data-role="compute"]')).to_have_count(0)
