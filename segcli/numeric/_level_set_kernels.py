"""Compiled sweeps over level sets.

A level set lies in a float32 array with a frame of one pixel that repeats its border. It is above 0 inside.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

HALF, ONE = np.float32(0.5), np.float32(1)
TINY = np.float32(1e-16)
PI = np.float32(math.pi)


@compiled
def repeat_border(phi: Any) -> None:
    """Fill the frame with the pixels beside it."""
    phi[0, :] = phi[1, :]
    phi[-1, :] = phi[-2, :]
    phi[:, 0] = phi[:, 1]
    phi[:, -1] = phi[:, -2]


@compiled
def chan_vese_sweep(phi: Any, gain: Any, length: Any, step: Any, following: Any) -> None:
    """Take one semi-implicit step (Getreuer 2012, equation 22), all pixels from the same level set."""
    height, width = gain.shape
    for row in range(1, height + 1):
        for column in range(1, width + 1):
            here = phi[row, column]
            left, right = phi[row, column - 1], phi[row, column + 1]
            above, below = phi[row - 1, column], phi[row + 1, column]
            across, down = HALF * (right - left), HALF * (below - above)
            across, down = across * across + TINY, down * down + TINY
            to_right = np.divide(ONE, np.sqrt((right - here) * (right - here) + down))
            to_left = np.divide(ONE, np.sqrt((here - left) * (here - left) + down))
            to_below = np.divide(ONE, np.sqrt((below - here) * (below - here) + across))
            to_above = np.divide(ONE, np.sqrt((here - above) * (here - above) + across))
            speed = np.divide(step, PI * (ONE + here * here))
            pull = to_right * right + to_left * left + to_below * below + to_above * above
            weight = ONE + speed * length * (to_right + to_left + to_below + to_above)
            following[row, column] = np.divide(here + speed * (length * pull + gain[row - 1, column - 1]), weight)
    repeat_border(following)


@compiled
def soft_inside(phi: Any, inside: Any) -> float:
    """Fill H(phi) = 1/2 + arctan(phi) / pi, and return the length of the contour, the sum of H'(phi) |grad phi|."""
    height, width = inside.shape
    total = 0.0
    for row in range(1, height + 1):
        for column in range(1, width + 1):
            here = phi[row, column]
            inside[row - 1, column - 1] = HALF + math.atan(here) / PI
            across = HALF * (phi[row, column + 1] - phi[row, column - 1])
            down = HALF * (phi[row + 1, column] - phi[row - 1, column])
            total += math.sqrt(across * across + down * down) / (PI * (ONE + here * here))
    return total


@compiled
def regularized_fluxes(phi: Any, indicator: Any, weights: Any, width_of_edge: Any, edge: Any, spacing: Any) -> float:
    """Fill the fluxes of the length and of the regularizer (Li et al. 2010, equations 16 and 30); return the energy.

    `edge` becomes g * grad phi / |grad phi|, `spacing` (d(|grad phi|) - 1) * grad phi, both framed and with down and
    across last; `weights` are those of regularizer, length and area.
    """
    height, width = indicator.shape
    regular, length, area = weights
    total = 0.0
    for row in range(1, height + 1):
        for column in range(1, width + 1):
            across = HALF * (phi[row, column + 1] - phi[row, column - 1])
            down = HALF * (phi[row + 1, column] - phi[row - 1, column])
            square = across * across + down * down
            guide = indicator[row - 1, column - 1]
            part, outward = ONE, np.float32(0)
            if square > 0:
                slope = math.sqrt(square)
                outward = np.divide(guide, slope)
                if slope <= ONE:
                    total += regular * (1 - math.cos(2 * PI * slope)) / (2 * PI) ** 2
                    part = np.divide(np.float32(math.sin(2 * PI * slope)), 2 * PI * slope)
                else:
                    total += regular * HALF * (slope - ONE) * (slope - ONE)
                    part = ONE - np.divide(ONE, slope)
                if abs(phi[row, column]) < width_of_edge:
                    total += length * guide * slope * dirac(phi[row, column], width_of_edge)
            edge[row, column, 0], edge[row, column, 1] = outward * down, outward * across
            spacing[row, column, 0], spacing[row, column, 1] = (part - ONE) * down, (part - ONE) * across
            total -= area * guide * step_up(phi[row, column], width_of_edge)
    return total


@compiled
def dirac(level: Any, width: Any) -> Any:
    """The delta function of a level set, spread over `width` on either side of 0."""
    return HALF / width * (ONE + math.cos(PI * level / width))


@compiled
def step_up(level: Any, width: Any) -> Any:
    """The step whose slope is `dirac`: 0 outside, 1 inside."""
    if abs(level) >= width:
        return 1.0 if level > 0 else 0.0
    return HALF * (ONE + level / width + math.sin(PI * level / width) / PI)


@compiled
def regularized_sweep(
    phi: Any, indicator: Any, weights: Any, width_of_edge: Any, step: Any, edge: Any, spacing: Any
) -> None:
    """Take one explicit step down the energy in place, from the fluxes of the same level set."""
    height, width = indicator.shape
    regular, length, area = weights
    before = phi[0].copy()
    for row in range(1, height + 1):
        left = phi[row, 0]
        for column in range(1, width + 1):
            here = phi[row, column]
            # Of the neighbors, the one above and the left one already carry their new levels.
            laplacian = before[column] + left + phi[row + 1, column] + phi[row, column + 1] - 4 * here
            bend = HALF * (spacing[row + 1, column, 0] - spacing[row - 1, column, 0])
            bend += HALF * (spacing[row, column + 1, 1] - spacing[row, column - 1, 1])
            change = regular * (laplacian + bend)
            if abs(here) < width_of_edge:
                divergence = HALF * (edge[row + 1, column, 0] - edge[row - 1, column, 0])
                divergence += HALF * (edge[row, column + 1, 1] - edge[row, column - 1, 1])
                force = length * divergence + area * indicator[row - 1, column - 1]
                change += dirac(here, width_of_edge) * force
            before[column], left = here, here
            phi[row, column] = here + step * change
    repeat_border(phi)
