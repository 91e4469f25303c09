"""No result is lost, faked or counted for another, whatever ends a run; the tables are right."""

from __future__ import annotations

import ast
import csv
import errno
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from test_docstrings import docstring_faults
from test_layers import imports_of, size_faults

from experiments import __main__ as command
from experiments import provenance as provenance_module
from experiments import results
from experiments.jobs import Experiment, Job, canonical, digest, grid, to_json
from experiments.provenance import provenance
from experiments.results import BadResultError, check_result, read_result, write_result
from experiments.runner import list_jobs, run_experiment
from experiments.summary import summarize
from experiments.tables import to_csv, to_markdown
from experiments.workers import DaskWorkers, LocalWorkers, ThisProcess, cores

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="kills processes by POSIX signals")


# The toy: what workers import and do ------------------------------------------------------------


def square(job: Job) -> dict[str, float]:
    """Square the number that the image is called, a little late, and after trouble if asked."""
    time.sleep(job.settings.get("seconds", 0))
    trouble, number = job.settings.get("trouble", ""), int(job.image)
    if trouble and number == job.settings["victim"]:
        TROUBLES[trouble](job)
    return {"square": number**2, "pid": os.getpid()}


def wait_to_be_killed_once(job: Job) -> None:
    """Say which process this is, and wait for the end; the second time, go on."""
    marker = Path(job.settings["marker"])
    if not marker.exists():
        part = marker.with_suffix(".part")
        part.write_text(str(os.getpid()))
        part.replace(marker)
        time.sleep(60)


def kill_oneself(job: Job) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class HardToPickleError(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and\n{second}")


def raise_error(job: Job) -> None:
    raise HardToPickleError("this", "that")


TROUBLES = {
    "waits": wait_to_be_killed_once,
    "kills itself": kill_oneself,
    "raises": raise_error,
    "is NaN": lambda job: check_result({"square": float("nan")}),
}


def squares(count: int = 6, **settings) -> Experiment:
    jobs = [Job("square", settings, str(number)) for number in range(count)]
    return Experiment("squares", "a toy", jobs=lambda: jobs, run=square)


EXPERIMENTS = {"squares": squares(20, seconds=0.15)}  # what the command runs


def stored(folder: Path, experiment: Experiment) -> dict[str, float]:
    """The results that count, by image."""
    found = {}
    for configuration, job in list_jobs(experiment).items():
        record = read_result(folder, configuration)
        if record is not None:
            found[job.image] = record["result"]["square"]
    return found


def right(count: int) -> dict[str, int]:
    return {str(number): number**2 for number in range(count)}


def run_here(experiment: Experiment, folder: Path, **options):
    return run_experiment(experiment, folder, ThisProcess(), quiet=True, **options)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# Configurations ---------------------------------------------------------------------------------


def test_a_configuration_keeps_its_name():
    """Pinned: another name would orphan every result that is on a disk."""
    job = Job("kmeans", {"k": 5, "sigma": 0.8, "fast": True, "space": "Lab", "mask": None}, "12", 3)
    text = canonical(Experiment("bsds500", "", jobs=list, run=square), job)
    assert text == (
        '{"experiment":"bsds500","image":"12","method":"kmeans","revision":1,"seed":3,'
        '"settings":{"fast":true,"k":5,"mask":null,"sigma":0.8,"space":"Lab"}}'
    )
    assert digest(text) == "c0d6a62d759d29340e26cea289766a33"


def test_the_same_configuration_has_one_name_and_another_has_another():
    def name(job, experiment="toy", revision=1):
        return canonical(Experiment(experiment, "", list, square, revision), job)

    first = name(Job("m", {"a": 100, "b": 1}, "x"))
    assert first == name(Job("m", {"b": 1.0, "a": 100.0}, "x", 0))
    others = {
        name(Job("n", {"a": 100, "b": 1}, "x")),
        name(Job("m", {"a": 101, "b": 1}, "x")),
        name(Job("m", {"a": 100, "b": True}, "x")),
        name(Job("m", {"a": "100", "b": 1}, "x")),
        name(Job("m", {"a": 100}, "x")),
        name(Job("m", {"a": 100, "b": 1}, "y")),
        name(Job("m", {"a": 100, "b": 1}, "x", 1)),
        name(Job("m", {"a": 100, "b": 1}, "x"), "other"),
        name(Job("m", {"a": 100, "b": 1}, "x"), revision=2),
    }
    assert len(others | {first}) == 10


@pytest.mark.parametrize(
    ("job", "error"),
    [
        (Job("m", {"a": [1]}, "x"), r"setting 'a' must be a str, bool, int, float or None, got \["),
        (Job("m", {"a": float("inf")}, "x"), "setting 'a' must be finite, got inf"),
        (Job("m", {}, 3), "image of a job must be a string, got 3"),
        (Job(None, {}, "x"), "method of a job must be a string, got None"),
        (Job("m", {}, "x", 1.5), "seed of a job must be an integer, got 1.5"),
    ],
)
def test_what_cannot_be_named_is_refused(job, error):
    with pytest.raises((TypeError, ValueError), match=f"^{error}"):
        canonical(Experiment("toy", "", list, square), job)


def test_jobs_are_listed_once_and_there_are_some():
    twice = Experiment(
        "toy", "", lambda: [Job("m", {"a": 1}, "x"), Job("m", {"a": 1.0}, "x")], square
    )
    with pytest.raises(
        ValueError, match=r"must be listed once, got twice: m\(a=1.0\) on x, seed 0"
    ):
        list_jobs(twice)
    with pytest.raises(ValueError, match="toy must have at least one job, got none"):
        list_jobs(Experiment("toy", "", list, square))


def test_a_grid_holds_every_combination_once():
    jobs = grid("m", {"a": [1, 2], "b": ["x", "y", "z"]}, ["i", "j"], seeds=range(5))
    seen = {(job.settings["a"], job.settings["b"], job.image, job.seed) for job in jobs}
    assert len(jobs) == len(seen) == 2 * 3 * 2 * 5
    assert len(grid("blank", {}, ["i", "j"])) == 2


# Result files -----------------------------------------------------------------------------------


def test_a_result_comes_back_as_it_was_written(tmp_path):
    configuration = canonical(squares(), squares().jobs()[0])
    result = {"z": 0.1 + 0.2, "a": 3, "nothing": None, "counts": [[1, 2], [0.5]]}
    file = write_result(tmp_path / "new" / "folder", configuration, result, {"commit": "é"})
    assert file.name == f"{digest(configuration)}.json"
    record = read_result(file.parent, configuration)
    assert record["result"] == result
    assert list(record["result"]) == ["z", "a", "nothing", "counts"], "in the order of the function"
    assert record["provenance"] == {"commit": "é"}
    assert json.loads(file.read_text())["configuration"] == json.loads(configuration)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({}, "a result must hold at least one number, got none"),
        ([1.0], "a result must map names to numbers, got list"),
        ({"f": float("nan")}, "f of a result must be finite"),
        ({"f": "0.5"}, "f of a result must be a number, None or a list, got '0.5'"),
        ({"f": {"g": 1}}, "f of a result must be a number, None or a list, got {'g': 1}"),
        ({"f": [1, [2, float("inf")]]}, "f of a result must be finite"),
        ({1: 1}, "names of a result must be strings, got 1"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path, result, error):
    with pytest.raises((TypeError, ValueError), match=f"^{error}"):
        write_result(tmp_path / "runs", "{}", result, {})
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


DAMAGE = {
    "empty": lambda text: "",
    "cut": lambda text: text[: len(text) // 2],
    "zeros": lambda text: "\0" * len(text),
    "not text": lambda text: b"\xff\xfe\xfa",
    "a list": lambda text: "[1, 2]",
    "a number changed": lambda text: text.replace('"square": 9', '"square": 8'),
    "a NaN put in": lambda text: text.replace('"square": 9', '"square": NaN'),
    "the provenance changed": lambda text: text.replace('"dirty": ', '"dirty": 1'),
    "no checksum": lambda text: json.dumps({**json.loads(text), "checksum": None}),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_bad_file_is_named_and_redone_and_never_counted(tmp_path, damage):
    experiment = squares()
    run_here(experiment, tmp_path)
    configuration = next(c for c, job in list_jobs(experiment).items() if job.image == "3")
    file = results.result_file(tmp_path, configuration)
    content = damage(file.read_text())
    assert content != file.read_text(), "the test must damage something"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(BadResultError, match=re.escape(str(file))):
        read_result(tmp_path, configuration)
    summary = summarize(experiment, tmp_path)
    assert summary.missing == 1
    assert str(file) in summary.faults[0]
    assert summary.rows[0].statistics["square"].mean == (0 + 1 + 4 + 16 + 25) / 5

    report = run_here(experiment, tmp_path)
    assert (report.there, report.done, report.missing) == (5, 1, 0)
    assert len(report.faults) == 1
    assert str(file) in report.faults[0]
    assert stored(tmp_path, experiment) == right(6)


def test_the_file_of_another_configuration_is_named_and_redone(tmp_path):
    experiment = squares()
    run_here(experiment, tmp_path)
    files = {
        job.image: results.result_file(tmp_path, c) for c, job in list_jobs(experiment).items()
    }
    files["4"].write_bytes(files["2"].read_bytes())  # whole, with a good checksum: a false number
    report = run_here(experiment, tmp_path)
    assert report.done == 1
    assert f"{files['4']} belongs to another configuration" in report.faults[0]
    assert stored(tmp_path, experiment) == right(6)


def test_another_revision_counts_no_old_result(tmp_path):
    old = squares()
    run_here(old, tmp_path)
    new = Experiment(old.name, old.title, old.jobs, old.run, revision=2)
    assert summarize(new, tmp_path).missing == 6
    assert run_here(new, tmp_path).done == 6
    assert len(list(tmp_path.glob("*.json"))) == 12
    assert summarize(old, tmp_path).missing == 0


# A full disk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["mkstemp", "dump", "fsync", "replace"])
def test_a_full_disk_leaves_no_half_result_and_no_false_one(tmp_path, monkeypatch, call):
    experiment = squares()
    run_here(experiment, tmp_path, limit=2)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    def fail(*arguments, **options):
        if call == "dump":
            arguments[1].write('{"configuration": ')  # the disk takes the first block
            arguments[1].flush()
        raise OSError(errno.ENOSPC, "No space left on device")

    owner = {"mkstemp": results.tempfile, "dump": results.json}.get(call, os)
    with monkeypatch.context() as patch:
        patch.setattr(owner, call, fail)
        report = run_here(experiment, tmp_path)
    assert (report.there, report.done, report.missing) == (2, 0, 4)
    assert "No space left on device" in report.stopped
    assert str(tmp_path) in report.stopped
    assert len(report.failures) == 1, "no job is begun whose result could not be kept either"
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before

    assert run_here(experiment, tmp_path).done == 4
    assert stored(tmp_path, experiment) == right(6)


LIMITED = """
import resource, signal, sys
from pathlib import Path
import test_experiments as toy
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
report = toy.run_here(toy.squares(), Path(sys.argv[1]))
print(report.done, report.missing, [path.name for path in Path(sys.argv[1]).iterdir()])
print(report.stopped)
"""


def python(*words: str, paths: str = "", **options) -> subprocess.Popen:
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "tests"), paths, *sys.path]))
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


@posix
def test_the_system_itself_refuses_to_write_more_than_half_of_a_file(tmp_path):
    output, errors = python("-c", LIMITED, str(tmp_path)).communicate(timeout=60)
    assert output.startswith("0 6 []\n"), output + errors
    assert f"cannot write into {tmp_path}: File too large" in output
    assert run_here(squares(), tmp_path).done == 6


# A kill at any moment ---------------------------------------------------------------------------

KILLED = """
import json, os, signal, sys, tempfile
from pathlib import Path
import test_experiments as toy
moment, folder = sys.argv[1], Path(sys.argv[2])
toy.run_here(toy.squares(), folder, limit=2)
def die(*arguments, **options):
    if moment == "dump":
        arguments[1].write('{"configuration": ')
        arguments[1].flush()
    if moment == "after replace":
        replace(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
replace = os.replace
owner = {"mkstemp": tempfile, "dump": json}.get(moment, os)
setattr(owner, moment.split()[-1], die)
toy.run_here(toy.squares(), folder)
"""


@posix
@pytest.mark.parametrize(
    ("moment", "left"),
    [("mkstemp", 2), ("dump", 2), ("fsync", 2), ("replace", 2), ("after replace", 3)],
)
def test_a_kill_in_the_middle_of_writing_costs_one_job_at_most(tmp_path, moment, left):
    process = python("-c", KILLED, moment, str(tmp_path))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors
    experiment = squares()
    whole = stored(tmp_path, experiment)  # raises if one of them is half-written
    assert whole.items() <= right(6).items()
    assert len(whole) == left == len(list(tmp_path.glob("*.json")))
    assert summarize(experiment, tmp_path).missing == 6 - left

    report = run_here(experiment, tmp_path)
    assert (report.there, report.done, report.faults) == (left, 6 - left, [])
    assert stored(tmp_path, experiment) == right(6)


def test_old_leftovers_are_removed_and_young_ones_are_not(tmp_path):
    old, young = tmp_path / ".result-old.part", tmp_path / ".result-young.part"
    old.write_text("{")
    young.write_text("{")  # of a run that goes on beside this one
    os.utime(old, (0, 0))
    run_here(squares(), tmp_path)
    assert not old.exists()
    assert young.exists()


def start_command(folder: Path, **options) -> subprocess.Popen:
    return python(
        "-m", "experiments", "run", "squares", "--module", "test_experiments",
        "--workers", "2", "--folder", str(folder), **options,
    )  # fmt: skip


@posix
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT], ids=["SIGKILL", "Ctrl-C"])
def test_a_killed_run_goes_on_where_it_was_and_its_workers_end(tmp_path, blow):
    folder = tmp_path / "squares"
    process = start_command(tmp_path, start_new_session=True)
    wait_until(lambda: process.poll() is not None or len(list(folder.glob("*.json"))) >= 3)
    if blow == signal.SIGKILL:
        process.kill()
    else:
        os.killpg(process.pid, blow)  # as a terminal does it: to all processes of the run
    _, errors = process.communicate(timeout=30)
    if blow == signal.SIGINT:
        assert process.returncode == 130, errors
        assert "interrupted; what is done stays, and the same command goes on" in errors
        assert "Traceback" not in errors
    else:
        assert process.returncode == -signal.SIGKILL, errors

    experiment = EXPERIMENTS["squares"]
    before = stored(folder, experiment)
    assert 3 <= len(before) < 20, "killed in the middle"
    assert before.items() <= right(20).items()
    records = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    pids = {record["result"]["pid"] for record in records}
    wait_until(lambda: not any(is_alive(pid) for pid in pids), seconds=10)
    times = {file: file.stat().st_mtime_ns for file in folder.glob("*.json")}

    process = start_command(tmp_path)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"20 results asked for, {len(before)} were there, {20 - len(before)} made now" in output
    assert stored(folder, experiment) == right(20)
    assert all(file.stat().st_mtime_ns == then for file, then in times.items()), "done once"


# A worker that dies -----------------------------------------------------------------------------


def kill_the_one_who_waits(marker: Path) -> threading.Thread:
    """In the background, kill the process that has left its number in a file."""

    def watch():
        wait_until(marker.exists)
        os.kill(int(marker.read_text()), signal.SIGKILL)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@posix
def test_a_killed_worker_loses_its_job_only_and_another_one_does_it(tmp_path):
    marker = tmp_path / "marker"
    experiment = squares(8, seconds=0.05, trouble="waits", victim=5, marker=str(marker))
    killer = kill_the_one_who_waits(marker)
    report = run_experiment(experiment, tmp_path, LocalWorkers(2), quiet=True)
    killer.join()
    assert (report.done, report.missing, report.failures) == (8, 0, [])
    assert stored(tmp_path, experiment) == right(8)
    records = [json.loads(file.read_text()) for file in tmp_path.glob("*.json")]
    pids = [record["result"]["pid"] for record in records]
    assert int(marker.read_text()) not in {
        record["result"]["pid"] for record in records if record["configuration"]["image"] == "5"
    }
    assert len(set(pids)) >= 2, "the other worker was not disturbed"


@posix
def test_a_job_that_always_kills_its_worker_is_reported_and_the_others_are_done(tmp_path):
    experiment = squares(6, trouble="kills itself", victim=2)
    report = run_experiment(experiment, tmp_path, LocalWorkers(2), quiet=True)
    assert (report.done, report.missing) == (5, 1)
    [(job, failure)] = report.failures
    assert (job.image, failure.reason) == ("2", "its worker died, twice")
    assert stored(tmp_path, experiment) == {k: v for k, v in right(6).items() if k != "2"}


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("raises", "HardToPickleError: this and that"),
        ("is NaN", "ValueError: square of a result must be finite"),
    ],
)
@pytest.mark.parametrize("workers", [ThisProcess(), LocalWorkers(1)], ids=["here", "there"])
def test_a_job_that_fails_is_reported_and_the_others_are_done(tmp_path, workers, trouble, reason):
    experiment = squares(4, trouble=trouble, victim=1)
    report = run_experiment(experiment, tmp_path, workers, quiet=True)
    assert (report.done, report.missing) == (3, 1)
    [(job, failure)] = report.failures
    assert job.image == "1"
    assert failure.reason.startswith(reason)
    assert "test_experiments.py" in failure.details
    assert "1" not in stored(tmp_path, experiment)


def environment_of(job: Job) -> dict[str, float]:
    return {"threads": int(os.environ["OMP_NUM_THREADS"])}


def test_workers_share_the_cores_and_leave_the_environment_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    experiment = Experiment("threads", "", lambda: [Job("m", {}, "a")], environment_of)
    run_experiment(experiment, tmp_path, LocalWorkers(2), quiet=True)
    [row] = summarize(experiment, tmp_path).rows
    assert row.statistics["threads"].mean == max(1, cores() // 2)
    assert os.environ["OMP_NUM_THREADS"] == "77"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("workers", [LocalWorkers, lambda count: DaskWorkers(None, count)])
def test_a_number_of_workers_that_makes_no_sense_is_refused(workers):
    with pytest.raises(ValueError, match=r"^workers must be at least 1, got 0$"):
        workers(0)


# A Dask cluster ---------------------------------------------------------------------------------


@posix
def test_a_cluster_of_processes_of_which_one_is_killed_does_all_jobs(tmp_path):
    pytest.importorskip("distributed", reason="an optional extra")
    marker = tmp_path / "marker"
    experiment = squares(8, seconds=0.05, trouble="waits", victim=5, marker=str(marker))
    killer = kill_the_one_who_waits(marker)
    report = run_experiment(experiment, tmp_path, DaskWorkers(count=2), quiet=True)
    killer.join()
    assert (report.done, report.missing, report.failures) == (8, 0, [])
    assert stored(tmp_path, experiment) == right(8)
    records = [json.loads(file.read_text()) for file in tmp_path.glob("*.json")]
    pids = {record["configuration"]["image"]: record["result"]["pid"] for record in records}
    assert os.getpid() not in pids.values(), "done by processes of the cluster"
    assert pids["5"] != int(marker.read_text())


@posix
def test_a_job_that_kills_every_worker_of_a_cluster_is_reported(tmp_path):
    pytest.importorskip("distributed", reason="an optional extra")
    experiment = squares(4, trouble="kills itself", victim=2)
    report = run_experiment(experiment, tmp_path, DaskWorkers(count=1), quiet=True)
    assert (report.done, report.missing) == (3, 1)
    [(job, failure)] = report.failures
    assert job.image == "2"
    assert failure.reason.startswith("KilledWorker")


def test_without_dask_one_sentence_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = ["run", "squares", "--module", __name__, "--folder", str(tmp_path), "--dask"]
    assert command.main(words) == 1
    assert capsys.readouterr().err == (
        "experiments: a Dask cluster needs the package distributed, which is not installed: "
        "run `python -m pip install distributed`\n"
    )
    assert "distributed" not in {name for name in sys.modules if sys.modules[name] is not None}


def test_an_address_without_a_port_is_refused():
    with pytest.raises(ValueError, match=r"^scheduler must be an address .* got 'somewhere'"):
        DaskWorkers("somewhere")


# Provenance -------------------------------------------------------------------------------------


def test_every_result_says_where_it_comes_from(tmp_path):
    run_here(squares(1), tmp_path)
    [file] = tmp_path.glob("*.json")
    origin = json.loads(file.read_text())["provenance"]
    assert set(origin) == {
        "commit", "dirty", "code", "seglib", "versions", "device", "hardware", "threads", "cores",
        "seconds", "date",
    }  # fmt: skip
    assert set(origin["versions"]) == {
        "python", "numpy", "scipy", "scikit-image", "scikit-learn", "torch"
    }  # fmt: skip
    assert origin["device"] == "cpu"
    assert origin["date"].endswith("+00:00")
    assert origin["cores"] == os.cpu_count()
    assert origin["seglib"] == provenance_module.seglib.__version__


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A small git checkout in the place of this one."""
    for folder in provenance_module.CODE:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("x = 1\n")
    monkeypatch.setattr(provenance_module, "ROOT", tmp_path)
    monkeypatch.setattr(provenance_module.seglib, "__file__", str(tmp_path / "seglib/__init__.py"))
    provenance_module.code_state.cache_clear()
    yield tmp_path
    provenance_module.code_state.cache_clear()


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    return subprocess.check_output(["git", *identity, *words], cwd=folder, text=True).strip()


def state() -> dict:
    provenance_module.code_state.cache_clear()
    return provenance_module.code_state()


def test_the_commit_is_named_and_code_that_differs_from_it_is_dirty(checkout):
    git(checkout, "init", "--quiet")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "x")
    clean = state()
    assert (clean["commit"], clean["dirty"]) == (git(checkout, "rev-parse", "HEAD"), False)
    (checkout / "book.md").write_text("a page is no code")
    assert state() == clean
    (checkout / "seglib" / "new.py").write_text("x = 2\n")
    assert state()["dirty"] is True
    (checkout / "seglib" / "new.py").unlink()
    (checkout / "experiments" / "__init__.py").write_text("x = 3\n")
    changed = state()
    assert changed["dirty"] is True
    assert changed["code"] != clean["code"]


def test_outside_of_a_checkout_the_code_is_still_told_apart(checkout, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(checkout.parent))
    first = state()
    assert (first["commit"], first["dirty"]) == (None, None)
    (checkout / "seglib" / "__init__.py").write_text("x = 2\n")
    assert state()["code"] != first["code"]


def test_the_seglib_of_another_checkout_makes_no_result(checkout, monkeypatch, tmp_path):
    monkeypatch.setattr(provenance_module.seglib, "__file__", "/elsewhere/seglib/__init__.py")
    report = run_here(squares(2), tmp_path / "runs")
    assert report.missing == 2
    reason = report.failures[0][1].reason
    assert f"must run on the seglib of {checkout}, and would run on that of /elsewhere" in reason
    assert not list(tmp_path.glob("runs/*.json"))


# Tables -----------------------------------------------------------------------------------------


VALUES = {("a", 0): 1.0, ("a", 1): 3.0, ("b", 0): 2.0, ("b", 1): 6.0, ("c", 0): 6.0, ("c", 1): 12.0}


def scored() -> Experiment:
    """Two settings × three images × two seeds; a mean over segments, and one over images."""
    jobs = grid("m", {"k": [1, 2]}, "abc", seeds=[0, 1])
    return Experiment("scored", "", lambda: jobs, square, pool=pool_ious)


def pool_ious(found: list) -> dict[str, float | None]:
    total, count = map(sum, zip(*(result["ious"] for result in found), strict=True))
    return {"iou": total / count if count else None}


def fill(folder: Path, skip=()) -> None:
    for configuration, job in list_jobs(scored()).items():
        value = VALUES[job.image, job.seed] * job.settings["k"]
        count = {"a": 1, "b": 3, "c": 0}[job.image]
        result = {"f": value, "ious": [value * count / 10, count]}
        result["rare"] = None if job.image != "a" else value
        if (job.settings["k"], job.image, job.seed) not in skip:
            write_result(folder, configuration, result, provenance(2.0))


def test_mean_spread_and_count_by_hand(tmp_path):
    fill(tmp_path)
    summary = summarize(scored(), tmp_path)
    assert [row.settings for row in summary.rows] == [{"k": 1}, {"k": 2}]
    assert (summary.asked, summary.missing) == (12, 0)
    numbers = summary.rows[0].statistics
    assert list(numbers) == ["f", "rare", "iou"], "a list is for the pool alone"
    assert numbers["f"].mean == 5.0
    assert numbers["f"].sd == pytest.approx(statistics.stdev([1, 3, 2, 6, 6, 12]))
    assert numbers["f"].sd_seeds == pytest.approx(statistics.stdev([3.0, 7.0]))
    assert (numbers["f"].count, numbers["rare"].count, numbers["iou"].count) == (6, 2, 6)
    assert numbers["rare"].mean == 2.0
    # seed 0: (1·1 + 3·2 + 0·6) / 10 / 4, seed 1: (1·3 + 3·6 + 0·12) / 10 / 4
    assert numbers["iou"].mean == pytest.approx((7 / 40 + 21 / 40) / 2)
    assert numbers["iou"].sd is None
    assert numbers["iou"].sd_seeds == pytest.approx(statistics.stdev([7 / 40, 21 / 40]))
    assert summary.rows[1].statistics["f"].mean == 10.0


def test_what_is_missing_is_said_and_moves_no_spread_of_seeds(tmp_path):
    fill(tmp_path, skip={(1, "c", 1), (2, "a", 0)})
    summary = summarize(scored(), tmp_path)
    assert (summary.asked, summary.missing) == (12, 2)
    number, iou = (summary.rows[0].statistics[name] for name in ("f", "iou"))
    assert (number.count, number.mean, number.sd_seeds) == (5, 18 / 5, None)
    assert (iou.count, iou.sd_seeds) == (5, None)
    text = to_markdown(summary)
    assert "| m | k=1 | 5 of 6 | 3.6000 ± 2.3022 |" in text
    assert "2 of 12 results are missing" in text
    rows = list(csv.DictReader(to_csv(summary).splitlines()))
    assert {(row["asked"], row["missing"]) for row in rows} == {("6", "1")}


def test_an_empty_folder_makes_a_table_of_what_is_missing(tmp_path):
    summary = summarize(scored(), tmp_path / "none")
    assert "| m | k=2 | 0 of 6 |" in to_markdown(summary)
    assert "12 of 12 results are missing" in to_markdown(summary)
    assert [row["count"] for row in csv.DictReader(to_csv(summary).splitlines())] == ["0", "0"]


def test_the_table_names_its_sources(tmp_path):
    fill(tmp_path)
    [first, *_] = csv.DictReader(to_csv(summarize(scored(), tmp_path)).splitlines())
    assert (first["method"], first["settings"], first["metric"]) == ("m", to_json({"k": 1}), "f")
    assert (first["mean"], first["count"], first["images"], first["seeds"]) == ("5", "6", "3", "2")
    assert re.fullmatch(r"[0-9a-f]{10}(-dirty)?|none", first["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", first["date"])
    assert "torch " in first["versions"]
    assert "**Results of different code are mixed.**" not in to_markdown(
        summarize(scored(), tmp_path)
    )


def test_results_of_different_code_are_not_mixed_in_silence(tmp_path):
    fill(tmp_path)
    configuration = next(iter(list_jobs(scored())))
    record = read_result(tmp_path, configuration)
    other = {**record["provenance"], "code": "another", "commit": "f" * 40, "dirty": False}
    write_result(tmp_path, configuration, record["result"], other)
    text = to_markdown(summarize(scored(), tmp_path))
    assert "**Results of different code are mixed.**" in text
    assert "ffffffffff" in text


def test_columns_are_chosen_and_an_unknown_one_is_refused(tmp_path):
    fill(tmp_path)
    summary = summarize(scored(), tmp_path)
    header = to_markdown(summary, ["iou", "f"]).splitlines()[0]
    assert header == "| method | settings | results | iou | f |"
    with pytest.raises(ValueError, match=r"must be among \['f', 'rare', 'iou'\], got \['x'\]"):
        to_markdown(summary, ["x"])


# The command ------------------------------------------------------------------------------------


def test_the_command_runs_skips_and_writes_the_table(tmp_path, capsys):
    common = ["squares", "--module", __name__, "--folder", str(tmp_path)]
    run = ["run", *common, "--workers", "0", "--limit", "3"]
    assert command.main(run) == 1, "there is more to do"
    said = capsys.readouterr()
    assert "20 results asked for, 0 were there, 3 made now, 17 missing" in said.out
    assert re.search(r"squares: 100%.* 3/3 \[\d+:\d+<\d+:\d+", said.err), "time gone < time left"
    file = next(tmp_path.glob("squares/*.json"))
    file.write_text("{")
    assert command.main(run) == 1
    said = capsys.readouterr()
    assert "2 were there, 3 made now, 15 missing" in said.out
    assert f"experiments: {file} does not parse" in said.err
    assert command.main(["summary", *common, "--out", str(tmp_path / "out")]) == 1
    assert "15 of 20 results are missing" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "squares.csv", "squares.md"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["run", "no-such"], "experiments: experiment must be one of toy_scenes"),
        (["run", "x", "--module", "no_such_module"], "experiments: No module named"),
        (["list", "--module", "json"], "experiments: json must have a dict EXPERIMENTS"),
    ],
)
def test_a_wrong_word_ends_in_one_sentence(capsys, words, error):
    assert command.main(words) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith(error)


def test_the_reason_of_a_failure_is_said_once(tmp_path, capsys, monkeypatch):
    failing = Experiment("bad", "", squares(5).jobs, raise_error)
    monkeypatch.setitem(EXPERIMENTS, "bad", failing)
    words = ["bad", "--module", __name__, "--folder", str(tmp_path)]
    assert command.main(["run", *words, "--workers", "0", "--quiet"]) == 1
    errors = capsys.readouterr().err
    assert errors.count("HardToPickleError: this and that") == 1
    assert "not done, 5 jobs, first square() on " in errors


# The experiments themselves ---------------------------------------------------------------------


def test_the_toy_experiment_scores_what_is_known():
    from experiments.tasks import EXPERIMENTS, run_toy  # here: workers import this file

    assert len(list_jobs(EXPERIMENTS["toy_scenes"])) == 18
    blank = run_toy(Job("blank", {}, "two_halves"))
    assert blank == {
        "segments": 1, "matched_accuracy": 0.5, "adjusted_rand_index": 0.0,
        "variation_of_information": 1.0,
    }  # fmt: skip
    slic = run_toy(Job("slic", {"num_superpixels": 2, "compactness": 1.0}, "two_halves"))
    assert slic["segments"] == 2
    assert slic["matched_accuracy"] > 0.95


def test_the_experiment_of_the_readme_runs(tmp_path):
    text = (ROOT / "experiments" / "README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "my_experiments.py").write_text(code)
    words = ["mine", "--module", "my_experiments", "--folder", str(tmp_path / "runs")]
    words += ["--workers", "1"]
    process = python("-m", "experiments", "run", *words, paths=str(tmp_path))
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert "4 results asked for, 0 were there, 4 made now, 0 missing" in output


# Layers and style -------------------------------------------------------------------------------

MODULES = sorted((ROOT / "experiments").glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_are_short_and_say_what_a_caller_has_to_know(path):
    source = path.read_text()
    assert size_faults(path.stem, source) == []
    assert docstring_faults(path.stem, source) == []


def test_the_library_does_not_know_its_experiments():

    for path in (ROOT / "seglib").rglob("*.py"):
        imported = {
            name.partition(".")[0] for name, _, _ in imports_of(ast.parse(path.read_text()))
        }
        assert "experiments" not in imported, path


def test_dask_and_pytorch_are_imported_only_when_they_are_asked_for():
    code = (
        "import sys, experiments.__main__, experiments.tasks; print('distributed' in sys.modules)"
    )
    output, errors = python("-c", code).communicate(timeout=60)
    assert output == "False\n", errors
