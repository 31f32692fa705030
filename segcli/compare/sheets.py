"""A comparison as pictures: a page for each picture, or one sheet with a row for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from segcli.compare import Contest, Trial
from segcli.compare.panels import FEWEST_VOTERS, JOINT, NOT_REACHED, Panel, Standing, order, value_of
from segcli.figures.contact_sheet import Layout, Tile, contact_sheet, draw, fit, plan, plan_rows, tiles_in_rows
from segcli.judge import Judge
from segcli.segmentation import Segmentation

ACROSS = 8
"""Tiles in a row of a sheet of many pictures."""

MOST_ROWS = 8
"""Pictures on one sheet, which is then a page upright."""


@dataclass(frozen=True)
class Style:
    """What is written beneath tiles: scores by name, and whether seconds are; what networks were trained for."""

    scores: tuple[str, ...]
    seconds: bool = True
    about: Mapping[str, str] | None = None

    def name(self, label: str) -> str:
        """A label, and the first words of what a network was trained for."""
        about = (self.about or {}).get(label, "").partition(",")[0].partition(" in ")[0]
        return f"{label} ({about})" if about else label


def page_layout(contest: Contest, with_truth: bool, size: tuple[int, int]) -> Layout:
    """Layout of a page for one picture of a size."""
    entries = len(contest.entries)
    return plan(1 + with_truth + entries + (len(JOINT) + 1) * (entries >= FEWEST_VOTERS), size)


def rows_layout(size: tuple[int, int]) -> Layout:
    """Layout of a sheet with a row a picture, of pictures about that size."""
    return plan_rows(ACROSS, size)


def page(panel: Panel, layout: Layout, style: Style) -> Any:
    """Draw the page of one picture, (H, W, 3) uint8: the picture, its truth, and all results, the best first."""
    agrees = panel.agreements
    tiles = _first(panel, layout)
    parted = []
    if panel.map_tile is not None:
        parted = [Tile(panel.map_tile, "disagreement", "from none (dark) to even (bright)")]
    trials = panel.trials
    if style.scores:
        trials = (*trials, *panel.joint)
    else:
        # Without truth the consensus is what one looks for; with it, it is one more to be ranked.
        tiles += [*(_tile(trial, agrees, style) for trial in panel.joint), *parted]
    values = [value_of(trial.scores, agrees.get(trial.label, math.nan), style.scores) for trial in trials]
    ranks = order(
        [(trial.scores, agrees.get(trial.label, math.nan), bool(trial.fault)) for trial in trials], style.scores
    )
    for number, place in enumerate(ranks, start=1):
        known = not math.isnan(values[place]) and not trials[place].fault
        tiles.append(_tile(trials[place], agrees, style, number if known else 0))
    tiles += parted if style.scores else []
    return contact_sheet(panel.item.name, _words(panel, style), tiles_in_rows(tiles, layout.columns), layout)


def rows(panels: Sequence[Panel], standing: Sequence[Standing], layout: Layout, style: Style, pictures: int) -> Any:
    """Draw a sheet with a row for each picture: the picture, its truth, and the segmenters that stand best."""
    brief = replace(style, scores=style.scores[:1])
    room = layout.columns - 1 - any(panel.has_truth for panel in panels)
    shown = [row.label for row in standing if row.faults < row.pictures][:room]
    lines = []
    for panel in panels:
        first = _first(panel, layout)
        first[0] = Tile(first[0].picture, panel.item.stem, _parted(panel))
        known = {trial.label: trial for trial in (*panel.trials, *panel.joint)}
        lines.append([*first, *(_tile(known[label], panel.agreements, brief) for label in shown if label in known)])
    which = "" if pictures == len(panels) else f", the {len(panels)} on which methods part most"
    title = f"{pictures} pictures{which}"
    if style.scores:
        words = f"the best {len(shown)} of {len(standing)} by mean {style.scores[0]}, the best first"
    else:
        words = f"no truth: the {len(shown)} of {len(standing)} that agree most with the others"
    return contact_sheet(title, words, lines, layout)


def _first(panel: Panel, layout: Layout) -> list[Tile]:
    """The picture, and its truth."""
    desk = panel.desk
    if desk is None:
        return [Tile(None, panel.item.name)]
    width, height = panel.size
    tiles = [Tile(fit(desk.image.color, layout), "picture", f"{width} x {height}")]
    if desk.truth is not None:
        true = Segmentation(desk.truth.labels, desk.truth.kind)
        drawn = draw(true, desk.shown(layout), layout, partition=desk.truth.is_partition)
        tiles.append(Tile(drawn, "truth", {"instances": "objects"}.get(true.kind, true.kind)))
    return tiles


def _tile(trial: Trial, agrees: Mapping[str, float], style: Style, number: int = 0) -> Tile:
    """One result."""
    title = (f"{number}  " if number else "") + style.name(trial.label)
    if trial.fault:
        return Tile(None, title, "" if trial.fault == NOT_REACHED else "failed", trial.fault)
    facts = [f"{name} {trial.scores[name]:.3f}" for name in style.scores if name in trial.scores]
    if trial.empty:
        facts.append("finds nothing")
    elif not facts and not style.scores and trial.label in agrees:
        facts.append(f"agrees {agrees[trial.label]:.2f}")
    elif not facts:
        facts.append(f"{trial.regions:,} region{'s' * (trial.regions != 1)}")
    if style.seconds and trial.label not in JOINT:
        facts.append(f"{trial.seconds:.2f} s" if trial.seconds >= 0.1 else f"{1000 * trial.seconds:.0f} ms")
    return Tile(trial.tile, title, "  ".join(facts))


def _words(panel: Panel, style: Style) -> str:
    """What a page shows."""
    if panel.has_truth and style.scores:
        better = "" if Judge(style.scores[0]).higher_is_better else " (less is better)"
        words = f"scored by {', '.join(style.scores)}{better}, the best first"
    elif panel.voters:
        words = f"no truth: ordered by mean agreement (Dice) with the other {len(panel.voters) - 1} that vote"
    else:
        words = "no truth, and too few that part object from background to agree on one"
    parted = f"; {_parted(panel)}" if panel.voters else ""
    return words + parted + ("; seconds on one core" if style.seconds else "")


def _parted(panel: Panel) -> str:
    return "" if math.isnan(panel.parted) else f"disagreement {panel.parted:.2f}"
