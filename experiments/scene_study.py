"""The scene-segmentation study again: its five images, and test images of BSDS300.

Everything is done at half size, images and annotations alike, and the CNN stops after 60
iterations: what the study leaves open could not all be tried at full length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from experiments import bsds500
from experiments.jobs import Experiment, Job, Result, grid
from seglib import datasets
from seglib.baselines import blank
from seglib.ensembles import recluster
from seglib.images import resize_image
from seglib.overlaps import find_overlaps
from seglib.protocols import choose_annotations
from seglib.scene_study import cnn, gmm_elbow, kmeans_elbow
from seglib.scores import score_segmentation

IMAGES = ("25098", "3096", "35058", "22090", "23025")  # Table 7.3
SPLITS = ("train", "val", "test")  # train and test of BSDS300 are train and val of BSDS500
NUM_IMAGES = 20  # of the 100 test images of BSDS300, by name
SEEDS = range(3)
HALF = {"scale": (0.5,)}
CNN = HALF | {"num_steps": (60,)}
METHODS = {
    "blank": HALF,
    "kmeans": HALF,
    "gmm": HALF,
    "cnn": CNN,
    "cnn_kmeans": CNN | {"paint": ("mean_color", "labels")},
    "gmm_kmeans": HALF | {"paint": ("mean_color", "labels")},
}
CHOICES = ("first", "coarse", "fine")
READINGS = tuple(
    f"{weight}/{annotators}"
    for weight in ("clusters", "area")
    for annotators in (*CHOICES, "mean", "best", "any")
)
NOTE = """\
Cluster-wise IoU: the best IoU of each cluster with a true segment, averaged over the clusters \
(`clusters`) or weighted by their pixels (`area`). The annotator is the first of the file, the one \
with fewest or with most segments; the mean over all; the best; or, for each cluster, any. The \
study says neither which nor how many steps. Images and annotations at half size."""


def image_jobs() -> list[Job]:
    """Return the jobs on the five images of Table 7.3, with three seeds.

    Returns
    -------
    list of Job
        Six methods; the blank image has no chance in it and stands once for each seed all the
        same. An image that is not there has no job.

    Raises
    ------
    FileNotFoundError
        If the data set is not there.
    """
    there = [name for name in IMAGES if _split_of(name) is not None]
    return [
        job for method, settings in METHODS.items() for job in grid(method, settings, there, SEEDS)
    ]


def average_jobs() -> list[Job]:
    """Return the jobs on the first test images of BSDS300, with one seed.

    Returns
    -------
    list of Job
        Six methods, `NUM_IMAGES` images.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data set is not there, or not whole.
    """
    names = datasets.bsds500("val").names[:NUM_IMAGES]
    return [job for method, settings in METHODS.items() for job in grid(method, settings, names)]


def run_job(job: Job) -> Result:
    """Segment an image at half size, and score the labels in every reading.

    Parameters
    ----------
    job : Job
        One of `image_jobs` or `average_jobs`.

    Returns
    -------
    dict
        What `seglib.scores.score_segmentation` returns, each of `READINGS`, and the number of
        the image.

    Raises
    ------
    FileNotFoundError, ValueError
        If the image is not there, or damaged.
    """
    settings = dict(job.settings)
    image, annotations = _scaled(job.image, settings.pop("scale"))
    labels = _segment(job, image, settings)
    return {
        "image": [int(job.image)],
        **readings_of(labels, annotations),
        **score_segmentation(labels, annotations),
    }


def readings_of(labels: Tensor, annotations: Sequence[Tensor]) -> dict[str, float]:
    """Score clusters as the study does, in every reading of its text.

    Parameters
    ----------
    labels : Tensor, int64, shape (H, W)
        Label map to score, values from 0.
    annotations : sequence of Tensor, int64, shape (H, W)
        One true label map from each annotator.

    Returns
    -------
    dict of str to float
        A value for each of `READINGS`.

    Examples
    --------
    >>> truth = torch.tensor([[0, 0, 0, 1]])
    >>> found = readings_of(torch.tensor([[0, 0, 0, 0]]), [truth, torch.zeros_like(truth)])
    >>> found["clusters/first"], found["clusters/mean"], found["clusters/any"]
    (0.75, 0.875, 1.0)
    """
    tables = [find_overlaps(labels, truth) for truth in annotations]
    ious = torch.stack([torch.from_numpy(table.best_ious()[0]) for table in tables])  # (A, C)
    areas = torch.from_numpy(tables[0].areas).double()
    chosen = [choose_annotations(annotations, name)[0] for name in CHOICES]
    places = [next(i for i, a in enumerate(annotations) if a is truth) for truth in chosen]
    found = {}
    for weight, weights in (("clusters", torch.ones_like(areas)), ("area", areas)):
        means = (ious * weights).sum(dim=1) / weights.sum()  # (A,)
        upper = (ious.amax(dim=0) * weights).sum() / weights.sum()
        values = [*means[places], means.mean(), means.max(), upper]
        found |= {
            f"{weight}/{name}": float(value)
            for name, value in zip((*CHOICES, "mean", "best", "any"), values, strict=True)
        }
    return found


def pool_images(results: Sequence[Result]) -> dict[str, float]:
    """Name the scores of each image, which the summary would average.

    Parameters
    ----------
    results : sequence of mapping
        What `run_job` returned for each image, one seed.

    Returns
    -------
    dict of str to float
        Keys such as ``3096/clusters/first`` and ``3096/num_labels``.
    """
    shown = (*READINGS, "num_labels", "num_segments")
    return {f"{result['image'][0]}/{name}": result[name] for result in results for name in shown}


@lru_cache(maxsize=1)
def _places() -> Mapping[str, str]:
    """Return the split of each image that is there; of train, a part will do."""
    return {name: split for split in SPLITS for name in datasets.bsds500(split, partial=True).names}


def _split_of(name: str) -> str | None:
    """Return the split that holds an image, None if it is not there."""
    return _places().get(name)


def _scaled(name: str, scale: float) -> tuple[Tensor, list[Tensor]]:
    """Read an image and its annotations, and make both smaller; labels are not mixed."""
    record = datasets.bsds500(_split_of(name), partial=True).named(name)
    height, width = (round(side * scale) for side in record.image.shape[1:])
    rows = torch.arange(height) * record.image.shape[1] // height
    columns = torch.arange(width) * record.image.shape[2] // width
    annotations = [truth[rows][:, columns] for truth in record.annotations]
    return resize_image(record.image, (height, width)), annotations


def _segment(job: Job, image: Tensor, settings: dict) -> Tensor:
    """Segment by the method that a job names; both stages of an ensemble have its seed."""
    if job.method == "blank":
        return blank(image)
    if job.method == "kmeans":
        return kmeans_elbow(image, seed=job.seed, **settings)
    paint = settings.pop("paint", None)
    method = job.method.removesuffix("_kmeans")
    scale = job.settings["scale"]
    labels = _first_stage(method, job.image, job.seed, scale, tuple(settings.items()))
    return labels if paint is None else recluster(image, labels, paint=paint, seed=job.seed)


@lru_cache(maxsize=256)
def _first_stage(
    method: str, name: str, seed: int, scale: float, options: tuple[tuple[str, int], ...]
) -> Tensor:
    """Segment by the CNN or the mixture, once for it alone and for its ensembles."""
    image, _ = _scaled(name, scale)
    labels = {"cnn": cnn, "gmm": gmm_elbow}[method](image, seed=seed, **dict(options))
    return labels.to(image.device)


IMAGE_TABLE = Experiment(
    "scene_study_images",
    "the scene-segmentation study on its five images, three seeds, in every reading",
    jobs=image_jobs,
    run=run_job,
    pool=pool_images,
    columns=(*READINGS, "num_labels", "num_segments", *(f"{name}/area/first" for name in IMAGES)),
    note=NOTE,
)
AVERAGE_TABLE = Experiment(
    "scene_study_average",
    f"the scene-segmentation study on {NUM_IMAGES} test images of BSDS300, in every reading",
    jobs=average_jobs,
    run=run_job,
    pool=bsds500.pool_images,
    columns=(*READINGS, "num_labels", "num_segments", "miou_all", "covering"),
    note=NOTE,
)
