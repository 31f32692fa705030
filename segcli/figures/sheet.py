"""One sheet of panels: pictures and plots in rows, each with a heading above and a caption beneath.

A sheet is 1200 pixels wide and as high as what stands on it. Texts are measured and broken, so that none meets another.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.figures.lettering import broken, paragraphs, wide
from segcli.figures.pages import DOTS_PER_INCH, FAINT, INK, MARGIN, RGB, WIDTH, ColorBar

Form = Literal["png", "svg", "pdf"]

GAP = 36
"""Pixels between panels."""

TALLEST, TALLEST_ALONE = 520, 620
"""Pixels that a picture is high at most, beside others and alone in its row."""

PLOT_HEIGHT = 330
PLOT_LEFT, PLOT_BOTTOM, PLOT_TOP, PLOT_RIGHT = 74, 50, 22, 12
"""Pixels around a plot for the numbers on its axes, the names of the axes, and what is written above it."""

BAR_ROOM, BAR_HEIGHT = 38, 12
LEGEND_LINE = 24
LINE_HEIGHT = 1.38
"""Distance of lines of text, in sizes of the letters."""

SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture or a plot with its words.

    Attributes
    ----------
    title, text : above it and beneath it.
    picture : (H, W, 3) uint8 of any size, or None for a plot.
    draw : draws on the axes; those of a picture count its pixels, x to the right and y down, from 0 in the middle
        of the first.
    shape : height and width in which the pixels of the picture are counted; its own by default.
    bar : the scale of a picture's colors. legend : colors with their meaning.
    coarse : show the pixels of an enlarged picture as squares.
    """

    title: str
    text: str = ""
    picture: NDArray[np.uint8] | None = None
    draw: Callable[[Any], None] | None = None
    shape: tuple[int, int] | None = None
    bar: ColorBar | None = None
    legend: Sequence[tuple[RGB, str]] = ()
    coarse: bool = False


Row = Sequence[Panel]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What stands on a sheet: headings, rows of panels, and beneath them notes, whose indented lines are formulas."""

    title: str
    lead: str
    note: str
    rows: Sequence[Row]
    notes: str = ""
    foot: Sequence[str] = field(default_factory=tuple)
    heading: str = "In formulas"


def sheet_figure(sheet: Sheet) -> Any:
    """The sheet as a matplotlib figure; to be drawn within `plain_style`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DOTS_PER_INCH, 1), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    place = _Placing(figure)
    place.words(sheet.title, 21, INK, weight="bold")
    place.words(sheet.lead, 14, INK)
    place.words(sheet.note, 12, FAINT)
    for row in sheet.rows:
        place.row(row)
    if sheet.notes:
        place.top += 6
        place.words(sheet.heading, 13, INK, weight="bold")
        for line in paragraphs(sheet.notes):
            place.words(line, 11, INK, family=MONO if line.startswith(" ") else SANS)
        place.top += 4
    place.top += 6
    for line in sheet.foot:
        place.words(line, 11, FAINT)
    place.finish()
    return figure


@contextmanager
def plain_style() -> Iterator[None]:
    """Matplotlib's own settings, whatever a user has changed, and nothing left to chance."""
    import logging

    # Where it can keep no settings, matplotlib says so at length.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib

    chosen: Any = {"font.family": [SANS], "svg.hashsalt": "segcli", "axes.unicode_minus": True}
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(chosen)
        yield


def draw_sheet(sheet: Sheet) -> NDArray[np.uint8]:
    """Draw a sheet; (height, 1200, 3) uint8."""
    with plain_style():
        figure = sheet_figure(sheet)
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba())[:, :, :3].copy()


def vector_sheet(sheet: Sheet, form: Literal["svg", "pdf"]) -> bytes:
    """Draw a sheet as SVG or PDF, the same bytes each time."""
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    data = io.BytesIO()
    with plain_style():
        sheet_figure(sheet).savefig(data, format=form, metadata=dated[form], facecolor="white")
    return data.getvalue()


class _Placing:
    """Puts things on a figure from the top down; positions are in pixels until the height is known."""

    def __init__(self, figure: Any) -> None:
        self.figure = figure
        self.top = 22.0
        self.placed: list[Callable[[float], None]] = []

    def words(
        self,
        text: str,
        size: float,
        color: str,
        *,
        left: float = MARGIN,
        width: float = WIDTH - 2 * MARGIN,
        weight: str = "normal",
        family: str = SANS,
    ) -> None:
        """Write a paragraph."""
        from matplotlib.font_manager import FontProperties

        font = FontProperties(family=family, size=size, weight=weight)
        step = size * DOTS_PER_INCH / 72 * LINE_HEIGHT
        for line in broken(text, font, width):
            self._write(line, left, self.top + step / 2, font, color)
            self.top += step

    def _write(self, line: str, left: float, middle: float, font: Any, color: str) -> None:
        def write(height: float) -> None:
            self.figure.text(
                left / WIDTH, 1 - middle / height, line, fontproperties=font, color=color, va="center", parse_math=False
            )

        self.placed.append(write)

    def row(self, panels: Row) -> None:
        """Put panels beside each other."""
        width = (WIDTH - 2 * MARGIN - GAP * (len(panels) - 1)) / len(panels)
        height = max((_shown(panel, width, len(panels))[0] for panel in panels if panel.picture is not None), default=0)
        height = max(height, PLOT_HEIGHT) if any(panel.picture is None for panel in panels) else height
        self.top += 16
        first = self.top
        tops = []
        for index, panel in enumerate(panels):
            self.top = first
            self.words(panel.title, 13, INK, left=MARGIN + index * (width + GAP), width=width, weight="bold")
            tops.append(self.top)
        top = max(tops) + 6
        ends = []
        for index, panel in enumerate(panels):
            left = MARGIN + index * (width + GAP)
            self.top = top + self._content(panel, left, top, width, height, len(panels))
            if panel.legend:
                self._legend(panel, left, width)
            self.top += 4
            self.words(panel.text, 11.5, FAINT, left=left, width=width)
            ends.append(self.top)
        self.top = max(ends) + 4

    def _content(self, panel: Panel, left: float, top: float, width: float, height: float, count: int) -> float:
        """Put the picture or the plot; how much room it takes from the top."""
        if panel.picture is None:
            inner = (width - PLOT_LEFT - PLOT_RIGHT, height - PLOT_TOP - PLOT_BOTTOM)
            self._axes(panel, left + PLOT_LEFT, top + PLOT_TOP, *inner)
            return height
        tall, wide = _shown(panel, width, count)
        self._axes(panel, left, top, wide, tall)
        if panel.bar is not None:
            self._bar(panel.bar, left, top + tall + 7, wide)
        return tall + (BAR_ROOM if panel.bar is not None else 0)

    def _axes(self, panel: Panel, left: float, top: float, width: float, height: float) -> None:
        def draw(full: float) -> None:
            axes = self.figure.add_axes((left / WIDTH, 1 - (top + height) / full, width / WIDTH, height / full))
            if panel.picture is None:
                panel.draw(axes)  # type: ignore[misc]
                return
            tall, wide = panel.shape or panel.picture.shape[:2]
            shown = resized(panel.picture, (round(height), round(width)), coarse=panel.coarse)
            axes.imshow(shown, interpolation="none", aspect="auto", extent=(-0.5, wide - 0.5, tall - 0.5, -0.5))
            axes.set_axis_off()
            if panel.draw is not None:
                panel.draw(axes)
            axes.set_xlim(-0.5, wide - 0.5)
            axes.set_ylim(tall - 0.5, -0.5)

        self.placed.append(draw)

    def _bar(self, bar: ColorBar, left: float, top: float, width: float) -> None:
        def draw(full: float) -> None:
            from matplotlib.cm import ScalarMappable
            from matplotlib.colors import Normalize

            wide = min(width, 300.0)
            axes = self.figure.add_axes((left / WIDTH, 1 - (top + BAR_HEIGHT) / full, wide / WIDTH, BAR_HEIGHT / full))
            self.figure.colorbar(
                ScalarMappable(Normalize(bar.low, bar.high), bar.colors), cax=axes, orientation="horizontal"
            )
            axes.tick_params(labelsize=10.5, colors=INK, length=3, pad=2)
            axes.xaxis.get_major_locator().set_params(nbins=4)

        self.placed.append(draw)

    def _legend(self, panel: Panel, left: float, width: float) -> None:
        """Squares of color with their meaning, as many to a line as there is room for."""
        from matplotlib.font_manager import FontProperties

        font = FontProperties(family=SANS, size=11)
        self.top += 6
        across = left
        for color, text in panel.legend:
            room = 26 + wide(text, font)
            if across > left and across + room > left + width:
                across = left
                self.top += LEGEND_LINE
            self._square(color, across, self.top)
            self._write(text, across + 22, self.top + LEGEND_LINE / 2, font, INK)
            across += room + 18
        self.top += LEGEND_LINE

    def _square(self, color: RGB, left: float, top: float) -> None:
        def draw(full: float) -> None:
            from matplotlib.patches import Rectangle

            place = (left / WIDTH, 1 - (top + LEGEND_LINE / 2 + 7) / full)
            self.figure.add_artist(
                Rectangle(place, 14 / WIDTH, 14 / full, facecolor=color, edgecolor=FAINT, linewidth=0.6)
            )

        self.placed.append(draw)

    def finish(self) -> None:
        """Give the figure its height, and put everything where it belongs."""
        full = float(round(self.top + 22))
        self.figure.set_size_inches(WIDTH / DOTS_PER_INCH, full / DOTS_PER_INCH)
        for put in self.placed:
            put(full)


def _shown(panel: Panel, width: float, count: int) -> tuple[float, float]:
    """Height and width in which a picture is shown, in whole pixels."""
    if panel.picture is None:
        return 0.0, 0.0
    tall, wide = panel.shape or panel.picture.shape[:2]
    scale = min(width / wide, (TALLEST if count > 1 else TALLEST_ALONE) / tall)
    return float(max(1, round(tall * scale))), float(max(1, round(wide * scale)))


def resized(picture: Array, size: tuple[int, int], *, coarse: bool = False) -> Array:
    """Bring a picture to a size; large pixels stay square, finer ones are smoothed."""
    from segcli.opencv import cv2

    height, width = size
    if width < picture.shape[1]:
        how = cv2.INTER_AREA
    else:
        how = cv2.INTER_NEAREST if coarse or width >= 4 * picture.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=how))


def ink(axes: Any, across: str, up: str) -> None:
    """Names of a plot's axes, a quiet frame, readable numbers."""
    axes.set_xlabel(across, fontsize=12, color=INK)
    axes.set_ylabel(up, fontsize=12, color=INK)
    axes.tick_params(labelsize=10.5, colors=INK)
    axes.grid(axis="y", color="#e3e8ee", linewidth=1)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    for axis in (axes.xaxis, axes.yaxis):
        form = axis.get_major_formatter()
        if hasattr(form, "set_powerlimits"):
            form.set_useOffset(False)
            form.set_powerlimits((-3, 5))
            axis.get_offset_text().set_fontsize(10.5)
