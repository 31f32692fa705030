"""Weighted points pooled into fewer."""

import numpy as np
import pytest

from segcli.numeric.clouds import Cloud, clouds, distinct, pooled, values_of


def scattered(count=30_000, features=3, seed=0):
    """Points in a few heaps, float32."""
    generator = np.random.default_rng(seed)
    heaps = generator.uniform(0, 200, (features, 6))
    return (heaps[:, generator.integers(0, 6, count)] + generator.normal(0, 8, (features, count))).astype(np.float32)


@pytest.mark.parametrize("features", [1, 3, 5])
def test_pooling_keeps_weight_and_center_of_mass(features):
    points = scattered(features=features)
    whole = Cloud(points, np.arange(1.0, points.shape[1] + 1))
    cells = pooled(whole, 1 << 12)
    assert 0 < cells.count <= 1 << 12
    assert cells.weights.sum() == whole.weights.sum()
    assert cells.points @ cells.weights == pytest.approx(points @ whole.weights, rel=1e-5)


def test_cells_are_as_wide_in_every_feature():
    # 256 x 16 levels in at most 1,024 cells: a width of 2 gives 128 x 8, and none smaller than about 1.99 fits.
    points = np.stack(np.meshgrid(np.arange(256), np.arange(16)), axis=0).reshape(2, -1).astype(np.float32)
    cells = pooled(Cloud(points, np.ones(1)), 1024)
    assert 800 <= cells.count <= 1024
    assert cells.weights.max() <= 9


def test_a_feature_without_range_takes_one_cell():
    points = scattered()
    points[1] = 7
    cells = pooled(Cloud(points, np.ones(1)), 1 << 10)
    assert (cells.points[1] == 7).all()


def test_few_points_are_not_pooled_and_many_are():
    assert len(clouds(scattered(1000), np.ones(1), 5)) == 1
    stages = clouds(scattered(), np.ones(1), 5)
    assert len(stages) > 1
    assert stages[-1].count == 30_000


def test_a_grid_that_one_stray_value_empties_is_not_used():
    # All but one of the points fall into one cell: it would tell nothing apart.
    points = np.append(np.random.default_rng(0).random((1, 30_000)), [[1e9]], axis=1).astype(np.float32)
    assert len(clouds(points, np.ones(1), 5)) == 1


def test_equal_points_are_joined():
    points = np.array([[1, 2, 1, 1], [5, 5, 5, 6]], np.float32)
    joined, places = distinct(Cloud(points, np.array([1.0, 10, 100, 1000])))
    assert np.array_equal(joined.points[:, places], points)
    assert sorted(joined.weights.tolist()) == [10, 101, 1000]


def test_keys_are_in_the_order_of_the_values_and_give_them_back():
    values = np.array([-np.float32(3e30), -2, -1e-30, 0, 1e-30, 0.5, 1, 3e30], np.float32)
    keys = Cloud(values[None], np.ones(1)).keys[0]
    assert (np.diff(keys.astype(np.int64)) > 0).all()
    assert np.array_equal(values_of(keys), values)


def test_moments_are_weighted():
    points = np.array([[1, 2, 4], [0, 1, 0]], np.float32)
    # 1*2 + 2*3 + 4*5 = 28; 0*2 + 1*3 + 0*5 = 3.
    sums, total = Cloud(points, np.array([2.0, 3, 5])).moments
    assert (sums.tolist(), total) == ([28, 3], 10)
    sums, total = Cloud(points, np.ones(1)).moments
    assert (sums.tolist(), total) == ([7, 1], 3)
