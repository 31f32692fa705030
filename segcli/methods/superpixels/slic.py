"""SLIC: superpixels by k-means in color and place."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segcli.arrays import Color, Gray, Param, Valid
from segcli.numeric import slic as superpixels
from segcli.numeric.outside import window_of
from segcli.numeric.partition import leave_flat, partition
from segcli.numeric.picture_graph import perceived
from segcli.segmentation import Segmentation


def slic(
    image: Gray | Color,
    *,
    valid: Valid = None,
    regions: Annotated[int, Param(min=1, max=1_000_000)] = 300,
    compactness: Annotated[float, Param(min=0, max=1e6)] = 10.0,
    adaptive: bool = False,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 1.0,
    iterations: Annotated[int, Param(min=1, max=1000)] = 10,
) -> Segmentation:
    """Part the picture into superpixels of similar size that follow its edges.

    K-means over color and place, where each center sees a window of two superpixels' width only, so the time does not
    grow with their number. Works as a first step that turns a million pixels into some hundred parts. Fails as an end
    in itself: objects are parted too. Without compactness the parts are ragged; with much they are squares.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units; compared in L*a*b*. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others belong to no superpixel.
    regions : int
        About how many superpixels.
    compactness : float
        The difference in L*a*b* that weighs as much as one superpixel's width; with adaptive in the first round alone.
    adaptive : bool
        SLIC-zero: each superpixel finds its own compactness, so that flat and textured parts are alike round.
    sigma : float
        Blur before. On photographs 1 keeps to more of the edges than 0; 0 keeps lines of a pixel or two.
    iterations : int
        The most; they stop when the centers stand still.

    Returns
    -------
    Segmentation
        labels : (H, W) int32, superpixels 1..n, connected, in reading order; no background.
        numbers : regions, how many there are.
        layers : means (H, W, 3) or (H, W), each superpixel in its mean color.

    Notes
    -----
    With color difference d_c and distance d_s of a pixel to a center, and cells of side S = root of (pixels / regions):
        D^2 = d_c^2 + (d_s / S)^2 compactness^2
        each pixel goes to the center of least D among those within S;   centers move to their pixels' mean
        adaptive: d_c over its greatest value in the superpixel takes the place of compactness

    References
    ----------
    R. Achanta, A. Shaji, K. Smith, A. Lucchi, P. Fua, S. Suesstrunk, "SLIC superpixels compared to state-of-the-art
    superpixel methods", IEEE Trans. Pattern Analysis and Machine Intelligence 34(11), 2274-2282, 2012.

    Examples
    --------
    >>> slic(np.repeat(np.array([[0, 0, 200, 200]], np.uint8), 2, axis=0), regions=2).labels[0].tolist()
    [1, 1, 2, 2]
    """
    flat = leave_flat(image, valid)
    if flat is not None:
        return flat
    window = window_of(valid, image.shape[:2])
    counted = None if valid is None else np.ascontiguousarray(valid[window])
    planes = superpixels.blurred(perceived(image[window], counted), counted, sigma)
    labels = np.zeros(image.shape[:2], np.int32)
    labels[window] = superpixels.slic(
        planes, regions, compactness, valid=counted, iterations=iterations, adaptive=adaptive
    )
    return partition(labels, image)
