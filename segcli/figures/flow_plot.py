"""Draws steps from top to bottom, with arrows from what each works on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

COLUMNS = ("picture", "segmentation", "change")
COLORS = {"picture": "#d9e6f2", "segmentation": "#dcebd5", "change": "#f3e3d3"}
EDGES = {"picture": "#4878a8", "segmentation": "#5a9440", "change": "#b56a2f"}

ACROSS, WIDE, MARGIN = 3.4, 2.7, 0.6
"""Inches from column to column, of a box, and around everything."""

LANES = (0.2, 0.3, 0.4, 0.5)
"""Inches from a column at which arrows go down beside it; those of neighbors differ."""

GRAY = "#555555"

Place = tuple[float, float, float]
"""Left, top and height of a box, in inches."""

LINE, PADDING, GAP = 0.17, 0.14, 0.34
"""Inches: height of a line of text, room above and below it in a box, and between boxes."""

LETTERS = 40
"""Characters of a line in a box."""


@dataclass(frozen=True)
class FlowBox:
    """A step to draw.

    Attributes
    ----------
    title, lines : its name, and what stands below it.
    column : picture, segmentation or change: in which column it stands.
    reads : numbers of the boxes that arrows come from.
    """

    title: str
    lines: tuple[str, ...]
    column: Literal["picture", "segmentation", "change"]
    reads: tuple[int, ...] = ()


def flow_plot(boxes: Sequence[FlowBox], title: str, form: Literal["png", "svg"]) -> bytes:
    """Draw boxes one below the other, each in the column of what it makes.

    Parameters
    ----------
    boxes : in order; arrows go down.
    title : above the drawing.
    form : png or svg.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    texts = [[part for line in box.lines for part in wrap(line, LETTERS)] for box in boxes]
    heights = [LINE * (1 + len(lines)) + 2 * PADDING for lines in texts]
    used = [name for name in COLUMNS if any(box.column == name for box in boxes)]
    width = ACROSS * (len(used) - 1) + WIDE + 2 * MARGIN
    height = sum(heights) + GAP * len(boxes) + 2 * MARGIN
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    axes.text(MARGIN, MARGIN, title, fontsize=11, fontweight="bold", va="center")
    places = []
    top = MARGIN + GAP
    for box, tall in zip(boxes, heights, strict=True):
        left = MARGIN + ACROSS * used.index(box.column)
        places.append((left, top, tall))
        top += tall + GAP
    for box, place in zip(boxes, places, strict=True):
        for order, source in enumerate(box.reads):
            _arrow(axes, places[source], place, (order + 1) / (len(box.reads) + 1), LANES[source % len(LANES)])
    for box, lines, place in zip(boxes, texts, places, strict=True):
        _box(axes, box, lines, place)
    data = io.BytesIO()
    if form == "png":
        FigureCanvasAgg(figure).print_figure(data, format="png", dpi=150, metadata={"Software": None})
    else:
        # A fixed salt and no date: equal steps give equal files.
        with matplotlib.rc_context({"svg.hashsalt": "segcli"}):
            FigureCanvasSVG(figure).print_figure(data, format="svg", metadata={"Date": None})
    return data.getvalue()


def _box(axes: Any, box: FlowBox, lines: list[str], place: Place) -> None:
    """One step."""
    from matplotlib.patches import FancyBboxPatch

    left, top, tall = place
    style: dict[str, Any] = {
        "facecolor": COLORS[box.column],
        "edgecolor": EDGES[box.column],
        "linewidth": 1.2,
        "zorder": 2,
    }
    axes.add_patch(FancyBboxPatch((left, top), WIDE, tall, boxstyle="round,pad=0,rounding_size=0.08", **style))
    middle = left + WIDE / 2
    axes.text(middle, top + PADDING + LINE / 2, box.title, fontsize=9, fontweight="bold", ha="center", va="center")
    for number, line in enumerate(lines, 1):
        down = top + PADDING + LINE * (number + 0.5)
        axes.text(middle, down, line, fontsize=7.5, ha="center", va="center", color="#333333")


def _arrow(axes: Any, source: Place, target: Place, share: float, lane: float) -> None:
    """An arrow straight down to the next box, or by the alley beside the target's column, where no box stands."""
    left, top, tall = source
    style = {"arrowstyle": "-|>", "color": GRAY, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
    if target[0] == left and target[1] - top - tall <= GAP + 1e-6:
        middle = left + WIDE / 2
        axes.annotate("", (middle, target[1]), (middle, top + tall), arrowprops=style, zorder=1)
        return
    from_left = target[0] >= left
    side = target[0] if from_left else target[0] + WIDE
    alley = side - lane if from_left else side + lane
    start = left if target[0] <= left else left + WIDE
    # Where arrows come in on the same side they do so above.
    down, end = top + tall * (0.85 if target[0] == left else 0.5), target[1] + target[2] * share
    axes.plot([start, alley, alley], [down, down, end], color=GRAY, linewidth=1.1, zorder=1, solid_joinstyle="round")
    axes.annotate("", (side, end), (alley, end), arrowprops=style, zorder=1)
