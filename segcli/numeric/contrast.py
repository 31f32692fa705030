"""Links between neighboring pixels, weak where the image changes: the smoothness term of a graph cut."""

from __future__ import annotations

import math

import numpy as np

from segcli.arrays import Array

STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""(row, column) steps to the neighbors right, down, down-right and down-left; the first two make 4-connectivity."""


def pair_views(array: Array, step: tuple[int, int]) -> tuple[Array, Array]:
    """Views of an (H, W, ...) array: the pixels that have a neighbor at `step`, and those neighbors."""
    down, right = step
    height, width = array.shape[:2]
    near = array[: height - down, max(0, -right) : width - max(0, right)]
    return near, array[down:, max(0, right) : width - max(0, -right)]


def contrast_weights(
    image: Array, connectivity: int, sigma: float | None = None, valid: Array | None = None
) -> tuple[Array, float]:
    """Weigh every link by exp(-|Ip - Iq|^2 / (2 sigma^2)) / distance(p, q).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    connectivity : 4 or 8
    sigma : in the image's units; None takes the root of the mean squared difference of all neighbors.
    valid : (H, W) bool or None
        Links of pixels left out weigh nothing and do not enter the mean.

    Returns
    -------
    weights : (2 or 4, H, W) float32
        Links right, down, down-right, down-left, as `segcli.numeric.maxflow` takes them; 0 where they leave the image.
    sigma : float
        The one that was used; 0 where no two neighbors differ, and every link is then 1 / distance.
    """
    planes = [np.ascontiguousarray(plane, np.float32) for plane in np.atleast_3d(image).transpose(2, 0, 1)]
    steps = STEPS[: connectivity // 2]
    weights = np.zeros((len(steps), *image.shape[:2]), np.float32)
    total, count = 0.0, 0
    for weight, step in zip(weights, steps, strict=True):
        squares = pair_views(weight, step)[0]
        for plane in planes:
            near, far = pair_views(plane, step)
            difference = near - far
            difference *= difference
            squares += difference
        if valid is not None:
            near, far = pair_views(valid, step)
            squares[~(near & far)] = 0
            count += int(np.count_nonzero(near & far))
        else:
            count += squares.size
        total += float(squares.sum(dtype=np.float64))
    if sigma is None:
        sigma = math.sqrt(total / count) if count else 0.0
    for weight, step in zip(weights, steps, strict=True):
        squares = pair_views(weight, step)[0]
        if sigma > 0:
            squares *= np.float32(-0.5 / sigma**2)
        else:
            squares[...] = 0
        np.exp(squares, out=squares)
        squares /= np.float32(math.hypot(*step))
        if valid is not None:
            near, far = pair_views(valid, step)
            squares[~(near & far)] = 0
    return weights, sigma
