"""Intervals that hold the truth as often as they say, and tests that reject no more often than they should."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from segcli.scores.resampling import differences, intervals


def ratio(sums: np.ndarray) -> Mapping[str, np.ndarray]:
    """Hits over trials, as a pooled score is."""
    with np.errstate(invalid="ignore"):
        return {"ratio": sums[..., 0] / sums[..., 1], "twice": 2 * sums[..., 0] / sums[..., 1]}


def pictures(random: np.random.Generator, count: int) -> np.ndarray:
    """Hits and trials of pictures whose own rates differ; all together .6 of the trials are hits."""
    trials = random.integers(50, 150, count)
    return np.stack([random.binomial(trials, random.beta(6, 4, count)), trials], axis=1).astype(float)


def test_intervals_of_drawn_data_hold_the_truth_nineteen_times_of_twenty() -> None:
    random = np.random.default_rng(0)
    held = [intervals(pictures(random, 40), ratio, resamples=400, seed=seed)["ratio"] for seed in range(300)]
    coverage = np.mean([one.low <= 0.6 <= one.high for one in held])
    # Three standard errors of 300 draws; the percentile method holds a little less than it says.
    assert 0.90 < coverage < 0.985


def test_an_interval_is_that_of_a_plain_loop() -> None:
    counts = pictures(np.random.default_rng(1), 30)
    random = np.random.default_rng(2)
    drawn = [ratio(counts[random.integers(0, 30, 30)].sum(axis=0))["ratio"] for _ in range(4000)]
    found = intervals(counts, ratio, resamples=4000)["ratio"]
    assert found == pytest.approx(np.percentile(drawn, (2.5, 97.5)), abs=0.006)


def test_equal_seeds_give_equal_intervals_and_others_do_not() -> None:
    counts = pictures(np.random.default_rng(1), 30)
    assert intervals(counts, ratio, seed=3) == intervals(counts, ratio, seed=3)
    assert intervals(counts, ratio, seed=3) != intervals(counts, ratio, seed=4)


def test_fewer_than_two_pictures_have_no_interval() -> None:
    assert intervals(np.array([[1.0, 2.0]]), ratio) == {}
    assert intervals(np.ones((5, 2)), ratio, resamples=0) == {}
    only = differences(np.array([[1.0, 2.0]]), np.array([[2.0, 2.0]]), ratio)["ratio"]
    assert only.value == -0.5
    assert np.isnan([only.low, only.high, only.p]).all()


def test_draws_in_which_a_score_is_unknown_are_left_out() -> None:
    counts = np.array([[0.0, 0.0], [1.0, 2.0]])
    assert intervals(counts, ratio)["ratio"] == (0.5, 0.5)


def test_of_few_pictures_every_swap_is_tried() -> None:
    # The first is better by .1 in each of 5 pictures: only no swap and all swaps are as extreme, 2 of 32.
    first, second = (np.stack([np.full(5, hits), np.full(5, 10.0)], axis=1) for hits in (6.0, 5.0))
    found = differences(first, second, ratio)["ratio"]
    assert found.value == pytest.approx(0.1)
    assert found.p == 2 / 32
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def test_equal_predictions_differ_by_nothing() -> None:
    counts = pictures(np.random.default_rng(1), 30)
    assert differences(counts, counts, ratio)["ratio"] == (0, 0, 0, 1)


def test_swapping_both_sides_turns_the_sign_alone() -> None:
    random = np.random.default_rng(5)
    first, second = pictures(random, 25), pictures(random, 25)
    one, other = differences(first, second, ratio)["ratio"], differences(second, first, ratio)["ratio"]
    assert (one.value, one.p) == (pytest.approx(-other.value), other.p)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_the_test_rejects_equal_sources_as_rarely_as_it_should() -> None:
    random = np.random.default_rng(7)
    rejected = 0
    for _ in range(120):
        pair = pictures(random, 10), pictures(random, 10)
        rejected += differences(*pair, ratio, resamples=1)["ratio"].p <= 0.05
    assert rejected <= 14


def test_the_test_finds_a_difference_in_many_pictures() -> None:
    random = np.random.default_rng(8)
    first = pictures(random, 40)
    second = first - np.array([5.0, 0.0])
    found = differences(first, second, ratio)["ratio"]
    assert found.p == pytest.approx(1 / 10_000)
    assert 0 < found.low < found.value < found.high
