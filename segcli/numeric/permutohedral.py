"""Gaussian filtering of values at scattered points of a feature space, on a permutohedral lattice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.errors import InputError

_KEYS = 1 << 62
"""Different keys that a whole number of 64 bits can hold, with room for steps beyond."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Where N points lie among the M vertices of a permutohedral lattice that they touch.

    Attributes
    ----------
    vertices : (N, d + 1) int32, 1..M
        Corners of the simplex around each point.
    weights : (N, d + 1) float32
        Barycentric coordinates of the point in it; they sum to 1, unless `scale` has changed that.
    neighbors : (d + 1, M + 1, 2) int32
        Vertices behind and ahead of each one along each direction; 0 where no point touches one.
    """

    vertices: NDArray[np.int32]
    weights: NDArray[np.float32]
    neighbors: NDArray[np.int32]

    def filter(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum exp(-|f_i - f_j|^2 / 2) values_j over all points j, approximately, for each point i; (N, K) float32."""
        result = np.zeros(values.shape, np.float32)
        room = np.empty((2, self.neighbors.shape[1], values.shape[1]), np.float32)
        self.add_filtered(values, 1.0, result, room)
        return result

    def add_filtered(
        self, values: NDArray[np.float32], factor: float, result: NDArray[np.float32], room: NDArray[np.float32]
    ) -> None:
        """Add `filter` of the values, times a factor, to a result of their shape; room is of shape (2, M + 1, K)."""
        from segcli.numeric import _permutohedral_kernels as kernels

        grid, other = room
        grid.fill(0)
        other[0] = 0
        kernels.splat(values, self.vertices, self.weights, grid)
        for neighbors in self.neighbors:
            kernels.blur(grid, neighbors, other)
            grid, other = other, grid
        # Among evenly spread points, what they sum to is the volume of the Gaussian: a vertex stands for a cell of
        # (3/2)^(d/2) / (d + 1)^(1/2) and each blur doubles.
        corners = self.vertices.shape[1]
        factor *= (4 / 3 * np.pi) ** ((corners - 1) / 2) * corners**0.5 / 2**corners
        kernels.slice_add(grid, self.vertices, self.weights, np.float32(factor), result)

    def scale(self, factors: NDArray[np.float32]) -> None:
        """Have the filter multiply values by (N,) factors before and again after it, from now on."""
        np.multiply(self.weights, factors[:, None], out=self.weights)


def build_lattice(features: NDArray[np.float32]) -> Lattice:
    """Place points on a permutohedral lattice, for filters with a Gaussian of standard deviation 1.

    Parameters
    ----------
    features : (N, d) float32
        Points, each axis divided by the standard deviation that is wanted along it.

    Returns
    -------
    Lattice
        Its vertices are numbered in the order in which the points come upon them.

    Raises
    ------
    InputError
        The points lie too many standard deviations apart.

    References
    ----------
    A. Adams, J. Baek, M. A. Davis, "Fast high-dimensional filtering using the permutohedral lattice", Computer
    Graphics Forum 29(2), 753-762, 2010.
    """
    from segcli.numeric import _permutohedral_kernels as kernels

    count, axes = features.shape
    corners = axes + 1
    index = np.arange(axes)
    # Units of d + 1; splat, blur and slice each spread a point, by a variance of 2/3 (d + 1)^2 together.
    scale = np.sqrt(2 / 3) / np.sqrt((index + 1.0) * (index + 2))
    # Column by column, because numpy is slow along the longer side of a narrow array.
    least, most = np.array([(column.min(), column.max()) for column in features.T], np.float64).T
    low, spans = _digits(least * scale, most * scale)
    radix = np.zeros(corners, np.int64)
    size = 1
    for axis, span in enumerate(spans):
        radix[axis] = min(size, _KEYS)
        size *= int(span)
    if size > _KEYS:
        raise InputError(
            "the pixels lie too many standard deviations of the kernel apart; take larger ones, or a smaller image."
        )
    vertices = np.empty((count, corners), np.int32)
    weights = np.empty((count, corners), np.float32)
    table, found = kernels.enclose(features, scale, low, radix, np.zeros((4096, 2), np.int64), vertices, weights)
    neighbors = np.zeros((corners, found + 1, 2), np.int32)
    kernels.meet(table, corners * radix - radix.sum(), neighbors)
    return Lattice(vertices, weights, neighbors)


def _digits(least: NDArray[np.float64], most: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lowest value and number of values of each vertex coordinate but the last, with room for a step around."""
    axes = len(least)
    matrix = np.triu(np.ones((axes + 1, axes))) - np.diag(np.arange(1.0, axes + 1), -1)[:, :axes]
    ends = np.stack([matrix * least, matrix * most])
    low = np.floor(ends.min(axis=0).sum(axis=1)) - 3
    high = np.ceil(ends.max(axis=0).sum(axis=1)) + 3
    return ((axes + 1) * low).astype(np.int64), ((axes + 1) * (high - low) + 1)[:axes]
