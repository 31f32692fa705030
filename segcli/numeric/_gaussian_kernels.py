"""Compiled inner loops of `gaussians`.

Points lie in planes, (F, n) float32, with weights (n,), or (1,) where every point weighs the same. Component k costs a
point x offsets[k] + |roots[k] (x - means[k])|^2 / 2, where roots[k] is lower triangular.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

NONE = 255
"""Label of a point that belongs to no class."""


@compiled
def cost_of(points: Any, index: int, offset: float, mean: Any, root: Any, offsets: Any) -> float:
    """Minus the log of one component's density at a point; `offsets` become the point's differences from the mean."""
    total = 0.0
    for row in range(len(mean)):
        offsets[row] = points[row, index] - mean[row]
        value = 0.0
        for column in range(row + 1):
            value += root[row, column] * offsets[column]
        total += value * value
    return offset + 0.5 * total


@compiled
def all_costs(points: Any, offsets: Any, means: Any, roots: Any, costs: Any) -> None:
    """What every point costs in every component, (n, K)."""
    difference = np.empty(len(points))
    for index in range(points.shape[1]):
        for k in range(len(offsets)):
            costs[index, k] = cost_of(points, index, offsets[k], means[k], roots[k], difference)


@compiled
def expect(
    points: Any, weights: Any, offsets: Any, means: Any, roots: Any, counts: Any, sums: Any, products: Any
) -> float:
    """Share the points out among the components; return the log likelihood.

    counts, sums and products add up the shares, and by them the differences from the old means and their products.
    """
    features, number = points.shape
    values = np.empty(len(offsets))
    differences = np.empty((len(offsets), features))
    likelihood = 0.0
    for index in range(number):
        weight = weights[index % len(weights)]
        least = np.inf
        for k in range(len(offsets)):
            values[k] = cost_of(points, index, offsets[k], means[k], roots[k], differences[k])
            least = min(least, values[k])
        total = 0.0
        for k in range(len(offsets)):
            excess = values[k] - least
            values[k] = math.exp(-excess) if excess < 40 else 0.0
            total += values[k]
        likelihood += weight * (math.log(total) - least)
        for k in range(len(offsets)):
            if values[k] == 0:
                continue
            share = weight * values[k] / total
            counts[k] += share
            for row in range(features):
                moment = share * differences[k, row]
                sums[k, row] += moment
                for column in range(row + 1):
                    products[k, row, column] += moment * differences[k, column]
    return likelihood


@compiled
def add_classes(points: Any, weights: Any, labels: Any, middle: Any, counts: Any, sums: Any, products: Any) -> None:
    """Add up, for every class, the points' weights, their differences from the middle, and the products of these."""
    features, number = points.shape
    for index in range(number):
        k = labels[index]
        if k == NONE:
            continue
        weight = weights[index % len(weights)]
        counts[k] += weight
        for row in range(features):
            moment = weight * (points[row, index] - middle[row])
            sums[k, row] += moment
            for column in range(row + 1):
                products[k, row, column] += moment * (points[column, index] - middle[column])


@compiled
def posteriors(points: Any, offsets: Any, means: Any, roots: Any, scores: Any, labels: Any) -> None:
    """Write the (K, n) probability of every component at every point, and the likeliest, the first of equals."""
    values, difference = np.empty(len(offsets)), np.empty(len(points))
    for index in range(points.shape[1]):
        best = 0
        for k in range(len(offsets)):
            values[k] = cost_of(points, index, offsets[k], means[k], roots[k], difference)
            best = k if values[k] < values[best] else best
        least, total = values[best], 0.0
        for k in range(len(offsets)):
            values[k] = math.exp(least - values[k])
            total += values[k]
        labels[index] = best
        for k in range(len(offsets)):
            scores[k, index] = values[k] / total
