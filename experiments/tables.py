"""The table of an experiment, as Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from experiments.jobs import setting_text, to_json
from experiments.summary import Statistic, Summary

COLUMNS = (
    "method", "settings", "metric", "mean", "sd", "sd_seeds", "count", "asked", "missing",
    "images", "seeds", "device", "hardware", "versions", "seglib", "commit", "code", "date",
)  # fmt: skip


def to_csv(summary: Summary) -> str:
    """Write a summary as CSV: one line for each method, its settings and each number.

    Parameters
    ----------
    summary : Summary
        What `summarize` returns.

    Returns
    -------
    str
        The columns are `COLUMNS`. Where results come from several commits, machines or days, all
        are named, with ``;`` between them.
    """
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in summary.rows:
        origin = sources(record for _, record in row.records)
        common = {
            "method": row.method,
            "settings": to_json(row.settings),
            "asked": row.asked,
            "missing": row.missing,
            "images": len({job.image for job, _ in row.records}),
            "seeds": len({job.seed for job, _ in row.records}),
            **{name: ";".join(values) for name, values in origin.items()},
        }
        for metric, number in row.statistics.items() or [("", Statistic(None, None, None, 0))]:
            values = {name: _digits(getattr(number, name)) for name in ("mean", "sd", "sd_seeds")}
            table.writerow({**common, "metric": metric, **values, "count": number.count})
    return buffer.getvalue()


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def sources(records: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the different origins of some results.

    Parameters
    ----------
    records : iterable of mapping
        What `experiments.provenance.provenance` has returned for each.

    Returns
    -------
    dict of str to list of str
        ``device``, ``hardware``, ``versions``, ``seglib``, ``commit``, ``code`` and ``date``; of
        the days only the first and the last. A commit ends in ``-dirty`` if the code was not
        that of the commit.
    """
    found: dict[str, set[str]] = {name: set() for name in COLUMNS[-7:]}
    for origin in records:
        commit = origin["commit"][:10] if origin["commit"] else "none"
        found["device"].add(origin["device"])
        found["hardware"].add(f"{origin['cores']} cores, {origin['hardware']}")
        found["versions"].add(", ".join(f"{k} {v}" for k, v in origin["versions"].items()))
        found["seglib"].add(origin["seglib"])
        found["commit"].add(f"{commit}-dirty" if origin["dirty"] else commit)
        found["code"].add(origin["code"])
        found["date"].add(origin["date"][:10])
    listed = {name: sorted(values) for name, values in found.items()}
    if len(listed["date"]) > 2:
        listed["date"] = [listed["date"][0], listed["date"][-1]]
    return listed


def to_markdown(summary: Summary, metrics: Sequence[str] | None = None) -> str:
    """Write a summary as a Markdown table, and below it what stands behind the numbers.

    Parameters
    ----------
    summary : Summary
        What `summarize` returns.
    metrics : sequence of str, optional
        Columns to show, in this order; by default those of the experiment, or all.

    Returns
    -------
    str
        One line for each method with its settings, mean ± sd in each column.

    Raises
    ------
    ValueError
        If a column is asked for that no result has.
    """
    there = list(dict.fromkeys(name for row in summary.rows for name in row.statistics))
    chosen = list(metrics or summary.experiment.columns) or there
    if not there:
        chosen = []
    if unknown := [name for name in chosen if name not in there]:
        raise ValueError(f"metrics must be among {there}, got {unknown}")
    lines = [["method", "settings", "results", *chosen], ["---"] * 2 + ["---:"] * (len(chosen) + 1)]
    for row in summary.rows:
        settings = setting_text("", row.settings)[1:-1] or "–"
        count = f"{len(row.records)}" if not row.missing else f"{len(row.records)} of {row.asked}"
        cells = [_cell(row.statistics.get(name)) for name in chosen]
        lines.append([row.method, settings, count, *cells])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *_notes(summary)]) + "\n"


def _cell(number: Statistic | None) -> str:
    """Write mean and spread; the spread has the decimals of the mean."""
    if number is None or number.mean is None:
        return "–"
    decimals = 4 if abs(number.mean) < 10 else 1 if abs(number.mean) < 1000 else 0
    text = f"{number.mean:.{decimals}f}"
    return text if number.sd is None else f"{text} ± {number.sd:.{decimals}f}"


def _notes(summary: Summary) -> list[str]:
    """Say what stands behind the numbers."""
    records = [record for row in summary.rows for _, record in row.records]
    missing = f"{summary.missing} of {summary.asked} results are missing"
    if not summary.missing:
        missing = f"All {summary.asked} results are there"
    if summary.faults:
        missing += f"; {len(summary.faults)} files were not counted"
    spread = "Mean ± standard deviation over images and seeds"
    if summary.experiment.pool is not None:
        spread += "; a number without a spread belongs to the whole set"
    notes = [f"{spread}. {missing}.", *filter(None, [summary.experiment.note])]
    if records:
        origin = sources(records)
        seconds = sum(record["seconds"] for record in records)
        several = " **Results of different code are mixed.**" if len(origin["code"]) > 1 else ""
        notes.append(
            f"Revision {summary.experiment.revision}, commit {'; '.join(origin['commit'])}, "
            f"seglib {'; '.join(origin['seglib'])}, {'; '.join(origin['versions'])}; "
            f"device {'; '.join(origin['device'])} ({'; '.join(origin['hardware'])}); "
            f"{' to '.join(origin['date'])}; {seconds / 3600:.2f} hours of computing.{several}"
        )
    return notes
