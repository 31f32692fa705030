"""Compiled inner loops of `mean_shift`: every pixel climbs to the mode of the colors and places around it.

Colors are whole numbers, so that sums over windows are exact and many pixels are looked at at once. Planes (3, H, W +
LANES) have room on the right to read whole runs of pixels; what does not count holds `FAR` in the first of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

LANES = 16
"""Pixels of a run."""

FAR = 1 << 14
"""A color out of reach of any other."""


@compiled(allocates=False)
def window_sums(planes: Any, state: Any, radius: int, reach: int, sums: Any) -> None:
    """Number, columns, rows and colors of the pixels within radius of a place and reach of a color.

    state holds row, column and the three colors. Windows are short and wide: runs of a fixed length are what the
    compiler turns into vectors, and numba would widen every sum to 64 bits if it were not narrowed.
    """
    height, width = planes.shape[1], planes.shape[2] - LANES
    row, column = state[0], state[1]
    first, second, third = np.int32(round(state[2])), np.int32(round(state[3])), np.int32(round(state[4]))
    squared, none, all_bits = np.int32(reach * reach), np.int32(0), np.int32(-1)
    sums[:] = 0
    for y in range(max(int(np.ceil(row - radius)), 0), min(int(row + radius), height - 1) + 1):
        half = np.sqrt(max(radius * radius - (y - row) * (y - row), 0.0))
        left, right = max(int(np.ceil(column - half)), 0), min(int(column + half), width - 1) + 1
        number, across, red, green, blue = none, none, none, none, none
        for start in range(left, right, LANES):
            end = start + LANES
            reds, greens, blues = planes[0, y, start:end], planes[1, y, start:end], planes[2, y, start:end]
            offset, rest = np.int32(start - left), np.int32(right - start)
            for lane in range(LANES):
                a, b, c = np.int32(reds[lane] - first), np.int32(greens[lane] - second), np.int32(blues[lane] - third)
                distance = np.int32(np.int32(np.int32(a * a) + np.int32(b * b)) + np.int32(c * c))
                near = all_bits if distance <= squared and lane < rest else none
                number = np.int32(number - near)
                across = np.int32(across + (near & np.int32(offset + lane)))
                red = np.int32(red + (near & reds[lane]))
                green = np.int32(green + (near & greens[lane]))
                blue = np.int32(blue + (near & blues[lane]))
        sums[0] += number
        sums[1] += across + number * left
        sums[2] += number * y
        sums[3] += red
        sums[4] += green
        sums[5] += blue


@compiled(allocates=False)
def shift(planes: Any, state: Any, radius: int, reach: int, sums: Any) -> float:
    """Move to the mean of the pixels around; how far that was, squared, in bandwidths."""
    window_sums(planes, state, radius, reach, sums)
    if sums[0] == 0:
        return 0.0
    column, row = sums[1] / sums[0], sums[2] / sums[0]
    moved: float = ((row - state[0]) ** 2 + (column - state[1]) ** 2) / (radius * radius)
    state[0], state[1] = row, column
    for channel in range(3):
        mean = sums[3 + channel] / sums[0]
        moved += (mean - state[2 + channel]) ** 2 / (reach * reach)
        state[2 + channel] = mean
    return moved


@compiled(allocates=False)
def pixel_at(planes: Any, state: Any, reach: int) -> Any:
    """Row and column of the pixel at a place if its color is within half the reach of the color there, else -1."""
    row, column = int(state[0] + 0.5), int(state[1] + 0.5)
    gap = 0.0
    for channel in range(3):
        gap += (planes[channel, row, column] - state[2 + channel]) ** 2
    return (row, column) if gap < 0.25 * reach * reach else (-1, -1)


@compiled(allocates=False)
def climb(
    planes: Any, radius: int, reach: int, most: int, settled: float, modes: Any, state: Any, sums: Any, path: Any
) -> None:
    """Find the mode of every pixel that counts; pixels that a climb passes closely share its mode.

    modes (H, W, 3) come with -1 in their first, which means that none is known. There is room in state for row, column
    and colors, in sums for six numbers, in path (most, 2) for places.
    """
    height, width = modes.shape[:2]
    for y in range(height):
        for x in range(width):
            if planes[0, y, x] == FAR or modes[y, x, 0] >= 0:
                continue
            state[0], state[1] = y, x
            for channel in range(3):
                state[2 + channel] = planes[channel, y, x]
            path[0, 0], path[0, 1] = y, x
            passed, moved = 1, np.inf
            while passed <= most and moved > settled * settled:
                moved = shift(planes, state, radius, reach, sums)
                row, column = pixel_at(planes, state, reach)
                if row >= 0 and modes[row, column, 0] >= 0:
                    for channel in range(3):
                        state[2 + channel] = modes[row, column, channel]
                    break
                # Where no pixel is close, the pixel of the start stands in its place.
                path[passed, 0], path[passed, 1] = (row, column) if row >= 0 else (y, x)
                passed += 1
            for place in range(passed):
                for channel in range(3):
                    modes[path[place, 0], path[place, 1], channel] = state[2 + channel]
