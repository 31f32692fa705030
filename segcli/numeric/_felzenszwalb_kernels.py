"""Compiled inner loops of `felzenszwalb`: edges in order of their weight, joined under an adaptive bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled


@compiled
def order_of(weights: Any) -> Any:
    """Stable order of weights that are not negative: three passes of 11 bits over their patterns."""
    bits = weights.view(np.uint32)
    count = len(bits)
    order: Any = np.arange(count).astype(np.int32)
    other: Any = np.empty(count, np.int32)
    for shift in (0, 11, 22):
        places = np.zeros(2049, np.int64)
        for edge in range(count):
            places[((bits[edge] >> np.uint32(shift)) & np.uint32(2047)) + 1] += 1
        places = np.cumsum(places)
        for edge in order:
            key = (bits[edge] >> np.uint32(shift)) & np.uint32(2047)
            other[places[key]] = edge
            places[key] += 1
        order, other = other, order
    return order


@compiled(allocates=False)
def root_of(parents: Any, node: int) -> int:
    """The node at the top of a tree, with the way there shortened."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@compiled(allocates=False)
def join(order: Any, starts: Any, ends: Any, weights: Any, scale: float, parents: Any, sizes: Any, bounds: Any) -> None:
    """Join the ends of edges, lightest first, where the weight is within both sides' bounds.

    bounds hold each tree's heaviest edge plus scale over its size.
    """
    for edge in order:
        one, two = root_of(parents, starts[edge]), root_of(parents, ends[edge])
        weight = weights[edge]
        if one != two and weight <= bounds[one] and weight <= bounds[two]:
            if sizes[one] < sizes[two]:
                one, two = two, one
            parents[two] = one
            sizes[one] += sizes[two]
            bounds[one] = weight + scale / sizes[one]


@compiled(allocates=False)
def join_small(order: Any, starts: Any, ends: Any, parents: Any, sizes: Any, smallest: int) -> None:
    """Join the ends of edges, lightest first, where either side has fewer pixels than smallest."""
    for edge in order:
        one, two = root_of(parents, starts[edge]), root_of(parents, ends[edge])
        if one != two and (sizes[one] < smallest or sizes[two] < smallest):
            if sizes[one] < sizes[two]:
                one, two = two, one
            parents[two] = one
            sizes[one] += sizes[two]


@compiled(allocates=False)
def flatten(parents: Any) -> None:
    """Point every node at the top of its tree."""
    for node in range(len(parents)):
        parents[node] = root_of(parents, node)
