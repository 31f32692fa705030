"""Pixel classifier: the method beside scikit-learn, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from segcli.arrays import Fitted
from segcli.errors import InputError, SettingError
from segcli.method import run
from segcli.methods.examples.pixel_classifier import pixel_classifier
from segcli.numeric import pixel_model as module
from segcli.numeric.multiscale import channel_planes, feature_names, multiscale_features
from segcli.numeric.pixel_model import PixelModel
from segcli.numeric.trees import Trees, forest_trees

SIGMAS = (1.0, 2.0)


def noisy(height: int = 24, width: int = 30) -> Any:
    generator = np.random.default_rng(2)
    return np.clip(generator.normal(100, 20, (height, width)) + 5 * np.arange(width), 0, 255).astype(np.uint8)


def features_of(image: Any) -> Any:
    return multiscale_features(channel_planes(image, False), SIGMAS).reshape(len(feature_names(False, SIGMAS)), -1)


def by_brightness() -> Fitted:
    """One tree with one question: is L*, in hundredths, above 0.5?"""
    trees = Trees(
        feature=np.zeros(3, np.int32),
        threshold=np.array([0.5, np.inf, np.inf], np.float32),
        child=np.array([1, 1, 2], np.int32),
        leaf=np.array([0, 0, 1], np.int32),
        roots=np.zeros(1, np.int32),
        depths=np.ones(1, np.int32),
        leaves=np.array([[0.9, 0.1], [0.3, 0.7]], np.float32),
        start=np.zeros(2),
        boosted=False,
    )
    return PixelModel(trees, (1.0,), False, np.arange(2)).fitted({})


def test_a_model_with_one_question_is_a_threshold() -> None:
    # L* of sRGB 118 is 49.6, of 119 it is 50.03.
    image = np.array([[0, 118, 119, 255]], np.uint8)
    found = run(pixel_classifier, image, model=by_brightness())
    assert found.labels.tolist() == [[0, 0, 1, 1]]
    assert found.scores is not None
    assert found.scores[1, 0].tolist() == pytest.approx([0.1, 0.1, 0.7, 0.7])
    # Of 0.9 and 0.1 one is surer than of 0.3 and 0.7: 1 - 0.8 and 1 - 0.4.
    assert found.layers["uncertainty"][0].tolist() == pytest.approx([0.2, 0.2, 0.6, 0.6])
    assert run(pixel_classifier, image, model=by_brightness(), threshold=0.71).labels.tolist() == [[0, 0, 0, 0]]


def test_probabilities_are_those_of_scikit_learn() -> None:
    image = noisy()
    features = features_of(image)
    forest = RandomForestClassifier(6, random_state=0).fit(features.T, (np.arange(720) * 7 // 720) % 3)
    model = PixelModel(forest_trees(forest), SIGMAS, False, np.arange(3)).fitted({})
    found = run(pixel_classifier, image, model=model)
    expected = forest.predict_proba(features.T).T.reshape(3, 24, 30)
    assert np.abs(found.scores - expected).max() <= 1e-6
    assert np.array_equal(found.labels, expected.astype(np.float32).argmax(axis=0))


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    image = noisy(150, 20)
    forest = RandomForestClassifier(3, random_state=0).fit(features_of(image).T, image.ravel() > 150)
    model = PixelModel(forest_trees(forest), SIGMAS, False, np.arange(2)).fitted({})
    whole = run(pixel_classifier, image, model=model)
    monkeypatch.setattr(module, "_STRIP", 1)
    assert np.array_equal(run(pixel_classifier, image, model=model).scores, whole.scores)


def test_a_missing_model_is_asked_for_by_the_command_that_makes_it() -> None:
    with pytest.raises(SettingError, match="segcli fit pixel-classifier"):
        run(pixel_classifier, noisy())


@pytest.mark.parametrize(
    "facts", [{"sigmas": []}, {"sigmas": ["1"]}, {"sigmas": [1e9]}, {"color": 1}, {"boosted": None}]
)
def test_facts_that_cannot_be_are_refused(facts: dict[str, Any]) -> None:
    good = by_brightness()
    broken = replace(good, facts={**good.facts, **facts})
    with pytest.raises(InputError, match="damaged"):
        run(pixel_classifier, noisy(), model=broken)


def test_classes_that_cannot_be_are_refused() -> None:
    good = by_brightness()
    for classes in (np.array([1, 0]), np.array([0]), np.array([0, 64]), np.array([0.0, 1.0])):
        with pytest.raises(InputError, match="classes"):
            run(pixel_classifier, noisy(), model=replace(good, arrays={**good.arrays, "classes": classes}))
