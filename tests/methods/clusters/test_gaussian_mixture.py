"""The mixture of Gaussians as a method."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.method import run
from segcli.methods.clusters.gaussian_mixture import gaussian_mixture


def two_spreads(seed=0):
    """A narrow class of a few pixels beside a wide one of many; and the truth."""
    random = np.random.default_rng(seed)
    truth = (np.arange(60 * 60).reshape(60, 60) % 8 == 0).astype(int)
    values = np.where(truth, random.normal(170, 3, truth.shape), random.normal(90, 25, truth.shape))
    return np.clip(values, 0, 255).astype(np.uint8), truth


def test_two_levels_by_hand():
    # Dark: 10 three times and 14 once: mean 11, variance (3 * 1 + 9) / 4 = 3. Bright: 100 and 102: mean 101. The pooled
    # classes do not overlap, so shares are 4/6 and 2/6.
    result = run(gaussian_mixture, np.array([[10, 10, 10, 14, 100, 102]], np.uint8))
    assert result.labels.tolist() == [[0, 0, 0, 0, 1, 1]]
    assert result.series["means"].ravel().tolist() == pytest.approx([11, 101])
    assert result.series["shares"].tolist() == pytest.approx([4 / 6, 2 / 6])
    # Log of the density of each pixel in its class, with 1/12 for rounding.
    dark, bright = 3 + 1 / 12, 1 + 1 / 12
    logs = 4 * np.log(4 / 6 / np.sqrt(2 * np.pi * dark)) - 12 / 2 / dark
    logs += 2 * np.log(2 / 6 / np.sqrt(2 * np.pi * bright)) - 2 / 2 / bright
    assert result.numbers["log_likelihood"] == pytest.approx(logs / 6, rel=1e-6)


def test_classes_of_different_spread_are_told_apart_where_k_means_is_not():
    image, truth = two_spreads()
    result = run(gaussian_mixture, image)
    assert np.mean(result.labels != truth) < 0.02
    # The mean of the two centers lies far inside the wide class.
    assert np.mean((image > 130) != truth) > 0.04


def test_likelihood_agrees_with_scikit_learn():
    mixture = pytest.importorskip("sklearn.mixture")
    image, _ = two_spreads(1)
    peer = mixture.GaussianMixture(2, reg_covar=1 / 12, tol=1e-6, random_state=0).fit(
        image.reshape(-1, 1).astype(float)
    )
    found = run(gaussian_mixture, image)
    assert found.numbers["log_likelihood"] >= peer.score(image.reshape(-1, 1).astype(float)) - 1e-3
    assert found.numbers["bic"] == pytest.approx(peer.bic(image.reshape(-1, 1).astype(float)), rel=1e-3)


def test_the_number_of_classes_is_found():
    random = np.random.default_rng(3)
    truth = np.repeat(np.arange(4), 12)[None].repeat(40, axis=0)
    image = np.clip(40 + 55 * truth + random.normal(0, 6, truth.shape), 0, 255).astype(np.uint8)
    result = run(gaussian_mixture, image, classes="auto")
    assert len(result.series["shares"]) == 4
    assert result.series["bic"].argmin() == 3
    assert np.mean(result.labels != truth) < 0.01


def test_noise_of_one_kind_is_one_class_with_a_note():
    image = np.clip(np.random.default_rng(0).normal(128, 20, (50, 50)), 0, 255).astype(np.uint8)
    result = run(gaussian_mixture, image, classes="auto")
    assert len(result.series["shares"]) == 1
    assert not result.labels.any()
    assert "one class" in result.notes[0]


def test_scores_are_posteriors_of_the_labels():
    image, _ = two_spreads()
    result = run(gaussian_mixture, image, classes=3)
    assert result.scores.shape == (3, 60, 60)
    assert result.scores.sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(result.labels, result.scores.argmax(axis=0))


def test_joined_colors_give_what_all_pixels_give():
    random = np.random.default_rng(6)
    image = np.clip(random.normal((80, 100, 120), 12, (40, 40, 3)), 0, 255).astype(np.uint8)
    image[:, 20:] = np.clip(image[:, 20:].astype(int) + 70, 0, 255)
    joined, single = (run(gaussian_mixture, picture) for picture in (image, image.astype(np.float32)))
    assert np.mean(joined.labels == single.labels) > 0.995


def test_slanted_clouds_need_the_full_covariance():
    # Gray from dark to light with little noise: along the axes each channel spreads by 37, across the gray line by 3.
    random = np.random.default_rng(8)
    image = (random.uniform(60, 190, (50, 50, 1)) + random.normal(0, 3, (50, 50, 3))).astype(np.uint8)
    full, diagonal = (run(gaussian_mixture, image, classes=1, covariance=name) for name in ("full", "diagonal"))
    # ln of the product of the standard deviations: 37^3 against about 37 sqrt(3) * 3 * 3.
    gain = np.log(37**3 / (37 * np.sqrt(3) * 9))
    assert full.numbers["log_likelihood"] - diagonal.numbers["log_likelihood"] == pytest.approx(gain, abs=0.1)


def test_more_classes_than_colors_are_refused():
    with pytest.raises(InputError, match="2 distinct"):
        run(gaussian_mixture, np.array([[1, 1, 5]], np.uint8), classes=3)
