"""A first grouping by color."""

import numpy as np

from segcli.numeric.color_classes import color_classes, dark_to_light


def test_blue_is_darker_than_red_and_red_than_green():
    # Rec. 601: 0.114, 0.299 and 0.587 of 255.
    means = np.array([[0, 255, 0], [255, 0, 0], [0, 0, 255]], float)
    assert dark_to_light(means, True).tolist() == [2, 1, 0]


def test_classes_are_numbered_from_dark_to_light_and_left_out_pixels_teach_nothing():
    image = np.array([[9, 200, 10, 100, 101, 255]], np.uint8)
    valid = np.array([[True, True, True, True, True, False]])
    assert color_classes(image, 3, valid)[valid].tolist() == [0, 2, 0, 1, 1]


def test_equal_pixels_have_no_classes():
    assert color_classes(np.full((2, 3, 3), 7, np.uint8), 2) is None
