"""Energies from labels, scores and odds."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric.unaries import LEAST, unary_from_labels, unary_from_odds, unary_from_scores


def shares(unary):
    return np.exp(-unary.astype(np.float64))


def test_a_given_class_has_the_certainty_and_the_others_share_the_rest():
    found = shares(unary_from_labels(np.array([[0, 2, 255]], np.int32), 0.8))[:, 0]
    assert found == pytest.approx(np.array([[0.8, 0.1, 1 / 3], [0.1, 0.1, 1 / 3], [0.1, 0.8, 1 / 3]]), abs=1e-6)


def test_a_mask_of_0_and_255_is_one_of_0_and_1():
    mask = np.array([[0, 1, 1]], np.int32)
    assert np.array_equal(unary_from_labels(255 * mask, 0.7), unary_from_labels(mask, 0.7))


def test_one_class_alone_still_competes_with_another():
    assert unary_from_labels(np.zeros((2, 2), np.int32), 0.9).shape == (2, 2, 2)


def test_labels_of_left_out_pixels_do_not_count():
    labels = np.array([[0, 1, 9999]], np.int32)
    assert unary_from_labels(labels, 0.7, labels < 5).shape == (2, 1, 3)


@pytest.mark.parametrize(("value", "words"), [(256, "value 256"), (-1, "value -1"), (255, "open.* everywhere")])
def test_labels_that_are_no_classes_are_refused(value, words):
    with pytest.raises(InputError, match=words):
        unary_from_labels(np.full((1, 2), value, np.int32), 0.7)


def test_probabilities_are_divided_by_their_sum_and_none_is_zero():
    found = shares(unary_from_scores(np.float32([[[3, 0, 0]], [[1, 2, 0]]])))[:, 0]
    assert found == pytest.approx(np.array([[0.75, LEAST, 0.5], [0.25, 1, 0.5]]), rel=1e-5)


def test_scores_below_zero_are_logits():
    logits = np.float32([[[0.5, 90]], [[-0.5, 0]]])
    found = shares(unary_from_scores(logits))[:, 0]
    assert found == pytest.approx(np.array([[0.731059, 1], [0.268941, LEAST]]), rel=1e-5)


def test_scores_are_judged_where_pixels_count():
    scores = np.float32([[[1, np.nan]], [[1, -5]]])
    assert unary_from_scores(scores, np.array([[True, False]]))[:, 0, 0] == pytest.approx(np.log(2))


@pytest.mark.parametrize(("scores", "words"), [([[[1.0]]], "one plane"), ([[[1.0]], [[np.nan]]], "NaN")])
def test_scores_that_are_no_classes_are_refused(scores, words):
    with pytest.raises(InputError, match=words):
        unary_from_scores(np.float32(scores))


def test_odds_become_the_probabilities_that_they_are():
    found = shares(unary_from_odds(np.float32([[0, np.log(3), -100]])))[:, 0]
    assert found == pytest.approx(np.array([[0.5, 0.25, 1], [0.5, 0.75, 0]]), abs=1e-6)
