"""Draws a network: its steps from left to right, each at the height of its resolution, with what joins them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import log2
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from segcli.networks.summary import Layer

KINDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "convolution": ("#4878a8", "convolution", ("conv2d", "linear")),
    "transposed": ("#6aa84f", "upsampling", ("convtranspose2d", "upsample", "bilinearupsampling", "unpool", "scatter")),
    "pool": ("#cc7a3a", "pooling", ("pool",)),
    "join": ("#8e63a8", "joined", ("cat", "add")),
}
"""Color, legend and words in a step's kind. Other steps (normalization, ReLU, dropout) are left out of the drawing."""

WIDTH, HEIGHT = 11.0, 4.5
LABELED = 40
"""Steps up to which the channels stand beside each."""


def _kind_of(layer: Layer) -> str | None:
    """Which of KINDS a step belongs to."""
    word = layer.kind.lower().lstrip("_")
    for name in ("transposed", "convolution", "pool", "join"):
        if any(part in word for part in KINDS[name][2]):
            return name
    return None


def network_plot(layers: Sequence[Layer], title: str, size: int, form: Literal["png", "svg"]) -> bytes:
    """Draw the steps of a summary.

    Parameters
    ----------
    layers : in the order in which they run, as `segcli.networks.summary.summarize` gives them.
    title : above the drawing.
    size : height of the picture that went in, in pixels.
    form : png or svg.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    places = _places(layers)
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    heights = {number: _level(layers[number], size) for number in places}
    for number, place in places.items():
        for source in layers[number].inputs:
            drawn = _drawn(layers, source, places)
            if drawn is not None and place - places[drawn] > 1.5:
                ends = [places[drawn], place], [heights[drawn], heights[number]]
                axes.plot(*ends, color="#b0b0b0", linewidth=0.8, zorder=1)
    _bars(axes, layers, places, heights)
    axes.set_title(title)
    axes.set_yticks(sorted(set(heights.values())))
    axes.set_yticklabels([f"1/{round(2**-level)}" if level < 0 else "1" for level in sorted(set(heights.values()))])
    axes.set_ylabel("resolution")
    axes.set_xticks([])
    axes.set_ylim(min(heights.values(), default=0) - 0.6, 0.8)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.16), ncols=len(KINDS), frameon=False)
    # A fixed salt and no date: equal networks give equal files.
    canvas = FigureCanvasAgg(figure) if form == "png" else FigureCanvasSVG(figure)
    data = io.BytesIO()
    if form == "png":
        canvas.print_figure(data, format="png", dpi=150, metadata={"Software": None})
    else:
        import matplotlib

        with matplotlib.rc_context({"svg.hashsalt": "segcli"}):
            canvas.print_figure(data, format="svg", metadata={"Date": None})
    return data.getvalue()


def _places(layers: Sequence[Layer]) -> dict[int, float]:
    """Where each step that is drawn stands, from left to right."""
    numbers = [number for number, layer in enumerate(layers) if _kind_of(layer) and len(layer.shape) == 4]
    return {number: float(place) for place, number in enumerate(numbers)}


def _drawn(layers: Sequence[Layer], number: int, places: dict[int, float]) -> int | None:
    """The step itself, or the last one before it that is drawn."""
    while number not in places:
        if not layers[number].inputs:
            return None
        number = layers[number].inputs[0]
    return number


def _level(layer: Layer, size: int) -> float:
    """Powers of two by which the step's result is smaller than the picture, below zero."""
    return float(round(log2(max(layer.shape[2], 1) / size))) if layer.shape[2] < size else 0.0


def _bars(axes: Any, layers: Sequence[Layer], places: dict[int, float], heights: dict[int, float]) -> None:
    """One upright bar a step, the wider the more channels it has."""
    named = set()
    most = max((layers[number].shape[1] for number in places), default=1)
    for number, place in places.items():
        kind = _kind_of(layers[number])
        assert kind is not None
        color, legend, _ = KINDS[kind]
        channels = layers[number].shape[1]
        width = 0.25 + 0.6 * log2(1 + channels) / log2(1 + most)
        label = None if kind in named else legend
        axes.bar(place, 0.5, width, heights[number] - 0.25, color=color, label=label, zorder=2)
        named.add(kind)
        if len(places) <= LABELED:
            axes.text(place, heights[number] + 0.28, str(channels), ha="center", va="bottom", fontsize=6)
