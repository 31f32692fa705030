"""From what is said of each pixel to objects that are counted."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array, Labels, Mask
from segcli.numeric.components import connected_components
from segcli.numeric.distance import distance_to_background, squared
from segcli.numeric.flood import flood
from segcli.numeric.peaks import local_maxima

NEAREST_MIDDLES = 10
"""Pixels between the middles of two objects at least, where objects are parted at their necks."""


def objects_from_borders(area: Mask, interior: Mask, heights: Array) -> tuple[Labels, Labels]:
    """Give every object its rim back: flood from the insides over the area.

    Parameters
    ----------
    area : (H, W) bool; insides and borders.
    interior : (H, W) bool; each of its components is an object.
    heights : (H, W) whole numbers; low where a pixel is surely inside, high where it is surely border.

    Returns
    -------
    objects, seeds : (H, W) int32, numbered in reading order of the insides. Parts of the area without an inside, which
        objects of few pixels are, come last.

    Examples
    --------
    >>> area = np.array([[0, 1, 1, 1, 1, 1, 1, 0]], bool)
    >>> interior = np.array([[0, 0, 1, 0, 0, 1, 0, 0]], bool)
    >>> objects_from_borders(area, interior, 255 * ~interior)[0].tolist()
    [[0, 1, 1, 1, 2, 2, 2, 0]]
    """
    seeds = connected_components(interior & area, 4)[0]
    return flood(heights, seeds, area, connectivity=4, fill_unmarked=True), seeds


def objects_from_classes(classes: Array, split: bool = False) -> Labels:
    """Number the connected parts of each class but 0, class after class.

    Parameters
    ----------
    classes : (H, W) whole numbers.
    split : part those that touch at necks, by the watershed of the distance to the border.

    Examples
    --------
    >>> objects_from_classes(np.array([[1, 1, 0, 1, 2, 2]])).tolist()
    [[1, 1, 0, 2, 3, 3]]
    """
    objects = np.zeros(classes.shape, np.int32)
    for number in np.unique(classes[classes > 0]):
        mask = classes == number
        found = _split(mask) if split else connected_components(mask)[0]
        objects[mask] = found[mask] + objects.max()
    return objects


def _split(mask: Mask) -> Labels:
    """The watershed of the distance to the background."""
    distance = distance_to_background(mask)
    rows, columns = local_maxima(distance, NEAREST_MIDDLES).T
    middles = np.zeros(mask.shape, np.int32)
    middles[rows, columns] = np.arange(1, len(rows) + 1)
    heights = squared(distance)
    return flood(np.negative(heights, out=heights), middles, mask, connectivity=4, fill_unmarked=True)
