"""Clusters: pixels and centers in the space of colors, the objective of each iteration and of each start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.figures.explain.subject import Subject, curve_panel, picture_panel, probability_panel
from segcli.figures.pages import COLUMN_COLORS, CUT, LINE, RGB, number_text
from segcli.figures.render import for_display, mean_colors
from segcli.figures.sheet import Panel, ink
from segcli.numeric.color import lab
from segcli.segmentation import VOID

POINTS = 6000
"""Pixels that a cloud is drawn of."""

FEW = 8
"""Classes that have colors of their own in a cloud."""


def panels(subject: Subject) -> list[list[Panel | None]]:
    """The picture, its classes, its colors as clouds, and how the clouds were found."""
    labels = subject.labels
    used = [int(number) for number in np.unique(labels[labels != VOID])]
    colors = _class_colors(used)
    shown = np.zeros((*labels.shape, 3), np.uint8)
    for number in used:
        shown[labels == number] = np.rint(np.array(colors[number]) * 255)
    counts = np.bincount(labels.ravel(), minlength=256)
    legend = [(colors[number], f"class {number}, {counts[number] / labels.size:.0%}") for number in used]
    means = mean_colors(labels, subject.picture)[labels]
    result = Panel("The classes", "", shown, legend=legend if len(used) <= FEW else (), coarse=True)
    rows: list[list[Panel | None]] = [
        [picture_panel(subject), result],
        list(_clouds(subject, used, colors)),
    ]
    painted = Panel("Mean colors", "each class in its mean color", means)
    if "certainty" in subject.layers:
        return [*rows, [painted, _certainty(subject)], [_course(subject), _starts(subject)]]
    return [*rows, [painted, _starts(subject)], [_course(subject)]]


def _class_colors(used: list[int]) -> dict[int, RGB]:
    """A color for each class that can be told from the others."""
    from matplotlib.colors import to_rgb

    return {number: to_rgb(COLUMN_COLORS[place % len(COLUMN_COLORS)]) for place, number in enumerate(used)}


def _clouds(subject: Subject, used: list[int], colors: dict[int, RGB]) -> list[Panel]:
    """Pixels in two planes of L*a*b*, or, of a gray picture, over the gray levels."""
    if (subject.colors == subject.colors[..., :1]).all():
        return [_humps(subject, used, colors)]
    space = lab(for_display(subject.colors)).reshape(-1, 3).astype(np.float64)
    step = max(1, len(space) // POINTS)
    # A step that shares no factor with the width, so that no column is drawn more often than others.
    step += step % 2 == 0
    sample = slice(step // 2, None, step)
    axis = 1 + int(space[:, 2].std() >= space[:, 1].std())
    return [
        _cloud(subject, space, sample, (1, 2), used, colors),
        _cloud(subject, space, sample, (axis, 0), used, colors),
    ]


NAMES = ("L*", "a*", "b*")
MEANT = ("dark to bright", "green to red", "blue to yellow")


def _cloud(
    subject: Subject, space: Array, sample: slice, plane: tuple[int, int], used: list[int], colors: dict[int, RGB]
) -> Panel:
    """Two of the three coordinates, with the middle of each class and the spread of each Gaussian."""
    labels = subject.labels.ravel()
    scores = subject.segmentation.scores

    def draw(axes: Any) -> None:
        points, held = space[sample], labels[sample]
        for number in used:
            chosen = points[held == number]
            axes.plot(
                chosen[:, plane[0]],
                chosen[:, plane[1]],
                ".",
                color=colors[number],
                markersize=2.2,
                alpha=0.5,
                rasterized=True,
            )
        for number in used:
            weights = (
                (labels == number).astype(np.float64) if scores is None else scores[number].ravel().astype(np.float64)
            )
            if weights.sum() <= 0:
                continue
            middle, spread = _moments(space[:, plane], weights)
            if scores is not None:
                axes.add_patch(_ellipse(middle, spread, colors[number]))
            axes.plot(*middle, "o", color=colors[number], markersize=11, markeredgecolor="white", markeredgewidth=2)
        ink(axes, f"{NAMES[plane[0]]}, {MEANT[plane[0]]}", f"{NAMES[plane[1]]}, {MEANT[plane[1]]}")

    what = "middles are large dots" if scores is None else "ellipses hold two standard deviations of each class"
    title = "Colors without brightness" if 0 not in plane else "Colors with brightness"
    return Panel(title, f"pixels in L*a*b*; {what}", draw=draw)


def _moments(points: Array, weights: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean and covariance."""
    total = weights.sum()
    middle = weights @ points / total
    away = points - middle
    return middle, (away * weights[:, None]).T @ away / total


def _ellipse(middle: Array, spread: Array, color: RGB) -> Any:
    """Two standard deviations around the middle."""
    from matplotlib.patches import Ellipse

    sizes, directions = np.linalg.eigh(spread)
    width, height = 4 * np.sqrt(np.maximum(sizes, 0))
    angle = float(np.degrees(np.arctan2(directions[1, 0], directions[0, 0])))
    return Ellipse(tuple(middle), width, height, angle=angle, fill=False, edgecolor=color, linewidth=2.4)


def _humps(subject: Subject, used: list[int], colors: dict[int, RGB]) -> Panel:
    """Gray levels of each class, stacked."""
    gray, labels = subject.gray.ravel(), subject.labels.ravel()
    low, high = float(gray.min()), float(gray.max())

    def draw(axes: Any) -> None:
        edges = np.linspace(low, high if high > low else low + 1, 129)
        below = np.zeros(128)
        for number in used:
            counts = np.histogram(gray[labels == number], edges)[0]
            axes.stairs(below + counts, edges, baseline=below, fill=True, color=colors[number], alpha=0.8)
            below += counts
            middle = float(gray[labels == number].mean())
            axes.axvline(middle, color=colors[number], linewidth=2.4)
        ink(axes, "intensity", "pixels")

    return Panel("Gray levels of the classes", "stacked; a line stands in the middle of each class", draw=draw)


def _certainty(subject: Subject) -> Panel | None:
    """How sure each pixel is of its class, where that is known."""
    certainty = subject.layers.get("certainty")
    if certainty is None:
        return None
    return probability_panel("How sure", certainty, "probability of the class that was taken")


def _course(subject: Subject) -> Panel | None:
    """The objective after each iteration of the best start."""
    for name, title in (("objective", "Objective per iteration"), ("log_likelihood", "Log likelihood per iteration")):
        values = subject.series(name)
        if values is not None:
            note = f"of the best start, from {number_text(float(values[0]))} to {number_text(float(values[-1]))}"
            if name == "log_likelihood":
                note += "; on pooled colors at first, at the end (after a step) on all pixels"
            return curve_panel(title, values, note)
    return None


def _starts(subject: Subject) -> Panel | None:
    """The objective that each start came to, or the criterion of each number of classes."""
    values, bic = subject.series("restarts"), subject.series("bic")
    if values is None and bic is not None:
        return curve_panel("Number of classes", bic, "the least BIC decides", across="classes", up="BIC")
    if values is None or len(values) < 2:
        return None
    best = int(np.argmin(values))

    def draw(axes: Any) -> None:
        axes.plot(np.arange(len(values)) + 1, values, "o", color=LINE, markersize=8)
        axes.plot(best + 1, values[best], "o", color=CUT, markersize=10)
        if np.ptp(values) <= 1e-9 * abs(float(values[0])):
            axes.margins(y=0.5)
        axes.xaxis.get_major_locator().set_params(integer=True)
        ink(axes, "start", "objective")

    return replace(Panel("Objective of each start", f"start {best + 1} is the best of {len(values)}"), draw=draw)
