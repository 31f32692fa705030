"""Compiled inner loops of `merge_tree`.

Each edge has two halves, 2 e and 2 e + 1; `ends` says in which region a half lies now. The halves of a region form a
chain, so that two regions are joined by joining their chains. All edges that are left stand in one heap, and
`places` says where, so that an edge whose cost changes is moved and none is ever stale.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from segcli.numeric.compiled import compiled

WARD, MEAN_COLOR, BOUNDARY = 0, 1, 2
"""Linkages; any other number is the product of ward and boundary."""


class Queue(NamedTuple):
    """Edges in a heap, the place of each in it (-1: gone), its cost, and its rank among equal costs."""

    heap: Any
    places: Any
    costs: Any
    orders: Any


class Chains(NamedTuple):
    """Region of each half, the half after it, first and last half of each region; which edge `join` met there, when."""

    ends: Any
    following: Any
    head: Any
    tail: Any
    met: Any
    met_at: Any


class Content(NamedTuple):
    """Sizes and sums of regions; lengths and summed strengths of edges."""

    sizes: Any
    sums: Any
    lengths: Any
    strengths: Any


@compiled(allocates=False)
def comes_before(edge: int, other: int, queue: Any) -> bool:
    """Whether an edge is cheaper, or of two equal ones the one with the lower region, then the lower partner."""
    if queue.costs[edge] != queue.costs[other]:
        return bool(queue.costs[edge] < queue.costs[other])
    return bool(queue.orders[edge] < queue.orders[other])


@compiled(allocates=False)
def settle(edge: int, count: int, queue: Any) -> None:
    """Move an edge up or down the heap to where it belongs."""
    heap, places = queue.heap, queue.places
    place = places[edge]
    while place > 0 and comes_before(edge, heap[(place - 1) // 2], queue):
        heap[place] = heap[(place - 1) // 2]
        places[heap[place]] = place
        place = (place - 1) // 2
    while 2 * place + 1 < count:
        child = 2 * place + 1
        if child + 1 < count and comes_before(heap[child + 1], heap[child], queue):
            child += 1
        if not comes_before(heap[child], edge, queue):
            break
        heap[place] = heap[child]
        places[heap[place]] = place
        place = child
    heap[place] = edge
    places[edge] = place


@compiled(allocates=False)
def remove(edge: int, count: int, queue: Any) -> int:
    """Take an edge out of the heap; returns how many are left."""
    place, last = queue.places[edge], queue.heap[count - 1]
    queue.places[edge] = -1
    if last != edge:
        queue.heap[place] = last
        queue.places[last] = place
        settle(last, count - 1, queue)
    return count - 1


@compiled(allocates=False)
def price(edge: int, linkage: int, regions: int, queue: Any, ends: Any, content: Any) -> None:
    """Set an edge's cost and rank; the same whichever region comes first."""
    first, second = ends[2 * edge], ends[2 * edge + 1]
    queue.orders[edge] = np.int64(min(first, second)) * regions + max(first, second)
    boundary = content.strengths[edge] / content.lengths[edge]
    if linkage == BOUNDARY:
        queue.costs[edge] = boundary
        return
    sizes, sums = content.sizes, content.sums
    square = 0.0
    for channel in range(sums.shape[1]):
        difference = sums[first, channel] / sizes[first] - sums[second, channel] / sizes[second]
        square += difference * difference
    if linkage != MEAN_COLOR:
        square *= 2 * (sizes[first] * sizes[second]) / (sizes[first] + sizes[second])
    queue.costs[edge] = square**0.5 * (boundary if linkage > BOUNDARY else 1.0)


@compiled(allocates=False)
def prepare(linkage: int, content: Any, chains: Any, queue: Any) -> None:
    """Price every edge and tie the halves of each region together."""
    ends = chains.ends
    for edge in range(len(queue.costs)):
        price(edge, linkage, len(content.sizes), queue, ends, content)
    for half in range(len(ends)):
        owner = ends[half]
        if chains.head[owner] < 0:
            chains.head[owner] = half
        else:
            chains.following[chains.tail[owner]] = half
        chains.tail[owner] = half


@compiled(allocates=False)
def join(region: int, taken: int, turn: int, count: int, chains: Any, queue: Any, content: Any) -> int:
    """Join the chains of two regions: drop dead halves, and of two edges to one neighbor make one.

    Returns how many edges are left.
    """
    ends, following, head, tail, met, met_at = chains
    following[tail[region]] = head[taken]
    before, half = -1, head[region]
    head[region] = -1
    while half >= 0:
        edge, other, after = half // 2, ends[half ^ 1], following[half]
        ends[half] = region
        if queue.places[edge] >= 0 and met_at[other] == turn:
            content.lengths[met[other]] += content.lengths[edge]
            content.strengths[met[other]] += content.strengths[edge]
            count = remove(edge, count, queue)
        elif queue.places[edge] >= 0:
            met[other], met_at[other] = edge, turn
            if before < 0:
                head[region] = half
            else:
                following[before] = half
            before = half
        half = after
    if before >= 0:
        following[before] = -1
    tail[region] = before
    return count


@compiled(allocates=False)
def merge_all(linkage: int, content: Any, chains: Any, queue: Any, pairs: Any, heights: Any) -> int:
    """Merge the cheapest pair until no edge is left; pairs and heights are put down. Returns the number of merges.

    The lower region of a pair takes in the other. The edges are prepared and in the heap.
    """
    ends, sizes, sums = chains.ends, content.sizes, content.sums
    regions, count = len(sizes), len(queue.heap)
    merges = 0
    while count > 0:
        edge = queue.heap[0]
        first, second = min(ends[2 * edge], ends[2 * edge + 1]), max(ends[2 * edge], ends[2 * edge + 1])
        pairs[merges, 0], pairs[merges, 1], heights[merges] = first, second, queue.costs[edge]
        count = remove(edge, count, queue)
        sizes[first] += sizes[second]
        for channel in range(sums.shape[1]):
            sums[first, channel] += sums[second, channel]
        count = join(first, second, merges, count, chains, queue, content)
        half = chains.head[first]
        while half >= 0:
            price(half // 2, linkage, regions, queue, ends, content)
            settle(half // 2, count, queue)
            half = chains.following[half]
        merges += 1
    return merges
