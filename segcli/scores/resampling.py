"""How far scores of a data set can be trusted: drawn pictures, and two sets of predictions with some swapped.

Pictures are the units, not pixels or objects: what is drawn or swapped are the counts of whole pictures. Pictures that
belong together, such as frames of one film, count as if they did not, which makes intervals too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Scores = Callable[[Numbers], Mapping[str, Numbers]]

RESAMPLES = 2000
PERMUTATIONS = 9999
LEVEL = 0.95
FEWEST = 2
"""Pictures below which nothing can be drawn."""

FEW = 12
"""Pictures up to which every swap of two sets of predictions is tried, instead of some by chance."""

TOGETHER = 256
"""Draws that are held in memory at once."""


class Interval(NamedTuple):
    """From, to; NaN where it is unknown."""

    low: float
    high: float


class Difference(NamedTuple):
    """How two sets of predictions of the same pictures differ in a score, the first less the second."""

    value: float
    low: float
    high: float
    p: float


def intervals(
    counts: Numbers, scores: Scores, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> dict[str, Interval]:
    """Percentile intervals of scores by the bootstrap.

    Parameters
    ----------
    counts : (pictures, counts), rows that add up.
    scores : makes scores (...) of sums (..., counts).
    resamples : how often as many pictures are drawn with replacement.
    seed : of the draws.
    level : share of the draws that the interval holds.

    Returns
    -------
    An interval for each score; empty with fewer than two pictures.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An introduction to the bootstrap", Chapman and Hall, 1993, chapter 13.
    """
    if len(counts) < FEWEST or not resamples:
        return {}
    drawn = [scores(weights @ counts) for weights in _draws(len(counts), resamples, seed)]
    return {name: _percentiles(np.concatenate([one[name] for one in drawn]), level) for name in drawn[0]}


def differences(
    first: Numbers, second: Numbers, scores: Scores, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> dict[str, Difference]:
    """Differences of two sets of predictions of the same pictures.

    The interval is the percentile one of the paired bootstrap: both sets are scored on the same drawn pictures. p is
    that of the two-sided permutation test: how often the difference is as great or greater when the two predictions
    of each picture are swapped by chance. Of up to 12 pictures every swap is tried; else 9,999 by chance, and the one
    that was found counts too, so that p is never 0.

    Parameters
    ----------
    first, second : (pictures, counts), row by row of the same picture.
    scores, resamples, seed, level : as for `intervals`.

    References
    ----------
    P. Good, "Permutation, parametric and bootstrap tests of hypotheses", Springer, 3rd edition, 2005, chapter 3.
    B. Phipson, G. K. Smyth, "Permutation p-values should never be zero", Statistical Applications in Genetics and
    Molecular Biology 9(1), 39, 2010.
    """
    found = _apart(scores, first.sum(axis=0), second.sum(axis=0))
    enough = len(first) >= FEWEST
    drawn = _joined(
        _apart(scores, weights @ first, weights @ second)
        for weights in (_draws(len(first), resamples, seed) if enough else ())
    )
    swapped = _joined(_swapped(first, second, scores, seed) if enough else ())
    answer = {}
    for name, value in found.items():
        size = float(value)
        low, high = _percentiles(drawn[name], level) if drawn else Interval(np.nan, np.nan)
        answer[name] = Difference(size, low, high, _p(size, swapped[name], len(first)) if swapped else np.nan)
    return answer


def _p(found: float, swapped: Numbers, pictures: int) -> float:
    """Share of the swaps with a difference as great; rounding must not part equal ones."""
    if np.isnan(found):
        return float("nan")
    known = swapped[~np.isnan(swapped)]
    great = int(np.count_nonzero(np.abs(known) >= abs(found) * (1 - 1e-9) - 1e-12))
    return great / max(1, len(known)) if pictures <= FEW else (great + 1) / (len(known) + 1)


def _swapped(first: Numbers, second: Numbers, scores: Scores, seed: int) -> Iterator[dict[str, Numbers]]:
    """Differences after swaps: all of them, or some by chance."""
    pictures, change = len(first), second - first
    total = first.sum(axis=0), second.sum(axis=0)
    if pictures <= FEW:
        every = (np.arange(1 << pictures)[:, None] >> np.arange(pictures) & 1).astype(np.float64)
        chunks = iter(np.array_split(every, max(1, len(every) // TOGETHER)))
    else:
        random = np.random.default_rng([seed, 1])
        sizes = _chunks(PERMUTATIONS)
        chunks = (random.integers(0, 2, (size, pictures)).astype(np.float64) for size in sizes)
    for swaps in chunks:
        moved = swaps @ change
        yield _apart(scores, total[0] + moved, total[1] - moved)


def _apart(scores: Scores, first: Numbers, second: Numbers) -> dict[str, Numbers]:
    """Scores of the first less those of the second."""
    one, other = scores(first), scores(second)
    return {name: one[name] - other[name] for name in one}


def _joined(parts: Iterator[dict[str, Numbers]] | tuple[()]) -> dict[str, Numbers]:
    """The values of several parts by name."""
    held = list(parts)
    return {name: np.concatenate([part[name] for part in held]) for name in held[0]} if held else {}


def _draws(pictures: int, resamples: int, seed: int) -> Iterator[Numbers]:
    """How often each picture is drawn, (draws, pictures), some draws at a time."""
    random = np.random.default_rng([seed, 0])
    for size in _chunks(resamples):
        places = random.integers(0, pictures, (size, pictures)) + pictures * np.arange(size)[:, None]
        yield np.bincount(places.ravel(), minlength=size * pictures).reshape(size, pictures).astype(np.float64)


def _chunks(total: int) -> list[int]:
    """Parts of a number, none larger than is held at once."""
    return [min(TOGETHER, total - start) for start in range(0, total, TOGETHER)]


def _percentiles(values: Numbers, level: float) -> Interval:
    """The middle share of the values that are not NaN."""
    known = values[~np.isnan(values)]
    if not known.size:
        return Interval(np.nan, np.nan)
    low, high = np.percentile(known, (50 * (1 - level), 50 * (1 + level)))
    return Interval(float(low), float(high))
