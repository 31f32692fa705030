"""Networks: how far they see, what their layers answer, the scores of the classes at a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Point
from segcli.figures.explain.subject import (
    ACCENT,
    CASING,
    Subject,
    labels_panel,
    numbered,
    overlay_panel,
    probability_panel,
    value_panel,
)
from segcli.figures.pages import LINE
from segcli.figures.sheet import Panel, Row, ink

ACROSS = 3
MOST_CLASSES = 12


@dataclass(frozen=True, eq=False)
class Glance:
    """What was seen in a network at a pixel.

    Attributes
    ----------
    at : the pixel. field : side of the square that its verdict can depend on; None: the whole picture, or unknown.
    corner : (left, top) of the part that was looked at, in the picture.
    layers : (name, channels, channel, plane) of some layers.
    influence : (h, w) how much the verdict depends on each pixel of that part, or None.
    """

    at: Point
    field: int | None
    corner: tuple[int, int]
    layers: tuple[tuple[str, int, int, NDArray[np.float32]], ...]
    influence: NDArray[np.float32] | None


def network_rows(subject: Subject, glance: Glance) -> list[Row]:
    """The panels that explain what a network found, in rows."""
    found = subject.segmentation
    planes = [
        probability_panel(name[:1].upper() + name[1:], layer)
        for name, layer in subject.layers.items()
        if name.endswith("probability")
    ]
    answers = [
        value_panel(name, plane, f"channel {channel} of {channels}, {plane.shape[1]} x {plane.shape[0]}")
        for name, channels, channel, plane in glance.layers
    ]
    rows: list[list[Panel | None]] = [
        [_field(subject, glance), _influence(subject, glance)],
        [_scores(subject, glance)],
    ]
    if glance.influence is None:
        rows = [[_field(subject, glance), _scores(subject, glance)]]
    rows += [list(answers[start : start + ACROSS]) for start in range(0, len(answers), ACROSS)]
    rows += [list(planes[start : start + ACROSS]) for start in range(0, min(len(planes), MOST_CLASSES), ACROSS)]
    text = "" if found.kind != "instances" else f"{int(found.numbers.get('objects', 0)):,} objects"
    rows.append([labels_panel(subject, text=text), overlay_panel(subject, text=text)])
    return list(numbered(rows))


def _cross(glance: Glance) -> Any:
    """Draws the pixel that is asked about, and the square that its verdict can depend on."""

    def draw(axes: Any) -> None:
        from matplotlib.patches import Rectangle

        for color, width in ((CASING, 4.0), (ACCENT, 2.0)):
            axes.plot(glance.at.x, glance.at.y, "+", color=color, markersize=16, markeredgewidth=width)
            if glance.field is not None:
                corner = (glance.at.x - glance.field / 2, glance.at.y - glance.field / 2)
                axes.add_patch(
                    Rectangle(corner, glance.field, glance.field, fill=False, edgecolor=color, linewidth=width)
                )

    return draw


def _field(subject: Subject, glance: Glance) -> Panel:
    """The square of pixels that a verdict can depend on."""
    height, width = subject.labels.shape
    if glance.field is None:
        text = "the network sees the whole picture"
    elif glance.field >= 2 * max(height, width):
        text = f"{glance.field:,} pixels square, beyond the picture on all sides"
    else:
        text = f"the square of {glance.field:,} pixels that the verdict at the cross can depend on"
    where = f"x {glance.at.x}, y {glance.at.y}"
    return Panel("Receptive field", f"{text}; {where} in {width} x {height} pixels", subject.picture, _cross(glance))


def _influence(subject: Subject, glance: Glance) -> Panel | None:
    """How much the verdict does depend on each pixel."""
    if glance.influence is None:
        return None
    values = glance.influence / max(float(glance.influence.max()), 1e-30)
    left, top = glance.corner
    radius = _half_of(values, Point(glance.at.x - left, glance.at.y - top))
    reach = max(values.shape) if glance.field is None else glance.field // 2 + 2
    first = Point(max(0, glance.at.x - left - reach), max(0, glance.at.y - top - reach))
    shown = np.sqrt(values[first.y : glance.at.y - top + reach + 1, first.x : glance.at.x - left + reach + 1])
    place = Point(glance.at.x - left - first.x, glance.at.y - top - first.y)

    def draw(axes: Any) -> None:
        axes.plot(place.x, place.y, "+", color="#ff4d4d", markersize=14, markeredgewidth=2)

    text = f"in that square: gradient of the winning score (its root); half of it lies within {radius} pixels"
    panel = probability_panel("What the verdict depends on", shown, text)
    return Panel(panel.title, panel.text, panel.picture, draw, bar=panel.bar)


def _half_of(values: NDArray[np.float32], at: Point) -> int:
    """Distance from a pixel within which half of all values lie."""
    rows, columns = np.indices(values.shape)
    away = np.rint(np.hypot(rows - at.y, columns - at.x)).astype(int).ravel()
    sums = np.cumsum(np.bincount(away, values.ravel().astype(np.float64)))
    return int(np.searchsorted(sums, sums[-1] / 2))


def _scores(subject: Subject, glance: Glance) -> Panel | None:
    """Probabilities of the classes at the pixel."""
    found = subject.segmentation
    if found.scores is None:
        return None
    scores = found.scores[:, glance.at.y, glance.at.x].astype(np.float64)
    names = (
        found.names if len(found.names) == len(scores) else tuple(f"class {number}" for number in range(len(scores)))
    )
    best = np.argsort(-scores, kind="stable")[:MOST_CLASSES]

    def draw(axes: Any) -> None:
        places = np.arange(len(best))
        axes.bar(places, scores[best], color=LINE, width=0.6)
        for place, number in zip(places, best, strict=True):
            axes.text(place, scores[number] + 0.02, f"{scores[number]:.3f}", ha="center", fontsize=11)
        axes.set_xlim(-0.7, max(len(best), 4) - 0.3)
        axes.set_ylim(0, 1.12)
        ink(axes, "", "probability")
        axes.set_xticks(places, [_short(names[number]) for number in best])

    more = f"; the first {len(best)} of {len(scores)}" if len(scores) > len(best) else ""
    return Panel("Scores of the classes at the cross", f"{names[int(best[0])]} wins{more}", draw=draw)


def _short(name: str) -> str:
    """A name that fits beneath a bar."""
    return name if len(name) <= 11 else f"{name[:10]}."
