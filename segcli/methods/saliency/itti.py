"""Itti, Koch and Niebur's model of attention: what differs from its surround at several scales stands out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from segcli.arrays import Color, Param, Valid
from segcli.numeric.saliency import Map, opponents, oriented, segment_map, unit
from segcli.segmentation import Segmentation

CENTERS, STEPS = (2, 3, 4), (3, 4)
"""Levels of the pyramid at which centers lie, and how many levels coarser their surrounds are."""

SCALE = 4
"""Level of the pyramid at which maps are added."""


def itti(
    image: Color,
    *,
    valid: Valid = None,
    working_size: Annotated[int, Param(min=64, max=4096, unit="pixels")] = 640,
    center: Annotated[float, Param(min=0, max=1)] = 1.0,
) -> Segmentation:
    """Find what differs from its surround in intensity, color or orientation.

    Differences between fine and coarse levels of pyramids answer where a center is unlike its surround; maps with
    few strong peaks are raised above those with many, and all are added up. Works for things that pop out of an even
    ground. Fails for large objects, of which the rim is found, and the map is coarse: a sixteenth of the picture.

    Parameters
    ----------
    image : (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the map is computed on the smallest box around them.
    working_size : int
        Longer side of the copy that is looked at; centers are 4 to 16 of its pixels wide, surrounds 32 to 256.
    center : float
        How much the middle of the picture counts more: 0 gives the map of the paper, 1 weighs it by a Gaussian of a
        fifth of height and width, since photographers put their object there.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, the map above its Otsu threshold.
        scores : (2, H, W) float32; the second is the map, 0 to 1.
        numbers : threshold of the map.
        layers : saliency (H, W) float32, 0 to 1; intensity, color and orientation, the maps that it is made of.

    Notes
    -----
        C(c, s) = |level c - level s of a pyramid|, for c = 2, 3, 4 and s = c + 3, c + 4
        N(M) = M (1 - mean of the other maxima)^2, of a map scaled to 1
        map = N(sum of N(C intensity)) + N(sum of N(C colors)) + N(sum over 4 angles of N(sum of N(C angle)))

    Centers and surrounds of the color pairs are subtracted with equal signs, as the authors' later toolbox does; the
    other maxima of a map are those in windows of an eighth of its shorter side.

    References
    ----------
    L. Itti, C. Koch, E. Niebur, "A model of saliency-based visual attention for rapid scene analysis",
    IEEE Trans. Pattern Analysis and Machine Intelligence 20(11), 1254-1259, 1998.

    Examples
    --------
    >>> field = np.full((128, 128, 3), (40, 120, 40), np.uint8)
    >>> field[56:72, 56:72] = (220, 30, 30)
    >>> bool(itti(field).labels[64, 64])
    True
    """
    return segment_map(image, valid, working_size, center, _attention)


def _attention(colors: Map) -> tuple[Map, dict[str, Map]]:
    """The map, and what it is made of, of the paper's equations 1 to 8 and section 2.2."""
    from segcli.opencv import cv2

    # The pyramid needs nine levels: a smaller picture is enlarged, which adds nothing but levels.
    factor = max(1.0, 512 / max(colors.shape[:2]))
    size = (max(1, round(colors.shape[1] * factor)), max(1, round(colors.shape[0] * factor)))
    found = opponents(np.asarray(cv2.resize(colors, size, interpolation=cv2.INTER_LINEAR)))
    intensities = _pyramid(found.intensity)
    shape = intensities[SCALE].shape
    intensity = _conspicuity(intensities, shape)
    color = sum(_conspicuity(_pyramid(pair), shape) for pair in (found.red_green, found.blue_yellow))
    orientation = sum(
        _promoted(_conspicuity([oriented(plane, degrees) for plane in intensities], shape))
        for degrees in (0, 45, 90, 135)
    )
    named = {"intensity": intensity, "color": color, "orientation": orientation}
    parts = {name: _promoted(np.asarray(part)) for name, part in named.items()}
    saliency = np.asarray(sum(parts.values()), np.float32)
    return np.asarray(cv2.resize(saliency, colors.shape[1::-1], interpolation=cv2.INTER_CUBIC)), parts


def _pyramid(plane: Map) -> list[Map]:
    """Gaussian pyramid of as many levels as the coarsest surround needs."""
    from segcli.opencv import cv2

    levels = [plane]
    while len(levels) <= max(CENTERS) + max(STEPS):
        levels.append(np.asarray(cv2.pyrDown(levels[-1])))
    return levels


def _conspicuity(levels: Sequence[Map], shape: tuple[int, ...]) -> Map:
    """Promoted differences of all centers and surrounds, added at one scale."""
    from segcli.opencv import cv2

    total = np.zeros(shape, np.float32)
    for center in CENTERS:
        for step in STEPS:
            fine = levels[center]
            coarse = cv2.resize(levels[center + step], fine.shape[::-1], interpolation=cv2.INTER_LINEAR)
            difference = _promoted(np.abs(fine - coarse))
            total += cv2.resize(difference, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return total


def _promoted(plane: Map) -> Map:
    """N(.) of the paper: raise maps with one strong peak above maps with many alike."""
    from segcli.opencv import cv2

    scaled = unit(plane)
    window = max(3, min(scaled.shape) // 8 | 1)
    peaks = scaled[(scaled == cv2.dilate(scaled, np.ones((window, window), np.uint8))) & (scaled > 0.05) & (scaled < 1)]
    return np.asarray(scaled * np.float32((1 - (peaks.mean() if peaks.size else 0)) ** 2))
