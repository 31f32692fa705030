"""Counts that belong to each region of a picture: holes, pieces, neighbors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.distance import distance_to_background, squared
from segcli.numeric.runs import Runs

TOUCHING = 1.5
"""Pixels between the centers of pixels that share a side or a corner, rounded up."""


def euler_numbers(regions: Labels, labels: Array) -> NDArray[np.int64]:
    """Count pieces less holes of each region, 8-connected, from all windows of two by two pixels.

    Parameters
    ----------
    regions : (H, W); labels : (N,) the numbers in it, rising, without 0.

    References
    ----------
    S. B. Gray, "Local properties of binary images in two dimensions", IEEE Trans. Computers C-20(5), 551-561, 1971.
    """
    framed = np.pad(regions, 1)
    corners = np.stack([framed[:-1, :-1], framed[:-1, 1:], framed[1:, 1:], framed[1:, :-1]]).reshape(4, -1)
    # Windows inside a region, most of all, count nothing.
    corners = corners[:, (corners != corners[0]).any(axis=0)]
    fourfold = np.zeros(len(labels), np.int64)
    for place in range(4):
        same = corners == corners[place]
        new = (corners[place] > 0) & ~same[:place].any(axis=0)
        same, own = same[:, new], np.searchsorted(labels, corners[place, new])
        count = same.sum(axis=0)
        crossed = (count == 2) & (same[0] == same[2])
        worth = (count == 1).astype(np.int64) - (count == 3) - 2 * crossed
        fourfold += np.bincount(own, weights=worth, minlength=len(labels)).astype(np.int64)
    return np.asarray(fourfold // 4)


def piece_counts(regions: Labels, runs: Runs) -> NDArray[np.int64]:
    """Count the 8-connected pieces of each region."""
    from segcli.opencv import cv2

    counts = np.ones(len(runs.labels), np.int64)
    for index, (number, top, left, bottom, right) in enumerate(zip(runs.labels, *runs.bounds, strict=True)):
        own = (regions[top:bottom, left:right] == number).view(np.uint8)
        counts[index] = cv2.connectedComponents(own, connectivity=8)[0] - 1
    return counts


def neighbor_counts(regions: Labels, runs: Runs, reach: float = TOUCHING) -> NDArray[np.int64]:
    """Count the other regions that come near each: the centers of two of their pixels are at most `reach` apart."""
    count = len(runs.labels)
    pairs = _touching(regions) if reach < 2 else _near(regions, runs, reach)
    return np.bincount(np.searchsorted(runs.labels, pairs.ravel()), minlength=count).astype(np.int64)


def _touching(regions: Labels) -> Array:
    """(N, 2) pairs of numbers that share a side or a corner, each once."""
    height, width = regions.shape
    found = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one = regions[: height - down, max(-right, 0) : width - max(right, 0)]
        other = regions[down:, max(right, 0) : width + min(right, 0)]
        meet = (one != other) & (one > 0) & (other > 0)
        found.append(np.sort(np.column_stack([one[meet], other[meet]]), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _near(regions: Labels, runs: Runs, reach: float) -> Array:
    """(N, 2) pairs of numbers that come within a distance, each once."""
    margin = int(reach)
    found = [np.empty((0, 2), np.int64)]
    for number, top, left, bottom, right in zip(runs.labels, *runs.bounds, strict=True):
        window = regions[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin]
        others = np.unique(window)
        # Each pair is found from its lower number.
        if others[-1] <= number:
            continue
        distance = squared(distance_to_background(window != number))
        others = np.unique(window[(distance <= reach**2) & (window > number)])
        found.append(np.column_stack([np.full(len(others), number), others]))
    return np.concatenate(found)
