"""Strokes of any number of classes, and the costs that colors learned from them have."""

import math

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric.strokes import class_costs, read_class_strokes


def test_costs_are_logs_of_posteriors_that_add_up_to_one():
    image = np.array([[10, 12, 100, 101, 200, 203]], np.uint8)
    costs = class_costs(image, np.array([[1, 0, 2, 0, 3, 0]]), 3, "histogram")
    assert np.exp(-costs).sum(axis=2) == pytest.approx(1, abs=1e-5)
    assert costs.argmin(axis=2).tolist() == [[0, 0, 1, 1, 2, 2]]


def test_classes_with_equal_colors_cost_the_log_of_their_number():
    costs = class_costs(np.full((1, 4), 9, np.uint8), np.array([[1, 2, 3, 0]]), 3, "gaussian")
    assert costs == pytest.approx(math.log(3), abs=1e-6)


@pytest.mark.parametrize(
    ("scribbles", "words"),
    [([[1, 2, 4]], "value 4; for 3 classes"), ([[-1, 2, 3]], "value -1"), ([[1, 1, 3]], "no pixel of 2")],
)
def test_strokes_that_do_not_fit_are_refused(scribbles, words):
    with pytest.raises(InputError, match=words):
        read_class_strokes(np.array(scribbles), 3, None)


def test_strokes_on_left_out_pixels_do_not_count():
    with pytest.raises(InputError, match="no pixel of 2"):
        read_class_strokes(np.array([[1, 2]]), 2, np.array([[True, False]]))
