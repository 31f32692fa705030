"""What superpixels look like: color, texture, place, and what their neighbors look like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.multiscale import multiscale_features
from segcli.numeric.region_graph import RegionGraph, region_sums

BINS = 8
"""Steps of a color histogram, for each channel."""

TEXTURE_SIGMAS = (1.0, 2.0, 4.0)
PATTERNS = 10
"""Rotation-invariant uniform binary patterns of eight neighbors: 0 to 8 ones in a row, and all others."""

_RING = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))

OWN = 2 * 3 + 3 * BINS + PATTERNS + 8 * len(TEXTURE_SIGMAS)
FEATURES = 2 * OWN + 2
"""Own features, the same of the neighbors, and the place."""


def superpixel_features(planes: Array, labels: Labels, graph: RegionGraph, valid: Array | None = None) -> Array:
    """Describe every superpixel.

    Parameters
    ----------
    planes : (3, H, W) float32
        L*, a* and b* in hundredths.
    labels : (H, W) int32
        Superpixels 1..n, 0 where pixels are left out.
    graph : which of them touch.
    valid : (H, W) bool or None

    Returns
    -------
    (n, FEATURES) float32
        Mean and deviation of the channels, a histogram of each, shares of local binary patterns, and the means of
        multiscale features of L*; then all these of the neighbors, by the lengths of the common boundaries; then column
        and row of the middle as shares of the counted picture's sides.
    """
    moments = region_sums(labels, np.moveaxis(planes, 0, 2))
    texture = multiscale_features(planes[:1], TEXTURE_SIGMAS, valid)[1:]
    own = np.concatenate(
        [
            moments.means,
            np.sqrt(moments.variances),
            *(
                _shares(labels, _steps(plane, low, high), BINS)
                for plane, (low, high) in zip(planes, _RANGES, strict=True)
            ),
            _shares(labels, binary_patterns(planes[0], valid), PATTERNS),
            region_sums(labels, np.moveaxis(texture, 0, 2)).means,
        ],
        axis=1,
    )
    return np.concatenate([own, _around(own, graph), _places(labels)], axis=1).astype(np.float32)


_RANGES = ((0.0, 1.0), (-0.5, 0.5), (-0.5, 0.5))
"""What the histograms of L*, a* and b* span."""


def _steps(plane: Array, low: float, high: float) -> Array:
    """The step of a histogram that each value falls into; the outer ones take what lies outside."""
    return np.clip((plane - low) * (BINS / (high - low)), 0, BINS - 1).astype(np.int64)


def _shares(labels: Labels, codes: Array, count: int) -> Array:
    """Share of each code among the pixels of each region."""
    regions = int(labels.max())
    table = np.bincount((labels.astype(np.int64) * count + codes).ravel(), minlength=(regions + 1) * count)
    table = table.reshape(regions + 1, count)[1:]
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1))


def binary_patterns(plane: Array, valid: Array | None = None) -> NDArray[np.int64]:
    """Rotation-invariant uniform local binary pattern of every pixel and its eight neighbors.

    A neighbor outside the picture, or left out, counts as equal.

    Parameters
    ----------
    plane : (H, W) numbers
    valid : (H, W) bool or None

    Returns
    -------
    (H, W) int64
        How many neighbors are at least as large, if these stand in a row, from 0 to 8; else 9.

    References
    ----------
    T. Ojala, M. Pietikainen, T. Maenpaa, "Multiresolution gray-scale and rotation invariant texture classification with
    local binary patterns", IEEE Trans. Pattern Analysis and Machine Intelligence 24(7), 971-987, 2002.

    Examples
    --------
    >>> binary_patterns(np.array([[1, 1, 1], [1, 2, 1], [3, 3, 3]]))[1, 1]
    3
    """
    height, width = plane.shape
    counted = np.pad(np.ones(plane.shape, bool) if valid is None else valid, 1)
    framed = np.pad(plane, 1)
    bits = np.empty((len(_RING), height, width), bool)
    for place, (down, across) in enumerate(_RING):
        near = (slice(1 + down, 1 + down + height), slice(1 + across, 1 + across + width))
        bits[place] = (framed[near] >= plane) | ~counted[near]
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    return np.where(changes <= 2, bits.sum(axis=0), PATTERNS - 1)


def _around(own: Array, graph: RegionGraph) -> Array:
    """Mean of the neighbors' features by the lengths of the boundaries; a region without neighbors has its own."""
    sums, weights = np.zeros_like(own), np.zeros(len(own))
    for here, there in ((0, 1), (1, 0)):
        np.add.at(sums, graph.edges[:, here], own[graph.edges[:, there]] * graph.lengths[:, None])
        np.add.at(weights, graph.edges[:, here], graph.lengths)
    return np.where(weights[:, None] > 0, sums / np.maximum(weights, 1e-12)[:, None], own)


def _places(labels: Labels) -> Array:
    """Column and row of the middle of each region, 0 to 1 from side to side of the regions together."""
    rows, columns = np.nonzero(labels)
    grid = np.stack(np.meshgrid(*(np.arange(side) for side in labels.shape), indexing="ij"), axis=2)
    middles = region_sums(labels, grid).means[:, ::-1]
    low = np.array([columns.min(), rows.min()])
    sides = np.array([columns.max(), rows.max()]) - low + 1
    return np.asarray((middles - low + 0.5) / sides)
