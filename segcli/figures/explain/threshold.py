"""Thresholds: the histogram with its cuts beside the binary image; local ones along a line of pixels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import (
    Subject,
    across_line,
    busiest_row,
    labels_panel,
    outlines_panel,
    picture_panel,
    profile_panel,
    value_panel,
)
from segcli.figures.pages import CUT, LINE, Cuts, bars, name_cuts, number_text, shade
from segcli.figures.sheet import Panel, ink
from segcli.figures.steps import class_colors

CRITERIA = {"between_class_variance": "Variance between the classes"}


def panels(subject: Subject) -> list[list[Panel | None]]:
    """Global cuts over the histogram, or a threshold that follows the light."""
    if "local_threshold" in subject.layers:
        return _local(subject)
    cuts = _cuts(subject)
    pieces = {True: "one level", False: f"{len(cuts.positions)} levels"}[len(cuts.positions) == 1]
    rows: list[list[Panel | None]] = [
        [picture_panel(subject), _second(subject)],
        [
            histogram_panel(subject),
            labels_panel(subject, "The binary image" if subject.segmentation.kind == "mask" else "The classes"),
        ],
    ]
    for name, title in CRITERIA.items():
        values = subject.series(name)
        if values is not None:
            text = f"highest at the cut: {number_text(float(np.nanmax(values)))}; {pieces} for all pixels"
            rows.append([_criterion(subject, cuts, title, values, text)])
    return rows


def _second(subject: Subject) -> Panel:
    """Hysteresis: what is sure; otherwise the outlines."""
    if "sure" not in subject.layers:
        return outlines_panel(subject)
    shown = subject.dim.copy()
    shown[subject.inside] = (90, 160, 230)
    shown[subject.layers["sure"]] = (255, 225, 0)
    legend = [
        ((1.0, 225 / 255, 0.0), "passes the stronger level"),
        ((90 / 255, 160 / 255, 230 / 255), "hangs together with it"),
    ]
    return Panel("Sure pixels and what they hold on to", "", shown, legend=legend, coarse=True)


def _cuts(subject: Subject) -> Cuts:
    """Where the histogram is cut, with the colors of the classes."""
    numbers = subject.numbers
    positions = sorted(value for name, value in numbers.items() if re.fullmatch(r"threshold(_\d+)?|low|high", name))
    colors = class_colors(subject.segmentation, len(positions)) if "low" not in numbers else []
    return Cuts(positions, colors)


def _levels(subject: Subject, counts: Array) -> tuple[Array, slice]:
    """The intensities of the bins, and the stretch of them that holds pixels."""
    levels = subject.series("levels")
    levels = np.arange(len(counts), dtype=np.float64) if levels is None else levels.astype(np.float64)
    present = np.flatnonzero(counts)
    return levels, slice(present[0], present[-1] + 1)


def histogram_panel(subject: Subject) -> Panel | None:
    """Pixels of each intensity with the cuts, the classes shaded; None where there is no histogram."""
    counts = subject.series("histogram")
    if counts is None or not counts.any():
        return None
    levels, inside = _levels(subject, counts)
    cuts = _cuts(subject)
    positions = ", ".join(number_text(value) for value in cuts.positions)
    text = f"cut at {positions}" if positions else ""

    def draw(axes: Any) -> None:
        step = _limits(axes, levels[inside])
        bars(axes, counts[inside], levels[inside], step)
        name_cuts(axes, cuts)
        shade(axes, cuts)
        ink(axes, "intensity", "pixels")

    return Panel("Histogram", text, draw=draw)


def _criterion(subject: Subject, cuts: Cuts, title: str, values: Array, text: str) -> Panel:
    """A curve over the intensities of which the cut is the highest point."""
    counts = subject.series("histogram")
    levels, inside = _levels(subject, np.ones(len(values)) if counts is None else counts)

    def draw(axes: Any) -> None:
        _limits(axes, levels[inside])
        axes.plot(levels[inside], values[inside], color=LINE, linewidth=2.2)
        best = int(np.argmax(values[inside]))
        axes.plot(levels[inside][best], values[inside][best], "o", color=CUT, markersize=8)
        name_cuts(axes, cuts)
        shade(axes, cuts)
        ink(axes, "cut above this intensity", "units squared")

    return Panel(title, text, draw=draw)


def _limits(axes: Any, levels: Array) -> float:
    """Room on both sides of the intensities; the distance of two of them."""
    step = float((levels[-1] - levels[0]) / max(len(levels) - 1, 1)) or 1.0
    margin = max(0.02 * float(levels[-1] - levels[0]), step)
    axes.set_xlim(levels[0] - margin, levels[-1] + margin)
    return step


def _local(subject: Subject) -> list[list[Panel | None]]:
    """A threshold for each pixel, shown along one row."""
    threshold = subject.layers["local_threshold"]
    row = busiest_row(subject.inside)
    width = subject.labels.shape[1]
    side = subject.segmentation.choices.get("foreground", "dark")
    curves = {"gray levels": (subject.gray[row], "#52606d"), "threshold": (threshold[row], CUT)}
    profile = profile_panel(
        "Along the line",
        f"row {row}; shaded where a pixel is {side} enough to be object",
        curves,
        subject.inside[row],
        {},
        "intensity",
    )
    line = across_line(row, width)
    return [
        [picture_panel(subject, draw=line), value_panel("The threshold of each pixel", threshold)],
        [profile],
        [labels_panel(subject, "The binary image"), outlines_panel(subject)],
    ]
