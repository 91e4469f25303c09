"""The tables of the classical baselines, on a set of two toy scenes in place of BSDS500."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from experiments import bsds500
from experiments.jobs import Experiment, Job, grid, to_json
from experiments.runner import run_experiment
from experiments.summary import summarize
from experiments.workers import ThisProcess
from seglib.baselines import graph_based
from seglib.curves import average_precision
from seglib.labels import connected_components, count_labels
from seglib.protocols import count_right_segments
from seglib.scenes import toy_scene


@pytest.fixture(autouse=True)
def two_scenes(monkeypatch):
    """Two images with two annotators each: the truth, and everything in one segment."""
    records = {}
    for name in ("disks", "checker"):
        image, truth = toy_scene(name)
        annotations = [truth, torch.zeros_like(truth)]
        records[name] = SimpleNamespace(image=image, annotations=annotations)
    images = SimpleNamespace(names=list(records), named=records.__getitem__)
    monkeypatch.setattr(bsds500, "_images", lambda: images)
    return images


def test_every_job_is_named_once_and_every_method_is_there():
    jobs = bsds500.baseline_jobs()
    assert len({str(job) for job in jobs}) == len(jobs)
    assert {job.method for job in jobs} == {
        "blank", "kmeans_windows", "graph_based", "slic_segments",
    }  # fmt: skip
    assert {job.settings.get("threshold") for job in jobs} == {None, *bsds500.THRESHOLDS}


def test_graph_based_segments_are_scored_as_they_are(two_scenes):
    job = Job("graph_based", {"threshold": 100, "min_size": 20}, "disks", 0)
    labels = graph_based(two_scenes.named("disks").image, threshold=100, min_size=20)
    found = bsds500.run_baseline(job)["num_segments"]
    assert found == int(count_labels(labels))
    clusters = Job("kmeans_windows", {"window": 1, "num_labels": 3}, "disks", 0)
    scores = bsds500.run_baseline(clusters)
    assert scores["num_segments"] > scores["num_labels"] == 3


def test_a_reading_is_the_protocol_under_its_name(two_scenes):
    settings = {"threshold": 500, "min_size": 20}
    results = [
        bsds500.run_readings(Job("graph_based", settings, name, 0)) for name in two_scenes.names
    ]
    pooled = bsds500.pool_readings(results)
    assert set(bsds500.SHOWN_READINGS) <= set(pooled)
    for annotators, recall in (("pairs", "matched_truth"), ("merged", "right_segments")):
        cases = []
        for name in two_scenes.names:
            record = two_scenes.named(name)
            segments = connected_components(graph_based(record.image, **settings))
            cases += count_right_segments(
                segments, record.annotations, threshold=0.7, annotators=annotators
            )
        expected = average_precision(cases, recall=recall, integration="trapezoid")
        found = pooled[f"{annotators}/4/{recall}/trapezoid/0.7"]
        assert found == pytest.approx(expected)
        assert found > 0


def test_the_real_images_score_what_is_known(tmp_path, monkeypatch):
    monkeypatch.undo()  # the images of BSDS500 in place of the two scenes
    try:
        jobs = bsds500.baseline_jobs()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    settings = {to_json([job.method, job.settings]) for job in jobs}
    images = sorted({job.image for job in jobs})
    assert len(images) == 200
    assert len(settings) == 1 + 5 * 2 + 5 + 9 + 3 * 5 + 1
    graph = {"threshold": 100, "min_size": 100}
    assert to_json(["graph_based", graph]) in settings
    chosen = [*grid("blank", {}, images[:2]), Job("graph_based", graph, images[0])]
    experiment = Experiment(
        "two", "", lambda: chosen, bsds500.run_baseline, pool=bsds500.pool_images
    )
    assert run_experiment(experiment, tmp_path, ThisProcess(), quiet=True).missing == 0
    blank, graph = summarize(experiment, tmp_path).rows
    assert (blank.statistics["num_segments"].mean, blank.statistics["boundary_f"].mean) == (1, 0)
    assert graph.statistics["miou_all"].mean > blank.statistics["miou_all"].mean > 0
    assert set(bsds500.COLUMNS) <= set(blank.statistics)
