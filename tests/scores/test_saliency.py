"""Precision, recall and error of saliency maps, worked out by hand."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.scores.saliency import (
    best_f_measure,
    correlation,
    f_measure,
    kl_divergence,
    mean_absolute_error,
    precision_recall,
    similarity,
)


def test_each_threshold_by_hand() -> None:
    # Levels 0, 51, 102, 255; the object is the second and the last pixel.
    precision, recall = precision_recall(np.array([[0, 0.2, 0.4, 1.0]]), np.array([[0, 1, 0, 1]]))
    # At level 0 all four count: 2 of 4. At 1 to 51 three: 2 of 3. At 52 to 102 two: 1 of 2. Above that one: 1 of 1.
    assert precision[[0, 1, 51, 52, 102, 103, 255]].tolist() == [0.5, 2 / 3, 2 / 3, 0.5, 0.5, 1, 1]
    assert recall[[0, 51, 52, 102, 103, 255]].tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5]
    # 1.3 * 2/3 * 1 / (0.3 * 2/3 + 1) = 0.8667 / 1.2
    assert f_measure(precision, recall)[51] == pytest.approx(0.86666667 / 1.2)


def test_the_best_f_measure_is_that_of_one_threshold() -> None:
    # From above .2 up: 1.3 * 2/3 * 1 / 1.2 = .7222; from 1 up: 1.3 * 1 * .5 / .8 = .8125, which is better.
    assert best_f_measure(np.array([[0, 0.2, 0.4, 1.0]]), np.array([[0, 1, 0, 1]])) == pytest.approx(0.8125)
    assert np.isnan(best_f_measure(np.ones((2, 2)), np.zeros((2, 2))))


def test_recall_of_no_object_is_not_a_number() -> None:
    precision, recall = precision_recall(np.array([[0.0, 1.0]]), np.zeros((1, 2)))
    assert precision.tolist() == [0.0] * 256
    assert np.isnan(recall).all()


def test_the_error_is_the_mean_difference() -> None:
    assert mean_absolute_error(np.array([[0.5, 0.5]]), np.array([[0, 7]])) == 0.5


def test_sizes_must_agree() -> None:
    with pytest.raises(InputError, match="2 x 1"):
        precision_recall(np.zeros((1, 2)), np.zeros((2, 2)))


SALIENCY = np.array([[0.1, 0.2], [0.3, 0.4]])
LOOKED = np.array([[0.25, 0.25], [0.1, 0.4]])


def test_two_maps_of_four_pixels() -> None:
    assert correlation(SALIENCY, LOOKED) == pytest.approx(0.316228, abs=5e-7)
    # Stretched and summed: 0 1/6 1/3 1/2 and 1/4 1/4 0 1/2; the lesser ones 0 + 1/6 + 0 + 1/2. Summed alone: .8.
    assert similarity(SALIENCY, LOOKED) == pytest.approx(2 / 3)
    assert kl_divergence(SALIENCY, LOOKED) == pytest.approx(0.174997, abs=5e-7)


def test_the_unit_of_a_map_does_not_matter() -> None:
    for score in (similarity, correlation, kl_divergence):
        assert score(SALIENCY * 255, LOOKED / 7) == pytest.approx(score(SALIENCY, LOOKED))


def test_a_map_against_itself_is_perfect() -> None:
    assert (similarity(LOOKED, LOOKED), correlation(LOOKED, LOOKED)) == (pytest.approx(1), pytest.approx(1))
    assert kl_divergence(LOOKED, LOOKED) == pytest.approx(0, abs=1e-12)


def test_correlation_agrees_with_numpy() -> None:
    saliency, truth = np.random.default_rng(2).random((2, 9, 11))
    assert correlation(saliency, truth) == pytest.approx(np.corrcoef(saliency.ravel(), truth.ravel())[0, 1])


def test_a_flat_map_says_nothing() -> None:
    flat = np.full((2, 2), 3.0)
    assert similarity(flat, LOOKED) == correlation(flat, LOOKED) == 0
    assert np.isnan([similarity(LOOKED, flat), correlation(LOOKED, flat), kl_divergence(LOOKED, flat * 0)]).all()
    # Everywhere 1/4 against half of the pixels with 1/2: ln 2. Where the truth is not predicted at all, ln(1 / eps).
    assert kl_divergence(flat, np.array([[1, 1], [0, 0]])) == pytest.approx(np.log(2))
    assert kl_divergence(flat * 0, LOOKED) == pytest.approx(
        np.sum(LOOKED * np.log(LOOKED / np.finfo(float).eps)), rel=1e-9
    )


def test_a_distribution_is_not_negative() -> None:
    with pytest.raises(InputError, match=r"true map holds -0\.4"):
        kl_divergence(SALIENCY, -LOOKED)
