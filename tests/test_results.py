"""The tables of long runs, as the chapters read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.jobs import Experiment, grid
from experiments.runner import run_experiment
from experiments.summary import summarize
from experiments.tables import to_csv
from experiments.workers import ThisProcess
from seglib.results import read_results

RESULTS = Path(__file__).parents[1] / "book" / "results"


def measure(job):
    return {"score": job.settings["k"] + 0.25 * job.seed}


EXPERIMENT = Experiment(
    "trial",
    "a trial",
    jobs=lambda: grid("kmeans", {"k": (2, 5)}, ["a", "b"], seeds=(0, 1)),
    run=measure,
)


def test_what_the_summary_writes_is_read_again(tmp_path, monkeypatch):
    run_experiment(EXPERIMENT, tmp_path / "runs", ThisProcess(), quiet=True)
    (tmp_path / "book/results").mkdir(parents=True)
    table = to_csv(summarize(EXPERIMENT, tmp_path / "runs"))
    (tmp_path / "book/results/trial.csv").write_text(table)
    monkeypatch.chdir(tmp_path / "book")  # where a notebook runs
    two, five = read_results("trial")
    assert str(two) == "kmeans(k=2)"
    assert two.scores == {"score": 2.125}
    assert five.scores == {"score": 5.125}
    assert five.seed_spread["score"] == pytest.approx(0.25 / 2**0.5, rel=1e-5)
    assert five.origin["images"] == "2"


def test_a_notebook_without_its_book_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="nowhere.csv was not found in book/results"):
        assert read_results("nowhere") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "is empty"), ("method,metric\na,b\n", "lacks mean, sd_seeds, settings")],
)
def test_another_file_is_refused(tmp_path, text, words):
    (tmp_path / "other.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        read_results("other", tmp_path)


@pytest.mark.parametrize(
    "file", sorted(f for f in RESULTS.glob("*.csv") if f.stem != "chapters"), ids=lambda f: f.stem
)
def test_the_tables_of_the_book_are_whole(file):
    for result in read_results(file.stem, RESULTS):
        assert result.scores
        assert result.origin["missing"] == "0", f"{result} lacks results"
        assert "dirty" not in result.origin["commit"]
        assert ";" not in result.origin["code"], f"{result} mixes results of different code"
