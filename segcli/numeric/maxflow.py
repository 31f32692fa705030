"""Exact minimum cut of a pixel grid.

Capacities are rounded to whole multiples of 1 / scale, where scale is a power of two
that brings the largest neighbor weight to between 2^25 and 2^26; the cut is exact for these.
Whole numbers up to 2^26, and fractions with as many bits, are therefore exact as they stand.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from segcli.arrays import Array, Mask

BITS = 26


class GridCut:
    """The grid graph of one image, which can be cut again under other terminal capacities.

    Every cut starts from the flow of the one before, so a small change costs little.

    Parameters
    ----------
    weights : (2, H, W) or (4, H, W) float32 or float64, at least 0 and finite
        Cost of parting a pixel from its neighbor: right, down and, 8-connected, down-right and
        down-left. Entries whose neighbor lies outside the image are ignored.
    """

    def __init__(self, weights: Array) -> None:
        from segcli.numeric import _maxflow_kernels as kernels

        weights = np.ascontiguousarray(weights, _precision(weights))
        directions, height, width = weights.shape
        stride = width + 2
        largest = float(kernels.largest_weight(weights))
        self._kernels = kernels
        self._scale = 2.0 ** (BITS - math.ceil(math.log2(largest))) if largest > 0 else 1.0
        links = 2 * directions
        self._offsets = np.array([1, -1, stride, -stride, stride + 1, -stride - 1, stride - 1, 1 - stride])[:links]
        count = stride * (height + 2)
        self._capacity = np.zeros(count * links, np.int32)
        self._excess = np.zeros(count, np.int32)
        self._tree = np.zeros(count, np.uint8)
        # The work space of the kernel `solve`, in the order of its arguments.
        types = (np.uint8, np.int32, np.int32, np.int32, np.bool_, np.int32)
        self._space = (*(np.zeros(count, kind) for kind in types), np.zeros(2, np.int64))
        self._reach = np.empty((height, width), np.int32)
        self._tied = np.zeros((height, width), np.int32)
        kernels.fill(weights, self._scale, self._offsets, self._capacity, self._reach)

    def cut(self, source: Array, sink: Array) -> tuple[Mask, float]:
        """Cut between source and sink at the least cost.

        Parameters
        ----------
        source : (H, W) float32 or float64, at least 0
            Capacity from the source to each pixel: what it costs to put the pixel on the sink's side.
            Infinite ties it to the source; at most one of source and sink may be infinite.
        sink : (H, W) float32 or float64, at least 0
            Capacity from each pixel to the sink: what it costs to put the pixel on the source's side.

        Returns
        -------
        mask : (H, W) bool
            True on the source's side. Of all cheapest cuts, the one with the smallest source side.
        flow : float
            The greatest flow; equal to the cost of the cut.
        """
        kernels, (height, width) = self._kernels, self._reach.shape
        kind = _precision(source, sink)
        ties = (np.ascontiguousarray(source, kind), np.ascontiguousarray(sink, kind))
        least = kernels.charge(*ties, self._scale, self._reach, self._tied, self._excess)
        kernels.push_pairs(self._capacity, self._excess, self._offsets)
        kernels.solve(self._capacity, self._excess, self._offsets, self._tree, *self._space)
        total = kernels.cost(self._tree, self._excess, self._tied)
        mask = self._tree.reshape(height + 2, width + 2)[1:-1, 1:-1] == kernels.SOURCE
        return mask, least + total / self._scale


def grid_cut(source: Array, sink: Array, weights: Array) -> tuple[Mask, float]:
    """Cut the grid graph of an image once; arguments and results are those of `GridCut`."""
    return GridCut(weights).cut(source, sink)


def _precision(*arrays: Array) -> type[np.floating[Any]]:
    """float32 where all are, else float64: few types to compile for."""
    return np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64


def cut_cost(mask: Mask, source: Array, sink: Array, weights: Array) -> float:
    """Cost of any cut: sink over the mask, source outside, and every weight between the two, added up plainly."""
    from segcli.numeric.contrast import STEPS, pair_views

    total = float(sink[mask].sum(dtype=np.float64)) + float(source[~mask].sum(dtype=np.float64))
    for weight, step in zip(weights, STEPS[: len(weights)], strict=True):
        near, far = pair_views(mask, step)
        total += float(pair_views(weight, step)[0][near != far].sum(dtype=np.float64))
    return total
