"""Random fields: labels at the start and at the end, the energy of each iteration."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.figures.explain.graphs import graph_panel, links_panel
from segcli.figures.explain.subject import (
    Subject,
    class_legend,
    curve_panel,
    energy_panel,
    labels_panel,
    mask_panel,
    overlay_panel,
    picture_panel,
    probability_panel,
    regions_panel,
)
from segcli.figures.render import paint
from segcli.figures.sheet import Panel, ink
from segcli.segmentation import VOID, Segmentation


def panels(subject: Subject) -> list[list[Panel | None]]:
    """What each pixel was by itself, what its neighbors made of it, and how the energy fell."""
    layers, numbers = subject.layers, subject.numbers
    if "uncertainty" in layers:
        return _judged(subject)
    start = layers.get("start", layers.get("likeliest"))
    rows: list[list[Panel | None]] = [
        [picture_panel(subject), None if start is None else _start(subject, start)],
        [labels_panel(subject, "With the neighbors"), _changed(subject, start)],
    ]
    if "superpixels" in layers:
        count = f"{int(layers['superpixels'].max()):,} superpixels"
        rows.append(
            [
                regions_panel("Superpixels", layers["superpixels"], subject, count),
                graph_panel(subject, layers["superpixels"], subject.labels),
            ]
        )
    probability = None
    if "probability" in layers:
        what = "of the object" if subject.segmentation.kind == "mask" else "of the class that was taken"
        probability = probability_panel("Probability", layers["probability"], what)
    elif "superpixels" not in layers:
        probability = links_panel(subject)
    rows.append([probability, overlay_panel(subject)])
    text = "the free energy of a pixel" if "change" in numbers else ""
    change = subject.series("change")
    moved = (
        None
        if change is None
        else curve_panel("Share that moved", change, "of the probability, from class to class", up="share")
    )
    rows.append([energy_panel(subject, text=text), moved])
    return rows


def _judged(subject: Subject) -> list[list[Panel | None]]:
    """Each pixel for itself: how likely, how sure, and what of it is on the border between."""
    layers = subject.layers
    what = "of the object" if subject.segmentation.kind == "mask" else "of the class that was taken"
    return [
        [picture_panel(subject), probability_panel("Probability", layers["probability"], what)],
        [
            labels_panel(subject),
            probability_panel("Uncertainty", layers["uncertainty"], "1 where the two best are equal"),
        ],
        [overlay_panel(subject), _sureness(layers["probability"])],
    ]


def _sureness(probability: np.ndarray) -> Panel:
    """How many pixels have which probability."""

    def draw(axes: Any) -> None:
        counts, edges = np.histogram(probability, 50, (0.0, 1.0))
        axes.stairs(counts, edges, fill=True, color="#52606d")
        axes.set_xlim(0, 1)
        ink(axes, "probability", "pixels")
        axes.set_yscale("symlog", linthresh=10)
        axes.yaxis.set_major_formatter("{x:,.0f}")

    return Panel("Histogram of the probability", "the emptier the middle, the surer the model", draw=draw)


def _start(subject: Subject, start: np.ndarray) -> Panel:
    """The labels before any neighbor was asked."""
    kind = subject.segmentation.kind
    title = "Each by itself"
    if kind == "mask":
        return mask_panel(title, start > 0)
    found = Segmentation(start.astype(np.uint8), "classes", names=subject.segmentation.names)
    return Panel(title, "", paint(found), legend=class_legend(found), coarse=True)


def _changed(subject: Subject, start: np.ndarray | None) -> Panel | None:
    """Pixels whose label the neighbors changed."""
    if start is None:
        return None
    changed = (start != subject.labels) & (subject.labels != VOID)
    shown = subject.dim.copy()
    shown[changed] = (255, 225, 0)
    return Panel("What the neighbors changed", f"{changed.mean():.1%} of the pixels (yellow)", shown, coarse=True)
