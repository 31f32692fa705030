"""Compiled inner loops of `maxflow`: search trees on an implicit, padded pixel grid.

Layout: the image has a border of one pixel whose capacities are all zero, so no
neighbor needs a bounds check. Pixel p's residual capacities stand side by side,
capacity[p * links + d]; directions d and d ^ 1 are opposites. excess[p] is what the
source can still send to p, or, below zero, what p can still send to the sink. In this
form a push from p to q (capacity[p, q] and excess[p] less, capacity[q, p] and excess[q]
more) leaves every cut's cost as it was, whatever the signs of the two excesses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

FREE, SOURCE, SINK = 0, 1, 2
TERMINAL, ORPHAN = 8, 9
ENDLESS = 1 << 30

# Nothing here allocates, which makes the search of an easy cut several times faster.


@compiled(allocates=False)
def largest_weight(weights: Any) -> float:
    """The largest weight between two pixels of the image."""
    directions, height, width = weights.shape
    largest = 0.0
    for d in range(directions):
        for row in range(height - (0 if d == 0 else 1)):
            for column in range(1 if d == 3 else 0, width - (1 if d == 0 or d == 2 else 0)):
                largest = max(largest, weights[d, row, column])
    return largest


@compiled(allocates=False)
def fill(weights: Any, scale: float, offsets: Any, capacity: Any, reach: Any) -> None:
    """Write the weights, rounded to whole numbers, into both directions of every link; reach is their sum + 1."""
    directions, height, width = weights.shape
    stride = width + 2
    links = 2 * directions
    for row in range(height):
        for column in range(width):
            p = (row + 1) * stride + column + 1
            for d in range(directions):
                inside = (d == 0 or row < height - 1) and (d == 1 or d == 3 or column < width - 1)
                if inside and (d < 3 or column > 0):
                    value = np.int32(weights[d, row, column] * scale + 0.5)
                    capacity[p * links + 2 * d] = value
                    capacity[(p + offsets[2 * d]) * links + 2 * d + 1] = value
            total = 1
            for d in range(links):
                total += capacity[p * links + d]
            reach[row, column] = total


@compiled(allocates=False)
def charge(source: Any, sink: Any, scale: float, reach: Any, tied: Any, excess: Any) -> float:
    """Replace the terminal capacities `tied` by new ones in the excesses; return what every cut costs at least.

    A pixel tied more strongly than all its neighbors together can carry goes that way at once,
    so its capacity is clipped to their sum + 1.
    """
    height, width = reach.shape
    least = 0.0
    for row in range(height):
        for column in range(width):
            p = (row + 1) * (width + 2) + column + 1
            to_source, to_sink = np.float64(source[row, column]), np.float64(sink[row, column])
            least += min(to_source, to_sink)
            most = np.float64(reach[row, column])
            value = np.int32(np.rint(min(max((to_source - to_sink) * scale, -most), most)))
            excess[p] += value - tied[row, column]
            tied[row, column] = value
    return least


@compiled(allocates=False)
def push_pairs(capacity: Any, excess: Any, offsets: Any) -> None:
    """Send what goes straight from a pixel with excess to a neighbor that lacks it: the shortest paths of all."""
    links = len(offsets)
    for p in range(len(excess)):
        if excess[p] <= 0:
            continue
        for d in range(links):
            q = p + offsets[d]
            if excess[q] < 0:
                room = min(min(excess[p], -excess[q]), capacity[p * links + d])
                excess[p] -= room
                excess[q] += room
                capacity[p * links + d] -= room
                capacity[q * links + (d ^ 1)] += room


@compiled(allocates=False)
def solve(
    capacity: Any,
    excess: Any,
    offsets: Any,
    tree: Any,
    parent: Any,
    stamp: Any,
    distance: Any,
    active: Any,
    waiting: Any,
    orphans: Any,
    state: Any,
) -> None:
    """Push the greatest flow by Boykov and Kolmogorov's two search trees.

    Afterwards `tree` is SOURCE where the source still reaches, and no capacity leads out of there.
    """
    count = len(excess)
    # Both queues, active and orphans, are rings: a pixel stands in each at most once. state holds the tail and the
    # length of active.
    head = 0
    state[:] = 0
    for p in range(count):
        tree[p] = FREE
        stamp[p] = 0
        distance[p] = 1
        if excess[p] != 0:
            tree[p] = SOURCE if excess[p] > 0 else SINK
            parent[p] = TERMINAL
            _wake(p, active, waiting, state)
    time = 0
    while state[1] > 0:
        p = active[head]
        head = head + 1 if head + 1 < count else 0
        state[1] -= 1
        waiting[p] = False
        while tree[p] != FREE:
            meeting = _grow(p, capacity, offsets, tree, parent, stamp, distance, active, waiting, state)
            if meeting < 0:
                break
            q = p + offsets[meeting]
            if tree[p] == SOURCE:
                lost = _augment(p, q, meeting, capacity, excess, offsets, parent, orphans)
            else:
                lost = _augment(q, p, meeting ^ 1, capacity, excess, offsets, parent, orphans)
            time += 1
            _adopt(lost, time, capacity, offsets, tree, parent, stamp, distance, orphans, active, waiting, state)


@compiled(allocates=False)
def _wake(p: int, active: Any, waiting: Any, state: Any) -> None:
    """Put a pixel at the end of the ring of those whose neighbors are to be looked at."""
    if not waiting[p]:
        waiting[p] = True
        active[state[0]] = p
        state[0] = state[0] + 1 if state[0] + 1 < len(active) else 0
        state[1] += 1


@compiled(allocates=False)
def _grow(
    p: int,
    capacity: Any,
    offsets: Any,
    tree: Any,
    parent: Any,
    stamp: Any,
    distance: Any,
    active: Any,
    waiting: Any,
    state: Any,
) -> int:
    """Take free neighbors into p's tree; return the direction in which the other tree was met, or -1."""
    links = len(offsets)
    side = tree[p]
    for d in range(links):
        q = p + offsets[d]
        if (capacity[p * links + d] if side == SOURCE else capacity[q * links + (d ^ 1)]) == 0:
            continue
        if tree[q] == FREE:
            tree[q] = side
            _wake(q, active, waiting, state)
        elif tree[q] != side:
            return d
        elif stamp[q] > stamp[p] or distance[q] <= distance[p]:
            continue
        parent[q] = d ^ 1
        stamp[q] = stamp[p]
        distance[q] = distance[p] + 1
    return -1


@compiled(allocates=False)
def _augment(p: int, q: int, link: int, capacity: Any, excess: Any, offsets: Any, parent: Any, orphans: Any) -> int:
    """Send what the path source .. p, q .. sink can carry; list the pixels cut off, return their number."""
    links = len(offsets)
    room = capacity[p * links + link]
    r = p
    while parent[r] != TERMINAL:
        way = parent[r]
        r += offsets[way]
        room = min(room, capacity[r * links + (way ^ 1)])
    room = min(room, excess[r])
    r = q
    while parent[r] != TERMINAL:
        way = parent[r]
        room = min(room, capacity[r * links + way])
        r += offsets[way]
    room = min(room, -excess[r])
    lost = 0
    capacity[p * links + link] -= room
    capacity[q * links + (link ^ 1)] += room
    # sign 1: up the source's tree, flow runs towards r; sign -1: up the sink's tree, away from r.
    for sign in (1, -1):
        r = p if sign == 1 else q
        while True:
            way = parent[r]
            if way == TERMINAL:
                excess[r] -= sign * room
                left = excess[r]
                s = r
            else:
                s = r + offsets[way]
                capacity[r * links + way] += sign * room
                capacity[s * links + (way ^ 1)] -= sign * room
                left = capacity[s * links + (way ^ 1)] if sign == 1 else capacity[r * links + way]
            if left == 0:
                parent[r] = ORPHAN
                orphans[lost] = r
                lost += 1
            if way == TERMINAL:
                break
            r = s
    return lost


@compiled(allocates=False)
def _adopt(
    lost: int,
    time: int,
    capacity: Any,
    offsets: Any,
    tree: Any,
    parent: Any,
    stamp: Any,
    distance: Any,
    orphans: Any,
    active: Any,
    waiting: Any,
    state: Any,
) -> None:
    """Find every orphan the nearest parent that still hangs on its terminal, or set it free."""
    links = len(offsets)
    count = len(orphans)
    first, last = 0, (lost if lost < count else 0)
    while lost > 0:
        p = orphans[first]
        first = first + 1 if first + 1 < count else 0
        lost -= 1
        side = tree[p]
        best, shortest = -1, ENDLESS
        for d in range(links):
            q = p + offsets[d]
            if tree[q] == side and (capacity[q * links + (d ^ 1)] if side == SOURCE else capacity[p * links + d]) > 0:
                steps = _origin(q, time, offsets, parent, stamp, distance)
                if steps < shortest:
                    best, shortest = d, steps
        if best >= 0:
            parent[p] = best
            stamp[p] = time
            distance[p] = shortest + 1
            continue
        tree[p] = FREE
        for d in range(links):
            q = p + offsets[d]
            if tree[q] != side:
                continue
            if (capacity[q * links + (d ^ 1)] if side == SOURCE else capacity[p * links + d]) > 0:
                _wake(q, active, waiting, state)
            if parent[q] == d ^ 1:
                parent[q] = ORPHAN
                orphans[last] = q
                last = last + 1 if last + 1 < count else 0
                lost += 1


@compiled(allocates=False)
def _origin(q: int, time: int, offsets: Any, parent: Any, stamp: Any, distance: Any) -> int:
    """Steps from q up to its terminal, marked along the way as checked; ENDLESS where the path is broken."""
    steps = 0
    r = q
    while stamp[r] != time:
        way = parent[r]
        if way == ORPHAN:
            return ENDLESS
        steps += 1
        if way == TERMINAL:
            stamp[r] = time
            distance[r] = 1
            break
        r += offsets[way]
    else:
        steps += distance[r]
    r = q
    far = steps
    while stamp[r] != time:
        stamp[r] = time
        distance[r] = far
        far -= 1
        r += offsets[parent[r]]
    return steps


@compiled(allocates=False)
def cost(tree: Any, excess: Any, tied: Any) -> int:
    """What the cut costs above the least, in whole numbers: sum of the sink ties plus the excesses on the sink's side.

    Every push keeps this sum equal to the cost of any cut less its residual links, and a minimum
    cut has no residual links.
    """
    height, width = tied.shape
    total = 0
    for row in range(height):
        for column in range(width):
            p = (row + 1) * (width + 2) + column + 1
            total += max(-tied[row, column], 0)
            if tree[p] != SOURCE:
                total += excess[p]
    return total
