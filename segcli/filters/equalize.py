"""Histogram equalization."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array, Color, Gray, Valid
from segcli.numeric.brightness import full_scale, with_brightness
from segcli.numeric.forms import as_gray


def equalize(image: Gray | Color, *, valid: Valid = None) -> Array:
    """Stretch the gray levels so that all are equally frequent.

    Makes pictures of different exposure alike. It lifts noise in even areas (see clahe), and what remains of a
    histogram's humps is of no use to otsu.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Of color pictures the luma is equalized, and the colors move along.
    valid : (H, W) bool or None
        Pixels that are counted.

    Returns
    -------
    array of the picture's shape and type
        From 0 to the full scale of whole numbers; floats stay within the picture's own range. A picture of one
        level is left as it is.

    Examples
    --------
    >>> equalize(np.array([[10, 20, 20, 30]], np.uint8)).tolist()
    [[0, 170, 170, 255]]
    """
    gray = as_gray(image)
    counted = gray if valid is None else gray[valid]
    levels, counts = np.unique(counted, return_counts=True)
    if len(levels) == 1:
        return image.copy()
    low, high = full_scale(gray)
    share = (np.cumsum(counts) - counts[0]) / (counts.sum() - counts[0])
    # Levels of pixels that do not count may lie between those that do.
    return with_brightness(image, np.interp(gray, levels, low + share * (high - low)))
