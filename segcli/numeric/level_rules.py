"""Rules that read a threshold off a histogram with more than one level.

Each takes a `Histogram` and returns a level: pixels above it are the bright class.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segcli.errors import InputError
from segcli.numeric.histogram import Histogram

_WHOLE_KERNEL = 1 << 16
"""Smoothing weights are whole numbers of this size, so that equal sums come out equal and make a plateau."""


def mean(histogram: Histogram) -> float:
    """Return the mean intensity (Glasbey 1993)."""
    return float(histogram.counts @ histogram.levels / histogram.total)


def isodata(histogram: Histogram) -> float:
    """Return the lowest level that lies half way between the means of its two classes (Ridler and Calvard 1978)."""
    present = np.flatnonzero(histogram.counts)
    inside = slice(int(present[0]), int(present[-1]) + 1)
    counts, levels = histogram.counts[inside], histogram.levels[inside]
    below, moments = np.cumsum(counts)[:-1], np.cumsum(counts * levels)
    means = (moments[:-1] / below + (moments[-1] - moments[:-1]) / (counts.sum() - below)) / 2
    # From one level to the next the gap shrinks by a step at most, so the first below a step is not yet negative.
    return float(levels[np.argmax(means - levels[:-1] < levels[1] - levels[0])])


def li(histogram: Histogram) -> float:
    """Return the level of minimum cross entropy by the iteration of Li and Tam (1998), from the mean intensity."""
    step = histogram.levels[1] - histogram.levels[0]
    occurring = histogram.occupied()
    counts = occurring.counts
    # The means must be positive for their logarithms: intensities are taken from the lowest.
    levels = occurring.levels - occurring.levels[0]
    below, moments = np.cumsum(counts), np.cumsum(counts * levels)
    level, previous = float(moments[-1] / below[-1]), -np.inf
    while abs(level - previous) > step / 2:
        index = np.searchsorted(levels, level, side="right") - 1
        dark = moments[index] / below[index]
        if dark == 0:
            break
        bright = (moments[-1] - moments[index]) / (below[-1] - below[index])
        level, previous = float((dark - bright) / (np.log(dark) - np.log(bright))), level
    return level + float(occurring.levels[0])


def yen(histogram: Histogram) -> float:
    """Return the level of maximum correlation (Yen, Chang and Chang 1995), on at most 256 equal bins."""
    coarse = histogram.coarse()
    shares = coarse.counts / coarse.total
    below, squares = np.cumsum(shares)[:-1], np.cumsum(shares**2)
    squares_above = np.cumsum(shares[::-1] ** 2)[::-1][1:]
    return float(coarse.levels[np.argmax((below * (1 - below)) ** 2 / (squares[:-1] * squares_above))])


def triangle(histogram: Histogram) -> float:
    """Return the level farthest under the line from the peak to the end of its longer tail (Zack et al. 1977)."""
    coarse = histogram.coarse()
    heights, levels = coarse.counts.astype(np.float64), coarse.levels
    peak = int(np.argmax(heights))
    if peak < len(heights) - 1 - peak:
        heights, levels = heights[::-1], levels[::-1]
        peak = len(heights) - 1 - peak
    # The distance to the line is this but for a constant factor.
    index = int(np.argmax(heights[peak] * np.arange(peak) - peak * heights[:peak]))
    return float(levels[index])


def minimum(histogram: Histogram) -> float:
    """Return the lowest level between the two peaks left by repeated smoothing (Prewitt and Mendelsohn 1966).

    A rise up to the highest level is a peak only where there are not two without it: a few saturated pixels are none.
    """
    coarse = histogram.coarse()
    tops = np.arange(0)
    for last in (len(coarse.counts) - 1, len(coarse.counts)):
        heights = coarse.counts.astype(np.float64)
        for _ in range(10_000):
            padded = np.pad(heights, 1, mode="edge")
            heights = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
            tops = peaks(heights)
            tops = tops[tops < last]
            if len(tops) < 3:
                break
        if len(tops) == 2:
            return float(coarse.levels[tops[0] + np.argmin(heights[tops[0] : tops[1] + 1])])
    found = "1 peak" if len(tops) == 1 else f"{len(tops)} peaks"
    raise InputError(f"smoothing left {found} in the histogram; rule minimum needs 2. Try rule isodata or triangle.")


def midpoint(histogram: Histogram, classes: int, sigma: float) -> tuple[float, ...]:
    """Return the levels half way between neighbors of the highest peaks, one peak a class."""
    coarse, _, tops = _highest_peaks(histogram, classes, sigma, "midpoint")
    return tuple(float(level) for level in (coarse.levels[tops[:-1]] + coarse.levels[tops[1:]]) / 2)


def valley(histogram: Histogram, classes: int, sigma: float) -> tuple[float, ...]:
    """Return the least populated levels between neighbors of the highest peaks; the middle one of equals."""
    coarse, heights, tops = _highest_peaks(histogram, classes, sigma, "valley")
    levels = []
    for left, right in pairwise(tops):
        between = heights[left : right + 1]
        lowest = np.flatnonzero(between == between.min())
        levels.append(float(coarse.levels[left + lowest[(len(lowest) - 1) // 2]]))
    return tuple(levels)


def peaks(heights: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return where a curve is higher than on both sides; a plateau counts once, at its middle; ends may be peaks."""
    ends = np.append(np.flatnonzero(np.diff(heights)), len(heights) - 1)
    starts = np.append(0, ends[:-1] + 1)
    plateaus = np.concatenate([[-np.inf], heights[ends], [-np.inf]])
    higher = (plateaus[1:-1] > plateaus[:-2]) & (plateaus[1:-1] > plateaus[2:])
    middles: NDArray[np.intp] = (starts + ends) // 2
    return middles[higher]


def _highest_peaks(
    histogram: Histogram, classes: int, sigma: float, rule: str
) -> tuple[Histogram, NDArray[np.float64], NDArray[np.intp]]:
    """Return the histogram in at most 256 bins, its smoothed heights and its highest peaks, one for each class."""
    coarse = histogram.coarse()
    heights = coarse.counts.astype(np.float64)
    if sigma > 0:
        radius = int(np.ceil(4 * sigma))
        weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
        whole = np.rint(weights / weights.sum() * _WHOLE_KERNEL)
        heights = np.convolve(heights, whole)[radius : radius + len(heights)]
    tops = peaks(heights)
    if len(tops) < classes:
        found = "1 peak" if len(tops) == 1 else f"{len(tops)} peaks"
        raise InputError(
            f"the smoothed histogram has {found}, {classes} classes by rule {rule} need {classes}. "
            f"Try a smaller histogram_sigma than {sigma:g}, or otsu, which needs no peaks."
        )
    highest = np.argsort(-heights[tops], kind="stable")[:classes]
    return coarse, heights, np.sort(tops[highest])


TWO_CLASS_RULES: dict[str, Callable[[Histogram], float]] = {
    "isodata": isodata,
    "li": li,
    "yen": yen,
    "triangle": triangle,
    "minimum": minimum,
    "mean": mean,
}

PEAK_RULES: dict[str, Callable[[Histogram, int, float], tuple[float, ...]]] = {"midpoint": midpoint, "valley": valley}
