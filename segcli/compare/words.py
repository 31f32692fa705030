"""A comparison as lines of text, as a table, and as plain values."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segcli import __version__
from segcli.compare import Contest, Trial
from segcli.compare.panels import JOINT, NOT_REACHED, Panel, Standing, value_of
from segcli.files.datasets.example import shown
from segcli.judge import Judge

BEGINNINGS = (b"picture,method,settings,", b'[\n{"picture":', b"[]\n", b"agreement,")
"""How tables begin, which alone may be replaced by new ones."""

MEAN = "(mean)"
"""Stands for a picture's name in the rows of means."""

SHOWN = 8
"""Pictures that are listed."""


@dataclass(frozen=True)
class Told:
    """What is told: the contest, its panels and standings, and whether seconds are, which differ from run to run."""

    contest: Contest
    panels: Sequence[Panel]
    standing: Sequence[Standing]
    seconds: bool = True

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores, none without truth."""
        return self.contest.scores if any(panel.has_truth for panel in self.panels) else ()


def columns(told: Told) -> tuple[list[str], list[list[str]]]:
    """The standings as a table of words: names of the columns, and the rows."""
    several = len(told.panels) > 1
    names = ["", "segmenter", *told.scores, "agrees", "regions", "covers"]
    names += ["seconds"] * told.seconds + [
        "",
    ]
    rows = []
    for number, row in enumerate(told.standing, start=1):
        failed = row.faults == row.pictures
        is_ranked = not failed and not math.isnan(value_of(row.scores, row.agrees, told.scores))
        cells = [
            str(number) if is_ranked else "",
            row.label,
            *(_score(row, name) for name in told.scores),
            _share(row.agrees),
        ]
        regions = f"{row.regions:,.1f}" if several else f"{row.regions:,.0f}"
        cells += ["", ""] if failed else [regions, f"{100 * row.foreground:.1f} %"]
        if told.seconds:
            cells.append("" if failed or row.label in JOINT else f"{row.seconds:.3f}")
        rows.append([*cells, _remark(row)])
    return names, rows


def _score(row: Standing, name: str) -> str:
    """A mean score and where it would lie with other pictures."""
    if name not in row.scores or math.isnan(row.scores[name]):
        return "-"
    drawn = row.intervals.get(name)
    around = f" [{drawn.low:.3f}, {drawn.high:.3f}]" if drawn is not None and not math.isnan(drawn.low) else ""
    return f"{row.scores[name]:.4f}{around}"


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _remark(row: Standing) -> str:
    """What a reader of the table should know."""
    said = []
    if row.why == NOT_REACHED:
        said.append(NOT_REACHED)
    elif row.faults:
        said.append(f"failed: {row.why}" if row.pictures == 1 else f"failed on {row.faults}: {row.why}")
    elif row.why and not row.scores:
        said.append("regions without background")
    if row.empty:
        said.append("finds nothing" if row.pictures == 1 else f"finds nothing on {row.empty}")
    return "; ".join(said)


def title(told: Told) -> str:
    """What was compared, in one line."""
    names = [panel.item.name for panel in told.panels]
    what = shown(names[0]) if len(names) == 1 else f"{len(names):,} pictures"
    with_truth = sum(panel.has_truth for panel in told.panels)
    if not told.scores:
        how = "no truth, ordered by mean agreement (Dice) with the others"
    else:
        less = "" if Judge(told.scores[0]).higher_is_better else " (less is better)"
        of = "" if with_truth == len(names) else f" of the {with_truth:,} with truth"
        mean = "mean " if with_truth > 1 else ""
        how = f"by {mean}{told.scores[0]}{less}{of}"
    around = "; 95 % intervals: bootstrap over pictures" if with_truth > 1 else ""
    return f"{what}: {len(told.contest.entries)} segmenters, {how}{around}"


def ranked(told: Told) -> list[tuple[str, float]]:
    """Pictures by disagreement, those on which voters part most first."""
    known = [(panel.item.name, panel.parted) for panel in told.panels if not math.isnan(panel.parted)]
    return sorted(known, key=lambda pair: -pair[1])


def closing(told: Told) -> list[str]:
    """Which pictures to annotate next, and who the networks are."""
    said = []
    order = ranked(told)
    if len(told.panels) > 1 and order:
        known = {panel.item.name for panel in told.panels if panel.has_truth}
        left = [pair for pair in order if pair[0] not in known]
        said.append("annotate next, the most disagreement first:" if left else "most disagreement:")
        said += [f"  {value:.3f}  {shown(name)}" for name, value in (left or order)[:SHOWN]]
    elif order:
        said.append(f"disagreement {order[0][1]:.3f} of {len(told.panels[0].voters)} that vote")
    said += [f"{entry.label}: trained for {entry.about}" for entry in told.contest.entries if entry.about]
    return said


def table_rows(told: Told) -> list[dict[str, Any]]:
    """A row for each picture and segmenter, and, of several pictures with truth, for each mean with its interval."""
    settings = {entry.label: _settings(entry.segmenter.record) for entry in told.contest.entries}
    several = sum(panel.has_truth for panel in told.panels) > 1
    found = []
    for panel in told.panels:
        agrees = panel.agreements
        for trial in (*panel.trials, *panel.joint):
            row: dict[str, Any] = {"picture": panel.item.name, "method": trial.label}
            row["settings"] = settings.get(trial.label, "{}")
            for name in told.scores:
                row[name] = trial.scores.get(name, math.nan)
                row |= {f"{name}_low": math.nan, f"{name}_high": math.nan} if several else {}
            found.append({**row, **_facts(trial, agrees, told.seconds)})
    for standing in told.standing if several else ():
        row = {"picture": MEAN, "method": standing.label, "settings": settings.get(standing.label, "{}")}
        for name in told.scores:
            drawn = standing.intervals.get(name)
            row[name] = standing.scores.get(name, math.nan)
            row |= {f"{name}_low": drawn.low if drawn else math.nan, f"{name}_high": drawn.high if drawn else math.nan}
        row |= {"agrees": standing.agrees, "kind": "", "regions": standing.regions, "foreground": standing.foreground}
        found.append({**row, **({"seconds": standing.seconds} if told.seconds else {}), "note": _remark(standing)})
    return found


def _settings(record: Mapping[str, Any]) -> str:
    """What decides a result, as JSON on one line."""
    return json.dumps({name: value for name, value in record.items() if name != "method"}, sort_keys=True)


def _facts(trial: Trial, agrees: Mapping[str, float], seconds: bool) -> dict[str, Any]:
    """What a table says of a trial besides its scores."""
    failed = bool(trial.fault)
    facts: dict[str, Any] = {
        "agrees": agrees.get(trial.label, math.nan),
        "kind": trial.kind,
        "regions": math.nan if failed else trial.regions,
        "foreground": math.nan if failed else trial.foreground,
    }
    if seconds:
        facts["seconds"] = math.nan if failed or trial.label in JOINT else trial.seconds
    note = (
        trial.fault
        if trial.fault == NOT_REACHED
        else f"failed: {trial.fault}"
        if failed
        else "finds nothing"
        if trial.empty
        else trial.unscored
    )
    return {**facts, "note": note}


def table_text(told: Told, as_json: bool) -> str:
    """The table as CSV, or as a JSON array of objects."""
    rows = table_rows(told)
    if as_json:
        plain_rows = [{**row, "settings": json.loads(row["settings"])} for row in rows]
        return "[\n" + ",\n".join(json.dumps(_plain(row)) for row in plain_rows) + "\n]\n" if rows else "[]\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0] if rows else ())
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def agreement_text(told: Told) -> str:
    """Mean agreement of each pair of voters over the pictures on which both vote, as CSV."""
    sums: dict[tuple[str, str], list[float]] = {}
    for panel in told.panels:
        for row, one in enumerate(panel.voters):
            for column, other in enumerate(panel.voters):
                sums.setdefault((one, other), []).append(float(panel.pairs[row, column]))
    names = [entry.label for entry in told.contest.entries if (entry.label, entry.label) in sums]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["agreement", *names])
    for one in names:
        values = [sums.get((one, other), []) for other in names]
        writer.writerow([one, *(f"{sum(value) / len(value):.6g}" if value else "" for value in values)])
    return text.getvalue()


def as_dict(told: Told) -> dict[str, Any]:
    """Everything as plain values."""
    held = {
        "version": __version__,
        "scores": list(told.scores),
        "segmenters": {entry.label: dict(entry.segmenter.record) for entry in told.contest.entries},
        "pictures": [_picture(panel, told.seconds) for panel in told.panels],
        "standing": [_standing(row, told.seconds) for row in told.standing],
        "by_disagreement": [{"picture": name, "disagreement": value} for name, value in ranked(told)],
    }
    found: dict[str, Any] = _plain(held)
    return found


def _picture(panel: Panel, seconds: bool) -> dict[str, Any]:
    """One picture as plain values."""
    agrees = panel.agreements
    rows = [
        {"method": trial.label, "scores": dict(trial.scores), **_facts(trial, agrees, seconds)}
        for trial in (*panel.trials, *panel.joint)
    ]
    return {
        "picture": panel.item.name,
        "size": list(panel.size),
        "truth": panel.has_truth,
        "disagreement": panel.parted,
        "voters": list(panel.voters),
        "agreement": panel.pairs.tolist(),
        "staple": {name: list(rates) for name, rates in panel.rates.items()},
        "results": rows,
    }


def _standing(row: Standing, seconds: bool) -> dict[str, Any]:
    """One standing as plain values."""
    held = {**vars(row), "intervals": {name: list(drawn) for name, drawn in row.intervals.items()}}
    held["method"] = held.pop("label")
    if not seconds or row.label in JOINT:
        del held["seconds"]
    return held


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value


def _plain(value: Any) -> Any:
    """NaN as null, all through."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
