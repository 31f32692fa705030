"""Merges: superpixels, the height of their borders, and the tree of merges with its cut."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import Subject, labels_panel, outlines_panel, regions_panel, value_panel
from segcli.figures.pages import CUT, FAINT, LINE
from segcli.figures.sheet import Panel, ink

LEAVES = 24
"""Branches of a merge tree that are drawn."""


def panels(subject: Subject) -> list[list[Panel | None]]:
    """Superpixels, the height of their borders, the tree of merges and where it is cut."""
    layers = subject.layers
    heights = subject.series("heights")
    tree = subject.series("tree")
    done = int(subject.numbers.get("merges", 0))
    rows: list[list[Panel | None]] = [
        [
            regions_panel(
                "Superpixels", layers["superpixels"], subject, f"{int(layers['superpixels'].max()):,} to begin with"
            ),
            value_panel(
                "Height of the borders", layers["boundary_height"], "the highest merge that it takes to remove each"
            ),
        ]
    ]
    if heights is not None and tree is not None and len(heights):
        rows.append([_dendrogram(heights, tree, done), _heights(heights, done)])
    rows.append([labels_panel(subject), outlines_panel(subject)])
    return rows


def _dendrogram(heights: Array, tree: Array, done: int) -> Panel:
    """The last merges as a tree: leaves are what the earlier ones made."""
    first = max(0, len(heights) - (LEAVES - 1))
    levels = np.maximum.accumulate(heights.astype(np.float64))
    order, places = _leaf_places(tree, first)

    def draw(axes: Any) -> None:
        at = {leaf: (place, 0.0) for leaf, place in places.items()}
        for number in range(first, len(heights)):
            low, high = int(tree[number, 0]), int(tree[number, 1])
            (left, left_top), (right, right_top) = at[low], at[high]
            color = LINE if number < done else FAINT
            axes.plot(
                [left, left, right, right],
                [left_top, levels[number], levels[number], right_top],
                color=color,
                linewidth=1.8,
            )
            at[low] = ((left + right) / 2, float(levels[number]))
        if first < done < len(heights):
            cut = (levels[done - 1] + levels[done]) / 2 if levels[done] > levels[done - 1] else levels[done - 1]
            axes.axhline(cut, color=CUT, linewidth=1.6, linestyle=(0, (5, 3)))
        axes.set_xlim(-1, len(order))
        axes.set_ylim(bottom=0)
        ink(axes, "", "height of the merge")
        axes.set_xticks([])

    text = f"the last {len(order)} branches; merges below the dashed line were made (blue)"
    return Panel("The merge tree", text, draw=draw)


def _leaf_places(tree: Array, first: int) -> tuple[list[int], dict[int, float]]:
    """The branches that the last merges begin with, in an order in which none crosses."""
    groups: dict[int, list[int]] = {}
    for low, high in tree[first:]:
        left, right = groups.pop(int(low), [int(low)]), groups.pop(int(high), [int(high)])
        groups[int(low)] = left + right
    order = [leaf for group in groups.values() for leaf in group]
    return order, {leaf: float(place) for place, leaf in enumerate(order)}


def _heights(heights: Array, done: int) -> Panel:
    """What each merge cost, and where the merging stopped."""

    def draw(axes: Any) -> None:
        axes.plot(np.arange(len(heights)) + 1, heights, color=LINE, linewidth=1.8)
        axes.axvline(done + 0.5, color=CUT, linewidth=1.6, linestyle=(0, (5, 3)))
        ink(axes, "merge", "height")

    left = len(heights) - done + 1
    return Panel(
        "Height of each merge", f"stopped after {done:,} of {len(heights):,}, with {left:,} regions left", draw=draw
    )
