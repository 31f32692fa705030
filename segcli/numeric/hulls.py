"""Convex hulls of regions of pixels, of all regions of a picture at once.

Every hull goes around the midpoints of the sides of its region's pixels, as in scikit-image. Coordinates are doubled,
so that they, and with them every decision, stay whole.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.runs import cut_runs

MOST_PAIRS = 1 << 17
"""Pairs of corners that are looked at together."""


class Spans(NamedTuple):
    """First and last pixel of rows of regions, sorted by region and row; (N,) whole numbers each."""

    region: Array
    row: Array
    first: Array
    last: Array


def hull_spans(spans: Spans) -> Spans:
    """Find the pixels whose centers lie in or on each region's hull, in every row from its first to its last.

    Examples
    --------
    >>> corner = Spans(*(np.array(part) for part in ([0, 0], [0, 2], [0, 0], [0, 2])))
    >>> [part.tolist() for part in hull_spans(corner)]
    [[0, 0, 0], [0, 1, 2], [0, 0, 0], [0, 1, 2]]
    """
    if not len(spans.region):
        return spans
    begins = np.flatnonzero(np.diff(spans.region, prepend=spans.region[0] - 1))
    ends = np.append(begins, len(spans.region))[1:] - 1
    heights = spans.row[ends] - spans.row[begins] + 1
    region = np.repeat(spans.region[begins], heights)
    row = np.arange(len(region)) - np.repeat(np.cumsum(heights) - heights - spans.row[begins], heights)
    first = _crossed(_chain(spans.region, spans.row, spans.first), region, row)
    last = -_crossed(_chain(spans.region, spans.row, -spans.last), region, row)
    return Spans(region, row, first, last)


def hull_corners(spans: Spans) -> tuple[Array, Array]:
    """Find the corners of each region's hull.

    Returns
    -------
    region : (M,), rising.
    points : (M, 2) x and y, doubled, in order around the hull of each region.
    """
    region, y, x = _chain(spans.region, spans.row, spans.first)
    other, y_back, x_back = _chain(spans.region, spans.row, -spans.last)
    # Down on the left, up on the right; at the top and at the bottom both may meet in one point.
    at = np.searchsorted(region, other)
    lowest = np.searchsorted(region, other, side="right") - 1
    meets = ((y_back == y[at]) & (-x_back == x[at])) | ((y_back == y[lowest]) & (-x_back == x[lowest]))
    other, y_back, x_back = other[~meets], y_back[~meets], x_back[~meets]
    place = np.concatenate([np.arange(len(y)), 2 * (len(y) + len(y_back)) - np.arange(len(y_back))])
    regions = np.concatenate([region, other])
    order = np.lexsort((place, regions))
    points = np.column_stack([np.concatenate([x, -x_back]), np.concatenate([y, y_back])])
    return regions[order], points[order]


def _chain(region: Array, row: Array, first: Array) -> tuple[Array, Array, Array]:
    """The left side of each region's hull, from top to bottom: region, y and x of its corners."""
    regions = np.repeat(region, 3)
    y = np.column_stack([2 * row - 1, 2 * row, 2 * row + 1]).reshape(-1)
    x = np.column_stack([2 * first, 2 * first - 1, 2 * first]).reshape(-1)
    # Where two rows meet, two points lie side by side.
    meet = np.flatnonzero((np.diff(regions) == 0) & (np.diff(y) == 0))
    x[meet] = np.minimum(x[meet], x[meet + 1])
    keep = np.ones(len(y), bool)
    keep[meet + 1] = False
    regions, y, x = regions[keep], y[keep], x[keep]
    # A point that lies inside or on the line between its neighbors is no corner; all of them go at once.
    while True:
        down, across = np.diff(y), np.diff(x)
        inside = (across[:-1] * down[1:] >= across[1:] * down[:-1]) & (regions[:-2] == regions[2:])
        if not inside.any():
            return regions, y, x
        keep = np.append(np.append(True, ~inside), True)
        regions, y, x = regions[keep], y[keep], x[keep]


def _crossed(chain: tuple[Array, Array, Array], region: Array, row: Array) -> NDArray[np.int64]:
    """The first pixel in each row that does not lie left of a chain."""
    regions, y, x = chain
    low = min(int(y.min()), int(2 * row.min()))
    wide = max(int(y.max()), int(2 * row.max())) - low + 1
    after = np.searchsorted(regions * wide + y - low, region * wide + 2 * row - low)
    before = after - 1
    down = y[after] - y[before]
    # Upwards to whole pixels of twice the size.
    crossed = x[before] * down + (x[after] - x[before]) * (2 * row - y[before])
    return np.asarray(-(-crossed // (2 * down)), np.int64)


def fill_hulls(labels: Labels) -> Labels:
    """Fill the convex hull of each object; all keep their own pixels, and of those that lay free the first takes all.

    Examples
    --------
    >>> fill_hulls(np.array([[1, 0, 0], [1, 0, 0], [1, 1, 1]], np.int32)).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    runs = cut_runs(labels)
    hulls = hull_spans(Spans(*runs.rows))
    length = hulls.last - hulls.first + 1
    begins = np.cumsum(length) - length
    places = np.arange(length.sum()) + np.repeat(hulls.row * labels.shape[1] + hulls.first - begins, length)
    filled = np.zeros(labels.size, labels.dtype)
    # Of values for one place the last one stays.
    filled[places[::-1]] = np.repeat(runs.labels[hulls.region], length)[::-1]
    return np.where(labels > 0, labels, filled.reshape(labels.shape))


def feret_diameters(
    spans: Spans, count: int, scale: tuple[float, float] = (1.0, 1.0)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the longest and the shortest distance between two parallel lines that enclose each region.

    The outline is that of the pixels of the convex hull, as scikit-image takes it for feret_diameter_max.

    Parameters
    ----------
    spans : of regions 0 to count - 1, each with a row at least.
    count : number of regions.
    scale : width and height of a pixel, in units of the result.
    """
    region, doubled = hull_corners(hull_spans(spans))
    points = doubled * (np.array(scale) / 2)
    longest, shortest = np.zeros(count), np.full(count, np.inf)
    corners = np.bincount(region, minlength=count)
    starts = np.cumsum(corners) - corners
    pairs = np.cumsum(corners**2)
    cuts = np.searchsorted(pairs, np.arange(0, pairs[-1] if count else 0, MOST_PAIRS), side="right")
    for low, high in pairwise([*cuts.tolist(), count]):
        if low == high:
            continue
        one, other = _pairs(np.arange(low, high), starts, corners)
        begins = np.flatnonzero(np.diff(one, prepend=-1))
        here = one[begins]
        owner = region[here]
        after = np.where(here + 1 < starts[owner] + corners[owner], here + 1, starts[owner])
        edge = points[after] - points[here]
        edge /= np.hypot(*edge.T)[:, None]
        apart, edges = points[other] - points[one], edge[one - here[0]]
        from_edge = np.abs(edges[:, 0] * apart[:, 1] - edges[:, 1] * apart[:, 0])
        # The farthest from each corner, and from each edge; then the most and the least of the region.
        np.maximum.at(longest, owner, np.maximum.reduceat((apart**2).sum(axis=1), begins))
        np.minimum.at(shortest, owner, np.maximum.reduceat(from_edge, begins))
    return np.sqrt(longest), shortest


def _pairs(regions: Array, starts: Array, corners: Array) -> tuple[Array, Array]:
    """All pairs of corners within each of some regions, sorted by the first."""
    own = corners[regions]
    one = np.arange(starts[regions[0]], starts[regions[0]] + own.sum())
    repeats = np.repeat(own, own)
    ends = np.cumsum(repeats)
    other = np.arange(ends[-1]) - np.repeat(ends - repeats - np.repeat(starts[regions], own), repeats)
    return np.repeat(one, repeats), other
