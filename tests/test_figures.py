"""figures: HTML with words for everything that is drawn."""

import re
from html.parser import HTMLParser

import pytest
import torch

from seglib.figures import LINE_COLORS, new_chart, show_chart, show_images


class Tags(HTMLParser):
    """Collect (tag, attributes)."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def test_each_picture_has_its_title_as_alternative_text():
    labels = torch.tensor([[0, 1], [1, 1]])
    figure = show_images(
        [torch.rand(3, 70, 90), labels, torch.rand(5, 5)],
        ["photograph", 'labels "q"', "grey"],
        alt="Three pictures.",
    )
    tags = Tags(figure._repr_html_())
    assert [image["alt"] for image in tags.of("img")] == ["photograph", 'labels "q"', "grey"]
    assert tags.of("div")[0]["aria-label"] == "Three pictures."
    assert all(image["src"].startswith("data:image/") for image in tags.of("img"))
    assert "pixelated" in tags.of("img")[1]["style"]
    assert "pixelated" not in tags.of("img")[0]["style"]


def test_a_chart_is_an_image_with_words_and_takes_the_color_of_the_page():
    figure, axes = new_chart()
    axes.plot([1, 2, 3])
    axes.set_xlabel("step")
    shown = show_chart(figure, alt="A <rising> line.")
    chart = Tags(shown._repr_html_()).of("div")[0]
    assert chart["role"] == "img"
    assert chart["aria-label"] == "A <rising> line."
    assert "currentColor" in shown.html
    assert "#010203" not in shown.html
    assert "http://www.w3.org" in shown.html
    assert "<metadata" not in shown.html
    assert ">step</text>" in shown.html


def test_the_same_chart_twice_is_the_same_text_and_two_charts_share_no_id():
    def draw(alt):
        figure, axes = new_chart()
        axes.plot([1, 2, 3])
        return show_chart(figure, alt=alt).html

    assert draw("one") == draw("one")
    ids = [
        {attributes["id"] for _, attributes in Tags(draw(alt)).found if "id" in attributes}
        for alt in ("one", "two")
    ]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])


def test_no_id_stands_twice_in_a_figure_of_several_charts_and_links_still_meet():
    charts = []
    for _ in range(2):
        figure, axes = new_chart()
        axes.plot([1, 2, 3], marker="o")
        charts.append(figure)
    text = show_chart(*charts, alt="Two charts.").html
    ids = [attributes["id"] for _, attributes in Tags(text).found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = re.findall(r'(?:url\(#|href="#)([^")]+)', text)
    assert links
    assert set(links) <= set(ids)


def test_all_words_of_a_chart_take_the_color_of_the_page():
    figure, axes = new_chart()
    axes.plot([1, 2, 3], label="curve")
    axes.set(title="title", xlabel="step", ylabel="loss")
    axes.text(1, 2, "note")
    axes.legend()
    svg = show_chart(figure, alt="A line.").html
    words = re.findall(r"<text style=\"([^\"]*)\"[^>]*>([^<]*)<", svg)
    assert {"curve", "title", "step", "loss", "note"} <= {word for _, word in words}
    assert all("fill: currentColor" in style for style, _ in words), words


def test_several_charts_are_one_image_with_one_description():
    charts = [new_chart()[0] for _ in range(2)]
    tags = Tags(show_chart(*charts, alt="Two charts.").html)
    assert len(tags.of("svg")) == 2
    assert [d["aria-label"] for d in tags.of("div")] == ["Two charts."]


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("color", LINE_COLORS)
def test_lines_can_be_seen_on_the_light_and_on_the_dark_page(color):
    line, dark = luminance(color) + 0.05, luminance("#14171c") + 0.05
    assert 1.05 / line >= 3
    assert line / dark >= 3


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="alt and titles must say what is shown"):
        show_images([torch.zeros(3, 4, 4)], ["title"], alt=" ")
    with pytest.raises(ValueError, match="alt must say what is shown"):
        show_chart(new_chart()[0], alt="")
    with pytest.raises(ValueError, match="titles must be one for each of 1 images, got 0"):
        show_images([torch.zeros(3, 4, 4)], [], alt="x")
    for picture in ("photo.jpg", torch.zeros(4, 5, 5), torch.zeros(1, 5, 5).numpy()):
        with pytest.raises(TypeError, match="a picture must be a float tensor"):
            show_images([picture], ["title"], alt="x")
    with pytest.raises(ValueError, match="columns must be at least 1, got 0"):
        show_images([torch.zeros(3, 4, 4)], ["title"], alt="x", columns=0)
