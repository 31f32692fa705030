"""Trees grown by scikit-learn, and how well they judge samples they have not seen."""

from __future__ import annotations

import os

import numpy as np

from segcli.arrays import Array
from segcli.numeric.trees import Trees, boosted_trees, forest_trees

HELD_OUT = 10
"""One sample in so many is kept for the accuracy."""

ROUNDS = 150
"""Boosted trees of two classes."""

FOREST = 40
"""Trees of a forest."""


def held_out(classes: Array, generator: np.random.Generator) -> Array:
    """Choose the samples that are kept for the accuracy; none of a class that has few."""
    chosen = generator.permutation(len(classes)) % HELD_OUT == 0
    return np.asarray(chosen & (np.bincount(classes) > HELD_OUT)[classes])


def share_right(probabilities: Array, classes: Array, weights: Array) -> float | None:
    """Share of samples, by weight, whose likeliest class is theirs; None without samples."""
    if not classes.size:
        return None
    return float(np.average(probabilities.argmax(axis=0) == classes, weights=weights))


def grown(classifier: str, features: Array, classes: Array, weights: Array, seed: int) -> Trees:
    """Fit an ensemble.

    Parameters
    ----------
    classifier : boosting or forest
    features : (N, F) float32
    classes : (N,) from 0 without gaps
    weights : (N,) float64
    seed : of its random choices
    """
    if classifier == "boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        # With few samples a leaf of twenty could not be split off.
        smallest = int(np.clip(len(classes) // 50, 1, 20))
        # Every class beyond two has a row of trees of its own.
        rounds = max(ROUNDS // 3, 2 * ROUNDS // (classes.max() + 1))
        boosting = HistGradientBoostingClassifier(
            max_iter=int(rounds), min_samples_leaf=smallest, early_stopping=False, random_state=seed
        )
        # Threads that wait for each other by turning in circles are slow where cores are shared, and a sum must not
        # depend on how many there are.
        with threadpool_limits(1, "openmp"):
            boosting.fit(features, classes, sample_weight=weights)
        return boosted_trees(boosting)
    from sklearn.ensemble import RandomForestClassifier

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    smallest = int(np.clip(len(classes) // 1000, 1, 5))
    share = 0.5 if len(classes) > 20_000 else None
    forest = RandomForestClassifier(
        FOREST, min_samples_leaf=smallest, max_samples=share, n_jobs=cores, random_state=seed
    )
    return forest_trees(forest.fit(features, classes, sample_weight=weights))
