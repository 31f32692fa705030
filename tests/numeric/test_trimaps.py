"""Hints merged into a trimap."""

import numpy as np
import pytest

from segcli.arrays import Box
from segcli.errors import InputError
from segcli.numeric.trimaps import first_sides, read_hints, shrink


def test_outside_the_box_is_background_and_inside_is_open():
    hints = read_hints((3, 4), Box(1, 0, 3, 2), None, None, None)
    assert hints.trimap.tolist() == [[0, 128, 128, 0], [0, 128, 128, 0], [0, 0, 0, 0]]
    assert (hints.open_side, hints.drawn, hints.notes) == (1, True, ())


def test_scribbles_overrule_the_trimap_and_the_trimap_the_box():
    trimap = np.full((1, 5), 128, np.int32)
    trimap[0, :2] = 255, 0
    scribbles = np.array([[2, 0, 0, 0, 1]], np.int32)
    assert read_hints((1, 5), Box(1, 0, 4, 1), scribbles, trimap, None).trimap.tolist() == [[0, 0, 128, 128, 255]]


@pytest.mark.parametrize(("marks", "open_side"), [([1, 0, 2], 2), ([1, 0, 0], 0), ([2, 0, 0], 1)])
def test_open_pixels_stand_in_for_the_side_that_is_not_marked(marks, open_side):
    assert read_hints((1, 3), None, np.array([marks], np.int32), None, None).open_side == open_side


def test_without_a_mark_the_box_is_the_picture_less_five_percent():
    hints = read_hints((40, 60), None, np.zeros((40, 60), np.int32), None, None)
    assert hints.box == Box(3, 2, 57, 38)
    assert not hints.drawn
    assert hints.notes[0].startswith("the hints mark nothing; the object is looked for in the whole picture")


@pytest.mark.parametrize(
    ("hint", "message"), [("trimap", "a?the trimap holds the value 7"), ("scribbles", "the value 7")]
)
def test_other_values_are_refused_by_name(hint, message):
    hints = {"scribbles": None, "trimap": None, hint: np.array([[0, 7]], np.int32)}
    with pytest.raises(InputError, match=message):
        read_hints((1, 2), None, hints["scribbles"], hints["trimap"], None)


def test_a_stroke_of_one_pixel_survives_reduction_and_the_larger_share_wins():
    trimap = np.full((8, 8), 128, np.uint8)
    trimap[0, 0] = 255
    trimap[4:, 4:] = 0
    trimap[7, 7] = 255
    assert shrink(trimap, (2, 2)).tolist() == [[255, 128], [128, 0]]


def test_a_frame_stands_in_for_a_background_that_nobody_marked():
    sides, framed = first_sides(np.full((4, 5), 128, np.uint8), 1, None)
    assert framed
    assert sides.tolist() == [[0] * 5, [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0] * 5]


def test_margin_and_frame_lie_inside_the_pixels_that_count():
    valid = np.zeros((40, 100), bool)
    valid[:, 20:80] = True
    assert read_hints((40, 100), None, None, None, valid).box == Box(23, 2, 77, 38)
    sides, framed = first_sides(np.full((40, 100), 128, np.uint8), 1, valid)
    assert framed
    assert sides[20, [19, 20, 21, 78, 79, 80]].tolist() == [2, 0, 1, 1, 0, 2]


def test_pixels_left_out_teach_nothing():
    valid = np.array([[True, False, True]])
    sides, framed = first_sides(np.array([[0, 0, 128]], np.uint8), 1, valid)
    assert sides.tolist() == [[0, 2, 1]]
    assert not framed
