"""Networks that are fitted on reference images, kept, and applied to others."""

from __future__ import annotations

import pytest
import torch

from seglib import kim2020, reference
from seglib.metrics import adjusted_rand_index
from seglib.scenes import toy_scene

SMALL = {"num_filters": 12, "num_labels": 10, "device": "cpu"}


@pytest.fixture(scope="module")
def net():
    scene, _ = toy_scene("disks", seed=0)
    return reference.fit(scene, num_steps=40, **SMALL)


def test_fit_is_the_run_of_steps():
    scene, _ = toy_scene("disks", size=(32, 48))
    net = reference.fit(scene, num_steps=6, seed=2, **SMALL)
    *_, seventh = kim2020.steps(scene, num_steps=7, seed=2, **SMALL)
    assert torch.equal(reference.predict(net, scene), seventh.labels)  # before its update


def test_labels_mean_the_same_on_an_unseen_image(net):
    first, truth = toy_scene("disks", seed=0)
    other, _ = toy_scene("disks", seed=1)
    on_first, on_other = reference.predict(net, first), reference.predict(net, other)
    assert (on_first == on_other).float().mean() > 0.9  # without matching any names
    assert adjusted_rand_index(on_other, truth) > 0.5


def test_another_size_is_segmented(net):
    scene, _ = toy_scene("disks", size=(41, 57))
    assert reference.predict(net, scene).shape == (41, 57)


def test_a_kept_network_is_the_same_network(net, tmp_path):
    scene, _ = toy_scene("disks", seed=1)
    reference.save(net, tmp_path / "net.pt")
    again = reference.load(tmp_path / "net.pt", device="cpu")
    assert torch.equal(reference.predict(again, scene), reference.predict(net, scene))
    assert [file.name for file in tmp_path.iterdir()] == ["net.pt"]


def test_a_file_that_runs_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("I was run",)

    torch.save({"format": reference.FORMAT, "sizes": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ValueError, match=r"evil\.pt must be a network"):
        reference.load(tmp_path / "evil.pt", device="cpu")


def test_other_and_damaged_files_are_named(net, tmp_path):
    (tmp_path / "text.pt").write_text("hello")
    torch.save({"a": 1}, tmp_path / "other.pt")
    reference.save(net, tmp_path / "net.pt")
    whole = (tmp_path / "net.pt").read_bytes()
    (tmp_path / "half.pt").write_bytes(whole[: len(whole) // 2])
    content = torch.load(tmp_path / "net.pt", weights_only=True)
    torch.save(content | {"sizes": {"num_labels": 3}}, tmp_path / "sizes.pt")
    for name, words in (
        ("text", "cannot be read"), ("other", "is another file"), ("half", "cannot be read"),
        ("sizes", "its weights do not fit"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=rf"{name}\.pt must be a network .*{words}"):
            reference.load(tmp_path / f"{name}.pt", device="cpu")
    with pytest.raises(FileNotFoundError):
        reference.load(tmp_path / "nothing.pt", device="cpu")


def test_a_failed_save_leaves_the_old_file(net, tmp_path, monkeypatch):
    file = tmp_path / "net.pt"
    reference.save(net, file)
    before = file.read_bytes()

    def full(*args):
        args[1].write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space left"):
        reference.save(net, file)
    assert file.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["net.pt"]
