"""Compiled inner loops of `slic`: pixels to their nearest center, centers to their pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled


@compiled(allocates=False)
def assign(
    planes: Any, centers: Any, step: int, near: Any, scale: Any, columns: Any, distances: Any, labels: Any
) -> None:
    """Give each pixel to the nearest center whose square window of 2 step + 1 pixels it lies in.

    centers hold three colors, row and column; near and scale weigh squared pixels and squared colors.
    """
    height, width = labels.shape
    for center in range(centers.shape[0]):
        first, second, third = centers[center, 0], centers[center, 1], centers[center, 2]
        row, column = centers[center, 3], centers[center, 4]
        closeness, contrast = near[center], scale[center]
        left, right = max(int(column) - step, 0), min(int(column) + step + 1, width)
        for y in range(max(int(row) - step, 0), min(int(row) + step + 1, height)):
            down = (np.float32(y) - row) * (np.float32(y) - row)
            best, owner = distances[y], labels[y]
            one, two, three = planes[0, y], planes[1, y], planes[2, y]
            for x in range(left, right):
                across = columns[x] - column
                a, b, c = one[x] - first, two[x] - second, three[x] - third
                distance = closeness * (down + across * across) + contrast * (a * a + b * b + c * c)
                closer = distance < best[x]
                best[x] = distance if closer else best[x]
                owner[x] = center if closer else owner[x]


@compiled(allocates=False)
def gather(planes: Any, labels: Any, counted: Any, sums: Any) -> None:
    """Add up colors, row, column and number of the counted pixels of each center."""
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            center = labels[y, x]
            if counted[y, x] and center >= 0:
                sums[center, 0] += planes[0, y, x]
                sums[center, 1] += planes[1, y, x]
                sums[center, 2] += planes[2, y, x]
                sums[center, 3] += y
                sums[center, 4] += x
                sums[center, 5] += 1


@compiled(allocates=False)
def widest(planes: Any, centers: Any, labels: Any, counted: Any, spans: Any) -> None:
    """Greatest squared color distance of the counted pixels of each center, where it exceeds what spans hold."""
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            center = labels[y, x]
            if counted[y, x] and center >= 0:
                a = planes[0, y, x] - centers[center, 0]
                b = planes[1, y, x] - centers[center, 1]
                c = planes[2, y, x] - centers[center, 2]
                spans[center] = max(spans[center], a * a + b * b + c * c)
