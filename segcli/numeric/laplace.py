"""Laplace's equation on a weighted pixel grid: values that are the weighted mean of their neighbors'."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array

Reals = NDArray[np.float64]

_SMALL = 32
"""A level with at most so many cells is the coarsest."""

_LAST_SWEEPS = 20
"""Sweeps forth and back over the coarsest level."""


class Laplace:
    """The equations of one grid, which can be solved again for other values of the fixed pixels.

    Conjugate gradients preconditioned by one multigrid cycle: the number of iterations hardly grows with the picture.

    Parameters
    ----------
    weights : (2 or 4, H, W) float32 or float64, at least 0
        Of the links right, down, down-right and down-left, as `numeric.contrast` makes them.
    fixed : (H, W) bool
        Pixels whose value is given. Without a tie, every other pixel must reach one of them over links that weigh
        something.
    tie : float
        Weight of a link between each other pixel and a value of its own.

    References
    ----------
    J. E. Dendy, "Black box multigrid", J. Computational Physics 48(3), 366-386, 1982.
    """

    def __init__(self, weights: Array, fixed: Array, tie: float = 0.0) -> None:
        from segcli.numeric import _laplace_kernels as kernels

        self._kernels = kernels
        self._weights, self._fixed, self._tie = weights, fixed, tie
        height, width = fixed.shape
        matrix = np.zeros(((height + 2) * (width + 2), 5))
        kernels.assemble(weights, fixed, tie, matrix)
        self._levels = [_Level(matrix, height, width)]
        while self._levels[-1].cells > _SMALL:
            self._levels.append(self._levels[-1].coarser())

    def solve(self, values: Array, tolerance: float = 1e-6, iterations: int = 200) -> tuple[Reals, int]:
        """Find the free pixels' values.

        Parameters
        ----------
        values : (H, W) float64
            Of the fixed pixels; of the others, what they are tied to.
        tolerance : float
            It ends when the error, in the norm of the energy, is about this share of what it was.
        iterations : int

        Returns
        -------
        values : (H, W) float64
        iterations : int
        """
        kernels, finest = self._kernels, self._levels[0]
        kernels.pull(self._weights, self._fixed, self._tie, values, finest.right)
        residual, x = finest.right.copy(), np.zeros_like(finest.right)
        product, direction = np.zeros_like(x), self._precondition(residual).copy()
        norm = start = kernels.dot(residual, direction)
        used = 0
        while norm > tolerance**2 * start and used < iterations:
            used += 1
            step = norm / kernels.multiply(finest.matrix, finest.stride, direction, product)
            kernels.advance(step, direction, product, x, residual)
            fresh = self._precondition(residual)
            before, norm = norm, kernels.dot(residual, fresh)
            kernels.turn(norm / before, fresh, direction)
        inside = x.reshape(finest.height + 2, -1)[1:-1, 1:-1]
        return np.where(self._fixed, values, inside), used

    def _precondition(self, right: Reals) -> Reals:
        """One V cycle: an approximate solution that is symmetric in what it is given."""
        kernels, levels = self._kernels, self._levels
        levels[0].right[:] = right
        for level, below in pairwise(levels):
            level.x[:] = 0
            kernels.relax(level.matrix, level.inverse, level.stride, level.right, level.x, False)
            kernels.subtract_product(level.matrix, level.stride, level.right, level.x, level.rest)
            kernels.restrict(level.shares, level.height, level.width, level.rest, below.right)
        last = levels[-1]
        last.x[:] = 0
        for backward in [False] * _LAST_SWEEPS + [True] * _LAST_SWEEPS:
            kernels.relax(last.matrix, last.inverse, last.stride, last.right, last.x, backward)
        for level, below in zip(levels[-2::-1], levels[:0:-1], strict=True):
            kernels.prolong(level.shares, level.height, level.width, below.x, level.x)
            kernels.relax(level.matrix, level.inverse, level.stride, level.right, level.x, True)
        return levels[0].x


class _Level:
    """The matrix of one grid and the space to work in."""

    def __init__(self, matrix: Reals, height: int, width: int) -> None:
        self.matrix, self.height, self.width = matrix, height, width
        self.stride, self.cells = width + 2, height * width
        self.right, self.x, self.rest = (np.zeros(len(matrix)) for _ in range(3))
        self.inverse = np.zeros(len(matrix))
        np.divide(1.0, matrix[:, 0], out=self.inverse, where=matrix[:, 0] > 0)
        self.shares = np.zeros((0, 4), np.float32)

    def coarser(self) -> _Level:
        """The level with every other row and column."""
        from segcli.numeric import _laplace_kernels as kernels

        self.shares = np.zeros((len(self.matrix), 4), np.float32)
        kernels.share_out(self.matrix, self.height, self.width, self.shares)
        height, width = math.ceil(self.height / 2), math.ceil(self.width / 2)
        matrix = np.zeros(((height + 2) * (width + 2), 5))
        kernels.coarsen(self.matrix, self.shares, self.height, self.width, matrix)
        return _Level(matrix, height, width)
