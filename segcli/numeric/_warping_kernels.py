"""Compiled inner loop of the warping error."""

from __future__ import annotations

from typing import Any

from segcli.numeric.compiled import compiled


@compiled(allocates=False)
def warp(mask: Any, target: Any, simple: Any, queue: Any, queued: Any) -> int:
    """Flip pixels of a mask that differ from a target as long as one is simple; return how many still differ.

    mask, target and queued are (height, width) uint8 with a frame of equal pixels one wide; queue has room for every
    pixel. simple tells of each neighborhood, a byte counterclockwise from the right, whether a flip keeps the topology.
    Pixels are tried in reading order, and again each time that a neighbor was flipped.
    """
    height, width = mask.shape
    waiting, head = 0, 0
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            if mask[row, column] != target[row, column]:
                queue[waiting] = row * width + column
                queued[row, column] = 1
                waiting += 1
    differing = waiting
    while waiting > 0:
        row, column = queue[head] // width, queue[head] % width
        head = (head + 1) % len(queue)
        waiting -= 1
        queued[row, column] = 0
        code = mask[row, column + 1] | mask[row - 1, column + 1] << 1 | mask[row - 1, column] << 2
        code |= mask[row - 1, column - 1] << 3 | mask[row, column - 1] << 4 | mask[row + 1, column - 1] << 5
        code |= mask[row + 1, column] << 6 | mask[row + 1, column + 1] << 7
        if not simple[code]:
            continue
        mask[row, column] = target[row, column]
        differing -= 1
        for i in range(row - 1, row + 2):
            for j in range(column - 1, column + 2):
                if mask[i, j] != target[i, j] and queued[i, j] == 0:
                    queue[(head + waiting) % len(queue)] = i * width + j
                    queued[i, j] = 1
                    waiting += 1
    return differing
