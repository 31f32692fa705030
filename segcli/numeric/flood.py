"""Flooding of a gray surface from markers: the watershed."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels, Mask
from segcli.numeric.components import connected_components

_MOST_LEVELS = 1 << 24
"""Heights with a wider range, and floats, are ranked first."""

_STEPS = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))


def flood(
    surface: Array,
    markers: Labels,
    mask: Mask | None = None,
    *,
    connectivity: Literal[4, 8] = 8,
    compactness: float = 0.0,
    fill_unmarked: bool = False,
) -> Labels:
    """Let water rise from the markers until every pixel is flooded, lowest pixels first.

    Equally low pixels are flooded in the order in which the water reached them, so a flat part is shared out at half
    way. Components of the mask are flooded by themselves; one with a single marker's label takes that label at once.

    Parameters
    ----------
    surface : (H, W) whole numbers or float32
        Whole numbers with a range up to 2^24 are the fastest.
    markers : (H, W) int32
        Where each label's water springs; 0 elsewhere. Pixels below 0 or outside the mask do not count.
    mask : (H, W) bool or None
        Where water may flow; None is everywhere.
    connectivity : 4 or 8
        Whether water also flows across corners (8).
    compactness : float
        A pixel's height is its surface plus this times its Euclidean distance to the marker pixel that its water
        came from: basins become rounder. In units of the surface per pixel.
    fill_unmarked : bool
        Components of the mask without a marker get labels of their own, after the highest marker.

    Returns
    -------
    (H, W) int32
        The markers' labels; 0 outside the mask and in components without a marker.

    References
    ----------
    F. Meyer, "Topographic distance and watershed lines", Signal Processing 38(1), 113-125, 1994.
    P. Neubert, P. Protzel, "Compact watershed and preemptive SLIC", ICPR 2014, 996-1001.

    Examples
    --------
    >>> flood(np.array([[0, 1, 2, 1, 0]]), np.array([[1, 0, 0, 0, 2]], np.int32)).tolist()
    [[1, 1, 1, 2, 2]]
    """
    seeds = np.flatnonzero(markers > 0)
    parts, count = connected_components(np.ones(surface.shape, bool) if mask is None else mask, connectivity)
    part, found = parts.ravel()[seeds], markers.ravel()[seeds]
    start = _start(count, part, found, fill_unmarked)
    kept = np.flatnonzero(start[part] < 0)
    if len(kept) == 0:
        return start[parts]
    kept = kept[np.argsort(part[kept], kind="stable")]
    ends = np.append(np.flatnonzero(np.diff(part[kept])) + 1, len(kept))
    springs = _Springs(seeds[kept], found[kept], ends)
    if compactness > 0:
        return _flood_compact(surface, parts, start, springs, connectivity, compactness)
    return _flood_levels(surface, parts, start, springs, connectivity)


class _Springs(NamedTuple):
    """Marker pixels of the components that are to be flooded, component after component."""

    pixels: NDArray[np.intp]
    labels: NDArray[np.int32]
    ends: NDArray[np.intp]


def _start(count: int, part: NDArray[np.int32], found: NDArray[np.int32], fill_unmarked: bool) -> NDArray[np.int32]:
    """What the pixels of each component start as: 0 background, a label, or -1, dry, where several labels compete."""
    lowest = np.full(count + 1, np.iinfo(np.int32).max, np.int32)
    highest = np.zeros(count + 1, np.int32)
    np.minimum.at(lowest, part, found)
    np.maximum.at(highest, part, found)
    start = np.where(lowest < highest, -1, highest).astype(np.int32)
    if fill_unmarked:
        unmarked = np.flatnonzero(highest[1:] == 0) + 1
        start[unmarked] = highest.max() + np.arange(1, len(unmarked) + 1)
    start[0] = 0
    return start


def _framed(pixels: NDArray[np.intp], width: int, connectivity: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Flat places of pixels in an image with a frame of one pixel, and the steps to a pixel's neighbors there."""
    steps = np.array([row * (width + 2) + column for row, column in _STEPS[:connectivity]], np.intp)
    return pixels + width + 3 + 2 * (pixels // width), steps


def _flood_levels(
    surface: Array, parts: Labels, start: NDArray[np.int32], springs: _Springs, connectivity: int
) -> Labels:
    """Flood through one queue a level."""
    from segcli.numeric import _flood_kernels as kernels

    if surface.dtype.kind not in "iu" or int(surface.max()) - int(surface.min()) >= _MOST_LEVELS:
        # Only the order of heights matters.
        surface = np.unique(surface, return_inverse=True)[1].reshape(surface.shape).astype(np.int32)
    base, top = int(surface.min()), int(surface.max())
    # Made by numpy, which asks for huge pages: a flood jumps about, and looking up small pages would cost half as much.
    cells = np.zeros((surface.shape[0] + 2, surface.shape[1] + 2, 2), np.int32)
    kernels.lay(cells, parts, start, surface, base)
    pixels, steps = _framed(springs.pixels, surface.shape[1], connectivity)
    kernels.flood_levels(cells.reshape(-1, 2), pixels, springs.labels, springs.ends, steps, top - base + 1)
    return cells[1:-1, 1:-1, 0].copy()


def _flood_compact(
    surface: Array, parts: Labels, start: NDArray[np.int32], springs: _Springs, connectivity: int, compactness: float
) -> Labels:
    """Flood through a heap."""
    from segcli.numeric import _flood_kernels as kernels

    labels = np.pad(start[parts], 1)
    heights = np.pad(surface.astype(np.float64), 1)
    pixels, steps = _framed(springs.pixels, surface.shape[1], connectivity)
    stride = labels.shape[1]
    kernels.flood_compact(
        labels.ravel(), heights.ravel(), pixels, springs.labels, springs.ends, steps, stride, compactness
    )
    return labels[1:-1, 1:-1].copy()


def dams(labels: Labels, connectivity: Literal[4, 8] = 8) -> Mask:
    """Find lines one pixel wide that part the basins: where two meet, the larger one gives way.

    A basin vanishes only where it is a single pixel beside another single pixel.

    Parameters
    ----------
    labels : (H, W) int32
        0 is background. Of equally large basins the one with the higher number gives way.
    connectivity : 4 or 8
        Whether basins must not touch at corners either (8).

    Examples
    --------
    >>> dams(np.array([[1, 1, 2, 2]], np.int32)).tolist()
    [[False, False, True, False]]
    """
    height, width = labels.shape
    sizes = np.bincount(labels.ravel())
    ranks = np.zeros(len(sizes), np.int32)
    ranks[1 + np.argsort(sizes[1:], kind="stable")] = np.arange(1, len(sizes))
    rank = ranks[labels]
    lines = np.zeros(labels.shape, bool)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1))[: connectivity // 2]:
        one = (slice(0, height - down), slice(max(-right, 0), width - max(right, 0)))
        other = (slice(down, height), slice(max(right, 0), width + min(right, 0)))
        here, there = rank[one], rank[other]
        meet = (here > 0) & (there > 0)
        lines[one] |= meet & (here > there)
        lines[other] |= meet & (there > here)
    return lines
