"""A job, an experiment, and the name that a configuration hashes to."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Setting = str | bool | int | float | None
Result = Mapping[str, Any]  # names to finite numbers, None, or lists of finite numbers


@dataclass(frozen=True)
class Job:
    """One thing to compute: a method with its settings, on one image, with one seed.

    Attributes
    ----------
    method : str
        Name of the method.
    settings : mapping of str to str, bool, int, float or None
        Its knobs.
    image : str
        Name of the image in its data set.
    seed : int
        Seed of the method's random numbers.
    """

    method: str
    settings: Mapping[str, Setting]
    image: str
    seed: int = 0

    def __str__(self) -> str:
        return f"{setting_text(self.method, self.settings)} on {self.image}, seed {self.seed}"


@dataclass(frozen=True)
class Experiment:
    """A list of jobs, and the function that does one.

    Attributes
    ----------
    name : str
        Name of the experiment, of the folder of its results and of its table.
    title : str
        What it asks, in one line.
    jobs : callable
        Returns the jobs; it is called once for each run, and may look at the data.
    run : callable
        Takes a job, and returns its result: a mapping from names to finite numbers, to None where
        a number is not defined, or to lists of numbers that `pool` needs. A function of a module,
        so that a worker can import it.
    revision : int
        Part of each configuration. Raise it when a change of the code changes the numbers: results
        of the old revision stay on the disk and are no longer counted.
    pool : callable, optional
        Takes the results of all images, and returns numbers that belong to the whole set and are
        no mean over its images, by name.
    columns : sequence of str
        Numbers that the Markdown table shows; by default all.
    note : str
        What stands below the table: published figures, for example.
    """

    name: str
    title: str
    jobs: Callable[[], Sequence[Job]]
    run: Callable[[Job], Result]
    revision: int = 1
    pool: Callable[[Sequence[Result]], Mapping[str, float | None]] | None = None
    columns: Sequence[str] = ()
    note: str = ""


def grid(
    method: str,
    settings: Mapping[str, Sequence[Setting]],
    images: Iterable[str],
    seeds: Iterable[int] = (0,),
) -> list[Job]:
    """Return a job for each combination of settings, image and seed.

    Parameters
    ----------
    method : str
        Name of the method.
    settings : mapping of str to sequence
        The values that each knob takes.
    images : iterable of str
        Names of the images.
    seeds : iterable of int
        Seeds.

    Returns
    -------
    list of Job
        The jobs; the last knob, then the image, then the seed change fastest.

    Examples
    --------
    >>> jobs = grid("kmeans", {"size": [1, 3], "k": [2, 5, 9]}, ["a", "b"], seeds=range(3))
    >>> len(jobs), str(jobs[0])
    (36, 'kmeans(size=1, k=2) on a, seed 0')
    """
    combinations = [
        dict(zip(settings, values, strict=True)) for values in itertools.product(*settings.values())
    ]
    jobs = itertools.product(combinations, list(images), list(seeds))
    return [Job(method, chosen, image, seed) for chosen, image, seed in jobs]


def setting_text(method: str, settings: Mapping[str, Setting]) -> str:
    """Return a method and its settings as a call is written.

    Parameters
    ----------
    method : str
        Name of the method.
    settings : mapping
        Its knobs.

    Returns
    -------
    str
        For example ``"slic(num_superpixels=100)"``.

    Examples
    --------
    >>> setting_text("slic", {"num_superpixels": 100})
    'slic(num_superpixels=100)'
    """
    return f"{method}({', '.join(f'{key}={value}' for key, value in settings.items())})"


def canonical(experiment: Experiment, job: Job) -> str:
    """Write the configuration of a job in the one form that is hashed and compared.

    Parameters
    ----------
    experiment : Experiment
        The experiment that the job belongs to.
    job : Job
        The job.

    Returns
    -------
    str
        JSON with sorted keys and no spaces; a whole number is written as an integer, so that
        100 and 100.0 are the same setting.

    Raises
    ------
    TypeError
        If a part of the job has the wrong type.
    ValueError
        If a setting is not finite.

    Examples
    --------
    >>> toy = Experiment("toy", "", jobs=list, run=dict)
    >>> canonical(toy, Job("blank", {"b": 2.0, "a": "x"}, "disks"))  # doctest: +ELLIPSIS
    '{"experiment":"toy","image":"disks","method":"blank","revision":1,"seed":0,...'
    """
    for name, value, kind in (("method", job.method, str), ("image", job.image, str)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} of a job must be a string, got {value!r}")
    if isinstance(job.seed, bool) or not isinstance(job.seed, int):
        raise TypeError(f"seed of a job must be an integer, got {job.seed!r}")
    settings = {key: _plain(key, value) for key, value in job.settings.items()}
    return to_json(
        {
            "experiment": experiment.name,
            "revision": experiment.revision,
            "method": job.method,
            "settings": settings,
            "image": job.image,
            "seed": job.seed,
        }
    )


def _plain(name: str, value: Any) -> Setting:
    """Check a setting, and return the one spelling of its value."""
    # By exact type: a NumPy number is a float, too, and would be printed as one.
    if type(name) is not str or type(value) not in (str, bool, int, float, type(None)):
        raise TypeError(f"setting {name!r} must be a str, bool, int, float or None, got {value!r}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"setting {name!r} must be finite, got {value}")
        return int(value) if value.is_integer() else value
    return value


def to_json(value: Any) -> str:
    """Write a value as JSON with sorted keys, no spaces and no NaN.

    Parameters
    ----------
    value : Any
        What JSON can say.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> to_json({"b": [1, 2], "a": None})
    '{"a":null,"b":[1,2]}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(text: str) -> str:
    """Return the SHA-256 hash of a text, cut to 128 bits.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> digest("")
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:32]
