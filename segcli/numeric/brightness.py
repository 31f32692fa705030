"""Changes to the brightness of a picture that leave its colors their tint."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array, Color, Gray
from segcli.numeric.forms import as_gray


def full_scale(image: Array) -> tuple[float, float]:
    """The least and the greatest value that there can be: of the type, or of the picture where it holds floats."""
    if image.dtype.kind == "f":
        return float(image.min()), float(image.max())
    return 0.0, float(np.iinfo(image.dtype).max)


def settled(values: Array, like: Array) -> Array:
    """Numbers in the type of a picture, rounded and cut off where that holds whole numbers."""
    if like.dtype.kind == "f":
        return values.astype(like.dtype)
    low, high = full_scale(like)
    return np.clip(np.rint(values), low, high).astype(like.dtype)


def with_brightness(image: Gray | Color, brightness: Array) -> Array:
    """Give a picture another brightness: all channels of a color picture move by as much as its luma does.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    brightness : (H, W) float32 or float64, in the picture's own units.

    Returns
    -------
    array of the picture's shape and type, rounded, and cut off at the ends of a whole type.

    Examples
    --------
    >>> with_brightness(np.array([[[10, 10, 40]]], np.uint8), np.array([[23.0]])).tolist()
    [[[20, 20, 50]]]
    """
    if image.ndim == 2:
        return settled(brightness, image)
    change = brightness - as_gray(image).astype(np.float32)
    return settled(image + change[:, :, None], image)
