"""Weighted points in a space of features, and their pooling into fewer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Reals = NDArray[np.float64]

_GRIDS = (1 << 15, 1 << 18)
"""Most cells of the grids, coarse and fine."""

_FEW = 1 << 14
"""So many points are quick as they are."""

_CELLS_A_CLASS = 16
"""A grid with fewer occupied cells for each class does not tell the points apart well enough."""


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points (features, points), and their weights: (points,), or (1,) where every point counts the same."""

    points: Points
    weights: Reals

    @property
    def count(self) -> int:
        return int(self.points.shape[1])

    @cached_property
    def keys(self) -> NDArray[np.uint32]:
        """The points as whole numbers in the same order."""
        keys = self.points.view(np.uint32).copy()
        for plane in keys:
            np.bitwise_xor(plane, np.where(plane >> 31, 0xFFFFFFFF, 1 << 31).astype(np.uint32), out=plane)
        return keys

    @cached_property
    def moments(self) -> tuple[Reals, float]:
        """Sum of the points, and sum of the weights."""
        from segcli.numeric import _cluster_kernels as kernels

        # The one thread of this loop is quicker than a BLAS with threads of its own on a busy machine.
        sums, total = kernels.weighted_sums(self.points, self.weights)
        return sums, total


def values_of(keys: NDArray[np.uint32]) -> Points:
    """The values that keys stand for."""
    return np.where(keys >> 31, keys ^ np.uint32(1 << 31), ~keys).view(np.float32)


def clouds(points: Points, weights: Reals, classes: int) -> list[Cloud]:
    """List what to iterate over, one after the other: the grids that are worth it, then the points themselves."""
    whole = Cloud(points, weights)
    if whole.count <= _FEW or not (points.max(axis=1) > points.min(axis=1)).any():
        return [whole]
    grids = [pooled(whole, most) for most in _GRIDS]
    return [*(grid for grid in grids if _CELLS_A_CLASS * classes <= grid.count < whole.count / 2), whole]


def pooled(whole: Cloud, most: int) -> Cloud:
    """Pool points, not all equal, into the means of at most so many cells, as wide in every feature."""
    from segcli.numeric import _cluster_kernels as kernels

    lows = whole.points.min(axis=1).astype(np.float64)
    ranges = whole.points.max(axis=1) - lows
    varied = ranges[ranges > 0]
    width = float(np.exp((np.log(varied).sum() - np.log(most)) / len(varied)))
    while np.prod(shape := np.floor(ranges / width) + 1) > most:
        width *= 1.01
    strides = (np.prod(shape) / np.cumprod(shape)).astype(np.int64)
    totals = np.zeros(int(np.prod(shape)))
    sums = np.zeros((len(totals), len(lows)))
    kernels.pool(whole.points, whole.weights, lows, width, strides, sums, totals)
    occupied = np.flatnonzero(totals)
    means = sums[occupied] / totals[occupied, None]
    return Cloud(np.ascontiguousarray(means.T, np.float32), totals[occupied])


def distinct(cloud: Cloud) -> tuple[Cloud, NDArray[np.intp]]:
    """Join equal points; also returns the place of each old point among the new ones."""
    codes = np.zeros(cloud.count, np.int64)
    for plane in cloud.points:
        levels, places = np.unique(plane, return_inverse=True)
        codes = np.unique(codes * len(levels) + places, return_inverse=True)[1]
    _, first, places = np.unique(codes, return_index=True, return_inverse=True)
    weights = np.bincount(places, np.broadcast_to(cloud.weights, cloud.count)).astype(np.float64)
    return Cloud(np.ascontiguousarray(cloud.points[:, first]), weights), places
