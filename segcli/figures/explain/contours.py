"""Contours that move: all moments on one picture and one by one, the energy and the area on the way."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import (
    Subject,
    borders,
    curve_panel,
    energy_panel,
    lined,
    picture_panel,
    value_panel,
)
from segcli.figures.pages import RGB
from segcli.figures.sheet import Panel
from segcli.figures.steps import CONTOUR
from segcli.segmentation import Segmentation

ACROSS = 3

SMALL = 0.5
"""Share of the picture below which the part with the contour is shown alone."""

CROWDED = 0.08
"""Share of the pixels on a contour from which on it is shown by itself only."""


def panels(subject: Subject) -> list[list[Panel | None]]:
    """The contour over time."""
    moments = {
        int(name.rpartition("_")[2]): layer for name, layer in subject.layers.items() if re.fullmatch(CONTOUR, name)
    }
    window, where = _window(moments, subject.labels.shape)
    edges = subject.layers.get("edge_indicator")
    if edges is None:
        second = picture_panel(subject)
    else:
        second = value_panel("Edge indicator", edges[window], "small where the contour should rest")
    rows: list[list[Panel | None]] = [[_together(subject, moments, window, where), second]]
    single = [_moment(subject, number, inside, window) for number, inside in moments.items()]
    across = ACROSS if len(single) > 4 else 2
    rows += [list(single[start : start + across]) for start in range(0, len(single), across)]
    area = subject.series("area")
    grown = None if area is None else curve_panel("Area inside", area, "in pixels", first=0)
    rows.append([energy_panel(subject), grown])
    return rows


def _window(moments: dict[int, Array], shape: tuple[int, ...]) -> tuple[tuple[slice, slice], str]:
    """The part of the picture in which the contour moves, where that is small; and what it is called."""
    whole = (slice(0, shape[0]), slice(0, shape[1]))
    touched = np.zeros(shape, bool)
    for inside in moments.values():
        touched |= inside
    if not touched.any():
        return whole, ""
    found = []
    for axis, length in enumerate(shape):
        places = np.flatnonzero(touched.any(axis=1 - axis))
        room = round(0.6 * (places[-1] - places[0] + 1))
        found.append(slice(max(0, int(places[0]) - room), min(length, int(places[-1]) + room + 1)))
    rows, columns = found
    if (rows.stop - rows.start) * (columns.stop - columns.start) > SMALL * shape[0] * shape[1]:
        return whole, ""
    text = f"; columns {columns.start} to {columns.stop - 1}, rows {rows.start} to {rows.stop - 1} of the picture"
    return (rows, columns), text


def _together(subject: Subject, moments: dict[int, Array], window: tuple[slice, slice], where: str) -> Panel:
    """All moments on one picture, from blue at the start to yellow at the end."""
    from matplotlib import colormaps

    shades = [colormaps["plasma"](0.15 + 0.8 * place / max(len(moments) - 1, 1)) for place in range(len(moments))]
    colors: list[RGB] = [(float(shade[0]), float(shade[1]), float(shade[2])) for shade in shades]

    def draw(axes: Any) -> None:
        for color, whole in zip(colors, moments.values(), strict=True):
            inside = whole[window]
            if inside.any() and not inside.all() and min(inside.shape) > 1 and _is_calm(inside):
                axes.contour(inside.astype(np.float32), [0.5], colors=["#141414"], linewidths=3.4)
                axes.contour(inside.astype(np.float32), [0.5], colors=[color], linewidths=2)

    legend = [(color, f"{number}") for color, number in zip(colors, moments, strict=True)]
    legend = [entry for entry, inside in zip(legend, moments.values(), strict=True) if _is_calm(inside[window])]
    return Panel(
        "The contour over time", f"after so many iterations{where}", subject.picture[window], draw, legend=legend
    )


def _is_calm(inside: Array) -> bool:
    """Whether a contour leaves something of the picture to be seen."""
    return bool(borders(inside).mean() < CROWDED)


def _moment(subject: Subject, number: int, inside: Array, window: tuple[slice, slice]) -> Panel:
    """One moment."""
    found = Segmentation(inside[window].astype(np.uint8), "mask")
    shown = lined("overlay", found, subject.picture[window])
    return Panel(f"After {number}", f"{int(np.count_nonzero(inside)):,} pixels inside", shown)
