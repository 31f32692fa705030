"""Regions: growth from seeds, blocks, modes, boxes; floods and merges have files of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain import floods, merges
from segcli.figures.explain.subject import (
    ACCENT,
    CASING,
    Subject,
    labels_panel,
    marker_dots,
    outlines_panel,
    overlay_panel,
    picture_panel,
    regions_panel,
    value_panel,
)
from segcli.figures.pages import LINE, number_text
from segcli.figures.render import mean_colors
from segcli.figures.sheet import Panel, ink

BEST_BOXES = 12


def panels(subject: Subject) -> list[list[Panel | None]]:
    """What the method has in its layers decides what is drawn."""
    layers = subject.layers
    if subject.name == "watershed":
        return floods.panels(subject)
    if "seeds" in layers:
        return _grown(subject)
    if subject.series("heights") is not None:
        return merges.panels(subject)
    if subject.segmentation.boxes is not None:
        return _proposed(subject)
    rows: list[list[Panel | None]] = []
    if "quadtree" in layers:
        blocks = regions_panel(
            "Blocks of the quadtree", layers["quadtree"], subject, f"{layers['quadtree'].max():,} even blocks"
        )
        rows.append([picture_panel(subject), blocks])
    elif "filtered" in layers:
        rows.append([picture_panel(subject), Panel("Each pixel in the color of its mode", "", layers["filtered"])])
    else:
        rows.append([picture_panel(subject), labels_panel(subject, "The regions")])
    means = layers["means"] if "means" in layers else mean_colors(subject.labels, subject.picture)[subject.labels]
    rows.append([Panel("Mean colors", "each region in its mean color", _as_color(means)), outlines_panel(subject)])
    rows.append([_sizes(subject)])
    return rows


def _as_color(means: Array) -> Array:
    """(H, W, 3) of a gray or a color picture."""
    from segcli.figures.render import for_display

    shown = for_display(means)
    return shown if shown.ndim == 3 else np.dstack([shown] * 3)


def _sizes(subject: Subject) -> Panel:
    """Sizes of the regions, the largest first."""
    sizes = np.sort(np.bincount(subject.labels.ravel())[1:])[::-1]
    sizes = sizes[sizes > 0]

    def draw(axes: Any) -> None:
        axes.plot(np.arange(len(sizes)) + 1, sizes, color=LINE, linewidth=2, marker="o" if len(sizes) < 60 else None)
        ink(axes, "region, by size", "pixels")
        axes.set_yscale("log")
        axes.xaxis.get_major_locator().set_params(integer=True)

    text = f"{len(sizes):,} regions of {int(sizes[-1]):,} to {int(sizes[0]):,} pixels" if len(sizes) else "none"
    return Panel("Sizes of the regions", text, draw=draw)


def _grown(subject: Subject) -> list[list[Panel | None]]:
    """Seeds, and when each pixel joined."""
    seeds = subject.layers["seeds"]
    order = subject.layers.get("order")
    means = mean_colors(subject.labels, subject.picture)[subject.labels]
    timed = Panel("Mean colors", "each region in its mean color", means)
    if order is not None:
        timed = value_panel("When each pixel joined", np.where(subject.labels > 0, order, np.nan), "in percent")
    count = int(np.count_nonzero(np.bincount(seeds.ravel().astype(np.int64))[1:]))
    text = f"{count:,} seed" + "s" * (count != 1)
    first = picture_panel(
        subject, text, "Seeds on the picture", marker_dots(seeds.astype(np.int64)) if count < 2000 else None
    )
    return [[first, timed], [labels_panel(subject), outlines_panel(subject)]]


def _proposed(subject: Subject) -> list[list[Panel | None]]:
    """Regions and the best boxes."""
    found = subject.segmentation
    boxes = np.zeros((0, 4), np.int32) if found.boxes is None else found.boxes
    best = boxes[:BEST_BOXES]

    def draw(axes: Any) -> None:
        from matplotlib.patches import Rectangle

        for place, (left, top, right, bottom) in reversed(list(enumerate(best))):
            for color, line in ((CASING, 3.4), (ACCENT, 1.8)):
                shape = Rectangle(
                    (left - 0.5, top - 0.5),
                    right - left,
                    bottom - top,
                    fill=False,
                    edgecolor=color,
                    linewidth=line,
                    alpha=1 - 0.6 * place / len(best),
                )
                axes.add_patch(shape)

    def sizes(axes: Any) -> None:
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / max(subject.labels.size, 1)
        axes.plot(np.arange(len(boxes)) + 1, 100 * area, ".", color=LINE, markersize=4)
        ink(axes, "proposal, best first", "share of the picture, %")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")

    groupings = number_text(subject.numbers.get("groupings", 1))
    return [
        [picture_panel(subject), labels_panel(subject, "Where one grouping stopped")],
        [
            Panel(
                "The best boxes",
                f"{len(best)} of {len(boxes):,}, the brightest is the best",
                (subject.picture * 0.7).astype(np.uint8),
                draw,
            ),
            overlay_panel(subject, "Regions on the picture"),
        ],
        [Panel("Sizes of all boxes", f"from {groupings} groupings; small and large ones are mixed", draw=sizes)],
    ]
