"""Exact Euclidean distance to the background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array


def distance_to_background(mask: Array) -> NDArray[np.float32]:
    """Return every pixel's Euclidean distance to the nearest background pixel, 0 on the background.

    Exact but for float32 rounding: within 4e-6 pixels up to a distance of 50 pixels, one part in a million beyond.
    The picture's edge is not background. A mask without any background pixel is measured to the outside of the
    picture, so that the answer is finite.

    Parameters
    ----------
    mask : (H, W) bool or uint8
        Foreground where it is not 0.

    References
    ----------
    P. Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled functions",
    Theory of Computing 8, 415-428, 2012.

    Examples
    --------
    >>> distance_to_background(np.array([[0, 1, 1, 1]], np.uint8)).tolist()
    [[0.0, 1.0, 2.0, 3.0]]
    """
    from segcli.opencv import cv2

    pixels = np.ascontiguousarray(mask).view(np.uint8)
    if pixels.all():
        framed = cv2.copyMakeBorder(pixels, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        inside = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        return np.ascontiguousarray(inside, np.float32)
    return np.asarray(cv2.distanceTransform(pixels, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def squared(distance: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the squares of Euclidean distances as the whole numbers that they are on a pixel grid.

    Exact up to a distance of 500 pixels; beyond, off by at most one part in 200,000.
    """
    from segcli.opencv import cv2

    return np.asarray(cv2.multiply(distance, distance, dtype=cv2.CV_32S), np.int32).reshape(distance.shape)
