"""A score that counts mistakes in topology, such as split and merged cells, and no shifts of borders."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import SettingError
from segcli.scores.pairs import same_size


def warping_error(prediction: Array, truth: Array, *, connectivity: Literal[4, 8] = 4) -> float:
    """Share of pixels that differ after the truth was bent towards the prediction without a change of topology.

    Pixels of the truth that differ from the prediction are flipped, one after the other, as long as one of them is
    simple: the flip joins, parts, makes and removes no object and no hole. What cannot be flipped is a split, a
    merger, a hole or an object too many or too few. The order decides where the difference that stays lies, and can
    change the count by a little: reading order here, and again those around a flipped pixel.

    Parameters
    ----------
    prediction, truth : (H, W) bool or whole numbers
        Not 0 inside the objects (cells), 0 on the borders between them. Beside the picture is border.
    connectivity : of the objects; that of the borders is the other one, 8 or 4.

    Raises
    ------
    InputError : sizes differ.
    SettingError : connectivity is neither 4 nor 8.

    References
    ----------
    V. Jain et al., "Boundary learning by optimization with topological constraints", IEEE CVPR, 2488-2495, 2010.

    Examples
    --------
    >>> row = np.array([[1, 1, 0, 1]])
    >>> warping_error(np.array([[1, 0, 1, 1]]), row), warping_error(np.array([[1, 1, 1, 1]]), row)
    (0.0, 0.25)
    """
    from segcli.numeric._warping_kernels import warp

    if connectivity not in (4, 8):
        raise SettingError("connectivity", f"is {connectivity}; it must be 4 or 8.")
    target, mask = (np.pad(side != 0, 1).view(np.uint8) for side in same_size(prediction, truth))
    queue, queued = np.empty(mask.size, np.int64), np.zeros_like(mask)
    return int(warp(mask, target, simple_neighborhoods(connectivity), queue, queued)) / max(np.size(truth), 1)


@cache
def simple_neighborhoods(connectivity: Literal[4, 8]) -> NDArray[np.bool_]:
    """Of each of the 256 neighborhoods of a pixel, whether it is simple in any of them: its flip keeps the topology.

    Bit k is the neighbor k eighths of a turn, counterclockwise, from the right one. A pixel is simple where Yokoi's
    connectivity number, the objects of the neighborhood that touch it less the holes, is 1.

    References
    ----------
    S. Yokoi, J. Toriwaki, T. Fukumura, "An analysis of topological properties of digitized binary pictures using
    local features", Computer Graphics and Image Processing 4(1), 63-73, 1975.
    """
    ring = (np.arange(256) >> np.arange(8)[:, None] & 1).astype(bool)
    if connectivity == 8:
        ring = ~ring
    sides, corners, after = ring[::2], ring[1::2], np.roll(ring[::2], -1, axis=0)
    return np.asarray((sides & ~(corners & after)).sum(axis=0) == 1)
