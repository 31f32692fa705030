"""Felzenszwalb and Huttenlocher's graph-based segmentation."""

from __future__ import annotations

from typing import Annotated, Literal

from segcli.arrays import Color, Gray, Param, Valid
from segcli.numeric.felzenszwalb import felzenszwalb_regions
from segcli.numeric.partition import leave_flat, partition, smallest_region
from segcli.numeric.reduced import Reduced
from segcli.numeric.slic import blurred
from segcli.segmentation import Segmentation


def felzenszwalb(
    image: Gray | Color,
    *,
    valid: Valid = None,
    scale: Annotated[float, Param(min=0, max=1e6)] = 500.0,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 0.8,
    min_region: Annotated[int, Param(min=1, max=10_000_000, unit="pixels")] | Literal["auto"] = "auto",
) -> Segmentation:
    """Join pixels into regions while edges between are as light as those inside.

    Pixels are the nodes of a graph whose edges weigh the difference of neighbors; two regions are joined if the
    lightest edge between them is no heavier than the heaviest inside either, plus scale over its size. Works fast, and
    keeps both large flat and small detailed regions. Fails on soft transitions, along which it leaks, and makes narrow
    regions along strong edges.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units; other than 8-bit images are scaled from their 0.1 to their 99.9 percentile to 0 to 255.
        Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others belong to no region.
    scale : float
        Larger gives larger regions. In gray levels of 255, for a region of one pixel.
    sigma : float
        Blur before.
    min_region : int or auto
        Smaller regions join a neighbor. auto: a three-hundredth of the pixels that count.

    Returns
    -------
    Segmentation
        labels : (H, W) int32, regions 1..n, connected, in reading order; no background.
        numbers : regions, how many there are.
        layers : means, each region in its mean color.

    Notes
    -----
    With edge weights w, the difference of two neighbors in color:
        Int(C) = greatest w in the least spanning tree of C      (equation 1)
        Dif(A, B) = least w between A and B      (equation 2)
        join A and B  <=>  Dif(A, B) <= min(Int(A) + scale / |A|, Int(B) + scale / |B|)      (equations 3 to 5)
    Edges are taken in the order of their weights; the result is neither too coarse nor too fine.

    References
    ----------
    P. Felzenszwalb, D. Huttenlocher, "Efficient graph-based image segmentation",
    International Journal of Computer Vision 59(2), 167-181, 2004.

    Examples
    --------
    >>> halves = np.repeat(np.array([[0, 0, 200, 200]], np.uint8), 4, axis=0)
    >>> felzenszwalb(halves, scale=10, sigma=0, min_region=1).labels[0].tolist()
    [1, 1, 2, 2]
    """
    flat = leave_flat(image, valid)
    if flat is not None:
        return flat
    planes = image[:, :, None] if image.ndim == 2 else image
    colors = Reduced(planes, valid, max(planes.shape)).colors
    colors = blurred(colors.reshape(planes.shape), valid, sigma)
    smallest = smallest_region(min_region, image, valid)
    return partition(felzenszwalb_regions(colors, scale, smallest, valid), image)
