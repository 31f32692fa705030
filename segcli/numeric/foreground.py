"""Cuts an image at thresholds and says which side of a cut is the objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from segcli.arrays import Array, Gray
from segcli.errors import SettingError
from segcli.numeric.histogram import Histogram
from segcli.segmentation import Segmentation

Side = Literal["bright", "dark"]

_ROUNDNESS_SIZE = 1024
"""Pixels along the longer side of the picture in which roundness is measured: enough for shapes, fast for any size."""


def cut(
    image: Gray, threshold: float, foreground: Literal["bright", "dark", "auto"] = "bright", valid: Array | None = None
) -> tuple[Array, Side]:
    """Cut an image at a threshold.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image. Not modified.
    threshold : float
        In the image's units; rounded to float32 for a float32 image. A pixel equal to it belongs to the dark side.
    foreground : bright, dark or auto
        The side that becomes 1; auto asks `choose_side`.
    valid : (H, W) bool or None
        Pixels that count in the choice of the side.

    Returns
    -------
    mask : (H, W) uint8
        1 on the foreground, 0 elsewhere.
    side : bright or dark
        The side that is the foreground.

    Examples
    --------
    >>> cut(np.array([[4, 5, 6]], np.uint8), 5, "dark")[0].tolist()
    [[1, 1, 0]]
    """
    bright = _above(image, threshold)
    if foreground == "bright" or (foreground == "auto" and choose_side(bright, valid) == "bright"):
        return bright, "bright"
    return np.bitwise_xor(bright, 1, out=bright), "dark"


def _above(image: Gray, threshold: float) -> Array:
    """Return 1 where the image is above a threshold; in one type, because numpy then compares without copies."""
    # No whole number lies between a threshold and its floor.
    limit = np.float32(threshold) if image.dtype.kind == "f" else int(np.floor(threshold))
    return np.greater(image, limit).view(np.uint8)


def choose_side(bright: Array, valid: Array | None = None) -> Side:
    """Say whether the objects are the bright or the dark side of a cut image.

    A side that covers less than a tenth is the objects. Otherwise three signs are weighed. Objects cover less than
    their background; they lie less along the picture's border; and they are rounder: the discs that fit inside a side
    where it is thickest fill compact objects, but leave the corners between packed objects uncovered. The first two
    count as log odds, the third as ten times the difference of the filled shares, so that for packed discs, whose
    background covers less, roundness decides. Fails for objects that cover more than half and are less round than
    the gaps between them.

    Parameters
    ----------
    bright : (H, W) uint8
        1 above the threshold, 0 elsewhere. Not modified.
    valid : (H, W) bool or None
        Pixels that count.

    Returns
    -------
    bright or dark
        bright where all signs balance.

    Examples
    --------
    >>> spot = np.zeros((9, 9), np.uint8)
    >>> spot[3:6, 3:6] = 1
    >>> choose_side(spot), choose_side(1 - spot)
    ('bright', 'dark')
    """
    from segcli.opencv import cv2

    counted = np.ones(bright.shape, np.uint8) if valid is None else valid.astype(np.uint8)
    cover = _log_odds(bright[counted > 0])
    # No packing of equal discs leaves less uncovered than 1 - pi / sqrt(12) = .093.
    if abs(cover) > np.log(9):
        return "bright" if cover < 0 else "dark"
    inner = cv2.erode(counted, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    evidence = -cover - _log_odds(bright[counted > inner])
    scale = _ROUNDNESS_SIZE / max(bright.shape)
    sides: list[Array] = [255 * (bright & counted), 255 * (1 - bright & counted)]
    if scale < 1:
        sides = [cv2.resize(side, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for side in sides]
    # A small blur drops the specks that noise leaves on both sides.
    light, dark = (cv2.blur(side, (5, 5)) for side in sides)
    filled = _roundness(light, dark), _roundness(dark, light)
    if min(filled) > 0:
        evidence += 10 * (filled[0] - filled[1])
    return "bright" if evidence >= 0 else "dark"


def _log_odds(pixels: Array) -> float:
    """Return the log odds of a share of ones, held within a hundredth of 0 and 1."""
    share = min(max(np.count_nonzero(pixels) / max(pixels.size, 1), 0.01), 0.99)
    return float(np.log(share / (1 - share)))


def _roundness(side: Array, other: Array) -> float:
    """Return the share of a side that the discs inscribed at its thickest points cover; 0 where it is too thin."""
    from segcli.opencv import cv2

    # Only the other side bounds a disc: beyond the border of picture or region a side may go on.
    inside = (side > other).astype(np.uint8)
    around = (side >= other).astype(np.uint8)
    area = np.count_nonzero(inside)
    if area == 0 or around.all():
        return 0.0
    distance = cv2.distanceTransform(around, cv2.DIST_L2, 5)
    thickest = (distance == cv2.dilate(distance, np.ones((13, 13), np.uint8))) & (distance >= 2)
    covered = np.zeros_like(inside)
    for row, column in np.argwhere(thickest).tolist():
        cv2.circle(covered, (column, row), int(distance[row, column]), 1, -1)
    return np.count_nonzero(covered & inside) / area


def segment_at(
    image: Gray,
    thresholds: Sequence[float],
    histogram: Histogram,
    *,
    foreground: Literal["bright", "dark", "auto"],
    valid: Array | None,
    numbers: Mapping[str, float],
    series: Mapping[str, Array],
) -> Segmentation:
    """Build the segmentation of an image cut at one rising threshold (a mask) or more (classes, 0 the darkest).

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image. Not modified.
    thresholds : rising numbers in the image's units
    histogram : of the valid pixels; it and its levels become series.
    foreground : bright, dark or auto
        For one threshold.
    valid : (H, W) bool or None
    numbers, series : what the method wants to report besides the thresholds and the histogram.

    Raises
    ------
    SettingError
        A foreground other than bright with more than one threshold.
    """
    series = {"histogram": histogram.counts, "levels": histogram.levels, **series}
    if len(thresholds) > 1:
        if foreground != "bright":
            raise SettingError("foreground", f"is {foreground}; it needs two classes, there are {len(thresholds) + 1}.")
        labels = _above(image, thresholds[0])
        for threshold in thresholds[1:]:
            labels += _above(image, threshold)
        named = {f"threshold_{number}": threshold for number, threshold in enumerate(thresholds, start=1)}
        return Segmentation(labels, "classes", numbers={**named, **numbers}, series=series)
    mask, side = cut(image, thresholds[0], foreground, valid)
    return Segmentation(
        mask,
        "mask",
        numbers={"threshold": thresholds[0], **numbers},
        choices={"foreground": side},
        series=series,
        notes=_cover_notes(histogram, thresholds[0], side, foreground == "auto"),
    )


def _cover_notes(histogram: Histogram, threshold: float, side: Side, chosen: bool) -> tuple[str, ...]:
    """Warn where a threshold separates nothing, or where the side that was asked for covers most."""
    occurring = histogram.occupied()
    bright = int(occurring.counts[occurring.levels > threshold].sum())
    if bright in (0, histogram.total):
        low, high = occurring.levels[[0, -1]]
        return (f"all pixels lie on one side of {threshold:g}; they go from {low:g} to {high:g}",)
    share = (bright if side == "bright" else histogram.total - bright) / histogram.total
    if share <= 0.5 or chosen:
        return ()
    other = "dark" if side == "bright" else "bright"
    return (f"the {side} side covers {share:.0%}; if the objects are the others, ask for foreground {other}",)


def flat_segmentation(image: Gray, histogram: Histogram, classes: int) -> Segmentation:
    """Return background everywhere, and a note, for an image with one intensity alone."""
    level = float(histogram.occupied().levels[0])
    blank: Array = np.zeros(image.shape, np.uint8)
    return Segmentation(
        blank,
        "mask" if classes == 2 else "classes",
        numbers={"threshold": level} if classes == 2 else {},
        series={"histogram": histogram.counts, "levels": histogram.levels},
        notes=(f"every pixel is {level:g}; there is nothing to separate",),
    )
