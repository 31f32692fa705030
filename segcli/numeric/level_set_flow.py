"""Level sets that move down an energy step by step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Mask
from segcli.numeric.level_sets import signed_distance
from segcli.numeric.two_means import TwoMeans

STEP = np.float32(100)
"""Time step of Chan and Vese's flow: as the step is semi-implicit, a large one is stable, and reaches more in one."""

REGULAR_STEP = np.float32(5)
"""Time step of the distance regularized flow."""

REGULAR_WEIGHT = 0.2 / 5
"""Weight of its regularizer; times the step it has to stay below a quarter."""

EDGE_WIDTH = np.float32(1.5)
"""Levels on either side of 0 at which the contour of that flow is felt."""

PLATEAU = np.float32(2)
"""Level at which it starts far from the contour; near it the start has the slope 1."""


def two_mean_flow(means: TwoMeans, levels: NDArray[np.float32], length: float) -> Iterator[tuple[Mask, float]]:
    """Yield inside and energy of Chan and Vese's flow, the start first.

    Parameters
    ----------
    means : TwoMeans
        What the picture costs inside and outside.
    levels : (H, W) float32
        Level set to start from, above 0 inside.
    length : float
        Weight of the contour's length.

    Notes
    -----
    Both the energy and its means take H(phi) = 1/2 + arctan(phi) / pi for the share of a pixel that is inside.
    """
    from segcli.numeric import _level_set_kernels as kernels

    weight = np.float32(length)
    phi = np.pad(levels, 1, mode="edge")
    following, inside = np.empty_like(phi), np.empty_like(levels)
    while True:
        border = kernels.soft_inside(phi, inside)
        means.measure(inside)
        yield phi[1:-1, 1:-1] > 0, means.cost + length * border
        kernels.chan_vese_sweep(phi, means.gain(), weight, STEP, following)
        phi, following = following, phi


def distance_regularized_flow(
    indicator: NDArray[np.float32], start: Mask, length: float, balloon: float
) -> Iterator[tuple[Mask, float]]:
    """Yield inside and energy of distance regularized level set evolution, the start first.

    Parameters
    ----------
    indicator : (H, W) float32
        The edge indicator g.
    start : (H, W) bool
    length, balloon : float
        Weights of the contour's length and of the area inside, both weighed by g; a balloon above 0 grows.
    """
    from segcli.numeric import _level_set_kernels as kernels

    phi = np.pad(np.clip(signed_distance(start), -PLATEAU, PLATEAU), 1, mode="edge")
    edge, spacing = (np.zeros((*phi.shape, 2), np.float32) for _ in range(2))
    weights = np.array([REGULAR_WEIGHT, length, balloon], np.float32)
    indicator = np.ascontiguousarray(indicator, np.float32)
    while True:
        energy = kernels.regularized_fluxes(phi, indicator, weights, EDGE_WIDTH, edge, spacing)
        yield phi[1:-1, 1:-1] > 0, energy
        kernels.regularized_sweep(phi, indicator, weights, EDGE_WIDTH, REGULAR_STEP, edge, spacing)
