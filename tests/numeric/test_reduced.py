"""The reduced picture that models are learned on."""

import numpy as np
import pytest

from segcli.arrays import Box
from segcli.numeric.reduced import Reduced, ellipse_cost, spans


def picture(dtype=np.uint8, factor=1):
    rows, columns = np.mgrid[:20, :40]
    return (np.stack([rows * 6, columns * 6, rows + columns], axis=2) * factor).astype(dtype)


def test_a_small_picture_stays_as_it_is():
    small = Reduced(picture(), None, 64)
    assert small.shape == (20, 40)
    assert np.array_equal(small.colors, picture())


def test_the_longer_side_is_reduced_to_the_size_by_averaging():
    small = Reduced(picture(), None, 20)
    assert small.shape == (10, 20)
    # Red is 6 x row: rows 0 and 1 average to 3, rows 18 and 19 to 111.
    assert small.colors[[0, 9], 0, 0].tolist() == [3, 111]


@pytest.mark.parametrize(("dtype", "factor"), [(np.uint16, 257), (np.float32, 1e-3), (np.float32, -1e6)])
def test_other_types_are_scaled_to_the_same_colors(dtype, factor):
    colors = Reduced(picture(dtype, factor) if factor > 0 else picture(dtype, 1) * dtype(1e6), None, 64).colors
    expected = Reduced(picture(np.float32), None, 64).colors
    assert colors == pytest.approx(expected, abs=1e-2)
    assert np.percentile(colors, (0.1, 99.9)) == pytest.approx([0, 255], abs=0.5)


def test_a_constant_float_picture_gives_finite_colors():
    assert np.isfinite(Reduced(np.full((5, 5, 3), 7.5, np.float32), None, 64).colors).all()


def test_a_box_and_a_layer_follow_the_reduction():
    small = Reduced(picture(), np.ones((20, 40), bool), 10)
    assert small.extent(Box(4, 8, 40, 20)) == (1, 2, 10, 5)
    assert small.enlarge(np.ones(small.shape, np.float32)).shape == (20, 40)
    assert small.valid.all()


def test_the_ellipse_costs_a_half_less_in_the_middle_and_a_half_more_on_its_rim():
    cost = ellipse_cost((5, 5), (0, 0, 5, 5))
    assert cost[2, 2] == -0.5
    # The pixel in the middle of the right side is 2 from the center, whose half width is 2.5: (2 / 2.5)^2 - 1/2.
    assert cost[2, 4] == pytest.approx(0.14)


def test_a_mask_spans_its_box_when_it_reaches_over_three_quarters_of_both_sides():
    mask = np.zeros((40, 40), bool)
    mask[5:35, 5:12] = True
    assert not spans(mask, (0, 0, 40, 40))
    mask[20, 5:35] = True
    assert spans(mask, (0, 0, 40, 40))
    assert not spans(np.zeros((4, 4), bool), (0, 0, 4, 4))
    assert spans(np.zeros((4, 4), bool), None)
