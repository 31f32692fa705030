"""The exact cut of a histogram into several classes."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from segcli.numeric.histogram import Histogram, histogram
from segcli.numeric.multilevel import multilevel_thresholds


def merit(counts, levels, cuts):
    """Return the sum of S^2 / n over the classes that begin at 0 and at the cuts, exactly."""
    edges = [0, *cuts, len(counts)]
    total = Fraction(0)
    for first, last in itertools.pairwise(edges):
        n = sum(counts[first:last])
        total += Fraction(sum(c * v for c, v in zip(counts[first:last], levels[first:last], strict=True)) ** 2, n)
    return total


@pytest.mark.parametrize("classes", [2, 3, 4, 5, 6])
def test_no_cut_of_a_small_histogram_is_better(classes):
    random = np.random.default_rng(classes)
    for _ in range(25):
        size = int(random.integers(classes, 12))
        counts = random.integers(1, 50, size)
        levels = np.sort(random.choice(60, size, replace=False))
        full = np.zeros(60, np.int64)
        full[levels] = counts
        found = multilevel_thresholds(Histogram(full, np.arange(60.0)), classes)
        cuts = np.searchsorted(levels, found, side="right").tolist()
        values = counts.tolist(), levels.tolist()
        best = max(merit(*values, cut) for cut in itertools.combinations(range(1, size), classes - 1))
        # The sums are rounded to 1e-16 of their size; equal cuts may so be taken for one another, worse ones not.
        assert float(best - merit(*values, cuts)) <= 1e-12 * float(best)


def test_three_flat_parts_are_cut_at_their_own_levels():
    counts = np.zeros(256, np.int64)
    counts[[20, 90, 200]] = 5, 3, 9
    assert multilevel_thresholds(Histogram(counts, np.arange(256.0)), 3) == (20, 90)
    assert multilevel_thresholds(Histogram(counts, np.arange(256.0) * 3 + 7), 3) == (67, 277)


def test_the_lowest_last_cut_of_equals_is_taken():
    # Levels 0, 1, 2, 3 with a pixel each: of three classes one has two levels. {0,1}{2}{3}, {0}{1,2}{3} and
    # {0}{1}{2,3} are equally good; the last cut is lowest, after level 1, in the third alone.
    assert multilevel_thresholds(Histogram(np.ones(4, np.int64), np.arange(4.0)), 3) == (0, 1)


def test_all_65536_levels_are_used_exactly():
    # Against the full search over both thresholds of three classes on 300 levels spread over 16 bits.
    random = np.random.default_rng(3)
    image = random.choice(65_536, 300, replace=False)[random.integers(0, 300, 4000)].astype(np.uint16).reshape(40, 100)
    found = multilevel_thresholds(histogram(image), 3)
    levels, counts = np.unique(image, return_counts=True)
    n, s = np.append(0, np.cumsum(counts)), np.append(0, np.cumsum(counts * (levels - image.mean())))
    first, second = np.triu_indices(len(levels) - 1, 1)
    first, second = first + 1, second + 1
    merits = s[first] ** 2 / n[first] + (s[second] - s[first]) ** 2 / (n[second] - n[first])
    merits += (s[-1] - s[second]) ** 2 / (n[-1] - n[second])
    best = int(np.argmax(merits))
    assert found == (levels[first[best] - 1], levels[second[best] - 1])


def test_dense_16_bit_levels_agree_with_the_quadratic_search():
    random = np.random.default_rng(4)
    counts = random.integers(1, 30, 700)
    found = multilevel_thresholds(Histogram(counts, np.arange(700.0)), 5)
    levels = np.arange(700) - 350.0
    n, s = np.append(0, np.cumsum(counts)), np.append(0, np.cumsum(counts * levels))
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(n[:, None] < n, (s - s[:, None]) ** 2 / (n - n[:, None]), -np.inf)
    value = gain[0]
    for _ in range(4):
        value = (value[:, None] + gain).max(axis=0)
    cuts = np.array([0, *(int(level) + 1 for level in found), 700])
    reached = sum(gain[a, b] for a, b in itertools.pairwise(cuts))
    assert reached == pytest.approx(value[-1], rel=1e-13)
