"""Compiled inner loops of region growing: the nearest pixel in color joins first."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled


@compiled
def grow(
    colors: Any, labels: Any, sums: Any, counts: Any, tolerance: float, running: bool, eight: bool, order: Any
) -> int:
    """Let the regions that labels (H, W) hold grow over the pixels of 0; -1 is never entered.

    sums (n + 1, C) and counts (n + 1) hold the colors of each region: they follow its pixels if running, else those
    of its seeds stay. order (H, W) takes the number of each pixel that joins. Returns how many joined.
    """
    height, width, channels = colors.shape
    heap = [(0.0, np.int64(0), np.int64(-1), np.int64(0))]
    heapq.heappop(heap)
    pushed, joined = np.int64(0), 0
    for y in range(height):
        for x in range(width):
            if labels[y, x] > 0:
                heapq.heappush(heap, (-1.0, pushed, np.int64(y * width + x), np.int64(labels[y, x])))
                pushed += 1
    while len(heap) > 0:
        priority, _, place, label = heapq.heappop(heap)
        y, x = place // width, place % width
        if priority >= 0:
            if labels[y, x] != 0:
                continue
            gap = 0.0
            for channel in range(channels):
                gap += (colors[y, x, channel] - sums[label, channel] / counts[label]) ** 2
            if gap > tolerance * tolerance:
                continue
            labels[y, x] = label
            joined += 1
            order[y, x] = joined
            if running:
                counts[label] += 1
                for channel in range(channels):
                    sums[label, channel] += colors[y, x, channel]
        for down in range(-1, 2):
            for across in range(-1, 2):
                if (down == 0 and across == 0) or (not eight and down != 0 and across != 0):
                    continue
                row, column = y + down, x + across
                if row < 0 or row >= height or column < 0 or column >= width or labels[row, column] != 0:
                    continue
                gap = 0.0
                for channel in range(channels):
                    gap += (colors[row, column, channel] - sums[label, channel] / counts[label]) ** 2
                # A running mean may yet come nearer; a pixel that is too far now is looked at again from other sides.
                if gap <= tolerance * tolerance:
                    heapq.heappush(heap, (np.sqrt(gap), pushed, np.int64(row * width + column), label))
                    pushed += 1
    return joined


@compiled
def grow_all(colors: Any, labels: Any, best: Any, tolerance: float, eight: bool) -> Any:
    """Grow regions 1.. one by one from the first places of best that no region has; the places they began at."""
    height, width, channels = colors.shape
    starts = np.empty(len(best), np.int64)
    mean = np.empty(channels)
    label = 0
    for start in best:
        if labels[start // width, start % width] != 0:
            continue
        starts[label] = start
        label += 1
        size = 0
        for channel in range(channels):
            mean[channel] = colors[start // width, start % width, channel]
        heap = [(0.0, np.int64(0), np.int64(start))]
        pushed = np.int64(1)
        while len(heap) > 0:
            _, _, place = heapq.heappop(heap)
            y, x = place // width, place % width
            if labels[y, x] != 0:
                continue
            gap = 0.0
            for channel in range(channels):
                gap += (colors[y, x, channel] - mean[channel]) ** 2
            if gap > tolerance * tolerance:
                continue
            labels[y, x] = label
            size += 1
            for channel in range(channels):
                mean[channel] += (colors[y, x, channel] - mean[channel]) / size
            for down in range(-1, 2):
                for across in range(-1, 2):
                    if (down == 0 and across == 0) or (not eight and down != 0 and across != 0):
                        continue
                    row, column = y + down, x + across
                    if row < 0 or row >= height or column < 0 or column >= width or labels[row, column] != 0:
                        continue
                    gap = 0.0
                    for channel in range(channels):
                        gap += (colors[row, column, channel] - mean[channel]) ** 2
                    if gap <= tolerance * tolerance:
                        heapq.heappush(heap, (np.sqrt(gap), pushed, np.int64(row * width + column)))
                        pushed += 1
    return starts[:label]
