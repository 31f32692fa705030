"""Compiled inner loops of `flood`.

Pixels lie in a flat array with a frame of one pixel. A pixel is 0 where no water may flow (the frame, what is outside
the mask), a label where it is flooded, and below 0 while it is dry. So no neighbor needs a bounds check.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled


@compiled
def lay(cells: Any, parts: Any, start: Any, surface: Any, base: int) -> None:
    """Fill framed (H + 2, W + 2, 2) cells from each pixel's component and what that component starts as.

    A dry pixel is -1 - level. Beside it, in the same line of the processor's cache, is room for its follower in the
    queue: together they are twice as fast as apart.
    """
    height, width = parts.shape
    for row in range(height):
        for column in range(width):
            first = start[parts[row, column]]
            cells[row + 1, column + 1, 0] = first if first >= 0 else base - surface[row, column] - 1


@compiled
def append(first: Any, last: Any, cells: Any, level: int, pixel: int) -> None:
    """Put a pixel at the end of its level's queue, a chain from cell to cell."""
    cells[pixel, 1] = -1
    if first[level] < 0:
        first[level] = pixel
    else:
        cells[last[level], 1] = pixel
    last[level] = pixel


@compiled
def flood_levels(cells: Any, seeds: Any, found: Any, ends: Any, neighbors: Any, count: int) -> None:
    """Flood dry cells from seeds, lowest level first and, within a level, first come first served.

    Seeds of one component stand together and end where `ends` says; levels are whole numbers from 0 to count - 1.
    """
    first = np.full(count, -1, np.int32)
    last = np.empty(count, np.int32)
    start = 0
    for end in ends:
        water = count
        for index in range(start, end):
            level = -1 - cells[seeds[index], 0]
            cells[seeds[index], 0] = found[index]
            append(first, last, cells, level, seeds[index])
            water = min(water, level)
        waiting = end - start
        while waiting > 0:
            while first[water] < 0:
                water += 1
            pixel = first[water]
            first[water] = cells[pixel, 1]
            waiting -= 1
            for step in neighbors:
                state = cells[pixel + step, 0]
                if state < 0:
                    cells[pixel + step, 0] = cells[pixel, 0]
                    # The water never sinks: a pit behind a ridge fills at the height of the ridge.
                    append(first, last, cells, max(water, -1 - state), pixel + step)
                    waiting += 1
        start = end


@compiled
def flood_compact(
    labels: Any, heights: Any, seeds: Any, found: Any, ends: Any, neighbors: Any, stride: int, compactness: float
) -> None:
    """Flood as `flood_levels` does, where a pixel's height grows by its distance to the seed its water came from.

    A later flow may then be the lower one: a pixel is labeled when it is taken from the queue, not when first reached.
    A flow that is no lower than one on its way to the pixel is dropped at once.
    """
    lowest = np.full(len(labels), np.inf)
    sources = np.empty(len(labels), np.int32)
    start = 0
    for end in ends:
        age = 0
        queue = [(heights[seed], age, seed) for seed in seeds[start : start + 1]]
        for index in range(start, end):
            seed = seeds[index]
            labels[seed], sources[seed] = found[index], seed
            if index > start:
                age += 1
                heapq.heappush(queue, (heights[seed], age, seed))
        while len(queue) > 0:
            water, _, pixel = heapq.heappop(queue)
            source = sources[pixel]
            if labels[pixel] > 0 and pixel != source:
                continue
            labels[pixel] = labels[source]
            row, column = source // stride, source % stride
            for step in neighbors:
                target = pixel + step
                if labels[target] < 0:
                    rows, columns = target // stride - row, target % stride - column
                    height = max(water, heights[target] + compactness * np.sqrt(rows * rows + columns * columns))
                    if height < lowest[target]:
                        lowest[target], sources[target] = height, source
                        age += 1
                        heapq.heappush(queue, (height, age, target))
        start = end
