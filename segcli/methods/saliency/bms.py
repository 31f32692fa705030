"""Boolean map saliency: what is surrounded in many thresholded copies of a picture is a figure."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Color, Param, Valid
from segcli.numeric.color import lab
from segcli.numeric.saliency import Map, segment_map, unit
from segcli.segmentation import Segmentation

WHITENING = 50.0
"""Added to the covariance of the colors, so that a channel without contrast is not blown up (L*a*b* units squared)."""

OPENING, ATTENTION, MAP = 5, 7, 15
"""Sides of the squares that clean a Boolean map, widen what it surrounds, and widen the sum, in reduced pixels."""


def bms(
    image: Color,
    *,
    valid: Valid = None,
    working_size: Annotated[int, Param(min=16, max=2048, unit="pixels")] = 300,
    step: Annotated[float, Param(min=1, max=128)] = 8.0,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 9.0,
    center: Annotated[float, Param(min=0, max=1)] = 1.0,
) -> Segmentation:
    """Find what is surrounded in many thresholded copies of the picture.

    Each color channel is cut at many levels; of each of these Boolean maps, what does not touch the border of the
    picture is surrounded, as figures are by their ground. Small surrounded parts count more than large ones, and all
    are added up. Works for whole objects of any size with an outline all around. Fails for objects that touch the
    border of the picture.

    Parameters
    ----------
    image : (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the map is computed on the smallest box around them.
    working_size : int
        Longer side of the copy that is looked at.
    step : float
        Distance between the levels, of 256.
    sigma : float
        Blur of the map, in pixels of that copy.
    center : float
        How much the middle of the picture counts more: 0 gives the map of the paper, 1 weighs it by a Gaussian of a
        fifth of height and width, since photographers put their object there.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, the map above its Otsu threshold.
        scores : (2, H, W) float32; the second is the map, 0 to 1.
        numbers : threshold of the map.
        layers : saliency (H, W) float32, 0 to 1; channel_1 to channel_3, what is surrounded in each whitened channel.

    Notes
    -----
        B = { p : channel(p) > level } and its complement, for each channel and level
        A = parts of B that do not touch the border, widened, over the root of their pixels
        map = G(sigma) * sum of all A, widened

    References
    ----------
    J. Zhang, S. Sclaroff, "Exploiting surroundedness for saliency detection: a Boolean map approach",
    IEEE Trans. Pattern Analysis and Machine Intelligence 38(5), 889-902, 2016.

    Examples
    --------
    >>> field = np.full((64, 64, 3), (40, 120, 40), np.uint8)
    >>> field[24:44, 24:44] = (220, 30, 30)
    >>> bms(field, sigma=0).labels[[2, 34], [2, 34]].tolist()
    [0, 1]
    """
    return segment_map(image, valid, working_size, center, lambda colors: _surrounded(colors, step, sigma))


def _surrounded(colors: Map, step: float, sigma: float) -> tuple[Map, dict[str, Map]]:
    """The mean attention map, and that of each channel, over channels, levels and both signs (sections 3.1 and 3.2)."""
    from segcli.opencv import cv2

    total = np.zeros(colors.shape[:2], np.float32)
    parts: dict[str, Map] = {}
    for number, channel in enumerate(_channels(colors), start=1):
        before = total.copy()
        for level in np.arange(0, 255, step):
            for positive in (True, False):
                boolean = ((channel > level) == positive).astype(np.uint8)
                cleaned = cv2.morphologyEx(boolean, cv2.MORPH_OPEN, np.ones((OPENING, OPENING), np.uint8))
                attention = _off_border(np.asarray(cleaned))
                if attention.any():
                    wide = cv2.dilate(attention, np.ones((ATTENTION, ATTENTION), np.uint8))
                    total += wide / np.float32(np.sqrt(np.count_nonzero(wide)))
        parts[f"channel_{number}"] = total - before
    widened = cv2.dilate(total, np.ones((MAP, MAP), np.uint8))
    return np.asarray(cv2.GaussianBlur(widened, (0, 0), sigma) if sigma else widened, np.float32), parts


def _channels(colors: Map) -> list[NDArray[np.float32]]:
    """Whitened L*a*b* channels, 0 to 255 each (section 3.4)."""
    values = lab(np.rint(colors.clip(0, 255)).astype(np.uint8)).reshape(-1, 3).astype(np.float64)
    values -= values.mean(axis=0)
    covariance = values.T @ values / len(values) + WHITENING * np.eye(3)
    scale, axes = np.linalg.eigh(covariance)
    white = values @ (axes / np.sqrt(scale)) @ axes.T
    return [255 * unit(plane.astype(np.float32)) for plane in np.moveaxis(white.reshape(colors.shape), 2, 0)]


def _off_border(boolean: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The parts of a Boolean map that do not touch the border of the picture."""
    from segcli.opencv import cv2

    count, labels = cv2.connectedComponents(boolean, connectivity=4)
    kept = np.ones(count, np.uint8)
    kept[0] = 0
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        kept[edge] = 0
    return np.asarray(kept[labels])
