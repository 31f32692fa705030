"""Contrast-limited adaptive histogram equalization."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segcli.arrays import Array, Color, Gray, Param
from segcli.numeric.brightness import full_scale, with_brightness
from segcli.numeric.forms import as_gray

BINS = 256


def clahe(
    image: Gray | Color,
    *,
    limit: Annotated[float, Param(min=1, max=100)] = 2.0,
    tiles: Annotated[int, Param(min=1, max=64)] = 8,
) -> Array:
    """Equalize the contrast of each part of the picture, no more than so much.

    Brings out faint objects under uneven light. Even areas become a little noisy; a higher limit makes them worse.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Of color pictures the luma is changed, and the colors move along.
    limit : float
        Greatest slope of the gray curve, as a multiple of the usual; what a level has more is given to all.
    tiles : int
        Parts along each side; the curves of the four nearest are mixed in each pixel.

    Returns
    -------
    array of the picture's shape and type
        Whole numbers use their full scale, floats the picture's own range. A picture of one level is left as it is.

    References
    ----------
    K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 474-485, 1994.
    """
    gray = as_gray(image)
    least, most = float(gray.min()), float(gray.max())
    if least == most:
        return image.copy()
    low, high = full_scale(gray)
    # 8 bits have a bin for each level; others spread theirs over what occurs.
    start, width = (0.0, 1.0) if gray.dtype == np.uint8 else (least, (most - least) / (BINS - 1))
    place = np.clip((gray.astype(np.float32) - start) / width, 0, BINS - 1).astype(np.float32)
    curves = _curves(np.rint(place).astype(np.int32), limit, tiles)
    return with_brightness(image, low + _mixed(curves, place) * (high - low))


def _curves(bins: Array, limit: float, tiles: int) -> Array:
    """(rows, columns, BINS) float32, the share of each tile's pixels up to each bin, limited."""
    height, width = bins.shape
    rows, columns = min(tiles, height), min(tiles, width)
    row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
    tile = row[:, None] * columns + column
    counts = np.bincount((tile * BINS + bins).ravel(), minlength=rows * columns * BINS).reshape(-1, BINS)
    area = counts.sum(axis=1, keepdims=True)
    most = np.maximum(limit * area / BINS, 1)
    excess = np.maximum(counts - most, 0).sum(axis=1, keepdims=True)
    limited = np.minimum(counts, most) + excess / BINS
    return np.asarray(np.cumsum(limited, axis=1) / area, np.float32).reshape(rows, columns, BINS)


def _mixed(curves: Array, place: Array) -> Array:
    """(H, W) float32, what the curves of the nearest tiles say of each pixel, by distance."""
    (top, bottom, down), (left, right, along) = (
        _neighbors(length, count) for length, count in zip(place.shape, curves.shape[:2], strict=True)
    )
    bin_low = place.astype(np.int32)
    bin_high = np.minimum(bin_low + 1, BINS - 1)
    between = place - bin_low
    mixed = np.zeros(place.shape, np.float32)
    for row, vertical in ((top, 1 - down), (bottom, down)):
        for column, horizontal in ((left, 1 - along), (right, along)):
            tile = (row[:, None], column[None, :])
            value = curves[(*tile, bin_low)] * (1 - between) + curves[(*tile, bin_high)] * between
            mixed += value * vertical[:, None] * horizontal[None, :]
    return mixed


def _neighbors(length: int, count: int) -> tuple[Array, Array, Array]:
    """The tiles before and after each pixel along an axis, and how far it is on the way between their middles."""
    position = np.clip((np.arange(length, dtype=np.float32) + 0.5) * count / length - 0.5, 0, count - 1)
    before = position.astype(np.int32)
    return before, np.minimum(before + 1, count - 1), (position - before).astype(np.float32)
