"""Images from every source come out as RGB in 0..1, or with one sentence on what is wrong."""

from __future__ import annotations

import importlib.util
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seglib.images import (
    MIN_SIDE,
    PHOTOGRAPHS,
    check_image,
    load_image,
    photograph,
    resize_image,
)

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def rgb() -> np.ndarray:
    """Return random pixels, higher than wide so that swapped sides show."""
    return np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)


def channel_first(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)


def assert_is_image(image: torch.Tensor, shape: tuple[int, int, int]) -> None:
    check_image(image)
    assert image.shape == shape
    assert image.is_contiguous()
    assert image.device.type == "cpu"


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "webp", "ppm"])
def test_lossless_file_keeps_every_pixel(tmp_path, rgb, suffix):
    file = tmp_path / f"photo.{suffix}"
    Image.fromarray(rgb).save(file, **({"lossless": True} if suffix == "webp" else {}))
    image = load_image(file)
    assert_is_image(image, (3, 7, 5))
    torch.testing.assert_close(image, channel_first(rgb) / 255)


def test_path_may_be_a_string_or_start_at_home(tmp_path, rgb, monkeypatch):
    Image.fromarray(rgb).save(tmp_path / "photo.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    expected = load_image(tmp_path / "photo.png")
    assert torch.equal(load_image(str(tmp_path / "photo.png")), expected)
    assert torch.equal(load_image("~/photo.png"), expected)


def test_jpeg_is_close(tmp_path):
    Image.new("RGB", (16, 16), RED).save(tmp_path / "red.jpg", quality=95)
    image = load_image(tmp_path / "red.jpg")
    expected = torch.tensor([1.0, 0.0, 0.0])[:, None, None].expand(3, 16, 16)
    torch.testing.assert_close(image, expected, atol=0.02, rtol=0)


def test_orientation_of_the_camera_is_applied(tmp_path):
    pixels = np.zeros((4, 6, 3), dtype=np.uint8)
    pixels[0, 0] = RED  # top left as stored
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    image = load_image(tmp_path / "turned.png")
    assert image.shape == (3, 6, 4)
    assert image[:, 0, 3].tolist() == [1, 0, 0], "the red corner must be at the top right"
    assert image.sum() == 1


def test_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (6, 4), color) for color in (RED, GREEN, BLUE)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    image = load_image(tmp_path / "film.gif")
    assert_is_image(image, (3, 4, 6))
    assert image[:, 0, 0].tolist() == [1, 0, 0]


def test_grey_file_with_16_bits_keeps_them(tmp_path):
    grey = np.array([[0, 1, 256], [257, 32768, 40000], [65533, 65534, 65535]], dtype=np.uint16)
    for name in ("grey.png", "grey.tif"):
        Image.fromarray(grey).save(tmp_path / name)
        image = load_image(tmp_path / name)
        expected = torch.from_numpy(grey.astype(np.float32) / 65535).expand(3, 3, 3)
        torch.testing.assert_close(image, expected, rtol=0, atol=1e-7)


def test_float_tiff(tmp_path):
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    Image.fromarray(values).save(tmp_path / "float.tif")
    torch.testing.assert_close(load_image(tmp_path / "float.tif")[1], torch.from_numpy(values))
    Image.fromarray(values * 200).save(tmp_path / "float.tif")
    with pytest.raises(ValueError, match=r"must lie in 0\.\.1, got 0\.\.200"):
        load_image(tmp_path / "float.tif")


def test_missing_file():
    with pytest.raises(
        FileNotFoundError, match=r"expected an image file, found nothing at 'no\.png'"
    ):
        load_image("no.png")
    with pytest.raises(FileNotFoundError, match="found nothing at ''"):
        load_image("")


def test_folder(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load_image(tmp_path)


def test_empty_file(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ValueError, match=r"empty\.png' is empty \(0 bytes\)"):
        load_image(tmp_path / "empty.png")


def test_file_that_is_no_image(tmp_path):
    (tmp_path / "notes.jpg").write_text("Buy bread, milk, and a longer list of things.\n")
    with pytest.raises(ValueError, match=r"expected an image that Pillow can read.*notes\.jpg"):
        load_image(tmp_path / "notes.jpg")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "bmp"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_truncated_file(tmp_path, suffix, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = tmp_path / f"cut.{suffix}"
    Image.fromarray(noise).save(file)
    data = file.read_bytes()
    file.write_bytes(data[: int(part * len(data))])
    with pytest.raises(ValueError, match=r"cut\.\w+' is (truncated or|none or is) damaged"):
        load_image(file)


def test_address_is_refused_with_advice():
    with pytest.raises(ValueError, match="download it first"):
        load_image("https://example.org/photo.jpg")


# ---- size limits ---------------------------------------------------------------------------------


def huge_png(file: Path, side: int) -> Path:
    """Write a PNG whose header promises side × side pixels and whose data are missing."""
    Image.new("1", (8, 8)).save(file)
    data = bytearray(file.read_bytes())
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    file.write_bytes(data)
    return file


def test_large_file_is_refused_before_it_is_decoded(tmp_path):
    file = huge_png(tmp_path / "huge.png", 100_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow's own warning must not show
        with pytest.raises(
            ValueError, match=r"100000 × 100000 = 10,000,000,000 pixels.*max_pixels"
        ):
            load_image(file)


def test_our_limit_replaces_the_one_of_pillow(tmp_path, rgb, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # Pillow alone would refuse 35 pixels
    Image.fromarray(rgb).save(tmp_path / "photo.png")
    assert load_image(tmp_path / "photo.png").shape == (3, 7, 5)
    assert Image.MAX_IMAGE_PIXELS == 10, "the limit of other users of Pillow must come back"


def test_limit_holds_for_every_source_and_can_be_raised(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / "photo.png")
    tensor = channel_first(rgb) / 255
    for source in (tmp_path / "photo.png", Image.fromarray(rgb), rgb, tensor):
        with pytest.raises(ValueError, match=r"7 × 5 = 35 pixels, more than the limit of 34"):
            load_image(source, max_pixels=34)
        assert load_image(source, max_pixels=35).shape == (3, 7, 5)


@pytest.mark.parametrize("shape", [(MIN_SIDE - 1, 50), (50, MIN_SIDE - 1), (1, 1)])
def test_too_few_pixels(shape):
    message = f"at least {MIN_SIDE} pixels along each side, got {shape[0]} × {shape[1]}"
    for source in (np.zeros(shape), torch.zeros(shape), Image.new("L", shape[::-1])):
        with pytest.raises(ValueError, match=message):
            load_image(source)
    assert load_image(np.zeros((MIN_SIDE, MIN_SIDE))).shape == (3, MIN_SIDE, MIN_SIDE)


@pytest.mark.parametrize("source", [np.zeros((0, 5)), torch.zeros(3, 4, 0), np.zeros((0, 0, 3))])
def test_empty_image(source):
    with pytest.raises(ValueError, match="the image is empty"):
        load_image(source)


def test_empty_pillow_image():
    for mode in ("RGB", "I", "F", "RGBA", "P"):
        with pytest.raises(ValueError, match="the image is empty"):
            load_image(Image.new(mode, (0, 5)))


# ---- Pillow images -------------------------------------------------------------------------------


def test_grey_is_repeated(rgb):
    image = load_image(Image.fromarray(rgb[..., 0]))
    expected = channel_first(rgb[..., :1]).expand(3, 7, 5) / 255
    torch.testing.assert_close(image, expected)
    assert_is_image(image, (3, 7, 5))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_image_is_laid_on_white(mode):
    rgba = np.zeros((3, 4, 4), dtype=np.uint8)  # black
    rgba[0, :, 3], rgba[1, :, 3] = 255, 51  # opaque, one fifth opaque, and clear
    image = load_image(Image.fromarray(rgba).convert(mode))
    rows = torch.tensor([0.0, 0.8, 1.0])[None, :, None].expand(3, 3, 4)
    torch.testing.assert_close(image, rows)


def test_palette(tmp_path):
    picture = Image.fromarray(np.array([[0, 1, 2]] * 3, dtype=np.uint8))
    picture.putpalette([*RED, *GREEN, *BLUE])
    assert picture.mode == "P"
    picture.save(tmp_path / "plain.png")
    picture.save(tmp_path / "clear.png", transparency=2)
    torch.testing.assert_close(load_image(tmp_path / "plain.png")[:, 0], torch.eye(3))
    on_white = torch.tensor([[1.0, 0, 1], [0, 1, 1], [0, 0, 1]])
    torch.testing.assert_close(load_image(tmp_path / "clear.png")[:, 0], on_white)


def test_transparent_colour_of_a_grey_png(tmp_path):
    Image.fromarray(np.full((3, 3), 7, np.uint8)).save(tmp_path / "clear.png", transparency=7)
    assert load_image(tmp_path / "clear.png").min() == 1


def test_other_modes_of_pillow():
    black_white = Image.fromarray(np.eye(3, dtype=bool))
    assert black_white.mode == "1"
    torch.testing.assert_close(load_image(black_white), torch.eye(3).expand(3, 3, 3))
    red = torch.tensor([1.0, 0, 0])
    assert load_image(Image.new("CMYK", (3, 3), (0, 255, 255, 0)))[:, 1, 1].equal(red)
    assert load_image(Image.new("HSV", (3, 3), (0, 255, 255)))[:, 1, 1].equal(red)
    wide = Image.new("I", (3, 3), 65535)
    assert load_image(wide).min() == 1


def test_modes_of_pillow_that_are_refused():
    with pytest.raises(ValueError, match="got Pillow's mode 'La'; convert it to RGB first"):
        load_image(Image.new("La", (3, 3)))
    with pytest.raises(ValueError, match=r"expected grey values in 0\.\.65535 \(16 bits\), got"):
        load_image(Image.new("I", (3, 3), 70000))


# ---- arrays and tensors --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 1), (7, 5, 3), (7, 5, 4)])
def test_shapes_of_arrays(shape):
    pixels = np.random.default_rng(0).random(shape, dtype=np.float32)
    image = load_image(pixels)
    assert_is_image(image, (3, 7, 5))
    if len(shape) == 3 and shape[2] == 3:
        torch.testing.assert_close(image, channel_first(pixels))


@pytest.mark.parametrize("shape", [(7, 5), (1, 7, 5), (3, 7, 5)])
def test_shapes_of_tensors(shape):
    pixels = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    image = load_image(pixels)
    assert_is_image(image, (3, 7, 5))
    torch.testing.assert_close(image, pixels.expand(3, 7, 5))


def test_the_type_decides_where_the_channels_are():
    cube = np.random.default_rng(0).random((3, 3, 3), dtype=np.float32)
    torch.testing.assert_close(load_image(torch.from_numpy(cube)), torch.from_numpy(cube))
    torch.testing.assert_close(load_image(cube), channel_first(cube))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((3, 7, 5)), r"array must have shape .* got \(3, 7, 5\); .*transpose\(1, 2, 0\)"),
        (np.zeros((7, 5, 2)), r"array must have shape .* got \(7, 5, 2\)$"),
        (np.zeros((2, 7, 5, 3)), r"got \(2, 7, 5, 3\); pass one image of the batch"),
        (np.zeros(9), r"array must have shape .* got \(9,\)$"),
        (torch.zeros(7, 5, 3), r"tensor must have shape .* got \(7, 5, 3\); .*permute\(2, 0, 1\)"),
        (torch.zeros(4, 7, 5), r"tensor must have shape .* got \(4, 7, 5\)$"),
        (torch.zeros(1, 3, 7, 5), r"got \(1, 3, 7, 5\); pass one image of the batch"),
        (torch.tensor(0.0), r"tensor must have shape .* got \(\)$"),
    ],
)
def test_wrong_shapes(source, message):
    with pytest.raises(ValueError, match=message):
        load_image(source)


@pytest.mark.parametrize("dtype", ["bool", "u1", "<u2", ">u2", "f2", "<f4", ">f4", "f8"])
def test_types_of_values(dtype):
    top = {"u1": 255, "<u2": 65535, ">u2": 65535}.get(dtype, 1)
    pixels = (np.eye(4) * top).astype(dtype)
    torch.testing.assert_close(load_image(pixels), torch.eye(4).expand(3, 4, 4))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "bfloat16", "float16", "float64"])
def test_types_of_tensors(dtype):
    top = {"uint8": 255, "uint16": 65535}.get(dtype, 1)
    pixels = torch.from_numpy(np.eye(4, dtype=np.int32) * top).to(getattr(torch, dtype))
    torch.testing.assert_close(load_image(pixels), torch.eye(4).expand(3, 4, 4))


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint32", "complex64", "object"])
def test_other_types_of_values_are_refused(dtype):
    with pytest.raises(TypeError, match=f"bool, uint8, uint16 or float, got {dtype};"):
        load_image(np.zeros((4, 4), dtype=dtype))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_values_must_be_finite(bad):
    for source in (np.zeros((4, 4, 3)), torch.zeros(3, 4, 4)):
        source[1, 2, 2] = bad
        with pytest.raises(ValueError, match="must be finite, got NaN or infinity"):
            load_image(source)


@pytest.mark.parametrize(
    ("low", "high", "hint"),
    [
        (0, 255, r"image / 255"),
        (0, 4095, r"image / 65535"),
        (-0.02, 1.05, r"image\.clip\(0, 1\)"),
        (-1, 1, r"\(image \+ 1\) / 2"),
        (-2.1, 2.6, r"\(image - image\.min\(\)\) / \(image\.max\(\) - image\.min\(\)\)"),
    ],
)
def test_floats_outside_the_range_get_a_remedy(low, high, hint):
    pixels = np.linspace(low, high, 16).reshape(4, 4)
    with pytest.raises(ValueError, match=rf"in 0\.\.1, got {low}\.\.{high}; perhaps use {hint}$"):
        load_image(pixels)


def test_rounding_is_forgiven_and_clipped():
    image = load_image(np.array([[-1e-7, 0.5, 1 + 1e-7]] * 3))
    assert image.min() == 0
    assert image.max() == 1


@pytest.mark.parametrize("source", [None, 3, [[0.0] * 4] * 4, b"photo.png", object()])
def test_other_sources_are_refused(source):
    message = "must be a path, a Pillow image, an array or a tensor, got " + type(source).__name__
    with pytest.raises(TypeError, match=message):
        load_image(source)


def test_the_result_is_a_copy_without_gradient():
    array = np.zeros((4, 4, 3), dtype=np.float32)
    tensor = torch.zeros(3, 4, 4, requires_grad=True)
    for source in (array, tensor, Image.fromarray(array.astype(np.uint8))):
        image = load_image(source)
        assert not image.requires_grad
        image.fill_(1)
        assert float(np.asarray(load_image(source)).max()) == 0, "the source must not change"


def test_loading_twice_changes_nothing(rgb):
    once = load_image(rgb)
    assert torch.equal(load_image(once), once)
    assert torch.equal(load_image(once.permute(1, 2, 0).numpy()), once)


def test_strided_views(rgb):
    view = rgb[::-1, ::-1]
    torch.testing.assert_close(load_image(view), load_image(rgb).flip(1, 2))


# ---- check_image ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (
            np.zeros((3, 4, 4), np.float32),
            TypeError,
            "must be a tensor, got ndarray; use load_image",
        ),
        (torch.zeros(3, 4, 4).double(), TypeError, r"must be float32, got torch\.float64"),
        (torch.zeros(3, 4, 4).byte(), TypeError, r"must be float32, got torch\.uint8"),
        (torch.zeros(4, 4), ValueError, r"shape \(3, H, W\), got \(4, 4\)"),
        (torch.zeros(1, 4, 4), ValueError, r"shape \(3, H, W\), got \(1, 4, 4\)"),
        (torch.zeros(1, 3, 4, 4), ValueError, r"shape \(3, H, W\), got \(1, 3, 4, 4\)"),
        (torch.zeros(3, 2, 9), ValueError, "at least 3 pixels along each side, got 2 × 9"),
        (torch.zeros(3, 0, 9), ValueError, "is empty"),
        (torch.full((3, 4, 4), torch.nan), ValueError, "must be finite"),
        (torch.full((3, 4, 4), torch.inf), ValueError, "must be finite"),
        (torch.full((3, 4, 4), 255.0), ValueError, r"in 0\.\.1, got 255\.\.255; .* image / 255"),
    ],
)
def test_check_image_says_what_is_wrong(image, error, message):
    with pytest.raises(error, match=message):
        check_image(image)


def test_one_bad_value_is_enough():
    image = torch.rand(3, 20, 20)
    image[1, 7, 7] = torch.nan
    with pytest.raises(ValueError, match="finite"):
        check_image(image)


# ---- resize_image --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((40, 60), 30, (20, 30)),
        ((60, 40), 30, (30, 20)),
        ((41, 60), 30, (20, 30)),
        ((40, 60), 60, (40, 60)),
        ((40, 60), 600, (40, 60)),
        ((4, 400), 20, (MIN_SIDE, 20)),
        ((40, 60), (10, 80), (10, 80)),
        ((40, 60), [80, 120], (80, 120)),
        ((40, 60), np.int64(30), (20, 30)),
    ],
)
def test_resize_shapes(shape, size, expected):
    image = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
    resized = resize_image(image, size)
    check_image(resized)
    assert resized.shape[1:] == expected


def test_resize_keeps_flat_colours_and_the_mean():
    flat = torch.tensor([0.2, 0.5, 0.9])[:, None, None].expand(3, 33, 47)
    torch.testing.assert_close(resize_image(flat, 11), flat[:, :8, :11], check_stride=False)
    noise = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert abs(resize_image(noise, 16).mean() - noise.mean()) < 0.01


def test_resize_is_antialiased():
    fine = (torch.arange(64) % 2).float().expand(3, 64, 64)  # finer than the result can show
    inner = resize_image(fine, 16)[:, 2:-2, 2:-2]
    assert (inner - 0.5).abs().max() < 0.1, "every second column must blend to grey"


@pytest.mark.parametrize("size", ["30", 30.5, None, (30.0, 20.0), ("30", "20")])
def test_resize_wants_whole_numbers(size):
    with pytest.raises(TypeError, match="size must be a whole number"):
        resize_image(torch.rand(3, 8, 8), size)


@pytest.mark.parametrize("size", [0, -5, 2, (2, 30), (30, 20, 10), (30,), ()])
def test_resize_refuses_sizes(size):
    with pytest.raises(ValueError, match="size must be"):
        resize_image(torch.rand(3, 8, 8), size)


# ---- photographs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photograph(name):
    image = photograph(name, size=64)
    check_image(image)
    assert max(image.shape[1:]) == 64
    assert image.std() > 0.01, "a photograph is not flat"


def test_photograph_reads_the_file_of_its_package():
    skimage_data = pytest.importorskip("skimage.data")
    torch.testing.assert_close(photograph("coffee"), load_image(skimage_data.coffee()))
    torch.testing.assert_close(photograph("camera"), load_image(skimage_data.camera()))


def test_descriptions_serve_as_alt_text():
    for name, record in PHOTOGRAPHS.items():
        assert 20 <= len(record.description) <= 125, name
        assert not record.description.endswith("."), name
        assert record.credit, name
        assert record.licence, name
    assert list(PHOTOGRAPHS) == sorted(PHOTOGRAPHS)


def test_unknown_photograph_gets_the_list():
    with pytest.raises(ValueError, match=r"must be one of astronaut, .*rocket; got 'lena'"):
        photograph("lena")


def test_photograph_of_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="'coffee' is in the package skimage: install it"):
        photograph("coffee")
