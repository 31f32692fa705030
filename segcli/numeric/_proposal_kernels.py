"""Compiled inner loops of `proposals`: what regions are like, and their grouping by similarity."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

WHOLE = 1 << 20
"""What the bins of a histogram sum to, about: whole numbers are added up faster than fractions, and exactly."""


@compiled
def describe(labels: Any, codes: Any, width: int, sizes: Any, boxes: Any, bins: Any) -> None:
    """Add up the pixels, the box and the histograms of each region; a pixel's codes are the bins that it falls into."""
    for pixel in range(len(labels)):
        region = labels[pixel]
        if region < 0:
            continue
        row, column = pixel // width, pixel % width
        box = boxes[region]
        if sizes[region] == 0:
            box[0], box[1] = column, row
        sizes[region] += 1
        box[0], box[2] = min(box[0], column), max(box[2], column + 1)
        box[1], box[3] = min(box[1], row), max(box[3], row + 1)
        for code in codes[pixel]:
            bins[region, code] += 1


@compiled
def similarity(first: int, second: int, sizes: Any, boxes: Any, bins: Any, colors: int, area: int, parts: Any) -> float:
    """Sum of those of the similarities of color, texture, size and fill that parts name; equations 1 to 6."""
    total = 0.0
    if parts[0]:
        shared = 0
        for code in range(colors):
            shared += min(bins[first, code], bins[second, code])
        total += shared / WHOLE
    if parts[1]:
        shared = 0
        for code in range(colors, bins.shape[1]):
            shared += min(bins[first, code], bins[second, code])
        total += shared / WHOLE
    size = sizes[first] + sizes[second]
    if parts[2]:
        total += 1 - size / area
    if parts[3]:
        across = max(boxes[first, 2], boxes[second, 2]) - min(boxes[first, 0], boxes[second, 0])
        down = max(boxes[first, 3], boxes[second, 3]) - min(boxes[first, 1], boxes[second, 1])
        total += 1 - (across * down - size) / area
    return total


@compiled
def group(pairs: Any, count: int, sizes: Any, boxes: Any, bins: Any, colors: int, parts: Any, parents: Any) -> int:
    """Join the most similar neighbors until none are left; a new region gets the next number. Returns how many.

    The first `count` rows of sizes, boxes and bins are the first regions; the others are filled here. Each region's
    neighbors form a chain of links; those that have been joined since are skipped.
    """
    area = sizes[:count].sum()
    heads, marks = np.full(len(sizes), -1), np.full(len(sizes), -1)
    targets, following = np.empty(4 * len(pairs) + 64, np.int64), np.empty(4 * len(pairs) + 64, np.int64)
    links = 0
    queue = [(0.0, 0, 0) for _ in range(0)]
    for first, second in pairs:
        queue.append((-similarity(first, second, sizes, boxes, bins, colors, area, parts), first, second))
        for one, other in ((first, second), (second, first)):
            targets[links], following[links] = other, heads[one]
            heads[one] = links
            links += 1
    heapq.heapify(queue)
    while len(queue) > 0:
        _, first, second = heapq.heappop(queue)
        if parents[first] >= 0 or parents[second] >= 0:
            continue
        parents[first] = parents[second] = count
        join(first, second, count, sizes, boxes, bins)
        for old in (first, second):
            link = heads[old]
            while link >= 0:
                other = targets[link]
                link = following[link]
                if parents[other] >= 0 or marks[other] == count:
                    continue
                marks[other] = count
                likeness = similarity(other, count, sizes, boxes, bins, colors, area, parts)
                heapq.heappush(queue, (-likeness, other, count))
                if links + 2 > len(targets):
                    targets = np.concatenate((targets, targets))
                    following = np.concatenate((following, following))
                targets[links], following[links] = count, heads[other]
                targets[links + 1], following[links + 1] = other, heads[count]
                heads[other], heads[count] = links, links + 1
                links += 2
        count += 1
    return count


@compiled
def join(first: int, second: int, fresh: int, sizes: Any, boxes: Any, bins: Any) -> None:
    """Fill in the region that two others become."""
    size = sizes[first] + sizes[second]
    sizes[fresh] = size
    for side in range(2):
        boxes[fresh, side] = min(boxes[first, side], boxes[second, side])
        boxes[fresh, side + 2] = max(boxes[first, side + 2], boxes[second, side + 2])
    for code in range(bins.shape[1]):
        mass = sizes[first] * np.int64(bins[first, code]) + sizes[second] * np.int64(bins[second, code])
        bins[fresh, code] = mass // size
