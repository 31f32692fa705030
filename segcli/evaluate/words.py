"""An evaluation as lines of text, as a table of pictures, and as plain values."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segcli import __version__
from segcli.evaluate import Evaluation, Result
from segcli.files.datasets.dataset import KIND_WORDS
from segcli.files.datasets.example import shown
from segcli.scores.resampling import FEW, PERMUTATIONS, Difference
from segcli.scores.tallies import LOWER, InstanceTally, SaliencyTally, SemanticTally

Differences = tuple[tuple[str, ...], Mapping[str, Mapping[str, Difference]]]

BEGINNINGS = (b"picture,", b'[\n{"picture":', b"<!doctype html>\n<!-- segcli eval -->")
"""How tables and pages begin, which alone may be replaced by new ones."""

PER_CLASS = {"semantic": ("iou", "dice", "precision", "recall"), "boundary": ("boundary_f1",)}
WORST = 5
ENOUGH = 20
"""Pictures below which percentile intervals hold the truth clearly less often than they say."""


def title(found: Evaluation) -> str:
    """What was scored, in one line."""
    truth = found.plan.truth
    part = "" if truth.part == "all" else f" {shown(truth.part)}"
    kind = f"{KIND_WORDS[truth.data.kind]}, {len(truth.data.names)} classes"
    said = f"{shown(found.plan.label)} against {shown(truth.data.folder)}{part}: {len(found.names):,} pictures; {kind}"
    missing = len(found.plan.missing)
    return f"{said}; {missing:,} without a prediction are not scored" if missing else said


def how(pictures: int, resamples_known: bool) -> str:
    """What the intervals are."""
    if not resamples_known:
        return "no intervals: they need at least two pictures, and draws"
    few = f"; with fewer than {ENOUGH} they come out too narrow" if pictures < ENOUGH else ""
    return f"95 % intervals: percentiles of a bootstrap over {pictures:,} pictures{few}"


def test_words(pictures: int) -> str:
    """What the differences are."""
    swaps = f"all {1 << pictures:,} swaps" if pictures <= FEW else f"{PERMUTATIONS:,} random swaps"
    return f"interval: paired bootstrap over {pictures:,} pictures; p: two-sided permutation test, {swaps}"


def summary_scores(result: Result) -> list[str]:
    """Names of the scores that are not of one class."""
    return [name for name in result.scores if "." not in name]


def lines(found: Sequence[Evaluation], differences: Differences | None, seconds: float) -> Iterator[str]:
    """The scores in words."""
    first = found[0]
    yield title(first)
    for result in first.results:
        yield ""
        yield from _scores(result)
        yield from _classes(first, result)
        yield from _confusion(first, result)
    if differences is not None:
        yield ""
        yield f"against {shown(found[1].plan.label)}"
        yield from _differences(differences)
    yield ""
    main = first.results[0].tally.main
    worst = ", ".join(f"{shown(first.names[place])} {value:.3f}" for place, value in first.worst(WORST))
    yield f"worst by {main}: {worst or 'none'}"
    yield f"{how(len(first.names), bool(first.results[0].intervals))}; {seconds:.1f} s"


def _scores(result: Result) -> Iterator[str]:
    """The scores of a task with their intervals."""
    yield result.task
    for name in summary_scores(result):
        less = "  (less is better)" if name in LOWER else ""
        yield f"  {name:<28}{number(result.scores[name]):>9}{_interval(result, name)}{less}"


def _interval(result: Result, name: str) -> str:
    drawn = result.intervals.get(name)
    if drawn is None or math.isnan(drawn.low):
        return ""
    return f"  {number(drawn.low)} to {number(drawn.high)}"


def number(value: float) -> str:
    """A score as it is printed."""
    return "-" if math.isnan(value) else f"{value:.4f}" if abs(value) < 100 else f"{value:.1f}"


def _classes(found: Evaluation, result: Result) -> Iterator[str]:
    """A line for each class."""
    columns = PER_CLASS.get(result.task, ())
    names = found.plan.truth.data.names
    if not columns:
        return
    width = max(7, *(len(shown(name)) for name in names)) + 2
    yield "  " + "class".ljust(width) + "".join(column.rjust(11) for column in columns)
    for name in names:
        cells = "".join(number(result.scores[f"{column}.{name}"]).rjust(11) for column in columns)
        yield "  " + shown(name).ljust(width) + cells


def _confusion(found: Evaluation, result: Result) -> Iterator[str]:
    """Of few classes, where the true pixels went."""
    names = found.plan.truth.data.names
    if result.matrix is None or not 2 < len(names) <= 12:
        return
    rows = result.matrix[: len(names)]
    width = max(7, *(len(shown(name)) for name in names)) + 2
    yield "  % of true pixels (rows) predicted as"
    yield "  " + " " * width + "".join(str(label).rjust(7) for label in range(len(names)))
    for label, name in enumerate(names):
        total = max(1, int(rows[label].sum()))
        cells = "".join(f"{100 * rows[label, other] / total:7.1f}" for other in range(len(names)))
        yield "  " + f"{label} {shown(name)}".ljust(width) + cells


def _differences(differences: Differences) -> Iterator[str]:
    """Differences of the scores that are not of one class."""
    names, tasks = differences
    for task, scores in tasks.items():
        yield f"  {task:<28}{'difference':>11}  {'95 % interval':<20}{'p':>7}"
        for name, one in scores.items():
            if "." not in name:
                drawn = "" if math.isnan(one.low) else f"{one.low:+.4f} to {one.high:+.4f}"
                p = "-" if math.isnan(one.p) else f"{one.p:.4f}"
                yield f"  {name:<28}{one.value:>+11.4f}  {drawn:<20}{p:>7}"
    yield f"  {test_words(len(names))}"


def table_text(found: Evaluation, as_json: bool) -> str:
    """The scores of each picture, as CSV or as a JSON array of objects."""
    several = len(found.results) > 1
    columns = {
        (f"{result.task}.{name}" if several else name): values.tolist()
        for result in found.results
        for name, values in result.pictures.items()
    }
    rows = [
        dict(zip(("picture", *columns), row, strict=True)) for row in zip(found.names, *columns.values(), strict=True)
    ]
    rows += [{"picture": name, **dict.fromkeys(columns, math.nan)} for name in found.plan.missing]
    if as_json:
        return "[\n" + ",\n".join(json.dumps(_plain(row)) for row in rows) + "\n]\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("picture", *columns))
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value


def as_dict(found: Sequence[Evaluation], differences: Differences | None) -> dict[str, Any]:
    """Everything as plain values."""
    first = found[0]
    truth = first.plan.truth
    held: dict[str, Any] = {
        "version": __version__,
        "predictions": first.plan.label,
        "truth": truth.data.folder,
        "part": truth.part,
        "pictures": len(first.names),
        "missing": list(first.plan.missing),
        "classes": list(truth.data.names),
        "kind": truth.data.kind,
        "notes": list(first.plan.notes),
        "intervals": how(len(first.names), bool(first.results[0].intervals)),
        "tasks": {result.task: _result(result) for result in first.results},
        "worst": [
            {"picture": first.names[place], first.results[0].tally.main: value} for place, value in first.worst(WORST)
        ],
    }
    if differences is not None:
        names, tasks = differences
        scores = {task: {name: one._asdict() for name, one in rows.items()} for task, rows in tasks.items()}
        held["against"] = {
            "predictions": found[1].plan.label,
            "pictures": len(names),
            "test": test_words(len(names)),
            "scores": {result.task: result.scores for result in found[1].results},
            "differences": scores,
        }
    plain: dict[str, Any] = _plain(held)
    return plain


def _result(result: Result) -> dict[str, Any]:
    """A task as plain values."""
    held: dict[str, Any] = {
        "scores": result.scores,
        "intervals": {name: list(one) for name, one in result.intervals.items()},
    }
    sums = result.counts.sum(axis=0)
    if isinstance(result.tally, SemanticTally) and result.matrix is not None:
        held["confusion"] = result.matrix[:-1].tolist()
    if isinstance(result.tally, InstanceTally):
        curves = {name: values.tolist() for name, values in result.tally.curves(sums).items()}
        held["thresholds"] = {"iou": list(result.tally.thresholds), **curves}
        held["objects"] = {"predicted": int(sums[10]), "true": int(sums[11]), "found": int(sums[0])}
    if isinstance(result.tally, SaliencyTally):
        held["curves"] = {name: values.tolist() for name, values in result.tally.curves(sums).items()}
    return held


def _plain(value: Any) -> Any:
    """NaN as null, all through."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
