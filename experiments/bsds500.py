"""The classical baselines on the 200 test images of BSDS500, with every score of the package."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import lru_cache

from experiments.jobs import Experiment, Job, Result, grid
from seglib import datasets
from seglib.baselines import BASELINES
from seglib.scores import pool_scores, score_segmentation

WINDOWS = (1, 3, 5, 7)  # α of Kanezaki 2018, Section 3
NUM_LABELS = range(2, 21)  # k, the same
THRESHOLDS = (100, 500, 1000, 1500, 2000)  # β, the same
NUM_SUPERPIXELS = (10, 30, 100, 300, 1000)

COLUMNS = (
    "num_segments", "average_precision_0.5", "average_precision_0.7", "f_0.5", "f_0.7", "miou_all",
    "miou_fine", "miou_coarse", "boundary_f", "probabilistic_rand_index",
    "variation_of_information", "covering",
)  # fmt: skip
NOTE = """\
Kanezaki 2018 prints average precision 0.0490 and 0.0129 for k-means and 0.1161 and 0.0449 for the \
graph-based method at IoU 0.5 and 0.7, by a protocol that its text does not settle: those figures \
and the ones above are not to be compared."""


def baseline_jobs() -> list[Job]:
    """Return the jobs: every setting that Kanezaki 2018 names, SLIC, and the blank image.

    Returns
    -------
    list of Job
        k-means has one seed everywhere, and two more at six of its settings, which show how much
        of a difference is luck; the other methods have no chance in them.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data set is not there, or not whole.
    """
    images = _images().names
    few = {"window": (1, 7), "num_labels": (2, 6, 20)}
    return [
        *grid("blank", {}, images),
        *grid("kmeans_windows", {"window": WINDOWS, "num_labels": NUM_LABELS}, images),
        *grid("kmeans_windows", few, images, seeds=(1, 2)),
        *grid("graph_based", {"threshold": THRESHOLDS, "min_size": (20, 100)}, images),
        *grid("slic_segments", {"num_superpixels": NUM_SUPERPIXELS}, images),
    ]


def run_baseline(job: Job) -> Result:
    """Segment an image, and score the labels against all annotators.

    Parameters
    ----------
    job : Job
        One of `baseline_jobs`.

    Returns
    -------
    dict
        What `seglib.scores.score_segmentation` returns.

    Raises
    ------
    FileNotFoundError, ValueError
        If the image is not there, or damaged.
    """
    method = BASELINES[job.method]
    chance = {"seed": job.seed} if "seed" in inspect.signature(method).parameters else {}
    record = _images().named(job.image)
    labels = method(record.image, **job.settings, **chance)
    return score_segmentation(labels, record.annotations)


def pool_images(results: Sequence[Result]) -> dict[str, float]:
    """Make the numbers that belong to the whole set.

    Parameters
    ----------
    results : sequence of mapping
        What `run_baseline` returned for each image.

    Returns
    -------
    dict of str to float
        Average precisions, mean IoUs of Kim 2020, and the boundary measure of all images.
    """
    pooled = pool_scores(results)
    return {
        name: value
        for name, value in pooled.items()
        if name not in results[0] and name != "num_images"
    }


@lru_cache(maxsize=1)
def _images() -> datasets.Records:
    """Return the test images; each is read when it is asked for."""
    return datasets.bsds500("test")


BASELINE_TABLE = Experiment(
    "bsds500_baselines",
    "blank image, k-means, graph-based segmentation and SLIC on the 200 test images of BSDS500",
    jobs=baseline_jobs,
    run=run_baseline,
    pool=pool_images,
    columns=COLUMNS,
    note=NOTE,
)
