"""plotting: colours stay with their labels, files read back as what they hold."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from seglib.images import photograph
from seglib.plotting import (
    OKABE_ITO,
    encode_labels,
    encode_palette_png,
    encode_photo,
    label_colors,
    overlay,
    to_uint8,
)


def read(data):
    return np.array(Image.open(io.BytesIO(data)))


def hexadecimal(color):
    return "#" + bytes(color.tolist()).hex()


def test_largest_labels_of_the_last_map_get_the_clearest_colors():
    first = torch.tensor([[0, 0, 0, 1, 2, 3]])
    last = torch.tensor([[5, 5, 5, 2, 2, 0]])
    colors = label_colors([first, last], num_labels=8)
    assert [hexadecimal(colors[c]) for c in (5, 2, 0)] == list(OKABE_ITO[:3])
    assert hexadecimal(colors[1]) == OKABE_ITO[3]  # gone by the last map
    assert colors.shape == (8, 3)


def test_the_first_24_colors_differ():
    colors = label_colors(torch.arange(24)[None])
    assert len({tuple(color) for color in colors.tolist()}) == 24


def test_overlay_mixes_and_draws_boundaries():
    image = torch.zeros(3, 2, 4)
    labels = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1]])
    colors = np.array([[200, 0, 0], [0, 100, 0]], dtype=np.uint8)
    picture = overlay(image, labels, colors=colors, opacity=0.5)
    assert picture[0, 0].tolist() == [100, 0, 0]
    assert picture[0, 3].tolist() == [0, 50, 0]
    assert picture[0, 1].tolist() == [255, 255, 255]
    bare = overlay(image, labels, colors=colors, opacity=1.0, boundaries=False)
    assert np.array_equal(bare, colors[labels.numpy()])


def test_overlay_without_opacity_is_the_photograph():
    image = photograph("coffee", size=40)
    labels = torch.zeros(image.shape[1:], dtype=torch.int64)
    assert np.array_equal(overlay(image, labels, opacity=0.0), to_uint8(image))


def test_label_files_read_back_as_labels():
    labels = torch.randint(256, (20, 30), generator=torch.Generator().manual_seed(0))
    assert np.array_equal(read(encode_labels(labels)), labels)
    assert np.array_equal(read(encode_palette_png(labels, label_colors(labels))), labels)


@pytest.mark.parametrize("num_labels", [1, 2, 5, 16, 17, 256])
def test_a_label_map_has_one_byte_a_pixel_and_no_interlacing(num_labels):
    labels = torch.arange(num_labels).reshape(1, -1)
    data = encode_labels(labels)
    assert (data[24], data[28]) == (8, 0)  # what the widgets rely on
    assert np.array_equal(read(data), labels)


def test_a_label_without_a_color_is_refused_and_not_changed():
    with pytest.raises(ValueError, match="colors must have a row for each label up to 5, got 2"):
        encode_palette_png(torch.tensor([[0, 5]]), np.zeros((2, 3), np.uint8))


def test_too_few_colors_asked_for():
    with pytest.raises(ValueError, match="num_labels must be at least 4, got 2"):
        label_colors(torch.tensor([[0, 3]]), num_labels=2)


def test_photo_file_looks_like_the_photograph_and_is_small():
    image = photograph("coffee", size=240)
    data = encode_photo(image)
    assert np.abs(read(data).astype(int) - to_uint8(image).astype(int)).mean() < 6
    assert len(data) < 0.25 * image.numel()


def test_bad_input_gets_one_sentence():
    labels = torch.zeros(4, 6, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"the height and width of the image, \(6, 4\)"):
        overlay(torch.zeros(3, 6, 4), labels)
    with pytest.raises(ValueError, match="opacity must be at most 1, got 2"):
        overlay(torch.zeros(3, 4, 6), labels, opacity=2)
    with pytest.raises(ValueError, match="colors must have a row for each label up to 3, got 2"):
        overlay(torch.zeros(3, 4, 6), labels + 3, colors=np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.255 to fit one byte, got 300"):
        encode_labels(labels + 300)
    with pytest.raises(ValueError, match="maps must hold at least one label map, got none"):
        label_colors([])
