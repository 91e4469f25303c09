"""The classical baselines on the 200 test images of BSDS500, with every score of the package."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Sequence
from functools import lru_cache

from torch import Tensor

from experiments.jobs import Experiment, Job, Result, grid
from seglib import datasets
from seglib.baselines import BASELINES
from seglib.curves import INTEGRATIONS, RECALLS, SegmentCounts, average_precision
from seglib.labels import count_labels
from seglib.protocols import ANNOTATORS, CONNECTIVITIES, count_right_segments, find_segments
from seglib.scores import pool_scores, score_segmentation

WINDOWS = (1, 3, 5, 7)  # α of Kanezaki 2018, Section 3
NUM_LABELS = (2, 3, 4, 5, 6, 8, 10, 14, 20)  # k, of 2 to 20 in the same place
NUM_LABELS_OF_WINDOWS = (2, 4, 6, 10, 20)  # fewer where they take longer
FIT_PIXELS = 20_000  # windows that k-means is fitted on where they are large
THRESHOLDS = (100, 500, 1000, 1500, 2000)  # β, the same
MIN_SIZES = (20, 100)
NUM_SUPERPIXELS = (10, 30, 100, 300, 1000)
LABELS_ARE_SEGMENTS = ("graph_based", "slic_segments")  # these may touch by corners alone

COLUMNS = (
    "num_segments", "average_precision_0.5", "average_precision_0.7",
    "average_precision_merged_0.5", "average_precision_merged_0.7", "f_0.5", "f_0.7", "miou_all",
    "miou_fine", "miou_coarse", "boundary_f", "probabilistic_rand_index",
    "variation_of_information", "covering",
)  # fmt: skip
NOTE = """\
Kanezaki 2018 prints average precision 0.0490 and 0.0129 for k-means and 0.1161 and 0.0449 for the \
graph-based method at IoU 0.5 and 0.7, by a protocol that its text does not settle: those figures \
and the ones above are not to be compared."""


SHOWN_READINGS = tuple(
    f"{reading}/{threshold}"
    for reading in (
        "pairs/4/matched_truth/step",
        "merged/4/matched_truth/step",
        "merged/4/right_segments/step",
        "fine/4/matched_truth/step",
        "coarse/4/matched_truth/step",
        "first/4/matched_truth/step",
        "pairs/None/matched_truth/step",
        "pairs/4/matched_truth/interpolated",
        "pairs/4/matched_truth/eleven_point",
    )
    for threshold in (0.5, 0.7)
)


def baseline_jobs() -> list[Job]:
    """Return the jobs: settings over the ranges of Kanezaki 2018, SLIC, and the blank image.

    Returns
    -------
    list of Job
        k-means has one seed everywhere, and two more at two of its settings, which show how much
        of a difference is luck; the other methods have no chance in them. Windows above one
        pixel are clustered by a fit on `FIT_PIXELS` of them, to save time; one setting stands
        there with a fit on all, too, to show what that changes.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data set is not there, or not whole.
    """
    images = _images().names
    pixels = {"window": (1,), "num_labels": NUM_LABELS}
    windows = {"window": WINDOWS[1:], "num_labels": NUM_LABELS_OF_WINDOWS}
    windows |= {"max_fit_pixels": (FIT_PIXELS,)}
    return [
        *grid("blank", {}, images),
        *grid("graph_based", {"threshold": THRESHOLDS, "min_size": MIN_SIZES}, images),
        *grid("slic_segments", {"num_superpixels": NUM_SUPERPIXELS}, images),
        *grid("kmeans_windows", pixels, images),
        *grid("kmeans_windows", windows, images),
        *grid("kmeans_windows", pixels | {"num_labels": (2, 6)}, images, seeds=(1, 2)),
        *grid("kmeans_windows", {"window": (5,), "num_labels": (6,)}, images),
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
    record = _images().named(job.image)
    labels = _segment(job, record.image)
    connectivity = None if job.method in LABELS_ARE_SEGMENTS else 4
    return score_segmentation(labels, record.annotations, connectivity=connectivity)


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


def reading_jobs() -> list[Job]:
    """Return the jobs of the study of what Kanezaki 2018 leaves open.

    Returns
    -------
    list of Job
        One setting of each method; the segments are those of `READINGS`.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data set is not there, or not whole.
    """
    images = _images().names
    return [
        *grid("blank", {}, images),
        *grid("kmeans_windows", {"window": (1,), "num_labels": (6,)}, images),
        *grid("graph_based", {"threshold": (500,), "min_size": (20,)}, images),
    ]


def run_readings(job: Job) -> Result:
    """Segment an image, and count its right segments in every reading of the protocol.

    Parameters
    ----------
    job : Job
        One of `reading_jobs`.

    Returns
    -------
    dict
        For each of `READINGS` and both thresholds, a list of counts.

    Raises
    ------
    FileNotFoundError, ValueError
        If the image is not there, or damaged.
    """
    record, counts = _images().named(job.image), {}
    labels = _segment(job, record.image)
    for connectivity in CONNECTIVITIES:
        segments = find_segments(labels, connectivity=connectivity)
        counts[f"segments_{connectivity}"] = int(count_labels(segments))
        for annotators, threshold in itertools.product(ANNOTATORS, (0.5, 0.7)):
            cases = count_right_segments(
                segments,
                record.annotations,
                threshold=threshold,
                annotators=annotators,
                connectivity=None,
            )
            name = f"{annotators}_{connectivity}_{threshold}"
            counts[name] = [list(case) for case in cases]
    return counts


def pool_readings(results: Sequence[Result]) -> dict[str, float]:
    """Make the average precision of the set in every reading.

    Parameters
    ----------
    results : sequence of mapping
        What `run_readings` returned for each image.

    Returns
    -------
    dict of str to float
        Keys such as ``pairs/4/matched_truth/step/0.5``: annotators, connectivity, what recall
        counts, how the curve is integrated, threshold.
    """
    found = {}
    for annotators, connectivity, threshold in itertools.product(
        ANNOTATORS, CONNECTIVITIES, (0.5, 0.7)
    ):
        name = f"{annotators}_{connectivity}_{threshold}"
        counts = [SegmentCounts(*case) for result in results for case in result[name]]
        for recall, integration in itertools.product(RECALLS, INTEGRATIONS):
            if recall == "right_segments" and annotators != "merged":
                continue  # the two recalls differ only there
            reading = f"{annotators}/{connectivity}/{recall}/{integration}/{threshold}"
            found[reading] = average_precision(counts, recall=recall, integration=integration)
    return found


@lru_cache(maxsize=1)
def _images() -> datasets.Records:
    """Return the test images; each is read when it is asked for."""
    return datasets.bsds500("test")


def _segment(job: Job, image: Tensor) -> Tensor:
    """Segment an image by the baseline that a job names; the seed is for those that take one."""
    method = BASELINES[job.method]
    chance = {"seed": job.seed} if "seed" in inspect.signature(method).parameters else {}
    return method(image, **job.settings, **chance)


BASELINE_TABLE = Experiment(
    "bsds500_baselines",
    "blank image, k-means, graph-based segmentation and SLIC on the 200 test images of BSDS500",
    jobs=baseline_jobs,
    run=run_baseline,
    pool=pool_images,
    columns=COLUMNS,
    note=NOTE,
)
READING_TABLE = Experiment(
    "bsds500_readings",
    "average precision of Kanezaki 2018 in every reading that its text allows",
    jobs=reading_jobs,
    run=run_readings,
    pool=pool_readings,
    columns=("segments_4", "segments_8", "segments_None", *SHOWN_READINGS),
    note=NOTE,
)
