"""Opening and closing by a Euclidean disc, in constant time for any radius."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Mask
from segcli.numeric.distance import distance_to_background, squared


def opened(mask: Mask, radius: int) -> Mask:
    """Keep what a disc covers that fits into the mask: whiskers, specks and thin necks go.

    Parameters
    ----------
    mask : (H, W) bool
    radius : int
        Of the disc, in pixels: all pixels whose centers lie no further than this from its middle. What lies outside
        of the picture does not count, as in scikit-image's mode "ignore".

    Examples
    --------
    >>> opened(np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], bool), 1).astype(int).tolist()
    [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]]
    """
    return _grown(_shrunk(mask, radius), radius)


def closed(mask: Mask, radius: int) -> Mask:
    """Add what no disc covers that lies wholly outside the mask: cracks, dents and small holes fill.

    Parameters
    ----------
    mask : (H, W) bool
    radius : int
        Of the disc, in pixels, as in `opened`. A gap between the mask and the picture's edge that is too narrow for
        the disc fills too.

    Examples
    --------
    >>> closed(np.array([[1, 1, 0, 1, 1]], bool), 1).astype(int).tolist()
    [[1, 1, 1, 1, 1]]
    """
    return _shrunk(_grown(mask, radius), radius)


def _shrunk(mask: Mask, radius: int) -> Mask:
    """Keep pixels that have no background within the radius."""
    return mask if mask.all() else np.greater(squared(distance_to_background(mask)), radius**2)


def _grown(mask: Mask, radius: int) -> Mask:
    """Add pixels that have foreground within the radius."""
    return np.less_equal(squared(distance_to_background(~mask)), radius**2) if mask.any() else mask
