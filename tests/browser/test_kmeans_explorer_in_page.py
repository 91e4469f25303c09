"""k-means in the page: its numbers against slow ones, and every control, in a page of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from ipywidgets import Widget, embed
from playwright.sync_api import expect
from sklearn.cluster import KMeans
from test_pages import serious_violations

from seglib._frontend import FRONTEND
from seglib.clustering import color_windows
from seglib.elbow import knee
from seglib.images import photograph
from seglib.labels import connected_components
from seglib.plotting import to_uint8
from seglib.widgets import KMeansExplorer

HOST = Path(__file__).parents[2] / "_assets" / "widget-host.js"
VISIBLE_CONTROLS = ".seg-widget :is(button, input, select, textarea, summary):visible"
FITS = "(e) => e.getBoundingClientRect().right <= innerWidth && e.scrollWidth <= e.clientWidth + 1"
SETTLED = re.compile("settled after")

# The numbers -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compute(chromium):
    """Function that runs JavaScript after kmeans.js: its body, and what it calls `given`."""
    context = chromium.new_context()
    page = context.new_page()
    source = (FRONTEND / "kmeans.js").read_text(encoding="utf-8")
    helpers = """
    const finish = (job) => {
      for (;;) { const { value, done } = job.next(); if (done) return value; }
    };
    const picture = given.image && { height: given.image.length, width: given.image[0].length,
      bytes: Uint8Array.from(given.image.flat(2)) };
    const everyPixel = picture && drawIndices(picture.width * picture.height, Infinity);
    const report = (run) => ({ labels: [...run.labels], means: [...run.means], sum: run.sum,
      iteration: run.iteration, done: run.done, moved: run.moved });
    """

    def compute(body, **given):
        return page.evaluate(f"(given) => {{ {source} {helpers} {body} }}", given)

    yield compute
    context.close()


def make_image(height=13, width=17, levels=256, seed=0):
    """Noise in `levels` grey levels of each channel, as bytes over 255."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(levels, (3, height, width), generator=generator)
    return values.float() * (255 // (levels - 1)) / 255


def windows_of(image, side):
    """The rows of the library, in the order of the page: pixel by pixel instead of by channel."""
    rows = color_windows(image, side).double().numpy() * 255
    rows = rows.reshape(-1, 3, side, side).transpose(0, 2, 3, 1).round()
    return rows.reshape(len(rows), -1)


def slow_assign(points, means):
    distances = np.array([[((x - m) ** 2).sum() for m in means] for x in points])
    return distances.argmin(axis=1), distances.min(axis=1)


def slow_move(points, labels, distances, means):
    """Means of the clusters; an empty one gets the farthest point that its cluster can spare."""
    labels, distances = labels.copy(), distances.copy()
    for i in range(len(means)):
        if not (labels == i).any():
            spare = np.array([(labels == label).sum() > 1 for label in labels])
            farthest = np.where(spare, distances, -1).argmax()
            if spare[farthest] and distances[farthest] > 0:
                labels[farthest], distances[farthest] = i, 0
    return np.array(
        [
            points[labels == i].mean(axis=0) if (labels == i).any() else means[i]
            for i in range(len(means))
        ]
    )


def slow_lloyd(points, means, iterations):
    """Means, labels and sum after so many iterations, or earlier if no label changes."""
    labels, distances = slow_assign(points, means)
    for _ in range(iterations):
        means = slow_move(points, labels, distances, means)
        before = labels
        labels, distances = slow_assign(points, means)
        if (labels == before).all():
            break
    return means, labels, distances.sum()


RUN = """
  const points = finish(gatherWindows(picture, given.side, everyPixel));
  const run = finish(startFrom(points, Float64Array.from(given.means.flat())));
  while (!run.done && run.iteration < given.iterations) finish(iterate(points, run));
  return report(run);
"""


def run_in_page(compute, image, side, means, iterations):
    picture = to_uint8(image).tolist()
    run = compute(RUN, image=picture, side=side, means=means.tolist(), iterations=iterations)
    return {**run, "means": np.array(run["means"]).reshape(means.shape)}


@pytest.mark.parametrize("side", [1, 3, 5, 7])
def test_windows_are_those_of_the_library(compute, side):
    image = make_image(6, 9)
    body = "return [...finish(gatherWindows(picture, given.side, everyPixel)).values];"
    values = compute(body, image=to_uint8(image).tolist(), side=side)
    np.testing.assert_array_equal(np.reshape(values, (54, -1)), windows_of(image, side))


@pytest.mark.parametrize("levels", [256, 4])
@pytest.mark.parametrize("side", [1, 3])
@pytest.mark.parametrize("iterations", [0, 1, 2, 1000])
def test_labels_and_means_are_those_of_a_slow_lloyd(compute, iterations, side, levels):
    image = make_image(levels=levels)
    points = windows_of(image, side)
    means = np.unique(points, axis=0)[::7][:5]
    run = run_in_page(compute, image, side, means, iterations)
    slow_means, slow_labels, slow_sum = slow_lloyd(points, means, iterations)
    np.testing.assert_array_equal(run["labels"], slow_labels)
    np.testing.assert_allclose(run["means"], slow_means, rtol=1e-12)
    assert run["sum"] == pytest.approx(slow_sum, rel=1e-12)
    assert run["done"] == (iterations == 1000)


def test_the_end_is_that_of_scikit_learn(compute):
    image = photograph("china", size=60)
    image = torch.from_numpy(to_uint8(image)).permute(2, 0, 1).float() / 255
    points = windows_of(image, 3)
    means = points[:: len(points) // 8][:8]
    run = run_in_page(compute, image, 3, means, 1000)
    model = KMeans(8, init=means, n_init=1, tol=0, max_iter=1000).fit(points)
    np.testing.assert_array_equal(run["labels"], model.labels_)
    np.testing.assert_allclose(run["means"], model.cluster_centers_, rtol=1e-9)
    assert run["sum"] == pytest.approx(model.inertia_, rel=1e-9)


@pytest.mark.parametrize("iterations", [1, 2, 1000])
def test_an_empty_cluster_takes_the_farthest_point(compute, iterations):
    image = make_image() * 0.5
    image = (image * 255).round() / 255
    points = windows_of(image, 1)
    means = np.concatenate([points[:3], [[255, 255, 255]], points[5:6], [[254, 255, 255]]])
    start = run_in_page(compute, image, 1, means, 0)
    assert not {3, 5} & set(start["labels"]), "the two far means must start without a point"
    run = run_in_page(compute, image, 1, means, iterations)
    slow_means, slow_labels, _ = slow_lloyd(points, means, iterations)
    np.testing.assert_array_equal(run["labels"], slow_labels)
    np.testing.assert_allclose(run["means"], slow_means, rtol=1e-12)
    assert set(run["labels"]) == set(range(6))


def grey_row(levels):
    """An image of one row, with a grey level in 0..255 for each pixel."""
    return torch.tensor(levels, dtype=torch.float32).div(255).expand(3, 1, -1)


def test_an_empty_cluster_takes_no_point_that_is_alone(compute):
    image = grey_row([0, 1, 2, 3, 100])
    means = np.array([[1.0], [150], [255]]).repeat(3, axis=1)
    assert run_in_page(compute, image, 1, means, 0)["labels"] == [0, 0, 0, 0, 1]
    run = run_in_page(compute, image, 1, means, 1)
    assert run["labels"] == [0, 0, 0, 2, 1], "3 is far, too, and its cluster can spare it"
    np.testing.assert_allclose(run["means"][:, 0], [1, 100, 3])


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_tie_goes_to_the_smallest_label(compute, before):
    body = """
      const points = finish(gatherWindows(picture, 1, everyPixel));
      const run = finish(startFrom(points, [9, 9, 9, 0, 0, 0, 2, 2, 2]));
      run.labels.fill(given.before);
      finish(assignLabels(points, run));
      return report(run);
    """
    run = compute(body, image=to_uint8(grey_row([0, 1, 2, 9])).tolist(), before=before)
    assert run["labels"] == [1, 1, 2, 0]
    assert run["moved"] == sum(label != before for label in run["labels"])


def test_a_flat_image_keeps_empty_clusters_and_ends(compute):
    image = torch.full((3, 4, 5), 0.2)
    means = np.array([[51.0, 51, 51], [0, 0, 0], [9, 9, 9]])
    run = run_in_page(compute, image, 1, means, 1000)
    assert set(run["labels"]) == {0}
    assert run["done"]
    np.testing.assert_array_equal(run["means"], means)


SEEDS = """
  const points = finish(gatherWindows(picture, 1, everyPixel));
  return [...finish(seedMeans(points, given.k, createRandom(given.seed)))];
"""


def seeds(compute, image, k, seed):
    found = compute(SEEDS, image=to_uint8(image).tolist(), k=k, seed=seed)
    return np.array(found).reshape(-1, 3)


def test_a_seed_repeats_its_means_and_another_one_does_not(compute):
    image = make_image()
    means = [seeds(compute, image, 6, seed) for seed in (0, 0, 1, 2**32 - 1)]
    np.testing.assert_array_equal(means[0], means[1])
    assert len({tuple(start.flatten()) for start in means}) == 3


def test_starting_means_are_different_points(compute):
    image = make_image(levels=2)
    means = seeds(compute, image, 8, 3)
    colors = {tuple(row) for row in windows_of(image, 1)}
    assert len({tuple(row) for row in means}) == 8
    assert {tuple(row) for row in means} <= colors


def test_fewer_colors_than_clusters_give_fewer_means(compute):
    image = torch.zeros(3, 4, 6)
    image[:, :, 3:] = 1
    assert len(seeds(compute, image, 5, 0)) == 2


def test_far_points_are_drawn_as_often_as_their_squared_distance_says(compute):
    body = """
      const counts = [0, 0, 0];
      const random = createRandom(4);
      for (let i = 0; i < 20000; i++) counts[pickByWeight([1, 0, 9], random() * 10)]++;
      return counts;
    """
    near, never, far = compute(body)
    assert never == 0
    assert far / near == pytest.approx(9, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_random_numbers_fill_the_unit_interval(compute, seed):
    body = "const r = createRandom(given.seed); return Array.from({ length: 20000 }, r);"
    numbers = np.array(compute(body, seed=seed))
    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    assert counts.sum() == 20000
    assert abs(counts - 1000).max() < 150
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03


def test_drawn_pixels_are_different_and_in_order(compute):
    body = "return [...drawIndices(given.total, given.count, createRandom(1))];"
    drawn = compute(body, total=100, count=30)
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 30
    assert 0 <= drawn[0] <= drawn[-1] < 100
    assert compute(body, total=7, count=30) == list(range(7))


def test_the_elbow_rule_is_that_of_the_library(compute):
    generator = np.random.default_rng(0)
    curves = [np.sort(generator.exponential(size=19))[::-1] for _ in range(60)]
    curves += [generator.exponential(size=19) for _ in range(60)]  # bumps, and some that rise
    curves += [np.full(19, 0.5), np.linspace(1, 0, 19)]
    numbers = list(range(2, 21))
    body = "return given.curves.map((sums) => findKnee(given.numbers, sums));"
    found = compute(body, curves=[curve.tolist() for curve in curves], numbers=numbers)
    assert found == [knee(numbers, curve.tolist()) for curve in curves]
    assert len(set(found)) > 5


@pytest.mark.parametrize("num_labels", [1, 2, 5])
def test_segments_are_the_connected_components(compute, num_labels):
    labels = torch.randint(num_labels, (11, 14), generator=torch.Generator().manual_seed(0))
    body = "return countSegments({ width: 14, height: 11, values: Uint8Array.from(given.labels) });"
    expected = int(connected_components(labels).max()) + 1
    assert compute(body, labels=labels.flatten().tolist()) == expected


def test_the_plane_of_the_colors_is_that_of_an_eigendecomposition(compute):
    image = photograph("china", size=40)
    body = "return principalPlane(picture);"
    plane = compute(body, image=to_uint8(image).tolist())
    colors = to_uint8(image).reshape(-1, 3).astype(float)
    _, vectors = np.linalg.eigh(np.cov(colors.T))
    np.testing.assert_allclose(plane["middle"], colors.mean(axis=0))
    for axis, vector in zip(plane["axes"], vectors.T[::-1], strict=False):
        assert abs(np.dot(axis, vector)) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other"),
    [((100, 0, 100), (0, 200, 0)), ((255, 0, 0), (0, 0, 255)), ((255, 0, 0), (0, 0, 0))],
)
def test_two_colors_lie_apart_on_the_first_axis(compute, one, other):
    plane = compute("return principalPlane(picture);", image=[[one, other]] * 2)
    first, second = np.array(plane["axes"])
    off = np.subtract(one, other)
    assert abs(first @ off) == pytest.approx(np.linalg.norm(off))
    assert first @ second == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(second) == pytest.approx(1)


def test_an_image_of_one_color_has_a_plane_too(compute):
    plane = compute("return principalPlane(picture);", image=[[[9, 9, 9]] * 3] * 2)
    assert np.isfinite(plane["axes"]).all()


# The page ----------------------------------------------------------------------------------------


def role(page, name):
    return page.locator(f'[data-role="{name}"]')


def write_page(path, widgets):
    """A page of its own around some widgets, with the book's host."""
    data = embed.embed_data(views=widgets, drop_defaults=False)
    view, state = (f"application/vnd.jupyter.widget-{part}+json" for part in ("view", "state"))
    views = "".join(
        f'<script type="{view}">{json.dumps(spec)}</script>' for spec in data["view_specs"]
    )
    saved = json.dumps(data["manager_state"]).replace("</", "<\\/")
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>k-means</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<body><main>{views}</main>"
        f'<script type="{state}">{saved}</script><script src="{HOST.as_uri()}"></script>',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def show(chromium, tmp_path):
    """Function that opens a page with an explorer of a small photograph, from a file."""
    contexts, pages = [], []

    def show(*, width=1280, dark=False, calm=False, copies=1, image=None, **options):
        image = photograph("china", size=90) if image is None else image
        options = {"description": "A pavilion above a lake", **options}
        widget = KMeansExplorer(image, **options)
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if calm else "no-preference",
        )
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(write_page(tmp_path / "page.html", [widget] * copies).as_uri())
        expect(page.locator(".seg-kmeans")).to_have_count(copies)
        for status in role(page, "status").all():  # a run waits until its widget comes near
            status.scroll_into_view_if_needed()
            expect(status).to_have_text(SETTLED, timeout=30_000)
        expect(page.locator("canvas[data-iteration]")).to_have_count(copies)
        pages.append(page)
        return page

    yield show
    errors = [page.errors for page in pages]
    for context in contexts:
        context.close()
    Widget.close_all()
    assert not any(errors)


def picture(page, name="seg-picture"):
    """What a canvas holds."""
    return page.locator(f"canvas.{name}").first.evaluate("(canvas) => canvas.toDataURL()")


def pixels(page):
    """The values of the picture, (N, 4)."""
    data = """(canvas) => [...canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height).data]"""
    return np.array(page.locator("canvas.seg-picture").evaluate(data)).reshape(-1, 4)


def readings(page):
    names = ("iteration", "sum", "labels-count", "segments")
    texts = [role(page, name).inner_text().replace(",", "") for name in names]
    return [float(text) for text in texts]


def settle(page):
    expect(role(page, "status")).to_have_text(SETTLED, timeout=20_000)


def elbow_ready(page):
    expect(role(page, "elbow-text")).to_contain_text("the elbow rule says", timeout=20_000)


def test_the_page_opens_on_the_end_of_a_run(show):
    page = show(num_labels=4)
    iteration, mean_square, labels, segments = readings(page)
    assert iteration > 1
    assert 0 < mean_square < 0.1
    assert labels == 4
    assert segments > 4
    assert role(page, "heard").text_content() == ""  # nobody has asked


def test_what_is_read_is_what_scikit_learn_finds_from_there(show):
    """The numbers on show are of one settled run: its sum, labels and segments belong together."""
    page = show(num_labels=2, image=make_image(12, 16, levels=2))
    _, mean_square, labels, _ = readings(page)
    points = windows_of(make_image(12, 16, levels=2), 1) / 255
    starts = [KMeans(2, n_init=1, random_state=i, tol=0).fit(points) for i in range(40)]
    possible = {float(f"{model.inertia_ / points.size:.3g}") for model in starts}
    assert labels == 2
    assert mean_square in possible


def test_the_slider_and_its_keys_choose_k(show):
    page = show()
    slider = role(page, "num-labels")
    seen = [(picture(page), readings(page))]
    for key, k in (("ArrowRight", 7), ("End", 20), ("Home", 2)):
        slider.press(key)
        settle(page)
        assert slider.get_attribute("aria-valuetext") == str(k)
        assert readings(page)[2] == k
        seen.append((picture(page), readings(page)))
    assert len({shown for shown, _ in seen}) == 4
    sums = {reading[2]: reading[1] for _, reading in seen}
    assert sums[2] > sums[6] > sums[20]
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * 0.5, "y": box["height"] / 2})
    settle(page)
    assert readings(page)[2] in (10, 11, 12)


def test_windows_are_chosen_by_mouse_and_keys(show):
    page = show()
    before = readings(page)
    role(page, "window-7").click()
    settle(page)
    wide = readings(page)
    assert wide[3] < before[3], "wider windows leave fewer segments"
    role(page, "window-7").press("ArrowLeft")
    expect(role(page, "window-5")).to_be_checked()
    settle(page)
    assert wide[3] < readings(page)[3] < before[3]
    elbow_ready(page)
    assert "α = 5" in role(page, "elbow-text").inner_text()


def test_a_new_start_waits_and_steps_lower_the_sum(show):
    page = show()
    end = readings(page)
    role(page, "new-start").click()
    expect(role(page, "status")).to_have_text("Start 1: the starting means.")
    sums = [readings(page)[1]]
    first = picture(page)
    for iteration in (1, 2, 3):
        role(page, "one-step").press("Enter")
        expect(role(page, "iteration")).to_have_text(str(iteration))
        sums.append(readings(page)[1])
    assert sums == sorted(sums, reverse=True)
    assert sums[0] > sums[3]
    assert picture(page) != first
    assert "iteration 3" in role(page, "heard").text_content()
    role(page, "run").press("Enter")
    settle(page)
    assert readings(page)[0] > 3
    assert readings(page)[0] != end[0], "two starts take the same way"
    for key, iteration in (("Enter", "0"), ("Space", "1")):  # from the end back to the start
        role(page, "one-step").press(key)
        expect(role(page, "iteration")).to_have_text(iteration)


def test_one_start_repeats(show):
    page = show(seed=3)
    first = picture(page), readings(page)
    role(page, "run").click()
    expect(role(page, "run")).to_have_text("Pause")
    settle(page)
    expect(role(page, "run")).to_have_text("Run again")
    assert (picture(page), readings(page)) == first


def test_a_run_plays_and_can_be_paused(show):
    page = show(image=photograph("china", size=150), num_labels=20, window=5)
    end = readings(page)
    role(page, "run").click()
    expect(role(page, "run")).to_have_text("Pause")
    expect(role(page, "status")).to_contain_text("changed label")
    role(page, "run").click()
    expect(role(page, "run")).to_have_text("Run")
    expect(role(page, "heard")).to_contain_text("changed label")
    held = picture(page), readings(page)
    assert 0 < held[1][0] < end[0]
    page.wait_for_timeout(600)
    assert (picture(page), readings(page)) == held
    role(page, "run").click()
    settle(page)
    assert picture(page) != held[0]


def test_a_picture_redrawn_while_the_next_run_begins_is_that_of_the_last(show):
    page = show(image=photograph("china", size=180), num_labels=4)
    role(page, "window-7").check(force=True)
    slider = role(page, "num-labels")
    for key in ("End", "ArrowLeft"):  # more means than the run on show has
        slider.press(key)
        role(page, "coloring-labels").check(force=True)
        role(page, "coloring-means").check(force=True)
    settle(page)  # errors of the page fail the fixture


def test_less_motion_shows_only_the_end(show):
    page = show(calm=True, num_labels=12)
    page.evaluate("""() => {
      window.seen = [];
      const canvas = document.querySelector("canvas[data-iteration]");
      new MutationObserver(() => window.seen.push(canvas.dataset.iteration))
        .observe(canvas, { attributes: true, attributeFilter: ["data-iteration"] });
    }""")
    role(page, "num-labels").press("ArrowRight")
    expect(role(page, "labels-count")).to_have_text("13")
    settle(page)
    assert page.evaluate("window.seen") == [role(page, "iteration").inner_text()]


def test_colors_opacity_and_boundaries_change_the_picture(show):
    page = show()
    before, iterations = picture(page), readings(page)
    cloud = picture(page, "seg-cloud")
    role(page, "coloring-labels").click()
    assert picture(page) != before
    assert picture(page, "seg-cloud") != cloud
    role(page, "coloring-labels").press("ArrowLeft")
    expect(role(page, "coloring-means")).to_be_checked()
    assert picture(page) == before
    role(page, "boundaries").press("Space")
    assert picture(page) != before
    role(page, "boundaries").click()
    role(page, "opacity").press("Home")
    bare = pixels(page)
    role(page, "coloring-labels").click()
    difference = abs(pixels(page) - bare).max()  # the browser may round otherwise when it redraws
    assert difference <= 1, "without opacity there is only the photograph"
    assert len(np.unique(bare, axis=0)) > 256, "a photograph has more colours than labels"
    assert readings(page) == iterations, "the look is no reason to run again"


def test_each_cluster_is_drawn_in_its_mean(show):
    image = torch.zeros(3, 20, 40)
    image[0, :, :20] = 1
    image[2, :, 20:] = 0.8
    page = show(image=image, num_labels=2)
    left_and_right = """(canvas) => [0.25, 0.75].map((part) => [...canvas.getContext("2d")
        .getImageData(part * canvas.width, canvas.height / 2, 1, 1).data])"""
    colors = page.locator("canvas.seg-picture").evaluate(left_and_right)
    assert colors == [[255, 0, 0, 255], [0, 0, 204, 255]]


def test_the_elbow_is_marked_in_the_chart_in_words_and_in_the_table(show):
    page = show()
    elbow_ready(page)
    k = int(re.search(r"says k = (\d+)", role(page, "elbow-text").inner_text())[1])
    expect(role(page, "knee")).to_be_visible()
    toggle = role(page, "table-toggle")
    toggle.press("Enter")
    rows = [row.inner_text().split() for row in role(page, "table").locator("tbody tr").all()]
    assert [int(row[0]) for row in rows] == list(range(1, 21))
    sums = [float(row[1]) for row in rows]
    assert knee(list(range(2, 21)), sums[1:]) == k
    assert [row[0] for row in rows if "elbow" in row] == [str(k)]
    toggle.click()
    expect(role(page, "table")).to_be_hidden()


def test_a_click_and_the_arrow_keys_on_the_chart_choose_k(show):
    page = show(num_labels=9)
    elbow_ready(page)
    plot = page.locator(".seg-plot")
    width = plot.bounding_box()["width"]
    plot.click(position={"x": width * 6 / 18, "y": 20})
    expect(role(page, "num-labels")).to_have_value("8")
    chart = role(page, "elbow")
    expect(chart).to_be_focused()
    chart.press("ArrowRight")
    expect(role(page, "num-labels")).to_have_value("9")
    settle(page)
    assert readings(page)[2] == 9
    k = re.search(r"says k = (\d+)", role(page, "elbow-text").inner_text())[1]
    chart.press("Home")
    for _ in range(int(k) - 2):
        chart.press("ArrowRight")
    assert "the elbow" in chart.get_attribute("aria-valuetext")


def test_a_new_start_keeps_the_curve(show):
    page = show()
    elbow_ready(page)
    before = page.locator(".seg-line").get_attribute("d")
    role(page, "new-start").click()
    page.wait_for_timeout(300)
    assert page.locator(".seg-line").get_attribute("d") == before


def test_two_views_of_one_widget_share_the_knobs(show):
    page = show(copies=2)
    page.locator('[data-role="num-labels"]').first.press("Home")
    expect(role(page, "labels-count").last).to_have_text("2")
    role(page, "window-3").last.click()
    expect(role(page, "window-3").first).to_be_checked()
    expect(role(page, "window-1").first).not_to_be_checked()


def test_the_keyboard_reaches_every_control(show):
    page = show()
    elbow_ready(page)
    page.locator("body").press("Tab")
    reached = []
    for _ in range(20):
        reached.append(page.evaluate("document.activeElement.dataset.role"))
        page.keyboard.press("Tab")
    wanted = [
        "run", "one-step", "new-start", "num-labels", "window-1", "opacity", "boundaries",
        "coloring-means", "elbow", "table-toggle",
    ]  # fmt: skip
    assert reached[: len(wanted)] == wanted


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_has_no_serious_accessibility_violation(show, dark):
    page = show(dark=dark)
    elbow_ready(page)
    role(page, "table-toggle").click()
    assert serious_violations(page) == []


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_is_wide_enough(show, width):
    page = show(width=width)
    elbow_ready(page)
    assert page.locator(".seg-widget").evaluate(FITS)
    for name in (".seg-choice", ".seg-buttons", ".seg-curve", ".seg-readings"):
        for part in page.locator(name).all():
            assert part.evaluate(FITS), name
    for control in page.locator(VISIBLE_CONTROLS).all():
        box = control
        if control.get_attribute("type") == "checkbox":
            box = control.locator("xpath=..")  # its words can be touched, too
        assert box.bounding_box()["height"] >= 40, control.get_attribute("data-role")


def test_a_dark_page_has_a_dark_widget(show):
    look = "(e) => [getComputedStyle(e).color, getComputedStyle(e).background]"
    light, dark = (show(dark=d).locator(".seg-widget").evaluate(look) for d in (False, True))
    assert light[0] != dark[0]
    assert light[1] != dark[1]


def test_the_largest_run_ends_and_leaves_the_page_responsive(show):
    """All pixels, the widest window and the most clusters: the page answers while it runs."""
    page = show(image=photograph("china", size=180), num_labels=19, window=7)
    page.evaluate("""() => {
      window.turns = 0;
      setInterval(() => { window.turns += 1; });
    }""")
    role(page, "num-labels").press("ArrowRight")
    expect(role(page, "labels-count")).to_have_text("20")
    expect(role(page, "status")).to_have_text(SETTLED, timeout=60_000)
    # the run takes seconds; in one slice, the page would have had a turn or two
    assert page.evaluate("window.turns") > 20
