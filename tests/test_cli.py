"""The command writes whole files or none, says one sentence, and ends with the right exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seglib import __version__, cli, datasets, kanezaki2018, kim2020
from seglib.images import load_image
from seglib.labels import relabel
from seglib.plotting import to_uint8
from seglib.scenes import toy_scene

SMALL = {"num_steps": 3, "num_filters": 6, "num_labels": 12, "num_superpixels": 60}
KNOBS = ["--iterations", "3", "--filters", "6", "--labels", "12", "--superpixels", "60"]
KNOBS += ["--device", "cpu"]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Work in an empty folder that holds one photograph of 24 × 40 pixels."""
    monkeypatch.chdir(tmp_path)
    save_scene(tmp_path / "photo.png")
    return tmp_path


def save_scene(file: Path, size: tuple[int, int] = (24, 40)) -> Path:
    Image.fromarray(to_uint8(toy_scene("disks", size=size)[0])).save(file)
    return file


def read(file: str) -> np.ndarray:
    with Image.open(file) as picture:
        return np.array(picture)


def run(*words: str) -> int:
    return cli.main(["segment", *KNOBS, *words])


def usage_error(capsys, *words: str) -> str:
    """Run a command that must end in a usage error, and return what it says."""
    with pytest.raises(SystemExit) as exit_info:
        run(*words)
    assert exit_info.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def refusal(capsys, *words: str) -> str:
    """Run a command that must end with exit code 1, and return its one sentence."""
    assert run(*words) == 1
    message = capsys.readouterr().err.splitlines()
    assert len(message) == 1, message
    assert message[0].startswith("seglib: ")
    return message[0]


def run_and_read(capsys, *words: str) -> str:
    assert run(*words) == 1
    return capsys.readouterr().err


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


# ---- what it makes -------------------------------------------------------------------------------


def test_label_png_holds_the_labels_of_the_library(folder):
    assert run("photo.png", "--out", "labels.png", "--seed", "5") == 0
    with Image.open("labels.png") as picture:
        assert picture.mode == "P"
    written = torch.from_numpy(read("labels.png")).long()
    image = load_image("photo.png")
    expected = relabel(kanezaki2018.segment(image, seed=5, device="cpu", **SMALL))
    assert torch.equal(written, expected)
    areas = written.flatten().bincount().tolist()
    assert areas == sorted(areas, reverse=True)
    assert min(areas) > 0


def test_every_knob_reaches_the_method(folder, monkeypatch):
    seen = {}

    def steps(image, *, device="auto", **knobs):
        seen.update(knobs, device=device)
        return kanezaki2018.steps(image, device=device, **{**knobs, **SMALL})

    steps.__signature__ = cli.inspect.signature(kanezaki2018.steps)
    monkeypatch.setitem(cli.METHODS, "kanezaki2018", steps)
    words = "--iterations 7 --seed 4 --learning-rate 0.2 --components 3 --filters 8 --labels 9"
    words += " --superpixels 0 --compactness 10 --device cpu"
    assert cli.main(["segment", "photo.png", *words.split()]) == 0
    assert seen == {
        "num_steps": 7,
        "seed": 4,
        "learning_rate": 0.2,
        "num_components": 3,
        "num_filters": 8,
        "num_labels": 9,
        "num_superpixels": None,
        "compactness": 10.0,
        "device": "cpu",
    }
    seen.clear()
    assert cli.main(["segment", "photo.png", "--out", "again.png"]) == 0
    assert seen == {"device": "auto"}, "a knob that is not given keeps the default of the method"


def test_the_second_paper_is_a_method_with_its_own_knob(folder):
    words = ["photo.png", "--method", "kim2020", "--continuity", "5", "--out", "kim.png"]
    assert (
        cli.main(["segment", *words, "--iterations", "3", "--filters", "8", "--labels", "8"]) == 0
    )
    knobs = {"num_steps": 3, "num_filters": 8, "num_labels": 8, "continuity_weight": 5.0}
    labels = kim2020.segment(load_image("photo.png"), **knobs)
    assert np.array_equal(read("kim.png"), relabel(labels.cpu()).numpy())


def test_report_says_what_was_found_and_where_it_lies(folder, capsys):
    assert run("photo.png", "--out", "labels.png") == 0
    first, *places = capsys.readouterr().out.splitlines()
    found = int(read("labels.png").max()) + 1
    assert first.startswith(f"photo.png: {found} labels in ")
    assert "connected segments, 3 iterations, " in first
    assert first.endswith(" s on cpu")
    assert places == ["  labels.png", "  labels_overlay.png"]


def test_overlay_shows_the_photograph_at_its_size(folder):
    assert run("photo.png") == 0
    assert files(folder) == ["photo.png", "photo_labels.png", "photo_overlay.png"]
    with Image.open("photo_overlay.png") as picture:
        assert picture.mode == "RGB"
        assert picture.size == (40, 24)


@pytest.mark.parametrize(
    ("name", "kind"), [("o.jpg", "JPEG"), ("o.webp", "WEBP"), ("o.PNG", "PNG")]
)
def test_overlay_has_the_format_of_its_name(folder, name, kind):
    assert run("photo.png", "--overlay", name) == 0
    assert files(folder) == sorted([name, "photo.png", "photo_labels.png"])
    with Image.open(name) as picture:
        assert picture.format == kind


def test_no_overlay(folder):
    assert run("photo.png", "--no-overlay", "--out", "new/labels.png") == 0
    assert files(folder) == ["new/labels.png", "photo.png"]


def test_smaller_computation_gives_labels_of_full_size(folder):
    assert run("photo.png", "--size", "20", "--out", "labels.png") == 0
    labels = read("labels.png")
    assert labels.shape == (24, 40)
    assert (labels[::2, ::2] == labels[1::2, 1::2]).all(), "each computed pixel becomes four"


def test_size_zero_is_the_full_size(folder, monkeypatch):
    sizes = []

    def steps(image, **knobs):
        sizes.append(tuple(image.shape[1:]))
        return kanezaki2018.steps(image, **knobs)

    steps.__signature__ = cli.inspect.signature(kanezaki2018.steps)
    monkeypatch.setitem(cli.METHODS, "kanezaki2018", steps)
    save_scene(folder / "wide.png", size=(3, 500))
    assert run("wide.png") == 0
    assert run("wide.png", "--size", "0", "--force") == 0
    assert sizes == [(3, 481), (3, 500)]


def test_several_photographs_go_into_a_folder(folder, capsys):
    save_scene(folder / "second.png")
    assert run("photo.png", "second.png", "--out", "results") == 0
    made = [
        f"results/{name}_{kind}.png"
        for name in ("photo", "second")
        for kind in ("labels", "overlay")
    ]
    assert files(folder) == sorted([*made, "photo.png", "second.png"])
    assert [line.strip() for line in capsys.readouterr().out.splitlines() if line[0] == " "] == made


def test_too_few_labels_stop_the_run(folder, capsys, monkeypatch):
    def collapsing(image, *, num_steps=40, **knobs):
        for step in range(1, num_steps + 1):
            labels = torch.zeros(image.shape[1:], dtype=torch.int64)
            labels[:, : max(1, 6 - step)] = torch.arange(max(1, 6 - step))
            yield kanezaki2018.Step(step, labels, labels, labels.max() + 1, torch.tensor(0.5))

    monkeypatch.setitem(cli.METHODS, "kanezaki2018", collapsing)
    words = ["photo.png", "--iterations", "40", "--min-labels", "3", "--out", "labels.png"]
    assert cli.main(["segment", *words]) == 0
    assert np.unique(read("labels.png")).tolist() == [0, 1, 2]
    assert "iteration 3 of 40, after it fewer than 3 labels" in capsys.readouterr().out


def test_min_labels_out_of_reach(folder, capsys):
    assert "min_labels must be at most" in run_and_read(capsys, "photo.png", "--min-labels", "99")
    assert files(folder) == ["photo.png"]


# ---- what it does not overwrite ------------------------------------------------------------------


@pytest.mark.parametrize("existing", ["labels.png", "labels_overlay.png"])
def test_existing_files_are_kept_unless_forced(folder, capsys, existing):
    (folder / existing).write_text("precious")
    message = refusal(capsys, "photo.png", "--out", "labels.png")
    assert f"{existing} exists already: choose another name, or add --force" in message
    assert (folder / existing).read_text() == "precious"
    assert files(folder) == sorted([existing, "photo.png"])
    assert run("photo.png", "--out", "labels.png", "--force") == 0
    assert read(existing).shape[:2] == (24, 40)


def test_targets_are_checked_before_anything_is_computed(folder, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_segment_photo", lambda *_: pytest.fail("it has computed"))
    (folder / "labels.png").touch()
    (folder / "taken").touch()
    (folder / "second_labels.png").mkdir()
    save_scene(folder / "second.png")
    assert "exists already" in refusal(capsys, "photo.png", "--out", "labels.png")
    assert "taken is not a folder" in refusal(capsys, "photo.png", "--out", "taken/labels.png")
    assert "it is a folder" in refusal(capsys, "photo.png", "second.png")
    assert "found nothing at 'no.png'" in refusal(capsys, "photo.png", "no.png")
    assert "more than the limit of 99" in refusal(capsys, "photo.png", "--max-pixels", "99")
    assert "device must be" in refusal(capsys, "photo.png", "--device", "abacus")


def test_folder_without_permission(folder, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    message = refusal(capsys, "photo.png", "--out", "locked/labels.png")
    assert f"no permission to write into {folder}" in message


def test_a_photograph_is_never_a_target(folder, capsys):
    message = refusal(capsys, "photo.png", "--out", "photo.png", "--force")
    assert "photo.png is a photograph of this run and would be overwritten" in message
    message = refusal(capsys, "photo.png", "--overlay", "./photo.png", "--force")
    assert "would be overwritten" in message


def test_two_photographs_of_one_name(folder, capsys):
    (folder / "other").mkdir()
    save_scene(folder / "other" / "photo.png")
    message = refusal(capsys, "photo.png", "other/photo.png", "--out", "results")
    assert "photo_labels.png would be written twice" in message
    message = refusal(capsys, "photo.png", "--out", "one.png", "--overlay", "one.png")
    assert "one.png would be written twice" in message


def test_a_file_that_appears_during_the_run_is_kept(folder, capsys, monkeypatch):
    def draw(job, photo, labels):
        job.overlay_file.write_text("precious")
        return {job.labels_file: b"labels", job.overlay_file: b"overlay"}

    monkeypatch.setattr(cli, "_draw_files", draw)
    assert "exists already" in run_and_read(capsys, "photo.png")
    assert files(folder) == ["photo.png", "photo_overlay.png"]
    assert (folder / "photo_overlay.png").read_text() == "precious"


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_nothing_is_half_written(folder, capsys, monkeypatch, error):
    (folder / "photo_labels.png").write_text("old")
    write = Path.write_bytes

    def write_half(file, content):
        if "overlay" in file.name:
            write(file, content[:10])
            raise error
        return write(file, content)

    monkeypatch.setattr(Path, "write_bytes", write_half)
    code = run("photo.png", "--force")
    message = capsys.readouterr().err
    if isinstance(error, OSError):
        assert code == 1
        assert "seglib: disk full" in message
    else:
        assert code == 130
        assert "seglib: interrupted; no file is left half-written" in message
    assert files(folder) == ["photo.png", "photo_labels.png"]
    assert (folder / "photo_labels.png").read_text() == "old"


# ---- what it refuses -----------------------------------------------------------------------------


def test_bad_files_get_one_sentence(folder, capsys):
    (folder / "notes.jpg").write_text("not a picture")
    assert "expected an image that Pillow can read" in refusal(capsys, "notes.jpg")
    assert "is a folder" in refusal(capsys, ".", "--out", "labels.png")
    Image.new("RGB", (2, 2)).save("tiny.png")
    assert "at least 3 pixels along each side" in refusal(capsys, "tiny.png")


def test_bad_values_of_the_method_get_a_sentence(folder, capsys):
    for option, value in [("--learning-rate", "nan"), ("--compactness", "-1")]:
        message = run_and_read(capsys, "photo.png", option, value)
        assert "seglib: " in message
        assert "must be finite and at least 0" in message


def test_out_of_memory_gets_advice(folder, capsys, monkeypatch):
    def fail(*_):
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(cli, "_segment_photo", fail)
    assert "not enough memory for this size; try a smaller --size" in refusal(capsys, "photo.png")


def test_other_errors_are_not_hidden(folder, monkeypatch):
    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(cli, "_segment_photo", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        run("photo.png")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["photo.png", "--out", "labels.jpg"], "--out must end in .png, which keeps labels exact"),
        (["a.png", "b.png", "--out", "c.png"], "--out must be a folder for several photographs"),
        (["a.png", "b.png", "--out", "photo.png"], "--out must be a folder for several"),
        (["a.png", "b.png", "--overlay", "o.png"], "--overlay names one file"),
        (["a.png", "--overlay", "o.png", "--no-overlay"], "contradict each other"),
        (["a.png", "--overlay", "o.gif"], "--overlay must end in .png, .jpg, .jpeg, .webp"),
        (["a.png", "--iterations", "0"], "argument --iterations: must be at least 1, got 0"),
        (["a.png", "--labels", "257"], "argument --labels: must be at most 256, got 257"),
        (["a.png", "--size", "2"], "argument --size: must be at least 3, got 2"),
        (["a.png", "--seed", "-1"], "argument --seed: must be at least 0, got -1"),
        (["a.png", "--size", "big"], "argument --size: invalid integer value: 'big'"),
        (["a.png", "--continuity", "1"], "--continuity is a knob of --method kim2020"),
        (["a.png", "--method", "magic"], "argument --method: invalid choice: 'magic'"),
        ([], "the following arguments are required: photo"),
    ],
)
def test_wrong_usage(folder, capsys, words, message):
    assert message in usage_error(capsys, *words)
    assert files(folder) == ["photo.png"]


def test_a_command_is_required(capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.main([])
    assert exit_info.value.code == 2


def test_help_has_an_example_and_the_defaults(capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["segment", "--help"])
    assert exit_info.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "python -m seglib segment photo.jpg --out labels.png --iterations 200 --seed 0" in text
    assert "--iterations N iterations (default: 500)" in text


# ---- what it shows -------------------------------------------------------------------------------


def test_terminal_gets_a_bar_with_loss_and_labels(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run("photo.png") == 0
    bar = capsys.readouterr().err
    assert "3/3" in bar
    assert "loss=" in bar
    assert "labels=" in bar


def test_elsewhere_one_line_tells_that_it_runs(folder, capsys):
    assert run("photo.png") == 0
    assert capsys.readouterr().err == "photo.png: up to 3 iterations\n"


def test_data_lists_all_sets_with_their_terms(capsys):
    assert cli.main(["data"]) == 0
    shown = capsys.readouterr().out
    for name in datasets.DATASETS:
        assert f"{name}\n{datasets.describe(name)}" in shown


def test_data_checks_a_folder_without_touching_it(tmp_path, capsys):
    assert cli.main(["data", "mnist", "--folder", str(tmp_path), "--check"]) == 1
    assert "mnist" in capsys.readouterr().out.lower()
    assert list(tmp_path.iterdir()) == []


def test_data_fetches_into_the_folder(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(datasets, "fetch", lambda *words: asked.append(words) or tmp_path)
    assert cli.main(["data", "mnist", "--folder", str(tmp_path)]) == 0
    assert asked == [("mnist", str(tmp_path))]
    assert str(tmp_path) in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["--version"])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out == f"seglib {__version__}\n"


def test_the_command_from_a_shell(folder):
    words = [sys.executable, "-m", "seglib", "segment", "photo.png", "--out", "labels.png", *KNOBS]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "photo.png: up to 3 iterations\n"
    assert "  labels.png\n  labels_overlay.png\n" in done.stdout
    assert files(folder) == ["labels.png", "labels_overlay.png", "photo.png"]
