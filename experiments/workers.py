"""Who does the jobs: this process, processes on this machine, or a Dask cluster.

Each kind is a context manager with `slots`, the number of jobs that it takes at a time, and
``submit(function, *arguments)``, which returns a `concurrent.futures.Future`.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


def cores() -> int:
    """Return the number of processor cores that this process may use.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_count(count: int) -> None:
    from seglib.checks import check_integers  # here: no worker should wait for PyTorch in vain

    check_integers(1, workers=count)


class ThisProcess:
    """Do the jobs here, one after the other: for a debugger."""

    slots = 1

    def __enter__(self) -> ThisProcess:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Call a function at once.

        Parameters
        ----------
        function : callable
            What to call.
        *arguments : Any
            What to call it with.

        Returns
        -------
        Future
            Done already.
        """
        future: Future = Future()
        future.set_result(function(*arguments))
        return future


class LocalWorkers:
    """Do the jobs in processes on this machine.

    Each worker is a pool of one process: when a process dies, its pool is lost, and with it the
    one job that it was doing. The next job that falls to this worker starts a new process.

    Parameters
    ----------
    count : int
        Number of processes, at least 1. Each may use its share of the cores for its threads.

    Raises
    ------
    TypeError, ValueError
        If `count` is not an integer of at least 1.
    """

    def __init__(self, count: int) -> None:
        _check_count(count)
        self.slots = count
        self._threads = max(1, cores() // count)
        self._workers: list[_Worker] = []
        self._environment: dict[str, str | None] = {}

    def __enter__(self) -> LocalWorkers:
        # The libraries read these when they are loaded, so a process has to be born with them.
        self._environment = {name: os.environ.get(name) for name in THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(self._threads)))
        self._workers = [_Worker() for _ in range(self.slots)]
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.stop()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Give a job to a free worker; there must be one.

        Parameters
        ----------
        function : callable
            A function of a module.
        *arguments : Any
            What to call it with; they travel to the process by pickle.

        Returns
        -------
        Future
            Its exception is a `concurrent.futures.BrokenExecutor` if the process dies.
        """
        number = next(n for n, worker in enumerate(self._workers) if worker.is_free())
        try:
            return self._workers[number].submit(function, *arguments)
        except BrokenExecutor:  # the process died in its last job, or since
            self._workers[number].stop()
            self._workers[number] = _Worker()
            return self._workers[number].submit(function, *arguments)


class _Worker:
    """One process, which ends as soon as this process lets go of it, or dies."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._leash, self._other_end = context.Pipe()
        self._pool = ProcessPoolExecutor(
            1, mp_context=context, initializer=_begin, initargs=(self._other_end,)
        )
        self._job: Future | None = None

    def is_free(self) -> bool:
        return self._job is None or self._job.done()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        self._job = self._pool.submit(function, *arguments)
        return self._job

    def stop(self) -> None:
        self._leash.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._other_end.close()


def _begin(leash: Connection) -> None:
    """Prepare a new worker: Ctrl-C is for its parent, and it must not outlive that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()


def _end_with(leash: Connection) -> None:
    """Wait until the other end is closed, which the system does for a process that dies."""
    try:
        leash.recv()
    except (EOFError, OSError):
        os._exit(1)


class DaskWorkers:
    """Do the jobs on a Dask cluster.

    The results travel to this process, which writes them: the cluster needs no shared disk. Dask
    gives the job of a worker that dies to another one, three times at most.

    Parameters
    ----------
    address : str, optional
        Address of the scheduler. Without it, a cluster of processes is started on this machine.
    count : int
        Number of processes of such a cluster.

    Raises
    ------
    TypeError, ValueError
        If `count` is not an integer of at least 1, or `address` does not end in a port.
    ModuleNotFoundError
        On entering, if Dask is not installed.
    ConnectionError
        On entering, if no scheduler answers.
    """

    slots = 1000  # jobs that the scheduler knows at a time

    def __init__(self, address: str | None = None, count: int = 1) -> None:
        _check_count(count)
        if address is not None and not re.fullmatch(r".+:\d+", address):
            raise ValueError(
                f"scheduler must be an address such as 'tcp://host:8786', got {address!r}"
            )
        self.address = address
        self.count = count
        self._cluster: Any = None

    def __enter__(self) -> DaskWorkers:
        try:
            import distributed
        except ImportError as error:
            raise ModuleNotFoundError(
                "a Dask cluster needs the package distributed, which is not installed: "
                "run `python -m pip install distributed`"
            ) from error
        where = self.address
        if where is None:
            where = self._cluster = distributed.LocalCluster(
                n_workers=self.count, threads_per_worker=1, processes=True, dashboard_address=None
            )
        try:
            self._client = distributed.Client(where, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConnectionError(f"no Dask scheduler answers at {self.address!r}") from error
        self._executor = self._client.get_executor()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Hand a job to the scheduler.

        Parameters
        ----------
        function : callable
            A function of a module that the workers can import.
        *arguments : Any
            What to call it with.

        Returns
        -------
        Future
            Cancelled if the cluster is gone.
        """
        return self._executor.submit(function, *arguments)
