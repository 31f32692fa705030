"""Trees as flat arrays: the same judgements as scikit-learn's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier

from segcli.errors import InputError
from segcli.numeric.trees import BLOCK, Trees, boosted_trees, forest_trees, softmax, stored_trees


def stump() -> Trees:
    """One tree: feature 1 at most 0.5 gives (0.25, 0.75), else feature 0 at most -1 gives (1, 0), else (0, 1)."""
    infinite = np.inf
    return Trees(
        feature=np.array([1, 0, 0, 0, 0], np.int32),
        threshold=np.array([0.5, infinite, -1, infinite, infinite], np.float32),
        child=np.array([1, 1, 3, 3, 4], np.int32),
        leaf=np.array([0, 0, 0, 1, 2], np.int32),
        roots=np.array([0], np.int32),
        depths=np.array([2], np.int32),
        leaves=np.array([[0.25, 0.75], [1, 0], [0, 1]], np.float32),
        start=np.zeros(2),
        boosted=False,
    )


def samples(count: int, features: int = 5, classes: int = 3) -> tuple[Any, Any]:
    generator = np.random.default_rng(5)
    points = generator.normal(size=(count, features)).astype(np.float32)
    # Few distinct values, so that many lie exactly on a threshold.
    points[:, 0] = np.round(points[:, 0], 1)
    return points, (points[:, 0] + points[:, 1] ** 2 + generator.normal(0, 0.3, count) > 0.4) * (classes - 1) // 1


def test_a_sample_goes_left_where_it_equals_the_threshold() -> None:
    planes = np.array([[0, 0, -1, -0.99], [0.5, -3, 0.6, 0.6]], np.float32)
    assert stump().probabilities(planes).T.tolist() == [[0.25, 0.75], [0.25, 0.75], [1, 0], [0, 1]]


@pytest.mark.parametrize("count", [1, BLOCK, BLOCK + 3])
@pytest.mark.parametrize(
    "forest",
    [RandomForestClassifier(7, random_state=1), ExtraTreesClassifier(5, min_samples_leaf=3, random_state=1)],
    ids=["random", "extra"],
)
def test_a_forest_judges_as_scikit_learn_does(forest: Any, count: int) -> None:
    points, _ = samples(400)
    forest.fit(points, np.arange(400) % 3 + (points[:, 0] > 0))
    found = forest_trees(forest).probabilities(points[:count].T)
    assert np.abs(found.T - forest.predict_proba(points[:count])).max() <= 1e-6


@pytest.mark.parametrize("classes", [2, 4])
def test_boosting_judges_as_scikit_learn_does(classes: int) -> None:
    points, _ = samples(600)
    truth = np.digitize(points[:, 0] + points[:, 1] ** 2, np.arange(1, classes))
    boosting = HistGradientBoostingClassifier(max_iter=9, random_state=0).fit(points, truth)
    found = boosted_trees(boosting).probabilities(points.T)
    assert np.abs(found.T - boosting.predict_proba(points)).max() <= 1e-6


def test_what_is_stored_comes_back_the_same() -> None:
    points, truth = samples(300)
    trees = forest_trees(RandomForestClassifier(3, random_state=0).fit(points, truth))
    again = stored_trees(trees.arrays(), False, 5, 2)
    assert np.array_equal(again.probabilities(points.T), trees.probabilities(points.T))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("child", [1, 1, 5, 3, 4]),
        ("child", [1, 1, 1, 3, 4]),
        ("child", [-1, 1, 3, 3, 4]),
        ("feature", [2, 0, 0, 0, 0]),
        ("leaf", [0, 3, 0, 1, 2]),
        ("threshold", [0.5, 1, -1, np.inf, np.inf]),
        ("threshold", [np.nan, np.inf, -1, np.inf, np.inf]),
        ("roots", [5]),
        ("depths", [6]),
        ("start", [0.0, np.nan]),
        ("leaves", [[0, 1]]),
        ("roots", []),
    ],
)
def test_arrays_that_lead_out_of_the_trees_are_refused(name: str, values: list[Any]) -> None:
    good = stump()
    stored_trees(good.arrays(), False, 2, 2)
    broken = replace(good, **{name: np.array(values, getattr(good, name).dtype)})
    with pytest.raises(InputError, match="damaged"):
        stored_trees(broken.arrays(), False, 2, 2)


def test_arrays_of_another_type_or_size_are_refused() -> None:
    arrays = stump().arrays()
    for broken in (
        {**arrays, "child": arrays["child"].astype(np.int64)},
        {**arrays, "leaf": arrays["leaf"][:-1]},
        {name: values for name, values in arrays.items() if name != "roots"},
    ):
        with pytest.raises(InputError, match="damaged"):
            stored_trees(broken, False, 2, 2)
    with pytest.raises(InputError, match="damaged"):
        stored_trees(arrays, False, 2, 3)


def test_log_odds_of_any_size_give_probabilities() -> None:
    assert softmax(np.array([[1000.0, 0.0], [0.0, np.log(3)]])).T.tolist() == [[1.0, 0.0], pytest.approx([0.25, 0.75])]
