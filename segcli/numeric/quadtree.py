"""Split and merge: a quadtree of even blocks, and the union of neighbors that are even together."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.partition import numbered
from segcli.numeric.region_graph import region_graph, region_sums


def split(planes: Array, tolerance: float, smallest: int, valid: Array | None = None) -> Labels:
    """Quarter blocks until each is even, or as small as it may be.

    Parameters
    ----------
    planes : (H, W, C) float64
    tolerance : greatest standard deviation of an even block, over all channels together.
    smallest : blocks of this side or less are not quartered.
    valid : (H, W) bool or None
        Pixels left out count in no block.

    Returns
    -------
    (H, W) int32
        Blocks 1..n in reading order, 0 on pixels left out.
    """
    height, width = planes.shape[:2]
    counted = np.ones((height, width)) if valid is None else valid.astype(np.float64)
    centered = (planes - planes[counted > 0].mean(axis=0)) * counted[:, :, None]
    squares = (centered**2).sum(axis=2)
    tables = [_table(plane) for plane in (counted, squares, *np.moveaxis(centered, 2, 0))]
    side = 1 << max(int(np.ceil(np.log2(max(height, width, 1)))), 0)
    blocks = np.array([[0, 0]])
    labels = np.zeros((height, width), np.int64)
    label = 0
    while len(blocks):
        even = (_deviation(tables, blocks, side) <= tolerance) | (side <= smallest) | (side == 1)
        for top, left in blocks[even]:
            label += 1
            labels[top : top + side, left : left + side] = label
        side //= 2
        quarters = np.array([(0, 0), (0, side), (side, 0), (side, side)])
        blocks = (blocks[~even][:, None] + quarters).reshape(-1, 2)
        blocks = blocks[(blocks[:, 0] < height) & (blocks[:, 1] < width)]
    return numbered(labels, valid)


def _table(plane: Array) -> NDArray[np.float64]:
    """Sums over the rectangle from the corner to each place."""
    return np.pad(plane, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)


def _deviation(tables: list[NDArray[np.float64]], blocks: Array, side: int) -> NDArray[np.float64]:
    """Standard deviation, over all channels together, of blocks of one side; 0 where no pixel counts."""
    height, width = tables[0].shape
    top, left = blocks.T
    bottom, right = np.minimum(top + side, height - 1), np.minimum(left + side, width - 1)
    counts, squares, *sums = (
        table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left] for table in tables
    )
    counts = np.maximum(counts, 1)
    variance = squares / counts - sum((part / counts) ** 2 for part in sums)
    # What the tables' rounding leaves of an even block is no deviation.
    return np.asarray(np.sqrt(np.maximum(variance - 1e-12 * tables[1][-1, -1], 0)))


def merge(labels: Labels, planes: Array, tolerance: float) -> Labels:
    """Join neighbors whose union is even, the most even union first, until none is.

    Parameters
    ----------
    labels : (H, W) int32, regions 1..n
    planes, tolerance : as for `split`.

    Returns
    -------
    (H, W) int32
        Regions 1..n in reading order.
    """
    graph = region_graph(labels)
    found = region_sums(labels, planes - planes.mean(axis=(0, 1)))
    sizes, sums, squares = found.sizes.astype(np.float64), found.sums.copy(), found.squares.sum(axis=1)
    neighbors: list[set[int]] = [set() for _ in range(graph.regions)]
    for one, two in graph.edges.tolist():
        neighbors[one].add(two)
        neighbors[two].add(one)

    def deviation(one: int, two: int) -> float:
        count = sizes[one] + sizes[two]
        total = sums[one] + sums[two]
        return float(np.sqrt(max((squares[one] + squares[two]) / count - float(total @ total) / count**2, 0.0)))

    # A region's age tells entries of the heap that speak of how it was before it grew.
    ages = [0] * graph.regions
    heap = [(deviation(one, two), one, two, 0, 0) for one, two in graph.edges.tolist()]
    heap = [entry for entry in heap if entry[0] <= tolerance]
    heapq.heapify(heap)
    owners = np.arange(graph.regions)
    while heap:
        _, one, two, first, second = heapq.heappop(heap)
        if owners[one] != one or owners[two] != two or ages[one] != first or ages[two] != second:
            continue
        owners[two] = one
        ages[one] += 1
        sizes[one] += sizes[two]
        sums[one] += sums[two]
        squares[one] += squares[two]
        neighbors[one] |= neighbors[two]
        neighbors[one] -= {one, two}
        for other in neighbors[two]:
            neighbors[other].discard(two)
            if other != one:
                neighbors[other].add(one)
        for other in neighbors[one]:
            together = deviation(one, other)
            if together <= tolerance:
                low, high = min(one, other), max(one, other)
                heapq.heappush(heap, (together, low, high, ages[low], ages[high]))
    while not np.array_equal(owners, owners[owners]):
        owners = owners[owners]
    whole = np.append(0, owners + 1)[labels]
    return numbered(whole, labels > 0)
