"""Felzenszwalb and Huttenlocher's grouping of pixels: a minimum spanning forest under an adaptive bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.partition import numbered


def felzenszwalb_regions(planes: Array, scale: float, smallest: int, valid: Array | None = None) -> Labels:
    """Join pixels along light edges for as long as an edge is no heavier than the regions' own edges lead to expect.

    Parameters
    ----------
    planes : (H, W, C) float32
        Colors, smoothed as wanted. The weight of an edge to one of the 8 neighbors is the Euclidean distance of the
        colors.
    scale : how much heavier an edge may be than the heaviest inside a region of one pixel: scale over the region's
        size is allowed on top (equation 4). In units of the colors.
    smallest : regions with fewer pixels join a neighbor across their lightest edge.
    valid : (H, W) bool or None
        Pixels left out have no edges.

    Returns
    -------
    (H, W) int32
        Regions 1..n in reading order; 0 where pixels are left out.

    References
    ----------
    P. Felzenszwalb, D. Huttenlocher, "Efficient graph-based image segmentation",
    International Journal of Computer Vision 59(2), 167-181, 2004.

    Examples
    --------
    >>> felzenszwalb_regions(np.array([[[0.0], [1.0], [9.0], [9.0]]], np.float32), 2.0, 1).tolist()
    [[1, 1, 2, 2]]
    """
    from segcli.numeric import _felzenszwalb_kernels as kernels

    shape = planes.shape[:2]
    starts, ends, weights = edges_of(planes, valid)
    parents = np.arange(shape[0] * shape[1], dtype=np.int32)
    sizes = np.ones(len(parents), np.int32)
    bounds = np.full(len(parents), scale, np.float64)
    order = kernels.order_of(weights)
    kernels.join(order, starts, ends, weights, float(scale), parents, sizes, bounds)
    kernels.join_small(order, starts, ends, parents, sizes, smallest)
    kernels.flatten(parents)
    return numbered(parents.reshape(shape), valid)


def edges_of(planes: Array, valid: Array | None) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """First pixel, second pixel and weight of the edges to the right, down, and along both diagonals."""
    height, width = planes.shape[:2]
    places = np.arange(height * width, dtype=np.int32).reshape(height, width)
    ahead, behind, every = slice(1, None), slice(None, -1), slice(None)
    pairs = (
        ((every, ahead), (every, behind)),
        ((ahead, every), (behind, every)),
        ((ahead, ahead), (behind, behind)),
        ((ahead, behind), (behind, ahead)),
    )
    starts, ends, weights = [], [], []
    for one, two in pairs:
        difference = np.zeros(places[one].shape, np.float32)
        for channel in range(planes.shape[2]):
            step = planes[:, :, channel][one] - planes[:, :, channel][two]
            difference += step * step
        kept = slice(None) if valid is None else valid[one] & valid[two]
        starts.append(places[one][kept].ravel())
        ends.append(places[two][kept].ravel())
        weights.append(np.sqrt(difference[kept]).ravel())
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(weights)
