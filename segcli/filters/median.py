"""The median of a square window."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segcli.arrays import Array, Color, Gray, Param

QUICK = 2
"""Largest radius for which OpenCV takes any type; it takes 8 bits with any radius."""


def median(image: Gray | Color, *, radius: Annotated[int, Param(min=1, max=50, unit="pixels")] = 1) -> Array:
    """Replace each pixel by the median of its surroundings: specks go, edges stay.

    Thin lines and corners narrower than the radius go too.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    radius : int
        The window's side is 2 radius + 1. Each channel by itself.

    Returns
    -------
    array of the picture's shape and type.
    """
    side = 2 * radius + 1
    if radius <= QUICK or image.dtype == np.uint8:
        from segcli.opencv import cv2

        return np.asarray(cv2.medianBlur(np.ascontiguousarray(image), side))
    from scipy.ndimage import median_filter

    # At the border as OpenCV has it.
    size = (side, side) if image.ndim == 2 else (side, side, 1)
    return np.asarray(median_filter(image, size=size, mode="nearest"))
