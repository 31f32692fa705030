"""Superpixels: their outlines, mean colors, a part of the picture enlarged, and their sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.figures.explain.subject import (
    Subject,
    border_lines,
    borders,
    busiest,
    marker_dots,
    picture_panel,
    regions_panel,
    value_panel,
)
from segcli.figures.pages import LINE
from segcli.figures.render import mean_colors
from segcli.figures.sheet import Panel, ink

WINDOW = 96


def panels(subject: Subject) -> list[list[Panel | None]]:
    """How the picture was parted."""
    layers, labels = subject.layers, subject.labels
    first = picture_panel(subject)
    if "gradient" in layers:
        first = value_panel("Gradient", layers["gradient"], "with the grid of markers", marker_dots(layers["markers"]))
    means = mean_colors(labels, subject.picture)[labels]
    window = busiest(borders(labels), WINDOW)
    rows, columns = window
    place = f"columns {columns.start} to {columns.stop - 1}, rows {rows.start} to {rows.stop - 1}"
    part = labels[window]
    return [
        [first, regions_panel("Superpixels", labels, subject, f"{int(labels.max()):,} of them")],
        [
            Panel("Mean colors", "each superpixel in its mean color", means),
            Panel("Enlarged", place, subject.picture[window], border_lines(part), coarse=True),
        ],
        [_sizes(subject)],
    ]


def _sizes(subject: Subject) -> Panel:
    """How many superpixels have which size."""
    sizes = np.bincount(subject.labels.ravel())[1:]

    def draw(axes: Any) -> None:
        counts, edges = np.histogram(sizes, bins=min(40, max(5, len(sizes) // 4)))
        axes.stairs(counts, edges, fill=True, color=LINE, alpha=0.75)
        axes.axvline(sizes.mean(), color="#c2255c", linewidth=1.6, linestyle=(0, (5, 3)))
        axes.yaxis.get_major_locator().set_params(integer=True)
        ink(axes, "size, pixels", "superpixels")

    text = f"from {sizes.min():,} to {sizes.max():,} pixels, {sizes.mean():,.0f} on average (dashed)"
    return Panel("Sizes", text, draw=draw)
