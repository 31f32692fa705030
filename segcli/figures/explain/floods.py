"""Floods: the relief with its markers, the dams where floods meet, and a cut through two neighbors."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import (
    Subject,
    labels_panel,
    marker_dots,
    outlines_panel,
    picture_panel,
    value_panel,
)
from segcli.figures.pages import CUT
from segcli.figures.sheet import Panel, ink
from segcli.numeric.components import connected_components


def panels(subject: Subject) -> list[list[Panel | None]]:
    """Mask before, relief, markers, dams, and objects after."""
    layers = subject.layers
    labels = subject.labels
    mask = layers.get("mask", labels > 0)
    before = connected_components(np.ascontiguousarray(mask))[0] if mask.any() else labels
    relief = layers.get("distance", layers.get("gradient"))
    dams = _dams(labels)
    name = "Distance to the ground" if "distance" in layers else "Gradient"
    text = "in pixels, with the markers" if "distance" in layers else "with the markers"
    markers = layers.get("markers")
    dots = None if markers is None else marker_dots(markers)
    count = int(before.max(initial=0))
    pieces = outlines_panel(
        subject, "Contours before", f"{count} piece" + "s" * (count != 1) + " by the threshold alone", before
    )
    rows: list[list[Panel | None]] = [[picture_panel(subject), pieces]]
    if relief is not None:
        shown = np.where(mask, relief, 0) if "distance" in layers else relief
        rows.append([value_panel(name, shown, text, dots), _dam_panel(subject, mask, dams)])
        rows.append([_cut_through(subject, relief, "distance" in layers)])
    rows.append([labels_panel(subject, "The objects"), outlines_panel(subject, "Contours after")])
    return rows


def _dams(labels: Array) -> Array:
    """(H, W) bool, where one object touches another."""
    found = np.zeros(labels.shape, bool)
    for one, other, place in (
        (labels[:, :-1], labels[:, 1:], (slice(None), slice(None, -1))),
        (labels[:-1], labels[1:], (slice(None, -1), slice(None))),
    ):
        found[place] |= (one != other) & (one > 0) & (other > 0)
    return found


def _dam_panel(subject: Subject, mask: Array, dams: Array) -> Panel:
    """Dams on the mask."""
    from segcli.opencv import cv2

    lines = np.asarray(subject.layers["lines"]) > 0 if "lines" in subject.layers else dams
    wide = max(1, round(max(mask.shape) / 300))
    thick = np.asarray(cv2.dilate(lines.astype(np.uint8), np.ones((wide, wide), np.uint8))) > 0
    shown = np.where(mask[:, :, None], np.uint8(235), np.uint8(30)).repeat(3, axis=2)
    shown[thick] = (224, 49, 49)
    floods = subject.layers.get("markers", subject.labels)
    count = int(np.count_nonzero(np.bincount(floods.ravel())[1:]))
    text = f"{count:,} floods" + (", of which no two meet in what is left" if not lines.any() else "")
    legend = [((224 / 255, 49 / 255, 49 / 255), "dam"), ((235 / 255,) * 3, "foreground")]
    return Panel("Dams where floods meet", text, shown, legend=legend, coarse=True)


def _cut_through(subject: Subject, relief: Array, upside_down: bool) -> Panel | None:
    """The relief along the line through two neighbors that meet, as a landscape that is flooded."""
    pair = _neighbors(subject.labels)
    if pair is None:
        return None
    ends = [_deepest(subject.labels == label, relief if upside_down else -relief) for label in pair]
    places = _line(ends[0], ends[1], subject.labels.shape)
    heights = relief[places[:, 0], places[:, 1]].astype(np.float64) * (-1 if upside_down else 1)
    held = subject.labels[places[:, 0], places[:, 1]]
    lowest, highest = float(heights.min()), float(heights.max())
    room = 0.12 * (highest - lowest or 1.0)

    def draw(axes: Any) -> None:
        across = np.arange(len(heights))
        axes.fill_between(across, heights, lowest - room, color="#b7a68c", linewidth=0)
        both = np.isin(held, pair)
        dams = _meeting(held, pair)
        level = float(max(heights[place : place + 2].max() for place in dams)) if len(dams) else highest
        axes.fill_between(
            across, heights, level, where=(heights < level) & both, color="#74b3e8", alpha=0.8, linewidth=0
        )
        axes.plot(across, heights, color="#5c4b33", linewidth=2)
        for place in dams:
            axes.axvline(place + 0.5, color="#e03131", linewidth=3)
        for end in ends:
            spot = int(np.abs(places - end).sum(axis=1).argmin())
            axes.plot(spot, heights[spot], "o", color=CUT, markersize=9, markeredgecolor="white")
        axes.set_xlim(0, len(heights) - 1)
        axes.set_ylim(lowest - room, highest + room)
        ink(axes, "pixels along the line through both markers", "- distance" if upside_down else "gradient")

    text = (
        f"objects {pair[0]} and {pair[1]}: water rises from both markers (dots); where it meets, a dam is built (red)"
    )
    return Panel("A cut through two neighbors", text, draw=draw)


def _meeting(held: Array, pair: tuple[int, int]) -> Array:
    """Places on a line behind which one of a pair of labels follows the other."""
    here, there = held[:-1], held[1:]
    return np.flatnonzero(np.isin(here, pair) & np.isin(there, pair) & (here != there))


def _neighbors(labels: Array) -> tuple[int, int] | None:
    """The two objects with the longest common border, or None."""
    pairs = []
    for one, other in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        touching = (one != other) & (one > 0) & (other > 0)
        pairs.append(np.sort(np.stack([one[touching], other[touching]], axis=1), axis=1))
    found = np.concatenate(pairs)
    if not len(found):
        return None
    unique, counts = np.unique(found, axis=0, return_counts=True)
    first, second = unique[int(counts.argmax())]
    return int(first), int(second)


def _deepest(inside: Array, height: Array) -> Array:
    """(row, column) of the greatest height inside."""
    flat = np.where(inside, height, -np.inf).argmax()
    return np.array(np.unravel_index(int(flat), inside.shape))


def _line(first: Array, last: Array, shape: tuple[int, ...]) -> Array:
    """Pixels on the line through two places, half as far beyond each."""
    away = last - first
    start, stop = first - 0.5 * away, last + 0.5 * away
    count = max(2, int(np.ceil(np.abs(stop - start).max())) + 1)
    places = np.rint(np.linspace(start, stop, count)).astype(int)
    inside = ((places >= 0) & (places < np.array(shape))).all(axis=1)
    return np.asarray(places[inside])
