"""Compiled inner loops of edge detection."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled


@compiled
def crests(image: Any, low: float, high: float, steepness: Any, crest: Any) -> None:
    """Sobel steepness of a float32 image; crest becomes 1 where it is greatest along its slope and above low.

    It becomes 2 where the steepness is above high as well.
    The two neighbors along the slope are interpolated between pixels; of two equal ones the first is the greatest.
    Beyond the border the picture, and the steepness, go on as they end.
    """
    height, width = image.shape
    weak, strong = np.float32(low), np.float32(high)
    side, middle = np.float32(0.125), np.float32(0.25)
    # Slopes of the last two rows are kept, so that all stays in the processor's cache.
    across, down = np.empty((2, width), np.float32), np.empty((2, width), np.float32)
    smooth, step = np.empty(width + 2, np.float32), np.empty(width + 2, np.float32)
    for row in range(height + 1):
        if row < height:
            above, here, below = image[max(row - 1, 0)], image[row], image[min(row + 1, height - 1)]
            for column in range(width):
                smooth[column + 1] = side * (above[column] + below[column]) + middle * here[column]
                step[column + 1] = below[column] - above[column]
            smooth[0], smooth[width + 1] = smooth[1], smooth[width]
            step[0], step[width + 1] = step[1], step[width]
            right, under, found = across[row % 2], down[row % 2], steepness[row]
            for column in range(width):
                right[column] = smooth[column + 2] - smooth[column]
                under[column] = side * (step[column] + step[column + 2]) + middle * step[column + 1]
                found[column] = math.sqrt(right[column] * right[column] + under[column] * under[column])
        if row > 0:
            last = row - 1
            rows = (steepness[max(last - 1, 0)], steepness[last], steepness[min(row, height - 1)])
            _greatest(across[last % 2], down[last % 2], rows, weak, strong, crest[last])


@compiled
def _greatest(across: Any, down: Any, rows: Any, weak: Any, strong: Any, crest: Any) -> None:
    """Mark one row; rows are the steepness above, here and below."""
    above, here, below = rows
    width = len(here)
    for column in range(width):
        own = here[column]
        if not own > weak:
            continue
        ahead, behind = (below, above) if down[column] >= 0 else (above, below)
        front, back = min(column + 1, width - 1), max(column - 1, 0)
        if across[column] < 0:
            front, back = back, front
        dx, dy = abs(across[column]), abs(down[column])
        # Both sides times the longer part of the slope, so that nothing is divided.
        if dx >= dy:
            own *= dx
            first = (dx - dy) * here[back] + dy * behind[back]
            last = (dx - dy) * here[front] + dy * ahead[front]
        else:
            own *= dy
            first = (dy - dx) * behind[column] + dx * behind[back]
            last = (dy - dx) * ahead[column] + dx * ahead[front]
        if own > first and own >= last:
            crest[column] = 2 if here[column] > strong else 1


@compiled
def measure(across: Any, down: Any, steepness: Any) -> None:
    """Length of (N,) float32 slopes. OpenCV's differs in its last digit with where the slopes lie in memory."""
    for place in range(len(across)):
        steepness[place] = math.sqrt(across[place] * across[place] + down[place] * down[place])


@compiled
def link(crest: Any, strong: Any, weak: int) -> None:
    """Raise to 2 every pixel of 1 that hangs together, across corners too, with one of the strong places."""
    height, width = crest.shape
    waiting = np.empty(len(strong) + weak, np.int64)
    waiting[: len(strong)] = strong
    count = len(strong)
    while count > 0:
        count -= 1
        row, column = waiting[count] // width, waiting[count] % width
        for y in range(max(row - 1, 0), min(row + 2, height)):
            for x in range(max(column - 1, 0), min(column + 2, width)):
                if crest[y, x] == 1:
                    crest[y, x] = 2
                    waiting[count] = y * width + x
                    count += 1


@compiled
def cross(response: Any, jumps: Any) -> None:
    """Largest jump of a float32 response across 0 to any of 8 neighbors, at the pixel nearer to 0; 0 is positive.

    Of two equally near the first in reading order has it.
    """
    height, width = response.shape
    for row in range(height):
        for down in range(-1, 2):
            if row + down < 0 or row + down >= height:
                continue
            for right in range(-1, 2):
                if down == 0 and right == 0:
                    continue
                start, stop = max(0, -right), width - max(0, right)
                other = response[row + down, start + right : stop + right]
                _jump(response[row, start:stop], other, down > 0 or (down == 0 and right > 0), jumps[row, start:stop])


@compiled
def _jump(here: Any, there: Any, first: bool, jumps: Any) -> None:
    """Raise the jumps of a row by those to another; without branches, so that several pixels are done at once."""
    nothing = np.float32(0)
    for place in range(len(here)):
        own, other = here[place], there[place]
        nearer = abs(own) < abs(other) or (first and abs(own) == abs(other))
        jump = abs(own - other) if nearer and (own >= 0) != (other >= 0) else nothing
        jumps[place] = max(jumps[place], jump)
