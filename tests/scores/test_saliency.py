"""Precision, recall and error of saliency maps, worked out by hand."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.scores.saliency import f_measure, mean_absolute_error, precision_recall


def test_each_threshold_by_hand() -> None:
    # Levels 0, 51, 102, 255; the object is the second and the last pixel.
    precision, recall = precision_recall(np.array([[0, 0.2, 0.4, 1.0]]), np.array([[0, 1, 0, 1]]))
    # At level 0 all four count: 2 of 4. At 1 to 51 three: 2 of 3. At 52 to 102 two: 1 of 2. Above that one: 1 of 1.
    assert precision[[0, 1, 51, 52, 102, 103, 255]].tolist() == [0.5, 2 / 3, 2 / 3, 0.5, 0.5, 1, 1]
    assert recall[[0, 51, 52, 102, 103, 255]].tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5]
    # 1.3 * 2/3 * 1 / (0.3 * 2/3 + 1) = 0.8667 / 1.2
    assert f_measure(precision, recall)[51] == pytest.approx(0.86666667 / 1.2)


def test_recall_of_no_object_is_not_a_number() -> None:
    precision, recall = precision_recall(np.array([[0.0, 1.0]]), np.zeros((1, 2)))
    assert precision.tolist() == [0.0] * 256
    assert np.isnan(recall).all()


def test_the_error_is_the_mean_difference() -> None:
    assert mean_absolute_error(np.array([[0.5, 0.5]]), np.array([[0, 7]])) == 0.5


def test_sizes_must_agree() -> None:
    with pytest.raises(InputError, match="2 x 1"):
        precision_recall(np.zeros((1, 2)), np.zeros((2, 2)))
