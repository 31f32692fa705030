"""Gaussian filtering on the permutohedral lattice, against the sum over all pairs."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric.permutohedral import build_lattice


def grid(height, width, sigma):
    """Positions of pixels in units of sigma, row after row."""
    return np.ascontiguousarray(np.indices((height, width), np.float32).reshape(2, -1).T / np.float32(sigma))


def exact(features, values):
    squares = ((features[:, None].astype(np.float64) - features[None]) ** 2).sum(axis=2)
    return np.exp(-squares / 2) @ values


def test_a_single_point_on_a_vertex_keeps_five_eighths_of_two_blurs():
    # At 0 on a line the point is vertex a; its simplex also has b, with weight 0. Blur one: a = 1, b = 1/2.
    # Blur two: a = 1 + 1/2 * 1/2 = 5/4. The unit of mass is (4 pi / 3)^(1/2) * 2^(1/2) / 4 = 0.7236.
    found = build_lattice(np.zeros((1, 1), np.float32)).filter(np.ones((1, 1), np.float32))
    assert found.tolist() == [[pytest.approx(1.25 * 0.72360, rel=1e-4)]]


def test_ones_become_the_volume_of_the_gaussian_away_from_borders():
    ones = build_lattice(grid(40, 40, 3)).filter(np.ones((1600, 1), np.float32)).reshape(40, 40)
    assert ones[12:28, 12:28] == pytest.approx(2 * np.pi * 9, rel=0.03)
    assert ones[0, 0] < 0.4 * ones[20, 20]


def test_an_impulse_becomes_a_gaussian():
    impulse = np.zeros((1681, 1), np.float32)
    impulse[840] = 1
    features = grid(41, 41, 4)
    found = build_lattice(features).filter(impulse)[:, 0]
    # Three blurs along a triangular mesh make a bell that is near, not equal, to a Gaussian.
    assert np.abs(found - exact(features, impulse)[:, 0]).max() < 0.12
    assert np.abs(np.subtract(divmod(found.argmax(), 41), (20, 20))).max() <= 1
    assert found.sum() == pytest.approx(2 * np.pi * 16, rel=0.03)


@pytest.mark.parametrize("axes", [1, 2, 3, 5])
def test_means_agree_with_the_sum_over_all_pairs(axes):
    random = np.random.default_rng(axes)
    features = random.normal(0, 0.8, (1500, axes)).astype(np.float32)
    values = random.random((1500, 2)).astype(np.float32) + (features[:, :1] > 0)
    both = np.concatenate([values, np.ones((1500, 1), np.float32)], axis=1)
    found, wanted = build_lattice(features).filter(both), exact(features, both)
    ratio = (found[:, :2] / found[:, 2:]) / (wanted[:, :2] / wanted[:, 2:])
    assert np.abs(ratio - 1).mean() < 0.025
    assert np.abs(found[:, 2] / wanted[:, 2] - 1).mean() < 0.12


def test_corners_are_numbered_and_weights_sum_to_one():
    lattice = build_lattice(np.random.default_rng(0).normal(0, 30, (400, 5)).astype(np.float32))
    assert lattice.weights.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert lattice.weights.min() > -1e-5
    assert set(np.unique(lattice.vertices)) == set(range(1, lattice.neighbors.shape[1]))
    # Whoever is ahead of a vertex has it behind.
    for neighbors in lattice.neighbors:
        linked = np.flatnonzero(neighbors[:, 1])
        assert np.array_equal(neighbors[neighbors[linked, 1], 0], linked)


def test_the_order_of_points_does_not_matter():
    random = np.random.default_rng(5)
    features = random.normal(0, 3, (600, 5)).astype(np.float32)
    values = random.random((600, 3)).astype(np.float32)
    order = random.permutation(600)
    found = build_lattice(features).filter(values)
    assert build_lattice(features[order]).filter(values[order]) == pytest.approx(found[order], rel=1e-4, abs=1e-5)


def test_factors_count_before_and_after():
    random = np.random.default_rng(2)
    features, values = grid(9, 9, 2), random.random((81, 2)).astype(np.float32)
    factors = random.random(81).astype(np.float32)
    plain = build_lattice(features).filter(values * factors[:, None]) * factors[:, None]
    lattice = build_lattice(features)
    lattice.scale(factors)
    assert lattice.filter(values) == pytest.approx(plain, rel=1e-5)


def test_points_too_far_apart_are_refused():
    with pytest.raises(InputError, match="too many standard deviations"):
        build_lattice(np.array([[0] * 5, [1e6] * 5], np.float32))
