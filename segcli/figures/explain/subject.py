"""What an explanation is drawn from: a segmentation and its picture, and the panels that many families show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.figures.layers import colored, extent_text, scale_of
from segcli.figures.pages import COLUMN_COLORS, CUT, LINE, RGB, ColorBar, number_text
from segcli.figures.render import for_display, foreground, paint, palette_of, render
from segcli.figures.sheet import Panel, ink, resized
from segcli.measure import foreground_share, region_count
from segcli.numeric.forms import as_color, as_gray
from segcli.segmentation import VOID, Segmentation

ACCENT = "#ffe100"
"""Lines on pictures."""

CASING = "#141414"
NOTHING = (225, 225, 225)
"""Where there is no value."""

FEW = 12
"""Classes that a legend can name."""

DRAWN = 1100
"""Longer side of a picture that lines are drawn on: twice that of a panel."""

DIM = 0.45
"""Brightness of a picture beneath drawings."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A segmentation with its picture.

    Attributes
    ----------
    name : of the method.
    segmentation : what it found, with layers, series and numbers.
    image : (H, W, 3) the picture as the user knows it.
    pixels : (H, W) or (H, W, 3), what the method was handed: one channel, blurred.
    """

    name: str
    segmentation: Segmentation
    image: Array
    pixels: Array

    @property
    def labels(self) -> Array:
        return self.segmentation.labels

    @property
    def layers(self) -> dict[str, Array]:
        return dict(self.segmentation.layers)

    @property
    def numbers(self) -> dict[str, float]:
        return dict(self.segmentation.numbers)

    def series(self, name: str) -> Array | None:
        """A series that has something in it, or None."""
        values = np.asarray(self.segmentation.series.get(name, ()))
        return values if values.size else None

    @cached_property
    def picture(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8, the picture for the eye."""
        return np.ascontiguousarray(for_display(self.image))

    @cached_property
    def dim(self) -> NDArray[np.uint8]:
        """The picture in dark gray, as ground for drawings."""
        return np.repeat((self.picture.mean(axis=2, keepdims=True) * DIM).astype(np.uint8), 3, axis=2)

    @cached_property
    def gray(self) -> NDArray[np.float64]:
        """(H, W) gray levels as the method saw them, in image units."""
        return as_gray(self.pixels).astype(np.float64)

    @cached_property
    def colors(self) -> Array:
        """(H, W, 3) colors as the method saw them."""
        return as_color(self.pixels)

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """(H, W) where objects are."""
        return foreground(self.segmentation)


def picture_panel(subject: Subject, text: str = "", title: str = "The picture", draw: Any = None) -> Panel:
    """The picture itself."""
    height, width = subject.labels.shape
    return Panel(title, text or f"{width} x {height} pixels", subject.picture, draw)


def value_panel(title: str, values: Array, text: str = "", draw: Any = None) -> Panel:
    """Values in colors, with their scale."""
    bar = scale_of(values)
    note = extent_text(values)
    shown = colored(values, bar)
    shown[~np.isfinite(values)] = NOTHING
    return Panel(title, f"{text} ({note})" if text else note, shown, draw, bar=bar)


def probability_panel(title: str, values: Array, text: str = "") -> Panel:
    """Probabilities, all on one scale."""
    bar = ColorBar("viridis", 0.0, 1.0)
    return Panel(title, text, colored(values, bar), bar=bar)


def mask_panel(title: str, mask: Array, text: str = "") -> Panel:
    """White where something is."""
    share = np.count_nonzero(mask) / max(mask.size, 1)
    shown = np.dstack([np.where(mask, np.uint8(255), np.uint8(0))] * 3)
    return Panel(title, text or f"white on {share:.1%} of the picture", shown, coarse=True)


def labels_panel(subject: Subject, title: str = "The result", text: str = "") -> Panel:
    """The labels in their colors; a mask in black and white."""
    found = subject.segmentation
    if found.kind == "mask":
        return mask_panel(title, subject.labels > 0, text or f"object on {foreground_share(found):.1%} of the picture")
    legend = class_legend(found)
    return Panel(title, text or ("" if legend else found_text(found)), paint(found), legend=legend, coarse=True)


def outlines_panel(
    subject: Subject, title: str = "On the picture", text: str = "", labels: Array | None = None
) -> Panel:
    """Outlines of labels on the picture."""
    found = subject.segmentation if labels is None else Segmentation(labels, "instances")
    return Panel(title, text or found_text(found), lined("contours", found, subject.picture))


def overlay_panel(subject: Subject, title: str = "On the picture", text: str = "") -> Panel:
    """Labels tinted on the picture."""
    found = subject.segmentation
    return Panel(title, text or found_text(found), lined("overlay", found, subject.picture))


def lined(kind: Literal["contours", "overlay"], found: Segmentation, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw labels so large that their lines are still thick enough when the panel is made of it."""
    height, width = picture.shape[:2]
    scale = min(DRAWN / width, DRAWN / height)
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    rows, columns = ((2 * np.arange(n) + 1) * m // (2 * n) for n, m in zip(shape, (height, width), strict=True))
    large = resized(picture, shape)
    return render(kind, Segmentation(found.labels[rows[:, None], columns], found.kind), large)


def regions_panel(title: str, labels: Array, subject: Subject, text: str = "") -> Panel:
    """Outlines of many small regions on the picture."""
    count = int(np.count_nonzero(np.bincount(labels.ravel())[1:]))
    found = Segmentation(labels.astype(np.int32), "instances")
    return Panel(title, text or f"{count:,} regions", lined("contours", found, subject.picture))


def found_text(found: Segmentation) -> str:
    """How much was found."""
    count = region_count(found)
    if found.kind == "mask":
        return f"object on {foreground_share(found):.1%} of the picture, in {count:,} piece" + "s" * (count != 1)
    noun = "class" if found.kind == "classes" else "region"
    ending = ("es" if noun == "class" else "s") if count != 1 else ""
    return f"{count:,} {noun}{ending}"


def class_legend(found: Segmentation, share: bool = True) -> list[tuple[RGB, str]]:
    """Color, name and share of each class, where there are few."""
    if found.kind != "classes":
        return []
    counts = np.bincount(found.labels.ravel(), minlength=VOID + 1)
    present = [int(number) for number in np.flatnonzero(counts)]
    if len(present) > FEW:
        return []
    palette = palette_of(found) / 255
    legend = []
    for number in present:
        name = found.names[number] if number < len(found.names) else f"class {number}"
        name = "left out" if number == VOID else name
        color = (float(palette[number][0]), float(palette[number][1]), float(palette[number][2]))
        legend.append((color, f"{name}, {counts[number] / counts.sum():.0%}" if share else name))
    return legend


def curve_panel(
    title: str, values: Array, text: str = "", *, across: str = "iteration", up: str = "", first: int = 1
) -> Panel:
    """Values over their number, one curve a column."""

    def draw(axes: Any) -> None:
        columns = np.asarray(values, np.float64).reshape(len(values), -1).T
        for index, column in enumerate(columns):
            marker = "o" if len(column) <= 40 else None
            color = COLUMN_COLORS[index % len(COLUMN_COLORS)]
            axes.plot(np.arange(len(column)) + first, column, color=color, linewidth=2.2, marker=marker, markersize=5)
        if np.ptp(columns) <= 1e-12 * max(np.abs(columns).max(), 1e-300):
            axes.margins(y=0.5)
        axes.xaxis.get_major_locator().set_params(integer=True, nbins=8)
        ink(axes, across, up)

    return Panel(title, text, draw=draw)


def energy_panel(
    subject: Subject, title: str = "Energy per iteration", text: str = "", name: str = "energy"
) -> Panel | None:
    """The series of energies, from the start on."""
    values = subject.series(name)
    if values is None:
        return None
    values = values.ravel()
    first = 1 if len(values) == subject.numbers.get("iterations", -1) else 0
    note = f"from {number_text(values[0])} to {number_text(values[-1])}"
    return curve_panel(title, values, f"{text} {note}".strip(), first=first)


def busiest(marks: Array, side: int) -> tuple[slice, slice]:
    """The window of a side (less in a smaller picture) that holds the most marked pixels, the first of equals."""
    from segcli.opencv import cv2

    height, width = (min(side, length) for length in marks.shape)
    sums = cv2.integral(marks.astype(np.uint8))
    held = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    row, column = np.unravel_index(int(held.argmax()), held.shape)
    return slice(int(row), int(row) + height), slice(int(column), int(column) + width)


def borders(labels: Array) -> NDArray[np.bool_]:
    """(H, W), pixels whose right or lower neighbor has another label."""
    found = np.zeros(labels.shape, bool)
    found[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    found[:-1] |= labels[1:] != labels[:-1]
    return found


def busiest_row(marks: Array) -> int:
    """The row that goes in and out of what is marked most often, the nearest to the middle of equals."""
    counts = np.count_nonzero(marks[:, 1:] != marks[:, :-1], axis=1)
    rows = np.flatnonzero(counts == counts.max(initial=0))
    return int(rows[np.abs(rows - len(marks) // 2).argmin()])


def marker_dots(markers: Array) -> Any:
    """Draws a dot in the middle of each marker."""
    flat = markers.ravel()
    counts = np.bincount(flat)
    present = np.flatnonzero(counts[1:]) + 1
    rows, columns = (np.bincount(flat, index.ravel())[present] / counts[present] for index in np.indices(markers.shape))

    def draw(axes: Any) -> None:
        size = 5 if len(present) < 300 else 2.5
        axes.plot(columns, rows, "o", color=CUT, markersize=size, markeredgecolor="white", markeredgewidth=0.8)

    return draw


def across_line(row: int, width: int) -> Any:
    """Draws the row that a profile is taken from."""

    def draw(axes: Any) -> None:
        axes.plot([0, width - 1], [row, row], color=CASING, linewidth=3.2)
        axes.plot([0, width - 1], [row, row], color=ACCENT, linewidth=1.6)

    return draw


def profile_panel(
    title: str, text: str, curves: dict[str, tuple[Array, str]], marks: Array | None, levels: dict[str, float], up: str
) -> Panel:
    """Curves along a row of pixels, shaded where something was found, with levels drawn across."""

    def draw(axes: Any) -> None:
        places = np.arange(len(next(iter(curves.values()))[0]))
        for name, (values, color) in curves.items():
            axes.plot(places, values, color=color, linewidth=1.6, label=name)
        if marks is not None:
            _shaded(axes, marks)
        for name, level in levels.items():
            axes.axhline(
                level, color="#c2255c", linewidth=1.4, linestyle=(0, (5, 3)), label=f"{name} {number_text(level)}"
            )
        axes.set_xlim(-0.5, len(places) - 0.5)
        axes.legend(fontsize=10.5, frameon=False, loc="lower right", ncols=5, bbox_to_anchor=(1, 0.985), borderpad=0)
        ink(axes, "column, pixels", up)

    return Panel(title, text, draw=draw)


def _shaded(axes: Any, marks: Array) -> None:
    """Shade the stretches that are marked."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2):
        axes.axvspan(start - 0.5, stop - 0.5, color=LINE, alpha=0.16, linewidth=0, zorder=0)


def numbered(rows: list[list[Panel | None]]) -> list[list[Panel]]:
    """Rows without what is missing, their headings numbered in the order of reading."""
    from dataclasses import replace

    count = 0
    found = []
    for row in rows:
        kept = []
        for panel in row:
            if panel is not None:
                count += 1
                kept.append(replace(panel, title=f"{count}  {panel.title}"))
        if kept:
            found.append(kept)
    return found


def border_lines(labels: Array, color: str = ACCENT, width: float = 1.6) -> Any:
    """Draws the lines between pixels of different labels."""

    def draw(axes: Any) -> None:
        from matplotlib.collections import LineCollection

        rows, columns = np.nonzero(labels[:, 1:] != labels[:, :-1])
        upright = [((x + 0.5, y - 0.5), (x + 0.5, y + 0.5)) for y, x in zip(rows, columns, strict=True)]
        rows, columns = np.nonzero(labels[1:] != labels[:-1])
        level = [((x - 0.5, y + 0.5), (x + 0.5, y + 0.5)) for y, x in zip(rows, columns, strict=True)]
        axes.add_collection(LineCollection(upright + level, colors=CASING, linewidths=2.2 * width, capstyle="round"))
        axes.add_collection(LineCollection(upright + level, colors=color, linewidths=width, capstyle="round"))

    return draw
