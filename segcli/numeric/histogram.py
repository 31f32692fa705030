"""Histograms of gray images, and the cut of one in two after Otsu."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Gray

FLOAT_BINS = 65_536
"""Bins of a float32 histogram: as fine as a 16-bit image's."""

_WORTH_PAIRING = 1 << 18
"""From this many pixels on, counting pairs of bytes is worth its larger table."""

_EXACT_COUNT = 1 << 24
"""cv2.calcHist counts in float32, which holds every whole number up to here."""

_BLOCK = 1 << 16
"""Floats binned at a time: their float64 copies stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many pixels have which intensity.

    Attributes
    ----------
    counts : (bins,) int64
        Pixels in each bin.
    levels : (bins,) float64
        The intensity that each bin stands for, rising: a pixel lies in bin k or a lower one when it is at most
        levels[k]. A level can thus be used as a threshold as it is; a pixel equal to it belongs below.
    """

    counts: NDArray[np.int64]
    levels: NDArray[np.float64]

    @property
    def total(self) -> int:
        """Number of pixels."""
        return int(self.counts.sum())

    def occupied(self) -> Histogram:
        """Return the bins that hold at least one pixel."""
        kept = self.counts > 0
        return Histogram(self.counts[kept], self.levels[kept])

    def coarse(self, bins: int = 256) -> Histogram:
        """Return at most so many equally wide bins from the lowest to the highest intensity that occurs."""
        present = np.flatnonzero(self.counts)
        if len(present) == 0:
            return self
        first, last = int(present[0]), int(present[-1])
        width = -(-(last - first + 1) // bins)
        starts = np.arange(first, last + 1, width)
        ends = np.minimum(starts + width, last + 1) - 1
        return Histogram(np.add.reduceat(self.counts[: last + 1], starts), self.levels[ends])


def histogram(image: Gray, valid: Array | None = None) -> Histogram:
    """Count the intensities of an image.

    uint8 and uint16 images get a bin for each of their 256 or 65,536 levels. A float32 image gets 65,536 bins,
    equally spaced so that its lowest value is the middle of the first and its highest the middle of the last; each
    level is the upper end of its bin, so thresholds are good to 1/65,536 of the range. A value far outside the
    others widens all bins: leave it out with `valid`.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image. Not modified.
    valid : (H, W) bool or None
        Only pixels that are True are counted.

    Returns
    -------
    Histogram
        Exact counts for any number of pixels.

    Examples
    --------
    >>> histogram(np.array([[3, 3, 7]], np.uint8)).counts[[3, 7]].tolist()
    [2, 1]
    """
    if image.dtype == np.float32:
        return _of_floats(image if valid is None else image[valid])
    bins = 256 if image.dtype == np.uint8 else 65_536
    return Histogram(_count(image, valid, bins), np.arange(bins, dtype=np.float64))


def _count(image: Array, valid: Array | None, bins: int) -> NDArray[np.int64]:
    """Count every level of a (H, W) integer image, in parts small enough to be exact."""
    from segcli.opencv import cv2

    if bins == 256 and valid is None and image.size >= _WORTH_PAIRING and image.flags.c_contiguous:
        return _count_pairs(image.reshape(-1))
    mask = None if valid is None else valid.view(np.uint8)
    counts = np.zeros(bins, np.int64)
    height, width = image.shape
    rows = max(_EXACT_COUNT // max(width, 1), 1)
    for top in range(0, height, rows):
        for left in range(0, width, _EXACT_COUNT):
            part = (slice(top, top + rows), slice(left, left + _EXACT_COUNT))
            found = cv2.calcHist([image[part]], [0], None if mask is None else mask[part], [bins], [0, bins])
            counts += np.asarray(found).ravel().astype(np.int64)
    return counts


def _count_pairs(pixels: Array) -> NDArray[np.int64]:
    """Count (N,) bytes two at a time, as 16-bit numbers: a third faster than one by one."""
    even = len(pixels) & ~1
    table = _count(pixels[:even].view(np.uint16)[None], None, 65_536).reshape(256, 256)
    counts = table.sum(axis=0) + table.sum(axis=1)
    counts[pixels[even:]] += 1
    return np.asarray(counts)


def _of_floats(image: Array) -> Histogram:
    """Bin float32 pixels between their extremes."""
    if image.size == 0:
        return Histogram(np.zeros(FLOAT_BINS, np.int64), np.arange(FLOAT_BINS, dtype=np.float64))
    pixels = np.ascontiguousarray(image).reshape(-1)
    low, high = np.float64(pixels.min()), np.float64(pixels.max())
    step = (high - low) / (FLOAT_BINS - 1)
    scale = 1 / step if step > 0 else 0.0
    positions = np.empty((1, len(pixels)), np.uint16)
    for start in range(0, len(pixels), _BLOCK):
        part = slice(start, start + _BLOCK)
        positions[0, part] = (pixels[part] - low) * scale + 0.5
    return Histogram(_count(positions, None, FLOAT_BINS), low + step * (np.arange(FLOAT_BINS) + 0.5))


def between_class_variance(histogram: Histogram) -> NDArray[np.float64]:
    """Return, for each bin, the variance between the two classes when the cut lies just above that bin.

    Otsu's equation (18), (mean w - m)^2 / (w (1 - w)); 0 where one of the classes is empty.
    """
    shares = np.cumsum(histogram.counts) / max(histogram.total, 1)
    # Levels are taken from a middle one: the variance is the same and the sums lose no digits.
    levels = histogram.levels - histogram.levels[len(histogram.levels) // 2]
    moments = np.cumsum(histogram.counts * levels) / max(histogram.total, 1)
    spread = shares * (1 - shares)
    variance = np.zeros_like(spread)
    np.divide((moments[-1] * shares - moments) ** 2, spread, out=variance, where=spread > 0)
    return variance


def otsu_threshold(histogram: Histogram, curve: NDArray[np.float64] | None = None) -> float:
    """Return the level where the variance between the two classes is largest, found exactly.

    Of several equal cuts the lowest level is taken, so a threshold is a level that occurs. OpenCV takes the first
    largest too, but compares rounded sums, so in an exact tie its choice depends on rounding; and it never looks at
    cuts that leave less than 1.2e-7 of the pixels on a side.

    Parameters
    ----------
    histogram : Histogram
        At least one pixel; with one level alone the answer is that level.
    curve : (bins,) float64
        The histogram's `between_class_variance`, where it is known already.

    Returns
    -------
    float
        Pixels above it are the bright class; a pixel equal to it is dark.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms",
    IEEE Trans. Systems, Man, and Cybernetics 9(1), 62-66, 1979.

    Examples
    --------
    >>> otsu_threshold(histogram(np.array([[50, 50, 200]], np.uint8)))
    50.0
    """
    curve = between_class_variance(histogram) if curve is None else curve
    best = curve.max()
    if best == 0:
        return float(histogram.levels[np.flatnonzero(histogram.counts)[0]])
    near = np.flatnonzero(curve >= best * (1 - 1e-9))
    near = near[histogram.counts[near] > 0]
    if len(near) == 1:
        return float(histogram.levels[near[0]])
    bins = np.arange(len(histogram.counts))
    below, moments = np.cumsum(histogram.counts), np.cumsum(histogram.counts * bins)
    total, moment = int(below[-1]), int(moments[-1])
    # Levels are equally spaced, so bin numbers may stand for them, and whole numbers are compared without rounding.
    chosen, best_top, best_bottom = 0, -1, 1
    for index in near:
        count = int(below[index])
        top, bottom = (total * int(moments[index]) - count * moment) ** 2, count * (total - count)
        if bottom and top * best_bottom > best_top * bottom:
            chosen, best_top, best_bottom = int(index), top, bottom
    return float(histogram.levels[chosen])
