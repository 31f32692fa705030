"""Mean and deviation in a square window around every pixel, in a time that does not depend on its size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import SettingError
from segcli.numeric.outside import placed, window_of

WIDEST = 9999
"""Largest side of a window, in pixels."""


def check_window(window: int) -> None:
    """Refuse a window without a middle.

    Raises
    ------
    SettingError : an even side.
    """
    if window % 2 == 0:
        raise SettingError("window", f"is {window}; it must be odd, such as {window + 1}.")


def local_statistics(
    image: Array, window: int, valid: Array | None = None, *, deviations: bool = True
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of the pixels in the window around each pixel.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
    window : odd side of the square, in pixels. Beyond the border the picture is mirrored.
    valid : (H, W) bool or None
        Pixels that count; the picture ends where the rectangle around them does.
    deviations : compute them; otherwise the second plane is empty.

    Returns
    -------
    means, deviations : (H, W) float32, in image units; 0 where no pixel of the window counts.

    Examples
    --------
    >>> means, deviations = local_statistics(np.array([[0, 3, 6]], np.uint8), 3)
    >>> means.tolist(), deviations[0, 1].round(4)
    ([[2.0, 3.0, 4.0]], np.float32(2.4495))
    """
    place = window_of(valid, image.shape)
    part = image[place]
    counted = None if valid is None else valid[place]
    if counted is not None and counted.all():
        counted = None
    if not deviations and counted is None:
        means = _moments(np.ascontiguousarray(part), window, None, False)[0]
        return placed(means, place, image.shape), np.empty((0, 0), np.float32)
    # Near zero, squares lose no digits.
    middle = np.float32(part.mean(dtype=np.float64) if counted is None else part[counted].mean(dtype=np.float64))
    centered = part.astype(np.float32)
    centered -= middle
    means, spread = _moments(centered, window, counted, deviations)
    means += middle
    means = placed(means, place, image.shape)
    return means, placed(spread, place, image.shape) if deviations else spread


def _moments(
    centered: Array, window: int, counted: Array | None, deviations: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of centered values over the counted pixels."""
    from segcli.opencv import cv2

    def averaged(values: Array, *, squared: bool = False) -> Any:
        how = cv2.sqrBoxFilter if squared else cv2.boxFilter
        return how(values, cv2.CV_32F, (window, window), borderType=cv2.BORDER_REFLECT_101)

    share: Any = None
    if counted is not None:
        share = averaged(counted.astype(np.float32))
        # Less than half a pixel is none, but for rounding.
        share = np.where(share > 0.5 / window**2, share, np.float32(np.inf))
        centered = np.where(counted, centered, np.float32(0))
    means = averaged(centered) if share is None else averaged(centered) / share
    if not deviations:
        return means, np.empty((0, 0), np.float32)
    squares = averaged(centered, squared=True) if share is None else averaged(centered, squared=True) / share
    variances: Any = cv2.subtract(squares, cv2.multiply(means, means))
    return means, np.asarray(cv2.sqrt(np.maximum(variances, 0, out=variances)), np.float32)
