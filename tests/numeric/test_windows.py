"""Means and deviations of windows, against sums over every window."""

import numpy as np
import pytest

from segcli.errors import SettingError
from segcli.numeric.hysteresis import hysteresis
from segcli.numeric.outside import extended, placed, window_of
from segcli.numeric.windows import check_window, local_statistics


def brute(image, window, valid):
    """Mean and deviation by looking at every window of the mirrored picture."""
    reach = window // 2
    pixels, counted = (np.pad(plane.astype(float), reach, mode="reflect") for plane in (image, valid))
    means, deviations = np.zeros(image.shape), np.zeros(image.shape)
    for row, column in np.ndindex(image.shape):
        inside = counted[row : row + window, column : column + window] > 0
        if inside.any():
            values = pixels[row : row + window, column : column + window][inside]
            means[row, column], deviations[row, column] = values.mean(), values.std()
    return means, deviations


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("holes", [False, True])
def test_windows_agree_with_brute_force(dtype, holes):
    generator = np.random.default_rng(2)
    image = (generator.random((13, 17)) * (200 if dtype == np.uint8 else 5000)).astype(dtype)
    valid = np.ones(image.shape, bool)
    if holes:
        valid = generator.random(image.shape) > 0.4
        valid[0, 0] = valid[-1, -1] = True
    means, deviations = local_statistics(image, 5, valid if holes else None)
    expected = brute(image, 5, valid)
    assert np.allclose(means, expected[0], rtol=1e-4, atol=1e-3)
    assert np.allclose(deviations, expected[1], rtol=1e-3, atol=0.2)
    assert np.allclose(local_statistics(image, 5, valid if holes else None, deviations=False)[0], means, rtol=1e-5)


def test_a_small_contrast_on_a_high_level_is_kept():
    image = np.full((20, 20), 60_000, np.uint16)
    image[::2] += 2
    assert np.allclose(local_statistics(image, 5)[1][5:-5, 5:-5], 0.98, atol=0.03)


def test_an_even_window_is_refused_with_the_next_odd_one():
    with pytest.raises(SettingError, match="such as 5"):
        check_window(4)


def test_left_out_pixels_look_like_their_nearest_neighbor():
    image = np.array([[1, 0, 0, 9]])
    valid = np.array([[True, False, False, True]])
    assert extended(image, valid).tolist() == [[1, 1, 9, 9]]
    window = window_of(np.array([[False, True, True, False]]), (1, 4))
    assert placed(np.array([[5, 6]]), window, (1, 4)).tolist() == [[0, 5, 6, 0]]


def test_weak_pixels_count_beside_strong_ones_only():
    response = np.array([[9, 4, 0, 4, 4], [0, 0, 4, 0, 0], [4, 0, 0, 0, 0]])
    assert hysteresis(response, 3, 8).tolist() == [[1, 1, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert hysteresis(response, 3, 8, 4).tolist() == [[1, 1, 0, 0, 0], [0] * 5, [0] * 5]
    # A level itself lies below.
    assert not hysteresis(response, 4, 9).any()
    without = np.ones(response.shape, bool)
    without[0, 1] = False
    assert hysteresis(response, 3, 8, valid=without).sum() == 1
