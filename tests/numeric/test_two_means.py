"""The piecewise constant fit."""

import numpy as np
import pytest

from segcli.numeric.two_means import TwoMeans


def test_cost_and_gain_of_four_pixels():
    # Inside 1 and 3: mean 2, squares 1 + 1. Outside 0 and 6: mean 3, squares 9 + 9, times the weight of 2.
    means = TwoMeans(np.array([[1, 3, 0, 6]], np.float32), None, 1.0, 2.0)
    means.measure(np.array([[1, 1, 0, 0]], np.uint8))
    assert means.cost == pytest.approx(2 + 2 * 18)
    # 2 (I - 3)^2 - (I - 2)^2.
    assert means.gain().tolist() == [[pytest.approx(value) for value in (7, -1, 14, 2)]]


def test_shares_of_pixels_are_weighted():
    # Three quarters of 0 and 2 are inside: 1.5 pixels of mean 1 and square 1; so is the other half pixel.
    means = TwoMeans(np.array([[0, 2]], np.float32), None, 1.0, 1.0)
    means.measure(np.full((1, 2), 0.75, np.float32))
    assert means.cost == pytest.approx(1.5 + 0.5)
    assert means.gain().tolist() == [[pytest.approx(0), pytest.approx(0)]]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_cost_is_that_of_plain_loops_over_the_pixels_that_count(channels):
    generator = np.random.default_rng(0)
    picture = generator.random((7, 8, channels)).astype(np.float32)
    valid, mask = generator.random((7, 8)) > 0.3, generator.random((7, 8)) > 0.5
    means = TwoMeans(picture[:, :, 0] if channels == 1 else picture, valid, 0.5, 3.0)
    means.measure(mask.astype(np.uint8))
    costs = []
    for side, weight in ((mask & valid, 0.5), (~mask & valid, 3.0)):
        difference = picture - picture[side].mean(axis=0)
        costs.append(weight * np.mean(difference**2, axis=2))
    expected = costs[0][mask & valid].sum() + costs[1][~mask & valid].sum()
    assert means.cost == pytest.approx(expected, rel=1e-5)
    assert np.allclose(means.gain(), np.where(valid, costs[1] - costs[0], 0), atol=1e-5)


def test_an_empty_side_has_the_mean_0():
    means = TwoMeans(np.array([[1, 3]], np.float32), None, 1.0, 1.0)
    means.measure(np.zeros((1, 2), np.uint8))
    assert means.cost == pytest.approx(2)
    # (I - 2)^2 outside less I^2 inside.
    assert means.gain().tolist() == [[pytest.approx(0), pytest.approx(-8)]]
