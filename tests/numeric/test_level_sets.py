"""Starts of contours, and what contours see of a picture."""

import numpy as np
import pytest
from scipy import ndimage

from segcli.arrays import Box, Point
from segcli.errors import InputError
from segcli.numeric.level_sets import (
    checkerboard,
    edge_indicator,
    gradient_strength,
    signed_distance,
    smoothed,
    standardized,
    start_from,
)
from segcli.numeric.outside import extended

NOTHING = {"init": None, "box": None, "point": None, "radius": 1.0}


def test_hints_add_up_and_say_whether_the_contour_grows():
    init = np.zeros((4, 6), bool)
    init[0, 0] = True
    start = start_from((4, 6), None, init=init, box=Box(4, 2, 6, 4), point=(Point(2, 1),), radius=1.0)
    assert start.mask.astype(int).tolist() == [
        [1, 0, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 1, 0, 1, 1],
        [0, 0, 0, 0, 1, 1],
    ]
    assert start.given
    assert not start.grows
    assert start_from((4, 6), None, **{**NOTHING, "point": (Point(2, 1),)}).grows


def test_the_default_box_lies_inside_the_pixels_that_count():
    valid = np.zeros((12, 40), bool)
    valid[2:12, :20] = True
    rows, columns = np.nonzero(start_from((12, 40), valid, **NOTHING).mask)
    # 10 rows and 20 columns less 5 %, at least a pixel, on each side.
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 10, 1, 18)


def test_a_start_that_fills_the_picture_leaves_its_outermost_pixels_and_says_so():
    start = start_from((5, 6), None, **{**NOTHING, "box": Box(0, 0, 6, 5)})
    assert start.mask.sum() == 3 * 4
    assert "whole picture" in start.notes[0]


def test_a_start_on_left_out_pixels_alone_is_refused():
    valid = np.ones((5, 6), bool)
    valid[:2, :2] = False
    with pytest.raises(InputError, match="no pixel that counts"):
        start_from((5, 6), valid, **{**NOTHING, "box": Box(0, 0, 2, 2)})


def test_the_squares_of_the_checkerboard_alternate():
    assert (checkerboard((4, 4), side=2) > 0).astype(int).tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 1],
        [0, 0, 1, 1],
    ]


def test_the_signed_distance_is_that_of_scipy_less_half_a_pixel():
    mask = np.random.default_rng(0).random((9, 11)) > 0.6
    inside, outside = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    expected = np.where(mask, inside - 0.5, 0.5 - outside)
    assert np.allclose(signed_distance(mask), expected, atol=1e-5)


def test_a_standardized_picture_has_the_deviation_1_over_the_pixels_that_count():
    image = np.array([[10, 10, 30, 30, 255]], np.uint8)
    valid = np.array([[True, True, True, True, False]])
    # 10 and 30 deviate by 10 from their mean.
    assert standardized(image, valid)[0, :4].tolist() == [0, 0, 2, 2]
    assert standardized(image[:, :2]) is None


def test_left_out_pixels_take_their_nearest_neighbors_value():
    generator = np.random.default_rng(2)
    image, valid = generator.random((8, 9, 3)), generator.random((8, 9)) > 0.5
    filled = extended(image, valid)
    assert np.array_equal(filled[valid], image[valid])
    places = np.argwhere(valid)
    for place in np.argwhere(~valid):
        distances = np.hypot(*(places - place).T)
        # OpenCV's 5 x 5 distance is off by less than a tenth of a pixel here.
        near = places[distances < distances.min() + 0.1]
        assert any(np.array_equal(filled[tuple(place)], image[tuple(other)]) for other in near)


def test_the_border_of_the_pixels_that_count_is_the_border_of_a_picture():
    image = np.random.default_rng(1).random((10, 12)).astype(np.float32)
    wide = np.pad(image, ((0, 0), (0, 9)), constant_values=77)
    valid = np.arange(21)[None] < np.full((10, 1), 12)
    assert np.allclose(smoothed(wide, valid, 1.5)[:, :12], smoothed(image, None, 1.5), atol=1e-6)


def test_the_gradient_is_the_one_of_scipy():
    image = np.random.default_rng(3).random((20, 24)).astype(np.float32)
    blurred = ndimage.gaussian_filter(image.astype(np.float64), 2.0, mode="nearest", radius=8)
    slopes = [ndimage.sobel(blurred, axis=axis, mode="nearest") / 8 for axis in (0, 1)]
    assert np.allclose(gradient_strength(image, None, 2.0), np.hypot(*slopes), atol=2e-5)
    gray_as_color = np.repeat(image[:, :, None], 3, axis=2)
    assert np.allclose(gradient_strength(gray_as_color, None, 2.0), gradient_strength(image, None, 2.0), atol=1e-6)


def test_an_edge_of_the_contrast_halves_the_indicator():
    # The step of 8 is spread over two pixels: a gradient of 4 on both sides.
    step = np.array([[0, 0, 8, 8]] * 3, np.uint8)
    indicator, used = edge_indicator(step, None, 0.0, 4.0)
    assert indicator[1].tolist() == [1, 0.5, 0.5, 1]
    assert used == 4
    assert edge_indicator(step, None, 0.0, 2.0)[0][1].tolist() == pytest.approx([1, 0.2, 0.2, 1])


def test_auto_takes_the_gradients_inside_the_start():
    image = np.zeros((30, 60), np.float32)
    image[:, :30] = np.arange(30)
    image[:, 30:] = 29 + 5 * np.arange(30)
    steep = np.zeros((30, 60), bool)
    steep[:, 35:55] = True
    assert edge_indicator(image, None, 0.0, "auto", steep)[1] == pytest.approx(5)
    assert edge_indicator(image, None, 0.0, "auto", ~steep)[1] == pytest.approx(1)
