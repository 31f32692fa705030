"""Split and merge: quarter the picture until blocks are even, then join what is even together."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Color, Gray, Param, Valid
from segcli.numeric.local_threshold import black_and_white
from segcli.numeric.outside import placed, window_of
from segcli.numeric.partition import leave_flat, partition
from segcli.numeric.quadtree import merge, split
from segcli.segmentation import Segmentation


def split_and_merge(
    image: Gray | Color,
    *,
    valid: Valid = None,
    tolerance: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
    min_block: Annotated[int, Param(min=1, max=4096, unit="pixels")] = 4,
) -> Segmentation:
    """Quarter the picture until blocks are even, then join neighbors that are.

    The blocks are the leaves of a quadtree; two regions are joined while the standard deviation of their union allows
    it, the most even union first. Works for pictures with large even parts, and shows what divide and conquer is.
    Fails on slanted borders, which stay stepped by the smallest block, and on texture.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others belong to no region.
    tolerance : float or auto
        Greatest standard deviation of a region, in image units, over all channels together; auto: a thirteenth of the
        scale, 20 of 8 bits.
    min_block : int
        Blocks of this side are not quartered, however uneven they are.

    Returns
    -------
    Segmentation
        labels : (H, W) int32, regions 1..n, in reading order; no background.
        numbers : regions; blocks, the leaves of the quadtree.
        layers : quadtree (H, W) int32, its leaves; means, each region in its mean color.

    Notes
    -----
    With the standard deviation s(R) of a region over all channels together:
        split   a block with s > tolerance and a side above min_block into four
        merge   the neighbors with the least s(A + B), while s(A + B) <= tolerance
        s^2(A + B) follows from sizes n, sums and squares: sum of I^2 / n - (sum of I / n)^2

    References
    ----------
    S. Horowitz, T. Pavlidis, "Picture segmentation by a tree traversal algorithm", Journal of the ACM 23(2), 368-388,
    1976.

    Examples
    --------
    >>> corner = np.full((4, 4), 50, np.uint8)
    >>> corner[:2, :2] = 200
    >>> split_and_merge(corner, min_block=1).labels[0].tolist()
    [1, 1, 2, 2]
    """
    flat = leave_flat(image, valid)
    if flat is not None:
        return flat
    if tolerance == "auto":
        black, white = black_and_white(image, valid)
        tolerance = (white - black) / 12.75
    window = window_of(valid, image.shape[:2])
    counted = None if valid is None else valid[window]
    part = image[window].astype(np.float64)
    planes = part[:, :, None] if part.ndim == 2 else part
    leaves = split(planes, tolerance, min_block, counted)
    labels = merge(leaves, planes, tolerance)
    quadtree = placed(leaves, window, image.shape[:2])
    return partition(
        placed(labels, window, image.shape[:2]), image, {"quadtree": quadtree}, {"blocks": int(leaves.max())}
    )
