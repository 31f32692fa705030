"""Compiled inner loop of `least_cut`."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled


@compiled
def part_by_least_cut(weights: Any, side: Any) -> float:
    """Find the least cut of a dense symmetric graph; `side` becomes True on one side of it, `weights` is used up.

    Each turn collects the nodes, the one most strongly linked to those collected next; what links the last one to all
    others is the least cut that parts the last two, which are then joined.
    """
    nodes = len(weights)
    alive = np.arange(nodes)
    owner = np.arange(nodes)
    least = np.inf
    for left in range(nodes, 1, -1):
        pull = np.zeros(nodes)
        waiting = alive[:left].copy()
        before, last = -1, -1
        for collected in range(left):
            place = 0
            for index in range(1, left - collected):
                if pull[waiting[index]] > pull[waiting[place]]:
                    place = index
            before, last = last, waiting[place]
            for index in range(place, left - collected - 1):
                waiting[index] = waiting[index + 1]
            for index in range(left - collected - 1):
                pull[waiting[index]] += weights[last, waiting[index]]
        if pull[last] < least:
            least = pull[last]
            for node in range(nodes):
                side[node] = owner[node] == last
        for node in range(nodes):
            if owner[node] == last:
                owner[node] = before
        for index in range(left):
            other = alive[index]
            weights[before, other] += weights[last, other]
            weights[other, before] = weights[before, other]
        place = 0
        for index in range(left):
            if alive[index] != last:
                alive[place] = alive[index]
                place += 1
    return least
