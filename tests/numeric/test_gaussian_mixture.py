"""Mixtures of Gaussians over colors."""

import math
from itertools import pairwise

import numpy as np
import pytest

from segcli.numeric.gaussian_mixture import Mixture, fit, split_fit


def clouds(seed=0, count=300):
    """Colors around three centers, of different spreads, and the center that each belongs to."""
    random = np.random.default_rng(seed)
    centers = np.array([[30, 60, 200], [200, 40, 40], [90, 220, 100]])
    component = np.repeat(np.arange(3, dtype=np.uint8), [count, 2 * count, 3 * count])
    spread = np.array([4.0, 9.0, 6.0])[component, None] * np.array([1.0, 0.5, 2.0])
    return (centers[component] + random.normal(size=(6 * count, 3)) * spread).astype(np.float32), component


def test_one_gaussian_costs_what_its_formula_says():
    # Share 1, mean 0, covariance diag(1, 4, 9), color (1, 2, 3): half the squared distance is (1 + 1 + 1) / 2,
    # half the log of the determinant 36 is ln 6, and 3/2 ln 2 pi comes from three dimensions.
    mixture = Mixture(np.ones(1), np.zeros((1, 3)), np.diag([1.0, 4.0, 9.0])[None])
    color = np.array([[1, 2, 3]], np.float32)
    expected = 1.5 + math.log(6) + 1.5 * math.log(2 * math.pi)
    assert mixture.costs(color)[0] == pytest.approx(expected, rel=1e-12)
    assert mixture.log_likelihood(color)[0] == pytest.approx(-expected, rel=1e-12)


def test_fit_takes_shares_means_and_covariances_of_the_components():
    # Component 0: (0,0,0) and (2,0,0), mean (1,0,0), variance ((-1)^2 + 1^2) / 2 = 1 of red; component 2: one color.
    colors = np.array([[0, 0, 0], [2, 0, 0], [10, 20, 30]], np.float32)
    mixture = fit(colors, np.array([0, 0, 2], np.uint8), 0.5)
    assert mixture.shares.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert mixture.means == pytest.approx(np.array([[1, 0, 0], [10, 20, 30]]), abs=1e-12)
    expected = np.array([np.diag([1.5, 0.5, 0.5]), np.diag([0.5] * 3)])
    assert mixture.covariances == pytest.approx(expected, abs=1e-9)


def test_log_likelihood_equals_that_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.mixture")
    colors, component = clouds()
    mixture = fit(colors, component, 0.0)
    peer = sklearn.GaussianMixture(3, covariance_type="full")
    peer.weights_, peer.means_, peer.covariances_ = mixture.shares, mixture.means, mixture.covariances
    peer.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(mixture.covariances)).transpose(0, 2, 1)
    assert mixture.log_likelihood(colors) == pytest.approx(peer.score_samples(colors.astype(float)), rel=1e-9)
    assert mixture.log_likelihood(colors).mean() == pytest.approx(peer.score(colors.astype(float)), rel=1e-9)


def test_the_noise_term_is_half_the_noise_times_the_trace_of_the_inverse():
    # Covariance diag(1, 4, 2) and noise 0.5: 0.5 * 0.5 * (1 + 1/4 + 1/2) = 0.4375.
    terms = (np.ones(1), np.zeros((1, 3)), np.diag([1.0, 4.0, 2.0])[None])
    color = np.array([[3, 1, 4]], np.float32)
    difference = Mixture(*terms, noise=0.5).costs(color) - Mixture(*terms).costs(color)
    assert difference[0] == pytest.approx(0.4375)


@pytest.mark.parametrize("noise", [0.1, 1.0, 100.0])
def test_fitting_again_never_raises_the_cost(noise):
    colors, _ = clouds(1)
    mixture = split_fit(colors, 5, noise)
    totals = [mixture.costs(colors).sum()]
    for _ in range(8):
        mixture = fit(colors, mixture.components(colors), noise)
        totals.append(mixture.costs(colors).sum())
    assert totals[-1] < totals[0]
    assert all(after <= before + 1e-9 * abs(before) for before, after in pairwise(totals))


def test_fit_is_the_cheapest_of_all_nearby_mixtures():
    colors, component = clouds(2, 40)
    best = fit(colors, component, 30.0)
    random = np.random.default_rng(0)

    def cost(mixture):
        own = (Mixture(np.ones(1), mixture.means[[k]], mixture.covariances[[k]], 30.0) for k in range(3))
        return sum(single.costs(colors[component == k]).sum() for k, single in enumerate(own))

    for _ in range(20):
        shift = random.normal(size=best.means.shape)
        stretch = np.exp(random.normal(size=(3, 1, 1)) * 0.2)
        assert cost(best) < cost(Mixture(best.shares, best.means + shift, best.covariances * stretch, 30.0))


def test_splitting_finds_clouds_that_lie_apart():
    colors, component = clouds()
    found = split_fit(colors, 3, 1.0).components(colors)
    pairs = set(zip(component.tolist(), found.tolist(), strict=True))
    assert len(pairs) == 3


def test_equal_colors_make_one_component():
    colors = np.full((7, 3), 9, np.float32)
    mixture = split_fit(colors, 5, 1.0)
    assert mixture.shares.tolist() == [1.0]
    assert mixture.covariances[0].tolist() == np.eye(3).tolist()


def test_gray_colors_have_a_finite_cost_thanks_to_the_noise():
    levels = np.repeat(np.arange(50, dtype=np.float32)[:, None], 3, axis=1)
    assert np.isfinite(split_fit(levels, 4, 1.0).costs(levels)).all()
    with pytest.raises(np.linalg.LinAlgError):
        split_fit(np.zeros((9, 3), np.float32), 1, 0.0).costs(levels)
