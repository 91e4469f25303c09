"""The experiments, by name.

An experiment of your own is a module with such a table: ``--module my_experiments``.
"""

from __future__ import annotations

import torch

from experiments import bsds500, scene_study
from experiments.jobs import Experiment, Job, Result, grid
from seglib import kanezaki2018
from seglib.labels import connected_components
from seglib.metrics import adjusted_rand_index, matched_accuracy, variation_of_information
from seglib.scenes import toy_scene
from seglib.superpixels import slic_superpixels

TOY_METHODS = {
    "blank": lambda image, seed: torch.zeros_like(image[0], dtype=torch.int64),
    "slic": lambda image, seed, **knobs: slic_superpixels(image, **knobs),
    "kanezaki2018": lambda image, seed, **knobs: kanezaki2018.segment(
        image, seed=seed, device="cpu", **knobs
    ),
}


def toy_jobs() -> list[Job]:
    """Return the jobs of ``toy_scenes``: seconds of computing, no data.

    Returns
    -------
    list of Job
        Three methods on three scenes; the ones that draw random numbers with three seeds.
    """
    scenes = ("two_halves", "disks", "gradient")
    small = {"num_steps": [10], "num_filters": [16], "num_labels": [16], "num_superpixels": [200]}
    return [
        *grid("blank", {}, scenes),
        *grid("slic", {"num_superpixels": [10, 50], "compactness": [10.0]}, scenes),
        *grid("kanezaki2018", small, scenes, seeds=range(3)),
    ]


def run_toy(job: Job) -> Result:
    """Segment a toy scene, and score the labels.

    Parameters
    ----------
    job : Job
        One of `toy_jobs`.

    Returns
    -------
    dict
        Scores, and the number of connected segments that they belong to.
    """
    image, true_labels = toy_scene(job.image)
    labels = TOY_METHODS[job.method](image, job.seed, **job.settings)
    return {
        "segments": int(connected_components(labels).max()) + 1,
        "matched_accuracy": matched_accuracy(labels, true_labels),
        "adjusted_rand_index": adjusted_rand_index(labels, true_labels),
        "variation_of_information": sum(variation_of_information(labels, true_labels)),
    }


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "toy_scenes",
            "a trial of the runner: three methods on scenes whose truth is known",
            jobs=toy_jobs,
            run=run_toy,
        ),
        bsds500.BASELINE_TABLE,
        bsds500.READING_TABLE,
        scene_study.IMAGE_TABLE,
        scene_study.AVERAGE_TABLE,
    )
}
