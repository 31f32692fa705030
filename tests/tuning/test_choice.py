"""Few pictures: what is taken, and what is promised of it."""

import numpy as np
import pytest

from segcli.tuning.choice import choose, folds, interval, pick


def test_the_interval_is_that_of_student_for_as_many_new_pictures() -> None:
    # Mean 0.5, deviation 0.1, t of 4 degrees of freedom 2.776: 2.776 * 0.1 * sqrt(2 / 5) = 0.1756.
    values = 0.5 + 0.1 * np.array([-1, 1, -1, 1, 0])
    assert values.std(ddof=1) == pytest.approx(0.1)
    assert interval(values) == pytest.approx((0.3244, 0.6756), abs=1e-4)


def test_the_interval_ends_where_scores_do_and_one_picture_says_nothing() -> None:
    assert interval([0.1, 0.9])[0] == 0
    assert interval([0.1, 0.9])[1] == 1
    assert interval([0.7]) == (0, 1)


def test_the_interval_covers_the_mean_of_new_pictures_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        low, high = interval(random.normal(0.5, 0.05, 5))
        inside += low <= random.normal(0.5, 0.05, 5).mean() <= high
    assert 0.935 < inside / 2000 < 0.965


def test_the_interval_is_no_narrower_than_untuned_scores_make_it() -> None:
    # 2.776 * 0.1 * sqrt(2 / 5) = 0.1756 again.
    assert interval([0.5] * 5, untuned=0.1) == pytest.approx((0.3244, 0.6756), abs=1e-4)
    scores = np.array([[0.4, 0.5, 0.6], [0.9, 0.9, 0.9]])
    low, high = choose(scores, np.array([0.0, 1.0]), np.array([True, False])).interval
    assert low == pytest.approx(0.9 - 4.3027 * 0.1 * np.sqrt(2 / 3), abs=1e-4)
    assert high == 1


def test_errors_have_no_upper_end() -> None:
    low, high = interval([-3.0, -1.0], (-np.inf, 0.0))
    assert low < -3
    assert high == 0


def test_each_of_few_pictures_is_left_out_and_many_go_in_eight_groups() -> None:
    assert [left.tolist() for left in folds(3)] == [[0], [1], [2]]
    groups = list(folds(20))
    assert len(groups) == 8
    assert sorted(np.concatenate(groups).tolist()) == list(range(20))


def test_the_best_default_stays_where_others_win_by_luck_of_one_picture() -> None:
    # Each of the others has 0.625 by one picture alone, so that what is taken without it scores 0.5 there.
    lucky = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    scores = np.vstack([np.full(4, 0.6), lucky])
    found = choose(scores, np.zeros(5), np.array([True] + 4 * [False]))
    assert found.place == 0
    assert found.kept
    assert found.score == pytest.approx(0.6)


def test_a_candidate_that_wins_on_every_picture_takes_the_place_of_the_default() -> None:
    scores = np.array([[0.5, 0.6, 0.4], [0.8, 0.9, 0.7]])
    found = choose(scores, np.array([0.0, 3.0]), np.array([True, False]))
    assert found.place == 1
    assert not found.kept
    assert found.held_out.tolist() == [0.8, 0.9, 0.7]


def test_the_score_is_that_on_pictures_that_had_no_say() -> None:
    # Without the first picture the second candidate is best, and it scores 0.1 there; and so on.
    scores = np.array([[0.9, 0.5, 0.5], [0.1, 0.9, 0.9], [0.0, 0.0, 0.0]])
    found = choose(scores, np.array([5.0, 5.0, 0.0]), np.array([False, False, True]))
    assert found.held_out[0] == 0.1


def test_of_candidates_that_cannot_be_told_apart_the_simpler_is_taken() -> None:
    # The first is better by .0017 on average, with a standard error of .0109.
    scores = np.array([[0.80, 0.70, 0.60], [0.79, 0.72, 0.585], [0.5, 0.4, 0.3]])
    assert pick(scores, np.array([6, 2, 0]), np.arange(3)) == 1


def test_a_picture_without_a_score_counts_for_nobody() -> None:
    scores = np.array([[0.5, np.nan, 0.5], [0.6, np.nan, 0.6]])
    assert choose(scores, np.array([0, 1.0]), np.array([True, False])).place == 1


def test_with_one_picture_the_best_is_taken_and_nothing_promised() -> None:
    found = choose(np.array([[0.5], [0.7]]), np.array([0, 1.0]), np.array([True, False]))
    assert found.place == 1
    assert found.interval == (0, 1)
