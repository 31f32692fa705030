"""Fitting the superpixel random field, and the method that uses it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from segcli.errors import InputError, SettingError
from segcli.files.fitted import decode_fitted, encode_fitted
from segcli.fitting import fit_superpixel_crf
from segcli.fitting.machines import fit_machine, platt
from segcli.method import run
from segcli.methods.examples.superpixel_crf import superpixel_crf
from segcli.numeric.superpixel_features import FEATURES
from segcli.numeric.superpixel_model import (
    CLASSIFIERS,
    NodeClassifier,
    Superpixels,
    sigmoids,
    smooth_labels,
    superpixel_model,
)


def scene(seed: int = 0) -> tuple[Any, Any]:
    """Blue sky over green ground with a red house, all noisy."""
    truth = np.zeros((48, 64), np.int32)
    truth[24:] = 1
    truth[14:30, 20:40] = 2
    colors = np.array([[90, 120, 220], [70, 150, 60], [170, 60, 50]])
    noise = np.random.default_rng(seed).normal(0, 12, (48, 64, 3))
    return (colors[truth] + noise).clip(0, 255).astype(np.uint8), truth


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_scene_is_learned_stored_and_found_again(classifier: Any) -> None:
    images, truths = zip(*(scene(seed) for seed in range(5)), strict=True)
    fitted = decode_fitted(encode_fitted(fit_superpixel_crf(images, truths, classifier=classifier, regions=60)))
    image, truth = scene(9)
    found = run(superpixel_crf, image, model=fitted)
    assert found.kind == "classes"
    assert np.mean(found.labels == truth) > 0.9
    assert found.scores is not None
    assert found.scores.sum(axis=0) == pytest.approx(np.ones(truth.shape), abs=1e-5)
    alone = run(superpixel_crf, image, model=fitted, weight=0)
    assert np.array_equal(alone.labels, alone.layers["likeliest"])
    assert fitted.facts["mean_iou"] >= fitted.facts["mean_iou_alone"]


def test_one_expansion_of_two_classes_is_the_least_energy_of_all() -> None:
    generator = np.random.default_rng(4)
    shares = generator.dirichlet([1, 1], 8)
    edges = np.array([(a, b) for a in range(8) for b in range(a + 1, 8) if generator.random() < 0.5])
    contrast = generator.random(len(edges))
    graph: Any = type("Graph", (), {"edges": edges})()
    parts = Superpixels(np.zeros((1, 1), np.int32), graph, np.zeros((8, 1)), contrast)
    _, energy = smooth_labels(shares, parts, 1.5)
    every = (np.arange(256)[:, None] >> np.arange(8)) & 1
    costs = -np.log(shares)
    sums = [costs[np.arange(8), x].sum() + 1.5 * contrast[x[edges[:, 0]] != x[edges[:, 1]]].sum() for x in every]
    assert energy == pytest.approx(min(sums), abs=1e-6)


def points_of(count: int = 200, classes: int = 3) -> tuple[Any, Any]:
    generator = np.random.default_rng(7)
    truth = np.arange(count) % classes
    centers = generator.normal(size=(classes, FEATURES))
    return (centers[truth] + generator.normal(0, 2, (count, FEATURES))).astype(np.float32), truth


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_judges_as_scikit_learn_does(classes: int) -> None:
    points, truth = points_of(classes=classes)
    found = fit_machine("logistic", points, truth, np.ones(200), classes, 0)
    scaled = (points - points.mean(axis=0, dtype=float)) / points.std(axis=0, dtype=float)
    expected = LogisticRegression(C=0.1, max_iter=2000).fit(scaled, truth).predict_proba(scaled)
    assert np.abs(found.probabilities(points) - expected).max() < 1e-6


def test_a_kernel_machine_decides_as_scikit_learn_does() -> None:
    points, truth = points_of(classes=2)
    found = fit_machine("rbf-svm", points, truth, np.ones(200), 2, 0)
    scaled = (points - found.arrays["center"]) / found.arrays["scale"]
    expected = SVC(C=10.0, gamma=1 / FEATURES).fit(scaled, truth).decision_function(scaled)
    assert np.abs(found.decisions(scaled)[:, 1] - expected).max() < 1e-6


def test_platts_sigmoid_is_that_of_scikit_learn() -> None:
    from sklearn.frozen import FrozenEstimator

    points, truth = points_of(classes=2)
    machine = SVC().fit(points[:100], truth[:100])
    calibrated = CalibratedClassifierCV(FrozenEstimator(machine), method="sigmoid").fit(points[100:], truth[100:])
    expected = calibrated.predict_proba(points)[:, 1]
    slope, offset = platt(machine.decision_function(points[100:]), truth[100:] == 1)
    found = 1 / (1 + np.exp(slope * machine.decision_function(points) + offset))
    assert np.abs(found - expected).max() < 1e-3


def test_probabilities_of_machines_add_up_whatever_the_decisions() -> None:
    shares = sigmoids(np.array([[1e6, -1e6], [0.0, 0.0]]), np.array([[-1.0, 0.0], [-1.0, np.log(3)]]))
    # Sigmoids of 0.5 and 1 / 4 in the second row: 2 to 1.
    assert shares[1].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert shares.sum(axis=1).tolist() == pytest.approx([1, 1])


def test_one_picture_and_two_classes_are_enough_and_give_a_mask() -> None:
    image, truth = scene()
    fitted = fit_superpixel_crf([image], [(truth == 2).astype(np.int32)], classifier="logistic", regions=60)
    found = run(superpixel_crf, image, model=fitted)
    assert found.kind == "mask"
    assert np.mean(found.labels == (truth == 2)) > 0.97


def test_a_missing_or_damaged_model_is_refused() -> None:
    image, truth = scene()
    with pytest.raises(SettingError, match="segcli fit superpixel-crf"):
        run(superpixel_crf, image)
    with pytest.raises(InputError, match="class 1 only"):
        fit_superpixel_crf([image], [0 * truth + 1], regions=60)
    good = fit_superpixel_crf([image], [truth], classifier="linear-svm", regions=60)
    superpixel_model(good)
    for facts in ({"classifier": "pickle"}, {"regions": 0}, {"weight": "much"}, {"compactness": float("nan")}):
        with pytest.raises(InputError, match="damaged"):
            superpixel_model(replace(good, facts={**good.facts, **facts}))
    for name in ("coefficients", "center", "scale", "sigmoid", "intercepts"):
        for values in (good.arrays[name][:-1], good.arrays[name] * np.nan):
            with pytest.raises(InputError, match="damaged"):
                superpixel_model(replace(good, arrays={**good.arrays, name: values}))


def test_a_classifier_without_its_arrays_is_no_model() -> None:
    with pytest.raises(KeyError):
        NodeClassifier("logistic", {}, 2).probabilities(np.zeros((1, FEATURES)))
