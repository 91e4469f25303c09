"""The widgets of the chapters in the built book: what a reader changes there changes the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect


def role(widget, name):
    return widget.locator(f'[data-role="{name}"]')


@pytest.fixture
def chapter(open_page, request):
    """A page of the book opened from a file; it has to stay free of errors and requests."""
    page = open_page(f"book/{request.param}.html", width=375)
    yield page
    assert page.console_errors == []
    assert page.refused_requests == []


@pytest.mark.parametrize("chapter", ["metrics"], indirect=True)
def test_scores_follow_a_change_of_the_map(chapter):
    lab = chapter.locator(".seg-lab").first
    lab.scroll_into_view_if_needed()
    score = lab.locator('[data-score="covering"] .seg-lab-value')
    expect(score).to_have_text("1.000")
    role(lab, "start").select_option(label="One segment")
    expect(score).not_to_have_text("1.000")


@pytest.mark.parametrize("chapter", ["pixels_and_clusters"], indirect=True)
def test_k_means_runs_to_its_end_for_another_k(chapter):
    explorer = chapter.locator(".seg-kmeans").first
    explorer.scroll_into_view_if_needed()
    status = role(explorer, "status")
    expect(status).to_contain_text("settled after", timeout=30_000)
    before = explorer.locator("canvas").first.screenshot()
    slider = role(explorer, "num-labels")
    slider.focus()
    slider.press("Home")
    expect(slider).to_have_value("2")
    expect(status).to_contain_text("settled after", timeout=30_000)
    assert explorer.locator("canvas").first.screenshot() != before


@pytest.mark.parametrize("width", [375, 1280])
def test_no_widget_grows_by_itself(open_page, width):
    page = open_page("book/pixels_and_clusters.html", width=width)
    explorer = page.locator(".seg-kmeans").first
    explorer.scroll_into_view_if_needed()
    expect(role(explorer, "status")).to_contain_text("settled after", timeout=30_000)
    expect(role(explorer, "elbow-text")).to_contain_text("the elbow rule says", timeout=60_000)
    height = explorer.bounding_box()["height"]
    page.wait_for_timeout(1000)
    assert explorer.bounding_box()["height"] == height < 2000


@pytest.mark.parametrize("chapter", ["superpixels"], indirect=True)
def test_a_pair_of_knobs_shows_its_own_map(chapter):
    explorers = chapter.locator(".seg-grid-explorer")
    expect(explorers).to_have_count(3)
    for number in range(3):
        explorer = explorers.nth(number)
        explorer.scroll_into_view_if_needed()
        canvas = explorer.locator("canvas").first
        expect(canvas).to_have_attribute("data-pair", re.compile(r"\d"))
        before, pair = canvas.screenshot(), canvas.get_attribute("data-pair")
        slider = role(explorer, "first")
        slider.focus()
        slider.press("ArrowRight")
        expect(canvas).not_to_have_attribute("data-pair", pair)
        assert canvas.screenshot() != before
