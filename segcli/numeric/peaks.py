"""Local maxima that keep a distance from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.components import connected_components

_SPARSE = 10
"""Reading a window pixel by pixel costs about as much as moving a maximum over this many pixels by one."""

WIDEST_SCAN = 16
"""Up to this radius it is quicker to compare a few candidates with every pixel around them than to filter the image."""


def local_maxima(image: NDArray[np.float32], min_distance: int, above: float = 0.0) -> NDArray[np.intp]:
    """Find the pixels that are the largest of a square window of 2 min_distance + 1 pixels around them.

    Of pixels that touch each other and are equally high, a plateau, the one nearest to their center of gravity
    stands for all. Of equally high peaks less than `min_distance` apart, the first in reading order stays. Peaks at
    the picture's edge count. Distances are the larger of rows and columns (Chebyshev).

    Parameters
    ----------
    image : (H, W) float32
    min_distance : int
        In pixels, at least 1.
    above : float
        Only pixels above this are peaks.

    Returns
    -------
    (N, 2) int
        Row and column of each peak, in reading order.

    Examples
    --------
    >>> local_maxima(np.array([[0, 2, 2, 2, 0, 1, 0]], np.float32), 1).tolist()
    [[0, 2], [0, 5]]
    """
    peaks = _highest(image, 3) & (image > above)
    width = 2 * min_distance + 1
    rows, columns = np.divmod(np.flatnonzero(peaks), image.shape[1])
    if _SPARSE * len(rows) * width < image.size:
        rows, columns = _highest_of_window(image, rows, columns, min_distance)
    elif width > 3:
        rows, columns = np.nonzero(peaks & _highest(image, width))
    points = _plateau_centers(np.column_stack([rows, columns]), peaks)
    if min_distance == 1:
        return points
    return _apart(points, image[points[:, 0], points[:, 1]], min_distance)


def _highest(image: Array, width: int) -> NDArray[np.bool_]:
    """Say which pixels no other exceeds in the square window around them."""
    from segcli.opencv import cv2

    return np.equal(image, cv2.dilate(image, np.ones((width, width), np.uint8)).reshape(image.shape))


def _highest_of_window(
    image: Array, rows: NDArray[np.intp], columns: NDArray[np.intp], radius: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Keep those of a few pixels that no other exceeds in the square window around them."""
    bottom, right = image.shape[0] - 1, image.shape[1] - 1
    reach = range(-radius, radius + 1)
    # The rim comes first: there most pixels of a slope already meet their master.
    for down, across in sorted(((y, x) for y in reach for x in reach), key=lambda step: -max(map(abs, step))):
        there = image[np.clip(rows + down, 0, bottom), np.clip(columns + across, 0, right)]
        kept = image[rows, columns] >= there
        if not kept.all():
            rows, columns = rows[kept], columns[kept]
    return rows, columns


def _plateau_centers(points: NDArray[np.intp], plane: NDArray[np.bool_]) -> NDArray[np.intp]:
    """One point for each group of touching points: the one nearest to the group's center. The plane is scratch."""
    rows, columns = points.T
    plane[:] = False
    plane[rows, columns] = True
    group = connected_components(plane)[0][rows, columns]
    sizes = np.bincount(group)[1:, None]
    sums = np.column_stack([np.bincount(group, points[:, axis])[1:] for axis in (0, 1)])
    # Whole numbers, so that pixels equally near to the center tie exactly and the first one is taken.
    offset = points * sizes[group - 1] - sums[group - 1]
    order = np.lexsort(((offset**2).sum(axis=1), group))
    chosen = order[np.flatnonzero(np.diff(group[order], prepend=0))]
    return points[np.sort(chosen)]


def _apart(points: NDArray[np.intp], heights: Array, min_distance: int) -> NDArray[np.intp]:
    """Drop points nearer than min_distance to a higher one or to an equal one that comes first."""
    kept: dict[tuple[int, int], tuple[int, int]] = {}
    chosen = []
    for index in np.argsort(-heights, kind="stable").tolist():
        row, column = points[index].tolist()
        # A square cell of this width holds one kept point at most.
        down, across = row // min_distance, column // min_distance
        near = (kept.get((down + y, across + x)) for y in (-1, 0, 1) for x in (-1, 0, 1))
        if all(p is None or max(abs(p[0] - row), abs(p[1] - column)) >= min_distance for p in near):
            kept[down, across] = (row, column)
            chosen.append(index)
    return points[np.sort(np.array(chosen, np.intp))]
