"""The weights of pixels by which U-Net learns to keep touching cells apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.distance import distance_to_background


def weight_map(
    instances: Array,
    *,
    border: float = 10.0,
    sigma: float = 5.0,
    class_weights: tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """Weigh pixels by class, and background between cells by how narrow it is.

    w = w_c + border exp(-(d1 + d2)^2 / (2 sigma^2)), the second term on the background only, with d1 and d2 the
    distances to the nearest and to the second nearest *cell*. It needs one label a cell: on a mask of all cells
    there is no second one, and with fewer than two cells the term is 0.

    Parameters
    ----------
    instances : (H, W) whole numbers
        0 is background; every other value is a cell.
    border : weight of a background pixel that both cells touch, were it of no width; w0 in the paper.
    sigma : pixels
    class_weights : w_c of background and cells. By default half the inverse of their shares of this picture, which
        makes the two weigh the same and the mean of w_c 1; a class that is absent leaves the other at 1.

    Returns
    -------
    (H, W) float32

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image segmentation", MICCAI,
    2015, equation 2.

    Examples
    --------
    >>> weight_map(np.array([[0, 1, 1, 0, 2, 2, 0]]), class_weights=(0, 0)).astype(float).round(4).tolist()
    [[6.0653, 0.0, 0.0, 9.2312, 0.0, 0.0, 6.0653]]
    """
    instances = np.asarray(instances)
    cells = instances != 0
    background, foreground = _balance(cells) if class_weights is None else class_weights
    weights = np.where(cells, np.float32(foreground), np.float32(background))
    distances = two_nearest(instances)
    if distances is not None:
        gap = np.add(*distances)
        weights += np.where(cells, np.float32(0), np.float32(border) * np.exp(-(gap**2) / np.float32(2 * sigma**2)))
    return weights


def two_nearest(instances: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return the distances to the nearest and to the second nearest cell.

    None with fewer than two cells. Exact but for float32 rounding.

    Cells are numbered, and split by each binary digit of their numbers into two sides. The nearer side is d1 away. The
    farther side holds some cell other than the nearest, so it is never nearer than d2; and at a digit in which the
    two nearest cells differ it is d2 away. So d2 is the least distance of the farther side, over all digits: two
    distance transforms a digit, 20 for 1,000 cells.
    """
    cells = instances != 0
    names, numbers = np.unique(instances[cells], return_inverse=True)
    if len(names) < 2:
        return None
    number = np.zeros(instances.shape, np.int64)
    number[cells] = numbers
    nearest = second = np.full(instances.shape, np.inf, np.float32)
    for digit in range((len(names) - 1).bit_length()):
        side = (number >> digit & 1).astype(bool)
        one, other = distance_to_background(~(cells & side)), distance_to_background(~(cells & ~side))
        nearest = np.minimum(nearest, np.minimum(one, other))
        second = np.minimum(second, np.maximum(one, other))
    return nearest, second


def _balance(cells: Array) -> tuple[float, float]:
    """Half the inverse shares of background and cells; 1 for both where one is absent."""
    share = float(np.mean(cells)) if cells.size else 0.0
    return (0.5 / (1 - share), 0.5 / share) if 0 < share < 1 else (1.0, 1.0)
