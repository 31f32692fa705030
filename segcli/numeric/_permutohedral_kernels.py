"""Compiled inner loops of `permutohedral`: finding the lattice's vertices, and splat, blur and slice.

A vertex is known by its key: its first d coordinates as the digits of one whole number, in a radix so wide that no two
vertices near the points share one. To go a step along the lattice is then to add a constant. Vertex 0 is none: a row of
zeros that stands in for neighbors that no point touches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

_SPREAD = np.int64(-7046029254386353131)
"""2^64 over the golden ratio, an odd number: multiplying by it spreads keys over a table."""


@compiled
def find(table: Any, key: Any) -> Any:
    """The slot of a key in a (2^n, 2) table of keys and vertices, or the free slot, of vertex 0, where it belongs."""
    mask = len(table) - 1
    mixed = key * _SPREAD
    slot = (mixed ^ (mixed >> 32)) & mask
    while table[slot, 1] > 0 and table[slot, 0] != key:
        slot = (slot + 1) & mask
    return slot


@compiled
def grow(table: Any) -> Any:
    """The same table with twice the slots."""
    wider = np.zeros((2 * len(table), 2), np.int64)
    for slot in range(len(table)):
        if table[slot, 1] > 0:
            place = find(wider, table[slot, 0])
            wider[place, 0], wider[place, 1] = table[slot, 0], table[slot, 1]
    return wider


@compiled
def settle(raised: Any, low: Any, radix: Any, rank: Any, gaps: Any, order: Any) -> Any:
    """Find the first vertex of the simplex around a point: the key of the nearest with all coordinates alike mod d + 1.

    `raised` are the point's coordinates in units of d + 1. What they exceed the vertex by goes to `gaps`, largest
    first, and which coordinate has which gap to `order`.
    """
    corners = len(raised)
    key, excess = np.int64(0), np.int64(0)
    for corner in range(corners):
        nearest = np.floor(raised[corner] + 0.5)
        raised[corner] -= nearest
        excess += np.int64(nearest)
        key += (np.int64(nearest) * corners - low[corner]) * radix[corner]
        rank[corner] = 0
    for corner in range(corners):
        for other in range(corner):
            behind = np.int64(raised[other] < raised[corner])
            rank[other] += behind
            rank[corner] += 1 - behind
    # The coordinates must sum to 0: those that were rounded furthest are moved, which turns the order around.
    for corner in range(corners):
        place = rank[corner] + excess
        turn = np.int64(place > corners - 1) - np.int64(place < 0)
        place -= turn * corners
        key -= turn * corners * radix[corner]
        gaps[place] = raised[corner] + turn
        order[place] = corner
    return key


@compiled
def enclose(features: Any, scale: Any, low: Any, radix: Any, table: Any, vertices: Any, weights: Any) -> Any:
    """Find the simplex around each of (N, d) points: its d + 1 vertices and the point's barycentric weights.

    Returns the table with the keys and numbers of the vertices, and how many there are. Adams et al., section 3.1.
    """
    count, axes = features.shape
    corners = axes + 1
    raised, gaps = np.empty(corners), np.empty(corners)
    rank, order = np.empty(corners, np.int64), np.empty(corners, np.int64)
    found = 0
    all_digits = radix.sum()
    for point in range(count):
        total = 0.0
        for axis in range(axes, 0, -1):
            coordinate = features[point, axis - 1] * scale[axis - 1]
            raised[axis] = total - axis * coordinate
            total += coordinate
        raised[0] = total
        key = settle(raised, low, radix, rank, gaps, order)
        weight = 1 + gaps[axes] - gaps[0]
        for corner in range(corners):
            if corner > 0:
                key += all_digits - corners * radix[order[corners - corner]]
                weight = gaps[axes - corner] - gaps[corners - corner]
            slot = find(table, key)
            if table[slot, 1] == 0:
                found += 1
                table[slot, 0], table[slot, 1] = key, found
                vertices[point, corner] = found
                if 3 * found > 2 * len(table):
                    table = grow(table)
            else:
                vertices[point, corner] = table[slot, 1]
            weights[point, corner] = weight
    return table, found


@compiled
def meet(table: Any, steps: Any, neighbors: Any) -> None:
    """Fill (d + 1, vertices, 2) neighbors of each vertex: behind and ahead along each direction, 0 where none is."""
    keys = np.empty(neighbors.shape[1], np.int64)
    for slot in range(len(table)):
        keys[table[slot, 1]] = table[slot, 0]
    for direction in range(len(steps)):
        for vertex in range(1, len(keys)):
            ahead = table[find(table, keys[vertex] + steps[direction]), 1]
            neighbors[direction, vertex, 1] = ahead
            if ahead > 0:
                neighbors[direction, ahead, 0] = vertex


@compiled
def splat(values: Any, vertices: Any, weights: Any, grid: Any) -> None:
    """Add the (N, K) values to the vertices around their points."""
    count, corners = vertices.shape
    for point in range(count):
        for corner in range(corners):
            vertex, weight = vertices[point, corner], weights[point, corner]
            for channel in range(values.shape[1]):
                grid[vertex, channel] += weight * values[point, channel]


@compiled
def blur(grid: Any, neighbors: Any, other: Any) -> None:
    """Blur by 1/2, 1, 1/2 along a direction, from one (vertices, K) grid to another."""
    half = np.float32(0.5)
    for vertex in range(1, len(grid)):
        behind, ahead = neighbors[vertex, 0], neighbors[vertex, 1]
        for channel in range(grid.shape[1]):
            other[vertex, channel] = grid[vertex, channel] + half * (grid[behind, channel] + grid[ahead, channel])


@compiled
def slice_add(grid: Any, vertices: Any, weights: Any, factor: Any, result: Any) -> None:
    """Add to (N, K) results the values around their points, times a factor."""
    count, corners = vertices.shape
    for point in range(count):
        for corner in range(corners):
            vertex, weight = vertices[point, corner], factor * weights[point, corner]
            for channel in range(result.shape[1]):
                result[point, channel] += weight * grid[vertex, channel]
