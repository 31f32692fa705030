"""What superpixels look like."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from segcli.numeric.region_graph import region_graph
from segcli.numeric.superpixel_features import BINS, FEATURES, OWN, binary_patterns, superpixel_features


def test_patterns_agree_with_scikit_image_where_its_ring_meets_pixels() -> None:
    # Its ring of radius sqrt(2) meets the corners, and between equal columns the sides, which it interpolates.
    plane = np.repeat(np.random.default_rng(0).integers(0, 9, (1, 25)), 9, axis=0)
    expected = local_binary_pattern(plane, 4, 1, "default")
    bits = np.array([plane[:, 2:] >= plane[:, 1:-1], plane[:, :-2] >= plane[:, 1:-1]])[:, 4]
    assert np.array_equal(bits[0], expected[4, 1:-1].astype(int) & 1)
    # A column is higher or lower on three neighbors a side; above and below it is equal.
    found = binary_patterns(plane)[4, 1:-1]
    assert np.array_equal(found, np.where(bits.any(axis=0), 2 + 3 * bits.sum(axis=0), 9))


def test_a_pattern_counts_the_neighbors_that_are_as_large_if_they_stand_in_a_row() -> None:
    row = np.array([[1, 9, 9], [1, 5, 9], [1, 1, 1]])
    assert binary_patterns(row)[1, 1] == 3
    apart = np.array([[9, 1, 9], [1, 5, 1], [1, 1, 1]])
    assert binary_patterns(apart)[1, 1] == 9


def test_what_lies_outside_or_is_left_out_counts_as_equal() -> None:
    plane = np.array([[5, 1], [1, 1]])
    # Of the corner's eight neighbors five lie outside; the three inside are smaller.
    assert binary_patterns(plane)[0, 0] == 5
    valid = np.array([[True, False], [True, True]])
    assert binary_patterns(plane, valid)[0, 0] == 6


def test_features_of_two_flat_halves() -> None:
    planes = np.zeros((3, 4, 8), np.float32)
    planes[0, :, 4:] = 0.6
    labels = np.repeat(np.array([[1, 2]], np.int32), 4, axis=1).repeat(4, axis=0)
    found = superpixel_features(planes, labels, region_graph(labels))
    assert found.shape == (2, FEATURES)
    assert found[:, 0].tolist() == pytest.approx([0, 0.6])
    # L* of 0.6 falls into step 4 of 8; a* and b* of 0, in the middle of their ranges, into step 4 too.
    histograms = found[:, 6 : 6 + 3 * BINS].reshape(2, 3, BINS).argmax(axis=2)
    assert histograms.tolist() == [[0, 4, 4], [4, 4, 4]]
    # Each has the other as its only neighbor.
    assert np.array_equal(found[0, OWN : 2 * OWN], found[1, :OWN])
    assert found[:, -2:].tolist() == [[0.25, 0.5], [0.75, 0.5]]


def test_left_out_pixels_change_nothing() -> None:
    planes = np.random.default_rng(3).random((3, 6, 9)).astype(np.float32)
    labels = np.ones((6, 9), np.int32)
    labels[3:] = 2
    valid = np.ones((6, 9), bool)
    valid[:, 7:] = False
    labels[~valid] = 0
    junk = planes.copy()
    junk[:, ~valid] = 0.9
    one, two = (superpixel_features(part, labels, region_graph(labels), valid) for part in (planes, junk))
    assert np.array_equal(one, two)
