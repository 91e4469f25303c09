"""Do the jobs of an experiment whose result is not there yet.

A worker computes, this process writes. A result that is on the disk is never computed again, and
never lost: whatever ends a run, the same call goes on where it was.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from experiments.jobs import Experiment, Job, Result, canonical, digest
from experiments.provenance import code_state, provenance
from experiments.results import (
    BadResultError,
    check_result,
    read_result,
    remove_old_parts,
    write_result,
)

ATTEMPTS = 2  # at a job whose worker dies: it may have been the fault of another program
_ONE_AT_A_TIME = threading.Lock()  # the random numbers of PyTorch belong to the whole process


@dataclass(frozen=True)
class Failure:
    """A job that has no result, and why.

    Attributes
    ----------
    reason : str
        One line.
    details : str
        Where in the code it happened; empty if that is not known.
    """

    reason: str
    details: str = ""


@dataclass
class Report:
    """What a run has done.

    Attributes
    ----------
    asked : int
        Jobs of the experiment.
    there : int
        Results that were there before.
    done : int
        Results that were made and are on the disk.
    faults : list of str
        Result files that could not be counted, each named; their jobs were done again.
    failures : list of (Job, Failure)
        Jobs that were tried, and have no result.
    stopped : str
        Why the run was given up before its end; empty if it was not.
    """

    asked: int
    there: int = 0
    done: int = 0
    faults: list[str] = field(default_factory=list)
    failures: list[tuple[Job, Failure]] = field(default_factory=list)
    stopped: str = ""

    @property
    def missing(self) -> int:
        """Jobs that have no result."""
        return self.asked - self.there - self.done


def list_jobs(experiment: Experiment) -> dict[str, Job]:
    """Return the jobs of an experiment under their configurations.

    Parameters
    ----------
    experiment : Experiment
        The experiment.

    Returns
    -------
    dict of str to Job
        In the order of the experiment.

    Raises
    ------
    ValueError
        If there are none, or one is listed twice.
    """
    jobs: dict[str, Job] = {}
    for job in experiment.jobs():
        configuration = canonical(experiment, job)
        if configuration in jobs:
            raise ValueError(f"each job of {experiment.name} must be listed once, got twice: {job}")
        jobs[configuration] = job
    if not jobs:
        raise ValueError(f"{experiment.name} must have at least one job, got none")
    return jobs


def run_experiment(
    experiment: Experiment,
    folder: Path,
    workers: Any,
    *,
    limit: int | None = None,
    quiet: bool = False,
) -> Report:
    """Do the jobs of an experiment whose result is not there yet.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    folder : Path
        Folder of its results.
    workers : ThisProcess, LocalWorkers or DaskWorkers
        Who does the jobs.
    limit : int, optional
        Most jobs to do now.
    quiet : bool
        Whether to show no progress bar.

    Returns
    -------
    Report
        What was done, and what was not.

    Raises
    ------
    ValueError
        If the list of jobs is not a good one.

    Notes
    -----
    Jobs are done in the order of their hashes, which is as good as a random one: the time left is
    estimated from a fair sample of slow and quick methods, and a summary of half of the results
    shows all methods. After a result could not be written no job is begun, because the next ones
    could not be written either.
    """
    jobs = list_jobs(experiment)
    report = Report(asked=len(jobs))
    remove_old_parts(folder)
    missing = {}
    for configuration, job in jobs.items():
        try:
            record = read_result(folder, configuration)
        except BadResultError as fault:
            report.faults.append(str(fault))
            record = None
        if record is None:
            missing[configuration] = job
    report.there = report.asked - len(missing)
    waiting = sorted(missing.items(), key=lambda item: digest(item[0]))[:limit]
    if not waiting:
        return report
    terminal = sys.stderr.isatty()
    with workers, tqdm(
        total=report.there + len(waiting), initial=report.there, desc=experiment.name,
        unit="job", smoothing=0, mininterval=0.5 if terminal else 60, disable=quiet,
    ) as bar:  # fmt: skip
        _Run(experiment, folder, workers, report, bar).do(waiting)
    return report


class _Run:
    """The jobs that are under way, and what becomes of them."""

    def __init__(
        self, experiment: Experiment, folder: Path, workers: Any, report: Report, bar: tqdm
    ) -> None:
        self.experiment, self.folder, self.workers = experiment, folder, workers
        self.report, self.bar = report, bar

    def do(self, jobs: list[tuple[str, Job]]) -> None:
        """Keep the workers busy until all jobs have been tried."""
        waiting = deque((configuration, job, 1) for configuration, job in jobs)
        under_way: dict[Future, tuple[str, Job, int]] = {}
        while under_way or (waiting and not self.report.stopped):
            while waiting and len(under_way) < self.workers.slots and not self.report.stopped:
                configuration, job, attempt = waiting.popleft()
                future = self.workers.submit(execute, self.experiment.run, job)
                under_way[future] = (configuration, job, attempt)
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                configuration, job, attempt = under_way.pop(future)
                outcome = outcome_of(future)
                if outcome is None and attempt < ATTEMPTS:
                    waiting.appendleft((configuration, job, attempt + 1))
                else:
                    self.settle(configuration, job, outcome or Failure("its worker died, twice"))

    def settle(self, configuration: str, job: Job, outcome: Any) -> None:
        """Write a result, or note why there is none."""
        if not isinstance(outcome, Failure):
            try:
                write_result(self.folder, configuration, *outcome)
                self.report.done += 1
            except OSError as error:
                outcome = Failure(f"its result could not be written: {error}")
                self.report.stopped = f"cannot write into {self.folder}: {error.strerror or error}"
        if isinstance(outcome, Failure):
            self.report.failures.append((job, outcome))
            self.bar.set_postfix(failed=len(self.report.failures))
        self.bar.update()


def outcome_of(future: Future) -> tuple[Result, dict[str, Any]] | Failure | None:
    """Return what has become of a job; None if its worker died and another one may try.

    Parameters
    ----------
    future : Future
        A future that is done.

    Returns
    -------
    pair, Failure or None
        Result and provenance, or why there is no result.
    """
    if future.cancelled():
        return Failure("the cluster has given it up")
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenExecutor):
        return None
    return Failure(f"{type(error).__name__}: {' '.join(str(error).split())}")


def execute(run: Callable[[Job], Result], job: Job) -> tuple[Result, dict[str, Any]] | Failure:
    """Do a job, in a worker.

    Parameters
    ----------
    run : callable
        The function of the experiment.
    job : Job
        The job.

    Returns
    -------
    pair or Failure
        Result and provenance, or what was raised: an exception itself may not survive the way.
    """
    try:
        with _ONE_AT_A_TIME:
            code_state()  # now: files may be edited while the job runs
            start = time.perf_counter()
            result = check_result(run(job))
            return result, provenance(time.perf_counter() - start)
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Failure(reason, traceback.format_exc())
