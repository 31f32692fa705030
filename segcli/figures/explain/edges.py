"""Edges: the response, a line of it with what counts as an edge, and the edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import (
    ACCENT,
    Subject,
    across_line,
    busiest,
    busiest_row,
    labels_panel,
    mask_panel,
    outlines_panel,
    overlay_panel,
    picture_panel,
    value_panel,
)
from segcli.figures.pages import CUT, LINE, number_text
from segcli.figures.sheet import Panel, ink
from segcli.measure import region_count

WINDOW = 72
"""Side of the enlarged part, in pixels."""

STRETCH = 160
"""Pixels of a line that are drawn: more could not be told apart."""


def panels(subject: Subject) -> list[list[Panel | None]]:
    """What answers to edges, and how the answer becomes edges."""
    layers = subject.layers
    if "closed" in layers:
        return _closed(subject)
    name = "response" if "response" in layers else "steepness"
    response = layers[name]
    row = busiest_row(subject.inside)
    start = _busiest_stretch(subject.inside[row])
    title = {"steepness": "Steepness of the gray levels"}.get(name, "Response")
    profile = _profile(subject, response, row, start, name)
    window = busiest(subject.inside, WINDOW)
    rows: list[list[Panel | None]] = [
        [picture_panel(subject, draw=across_line(row, response.shape[1])), value_panel(title, response)],
        [profile],
    ]
    if "direction" in layers:
        rows.append([_directions(layers["direction"], response), _enlarged(subject, window)])
    elif "jump" in layers:
        jump = value_panel("Jump at the zero crossings", layers["jump"], "how far the response jumps")
        rows.append([jump, _enlarged(subject, window)])
    else:
        rows.append([_by_strength(subject, response), _enlarged(subject, window)])
    noun = "lines" if subject.name == "ridges" else "edges"
    share = f"{noun} on {subject.inside.mean():.1%} of the picture"
    rows.append([labels_panel(subject, f"The {noun}", share), _lit(subject)])
    return rows


def _busiest_stretch(marks: Array) -> int:
    """Where the stretch of a line begins that goes in and out of edges most often."""
    if len(marks) <= STRETCH:
        return 0
    sums = np.concatenate([[0, 0], np.cumsum(marks[1:] != marks[:-1])])
    return int((sums[STRETCH:] - sums[:-STRETCH]).argmax())


def _profile(subject: Subject, response: Array, row: int, start: int, name: str) -> Panel:
    """Gray levels and response along a part of a row, with the edges."""
    stop = min(start + STRETCH, response.shape[1])
    places = np.arange(start, stop)
    noun = "line" if subject.name == "ridges" else "edge"
    levels = {key: value for key, value in subject.numbers.items() if key in ("threshold", "low", "high")}
    if name == "response" and "jump" in subject.layers:
        levels = {}

    def draw(axes: Any) -> None:
        axes.plot(places, response[row, start:stop], color=LINE, linewidth=1.8, label=name)
        for key, level in levels.items():
            label = f"{key} {number_text(level)}"
            axes.axhline(level, color=CUT, linewidth=1.3, linestyle=(0, (5, 3)), label=label)
        if name == "response" and not levels:
            axes.axhline(0, color="#66727f", linewidth=1)
        found = places[subject.inside[row, start:stop]]
        axes.plot(found, response[row, found], "o", color="#e67700", markersize=6, label=noun, zorder=3)
        axes.plot([], [], color="#9aa5b1", linewidth=1.4, label="gray levels, to scale of their own")
        axes.set_xlim(places[0] - 0.5, places[-1] + 0.5)
        axes.legend(fontsize=10.5, frameon=False, loc="lower right", ncols=6, bbox_to_anchor=(1, 0.985), borderpad=0)
        ink(axes, "column, pixels", name)
        beside = axes.twinx()
        beside.plot(places, subject.gray[row, start:stop], color="#9aa5b1", linewidth=1.2)
        beside.tick_params(labelsize=10.5, colors="#66727f", pad=-4, direction="in", labelright=False)
        beside.spines[["top", "right", "left", "bottom"]].set_visible(False)
        beside.set_yticks([])

    crossing = (
        "edges where the response changes its sign with a large enough jump" if not levels else f"{noun}s are dots"
    )
    return Panel("Along the line", f"row {row}, columns {start} to {stop - 1}; {crossing}", draw=draw)


def _directions(direction: Array, steepness: Array) -> Panel:
    """The direction in which the gray levels rise as a hue, as bright as it is steep."""
    from segcli.opencv import cv2

    top = float(np.percentile(steepness, 99)) or 1.0
    shown = np.empty((*direction.shape, 3), np.uint8)
    shown[..., 0] = (direction / 2).astype(np.uint8) % 180
    shown[..., 1] = 255
    shown[..., 2] = np.clip(255 * steepness / top, 0, 255)
    legend = [
        ((1.0, 0.0, 0.0), "rises right"),
        ((0.5, 1.0, 0.0), "down"),
        ((0.0, 1.0, 1.0), "left"),
        ((0.5, 0.0, 1.0), "up"),
    ]
    return Panel(
        "Direction",
        "hue: where it rises to; bright: how steeply",
        np.asarray(cv2.cvtColor(shown, cv2.COLOR_HSV2RGB), np.uint8),
        legend=legend,
    )


def _by_strength(subject: Subject, response: Array) -> Panel:
    """Pixels below, between and above the two levels."""
    low, high = (float(subject.numbers.get(name, 0.0)) for name in ("low", "high"))
    shown = subject.dim.copy()
    shown[(response > low) & ~(response > high)] = (90, 160, 230)
    shown[response > high] = (255, 225, 0)
    legend = [
        ((1.0, 225 / 255, 0.0), f"above {number_text(high)}"),
        ((90 / 255, 160 / 255, 230 / 255), f"above {number_text(low)}"),
    ]
    return Panel(
        "Strong and weak",
        "weak pixels stay where they hang together with strong ones",
        shown,
        legend=legend,
        coarse=True,
    )


def _enlarged(subject: Subject, window: tuple[slice, slice]) -> Panel:
    """A part of the picture, pixel by pixel, with its edges."""
    rows, columns = window
    shown = subject.picture[window]
    marks = np.argwhere(subject.inside[window])

    def draw(axes: Any) -> None:
        axes.plot(
            marks[:, 1], marks[:, 0], "s", color=ACCENT, markersize=3.2, markeredgecolor="#141414", markeredgewidth=0.5
        )

    text = f"columns {columns.start} to {columns.stop - 1}, rows {rows.start} to {rows.stop - 1}, pixel by pixel"
    return Panel("Enlarged", text, shown, draw, coarse=True)


def _lit(subject: Subject) -> Panel:
    """Edges in yellow on the dim picture."""
    shown = subject.dim.copy()
    shown[subject.inside] = (255, 225, 0)
    count = region_count(subject.segmentation)
    return Panel("On the picture", f"{count:,} piece" + "s" * (count != 1), shown)


def _closed(subject: Subject) -> list[list[Panel | None]]:
    """Edges, gaps bridged, what they enclose."""
    edges, closed = subject.layers["edges"], subject.layers["closed"]
    shown = np.zeros((*edges.shape, 3), np.uint8)
    shown[closed] = (230, 119, 0)
    shown[edges] = 255
    legend = [((1.0, 1.0, 1.0), "edge"), ((230 / 255, 119 / 255, 0.0), "bridge")]
    return [
        [picture_panel(subject), mask_panel("Edges", edges)],
        [Panel("Gaps bridged", "", shown, legend=legend, coarse=True), labels_panel(subject, "What is enclosed")],
        [overlay_panel(subject), outlines_panel(subject, "Outlines")],
    ]
