"""Data sets are read as published, and what is missing, damaged or cut off is named.

The small sets are made here in the official layouts. What runs on the real ones needs the folder
that SEGLIB_DATA names, and is skipped without it.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import http.server
import io
import os
import pickle
import re
import struct
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from seglib import datasets
from seglib._layouts import digest, locate, number_of_images
from seglib.datasets import DATASETS, VOID, Download, Split

REAL = os.environ.get("SEGLIB_DATA")
needs_real = pytest.mark.skipif(not REAL, reason="SEGLIB_DATA names no folder with data sets")
RNG = np.random.default_rng(0)
GRABCUT = datasets.DATASETS["grabcut"]


@pytest.fixture(autouse=True)
def no_data_of_the_user(monkeypatch, tmp_path):
    """Keep the folder of the user out of the tests on small sets."""
    monkeypatch.delenv("SEGLIB_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)


# ---- small sets ----------------------------------------------------------------------------------


def save_image(file: Path, height: int, width: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(file)


def save_pixels(file: Path, pixels: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(file)


def save_mat(file: Path, maps: list[np.ndarray]) -> None:
    """Write label maps in the nested cells of BSDS500."""
    file.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(maps)), dtype=object)
    for number, labels in enumerate(maps):
        cells[0, number] = {"Segmentation": labels, "Boundaries": np.zeros_like(labels, np.uint8)}
    scipy.io.savemat(file, {"groundTruth": cells}, do_compression=True)


def make_bsds500(home: Path, names=("100", "20"), split="test") -> list[np.ndarray]:
    maps = [RNG.integers(1, 4, (8, 12)).astype(np.uint16) for _ in range(3)]
    for labels in maps:
        labels[0, 0] = 1
    for name in names:
        save_image(home / f"BSDS500/data/images/{split}/{name}.jpg", 8, 12)
        save_mat(home / f"BSDS500/data/groundTruth/{split}/{name}.mat", maps)
    return maps


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}i", *array.shape)
    return gzip.compress(head + array.astype(np.uint8).tobytes())


def make_mnist(home: Path, count=5) -> tuple[np.ndarray, np.ndarray]:
    folder = home / "mnist"
    folder.mkdir(parents=True)
    images = RNG.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = RNG.integers(0, 10, count, dtype=np.uint8)
    for prefix in ("train", "t10k"):
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(idx(labels))
    return images, labels


def shrink(monkeypatch, name: str, home: Path, **changes) -> None:
    """Let the registry expect the small set that lies in a folder."""
    dataset = DATASETS[name]
    splits = {}
    for split in dataset.splits:
        items, _ = locate(name, home / dataset.folders[0], split)
        splits[split] = Split(number_of_images(items), digest(items))
    monkeypatch.setitem(DATASETS, name, dataclasses.replace(dataset, splits=splits, **changes))


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


# ---- the registry --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DATASETS)
def test_every_set_says_where_it_is_from_on_which_terms_and_what_to_cite(name):
    dataset = DATASETS[name]
    assert re.match("https?://", dataset.page)
    assert dataset.terms
    assert re.search(r"(19|20)\d\d", dataset.citation), "a citation has a year"
    assert dataset.size > 0
    assert dataset.downloads or dataset.by_hand
    for split in dataset.splits.values():
        assert split.count > 0
        assert re.fullmatch("([0-9a-f]{64})?", split.digest)
    for download in dataset.downloads:
        assert re.match("https://", download.url)
        assert re.fullmatch("([0-9a-f]{64})?", download.sha256)
        assert download.sha256 or download.member, "a plain file is verified by its hash alone"
    assert dataset.title in datasets.describe(name)
    assert dataset.page in datasets.describe(name)


@pytest.mark.parametrize("name", DATASETS)
def test_missing_set_is_one_sentence_with_the_way_to_it(name, tmp_path):
    reader = getattr(datasets, name)
    with pytest.raises(FileNotFoundError) as caught:
        reader(folder=tmp_path)
    said = str(caught.value)
    dataset = DATASETS[name]
    assert dataset.title in said
    assert str(tmp_path) in said
    assert dataset.terms in said
    assert f"{dataset.size / 1e6:.1f} MB" in said
    if dataset.downloads:
        assert f"`python -m seglib data {name} --folder {tmp_path}`" in said
    else:
        assert dataset.page in said
    assert "\n" not in said


def test_the_folder_is_the_argument_then_the_variable_then_the_cache(tmp_path, monkeypatch):
    for place in ("argument", "variable", "cache/seglib"):
        make_bsds500(tmp_path / place)
    assert datasets.data_folder("bsds500") == tmp_path / "cache/seglib/BSDS500"
    monkeypatch.setenv("SEGLIB_DATA", str(tmp_path / "variable"))
    assert datasets.data_folder("bsds500") == tmp_path / "variable/BSDS500"
    found = datasets.data_folder("bsds500", tmp_path / "argument")
    assert found == tmp_path / "argument/BSDS500"


def test_the_folder_that_the_archive_makes_is_found_too(tmp_path):
    make_bsds500(tmp_path / "BSR")
    assert datasets.data_folder("bsds500", tmp_path) == tmp_path / "BSR/BSDS500"
    assert len(datasets.bsds500(folder=tmp_path, partial=True)) == 2


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must be one of bsds500, mnist, .*got 'coco'"):
        datasets.data_folder("coco")
    for call in (datasets.describe, datasets.fetch, datasets.check):
        with pytest.raises(ValueError, match="got 'coco'"):
            call("coco")
    make_bsds500(tmp_path)
    make_mnist(tmp_path)
    with pytest.raises(ValueError, match="must be one of test, val, train; got 'tests'"):
        datasets.bsds500("tests", tmp_path)
    with pytest.raises(ValueError, match="must be one of train, test; got 'val'"):
        datasets.mnist("val", tmp_path)


# ---- BSDS500 -------------------------------------------------------------------------------------


def test_bsds500_gives_what_was_written(tmp_path):
    maps = make_bsds500(tmp_path)
    records = datasets.bsds500("test", tmp_path, partial=True)
    assert records.names == ("100", "20")
    record = records.named("20")
    assert record.name == records[-1].name == "20"
    assert record.image.shape == (3, 8, 12)
    assert record.image.dtype == torch.float32
    assert len(record.annotations) == 3
    for labels, written in zip(record.annotations, maps, strict=True):
        assert labels.dtype == torch.int64
        assert labels.min() == 0
        assert torch.equal(labels + 1, torch.from_numpy(written.astype(np.int64)))
    with pytest.raises(KeyError, match="one of 2 images, got '30'"):
        records.named("30")


def test_images_are_read_only_when_they_are_asked_for(tmp_path):
    make_bsds500(tmp_path)
    halve(tmp_path / "BSDS500/data/images/test/20.jpg")
    records = datasets.bsds500("test", tmp_path, partial=True)
    assert [record.name for record in records[:1]] == ["100"]
    with pytest.raises(ValueError, match=r"20\.jpg' is .*damaged"):
        list(records)


def test_records_travel_to_another_process(tmp_path):
    make_bsds500(tmp_path)
    records = pickle.loads(pickle.dumps(datasets.bsds500("test", tmp_path, partial=True)))
    assert records[0].name == "100"


def test_a_part_of_a_split_is_not_taken_for_the_whole(tmp_path):
    make_bsds500(tmp_path)
    with pytest.raises(ValueError, match=r"split test, must have 200 images, found 2 .*partial"):
        datasets.bsds500("test", tmp_path)
    with pytest.raises(ValueError, match="split val, must have 100 images, found 0"):
        datasets.bsds500("val", tmp_path, partial=True)


def test_an_image_without_truth_is_named(tmp_path, monkeypatch):
    make_bsds500(tmp_path)
    shrink(monkeypatch, "bsds500", tmp_path)
    assert len(datasets.bsds500("test", tmp_path)) == 2
    save_image(tmp_path / "BSDS500/data/images/test/30.jpg", 8, 12)  # the count is still right
    with pytest.raises(ValueError, match=r"30\.jpg has no ground truth beside it"):
        datasets.bsds500("test", tmp_path)
    (tmp_path / "BSDS500/data/images/test/30.jpg").unlink()
    (tmp_path / "BSDS500/data/groundTruth/test/20.mat").unlink()
    with pytest.raises(ValueError, match=r"20\.jpg has no ground truth beside it"):
        datasets.bsds500("test", tmp_path)
    assert len(datasets.bsds500("test", tmp_path, partial=True)) == 1


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (halve, "is truncated or damaged"),
        (lambda file: file.write_bytes(b""), "is truncated or damaged"),
        (lambda file: file.write_bytes(b"<html>404</html>" * 20), "is truncated or damaged"),
        (lambda file: file.write_bytes(pickle.dumps({"groundTruth": 1})), "truncated or damaged"),
        (lambda file: scipy.io.savemat(file, {"other": 1}), "is truncated or damaged"),
        (lambda file: save_mat(file, [np.zeros((8, 12), np.uint16)]), "whole labels from 1, got 0"),
        (lambda file: save_mat(file, [np.ones((8, 11), np.uint16)]), r"\(8, 12\), got \(8, 11\)"),
        (lambda file: save_mat(file, [np.full((8, 12), 1.5)]), "whole labels from 1, got 1.5"),
    ],
)
def test_a_bad_mat_file_is_named(tmp_path, damage, said):
    make_bsds500(tmp_path)
    file = tmp_path / "BSDS500/data/groundTruth/test/20.mat"
    damage(file)
    with pytest.raises(ValueError, match=said) as caught:
        datasets.bsds500("test", tmp_path, partial=True).named("20")
    assert str(file) in str(caught.value)
    faults = datasets.check("bsds500", tmp_path)
    assert any(str(file) in fault for fault in faults)


# ---- MNIST ---------------------------------------------------------------------------------------


def test_mnist_gives_what_was_written(tmp_path):
    written_images, written_labels = make_mnist(tmp_path)
    images, labels = datasets.mnist("test", tmp_path, partial=True)
    assert images.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert torch.equal(images, torch.from_numpy(written_images))
    assert labels.tolist() == written_labels.tolist()
    with pytest.raises(ValueError, match="must have 60,000 images, found 5"):
        datasets.mnist("train", tmp_path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (halve, "is truncated or damaged"),
        (lambda file: file.write_bytes(file.read_bytes()[:-4]), "is truncated or damaged"),
        (lambda file: file.write_bytes(b""), "must begin with 00000803, got nothing"),
        (lambda file: file.write_bytes(b"<html></html>"), "is truncated or damaged"),
        (lambda file: file.write_bytes(idx(np.zeros(5))), "must begin with 00000803, got 00000801"),
        (
            lambda file: file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes())[:-1])),
            r"must hold \(5, 28, 28\) values, got 3919",
        ),
        (lambda file: file.write_bytes(idx(np.zeros((4, 28, 28)))), "4 images, but .* 5 labels"),
    ],
)
@pytest.mark.parametrize("partial", [True, False])
def test_a_bad_idx_file_is_named(tmp_path, monkeypatch, damage, said, partial):
    make_mnist(tmp_path)
    shrink(monkeypatch, "mnist", tmp_path)
    file = tmp_path / "mnist/train-images-idx3-ubyte.gz"
    damage(file)
    if not partial and "but" in said:
        said = "must have 5 images, found 4"
    with pytest.raises(ValueError, match=said) as caught:
        datasets.mnist("train", tmp_path, partial=partial)
    assert str(file if partial else file.parent) in str(caught.value)
    assert any(str(file) in fault for fault in datasets.check("mnist", tmp_path))


def test_a_missing_idx_file_is_named(tmp_path):
    make_mnist(tmp_path)
    (tmp_path / "mnist/t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz is missing"):
        datasets.mnist("test", tmp_path, partial=True)


def test_compressing_anew_does_not_change_the_digest(tmp_path):
    make_mnist(tmp_path)
    before = digest(locate("mnist", tmp_path / "mnist", "train")[0])
    file = tmp_path / "mnist/train-images-idx3-ubyte.gz"
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), 1))
    assert digest(locate("mnist", tmp_path / "mnist", "train")[0]) == before


# ---- the others ----------------------------------------------------------------------------------


def test_horses_are_cut_at_127_and_photographs_fitted_to_the_mask(tmp_path):
    root = tmp_path / "weizmann_horses"
    save_image(root / "rgb/horse001.jpg", 20, 30)
    mask = np.repeat(np.array([[0, 120, 136, 255]], np.uint8), 8, axis=1).repeat(8, axis=0)
    (root / "figure_ground").mkdir()
    Image.fromarray(mask).save(root / "figure_ground/horse001.jpg", quality=95)
    (record,) = datasets.weizmann_horses(tmp_path, partial=True)
    assert record.image.shape == (3, 8, 32)
    assert torch.equal(record.true_labels, torch.from_numpy((mask > 127).astype(np.int64)))
    with pytest.raises(ValueError, match=r"328 images, found 1 .*weizmann_horse_db\.tar\.gz"):
        datasets.weizmann_horses(tmp_path)


@pytest.mark.parametrize("layout", ["", "train"])
def test_colours_of_labelmefacade_become_classes(tmp_path, layout):
    root = tmp_path / "labelmefacade"
    save_image(root / layout / "images/a.jpg", 3, 9)
    save_image(root / layout / "images/of_another_split.jpg", 3, 9)
    colors = [(128, 0, 0), (128, 0, 128), (128, 128, 0), (128, 128, 128), (128, 64, 0),
              (0, 128, 128), (0, 128, 0), (0, 0, 128), (0, 0, 0)]  # fmt: skip
    row = np.array([(*color, 255) for color in colors])
    save_pixels(root / layout / "labels/a.png", np.stack([row] * 3))
    (root / "train.txt").write_text("images/a.jpg\n")
    (record,) = datasets.labelmefacade("train", tmp_path, partial=True)
    assert record.true_labels.tolist() == [[0, 1, 2, 3, 4, 5, 6, 7, VOID]] * 3
    assert datasets.LABELMEFACADE_CLASSES[4:6] == ("road", "sky")
    row[3, :3] = 1, 2, 3
    save_pixels(root / layout / "labels/a.png", np.stack([row] * 3))
    with pytest.raises(ValueError, match=r"a\.png' must hold .*got colour #010203"):
        datasets.labelmefacade("train", tmp_path, partial=True)[0]
    (root / "train.txt").write_text("images/a.jpg\nimages/b.jpg")
    with pytest.raises(ValueError, match=r"b\.jpg is missing"):
        datasets.labelmefacade("train", tmp_path)


def make_grabcut(home: Path) -> None:
    for name in ("106024", "86016"):
        save_image(home / f"BSDS500/data/images/val/{name}.jpg", 3, 4)
        root = home / "grabcut_scribbles"
        save_pixels(root / f"ground-truth/{name}.png", np.array([[0, 0, 128, 255]] * 3))
        for number in (1, 2):
            strokes = np.array([[2, 0, 0, 1]] * 3, np.uint8)
            file = root / f"scribbles-set-{number}/{name}-anno.png"
            file.parent.mkdir(exist_ok=True)
            picture = Image.fromarray(strokes).convert("P")
            picture.putdata(strokes.flatten().tolist())
            picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
            picture.save(file)


def test_grabcut_masks_and_scribbles_have_one_meaning(tmp_path):
    make_grabcut(tmp_path)
    records = datasets.grabcut(tmp_path, partial=True)
    assert records.names == ("106024", "86016")
    assert records[0].image.shape == (3, 3, 4)
    assert records[0].true_labels.tolist() == [[0, 0, VOID, 1]] * 3
    assert [s.tolist() for s in records[0].scribbles] == [[[0, VOID, VOID, 1]] * 3] * 2
    (tmp_path / "BSDS500/data/images/val/86016.jpg").unlink()
    with pytest.raises(ValueError, match="11 images, found 2"):
        datasets.grabcut(tmp_path)
    assert any("86016.jpg is missing, a photo" in f for f in datasets.check("grabcut", tmp_path))


def test_nuclei_in_both_layouts_are_the_same(tmp_path):
    labels = np.zeros((256, 256), np.uint8)
    labels[10:20, 10:20], labels[100:120, 5:50] = 1, 2
    long = "ab12" * 16
    save_pixels(tmp_path / f"flat/dsb2018/images/{long[:16]}.png", labels * 100)
    save_pixels(tmp_path / f"flat/dsb2018/labels/{long[:16]}.png", labels)
    folder = tmp_path / "official/dsb2018/stage1_train" / long
    save_pixels(folder / f"images/{long}.png", labels * 100)
    for number in (1, 2):
        save_pixels(folder / f"masks/{number:064x}.png", (labels == number) * 255)
    other = "cd34" * 16  # another size: not among the images that the book uses
    save_image(folder.parent / other / f"images/{other}.png", 260, 347)
    found = [datasets.nuclei(tmp_path / home, partial=True) for home in ("flat", "official")]
    assert found[0].names == found[1].names == (long[:16],)
    assert torch.equal(found[0][0].true_labels, torch.from_numpy(labels.astype(np.int64)))
    assert torch.equal(found[1][0].true_labels, found[0][0].true_labels)
    assert torch.equal(found[1][0].image, found[0][0].image)
    halve(folder / f"images/{long}.png")
    assert any(f"{long}.png" in fault for fault in datasets.check("nuclei", tmp_path / "official"))


def test_hidden_and_half_written_files_are_no_data(tmp_path, monkeypatch):
    make_bsds500(tmp_path)
    shrink(monkeypatch, "bsds500", tmp_path)
    images = tmp_path / "BSDS500/data/images/test"
    (images / "._100.jpg").write_bytes(b"x")
    (images / ".30.jpg.part").write_bytes(b"x")
    (images / "Thumbs.db").write_bytes(b"x")
    assert datasets.bsds500("test", tmp_path).names == ("100", "20")


# ---- check ---------------------------------------------------------------------------------------


def test_check_finds_each_kind_of_fault(tmp_path, monkeypatch):
    for split in ("test", "val", "train"):
        make_bsds500(tmp_path, ("1", "2", "3"), split)
    shrink(monkeypatch, "bsds500", tmp_path)
    assert datasets.check("bsds500", tmp_path) == []
    data = tmp_path / "BSDS500/data"
    halve(data / "images/test/1.jpg")
    (data / "groundTruth/val/2.mat").unlink()
    save_image(data / "images/train/3.jpg", 8, 12)  # whole, and another picture
    faults = datasets.check("bsds500", tmp_path)
    assert len(faults) == 4
    assert re.search(r"1\.jpg' is .*damaged", faults[0])
    assert "split val, must have 3 images, found 2" in faults[1]
    assert "2.jpg has no ground truth beside it" in faults[2]
    assert "split train" in faults[3]
    assert "differs from what was published" in faults[3]


# ---- fetch, from a server on this machine --------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` at every path and notes what is asked for; may cut the connection."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.cut_after: int | None = None
        self.knows_ranges = True

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        name, wanted = self.path[1:], self.headers.get("Range")
        server.asked.append((name, wanted))
        if name not in server.content:
            self.send_error(404)
            return
        body, status = server.content[name], 200
        if wanted and server.knows_ranges:
            body, status = body[int(re.search(r"\d+", wanted)[0]) :], 206
            if not body:
                self.send_error(416)
                return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.cut_after])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def published_mnist(tmp_path, monkeypatch, server):
    """Put a small MNIST on the server, and make the registry expect it."""
    make_mnist(tmp_path / "source", 300)
    files = {file.name: file.read_bytes() for file in (tmp_path / "source/mnist").iterdir()}
    server.content = dict(files)
    downloads = tuple(
        Download(server.url(name), name, hashlib.sha256(content).hexdigest())
        for name, content in sorted(files.items())
    )
    shrink(monkeypatch, "mnist", tmp_path / "source", downloads=downloads)
    return files


def leftovers(home: Path) -> list[str]:
    return [path.name for path in home.rglob("*") if path.name.startswith((".", "tmp"))]


def test_fetch_brings_files_and_does_not_bring_them_twice(tmp_path, server, published_mnist):
    home = tmp_path / "home"
    assert datasets.fetch("mnist", home, progress=False) == home / "mnist"
    assert {f.name: f.read_bytes() for f in (home / "mnist").iterdir()} == published_mnist
    assert len(datasets.mnist("train", home)[0]) == 300
    assert len(server.asked) == 4
    datasets.fetch("mnist", home, progress=False)
    assert len(server.asked) == 4


def test_fetch_replaces_a_damaged_file(tmp_path, server, published_mnist):
    datasets.fetch("mnist", tmp_path, progress=False)
    file = tmp_path / "mnist/t10k-images-idx3-ubyte.gz"
    halve(file)
    server.asked.clear()
    datasets.fetch("mnist", tmp_path, progress=False)
    assert [name for name, _ in server.asked] == [file.name]
    assert datasets.check("mnist", tmp_path) == []


def test_other_bytes_than_published_are_refused(tmp_path, server, published_mnist):
    name = "t10k-labels-idx1-ubyte.gz"
    server.content[name] = idx(np.ones(5))
    with pytest.raises(ValueError, match="brought other bytes than expected") as caught:
        datasets.fetch("mnist", tmp_path, progress=False)
    assert server.url(name) in str(caught.value)
    assert not (tmp_path / "mnist" / name).exists()
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_cut_download_is_not_taken_for_whole_and_goes_on(
    tmp_path, server, published_mnist, knows_ranges
):
    server.cut_after, server.knows_ranges = 150_000, knows_ranges
    name = "t10k-images-idx3-ubyte.gz"
    with pytest.raises(OSError, match=r"was cut off .* the same command goes on") as caught:
        datasets.fetch("mnist", tmp_path, progress=False)
    assert server.url(name) in str(caught.value)
    (part,) = (tmp_path / "mnist").iterdir()
    assert part.name == f".{name}.part"
    kept = part.stat().st_size
    assert 0 < kept <= 150_000
    server.cut_after = None
    datasets.fetch("mnist", tmp_path, progress=False)
    assert server.asked[1] == (name, f"bytes={kept}-"), "what is there is not asked for again"
    assert datasets.check("mnist", tmp_path) == []
    assert leftovers(tmp_path) == []


def test_a_whole_part_left_by_a_kill_is_no_trap(tmp_path, server, published_mnist):
    name = "t10k-images-idx3-ubyte.gz"
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / f".{name}.part").write_bytes(published_mnist[name])
    datasets.fetch("mnist", tmp_path, progress=False)
    assert name not in [asked for asked, _ in server.asked]
    assert datasets.check("mnist", tmp_path) == []
    assert leftovers(tmp_path) == []


def test_a_wrong_part_delays_and_does_no_harm(tmp_path, published_mnist):
    name = "t10k-images-idx3-ubyte.gz"
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / f".{name}.part").write_bytes(b"x" * 1000)
    with pytest.raises(ValueError, match="brought other bytes than expected"):
        datasets.fetch("mnist", tmp_path, progress=False)
    datasets.fetch("mnist", tmp_path, progress=False)
    assert datasets.check("mnist", tmp_path) == []


def test_a_page_that_is_gone_is_said(tmp_path, server, published_mnist):
    server.content.clear()
    with pytest.raises(OSError, match="404"):
        datasets.fetch("mnist", tmp_path, progress=False)
    assert [file for file in (tmp_path / "mnist").iterdir() if file.suffix == ".gz"] == []


def tar_of(folder: Path, top: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as pack:
        pack.add(folder, top)
        for name, link in ((f"{top}/../../evil.jpg", ""), (f"{top}/data/images/test/9.jpg", "/x")):
            info = tarfile.TarInfo(name)
            info.type = tarfile.SYMTYPE if link else tarfile.REGTYPE
            info.linkname = link
            pack.addfile(info, None if link else io.BytesIO())
    return buffer.getvalue()


@pytest.fixture
def published_bsds500(tmp_path, monkeypatch, server):
    """Put a small BSDS500 on the server, with two members that nobody should unpack."""
    source = tmp_path / "source"
    for split in ("test", "val", "train"):
        make_bsds500(source, split=split)
    content = tar_of(source / "BSDS500", "BSR/BSDS500")
    server.content = {"a.tgz": content}
    (official,) = DATASETS["bsds500"].downloads
    download = dataclasses.replace(
        official, url=server.url("a.tgz"), sha256=hashlib.sha256(content).hexdigest()
    )
    shrink(monkeypatch, "bsds500", source, downloads=(download,))


def test_an_archive_is_unpacked_whole_and_only_what_is_wanted(tmp_path, published_bsds500):
    home = tmp_path / "home"
    root = datasets.fetch("bsds500", home, progress=False)
    assert datasets.check("bsds500", home) == []
    assert len(datasets.bsds500("test", home)) == 2
    files = [path for path in root.rglob("*") if not path.is_dir()]
    assert len(files) == 12
    assert not any(path.is_symlink() for path in files)
    assert [path.name for path in home.iterdir()] == ["BSDS500"]
    assert not list(tmp_path.rglob("evil.jpg"))


def test_an_archive_whose_files_differ_is_refused(tmp_path, monkeypatch, published_bsds500):
    splits = {**DATASETS["bsds500"].splits, "val": Split(2, "0" * 64)}
    changed = dataclasses.replace(DATASETS["bsds500"], splits=splits)
    monkeypatch.setitem(DATASETS, "bsds500", changed)
    home = tmp_path / "home"
    with pytest.raises(ValueError, match=r"did not bring BSDS500 whole: .*split val.*differs"):
        datasets.fetch("bsds500", home, progress=False)
    assert list(home.iterdir()) == []


def test_what_lies_there_already_is_not_touched(tmp_path, published_bsds500):
    make_bsds500(tmp_path, ("7",))
    with pytest.raises(FileExistsError, match=r"is there but not whole .*found 1"):
        datasets.fetch("bsds500", tmp_path, progress=False)
    assert datasets.bsds500("test", tmp_path, partial=True).names == ("7",)


def test_a_damaged_zip_is_refused_and_a_whole_one_read(tmp_path, monkeypatch, server):
    make_grabcut(tmp_path)
    source = tmp_path / "grabcut_scribbles"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pack:
        for file in sorted(source.rglob("*.png")):
            pack.write(file, f"repository-0123/{file.relative_to(source)}")
    server.content = {"whole.zip": buffer.getvalue(), "half.zip": buffer.getvalue()[:-300]}
    for name in ("half.zip", "whole.zip"):
        (official,) = GRABCUT.downloads
        download = dataclasses.replace(official, url=server.url(name))
        shrink(monkeypatch, "grabcut", tmp_path, downloads=(download,))
        home = tmp_path / "home"
        if name == "half.zip":
            with pytest.raises(ValueError, match=r"grabcut_scribbles\.zip is truncated or damaged"):
                datasets.fetch("grabcut", home, progress=False)
            assert list(home.iterdir()) == []
        else:
            datasets.fetch("grabcut", home, progress=False)
            items, _ = locate("grabcut", home / "grabcut_scribbles", "all")
            assert [item.name for item in items] == ["106024", "86016"]
            assert any("a photograph of BSDS500" in f for f in datasets.check("grabcut", home))


def test_a_set_without_public_address_says_how_to_bring_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"unpack weizmann_horse_db\.tar\.gz"):
        datasets.fetch("weizmann_horses", tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch, published_mnist):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="no permission to write into"):
        datasets.fetch("mnist", tmp_path / "home", progress=False)


# ---- the real ones -------------------------------------------------------------------------------


@needs_real
@pytest.mark.parametrize(
    ("split", "count", "segments"), [("test", 200, 23_192), ("val", 100, None)]
)
def test_real_bsds500(split, count, segments):
    records = datasets.bsds500(split, REAL)
    assert len(records) == count
    total = 0
    for record in records:
        assert sorted(record.image.shape) == [3, 321, 481]
        assert 4 <= len(record.annotations) <= 9
        for labels in record.annotations:
            sizes = torch.bincount(labels.flatten())
            assert (sizes > 0).all(), "no label is left out"
            total += len(sizes)
    assert segments in (None, total)


@needs_real
def test_real_mnist():
    images, labels = datasets.mnist("train", REAL)
    assert images.shape == (60_000, 28, 28)
    assert torch.bincount(labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949
    ]  # fmt: skip
    assert datasets.check("mnist", REAL) == []


@needs_real
@pytest.mark.parametrize(
    ("name", "count"), [("weizmann_horses", 328), ("grabcut", 11), ("nuclei", 334)]
)
def test_real_masks(name, count):
    records = getattr(datasets, name)(REAL)
    assert len(records) == count
    for record in records:
        assert record.true_labels.shape == record.image.shape[1:]
        assert (record.true_labels > 0).any()
        assert (record.true_labels == 0).any()


@needs_real
@pytest.mark.parametrize("name", ["weizmann_horses", "grabcut", "nuclei"])
def test_real_sets_are_whole(name):
    assert datasets.check(name, REAL) == []


@needs_real
def test_real_scribbles_lie_on_what_they_name():
    for record in datasets.grabcut(REAL):
        decided = record.true_labels != VOID
        for scribbles in record.scribbles:
            drawn = decided & (scribbles != VOID)
            right = (scribbles == record.true_labels)[drawn].double().mean()
            assert right > (0.85 if record.name == "189080" else 0.99)


@needs_real
@pytest.mark.parametrize("split", ["train", "test"])
def test_real_labelmefacade(split):
    records = datasets.labelmefacade(split, REAL, partial=split == "test")
    assert len(records) >= 100
    pixels = torch.zeros(9, dtype=torch.int64)
    for record in records[:30]:
        assert record.true_labels.shape == record.image.shape[1:]
        pixels += torch.bincount((record.true_labels - VOID).flatten(), minlength=9)
    assert pixels[1:].argmax() == datasets.LABELMEFACADE_CLASSES.index("building")
    assert (pixels > 0).all()
