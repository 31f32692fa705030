"""K-means and k-medians of weighted points."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric.clouds import Cloud
from segcli.numeric.clustering import _Descent, _Lloyd, partition

both_distances = pytest.mark.parametrize("distance", ["l2", "l1"])


def scattered(count=30_000, features=3, seed=0):
    """Whole-numbered points in overlapping heaps."""
    generator = np.random.default_rng(seed)
    heaps = generator.uniform(0, 200, (features, 6))
    spread = heaps[:, generator.integers(0, 6, count)] + generator.normal(0, 20, (features, count))
    return spread.round().astype(np.float32)


def distances(points, centers, distance):
    """(classes, points) distances, the plain way."""
    offsets = points[None].astype(float) - centers[:, :, None]
    return (offsets**2).sum(axis=1) if distance == "l2" else np.abs(offsets).sum(axis=1)


def lower_median(values):
    return np.sort(values)[(len(values) - 1) // 2]


def test_five_points_on_a_line_by_hand():
    # {0, 1, 2} around 1 and {10, 12} around 11: 1 + 0 + 1 + 1 + 1 = 4.
    found = partition(np.array([[0, 12, 1, 10, 2]], np.float32), np.ones(1), 2)
    assert sorted(found.centers[:, 0]) == [1, 11]
    assert found.objective == 4
    assert found.rests
    assert found.labels[0] == found.labels[2] == found.labels[4] != found.labels[1] == found.labels[3]


def test_medians_of_five_points_by_hand():
    # {0, 1, 5} around its median 1 and {20, 30}, whose lower median is 20: 1 + 0 + 4 + 0 + 10 = 15.
    found = partition(np.array([[0, 30, 1, 20, 5]], np.float32), np.ones(1), 2, distance="l1")
    assert sorted(found.centers[:, 0]) == [1, 20]
    assert found.objective == 15


@both_distances
@pytest.mark.parametrize("count", [3_000, 30_000], ids=["few", "pooled first"])
@pytest.mark.parametrize("features", [1, 3, 5])
def test_the_result_is_a_fixed_point_over_all_points(distance, count, features):
    points = scattered(count, features)
    found = partition(points, np.ones(1), 5, distance=distance, restarts=2, iterations=2000)
    assert found.rests
    table = distances(points, found.centers, distance)
    own = table[found.labels, np.arange(count)]
    assert own == pytest.approx(table.min(axis=0))
    assert found.objective == pytest.approx(own.sum())
    for label, center in enumerate(found.centers):
        members = points[:, found.labels == label]
        expected = members.mean(axis=1) if distance == "l2" else [lower_median(plane) for plane in members]
        assert center == pytest.approx(expected, rel=1e-6)


@both_distances
@pytest.mark.parametrize("count", [3_000, 30_000])
def test_the_objective_never_rises(distance, count):
    found = partition(scattered(count), np.ones(1), 7, distance=distance)
    assert len(found.history) >= 2
    assert (np.diff(found.history) <= 1e-9 * found.objective).all()
    assert found.history[-1] == pytest.approx(found.objective)


@both_distances
def test_skipping_points_changes_nothing(distance):
    points, start = scattered(2_000), scattered(6, seed=3).T.astype(float)
    lloyd = _Lloyd.over(Cloud(points, np.ones(1)), 1000, 0.0, distance == "l1")
    descent = lloyd.descend(lloyd.whole, _Descent(start))
    centers, before, count = start, None, 0
    middle = np.mean if distance == "l2" else lower_median
    while before is None or not np.array_equal(centers, before):
        labels = distances(points, centers, distance).argmin(axis=0)
        before, count = centers, count + 1
        centers = np.array([[middle(plane[labels == label]) for plane in points] for label in range(6)], float)
    assert descent.iterations == count
    assert descent.centers == pytest.approx(centers, rel=1e-5)
    assert np.array_equal(lloyd.settle(descent)[0], labels)


@both_distances
def test_weights_are_repetitions(distance):
    points = scattered(400)
    weights = np.random.default_rng(5).integers(1, 6, 400)
    joined = partition(points, weights.astype(float), 4, distance=distance)
    repeated = partition(np.repeat(points, weights, axis=1), np.ones(1), 4, distance=distance)
    assert joined.objective == pytest.approx(repeated.objective)
    assert np.array_equal(np.repeat(joined.labels, weights), repeated.labels)


@both_distances
def test_an_empty_class_starts_again_from_the_farthest_point(distance):
    # Both 100 and 200 are farther than 0 from every point: they get none. 12 is farthest from the center of all.
    points = np.array([[0, 1, 10, 12]], np.float32)
    lloyd = _Lloyd.over(Cloud(points, np.ones(1)), 100, 0.0, distance == "l1")
    descent = lloyd.descend(lloyd.whole, _Descent(np.array([[0.0], [100], [200]])))
    labels, objective = lloyd.settle(descent)
    # {0, 1}, {10}, {12}: 2 * 0.5^2 or 1.
    assert set(labels) == {0, 1, 2}
    assert objective == (0.5 if distance == "l2" else 1)


def test_fewer_distinct_points_than_classes_are_refused_with_their_number():
    with pytest.raises(InputError, match="3 distinct colors; 4 classes need as many"):
        partition(np.array([[1, 2, 3, 3, 2, 1]], np.float32), np.ones(1), 4)
    many = np.tile(np.array([[1, 2, 3]], np.float32), 10_000)
    with pytest.raises(InputError, match="3 distinct colors"):
        partition(many, np.ones(1), 4)


def test_as_many_classes_as_points_leave_nothing_over():
    found = partition(np.array([[5, 1, 9, 9, 30]], np.float32), np.ones(1), 4)
    assert found.objective == 0
    assert len(set(found.labels)) == 4


def test_one_stray_value_among_many_points_gets_a_class():
    points = np.append(np.random.default_rng(0).random((1, 30_000)).round(3), [[1e6]], axis=1).astype(np.float32)
    found = partition(points, np.ones(1), 3)
    assert np.bincount(found.labels)[found.labels[-1]] == 1
    # The others are a half each of what was even from 0 to 1: a variance of 1/2^2 / 12.
    assert found.objective / 30_000 == pytest.approx(1 / 48, rel=0.02)


@pytest.mark.parametrize("seeding", ["k-means++", "random"])
def test_the_best_start_is_kept(seeding):
    points = scattered(3_000)
    found = partition(points, np.ones(1), 9, seeding=seeding, restarts=8)
    assert len(found.starts) == 8
    assert len({round(start) for start in found.starts}) > 1
    assert found.objective == pytest.approx(found.starts.min())


def test_the_seed_decides_and_nothing_else():
    points = scattered(3_000)
    one, same, other = (partition(points, np.ones(1), 9, restarts=1, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.labels, same.labels)
    assert np.array_equal(one.history, same.history)
    assert not np.array_equal(one.history, other.history)


@both_distances
@pytest.mark.parametrize("iterations", [1, 3, 12])
def test_iterations_are_a_limit_on_grids_and_points_together(distance, iterations):
    points = scattered()
    found = partition(points, np.ones(1), 8, distance=distance, iterations=iterations)
    assert found.iterations <= iterations
    assert len(found.history) <= iterations
    assert not found.rests
    nearest = distances(points, found.centers, distance)
    assert found.objective == pytest.approx(nearest.min(axis=0).sum())


def test_tolerance_ends_early():
    points = scattered(3_000)
    exact = partition(points, np.ones(1), 6, restarts=1)
    loose = partition(points, np.ones(1), 6, restarts=1, tolerance=2.0)
    assert loose.rests
    assert loose.iterations < exact.iterations
    assert exact.objective <= loose.objective < 1.1 * exact.objective


@pytest.mark.parametrize("classes", [2, 6])
def test_no_worse_than_ten_starts_of_scikit_learn(classes):
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    points = scattered(17_000)
    with threadpool_limits(1):
        other = KMeans(classes, n_init=10, random_state=0).fit(points.T.astype(np.float64))
    assert partition(points, np.ones(1), classes).objective <= 1.001 * other.inertia_


def test_255_classes_fit_into_their_labels():
    found = partition(scattered(3_000), np.ones(1), 255, restarts=1)
    assert found.labels.dtype == np.uint8
    assert len(set(found.labels)) == 255
