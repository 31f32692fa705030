"""Compiled inner loops of `potts`. Link d of a pixel leads right, down, down-right or down-left; 2 d + 1 leads back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from segcli.numeric._expansion_kernels import COLUMNS, ROWS
from segcli.numeric.compiled import compiled


@compiled
def local_costs(unary: Any, weights: Any, labels: Any, row: int, column: int, costs: Any) -> None:
    """What each label would cost at a pixel, less the weight of all its links."""
    height, width = labels.shape
    for label in range(len(costs)):
        costs[label] = unary[row, column, label]
    for d in range(len(weights)):
        i, j = row + ROWS[d], column + COLUMNS[d]
        if i < height and 0 <= j < width:
            costs[labels[i, j]] -= weights[d, row, column]
        i, j = row - ROWS[d], column - COLUMNS[d]
        if i >= 0 and 0 <= j < width:
            costs[labels[i, j]] -= weights[d, i, j]


@compiled
def improve(unary: Any, weights: Any, labels: Any, stale: Any) -> float:
    """Give each stale pixel in turn the label that costs least, its own of equals; return the change of the energy."""
    height, width, count = unary.shape
    costs = np.empty(count)
    total = 0.0
    for row in range(height):
        for column in range(width):
            if not stale[row, column]:
                continue
            stale[row, column] = False
            local_costs(unary, weights, labels, row, column, costs)
            own = labels[row, column]
            best = own
            for label in range(count):
                if costs[label] < costs[best]:
                    best = label
            # Less is rounding, which could go round in circles.
            if not costs[best] < costs[own] - 1e-9 * abs(costs[own]):
                continue
            total += costs[best] - costs[own]
            labels[row, column] = best
            for i in range(max(row - 1, 0), min(row + 2, height)):
                for j in range(max(column - 1, 0), min(column + 2, width)):
                    stale[i, j] = True
    return total


@compiled
def sample(unary: Any, weights: Any, labels: Any, temperature: float, state: Any) -> float:
    """Draw each pixel's label in turn from its distribution given its neighbors; return the change of the energy.

    state holds one number of the generator SplitMix64.
    """
    height, width, count = unary.shape
    costs, masses = np.empty(count), np.empty(count)
    total = 0.0
    for row in range(height):
        for column in range(width):
            local_costs(unary, weights, labels, row, column, costs)
            least = costs.min()
            mass = 0.0
            for label in range(count):
                excess = (costs[label] - least) / temperature
                mass += math.exp(-excess) if excess < 40 else 0.0
                masses[label] = mass
            state[0] += np.uint64(0x9E3779B97F4A7C15)
            mixed = state[0]
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(31)
            draw = np.float64(mixed >> np.uint64(11)) * (2.0**-53) * mass
            chosen = 0
            while masses[chosen] <= draw:
                chosen += 1
            total += costs[chosen] - costs[labels[row, column]]
            labels[row, column] = chosen
    return total


@compiled
def pass_messages(unary: Any, weights: Any, messages: Any, labels: Any, damping: float, backward: bool) -> None:
    """Send messages from each pixel in turn to those after it, or backward to those before it.

    messages[row, column, direction] is what a pixel has heard from its neighbor in that direction: for each label the
    least cost on that side, less the smallest of these. A label that is not the cheapest costs at most a weight more,
    so that all K are found in 2 K steps. `labels` get the cheapest label by all that is heard.
    """
    height, width, count = unary.shape
    heard, costs = np.empty(count), np.empty(count)
    for step in range(height * width):
        place = height * width - 1 - step if backward else step
        row, column = place // width, place % width
        for label in range(count):
            heard[label] = unary[row, column, label]
        for direction in range(2 * len(weights)):
            for label in range(count):
                heard[label] += messages[row, column, direction, label]
        labels[row, column] = np.argmin(heard)
        for d in range(len(weights)):
            sign = -1 if backward else 1
            i, j = row + sign * ROWS[d], column + sign * COLUMNS[d]
            if i < 0 or i >= height or j < 0 or j >= width:
                continue
            weight = np.float64(weights[d, i, j] if backward else weights[d, row, column])
            sent = 2 * d + 1 if backward else 2 * d
            least = np.inf
            for label in range(count):
                costs[label] = heard[label] - messages[row, column, sent, label]
                least = min(least, costs[label])
            for label in range(count):
                fresh = min(costs[label] - least, weight)
                stored = messages[i, j, sent ^ 1, label]
                messages[i, j, sent ^ 1, label] = damping * stored + (1 - damping) * fresh
