"""Saliency: the maps that make it up, and where it is cut."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import (
    Subject,
    busiest_row,
    mask_panel,
    overlay_panel,
    picture_panel,
    probability_panel,
)
from segcli.figures.pages import CUT, LINE, number_text
from segcli.figures.sheet import Panel, ink

ACROSS = 3


def panels(subject: Subject) -> list[list[Panel | None]]:
    """Maps of single features, their sum, its histogram with the cut."""
    layers = subject.layers
    parts = [
        probability_panel(name.replace("_", " ").capitalize(), layer)
        for name, layer in layers.items()
        if name != "saliency"
    ]
    rows: list[list[Panel | None]] = [list(parts[start : start + ACROSS]) for start in range(0, len(parts), ACROSS)]
    saliency = layers.get("saliency")
    if saliency is None:
        return [[picture_panel(subject), overlay_panel(subject)]]
    return [
        [picture_panel(subject), probability_panel("The map", saliency, "0 to 1")],
        *rows,
        [_histogram(subject, saliency), _profile(subject, saliency)],
        [mask_panel("Above the cut", subject.labels > 0), overlay_panel(subject)],
    ]


def _histogram(subject: Subject, saliency: Array) -> Panel:
    """Values of the map, with Otsu's cut."""
    threshold = float(subject.numbers.get("threshold", 0.5))

    def draw(axes: Any) -> None:
        counts, edges = np.histogram(saliency, 100, (0.0, 1.0))
        axes.stairs(counts, edges, fill=True, color="#52606d")
        axes.axvline(threshold, color=CUT, linewidth=1.8)
        axes.axvspan(threshold, 1, color=CUT, alpha=0.12, linewidth=0)
        axes.set_xlim(0, 1)
        axes.set_yscale("symlog", linthresh=10)
        ink(axes, "saliency", "pixels")
        axes.yaxis.set_major_formatter("{x:,.0f}")

    return Panel("Histogram of the map", f"cut at {number_text(threshold)} by Otsu's rule", draw=draw)


def _profile(subject: Subject, saliency: Array) -> Panel:
    """The map along the row that is most salient."""
    threshold = float(subject.numbers.get("threshold", 0.5))
    row = busiest_row(subject.labels > 0)

    def draw(axes: Any) -> None:
        axes.plot(saliency[row], color=LINE, linewidth=2)
        axes.axhline(threshold, color=CUT, linewidth=1.6, linestyle=(0, (5, 3)))
        axes.set_ylim(0, 1.02)
        axes.set_xlim(0, max(saliency.shape[1] - 1, 1))
        ink(axes, "column, pixels", "saliency")

    return Panel("Along a line", f"row {row}, with the cut (dashed)", draw=draw)
