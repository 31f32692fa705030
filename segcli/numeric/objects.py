"""From what is said of each pixel to objects that are counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels, Mask
from segcli.numeric.components import connected_components
from segcli.numeric.distance import distance_to_background, squared
from segcli.numeric.flood import flood
from segcli.numeric.peaks import local_maxima

NEAREST_MIDDLES = 10
"""Pixels between the middles of two objects at least, where objects are parted at their necks."""

NECK = 0.9
"""Width of a neck at most, over that of the thinner object beside it."""


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
        found = parts_at_necks(mask) if split else connected_components(mask)[0]
        objects[mask] = found[mask] + objects.max()
    return objects


def parts_at_necks(mask: Mask) -> Labels:
    """Part a mask at its necks, by the watershed of the distance to the background.

    Two basins stay apart where the mask is narrower between them than 0.9 times the width of the thinner one; a long
    object of even width is one, however many maxima its distances have.

    Examples
    --------
    >>> two = np.zeros((11, 25), bool)
    >>> two[1:10, 1:10] = two[5, 10:15] = two[1:10, 15:24] = True
    >>> parts_at_necks(two)[5, ::4].tolist()
    [0, 1, 1, 1, 2, 2, 0]
    """
    distance = distance_to_background(mask)
    rows, columns = local_maxima(distance, NEAREST_MIDDLES).T
    middles = np.zeros(mask.shape, np.int32)
    middles[rows, columns] = np.arange(1, len(rows) + 1)
    heights = squared(distance)
    parts = flood(np.negative(heights, out=heights), middles, mask, connectivity=4, fill_unmarked=True)
    return _joined(parts, distance)


def _joined(parts: Labels, distance: Array) -> Labels:
    """Join parts that no neck lies between, the widest passage first; numbered anew, in their order."""
    wide = np.int64(parts.max()) + 1
    width = np.zeros(wide, np.float32)
    np.maximum.at(width, parts.ravel(), distance.ravel())
    keys, passages = [], []
    for axis in (0, 1):
        length = parts.shape[axis] - 1
        one, other = (parts.take(range(first, first + length), axis) for first in (0, 1))
        meet = np.nonzero((one != other) & (one > 0) & (other > 0))
        keys.append(np.minimum(one, other)[meet] * wide + np.maximum(one, other)[meet])
        passages.append(np.minimum(*(distance.take(range(first, first + length), axis)[meet] for first in (0, 1))))
    pairs, place = np.unique(np.concatenate(keys), return_inverse=True)
    passage = np.zeros(len(pairs), np.float32)
    np.maximum.at(passage, place, np.concatenate(passages))
    owner = np.arange(wide)
    for pair in np.argsort(-passage, kind="stable"):
        low, high = sorted(_root(owner, int(part)) for part in divmod(pairs[pair], wide))
        if low != high and passage[pair] >= NECK * min(width[low], width[high]):
            owner[high], width[low] = low, max(width[low], width[high])
    roots = np.array([_root(owner, part) for part in range(wide)])
    return np.unique(roots, return_inverse=True)[1].astype(np.int32)[parts]


def _root(owner: Array, part: int) -> int:
    """The part that a part was joined to, at the end of the chain, which is cut short."""
    while owner[part] != part:
        owner[part] = owner[owner[part]]
        part = int(owner[part])
    return part


def parts_of_objects(labels: Labels) -> Labels:
    """Part each object at its necks, by itself; parts are numbered 1..n, object after object.

    Examples
    --------
    >>> two = np.zeros((11, 25), np.int32)
    >>> two[1:10, 1:10] = two[5, 10:15] = 2
    >>> two[1:10, 15:24] = 1
    >>> parts_of_objects(two)[5, ::4].tolist()
    [0, 2, 2, 2, 1, 1, 0]
    """
    groups = _groups_that_touch_nobody(labels)
    parts = np.zeros(labels.shape, np.int32)
    for group in range(1, int(groups.max()) + 1):
        mask = (groups == group)[labels]
        found = parts_at_necks(mask)
        parts[mask] = found[mask] + parts.max()
    owner = np.zeros(int(parts.max()) + 1, np.int64)
    owner[parts.ravel()] = labels.ravel()
    rank = np.zeros(len(owner), np.int32)
    rank[np.lexsort((np.arange(len(owner)), owner))] = np.arange(len(owner))
    return rank[parts]


def _groups_that_touch_nobody(labels: Labels) -> NDArray[np.intp]:
    """A group, from 1, for each label that occurs, so that no two objects of a group touch; 0 for all others."""
    height, width = labels.shape
    wide = np.int64(labels.max()) + 1
    pairs = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one = labels[: height - down, max(-right, 0) : width - max(right, 0)]
        other = labels[down:, max(right, 0) : width + min(right, 0)]
        meet = (one != other) & (one > 0) & (other > 0)
        lower, higher = np.minimum(one[meet], other[meet]), np.maximum(one[meet], other[meet])
        pairs.append(np.unique(higher * wide + lower))
    before: dict[int, set[int]] = {}
    groups = (np.bincount(labels.ravel()) > 0).astype(np.intp)
    groups[0] = 0
    for higher, lower in (divmod(pair, int(wide)) for pair in np.unique(np.concatenate(pairs)).tolist()):
        before.setdefault(higher, set()).add(lower)
    for number in sorted(before):
        taken = {groups[lower] for lower in before[number]}
        groups[number] = next(group for group in range(1, len(taken) + 2) if group not in taken)
    return groups
