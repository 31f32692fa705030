"""L*a*b*, against published values and scikit-image."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from segcli.numeric.color import lab, lightness, linear


def test_agrees_with_scikit_image_to_a_hundredth():
    colors = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    assert lab(colors) == pytest.approx(rgb2lab(colors), abs=0.01)


def test_red_has_its_published_coordinates():
    # sRGB red under D65: L* 53.24, a* 80.09, b* 67.20.
    assert lab(np.array([255, 0, 0], np.uint8)) == pytest.approx([53.24, 80.09, 67.20], abs=0.01)


def test_gray_has_no_color_and_the_lightness_of_gray_levels():
    levels = np.arange(256, dtype=np.uint8)
    converted = lab(np.repeat(levels[:, None], 3, axis=1))
    assert np.abs(converted[:, 1:]).max() < 1e-4
    assert converted[:, 0] == pytest.approx(lightness(levels), abs=1e-4)


def test_pixel_types_agree():
    levels = np.array([[0, 3, 10], [119, 200, 255]], np.uint8)
    expected = lab(levels)
    assert lab(levels.astype(np.uint16) * 257) == pytest.approx(expected, abs=1e-4)
    assert lab((levels / 255).astype(np.float32)) == pytest.approx(expected, abs=1e-4)


def test_the_curve_is_linear_near_black_and_a_power_above():
    # 10 / 255 = 0.039216 is below 0.04045: divided by 12.92. 128 / 255: ((0.501961 + 0.055) / 1.055)^2.4 = 0.215861.
    assert linear(np.array([10, 128], np.uint8)) == pytest.approx([0.039216 / 12.92, 0.215861], abs=1e-6)


def test_large_and_small_arrays_are_converted_alike():
    # 16-bit levels go through a table when there are many of them.
    levels = np.random.default_rng(1).integers(0, 65536, 70_000, dtype=np.uint16)
    assert np.array_equal(linear(levels)[:1000], linear(levels[:1000]))
    assert np.array_equal(lightness(levels)[-1000:], lightness(levels[-1000:]))
