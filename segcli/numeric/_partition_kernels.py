"""Compiled inner loops of `partition`: connected parts of equal label."""

from __future__ import annotations

from typing import Any

from segcli.numeric.compiled import compiled


@compiled(allocates=False)
def collect(labels: Any, parts: Any, number: int, queue: Any) -> Any:
    """Give a number to the part around the pixel that is first in the queue.

    Returns how many pixels it has and the number of another part that it touches, 0 if none has a number yet.
    """
    height, width = labels.shape
    own = labels[queue[0] // width, queue[0] % width]
    parts[queue[0] // width, queue[0] % width] = number
    beside = 0
    head, tail = 0, 1
    while head < tail:
        row, column = queue[head] // width, queue[head] % width
        head += 1
        for direction in range(4):
            i = row + (direction == 2) - (direction == 0)
            j = column + (direction == 3) - (direction == 1)
            if i < 0 or i >= height or j < 0 or j >= width:
                continue
            if labels[i, j] == own and parts[i, j] == 0:
                parts[i, j] = number
                queue[tail] = i * width + j
                tail += 1
            elif beside == 0 and parts[i, j] != number:
                beside = parts[i, j]
    return tail, beside


@compiled(allocates=False)
def number_parts(labels: Any, smallest: int, parts: Any, queue: Any) -> None:
    """Number 4-connected parts of equal label 1.. in reading order; small ones join a part met before them.

    Pixels of label -1 stay 0, as all parts come. queue has room for every pixel.
    """
    height, width = labels.shape
    count = 0
    for y in range(height):
        for x in range(width):
            if parts[y, x] != 0 or labels[y, x] < 0:
                continue
            queue[0] = y * width + x
            size, beside = collect(labels, parts, count + 1, queue)
            if size < smallest and beside > 0:
                for place in range(size):
                    parts[queue[place] // width, queue[place] % width] = beside
            else:
                count += 1
