"""Pixels that are left out: what filters see in their place."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array
from segcli.numeric.trimaps import extent_of

Window = tuple[slice, slice]


def window_of(valid: Array | None, shape: tuple[int, ...]) -> Window:
    """The smallest rectangle around the pixels that count; everything where all do."""
    box = extent_of(valid, shape)
    return slice(box.top, box.bottom), slice(box.left, box.right)


def placed(plane: Array, window: Window, shape: tuple[int, ...]) -> Array:
    """A plane in its window of a whole picture's size, 0 outside."""
    if plane.shape[:2] == tuple(shape[:2]):
        return plane
    whole = np.zeros((*shape[:2], *plane.shape[2:]), plane.dtype)
    whole[window] = plane
    return whole


def extended(image: Array, valid: Array | None) -> Array:
    """The picture with each left-out pixel given the value of the nearest that counts, so that no edge lies between."""
    if valid is None or valid.all() or not valid.any():
        return image
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(~valid, return_distances=False, return_indices=True)
    return np.asarray(image[rows, columns])
