"""Multiscale features: what each says of simple pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from segcli.errors import InputError
from segcli.numeric.multiscale import channel_planes, feature_names, has_color, multiscale_features, reach


def features_of(plane: Any, sigma: float = 1.5, valid: Any = None) -> dict[str, Any]:
    planes = np.asarray(plane, np.float32)[None]
    found = multiscale_features(planes, (sigma,), valid)
    names = [name.removesuffix(f"_{sigma:g}") for name in feature_names(False, (sigma,))]
    return dict(zip(names, found, strict=True))


def test_a_parabola_has_its_own_slope_and_bend_in_the_middle() -> None:
    # f = x^2 / 100: smoothing adds sigma^2 / 100, f' = x / 50, f'' = 1 / 50; nothing changes along the columns.
    columns = np.arange(-20.0, 21)
    found = features_of(np.tile(columns**2 / 100, (41, 1)))
    assert found["L"][20, 25] == pytest.approx(0.25)
    assert found["L_intensity"][20, 25] == pytest.approx(0.25 + 1.5**2 / 100, abs=1e-3)
    assert found["L_gradient"][20, 25] == pytest.approx(0.1, abs=1e-4)
    assert found["L_laplacian"][20, 25] == pytest.approx(0.02, abs=1e-4)
    assert found["L_hessian_large"][20, 25] == pytest.approx(0.02, abs=1e-4)
    assert found["L_hessian_small"][20, 25] == pytest.approx(0, abs=1e-5)
    # The structure tensor is the mean of f'^2 = x^2 / 2500 around x = 5: (25 + sigma^2) / 2500.
    assert found["L_structure_large"][20, 25] == pytest.approx((25 + 1.5**2) / 2500, abs=2e-4)
    assert found["L_structure_small"][20, 25] == pytest.approx(0, abs=1e-6)


def test_smoothing_agrees_with_scipy_away_from_the_border() -> None:
    plane = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    found = features_of(plane, 2.0)
    expected = ndimage.gaussian_filter(plane, 2.0, truncate=4)
    assert np.abs(found["L_intensity"] - expected)[9:-9, 9:-9].max() < 1e-3


def test_left_out_pixels_weigh_as_little_as_what_lies_outside() -> None:
    generator = np.random.default_rng(1)
    plane = generator.random((20, 30)).astype(np.float32)
    wide = np.hstack([plane, 9 * generator.random((20, 10)).astype(np.float32)])
    valid = np.arange(40)[None] < np.full((20, 1), 30)
    inside, alone = features_of(wide, valid=valid), features_of(plane)
    assert np.abs(inside["L_intensity"][:, :30] - alone["L_intensity"]).max() < 1e-6
    assert np.abs(inside["L_deviation"][:, :28] - alone["L_deviation"][:, :28]).max() < 0.02
    wide[:, 30:] = 0
    for name, values in features_of(wide, valid=valid).items():
        assert np.array_equal(values[:, :30], inside[name][:, :30]), name


def test_a_row_is_decided_by_the_rows_within_reach() -> None:
    plane = np.random.default_rng(2).random((1, 60, 12)).astype(np.float32)
    other = plane.copy()
    other[:, 30 + reach((2.0,)) + 1 :] = 0
    assert np.array_equal(multiscale_features(plane, (2.0,))[:, :31], multiscale_features(other, (2.0,))[:, :31])


def test_gray_pictures_have_no_color_and_depth_does_not_matter() -> None:
    gray = np.arange(0, 250, 10, dtype=np.uint8).reshape(5, 5)
    deep = gray.astype(np.uint16) * 257
    assert np.abs(channel_planes(gray, False) - channel_planes(deep, False)).max() < 1e-6
    assert not has_color(np.dstack([gray] * 3))
    assert not channel_planes(gray, True)[1:].any()
    assert np.abs(channel_planes(np.dstack([gray] * 3), True) - channel_planes(gray, True)).max() < 1e-6
    with pytest.raises(InputError, match="between 0 and 1"):
        channel_planes(np.full((2, 2, 3), 7, np.float32), True)
