"""Convex hulls of regions of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Mask


def hull_corners(row: Array, left: Array, right: Array) -> NDArray[np.int32]:
    """Find the convex hull around the midpoints of the sides of all pixels of a region.

    Parameters
    ----------
    row, left, right : (N,) whole numbers; first and last pixel of each row that has any.

    Returns
    -------
    (M, 2) int32
        x and y of the corners, doubled so that they stay whole, in order around the hull.
    """
    from segcli.opencv import cv2

    x = 2 * np.concatenate([left, right, left, right, left, right])
    y = 2 * np.concatenate([row, row, row, row, row, row])
    count = len(row)
    x[:count] -= 1
    x[count : 2 * count] += 1
    y[2 * count : 4 * count] -= 1
    y[4 * count :] += 1
    return np.asarray(cv2.convexHull(np.stack([x, y], axis=1).astype(np.int32))[:, 0, :], np.int32)


def hull_rows(corners: Array, top: int, bottom: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the first and the last pixel in each row whose center lies in or on a hull.

    Parameters
    ----------
    corners : (M, 2) from `hull_corners`.
    top, bottom : int
        First and last row of the region.

    Examples
    --------
    >>> first, last = hull_rows(hull_corners(np.array([0, 2]), np.array([0, 0]), np.array([0, 2])), 0, 2)
    >>> first.tolist(), last.tolist()
    ([0, 0, 0], [0, 1, 2])
    """
    hull = np.roll(corners, -int(np.argmin(corners[:, 1])), axis=0)
    lowest = int(np.argmax(hull[:, 1]))
    levels = 2 * np.arange(top, bottom + 1)
    going = np.interp(levels, hull[: lowest + 1, 1], hull[: lowest + 1, 0])
    back = np.vstack([hull[lowest:], hull[:1]])[::-1]
    returning = np.interp(levels, back[:, 1], back[:, 0])
    # The slack is far above rounding and far below the least distance from a line that is not zero.
    first = np.ceil(np.minimum(going, returning) / 2 - 1e-9)
    last = np.floor(np.maximum(going, returning) / 2 + 1e-9)
    return first.astype(np.int64), last.astype(np.int64)


def hull_of(mask: Mask) -> Mask:
    """Fill the convex hull of a mask, as scikit-image's convex_hull_image does.

    Examples
    --------
    >>> hull_of(np.array([[1, 0, 0], [1, 0, 0], [1, 1, 1]], bool)).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return mask.copy()
    left = mask[rows].argmax(axis=1)
    right = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    top, bottom = int(rows[0]), int(rows[-1])
    first, last = hull_rows(hull_corners(rows, left, right), top, bottom)
    columns = np.arange(mask.shape[1])
    hull = np.zeros(mask.shape, bool)
    hull[top : bottom + 1] = (columns >= first[:, None]) & (columns <= last[:, None])
    return hull
