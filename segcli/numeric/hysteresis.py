"""Hysteresis: weak responses count where they hang together with strong ones."""

from __future__ import annotations

from typing import Literal

import numpy as np

from segcli.arrays import Array, Mask


def hysteresis(
    response: Array, low: float, high: float, connectivity: Literal[4, 8] = 8, valid: Array | None = None
) -> Mask:
    """Find the connected parts above the low level that reach above the high one.

    Parameters
    ----------
    response : (H, W) numbers
    low, high : a pixel equal to a level belongs below it.
    connectivity : 4 or 8
    valid : (H, W) bool or None
        Pixels left out connect nothing.

    Returns
    -------
    (H, W) bool

    References
    ----------
    J. Canny, "A computational approach to edge detection",
    IEEE Trans. Pattern Analysis and Machine Intelligence 8(6), 679-698, 1986, section VI.

    Examples
    --------
    >>> hysteresis(np.array([[5, 3, 1, 3, 0]]), low=2, high=4).tolist()
    [[True, True, False, False, False]]
    """
    from segcli.opencv import cv2

    weak, strong = response > low, response > high
    if valid is not None:
        weak, strong = weak & valid, strong & valid
    count, parts = cv2.connectedComponents(weak.view(np.uint8), connectivity=connectivity)
    kept = np.zeros(count, bool)
    kept[parts[strong & weak]] = True
    kept[0] = False
    return np.asarray(kept[parts])
