"""The command: ``python -m experiments run toy_scenes --workers 2``."""

# ruff: noqa: T201 (a command talks)

from __future__ import annotations

import argparse
import importlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from experiments.jobs import Experiment
from experiments.provenance import ROOT
from experiments.runner import Failure, Report, run_experiment
from experiments.summary import summarize
from experiments.tables import to_csv, to_markdown
from experiments.workers import DaskWorkers, LocalWorkers, ThisProcess, cores

RUNS = ROOT / "experiments" / "runs"
SHOWN = 5  # kinds of failure that are told in full

EXAMPLES = """\
examples:
  python -m experiments run toy_scenes --workers 2
      does the jobs whose result is not there yet; whatever ended the last run, this one goes on
  python -m experiments summary toy_scenes
      prints the table
  python -m experiments summary toy_scenes --out book/results
      writes toy_scenes.md and toy_scenes.csv into a folder
  python -m experiments run toy_scenes --scheduler tcp://host:8786
      the same on a Dask cluster (--dask starts one of processes on this machine)

exit codes: 0 all results are there, 1 something is missing or wrong, 2 wrong usage,
130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``python -m experiments``; by default those of the shell.

    Returns
    -------
    int
        Exit code: 0 all results are there, 1 something is missing or wrong, 130 interrupted.

    Raises
    ------
    SystemExit
        With code 2 for wrong usage, with code 0 after ``--help``.
    """
    args = build_parser().parse_args(argv)
    try:
        table = load_experiments(args.module)
        if args.command is list_experiments:
            return list_experiments(table)
        return args.command(choose(table, args.name), args.folder / args.name, args)
    except (OSError, ValueError, ImportError) as error:
        print(f"experiments: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("experiments: interrupted; what is done stays, and the same command goes on",
              file=sys.stderr)  # fmt: skip
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command.

    Returns
    -------
    argparse.ArgumentParser
        Parser with the subcommands ``run``, ``summary`` and ``list``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        description="Make the tables of the book: one small file for each result.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--module", default="experiments.tasks", metavar="NAME",
        help="module whose EXPERIMENTS are meant (default: %(default)s)",
    )  # fmt: skip
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("name", help="name of the experiment")
    named.add_argument(
        "--folder", type=Path, default=RUNS, metavar="PATH",
        help="folder of all results (default: experiments/runs)",
    )  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="command")
    add = commands.add_parser
    run = add("run", parents=[named, common], help="do the jobs that are missing")
    run.set_defaults(command=run_command)
    run.add_argument(
        "--workers", type=_count(0), default=cores(), metavar="N",
        help="processes on this machine; 0 does the jobs in this one (default: one for each core)",
    )  # fmt: skip
    cluster = run.add_mutually_exclusive_group()
    cluster.add_argument("--scheduler", metavar="ADDRESS", help="use this Dask cluster")
    cluster.add_argument(
        "--dask", action="store_true", help="use a Dask cluster of --workers processes here"
    )
    run.add_argument("--limit", type=_count(1), metavar="N", help="do at most N jobs now")
    run.add_argument("--quiet", action="store_true", help="show no progress bar")
    table = add("summary", parents=[named, common], help="print or write the table")
    table.set_defaults(command=summary_command)
    table.add_argument("--out", type=Path, metavar="PATH", help="write .md and .csv into a folder")
    table.add_argument(
        "--metrics", type=lambda text: text.split(","), metavar="A,B",
        help="columns of the Markdown table (default: all; the CSV always has all)",
    )  # fmt: skip
    add("list", parents=[common], help="name the experiments").set_defaults(
        command=list_experiments
    )
    return parser


def _count(minimum: int):
    """Return a type for an option: a whole number of at least `minimum`."""

    def count(text: str) -> int:
        value = int(text)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {value}")
        return value

    return count


def load_experiments(module: str) -> dict[str, Experiment]:
    """Import a module, and return its table of experiments.

    Parameters
    ----------
    module : str
        Name of the module.

    Returns
    -------
    dict of str to Experiment
        Its ``EXPERIMENTS``.

    Raises
    ------
    ValueError
        If it has none.
    """
    table = getattr(importlib.import_module(module), "EXPERIMENTS", None)
    if not isinstance(table, dict):
        raise ValueError(f"{module} must have a dict EXPERIMENTS, and does not")
    return table


def choose(table: dict[str, Experiment], name: str) -> Experiment:
    """Return an experiment by its name.

    Parameters
    ----------
    table : dict of str to Experiment
        The experiments.
    name : str
        Name of one.

    Returns
    -------
    Experiment
        That one.

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    if name not in table:
        raise ValueError(f"experiment must be one of {', '.join(table)}; got {name!r}")
    return table[name]


def list_experiments(table: dict[str, Experiment]) -> int:
    """Print the names of the experiments.

    Parameters
    ----------
    table : dict of str to Experiment
        The experiments.

    Returns
    -------
    int
        Exit code.
    """
    for name, experiment in table.items():
        print(f"{name}: {experiment.title}")
    return 0


def run_command(experiment: Experiment, folder: Path, args: argparse.Namespace) -> int:
    """Do the jobs that are missing, and say what became of them.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    folder : Path
        Folder of its results.
    args : argparse.Namespace
        What was asked.

    Returns
    -------
    int
        Exit code.
    """
    if args.scheduler or args.dask:
        workers = DaskWorkers(args.scheduler, max(1, args.workers))
    else:
        workers = LocalWorkers(args.workers) if args.workers else ThisProcess()
    report = run_experiment(experiment, folder, workers, limit=args.limit, quiet=args.quiet)
    for fault in report.faults:
        print(f"experiments: {fault}; its job is done again", file=sys.stderr)
    _tell_failures(report)
    if report.stopped:
        print(f"experiments: {report.stopped}; stopped, the same command goes on", file=sys.stderr)
    print(
        f"{experiment.name}: {report.asked} results asked for, {report.there} were there, "
        f"{report.done} made now, {report.missing} missing ({folder})"
    )
    return 1 if report.missing else 0


def _tell_failures(report: Report) -> None:
    """Say which jobs have failed: each reason once, with its first job."""
    kinds = Counter(failure.reason for _, failure in report.failures)
    first: dict[str, tuple[object, Failure]] = {}
    for job, failure in report.failures:
        first.setdefault(failure.reason, (job, failure))
    for reason, count in kinds.most_common(SHOWN):
        job, failure = first[reason]
        jobs = "1 job" if count == 1 else f"{count} jobs"
        print(f"experiments: not done, {jobs}, first {job}: {reason}", file=sys.stderr)
        if failure.details:
            print(failure.details, file=sys.stderr)
    if len(kinds) > SHOWN:
        print(f"experiments: and {len(kinds) - SHOWN} other reasons", file=sys.stderr)


def summary_command(experiment: Experiment, folder: Path, args: argparse.Namespace) -> int:
    """Print the table of an experiment, or write it into a folder.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    folder : Path
        Folder of its results.
    args : argparse.Namespace
        What was asked.

    Returns
    -------
    int
        Exit code.
    """
    summary = summarize(experiment, folder)
    for fault in summary.faults:
        print(f"experiments: {fault}; it was not counted", file=sys.stderr)
    text = to_markdown(summary, args.metrics)
    if args.out is None:
        print(text, end="")
    else:
        args.out.mkdir(parents=True, exist_ok=True)
        for ending, content in ((".md", text), (".csv", to_csv(summary))):
            part = args.out / f".{experiment.name}{ending}.part"
            part.write_text(content, encoding="utf-8")
            part.replace(args.out / f"{experiment.name}{ending}")
            print(args.out / f"{experiment.name}{ending}")
        missing = f"{summary.missing} of {summary.asked} results are missing"
        print(f"{experiment.name}: {missing}", file=sys.stderr)
    return 1 if summary.missing else 0


if __name__ == "__main__":
    sys.exit(main())
