"""Connected components of a mask."""

from __future__ import annotations

from typing import Literal

import numpy as np

from segcli.arrays import Array, Labels


def connected_components(mask: Array, connectivity: Literal[4, 8] = 8) -> tuple[Labels, int]:
    """Find the connected components of a mask.

    Parameters
    ----------
    mask : (H, W) bool or uint8
        Foreground where it is not 0.
    connectivity : 4 or 8
        Whether pixels that share only a corner are connected (8).

    Returns
    -------
    labels : (H, W) int32
        0 on the background, 1..count on the components, in the order in which a reader of the picture
        (row by row, left to right) meets their first pixels.
    count : int
        Number of components.

    Examples
    --------
    >>> connected_components(np.array([[1, 0, 1]], np.uint8))[0].tolist()
    [[1, 0, 2]]
    """
    from segcli.opencv import cv2

    pixels = np.ascontiguousarray(mask).view(np.uint8)
    # This algorithm, unlike the block-based default, numbers in reading order.
    count, labels = cv2.connectedComponentsWithAlgorithm(pixels, connectivity, cv2.CV_32S, cv2.CCL_SAUF)
    return np.asarray(labels), count - 1
