"""Pixels as weighted points."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric.samples import feature_points, samples


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_samples_painted_back_are_the_pixels(dtype, color, masked):
    generator = np.random.default_rng(0)
    image = generator.integers(0, 4, (9, 13, 3) if color else (9, 13)).astype(dtype)
    valid = generator.random((9, 13)) < 0.7 if masked else None
    found = samples(image, valid)
    first = found.colors if found.colors.ndim == 1 else found.colors[:, 1]
    painted = found.paint(first.astype(np.uint8))
    kept = np.ones((9, 13), bool) if valid is None else valid
    assert np.array_equal(painted[kept], (image[..., 1] if color else image)[kept])
    weights = np.broadcast_to(found.weights, len(found.colors))
    assert weights.sum() == kept.sum()


def test_equal_colors_are_joined_and_counted():
    image = np.array([[[9, 0, 200], [1, 2, 3], [9, 0, 200]]], np.uint8)
    found = samples(image)
    assert found.colors.tolist() == [[1, 2, 3], [9, 0, 200]]
    assert found.weights.tolist() == [1, 2]


def test_position_follows_the_colors_row_before_column():
    image = np.array([[5, 5, 7], [5, 7, 7]], np.uint8)
    points, weight = feature_points(samples(image, joined=False), "rgb", 10.0)
    assert weight == 10
    assert points.tolist() == [[5, 5, 7, 5, 7, 7], [0, 0, 0, 10, 10, 10], [0, 10, 20, 0, 10, 20]]


def test_position_of_the_pixels_that_count():
    image = np.array([[5, 5, 7], [5, 7, 7]], np.uint8)
    valid = np.array([[False, True, True], [True, False, False]])
    points, _ = feature_points(samples(image, valid, joined=False), "rgb", 1.0)
    assert points.tolist() == [[5, 7, 5], [0, 0, 1], [1, 2, 0]]


def test_automatic_weight_makes_the_longer_side_half_the_widest_range():
    image = np.zeros((4, 10, 3), np.uint8)
    image[0, 0] = 20, 60, 40
    _, weight = feature_points(samples(image, joined=False), "rgb", "auto")
    assert weight == 60 / 10 / 2


def test_lab_refuses_floats_outside_0_to_1():
    image = np.array([[0.5, 3.0]], np.float32)
    with pytest.raises(InputError, match=r"from 0\.5 to 3; lab needs floats from 0 to 1"):
        feature_points(samples(image), "lab", 0.0)
