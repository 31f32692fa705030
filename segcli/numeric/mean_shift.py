"""Mean shift in the joint domain of place and color."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.felzenszwalb import edges_of
from segcli.numeric.partition import numbered

GRAIN = 8
"""Steps that a unit of color is divided into."""

OFFSET = 160
"""Added to colors, so that none is below 0: a* and b* reach -128."""

SETTLED = 0.02
"""A climb ends where a step is shorter than this share of the bandwidths."""


def modes_of(
    planes: Array, radius: int, reach: float, valid: Array | None = None, most: int = 50
) -> NDArray[np.float32]:
    """Let every pixel climb to the nearest mode of the density of colors and places.

    Parameters
    ----------
    planes : (H, W, C) float32, at most 3 channels, from -160 to 600; best L*a*b*.
    radius : bandwidth in place, in pixels: a disc.
    reach : bandwidth in color: a ball.
    valid : (H, W) bool or None
        Pixels left out are in no window.
    most : steps of a climb.

    Returns
    -------
    (H, W, C) float32
        The color of each pixel's mode; the picture is smoothed, its edges stay. A pixel that lies on another's way, and
        within half the bandwidth of its color there, shares its mode, as in the authors' own speed-up.

    References
    ----------
    D. Comaniciu, P. Meer, "Mean shift: a robust approach toward feature space analysis",
    IEEE Trans. Pattern Analysis and Machine Intelligence 24(5), 603-619, 2002.
    """
    from segcli.numeric import _mean_shift_kernels as kernels

    height, width, channels = planes.shape
    whole = np.zeros((3, height, width + kernels.LANES), np.int32)
    whole[:channels, :, :width] = np.rint((np.moveaxis(planes, 2, 0) + OFFSET) * GRAIN)
    whole[0, :, width:] = kernels.FAR
    if valid is not None:
        whole[0, :, :width][~valid] = kernels.FAR
    modes = np.full((height, width, 3), -1, np.float32)
    state, sums, path = np.zeros(5), np.zeros(6, np.int64), np.zeros((most + 1, 2), np.int64)
    kernels.climb(whole, radius, max(1, round(reach * GRAIN)), most, SETTLED, modes, state, sums, path)
    found = modes[:, :, :channels] / np.float32(GRAIN) - np.float32(OFFSET)
    return found if valid is None else np.where(valid[:, :, None], found, planes)


def mode_regions(modes: Array, reach: float, smallest: int, valid: Array | None = None) -> Labels:
    """Join neighbors whose modes lie within reach of each other, then regions of fewer than smallest pixels.

    Returns
    -------
    (H, W) int32
        Regions 1..n, connected, in reading order; 0 where pixels are left out.
    """
    from segcli.numeric import _felzenszwalb_kernels as kernels

    shape = modes.shape[:2]
    starts, ends, weights = edges_of(modes, valid)
    parents, sizes = np.arange(shape[0] * shape[1], dtype=np.int32), np.ones(shape[0] * shape[1], np.int32)
    order = kernels.order_of(weights)
    near = order[: np.searchsorted(weights[order], np.float32(reach), side="right")]
    # With bounds that never bind, what is joined is what hangs together within reach.
    kernels.join(near, starts, ends, weights, np.inf, parents, sizes, np.full(len(parents), np.inf))
    kernels.join_small(order, starts, ends, parents, sizes, smallest)
    kernels.flatten(parents)
    return numbered(parents.reshape(shape), valid)
