"""Signed distances to the contours of classes."""

import numpy as np
import pytest

from segcli.learning.distance_map import signed_distances
from segcli.segmentation import VOID

SQUARE = np.pad(np.ones((3, 3), np.uint8), 1)


def test_five_by_five_pixels_have_the_distances_worked_out():
    corner = np.sqrt(2)
    expected = [
        [corner, 1, 1, 1, corner],
        [1, 0, 0, 0, 1],
        [1, 0, -1, 0, 1],
        [1, 0, 0, 0, 1],
        [corner, 1, 1, 1, corner],
    ]
    np.testing.assert_allclose(signed_distances(SQUARE, 1)[0], expected, rtol=1e-6)
    np.testing.assert_allclose(signed_distances(SQUARE, 1, offset=0)[0], expected - SQUARE, rtol=1e-6)


def test_each_class_has_a_map_and_one_logit_that_of_class_1():
    maps = signed_distances(SQUARE, 2)
    assert maps.shape == (2, 5, 5)
    assert maps.dtype == np.float32
    np.testing.assert_array_equal(maps[1], signed_distances(SQUARE, 1)[0])
    np.testing.assert_allclose(maps[0], signed_distances(1 - SQUARE, 1)[0])


def test_distances_agree_with_scipys():
    from scipy.ndimage import distance_transform_edt

    labels = np.random.default_rng(0).integers(0, 3, (20, 30)).astype(np.uint8)
    labels = np.kron(labels, np.ones((4, 4), np.uint8))
    for name, plane in enumerate(signed_distances(labels, 3)):
        inside = labels == name
        expected = np.where(inside, 1 - distance_transform_edt(inside), distance_transform_edt(~inside))
        np.testing.assert_allclose(plane, expected, atol=1e-5)


@pytest.mark.parametrize("fill", [0, 1, VOID])
def test_a_class_without_a_contour_has_no_distances(fill):
    assert not signed_distances(np.full((3, 4), fill, np.uint8), 2).any()


def test_void_is_on_neither_side():
    labels = np.array([[0, 0, VOID, 1, VOID, VOID]], np.uint8)
    assert signed_distances(labels, 1).tolist() == [[[3, 2, 1, -1, 1, 2]]]
    assert signed_distances(labels, 1, ignore=None).tolist() == [[[3, 2, 1, 0, 1, 2]]]
