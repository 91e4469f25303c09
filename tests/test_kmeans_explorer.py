"""The k-means widget without a browser: what travels, and what is refused."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

from seglib import images, plotting
from seglib._kmeans_explorer import MAX_PIXELS
from seglib.widgets import KMeansExplorer

TEXT = "Coloured noise"


def make_image(height=16, width=24):
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))


def test_the_three_channels_travel_without_loss():
    image = make_image()
    planes = np.array(Image.open(io.BytesIO(KMeansExplorer(image, description=TEXT).planes)))
    assert planes.shape == (3 * 16, 24)
    expected = plotting.to_uint8(image).transpose(2, 0, 1)
    np.testing.assert_array_equal(planes.reshape(3, 16, 24), expected)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_image_of_one_color_has_one_byte_a_pixel_too(value):
    png = KMeansExplorer(torch.full((3, 4, 5), value), description=TEXT).planes
    assert (png[24], png[25], png[28]) == (8, 0, 0), "what decodeLabels reads: 8 bits, grey"


def test_a_photograph_weighs_little():
    image = images.photograph("china", size=180)
    widget = KMeansExplorer(image, description=TEXT)
    binary = len(base64.b64encode(widget.planes))
    assert binary + len(widget._esm) + len(widget._css) < 130_000


def test_the_knobs_start_as_they_are_given():
    widget = KMeansExplorer(make_image(), num_labels=20, window=7, seed=5, description=TEXT)
    assert (widget.num_labels, widget.window, widget.seed) == (20, 7, 5)
    assert len(widget.palette) == 20
    assert len({tuple(color) for color in widget.palette}) == 20


def test_the_largest_image_is_taken_and_one_more_row_is_not():
    KMeansExplorer(torch.zeros(3, MAX_PIXELS // 200, 200), description=TEXT)
    with pytest.raises(ValueError, match=r"at most 24000 pixels, got 121 × 200 = 24200"):
        KMeansExplorer(torch.zeros(3, MAX_PIXELS // 200 + 1, 200), description=TEXT)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_labels": 1}, ValueError, "num_labels must be at least 2, got 1"),
        ({"num_labels": 21}, ValueError, "num_labels must be at most 20, got 21"),
        ({"num_labels": 6.0}, TypeError, "num_labels must be an integer"),
        ({"window": 2}, ValueError, r"window must be one of \[1, 3, 5, 7\], got 2"),
        ({"window": 9}, ValueError, r"window must be one of \[1, 3, 5, 7\], got 9"),
        ({"window": 3.0}, TypeError, "window must be an integer"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"description": " "}, ValueError, "description must say in words"),
    ],
)
def test_what_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        KMeansExplorer(make_image(), **{"description": TEXT, **options})


def test_an_image_in_bytes_is_refused():
    with pytest.raises(TypeError, match="image"):
        KMeansExplorer((make_image() * 255).byte(), description=TEXT)


@pytest.mark.parametrize(("name", "value"), [("num_labels", 21), ("window", 4), ("coloring", "no")])
def test_a_trait_out_of_range_is_refused(name, value):
    widget = KMeansExplorer(make_image(), description=TEXT)
    with pytest.raises(traitlets.TraitError):
        setattr(widget, name, value)


def test_it_is_one_module_without_imports():
    widget = KMeansExplorer(make_image(), description=TEXT)
    assert "import " not in widget._esm.replace("no import", "")
    assert widget._esm.count("export default") == 1
    assert "http" not in widget._esm.replace("http://www.w3.org/2000/svg", "")
    assert ".seg-kmeans" in widget._css
