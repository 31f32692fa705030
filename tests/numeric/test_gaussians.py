"""Gaussian classes and mixtures of them."""

import math

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric.gaussians import class_gaussians, fit_mixture, rounding_variance

ONES = np.ones(1)


def clouds(seed=0, count=600):
    """Three clouds of points in two features, of different size and spread."""
    random = np.random.default_rng(seed)
    parts = [((0, 0), (3, 1), count), ((20, 5), (1, 4), count // 2), ((8, 30), (2, 2), count // 3)]
    return np.concatenate([random.normal(m, s, (n, 2)) for m, s, n in parts]).T.astype(np.float32).copy()


def test_classes_of_five_points_by_hand():
    # Class 0 holds (0, 0), (2, 0), (1, 3): mean (1, 1); sums of squares 1 + 1 + 0 = 2 and 1 + 1 + 4 = 6, of products
    # 1 * 1 - 1 * 1 + 0 = 0. Class 1 holds one point: no spread, the floor alone.
    points = np.array([[0, 2, 1, 9, 50], [0, 0, 3, 9, 50]], np.float32)
    found = class_gaussians(points, ONES, np.array([0, 0, 0, 1, 255], np.uint8), 2, "full", 0.25)
    assert found.shares == pytest.approx([0.75, 0.25])
    assert found.means == pytest.approx(np.array([[1, 1], [9, 9]]))
    assert found.covariances[0] == pytest.approx(np.array([[2 / 3 + 0.25, 0], [0, 2 + 0.25]]))
    assert found.covariances[1] == pytest.approx(0.25 * np.eye(2))
    # At its mean, class 1 costs ln(2 pi 0.25): half the log of the determinant of 2 pi covariance.
    assert found.costs(points)[3, 1] == pytest.approx(math.log(2 * math.pi * 0.25))


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_likelihood_never_falls_and_is_not_below_scikit_learn(covariance):
    mixture = pytest.importorskip("sklearn.mixture")
    points = clouds()
    found = fit_mixture(points, ONES, 3, covariance=covariance, floor=1e-3, tolerance=1e-9, iterations=500)
    assert (np.diff(found.history) >= -1e-9).all()
    kind = {"full": "full", "diagonal": "diag"}[covariance]
    peer = mixture.GaussianMixture(3, covariance_type=kind, reg_covar=1e-3, tol=1e-9, max_iter=500, random_state=0)
    peer.fit(points.T)
    assert found.likelihood / points.shape[1] >= peer.score(points.T) - 1e-5
    assert found.criterion(covariance, points.shape[1]) == pytest.approx(peer.bic(points.T), rel=1e-4)


def test_posteriors_add_up_to_one_and_agree_with_the_definition():
    points = clouds(1)
    mixture = fit_mixture(points, ONES, 3).mixture
    scores, labels = mixture.posteriors(points)
    densities = []
    for share, mean, covariance in zip(mixture.shares, mixture.means, mixture.covariances, strict=True):
        offsets = points.T - mean
        squares = np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(covariance), offsets)
        densities.append(share * np.exp(-squares / 2) / np.sqrt(np.linalg.det(2 * np.pi * covariance)))
    wanted = np.array(densities) / np.sum(densities, axis=0)
    assert np.abs(scores - wanted).max() < 1e-5
    assert scores.sum(axis=0) == pytest.approx(1, abs=1e-6)
    assert np.array_equal(labels, scores.argmax(axis=0))


def test_weights_stand_for_repeated_points():
    points = clouds(2, 90)
    counts = np.random.default_rng(2).integers(1, 5, points.shape[1])
    single = fit_mixture(points, counts.astype(np.float64), 3, tolerance=1e-10, iterations=400)
    repeated = fit_mixture(np.repeat(points, counts, axis=1), ONES, 3, tolerance=1e-10, iterations=400)
    assert single.likelihood == pytest.approx(repeated.likelihood, rel=1e-5)


def test_many_points_give_the_fit_of_all_of_them():
    random = np.random.default_rng(5)
    levels = np.concatenate([random.normal(60, 8, 30000), random.normal(150, 20, 20000)])[None].astype(np.float32)
    found = fit_mixture(levels, ONES, 2, tolerance=1e-8)
    assert sorted(found.mixture.means[:, 0]) == pytest.approx([60, 150], abs=0.7)
    assert found.mixture.shares.max() == pytest.approx(0.6, abs=0.01)


def test_more_classes_than_points_are_refused():
    with pytest.raises(InputError, match="2 distinct"):
        fit_mixture(np.array([[1, 1, 4]], np.float32), ONES, 3)


def test_rounding_is_a_twelfth_of_a_squared_level():
    assert rounding_variance(np.zeros((2, 2), np.uint8)) == pytest.approx(1 / 12)
    assert rounding_variance(np.array([[0, 510]], np.uint16)) == pytest.approx(4 / 12)
