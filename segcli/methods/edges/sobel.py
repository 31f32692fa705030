"""Sobel, Prewitt and Scharr: edges where the gray levels rise steeply."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Gray, Param, Valid
from segcli.numeric.edges import cut_response, polar_slopes, slopes, thinned
from segcli.numeric.outside import extended
from segcli.segmentation import Segmentation


def sobel(
    image: Gray,
    *,
    valid: Valid = None,
    operator: Literal["sobel", "prewitt", "scharr"] = "sobel",
    threshold: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
    thin: bool = False,
) -> Segmentation:
    """Mark edges where the gray levels rise steeply.

    The slope is measured by two masks of 3 x 3 pixels, one across and one down. Works on clear edges with little
    noise. Fails on noise (see canny) and on soft edges, which become wide bands; no edge need be closed.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; no edge lies along the others.
    operator : sobel, prewitt or scharr
        How the three pixels beside each other are weighed: 1 2 1, 1 1 1, or 3 10 3, which is least biased by direction.
    threshold : float or auto
        The least steepness of an edge, in image units a pixel; auto takes Otsu's threshold of all that are not 0.
    thin : bool
        Keep the steepest pixels across each edge only.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, 1 on edges.
        numbers : threshold.
        layers : steepness (H, W) float32; direction (H, W) float32, degrees from 0, right, over 90, down, to 360
        in which it rises, to 0.01.

    Notes
    -----
        across = I * [-1 0 1] / 2 across, [1 2 1] / 4 down      (prewitt [1 1 1] / 3, scharr [3 10 3] / 16)
        down   = the same, turned
        steepness = root of (across^2 + down^2),   direction = atan2(down, across)
        edge  <=>  steepness > threshold

    References
    ----------
    I. Sobel, G. Feldman, "A 3x3 isotropic gradient operator for image processing", Stanford Artificial Intelligence
    Project, 1968.
    J. Prewitt, "Object enhancement and extraction", Picture Processing and Psychopictorics, 75-149, 1970.
    H. Scharr, "Optimale Operatoren in der digitalen Bildverarbeitung", Heidelberg University, 2000.

    Examples
    --------
    >>> sobel(np.array([[0, 0, 0, 90, 90, 90]], np.uint8)).labels.tolist()
    [[0, 0, 1, 1, 0, 0]]
    """
    image = np.ascontiguousarray(extended(image, valid))
    steepness, direction = polar_slopes(image, operator)
    strength = thinned(steepness, *slopes(image, operator)) if thin else steepness
    return cut_response(valid, strength, threshold, {"steepness": steepness, "direction": direction})
