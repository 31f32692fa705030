"""Watershed superpixels: floods from a grid meet at the edges."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Labels, Param, Valid
from segcli.numeric.flood import flood
from segcli.numeric.outside import window_of
from segcli.numeric.partition import leave_flat, partition
from segcli.numeric.picture_graph import gradient, perceived
from segcli.segmentation import Segmentation


def watershed_superpixels(
    image: Gray | Color,
    *,
    valid: Valid = None,
    regions: Annotated[int, Param(min=1, max=1_000_000)] = 300,
    compactness: Annotated[float, Param(min=0, max=1e6)] = 0.01,
    connectivity: Literal[4, 8] = 4,
) -> Segmentation:
    """Part the picture into superpixels where floods from a grid of points meet.

    The gradient is flooded from the flattest pixel near each point of a grid; floods meet on its ridges. Works as a
    fast first step, and keeps to strong edges better than SLIC. Fails on noise, and where nothing but a slight change
    of color parts two objects.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units; its gradient is taken in L*a*b*. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others belong to no superpixel.
    regions : int
        About how many superpixels.
    compactness : float
        Gradient, in L*a*b* units a pixel, that a pixel of distance from the start counts as; 0 keeps to the edges
        alone.
    connectivity : 4 or 8
        Whether floods also pass corners.

    Returns
    -------
    Segmentation
        labels : (H, W) int32, superpixels 1..n; no background.
        numbers : regions, how many there are.
        layers : gradient (H, W) float32; markers (H, W) int32; means, each superpixel in its mean color.

    Notes
    -----
        height(p, marker) = |gradient of I at p| + compactness * distance(p, marker)
        label(p) = the marker of a grid whose flood reaches p first

    References
    ----------
    P. Neubert, P. Protzel, "Compact watershed and preemptive SLIC: on improving trade-offs of superpixel segmentation
    algorithms", International Conference on Pattern Recognition, 996-1001, 2014.

    Examples
    --------
    >>> halves = np.repeat(np.array([[0, 0, 0, 0, 200, 200, 200, 200]], np.uint8), 4, axis=0)
    >>> watershed_superpixels(halves, regions=2).labels[0].tolist()
    [1, 1, 1, 1, 2, 2, 2, 2]
    """
    flat = leave_flat(image, valid)
    if flat is not None:
        return flat
    window = window_of(valid, image.shape[:2])
    counted = None if valid is None else np.ascontiguousarray(valid[window])
    slope = gradient(perceived(image[window], counted), counted)
    markers, labels = (np.zeros(image.shape[:2], np.int32) for _ in range(2))
    markers[window] = _grid(slope, counted, regions)
    labels[window] = flood(
        slope, markers[window], counted, connectivity=connectivity, compactness=compactness, fill_unmarked=True
    )
    height = np.zeros(image.shape[:2], np.float32)
    height[window] = slope
    return partition(labels, image, {"gradient": height, "markers": markers})


def _grid(slope: Array, counted: Array | None, regions: int) -> Labels:
    """One marker a cell of a square grid: the flattest counted pixel in the middle half of the cell."""
    height, width = slope.shape
    inside = np.ones(slope.shape, bool) if counted is None else counted
    cell = max(1.0, (np.count_nonzero(inside) / regions) ** 0.5)
    markers = np.zeros(slope.shape, np.int32)
    count = 0
    barred = np.where(inside, slope, np.inf)
    for top, bottom in _middles(height, cell):
        for left, right in _middles(width, cell):
            place = np.unravel_index(barred[top:bottom, left:right].argmin(), (bottom - top, right - left))
            row, column = top + int(place[0]), left + int(place[1])
            if inside[row, column] and not markers[row, column]:
                count += 1
                markers[row, column] = count
    return markers


def _middles(side: int, cell: float) -> list[tuple[int, int]]:
    """Begin and end of the middle half of each cell along a side."""
    count = max(1, round(side / cell))
    middles = (np.arange(count) + 0.5) * side / count
    reach = side / count / 4
    return [(int(middle - reach), max(int(middle + reach), int(middle - reach)) + 1) for middle in middles]
