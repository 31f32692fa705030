"""The Laplacian: edges where the second derivative changes its sign."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Gray, Param, Valid
from segcli.numeric.edges import crossings, cut_response, on_window
from segcli.segmentation import Segmentation

MASKS = {4: ((0, 1, 0), (1, -4, 1), (0, 1, 0)), 8: ((1, 1, 1), (1, -8, 1), (1, 1, 1))}
"""Differences to the 4 or 8 neighbors."""


def laplacian(
    image: Gray,
    *,
    valid: Valid = None,
    connectivity: Literal[4, 8] = 4,
    threshold: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
) -> Segmentation:
    """Mark edges where the sum of the differences to the neighbors changes its sign.

    One mask adds up what a pixel differs from its neighbors: where the slope is steepest, the sum is 0. Works as a
    demonstration: one mask, edges one pixel wide. Fails on noise, which the second derivative raises; blur
    first, or use log.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; no edge lies along the others.
    connectivity : 4 or 8
        The neighbors in the mask: 4 with -4 in the middle, or 8 with -8.
    threshold : float or auto
        The least jump of the response across an edge; auto takes Otsu's threshold of all jumps.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, 1 on edges.
        numbers : threshold.
        layers : response (H, W) float32; jump (H, W) float32, how far the response jumps where it changes sign.

    Notes
    -----
        L(p) = sum over the 4 (or 8) neighbors q of (I(q) - I(p))
        edge  <=>  L changes its sign between p and a neighbor q, and |L(p) - L(q)| > threshold

    References
    ----------
    D. Marr, E. Hildreth, "Theory of edge detection", Proc. Royal Society of London B 207, 187-217, 1980.

    Examples
    --------
    >>> laplacian(np.array([[0, 0, 0, 90, 90, 90]], np.uint8)).labels.tolist()
    [[0, 0, 1, 0, 0, 0]]
    """
    response = on_window(image, valid, lambda part: _laplacian(part, connectivity))
    jump = crossings(response)
    return cut_response(valid, jump, threshold, {"response": response, "jump": jump})


def _laplacian(part: Array, connectivity: Literal[4, 8]) -> Array:
    """The picture under the mask; at the border it goes on as its last pixel."""
    from segcli.opencv import cv2

    mask = np.array(MASKS[connectivity], np.float64)
    values = part.astype(np.float64)
    return np.asarray(cv2.filter2D(values, cv2.CV_64F, mask, borderType=cv2.BORDER_REPLICATE), np.float32)
