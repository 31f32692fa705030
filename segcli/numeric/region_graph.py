"""Region adjacency graph of a label image, and what its regions hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.contrast import STEPS, pair_views


@dataclass(frozen=True, eq=False)
class RegionGraph:
    """Which regions touch, and along how much boundary. Region i of the graph has the label i + 1.

    Attributes
    ----------
    regions : number of regions, the highest label.
    edges : (E, 2) int32
        Pairs of regions that touch, the lower first, sorted.
    lengths : (E,) float64
        Pairs of neighboring pixels across the boundary; a pair that shares only a corner counts as 1 / sqrt(2).
    strengths : (E,) float64
        Mean of the gradient map over the boundary, each pair at its length; 0 without a gradient map.
    """

    regions: int
    edges: NDArray[np.int32]
    lengths: NDArray[np.float64]
    strengths: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegionSums:
    """Sizes (n,) int64, sums (n, C) and sums of squares (n, C) of the values of n regions, float64."""

    sizes: NDArray[np.int64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def means(self) -> NDArray[np.float64]:
        """(n, C); 0 for a region without a pixel."""
        return self.sums / np.maximum(self.sizes, 1)[:, None]

    @property
    def variances(self) -> NDArray[np.float64]:
        """(n, C), of the region's own pixels."""
        return np.maximum(self.squares / np.maximum(self.sizes, 1)[:, None] - self.means**2, 0)


def region_graph(labels: Labels, gradient: Array | None = None, connectivity: int = 4) -> RegionGraph:
    """Find which regions of a label image touch.

    Parameters
    ----------
    labels : (H, W) int32
        Regions 1..n; 0 belongs to none and has no edges.
    gradient : (H, W) float32 or None
        Boundary strength at every pixel; a pair of pixels has the mean of both.
    connectivity : 4 or 8
        Whether regions that share only a corner touch (8).

    Examples
    --------
    >>> region_graph(np.array([[1, 1, 2], [3, 3, 2]], np.int32)).edges.tolist()
    [[0, 1], [0, 2], [1, 2]]
    >>> region_graph(np.array([[1, 1, 2], [3, 3, 2]], np.int32)).lengths.tolist()
    [1.0, 2.0, 1.0]
    """
    regions = int(labels.max())
    keys, lengths, strengths = [], [], []
    for step in STEPS[: connectivity // 2]:
        near, far = pair_views(labels, step)
        across = np.flatnonzero((near != far) & (near > 0) & (far > 0))
        first, second = np.take(near, across).astype(np.int64), np.take(far, across).astype(np.int64)
        keys.append((np.minimum(first, second) - 1) * regions + np.maximum(first, second) - 1)
        lengths.append(np.full(len(across), 1 / np.hypot(*step)))
        if gradient is not None:
            here, there = pair_views(gradient, step)
            strengths.append((np.take(here, across) + np.take(there, across).astype(np.float64)) / 2)
    pairs, numbers = np.unique(np.concatenate(keys), return_inverse=True)
    weights = np.concatenate(lengths)
    length = np.bincount(numbers, weights, minlength=len(pairs)).astype(np.float64)
    strength = np.zeros(len(pairs))
    if gradient is not None:
        strength = np.bincount(numbers, weights * np.concatenate(strengths), minlength=len(pairs)) / length
    edges = np.stack(np.divmod(pairs, max(regions, 1)), axis=1).astype(np.int32)
    return RegionGraph(regions, edges, length, strength)


def region_sums(labels: Labels, values: Array, regions: int | None = None) -> RegionSums:
    """Add up the values of each region.

    Parameters
    ----------
    labels : (H, W) int32
        Regions 1..n; pixels of 0 are left out.
    values : (H, W) or (H, W, C) numbers
    regions : int or None
        n, where the highest labels may be missing.

    Examples
    --------
    >>> region_sums(np.array([[1, 1, 2]], np.int32), np.array([[3, 5, 7]])).means.tolist()
    [[4.0], [7.0]]
    """
    count = int(labels.max()) if regions is None else regions
    flat = labels.ravel().astype(np.intp)
    sizes = np.bincount(flat, minlength=count + 1)[1:]
    planes = np.atleast_3d(values).reshape(flat.size, -1).T
    sums, squares = np.empty((count, len(planes))), np.empty((count, len(planes)))
    for channel, plane in enumerate(planes):
        exact = plane.astype(np.float64)
        sums[:, channel] = np.bincount(flat, exact, minlength=count + 1)[1:]
        squares[:, channel] = np.bincount(flat, exact * exact, minlength=count + 1)[1:]
    return RegionSums(sizes, sums, squares)


def merged(labels: Labels, groups: Array) -> Labels:
    """Give the pixels of each region the number of its group, numbered 1..n in reading order; 0 stays 0.

    Parameters
    ----------
    labels : (H, W) int32
        Regions 1..n.
    groups : (n,) whole numbers
        Any numbers; regions of one number become one.

    Examples
    --------
    >>> merged(np.array([[2, 1, 3, 0]], np.int32), np.array([8, 5, 8])).tolist()
    [[1, 2, 2, 0]]
    """
    names, group = np.unique(groups, return_inverse=True)
    lookup = np.concatenate([[0], group + 1])
    flat = labels.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    first = np.full(len(names) + 1, flat.size)
    np.minimum.at(first, lookup[flat[starts]], starts)
    first[0] = -1
    order = np.empty(len(first), np.int32)
    order[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(order[lookup].take(labels))


def drawn(labels: Labels, values: Array) -> NDArray[np.float32]:
    """Spread one value a region over its pixels; 0 where no region is."""
    return np.concatenate([[0], values]).astype(np.float32)[labels]


def on_boundaries(labels: Labels, graph: RegionGraph, values: Array) -> NDArray[np.float32]:
    """Draw one value an edge on the pixels along its boundary, the highest where boundaries meet; 0 elsewhere.

    Examples
    --------
    >>> strip = np.array([[1, 1, 2, 2]], np.int32)
    >>> on_boundaries(strip, region_graph(strip), np.array([7])).tolist()
    [[0.0, 7.0, 7.0, 0.0]]
    """
    drawing = np.zeros(labels.shape, np.float32)
    keys = graph.edges[:, 0].astype(np.int64) * graph.regions + graph.edges[:, 1]
    for step in STEPS[:2]:
        near, far = pair_views(labels, step)
        across = np.nonzero((near != far) & (near > 0) & (far > 0))
        first, second = near[across].astype(np.int64), far[across].astype(np.int64)
        pairs = (np.minimum(first, second) - 1) * graph.regions + np.maximum(first, second) - 1
        height = values[np.searchsorted(keys, pairs)].astype(np.float32)
        for view in pair_views(drawing, step):
            view[across] = np.maximum(view[across], height)
    return drawing
