"""The best cut of a histogram into several classes, found exactly by dynamic programming."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.numeric.histogram import Histogram

Numbers = NDArray[np.float64]
Indices = NDArray[np.intp]


def multilevel_thresholds(histogram: Histogram, classes: int) -> tuple[float, ...]:
    """Return the classes - 1 rising levels where the variance between the classes is largest.

    With n and S the pixels and the sum of intensities of a class, the variance is, but for constants, the sum of
    S^2 / n over the classes; so the best cut of the first j levels into c classes is the best cut of the first i
    into c - 1 and one more class. That last class starts no lower for a larger j (the term satisfies the quadrangle
    inequality), which leaves few i to look at: of L levels, each class costs O(L log L).

    Parameters
    ----------
    histogram : Histogram
        At least as many levels that occur as there are classes.
    classes : int
        Number of classes.

    Returns
    -------
    tuple of float
        Levels that occur; a pixel equal to one belongs below it. Of equal cuts the lowest last one is taken.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms",
    IEEE Trans. Systems, Man, and Cybernetics 9(1), 62-66, 1979.
    F. F. Yao, "Efficient dynamic programming using quadrangle inequalities", STOC 1980, 429-435.
    """
    present = np.flatnonzero(histogram.counts)
    counts = histogram.counts[present]
    # Levels are equally spaced: bin numbers, taken from the middle of all pixels, stand for them in whole numbers.
    middle = int(np.rint(counts @ present / counts.sum()))
    below = np.concatenate([[0], np.cumsum(counts)]).astype(np.float64)
    moments = np.concatenate([[0], np.cumsum(counts * (present - middle))]).astype(np.float64)
    value = np.zeros_like(below)
    value[1:] = moments[1:] ** 2 / below[1:]
    choices = []
    for number in range(2, classes):
        value, choice = _one_more_class(value, below, moments, number)
        choices.append(choice)
    starts = np.arange(classes - 1, len(below) - 1)
    last = value[starts] + (moments[-1] - moments[starts]) ** 2 / (below[-1] - below[starts])
    cuts = [int(starts[np.argmax(last)])]
    for choice in reversed(choices):
        cuts.append(int(choice[cuts[-1]]))
    return tuple(float(histogram.levels[present[cut - 1]]) for cut in reversed(cuts))


def _one_more_class(value: Numbers, below: Numbers, moments: Numbers, number: int) -> tuple[Numbers, Indices]:
    """Return the best value of the first j levels in `number` classes and where the last of these starts, for all j.

    Every other j is done first, then those between them: their start lies between the starts of their neighbors.
    """
    size = len(value)
    best = np.full(size, -np.inf)
    choice = np.full(size, number - 1)
    stride = 1 << size.bit_length()
    while stride := stride // 2:
        ends = np.arange(stride, size, 2 * stride)
        ends = ends[ends >= number]
        if len(ends) == 0:
            continue
        low = choice[ends - stride]
        after = ends + stride
        high = np.where(after < size, np.minimum(choice[np.minimum(after, size - 1)], ends - 1), ends - 1)
        best[ends], choice[ends] = _best_starts(value, below, moments, ends, low, high)
    return best, choice


def _best_starts(
    value: Numbers, below: Numbers, moments: Numbers, ends: Indices, low: Indices, high: Indices
) -> tuple[Numbers, Indices]:
    """Return, for each end, the best value over the starts low..high and the first start that has it."""
    lengths = high - low + 1
    offsets = np.cumsum(lengths) - lengths
    starts = np.arange(lengths.sum()) + np.repeat(low - offsets, lengths)
    total = np.repeat(moments[ends], lengths) - moments[starts]
    total *= total
    total /= np.repeat(below[ends], lengths) - below[starts]
    total += value[starts]
    best = np.maximum.reduceat(total, offsets)
    tops = np.flatnonzero(total == np.repeat(best, lengths))
    return best, starts[tops[np.searchsorted(tops, offsets)]]
