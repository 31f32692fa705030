"""Weights of classes by their median frequency."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.learning.class_weights import median_frequency_weights


def test_frequencies_are_taken_over_the_pictures_that_hold_the_class():
    # class 0: 150 of 200 pixels = .75; class 1: 40 of 100 = .4; class 2: 110 of 200 = .55, which is the median
    counts = [[60, 40, 0], [90, 0, 10], [0, 0, 100]]
    frequencies = np.array([150 / 200, 40 / 100, 110 / 200])
    np.testing.assert_allclose(median_frequency_weights(np.array(counts)), np.median(frequencies) / frequencies)
    np.testing.assert_allclose(median_frequency_weights(np.array(counts)), [11 / 15, 1.375, 1])


def test_the_median_of_an_even_number_of_classes_lies_between_two():
    # frequencies .75 and .25 in one picture: median .5
    np.testing.assert_allclose(median_frequency_weights(np.array([[75, 25]])), [2 / 3, 2])


def test_a_picture_without_the_class_does_not_make_it_rarer():
    counts = np.array([[50, 50], [100, 0]])
    # class 0: 150 / 200, class 1: 50 / 100 and not 50 / 200
    np.testing.assert_allclose(median_frequency_weights(counts), [0.625 / 0.75, 0.625 / 0.5])


def test_a_class_that_never_occurs_weighs_one_and_moves_no_median():
    np.testing.assert_allclose(median_frequency_weights(np.array([[75, 0, 25]])), [2 / 3, 1, 2])
    assert median_frequency_weights(np.zeros((2, 3), int)).tolist() == [1, 1, 1]


def test_weights_follow_their_classes():
    counts = np.random.default_rng(0).integers(0, 50, (6, 5))
    order = [3, 0, 4, 1, 2]
    np.testing.assert_array_equal(median_frequency_weights(counts[:, order]), median_frequency_weights(counts)[order])


def test_counts_must_be_a_table():
    with pytest.raises(InputError, match="counts have 1 dimensions"):
        median_frequency_weights(np.array([1, 2]))
