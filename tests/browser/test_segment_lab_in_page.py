"""The map that a reader changes by hand, in a page of its own: no kernel, no network, no book."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from ipywidgets import Widget, embed
from playwright.sync_api import expect
from test_pages import WIDER_THAN_PAGE, serious_violations

from seglib.boundaries import boundary_f_measure
from seglib.curves import SegmentCounts, precision_recall_f
from seglib.scores import score_segmentation
from seglib.widgets import SegmentLab

ROOT = Path(__file__).parents[2]
HEIGHT, WIDTH = 12, 18
# The page of a test can ask for the model of its widget.
SPY = (
    "export default { render };",
    "export default { render(view) { window.model = view.model; return render(view); } };",
)
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
CELLS = """() => { const view = window.model.get("labels_now");
  return Array.from({ length: view.byteLength / 2 }, (_, at) => view.getUint16(2 * at, true)); }"""
VALUES = """() => Object.fromEntries([...document.querySelectorAll("tr[data-score]")].map((row) => {
  const output = row.querySelector(".seg-lab-value");
  return [row.dataset.score, Number(output.dataset.value ?? output.textContent)]; }))"""
SCORE_ALL = """([source, cases]) => {
  const scoreMap = new Function(source + "; return scoreMap;")();
  return cases.map(([labels, truth, width]) =>
    scoreMap(Uint16Array.from(labels), Uint16Array.from(truth), width)); }"""


def scores_in_python(labels, truth):
    """What the page shows, by the functions of the package, under the names of the page."""
    scores = score_segmentation(labels, [truth])
    names = ("num_labels", "num_segments", "matched_accuracy", "many_to_one_accuracy", "mean_iou")
    names += ("adjusted_rand_index", "normalized_mutual_information", "variation_of_information")
    found = {name: scores[name] for name in (*names, "vi_over", "vi_under", "covering")}
    counts = SegmentCounts(*scores["segment_counts_0.5"][0])
    found["precision"], found["recall"], found["f"] = precision_recall_f(counts)
    total, number = scores["true_segments_all"]
    found["true_segment_iou"] = total / number
    found["rand_index"] = scores["probabilistic_rand_index"]
    tolerance = 1.1 / math.hypot(*labels.shape)  # one cell
    found["boundary_f"] = boundary_f_measure(labels, [truth], tolerance=tolerance)[2]
    return found


# The scores in JavaScript -----------------------------------------------------------------------


def blobs(height, width, number, generator):
    """Regions of the nearest of some random points."""
    places = torch.rand(number, 2, generator=generator) * torch.tensor([height, width])
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    cells = torch.stack([rows, columns], dim=-1).float() + 0.5
    return (cells[:, :, None] - places).square().sum(dim=-1).argmin(dim=-1)


def random_cases(number=60):
    """Blobs, noise and both, of few and many labels, against blobs; some labels far off."""
    generator = torch.Generator().manual_seed(0)

    def draw(low, high):
        return int(torch.randint(low, high, (1,), generator=generator))

    for case in range(number):
        height, width = (24, 36) if case % 12 == 0 else (draw(5, 20), draw(5, 20))
        truth = blobs(height, width, draw(2, 16), generator)
        noise = torch.randint(draw(1, height * width), truth.shape, generator=generator)
        kinds = (
            lambda noise=noise: noise,
            lambda size=truth.shape: blobs(*size, draw(1, 30), generator),
            lambda size=truth.shape: torch.arange(size.numel()).reshape(size),
            lambda size=truth.shape: 99 * (blobs(*size, draw(2, 12), generator) % 3),
            lambda noise=noise, truth=truth: torch.where(noise % 4 == 0, noise, truth),
            lambda truth=truth: torch.zeros_like(truth),
        )
        yield kinds[case % len(kinds)](), truth


def for_page(cases):
    source = (ROOT / "seglib" / "frontend" / "metrics.js").read_text(encoding="utf-8")
    maps = [(c.flatten().tolist(), t.flatten().tolist(), t.shape[1]) for c, t in cases]
    return [source, maps]


@pytest.fixture
def blank_page(chromium):
    page = chromium.new_page()
    yield page
    page.close()


def test_the_page_computes_what_the_package_computes(blank_page):
    cases = list(random_cases())
    results = blank_page.evaluate(SCORE_ALL, for_page(cases))
    for number, ((labels, truth), found) in enumerate(zip(cases, results, strict=True)):
        expected = scores_in_python(labels, truth)
        assert found["num_true"] == len(truth.unique())
        for name, value in expected.items():
            assert abs(found[name] - value) < 1e-9, f"{name} of case {number}"


# A page with the widget -------------------------------------------------------------------------


def make_truth():
    """A ground of label 0, a block of label 1 (columns 3–7) and one of label 2 (11–15)."""
    truth = torch.zeros(HEIGHT, WIDTH, dtype=torch.int64)
    truth[3:9, 3:8] = 1
    truth[3:9, 11:16] = 2
    return truth


@pytest.fixture
def open_lab(chromium, tmp_path):
    """Function that opens a page with the widget, from a file, and waits until it is drawn."""
    contexts = []

    def open_page(*, views=1, width=1280, dark=False, has_touch=False, truth=None):
        image = None
        if truth is None:
            image = torch.rand(3, 120, 180, generator=torch.Generator().manual_seed(0))
            truth = make_truth()
        widget = SegmentLab(image, truth, description="Two blocks")
        data = embed.embed_data(views=[widget] * views, drop_defaults=False)
        state = data["manager_state"]["state"][widget.model_id]["state"]
        assert SPY[0] in state["_esm"]
        state["_esm"] = state["_esm"].replace(*SPY)
        kinds = ("view+json", "state+json")
        view, saved = (f'<script type="application/vnd.jupyter.widget-{k}">' for k in kinds)
        parts = [f"{view}{json.dumps(spec)}</script>" for spec in data["view_specs"]]
        parts.append(f"{saved}{json.dumps(data['manager_state']).replace('</', '<_/')}</script>")
        host = (ROOT / "_assets" / "widget-host.js").as_uri()
        head = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Lab</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<style>:root { color-scheme: light dark } body { margin: 16px }</style>"
            f'<script src="{host}"></script>'
        )
        path = tmp_path / "lab.html"
        body = "".join(parts).replace("<_/", "<\\/")
        path.write_text(f"{head}<body><main>{body}</main></body></html>", encoding="utf-8")
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
        expect(page.locator("canvas[data-segments]")).to_have_count(views)
        return page

    yield open_page
    for context in contexts:
        assert [page.problems for page in context.pages] == [[]] * len(context.pages)
        context.close()
    Widget.close_all()


def remote(url):
    return [] if url.startswith(("file:", "data:", "blob:")) else [f"asked for {url}"]


@pytest.fixture
def lab(open_lab):
    return open_lab()


def role(page, name):
    return page.locator(f'[data-role="{name}"]')


def press_keys(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def place(page, row, column):
    """Middle of a cell, on the screen."""
    box = role(page, "picture").bounding_box()
    x = box["x"] + (column + 0.5) / WIDTH * box["width"]
    return x, box["y"] + (row + 0.5) / HEIGHT * box["height"]


def click(page, row, column):
    page.mouse.click(*place(page, row, column))


def drag(page, *cells, release=True):
    page.mouse.move(*place(page, *cells[0]))
    page.mouse.down()
    for cell in cells[1:]:
        page.mouse.move(*place(page, *cell), steps=3)
    if release:
        page.mouse.up()


def walk_to(page, row, column):
    """Give the picture the focus and bring its cursor to a cell, by keys."""
    role(page, "picture").focus()
    press_keys(page, *["Shift+ArrowUp"] * 3, *["Shift+ArrowLeft"] * 4)
    press_keys(page, *["ArrowDown"] * row, *["ArrowRight"] * column)


def map_now(page, size=(HEIGHT, WIDTH)):
    page.evaluate(DRAWN)
    cells = np.array(page.evaluate(CELLS), dtype=np.int64)
    return torch.from_numpy(cells.reshape(size))


def heard(page):
    return role(page, "heard").text_content()


def check_page(page, labels):
    """Whether the page holds this map and shows its scores."""
    torch.testing.assert_close(map_now(page), labels)
    shown = page.evaluate(VALUES)
    expected = scores_in_python(labels, make_truth())
    assert set(shown) == set(expected)
    for name, value in expected.items():
        assert abs(shown[name] - value) < 1e-9, name


def test_every_start_is_shown_with_its_scores(lab):
    widget = SegmentLab(None, make_truth(), description="Two blocks")
    for name in widget.start_names:
        role(lab, "start").select_option(name)
        widget.start = name
        check_page(lab, widget.labels)
        assert heard(lab).startswith(f"{name}: ")


def test_moving_a_boundary_with_the_mouse(lab):
    drag(lab, (5, 5), (5, 9), release=False)
    lab.evaluate(DRAWN)
    live = lab.evaluate(VALUES)
    assert live["matched_accuracy"] < 1, "scores follow while the mouse is down"
    torch.testing.assert_close(map_now(lab), make_truth())
    lab.mouse.up()
    labels = make_truth()
    labels[5, 8:10] = 1
    check_page(lab, labels)
    assert lab.evaluate(VALUES) == live
    assert heard(lab) == "Boundary moved, 2 cells changed: 3 segments, covering 0.98."


@pytest.mark.parametrize("size", [(24, 24), (24, 16), (12, 30)])
def test_the_pointer_meets_its_cell_whatever_the_proportions(open_lab, size):
    truth = torch.zeros(size, dtype=torch.int64)
    truth[:, size[1] // 2 :] = 1
    page = open_lab(width=600, truth=truth)
    canvas, stage = page.locator("canvas").bounding_box(), role(page, "picture").bounding_box()
    assert canvas == pytest.approx(stage, abs=1)
    box = canvas
    x = box["x"] + box["width"] * (size[1] // 2 + 0.5) / size[1]
    y = box["y"] + box["height"] * 2.5 / size[0]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - box["width"] / size[1], y)
    page.mouse.up()
    expected = truth.clone()
    expected[2, size[1] // 2 - 1] = 1
    assert torch.equal(map_now(page, size), expected)


def test_a_long_press_of_a_key_acts_once(lab):
    role(lab, "picture").focus()
    press_keys(lab, "3")
    lab.keyboard.down("Space")
    for _ in range(4):
        lab.keyboard.down("Space")  # what a held key repeats
    lab.keyboard.up("Space")
    press_keys(lab, "Space")
    expect(lab.locator("canvas")).to_have_attribute("data-segments", "4")


def test_the_wide_brush_takes_three_cells(lab):
    lab.locator(".seg-choice label", has_text="3 cells").click()
    drag(lab, (5, 6), (5, 8))
    labels = make_truth()
    labels[4:7, 8:10] = 1
    check_page(lab, labels)


def test_merging_with_two_presses_and_with_a_drag(lab):
    role(lab, "tool-merge").check()
    click(lab, 5, 5)
    assert heard(lab) == "Segment 2 picked. Press on the one it should join."
    click(lab, 0, 0)
    one_gone = torch.where(make_truth() == 1, 0, make_truth())
    check_page(lab, one_gone)
    assert heard(lab) == "Segment 2 merged with segment 1: 2 segments, covering 0.77."
    drag(lab, (5, 13), (0, 17))
    check_page(lab, torch.zeros_like(one_gone))


def test_segments_that_do_not_touch_share_a_label_only(lab):
    role(lab, "tool-merge").check()
    drag(lab, (5, 5), (5, 13))
    check_page(lab, torch.where(make_truth() == 1, 2, make_truth()))
    assert heard(lab).endswith("3 segments, covering 1.00. They share a label but do not touch.")


def test_splitting_with_a_press_and_along_a_line(lab):
    role(lab, "tool-split").check()
    click(lab, 6, 5)  # six rows high, five columns wide: cut between rows 5 and 6
    labels = make_truth()
    labels[6:9, 3:8] = 3
    check_page(lab, labels)
    assert heard(lab) == "Segment 2 split: 4 segments, covering 0.93."
    drag(lab, (2, 13), (9, 13))  # down along column 13: the line belongs to the old part
    labels[3:9, 11:13] = 4
    check_page(lab, labels)


def test_a_segment_of_one_cell_is_not_split(lab):
    role(lab, "start").select_option("Every cell a segment")
    before = map_now(lab)
    role(lab, "tool-split").check()
    click(lab, 0, 0)
    assert heard(lab) == "Segment 1 is too small to be cut here."
    check_page(lab, before)


def test_moving_a_boundary_with_the_keyboard(lab):
    walk_to(lab, 5, 7)
    assert heard(lab) == "Row 6, column 8: segment 2, true label 1."
    press_keys(lab, "1", "Space")
    assert heard(lab) == "Moving the boundary of segment 2."
    press_keys(lab, "ArrowRight", "ArrowRight", "Enter")
    labels = make_truth()
    labels[5, 8:10] = 1
    check_page(lab, labels)
    assert heard(lab).startswith("Boundary moved, 2 cells changed: 3 segments")


def test_merging_and_splitting_with_the_keyboard(lab):
    walk_to(lab, 6, 5)
    press_keys(lab, "3", "Space", "Space")
    labels = make_truth()
    labels[6:9, 3:8] = 3
    check_page(lab, labels)
    press_keys(lab, "2", "Space", "ArrowUp", "Enter")
    check_page(lab, make_truth())
    assert heard(lab) == "Segment 4 merged with segment 2: 3 segments, covering 1.00."
    assert role(lab, "tool-merge").is_checked()


def test_escape_gives_an_action_up(lab):
    walk_to(lab, 5, 5)
    press_keys(lab, "Space", *["ArrowRight"] * 4)
    lab.evaluate(DRAWN)
    assert lab.evaluate(VALUES)["matched_accuracy"] < 1
    press_keys(lab, "Escape")
    check_page(lab, make_truth())
    assert heard(lab) == "Given up."
    assert role(lab, "undo").get_attribute("aria-disabled") == "true"


def test_a_press_ends_what_keys_began(lab):
    walk_to(lab, 5, 7)
    press_keys(lab, "Space", "ArrowRight")
    click(lab, 6, 13)
    labels = make_truth()
    labels[5, 8] = 1
    check_page(lab, labels)


def test_undo_and_reset(lab):
    drag(lab, (5, 5), (5, 9))
    first = map_now(lab)
    drag(lab, (5, 13), (5, 9))
    second = map_now(lab)
    role(lab, "reset").click()
    check_page(lab, make_truth())
    role(lab, "undo").click()
    check_page(lab, second)
    role(lab, "picture").focus()
    press_keys(lab, "Control+z")
    check_page(lab, first)
    press_keys(lab, "Control+z", "Control+z")
    check_page(lab, make_truth())
    assert heard(lab) == "Nothing to undo."


def test_the_change_is_said_in_words(lab):
    role(lab, "start").select_option("Every cell a segment")
    lab.evaluate(DRAWN)
    covering, many, splits = (
        lab.locator(f'tr[data-score="{name}"] .seg-lab-change')
        for name in ("covering", "many_to_one_accuracy", "vi_over")
    )
    expect(covering.locator(".seg-heard")).to_have_text("worse by 0.986")
    assert "▼" in covering.inner_text()
    assert many.text_content() == ""
    assert "▼ +" in splits.inner_text(), "more bits are worse"
    role(lab, "undo").click()
    expect(covering.locator(".seg-heard")).to_have_text("better by 0.986")


def test_true_boundaries_come_and_go(lab):
    canvas = lab.locator("canvas")
    with_lines = canvas.screenshot()
    role(lab, "truth").uncheck()
    lab.evaluate(DRAWN)
    assert canvas.screenshot() != with_lines
    role(lab, "truth").check()
    lab.evaluate(DRAWN)
    assert canvas.screenshot() == with_lines


def test_two_views_share_one_map(open_lab):
    page = open_lab(views=2)
    one, two = page.locator(".seg-lab").all()
    one.locator('[data-role="start"]').select_option("One segment")
    for view in (one, two):
        expect(view.locator("canvas")).to_have_attribute("data-segments", "1")
        assert view.locator('[data-role="start"]').input_value() == "One segment"
    two.locator('[data-role="undo"]').click()
    expect(one.locator("canvas")).to_have_attribute("data-segments", "3")


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_is_wide_enough(open_lab, width):
    page = open_lab(width=width)
    page.locator("summary").click()
    assert page.evaluate(WIDER_THAN_PAGE) == []
    controls = page.locator(".seg-lab :is(button, select, input, summary):visible").all()
    for control in controls:
        name = control.get_attribute("data-role")
        target = control.locator("xpath=..") if name == "truth" else control  # its words, too
        assert target.bounding_box()["height"] >= 40, name
    picture = role(page, "picture")
    assert picture.evaluate("(e) => getComputedStyle(e).touchAction") == "pinch-zoom"
    assert picture.bounding_box()["width"] >= 0.8 * (width - 62)


def test_a_finger_paints_and_does_not_scroll(open_lab):
    page = open_lab(width=375, has_touch=True)
    page.evaluate("document.body.style.paddingBottom = '2000px'")
    session = page.context.new_cdp_session(page)

    def touch(kind, *cells):
        points = [dict(zip("xy", place(page, *cell), strict=True)) for cell in cells]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (6, 5))
    for row in (7, 8, 9, 10, 11):
        touch("touchMove", (row, 5))
    touch("touchEnd")
    labels = make_truth()
    labels[9:, 5] = 1
    check_page(page, labels)
    assert page.evaluate("scrollY") == 0


def test_every_control_is_reached_by_tab_and_the_help_opens(lab):
    lab.mouse.click(5, 5)
    reached = []
    for _ in range(8):
        lab.keyboard.press("Tab")
        element = "document.activeElement.dataset.role ?? document.activeElement.localName"
        reached.append(lab.evaluate(element))
    wanted = ["picture", "tool-paint", "truth", "brush-1", "start", "undo", "reset", "summary"]
    assert reached == wanted
    lab.keyboard.press("Enter")
    expect(lab.locator("details dd").first).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_there_is_no_serious_accessibility_violation(open_lab, dark):
    page = open_lab(dark=dark)
    role(page, "start").select_option("Ragged boundary")
    page.locator("summary").click()
    page.evaluate(DRAWN)
    assert serious_violations(page, ".seg-lab") == []
    background = page.locator(".seg-lab").evaluate("(e) => getComputedStyle(e).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not dark
