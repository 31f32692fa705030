"""Canny: thin edges in noise, by their steepest pixels and hysteresis."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Gray, Param, Valid
from segcli.numeric.canny import canny_edges
from segcli.segmentation import Segmentation


def canny(
    image: Gray,
    *,
    valid: Valid = None,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 1.5,
    low: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
    high: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
) -> Segmentation:
    """Mark thin edges: the steepest pixels across, weak ones beside strong ones.

    Blur, slope, thinning across the edge, and hysteresis along it. Works on most pictures, in moderate noise. Fails to
    close outlines, at corners and junctions, and where edges of very different strength matter alike.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; no edge lies along the others.
    sigma : float
        Blur before, against noise.
    low : float or auto
        The least steepness of a pixel that hangs together with a strong one, in gray levels a pixel; auto: half of
        high.
    high : float or auto
        The least steepness of a strong pixel; auto takes Otsu's threshold of the steepness.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, 1 on edges, one pixel wide.
        numbers : low and high.
        layers : steepness (H, W) float32.

    Raises
    ------
    SettingError
        low above high.

    Notes
    -----
        S = G(sigma) * I;   across, down = Sobel slopes of S
        steepness = root of (across^2 + down^2)
        crest  <=>  steepness is greatest among p and its two neighbors along the slope
        edge = crests > low that are connected, by 8 neighbors, with a crest > high

    References
    ----------
    J. Canny, "A computational approach to edge detection",
    IEEE Trans. Pattern Analysis and Machine Intelligence 8(6), 679-698, 1986.

    Examples
    --------
    >>> canny(np.repeat(np.array([[0, 0, 0, 90, 90, 90]], np.uint8), 6, axis=0), sigma=0).labels[3].tolist()
    [0, 0, 1, 0, 0, 0]
    """
    edges = canny_edges(image, valid, sigma, low, high)
    return Segmentation(
        edges.mask.view(np.uint8),
        "mask",
        numbers={"low": edges.low, "high": edges.high},
        layers={"steepness": edges.steepness},
        notes=() if edges.mask.any() else ("there are no edges",),
    )
