"""Pages that the steps of a segmentation are drawn on: pictures, curves, color swatches, with titles.

Every page is 1200 pixels wide, and pictures of one size lie at the same place on it, so that one can leaf through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array

WIDTH = 1200
MARGIN = 36
HEADER = 96
SCALE_ROOM = 100
"""Pixels kept free beside every picture, for those that have a color bar there."""

TALLEST = 1150
DOTS_PER_INCH = 100
BARS = 400
SWATCH = 246
LEGEND_COLUMNS = 4
LEGEND_LINE = 34
AXIS_LEFT = 120
LETTER = 11
"""Pixels that a digit above a cut takes."""

INK = "#1f2933"
FAINT = "#66727f"
LINE = "#0b62a4"
CUT = "#c2255c"
COLUMN_COLORS = (LINE, "#c2255c", "#2b8a3e", "#e67700", "#6741d9", "#0c8599", "#868e96", "#a61e4d")

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class ColorBar:
    """A scale of values beside a picture; `colors` is a matplotlib color map."""

    colors: str
    low: float
    high: float


@dataclass(frozen=True)
class Cuts:
    """Where a histogram is cut, rising, and the color (0 to 1) of each class from dark to bright; None is no color."""

    positions: Sequence[float] = ()
    colors: Sequence[RGB | None] = ()


def picture_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the height and width in which a picture of this shape is shown."""
    scale = min((WIDTH - 2 * MARGIN - SCALE_ROOM) / shape[1], TALLEST / shape[0])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def number_text(value: float) -> str:
    """Write a number for people: whole from a thousand up, four digits below."""
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def picture_page(
    title: str,
    note: str,
    picture: NDArray[np.uint8],
    *,
    bar: ColorBar | None = None,
    legend: Sequence[tuple[RGB, str]] = (),
) -> NDArray[np.uint8]:
    """Show a picture that already has its `picture_size`, a color bar beside it or a legend beneath."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    height, width = picture.shape[:2]
    lines = -(-len(legend) // LEGEND_COLUMNS)
    figure = _page(title, note, HEADER + height + MARGIN + LEGEND_LINE * lines)
    if legend:
        _legend(figure, HEADER + height + MARGIN // 2, lines, legend)
    if bar is not None:
        axes = _axes(figure, MARGIN + width + 16, HEADER, 20, height)
        figure.colorbar(ScalarMappable(Normalize(bar.low, bar.high), bar.colors), cax=axes)
        axes.tick_params(labelsize=12, colors=INK, length=4)
    page = _drawn(figure)
    # Put in pixel by pixel, so nothing is resampled.
    page[HEADER : HEADER + height, MARGIN : MARGIN + width] = picture
    return page


def histogram_page(
    title: str, note: str, counts: Array, levels: Array, curves: Mapping[str, Array], cuts: Cuts
) -> NDArray[np.uint8]:
    """Show a histogram, beneath it curves over the same intensities, and the cuts through all of them."""
    figure = _page(title, note, HEADER + 410 + 270 * len(curves) + 70)
    present = np.flatnonzero(counts)
    inside = slice(present[0], present[-1] + 1)
    counts, levels = counts[inside], levels[inside]
    step = (levels[-1] - levels[0]) / max(len(levels) - 1, 1) or 1.0
    margin = max(0.02 * (levels[-1] - levels[0]), step)
    first = top = HEADER + 10
    for name, values in {"": counts, **curves}.items():
        axes = _axes(figure, AXIS_LEFT, top, WIDTH - AXIS_LEFT - MARGIN, 400 if top == first else 220)
        axes.set_xlim(levels[0] - margin, levels[-1] + margin)
        if top == first:
            bars(axes, counts, levels, step)
            name_cuts(axes, cuts)
        else:
            axes.plot(levels, values[inside], color=LINE, linewidth=2)
            axes.set_title(name, loc="left", fontsize=14, color=INK)
        shade(axes, cuts)
        _finish(axes, "", "pixels" if top == first else "")
        axes.tick_params(labelbottom=False)
        top += 450 if top == first else 270
    axes.tick_params(labelbottom=True)
    axes.set_xlabel("intensity", fontsize=14, color=INK)
    return _drawn(figure)


def curve_page(title: str, note: str, values: Array, *, across: str, first: int = 1) -> NDArray[np.uint8]:
    """Show (n,) values over their number, counted from `first`, or each column of (n, k) values as its own curve."""
    figure = _page(title, note, HEADER + 564 + 70)
    axes = _axes(figure, AXIS_LEFT, HEADER + 24, WIDTH - AXIS_LEFT - MARGIN, 540)
    columns = values.reshape(len(values), -1).T
    # A short series is shown with a dot for each value.
    marker = "o" if len(values) <= 60 else None
    for index, column in enumerate(columns):
        color = COLUMN_COLORS[index % len(COLUMN_COLORS)]
        label = f"column {index + 1}"
        axes.plot(np.arange(len(column)) + first, column, color=color, linewidth=2.2, marker=marker, label=label)
    if len(columns) > 1:
        axes.legend(fontsize=12, frameon=False)
    if len(np.unique(values[np.isfinite(values)])) < 2:
        axes.margins(y=0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _finish(axes, across, "")
    return _drawn(figure)


def swatch_page(title: str, note: str, colors: Sequence[RGB], labels: Sequence[str]) -> NDArray[np.uint8]:
    """Show colors (0 to 1) as squares with up to three lines of text beneath each."""
    from matplotlib.patches import Rectangle

    across = min(len(colors), 6)
    down = -(-len(colors) // across)
    figure = _page(title, note, HEADER + SWATCH * down)
    side = (WIDTH - 2 * MARGIN) / across
    axes = _axes(figure, MARGIN, HEADER, WIDTH - 2 * MARGIN, SWATCH * down)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH - 2 * MARGIN)
    axes.set_ylim(SWATCH * down, 0)
    for index, (color, label) in enumerate(zip(colors, labels, strict=True)):
        left, top = index % across * side, index // across * SWATCH
        axes.add_patch(Rectangle((left, top), side - 14, 160, facecolor=color, edgecolor=FAINT, linewidth=0.8))
        axes.text(left, top + 170, label, fontsize=12, color=INK, va="top", linespacing=1.4)
    return _drawn(figure)


def _page(title: str, note: str, height: int) -> Any:
    """A white figure with a title and a quieter line beneath it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    left = MARGIN / WIDTH
    figure.text(left, 1 - 30 / height, title, fontsize=21, fontweight="bold", color=INK, va="center")
    figure.text(left, 1 - 66 / height, note, fontsize=14, color=FAINT, va="center")
    return figure


def _axes(figure: Any, left: float, top: float, width: float, height: float) -> Any:
    """Axes at a place in pixels, from the top left."""
    across, down = figure.get_size_inches() * DOTS_PER_INCH
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def _legend(figure: Any, top: float, lines: int, legend: Sequence[tuple[RGB, str]]) -> None:
    """Squares of color with a text beside each, in columns."""
    from matplotlib.patches import Rectangle

    across, down = WIDTH - 2 * MARGIN, LEGEND_LINE * lines
    axes = _axes(figure, MARGIN, top, across, down)
    axes.set_axis_off()
    axes.set_xlim(0, across)
    axes.set_ylim(down, 0)
    for index, (color, text) in enumerate(legend):
        left, line = index % LEGEND_COLUMNS * across / LEGEND_COLUMNS, index // LEGEND_COLUMNS * LEGEND_LINE
        axes.add_patch(Rectangle((left + 1, line + 6), 22, 22, facecolor=color, edgecolor=FAINT, linewidth=0.8))
        axes.text(left + 34, line + 17, text, fontsize=13, color=INK, va="center")


def _drawn(figure: Any) -> NDArray[np.uint8]:
    """The page as (H, W, 3) pixels."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3].copy()


def _finish(axes: Any, across: str, up: str) -> None:
    """Names of the axes, quiet frame, readable ticks."""
    axes.set_xlabel(across, fontsize=14, color=INK)
    axes.set_ylabel(up, fontsize=14, color=INK)
    axes.tick_params(labelsize=12, colors=INK)
    axes.grid(axis="y", color="#e3e8ee", linewidth=1)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.yaxis.get_major_formatter().set_useOffset(False)
    axes.yaxis.get_offset_text().set_fontsize(12)
    if 10_000 <= np.abs(axes.get_ylim()).max() < 10_000_000:
        axes.yaxis.set_major_formatter("{x:,.0f}")


def bars(axes: Any, counts: Array, levels: Array, step: float) -> None:
    """Bars of a histogram, joined to at most BARS; a few that tower over the others are cut off and said to be."""
    # Levels that lie apart, such as 8 bits in a float, get one bar each: otherwise bars would alternate with gaps.
    apart = int(np.median(np.diff(np.flatnonzero(counts)))) if np.count_nonzero(counts) > 1 else 1
    group = max(-(-len(counts) // BARS), apart)
    starts = np.arange(0, len(counts), group)
    heights = np.add.reduceat(counts, starts)
    edges = levels[0] + step * (np.append(starts, len(counts)) - 0.5)
    axes.stairs(heights, edges, fill=True, color="#52606d")
    usual = float(np.percentile(heights[heights > 0], 97))
    highest = int(heights.max())
    if highest > 6 * usual:
        axes.set_ylim(0, 2.5 * usual)
        text = f"bars that reach the top go on, up to {highest:,}"
        axes.text(0.995, 0.93, text, transform=axes.transAxes, ha="right", fontsize=11, color=FAINT)
    else:
        axes.set_ylim(0, 1.12 * highest)


def name_cuts(axes: Any, cuts: Cuts) -> None:
    """Write each cut's value above its line, where it does not run into the one before."""
    taken = -np.inf
    for position in cuts.positions:
        text = number_text(position)
        half = 0.5 * LETTER * len(text)
        middle = axes.transData.transform((position, 0))[0]
        if middle - half < taken:
            continue
        taken = middle + half + LETTER
        axes.annotate(
            text,
            (position, 1),
            (0, 4),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            fontsize=12,
            color=CUT,
            annotation_clip=False,
        )


def shade(axes: Any, cuts: Cuts) -> None:
    """Lines at the cuts, and each class's stretch of the axis in its color."""
    low, high = axes.get_xlim()
    for position in cuts.positions:
        axes.axvline(position, color=CUT, linewidth=1.8)
    ends = [low, *(min(max(position, low), high) for position in cuts.positions), high]
    for color, start, stop in zip(cuts.colors, ends[:-1], ends[1:], strict=False):
        if color is not None:
            axes.axvspan(start, stop, color=color, alpha=0.22, linewidth=0, zorder=0)
    axes.set_xlim(low, high)
