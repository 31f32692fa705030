"""Compiled inner loops of `gaussian_mixture`.

A mixture comes as offsets (K,), means (K, 3) and roots (K, 3, 3): component k costs a color x
offsets[k] + |roots[k] (x - means[k])|^2 / 2, where roots[k] is lower triangular.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on first use, and keep the result on disk where a folder for it can be written."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)


@compiled
def component_cost(color: Any, offset: float, mean: Any, root: Any) -> Any:
    """Minus the log of one weighted component's density at a color."""
    red, green, blue = color[0] - mean[0], color[1] - mean[1], color[2] - mean[2]
    first = root[0, 0] * red
    second = root[1, 0] * red + root[1, 1] * green
    third = root[2, 0] * red + root[2, 1] * green + root[2, 2] * blue
    return offset + 0.5 * (first * first + second * second + third * third)


@compiled
def nearest(colors: Any, offsets: Any, means: Any, roots: Any, component: Any, cost: Any) -> None:
    """The cheapest component of every (n, 3) color, the first of equals, and what it costs."""
    for index in range(len(colors)):
        least = np.inf
        for k in range(len(offsets)):
            value = component_cost(colors[index], offsets[k], means[k], roots[k])
            if value < least:
                least = value
                component[index] = k
        cost[index] = least


@compiled
def mixture_cost(colors: Any, offsets: Any, means: Any, roots: Any, cost: Any) -> None:
    """Minus the log of the whole mixture's density at every (n, 3) color."""
    values = np.empty(len(offsets))
    for index in range(len(colors)):
        least = np.inf
        for k in range(len(offsets)):
            values[k] = component_cost(colors[index], offsets[k], means[k], roots[k])
            least = min(least, values[k])
        total = 0.0
        for k in range(len(offsets)):
            total += math.exp(least - values[k])
        cost[index] = least - math.log(total)


@compiled
def moments(colors: Any, component: Any, middle: Any, counts: Any, sums: Any, products: Any) -> None:
    """Add up the colors of every component, taken from the middle: how many, their sums, the sums of their products."""
    for index in range(len(colors)):
        k = component[index]
        counts[k] += 1
        for row in range(3):
            value = colors[index, row] - middle[row]
            sums[k, row] += value
            for column in range(row + 1):
                products[k, row, column] += value * (colors[index, column] - middle[column])
