"""Compiled inner loops of `laplace`: multigrid on symmetric nine-point stencils.

A level is a grid with a border of one cell whose entries are all zero, so no neighbor needs a bounds check; cells are
numbered row by row, `stride` to a row. matrix[p] holds the entries of row p for p itself and for its neighbors right,
down, down-right and down-left; the others stand, by symmetry, at those neighbors. `shares[p]` are the parts of a fine
cell's value that it takes from the four coarse cells at and after `base_of(p)`: up left, up right, down left,
down right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric._expansion_kernels import COLUMNS, ROWS
from segcli.numeric.compiled import compiled


@compiled
def assemble(weights: Any, fixed: Any, tie: float, matrix: Any) -> None:
    """Write the Laplacian of the free pixels plus `tie` on its diagonal; a fixed pixel has the equation x = 0."""
    height, width = fixed.shape
    stride = width + 2
    for row in range(height):
        for column in range(width):
            p = (row + 1) * stride + column + 1
            matrix[p, 0] += 1 if fixed[row, column] else tie
            for d in range(len(weights)):
                i, j = row + ROWS[d], column + COLUMNS[d]
                if i >= height or j < 0 or j >= width:
                    continue
                q = (i + 1) * stride + j + 1
                weight = weights[d, row, column]
                if not fixed[row, column]:
                    matrix[p, 0] += weight
                if not fixed[i, j]:
                    matrix[q, 0] += weight
                if not fixed[row, column] and not fixed[i, j]:
                    matrix[p, d + 1] = -weight


@compiled
def pull(weights: Any, fixed: Any, tie: float, values: Any, right: Any) -> None:
    """Write what the fixed neighbors' values, and by the tie its own, send to each free pixel."""
    height, width = fixed.shape
    right[:] = 0
    for row in range(height):
        for column in range(width):
            p = (row + 1) * (width + 2) + column + 1
            if not fixed[row, column]:
                right[p] += tie * values[row, column]
            for d in range(len(weights)):
                i, j = row + ROWS[d], column + COLUMNS[d]
                if i >= height or j < 0 or j >= width or fixed[row, column] == fixed[i, j]:
                    continue
                if fixed[row, column]:
                    right[(i + 1) * (width + 2) + j + 1] += weights[d, row, column] * values[row, column]
                else:
                    right[p] += weights[d, row, column] * values[i, j]


@compiled
def beside(matrix: Any, p: int, stride: int, x: Any) -> Any:
    """Sum of entry times value over a cell's neighbors in the rows above and below."""
    return (
        matrix[p, 2] * x[p + stride]
        + matrix[p, 3] * x[p + stride + 1]
        + matrix[p, 4] * x[p + stride - 1]
        + matrix[p - stride, 2] * x[p - stride]
        + matrix[p - stride - 1, 3] * x[p - stride - 1]
        + matrix[p - stride + 1, 4] * x[p - stride + 1]
    )


@compiled
def around(matrix: Any, p: int, stride: int, x: Any) -> Any:
    """Sum of entry times value over all neighbors of a cell."""
    return beside(matrix, p, stride, x) + matrix[p, 1] * x[p + 1] + matrix[p - 1, 1] * x[p - 1]


@compiled
def relax(matrix: Any, inverse: Any, stride: int, right: Any, x: Any, backward: bool) -> None:
    """One Gauss-Seidel sweep, in reading order or backward; `inverse` of the diagonal, 0 where that is."""
    # The neighbor whose value has just been found comes last: all else is ready by then.
    if backward:
        for p in range(len(x) - stride - 2, stride, -1):
            known = right[p] - beside(matrix, p, stride, x) - matrix[p - 1, 1] * x[p - 1]
            x[p] = (known - matrix[p, 1] * x[p + 1]) * inverse[p]
    else:
        for p in range(stride + 1, len(x) - stride - 1):
            known = right[p] - beside(matrix, p, stride, x) - matrix[p, 1] * x[p + 1]
            x[p] = (known - matrix[p - 1, 1] * x[p - 1]) * inverse[p]


@compiled
def subtract_product(matrix: Any, stride: int, right: Any, x: Any, residual: Any) -> None:
    """Write right - matrix x."""
    for p in range(stride + 1, len(x) - stride - 1):
        residual[p] = right[p] - matrix[p, 0] * x[p] - around(matrix, p, stride, x)


@compiled
def multiply(matrix: Any, stride: int, x: Any, product: Any) -> float:
    """Write matrix x; return x matrix x."""
    total = 0.0
    for p in range(stride + 1, len(x) - stride - 1):
        product[p] = matrix[p, 0] * x[p] + around(matrix, p, stride, x)
        total += x[p] * product[p]
    return total


@compiled
def advance(step: float, direction: Any, product: Any, x: Any, residual: Any) -> None:
    """Go a step of conjugate gradients."""
    for p in range(len(x)):
        x[p] += step * direction[p]
        residual[p] -= step * product[p]


@compiled
def turn(share: float, fresh: Any, direction: Any) -> None:
    """Take the next direction: the fresh one, and a share of the old."""
    for p in range(len(direction)):
        direction[p] = fresh[p] + share * direction[p]


@compiled
def dot(first: Any, second: Any) -> float:
    """Sum of the products, in a fixed order."""
    total = 0.0
    for p in range(len(first)):
        total += first[p] * second[p]
    return total


@compiled
def share_out(matrix: Any, height: int, width: int, shares: Any) -> None:
    """Find the shares by the matrix itself, so that a weak link carries little (Dendy's black box interpolation)."""
    stride = width + 2
    # Cells between two coarse ones first: those between four need them.
    for row in range(height):
        for column in range(width):
            p = (row + 1) * stride + column + 1
            if row % 2 == 0 and column % 2 == 0:
                shares[p, 0] = 1
            elif row % 2 == 0:
                before = -(matrix[p - 1, 1] + matrix[p - stride - 1, 3] + matrix[p, 4])
                after = -(matrix[p, 1] + matrix[p - stride + 1, 4] + matrix[p, 3])
                # The rest of the diagonal: what is left when the other neighbors are taken to be equal to the cell.
                whole = max(matrix[p, 0] + matrix[p, 2] + matrix[p - stride, 2], before + after)
                if whole > 0:
                    shares[p, 0], shares[p, 1] = before / whole, after / whole
            elif column % 2 == 0:
                before = -(matrix[p - stride, 2] + matrix[p - stride - 1, 3] + matrix[p - stride + 1, 4])
                after = -(matrix[p, 2] + matrix[p, 3] + matrix[p, 4])
                whole = max(matrix[p, 0] + matrix[p, 1] + matrix[p - 1, 1], before + after)
                if whole > 0:
                    shares[p, 0], shares[p, 2] = before / whole, after / whole
    for row in range(1, height, 2):
        for column in range(1, width, 2):
            p = (row + 1) * stride + column + 1
            whole = -matrix[p, 0]
            if whole == 0:
                continue
            left, right, up, down = matrix[p - 1, 1], matrix[p, 1], matrix[p - stride, 2], matrix[p, 2]
            above, below, west, east = shares[p - stride], shares[p + stride], shares[p - 1], shares[p + 1]
            shares[p, 0] = (matrix[p - stride - 1, 3] + up * above[0] + left * west[0]) / whole
            shares[p, 1] = (matrix[p - stride + 1, 4] + up * above[1] + right * east[0]) / whole
            shares[p, 2] = (matrix[p, 4] + down * below[0] + left * west[2]) / whole
            shares[p, 3] = (matrix[p, 3] + down * below[1] + right * east[2]) / whole


@compiled
def coarsen(matrix: Any, shares: Any, height: int, width: int, coarse: Any) -> None:
    """Write the coarse matrix: shares transposed times matrix times shares."""
    stride, wide = width + 2, (width + 1) // 2 + 2
    steps = np.array([0, 1, stride, stride + 1, stride - 1, -1, -stride, -stride - 1, -stride + 1])
    corners = np.array([0, 1, wide, wide + 1])
    places = np.full(wide + 2, -1)
    for number in range(5):
        places[np.array([0, 1, wide, wide + 1, wide - 1])[number]] = number
    for row in range(height):
        for column in range(width):
            p = (row + 1) * stride + column + 1
            here = (row // 2 + 1) * wide + column // 2 + 1
            for number in range(9):
                q = p + steps[number]
                entry = matrix[p, number] if number < 5 else matrix[q, number - 4]
                if entry == 0:
                    continue
                i, j = q // stride - 1, q % stride - 1
                there = (i // 2 + 1) * wide + j // 2 + 1
                for first in range(4):
                    part = shares[p, first] * entry
                    if part == 0:
                        continue
                    for second in range(4):
                        step = there + corners[second] - here - corners[first]
                        if shares[q, second] != 0 and step >= 0:
                            coarse[here + corners[first], places[step]] += part * shares[q, second]


@compiled
def restrict(shares: Any, height: int, width: int, fine: Any, coarse: Any) -> None:
    """Add up the fine cells' values by their shares."""
    wide = (width + 1) // 2 + 2
    coarse[:] = 0
    for row in range(height):
        for column in range(width):
            p = (row + 1) * (width + 2) + column + 1
            base = (row // 2 + 1) * wide + column // 2 + 1
            value = fine[p]
            coarse[base] += shares[p, 0] * value
            coarse[base + 1] += shares[p, 1] * value
            coarse[base + wide] += shares[p, 2] * value
            coarse[base + wide + 1] += shares[p, 3] * value


@compiled
def prolong(shares: Any, height: int, width: int, coarse: Any, fine: Any) -> None:
    """Add the coarse cells' values to the fine ones by their shares."""
    wide = (width + 1) // 2 + 2
    for row in range(height):
        for column in range(width):
            p = (row + 1) * (width + 2) + column + 1
            base = (row // 2 + 1) * wide + column // 2 + 1
            fine[p] += (
                shares[p, 0] * coarse[base]
                + shares[p, 1] * coarse[base + 1]
                + shares[p, 2] * coarse[base + wide]
                + shares[p, 3] * coarse[base + wide + 1]
            )
