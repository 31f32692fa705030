"""Niblack: a threshold that follows the local mean and deviation."""

from __future__ import annotations

from typing import Annotated, Literal

from segcli.arrays import Gray, Param, Valid
from segcli.numeric.local_threshold import beside, is_flat
from segcli.numeric.windows import WIDEST, check_window, local_statistics
from segcli.segmentation import Segmentation


def niblack(
    image: Gray,
    *,
    valid: Valid = None,
    window: Annotated[int, Param(min=3, max=WIDEST, unit="pixels")] = 25,
    k: Annotated[float, Param(min=-10, max=10)] = 0.2,
    foreground: Literal["bright", "dark"] = "dark",
) -> Segmentation:
    """Cut each pixel some deviations beside the mean around it.

    The threshold is m - k s for dark objects and m + k s for bright ones, with mean m and standard deviation s of the
    window. Works for objects everywhere in the picture, under any light. Fails where there is nothing but ground:
    there, noise is cut as well (see sauvola).

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others are in no window and not in the result.
    window : int
        Side of the square around each pixel, odd: about twice as wide as the objects.
    k : float
        How many standard deviations beside the mean; more finds less.
    foreground : bright or dark
        Objects brighter or darker than their surround.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; a pixel equal to its threshold belongs below it.
        layers : local_threshold (H, W) float32, in image units.
        choices : foreground.

    Raises
    ------
    SettingError
        A window with an even side.

    Notes
    -----
        m(p) = mean of I over the window,   s(p) = root of (mean of I^2 - m(p)^2)
        T(p) = m(p) - k s(p)  for dark objects,   m(p) + k s(p)  for bright ones

    References
    ----------
    W. Niblack, "An introduction to digital image processing", Prentice-Hall, 115-116, 1986.

    Examples
    --------
    >>> import numpy as np
    >>> page = np.tile(np.linspace(90, 250, 60).astype(np.uint8), (20, 1))
    >>> page[8:12, ::10] //= 3
    >>> np.flatnonzero(niblack(page, window=11, k=1).labels[10]).tolist()
    [0, 10, 20, 30, 40, 50]
    """
    check_window(window)
    flat = is_flat(image, valid)
    if flat is not None:
        return flat
    means, deviations = local_statistics(image, window, valid)
    deviations *= -k if foreground == "dark" else k
    means += deviations
    return beside(image, means, foreground)
