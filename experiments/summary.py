"""Mean, spread and count of the results."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.jobs import Experiment, Job, Setting, to_json
from experiments.results import BadResultError, read_result
from experiments.runner import list_jobs

Record = tuple[Job, Mapping[str, Any]]  # a job and the provenance of its result


@dataclass(frozen=True)
class Statistic:
    """One number over the images and seeds of a method.

    Attributes
    ----------
    mean : float or None
        Mean over images and seeds, None if it is nowhere defined. A number of the whole set is
        averaged over seeds alone.
    sd : float or None
        Sample standard deviation over images and seeds, None for fewer than two, and for a number
        of the whole set.
    sd_seeds : float or None
        The same over the means of the seeds of which no result is missing, None for fewer than
        two: what luck alone does to the mean.
    count : int
        Results in which the number is defined, or from which it was made.
    """

    mean: float | None
    sd: float | None
    sd_seeds: float | None
    count: int


@dataclass(frozen=True)
class Row:
    """One method with its settings.

    Attributes
    ----------
    method : str
        Name of the method.
    settings : mapping
        Its knobs.
    asked : int
        Jobs.
    records : sequence of (Job, mapping)
        Those with a result, and where it comes from.
    statistics : mapping of str to Statistic
        Each number of the results, by name.
    """

    method: str
    settings: Mapping[str, Setting]
    asked: int
    records: Sequence[Record]
    statistics: Mapping[str, Statistic]

    @property
    def missing(self) -> int:
        """Jobs without a result."""
        return self.asked - len(self.records)


@dataclass(frozen=True)
class Summary:
    """The results of an experiment, as far as they are there.

    Attributes
    ----------
    experiment : Experiment
        The experiment.
    rows : sequence of Row
        One for each method with its settings, in the order of the experiment.
    faults : sequence of str
        Result files that were not counted, each named.
    """

    experiment: Experiment
    rows: Sequence[Row]
    faults: Sequence[str]

    @property
    def asked(self) -> int:
        """Jobs of the experiment."""
        return sum(row.asked for row in self.rows)

    @property
    def missing(self) -> int:
        """Jobs without a result."""
        return sum(row.missing for row in self.rows)


def summarize(experiment: Experiment, folder: Path) -> Summary:
    """Read the results of an experiment, and take mean, spread and count.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    folder : Path
        Folder of its results.

    Returns
    -------
    Summary
        A file that cannot be counted is named in it, and its job counts as missing.

    Raises
    ------
    ValueError
        If the list of jobs is not a good one.
    """
    faults: list[str] = []
    groups: dict[str, dict[str, Job]] = {}
    for configuration, job in list_jobs(experiment).items():
        groups.setdefault(f"{job.method} {to_json(job.settings)}", {})[configuration] = job
    rows = [_row(experiment, folder, jobs, faults) for jobs in groups.values()]
    return Summary(experiment, rows, faults)


def _row(experiment: Experiment, folder: Path, jobs: dict[str, Job], faults: list[str]) -> Row:
    """Read the results of one method with its settings; of each only the origin is kept."""
    found: list[tuple[Job, Mapping[str, Any]]] = []
    origins: list[Record] = []
    for configuration, job in jobs.items():
        try:
            record = read_result(folder, configuration)
        except BadResultError as fault:
            faults.append(str(fault))
            continue
        if record is not None:
            found.append((job, record["result"]))
            origins.append((job, record["provenance"]))
    first = next(iter(jobs.values()))
    numbers = _statistics(experiment, list(jobs.values()), found)
    return Row(first.method, first.settings, len(jobs), origins, numbers)


def _statistics(
    experiment: Experiment, jobs: Sequence[Job], found: Sequence[tuple[Job, Mapping[str, Any]]]
) -> dict[str, Statistic]:
    """Take the statistics of each number of some results, then of those of the whole set."""
    asked = Counter(job.seed for job in jobs)
    by_seed: dict[int, list[Mapping[str, Any]]] = {}
    for job, result in found:
        by_seed.setdefault(job.seed, []).append(result)
    whole = [seed for seed, part in by_seed.items() if len(part) == asked[seed]]
    results = [result for _, result in found]
    numbers = {}
    for name in dict.fromkeys(name for result in results for name in result):
        if not any(isinstance(result.get(name), list) for result in results):
            values = _defined(results, name)
            means = [_mean(_defined(by_seed[seed], name)) for seed in whole]
            numbers[name] = Statistic(
                _mean(values), _deviation(values), _deviation(means), len(values)
            )
    if experiment.pool is not None and results:
        pooled = {seed: experiment.pool(part) for seed, part in by_seed.items()}
        for name in dict.fromkeys(name for part in pooled.values() for name in part):
            values = _defined(pooled.values(), name)
            spread = _deviation(_defined([pooled[seed] for seed in whole], name))
            numbers[name] = Statistic(_mean(values), None, spread, len(results))
    return numbers


def _defined(results: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    """Return a number of each result that has it."""
    return [result[name] for result in results if result.get(name) is not None]


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean, None if there is nothing."""
    return statistics.fmean(values) if values else None


def _deviation(values: Sequence[float | None]) -> float | None:
    """Return the sample standard deviation, None for fewer than two values."""
    there = [value for value in values if value is not None]
    return statistics.stdev(there) if len(there) > 1 else None
