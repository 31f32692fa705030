"""Mean shift: pixels climb to the modes of color and place."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Param, Valid
from segcli.numeric.mean_shift import mode_regions, modes_of
from segcli.numeric.outside import placed, window_of
from segcli.numeric.partition import leave_flat, partition, smallest_region
from segcli.numeric.picture_graph import perceived
from segcli.segmentation import Segmentation


def mean_shift(
    image: Gray | Color,
    *,
    valid: Valid = None,
    radius: Annotated[int, Param(min=1, max=200, unit="pixels")] = 16,
    color_radius: Annotated[float, Param(min=0.5, max=200)] = 8.0,
    min_region: Annotated[int, Param(min=1, max=10_000_000, unit="pixels")] | Literal["auto"] = "auto",
    iterations: Annotated[int, Param(min=1, max=1000)] = 50,
) -> Segmentation:
    """Let pixels climb to the densest color around them; those that meet are one.

    Each pixel moves to the mean place and color of the pixels near it in both, again and again, until it stands on a
    mode. Neighbors with like modes are a region; small regions join the most similar neighbor. Works on photographs
    with flat and softly shaded parts, without a number of classes. Fails on strong texture, and is slow for large
    radii.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units; compared in L*a*b*. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others belong to no region.
    radius : int
        How far a pixel sees.
    color_radius : float
        How unlike, in L*a*b*, the pixels that it follows may be, and how unlike the modes of one region.
    min_region : int or auto
        Smaller regions join a neighbor. auto: a three-hundredth of the pixels that count.
    iterations : int
        The most steps of a pixel.

    Returns
    -------
    Segmentation
        labels : (H, W) int32, regions 1..n, connected, in reading order; no background.
        numbers : regions, how many there are.
        layers : filtered (H, W, 3) uint8, each pixel in the color of its mode; means, each region in its mean color.

    Notes
    -----
    With place x and color c of a walker, over the pixels q near it in both:
        near: |x_q - x| <= radius  and  |c_q - c| <= color_radius
        (x, c) <- mean of (x_q, c_q) over the near q,   until it stands still
    This climbs the density of pixels in place and color together, as Epanechnikov's kernel estimates it.

    References
    ----------
    D. Comaniciu, P. Meer, "Mean shift: a robust approach toward feature space analysis",
    IEEE Trans. Pattern Analysis and Machine Intelligence 24(5), 603-619, 2002.

    Examples
    --------
    >>> halves = np.repeat(np.array([[0, 3, 200, 203]], np.uint8), 4, axis=0)
    >>> mean_shift(halves, radius=2, min_region=1).labels[0].tolist()
    [1, 1, 2, 2]
    """
    flat = leave_flat(image, valid)
    if flat is not None:
        return flat
    window = window_of(valid, image.shape[:2])
    counted = None if valid is None else np.ascontiguousarray(valid[window])
    modes = modes_of(perceived(image[window], counted), radius, color_radius, counted, iterations)
    labels = np.zeros(image.shape[:2], np.int32)
    labels[window] = mode_regions(modes, color_radius, smallest_region(min_region, image, valid), counted)
    return partition(labels, image, {"filtered": placed(_shown(modes), window, image.shape[:2])})


def _shown(modes: Array) -> Array:
    """Turn L* or L*a*b* into RGB."""
    from segcli.opencv import cv2

    colors = modes if modes.shape[2] == 3 else modes * np.array([1, 0, 0], np.float32)
    shares = cv2.cvtColor(np.ascontiguousarray(colors), cv2.COLOR_Lab2RGB).reshape(colors.shape)
    return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)
