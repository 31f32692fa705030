"""U-Net's weight map on worked numbers, and its distances against one transform a cell."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from segcli.learning.weight_map import two_nearest, weight_map


@pytest.mark.parametrize(
    ("gap", "expected"), [((1, 1), 9.23116), ((2, 3), 6.06531), ((5, 5), 1.35335), ((4, 16), 0.0033546)]
)
def test_a_gap_between_two_cells_weighs_what_was_worked_out(gap, expected):
    left, right = gap
    line = np.zeros((1, left + right + 1), int)
    line[0, 0], line[0, -1] = 1, 2
    # A pixel at 1 and 1 from its cells is at d1 + d2 = 2.
    extra = weight_map(line, class_weights=(0, 0))
    assert extra[0, left] == pytest.approx(expected, rel=1e-5)
    assert extra[0, 0] == extra[0, -1] == 0


def test_a_gap_of_no_width_would_weigh_ten():
    line = np.array([[1, 0, 2]])
    assert weight_map(line, class_weights=(0, 0), sigma=1e4)[0, 1] == pytest.approx(10)
    assert weight_map(line, class_weights=(0, 0), border=3, sigma=1e4)[0, 1] == pytest.approx(3)


def test_seven_pixels_weigh_what_was_worked_out():
    line = np.array([[0, 1, 1, 0, 2, 2, 0]])
    expected = np.array([[6.0653, 0, 0, 9.2312, 0, 0, 6.0653]])
    np.testing.assert_allclose(weight_map(line, class_weights=(0, 0)), expected, atol=5e-5)
    # 3 of 7 pixels are background: 7/6 there and 7/8 in cells, 1 on the mean
    balance = np.where(line == 0, 7 / 6, 7 / 8)
    assert balance.mean() == pytest.approx(1)
    np.testing.assert_allclose(weight_map(line), expected + balance, atol=5e-5)
    np.testing.assert_allclose(weight_map(line, class_weights=(1, 2)), expected + np.where(line == 0, 1, 2), atol=5e-5)


@pytest.mark.parametrize("line", [[0, 0, 0], [0, 1, 0], [1, 1, 1]])
def test_fewer_than_two_cells_have_nothing_between_them(line):
    assert not weight_map(np.array([line]), class_weights=(0, 0)).any()


@pytest.mark.parametrize("line", [[0, 0, 0], [5, 5, 5]])
def test_one_class_alone_weighs_one(line):
    assert weight_map(np.array([line])).tolist() == [[1, 1, 1]]


def brute_force(instances):
    """Distances to the nearest and second nearest cell from one transform a cell."""
    each = [distance_transform_edt(instances != name) for name in np.unique(instances[instances != 0])]
    return np.sort(each, axis=0)[:2]


@pytest.mark.parametrize("cells", [2, 3, 4, 5, 8, 9, 40])
def test_the_two_nearest_cells_are_those_of_one_transform_a_cell(cells):
    generator = np.random.default_rng(cells)
    instances = np.zeros((41, 53), np.int32)
    for name in generator.permutation(1000)[:cells] + 1:
        row, column = generator.integers(0, (39, 51))
        instances[row : row + 3, column : column + 3] = name
    np.testing.assert_allclose(two_nearest(instances), brute_force(instances), atol=1e-5)


def test_the_names_of_cells_do_not_matter():
    line = np.array([[0, 7, 0, 0, 300, 0, 1, 1]], np.int32)
    renamed = np.array([[0, 1, 0, 0, 2, 0, 3, 3]], np.uint8)
    np.testing.assert_array_equal(weight_map(line), weight_map(renamed))
    assert weight_map(line).dtype == np.float32
