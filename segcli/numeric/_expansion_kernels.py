"""Compiled inner loops of `expansion`: the cut problem of one move on the grid, and what a move gains.

Link d of a pixel leads to its neighbor right, down, down-right or down-left; weights are (links, H, W).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

ROWS = np.array([0, 1, 1, 1])
COLUMNS = np.array([1, 0, 1, -1])


@compiled
def pose(unary: Any, weights: Any, labels: Any, label: int, source: Any, sink: Any, links: Any) -> None:
    """Write the minimum cut problem of the move that offers `label` to every pixel.

    A pixel on the source's side takes the label, one on the sink's keeps its own. A link between p and q costs A where
    both keep, B where q alone takes the label, C where p alone does, 0 where both do. That is A + (C - B - A) / 2 where
    p takes it, (B - C - A) / 2 where q does, and a link of (B + C - A) / 2 between them, the same in both directions.
    """
    height, width, _ = unary.shape
    for row in range(height):
        for column in range(width):
            own = labels[row, column]
            for d in range(len(weights)):
                links[d, row, column] = 0
            if own == label:
                source[row, column] = sink[row, column] = 0
                continue
            change = unary[row, column, label] - unary[row, column, own]
            for d in range(2 * len(weights)):
                sign = 1 - 2 * (d & 1)
                i, j = row + sign * ROWS[d >> 1], column + sign * COLUMNS[d >> 1]
                if i < 0 or i >= height or j < 0 or j >= width:
                    continue
                weight = weights[d >> 1, row, column] if sign > 0 else weights[d >> 1, i, j]
                other = labels[i, j]
                link = weight
                if other == label:
                    change -= weight
                    link = np.float32(0)
                elif other != own:
                    link = np.float32(0.5) * weight
                    change -= link
                if sign > 0:
                    links[d >> 1, row, column] = link
            source[row, column] = max(-change, np.float32(0))
            sink[row, column] = max(change, np.float32(0))


@compiled
def gain(unary: Any, weights: Any, labels: Any, label: int, chosen: Any) -> float:
    """By how much the energy changes where the chosen pixels take a label."""
    height, width, _ = unary.shape
    total = 0.0
    for row in range(height):
        for column in range(width):
            if not chosen[row, column]:
                continue
            own = labels[row, column]
            total += unary[row, column, label] - unary[row, column, own]
            for d in range(2 * len(weights)):
                sign = 1 - 2 * (d & 1)
                i, j = row + sign * ROWS[d >> 1], column + sign * COLUMNS[d >> 1]
                if i < 0 or i >= height or j < 0 or j >= width:
                    continue
                weight = np.float64(weights[d >> 1, row, column] if sign > 0 else weights[d >> 1, i, j])
                before = own != labels[i, j]
                if chosen[i, j]:
                    # Both ends take the label; the link is met twice.
                    total -= 0.5 * weight * before
                else:
                    total += weight * (np.int64(labels[i, j] != label) - np.int64(before))
    return total


@compiled
def energy(unary: Any, weights: Any, labels: Any) -> float:
    """Sum of the pixels' costs and of the weights between different labels."""
    height, width, _ = unary.shape
    total = 0.0
    for row in range(height):
        for column in range(width):
            own = labels[row, column]
            total += unary[row, column, own]
            for d in range(len(weights)):
                i, j = row + ROWS[d], column + COLUMNS[d]
                if i < height and 0 <= j < width and labels[i, j] != own:
                    total += weights[d, row, column]
    return total
