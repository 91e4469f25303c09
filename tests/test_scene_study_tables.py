"""The tables of the scene-segmentation study, on two toy scenes in place of BSDS500."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from experiments import scene_study
from experiments.jobs import Job
from experiments.runner import run_experiment
from experiments.summary import summarize
from experiments.workers import ThisProcess
from seglib.ensembles import cnn_kmeans
from seglib.labels import count_labels
from seglib.protocols import cluster_wise_iou
from seglib.regions import segmentation_covering
from seglib.scenes import toy_scene

ANNOTATORS = ("first", "coarse", "fine", "mean", "best", "any")
QUICK = {"scale": 0.5, "num_steps": 2, "num_filters": 8}


@pytest.fixture
def two_scenes(monkeypatch):
    """Two images with two annotators each: the truth, and everything in one segment."""
    records = {}
    for number, name in ((25098, "disks"), (3096, "checker")):
        image, truth = toy_scene(name)
        records[str(number)] = SimpleNamespace(
            image=image, annotations=(truth, torch.zeros_like(truth))
        )
    images = SimpleNamespace(names=tuple(records), named=records.__getitem__)
    nothing = SimpleNamespace(names=())
    monkeypatch.setattr(
        scene_study.datasets,
        "bsds500",
        lambda split, partial=False: images if split == "val" else nothing,
    )
    for cached in (scene_study._places, scene_study._first_stage):
        cached.cache_clear()
    yield records
    for cached in (scene_study._places, scene_study._first_stage):
        cached.cache_clear()


def test_an_image_that_is_not_there_has_no_job(two_scenes):
    jobs = scene_study.image_jobs()
    assert {job.image for job in jobs} == {"25098", "3096"}
    assert {job.method for job in jobs} == set(scene_study.METHODS)
    assert {job.seed for job in jobs} == {0, 1, 2}
    assert len({str(job) for job in jobs}) == len(jobs) == 8 * 2 * 3
    assert len(scene_study.average_jobs()) == 8 * 2


def test_the_readings_are_the_scores_of_the_library(two_scenes):
    truths = two_scenes["25098"].annotations
    labels = torch.arange(truths[0].numel()).reshape(truths[0].shape) // 900 % 5
    found = scene_study.readings_of(labels, truths)
    assert set(found) == set(scene_study.READINGS)
    plain = [cluster_wise_iou(labels, truth) for truth in truths]
    weighted = [segmentation_covering(labels, truth)[1] for truth in truths]
    for weight, values in (("clusters", plain), ("area", weighted)):
        assert found[f"{weight}/first"] == found[f"{weight}/fine"] == pytest.approx(values[0])
        assert found[f"{weight}/coarse"] == pytest.approx(values[1])
        assert found[f"{weight}/mean"] == pytest.approx(sum(values) / 2)
        assert found[f"{weight}/best"] == pytest.approx(max(values))
        assert found[f"{weight}/any"] >= found[f"{weight}/best"]


def test_any_takes_each_cluster_by_itself():
    labels = torch.tensor([[0, 0, 1, 1]])
    truths = [torch.tensor([[0, 0, 1, 2]]), torch.tensor([[0, 1, 2, 2]])]
    found = scene_study.readings_of(labels, truths)
    assert found["clusters/best"] == 0.75  # one cluster right, the other by half, for both
    assert found["clusters/any"] == 1.0


def test_a_job_scores_at_half_size(two_scenes):
    result = scene_study.run_job(Job("blank", {"scale": 0.5}, "25098", 0))
    assert result["image"] == [25098]
    assert result["num_labels"] == result["num_segments"] == 1
    truth = two_scenes["25098"].annotations[0][::2, ::2]
    largest = int(truth.flatten().bincount().max()) / truth.numel()
    assert result["clusters/first"] == pytest.approx(largest)
    assert result["clusters/coarse"] == 1.0


def test_an_ensemble_is_that_of_the_library(two_scenes):
    job = Job("cnn_kmeans", QUICK | {"paint": "labels"}, "25098", 1)
    image, annotations = scene_study._scaled("25098", 0.5)
    options = {key: value for key, value in QUICK.items() if key != "scale"}
    labels = cnn_kmeans(image, paint="labels", seed=1, **options).cpu()
    assert scene_study.run_job(job)["clusters/first"] == pytest.approx(
        cluster_wise_iou(labels, annotations[0])
    )
    scene_study.run_job(Job("cnn", QUICK, "25098", 1))
    assert scene_study._first_stage.cache_info().hits == 1


def test_the_tables_name_the_images(two_scenes, tmp_path, monkeypatch):
    quick = {key: (value,) for key, value in QUICK.items()}
    half = {"scale": (0.5,)}
    monkeypatch.setattr(scene_study, "METHODS", {"blank": half, "kmeans": half, "cnn": quick})
    for table in (scene_study.IMAGE_TABLE, scene_study.AVERAGE_TABLE):
        assert run_experiment(table, tmp_path, ThisProcess(), quiet=True).missing == 0
        summary = summarize(table, tmp_path)
        assert [row.method for row in summary.rows] == ["blank", "kmeans", "cnn"]
        for row in summary.rows:
            assert set(scene_study.READINGS) <= set(row.statistics)
    pooled = summarize(scene_study.IMAGE_TABLE, tmp_path).rows[2].statistics
    assert pooled["3096/clusters/first"].sd_seeds is not None
    mean = sum(pooled[f"{name}/area/mean"].mean for name in ("3096", "25098")) / 2
    assert pooled["area/mean"].mean == pytest.approx(mean)
    assert int(pooled["3096/num_labels"].count) == 6


def test_the_real_images_are_found_in_their_splits(monkeypatch):
    scene_study._places.cache_clear()
    try:
        there = scene_study._places()
    except (FileNotFoundError, ValueError) as error:
        pytest.skip(str(error))
    found = {name: there[name] for name in scene_study.IMAGES if name in there}
    assert found.get("3096", "val") == "val"
    assert {split for name, split in found.items() if name != "3096"} <= {"train"}
    if "3096" in found:
        image, annotations = scene_study._scaled("3096", 0.5)
        assert image.shape[1:] == annotations[0].shape == (160, 240)
        blank = scene_study.run_job(Job("blank", {"scale": 0.5}, "3096", 0))
        assert blank["clusters/first"] > 0.9
        assert int(count_labels(annotations[0])) == 3
