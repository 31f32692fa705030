"""Classifiers of superpixels, fitted by scikit-learn and taken down as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.fitting.ensembles import grown
from segcli.numeric.superpixel_model import NodeClassifier

MOST_VECTORS = 6000
"""Samples that a kernel machine is fitted to at most: its time grows with their square."""


def fit_machine(kind: str, features: Array, classes: Array, weights: Array, count: int, seed: int) -> NodeClassifier:
    """Fit one classifier; support vector machines still lack their sigmoids.

    Parameters
    ----------
    kind : boosting, logistic, linear-svm or rbf-svm
    features : (n, F) float32
    classes : (n,) from 0 to count - 1, each at least once
    weights : (n,)
    count : of classes
    seed : of random choices
    """
    weights = weights / weights.mean()
    if kind == "boosting":
        return NodeClassifier(kind, grown(kind, features, classes, weights, seed).arrays(), count)
    center, scale = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    scale[scale < 1e-6] = 1
    points = (features - center) / scale
    if kind == "rbf-svm":
        chosen = np.random.default_rng(seed).permutation(len(points))[:MOST_VECTORS]
        chosen = np.union1d(chosen, np.unique(classes, return_index=True)[1])
        arrays = _kernel_machine(points[chosen], classes[chosen], weights[chosen], count)
    else:
        arrays = _linear(kind, points, classes, weights, count, seed)
    return NodeClassifier(kind, {"center": center, "scale": scale, **arrays}, count)


def _linear(kind: str, points: Array, classes: Array, weights: Array, count: int, seed: int) -> dict[str, Array]:
    """Logistic regression, or a linear machine for each class against the others."""
    if kind == "logistic":
        from sklearn.linear_model import LogisticRegression

        # A strong enough penalty for the solver to end well within its steps.
        fitted = LogisticRegression(C=0.1, max_iter=2000).fit(points, classes, sample_weight=weights)
        rows, offsets = fitted.coef_, fitted.intercept_
        if count == 2:  # scikit-learn keeps the difference alone
            rows, offsets = np.concatenate([0 * rows, rows]), np.concatenate([0 * offsets, offsets])
        return {"coefficients": rows, "intercepts": offsets}
    from sklearn.svm import LinearSVC

    machines = [
        LinearSVC(C=0.01, dual=False, random_state=seed).fit(points, classes == label, sample_weight=weights)
        for label in range(count)
    ]
    rows = np.concatenate([machine.coef_ for machine in machines])
    return {"coefficients": rows, "intercepts": np.concatenate([machine.intercept_ for machine in machines])}


def _kernel_machine(points: Array, classes: Array, weights: Array, count: int) -> dict[str, Array]:
    """A machine with Gaussian kernels for each class against the others; all share the table of vectors."""
    from sklearn.svm import SVC

    gamma = 1 / points.shape[1]
    rows, offsets = np.zeros((count, len(points))), np.zeros(count)
    for label in range(count):
        machine: Any = SVC(C=10.0, gamma=gamma, cache_size=500).fit(points, classes == label, sample_weight=weights)
        rows[label, machine.support_] = machine.dual_coef_[0]
        offsets[label] = machine.intercept_[0]
    used = rows.any(axis=0)
    return {
        "vectors": points[used],
        "coefficients": rows[:, used],
        "intercepts": offsets,
        "gamma": np.array([gamma]),
    }


def platt(decisions: Array, positive: Array) -> tuple[float, float]:
    """Slope and offset of the sigmoid 1 / (1 + exp(slope * f + offset)) that fits decisions to classes best.

    Parameters
    ----------
    decisions : (n,) values of a machine, best of samples that it has not seen
    positive : (n,) bool

    References
    ----------
    J. C. Platt, "Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods",
    Advances in Large Margin Classifiers, 61-74, 1999.
    """
    from scipy.optimize import minimize

    high, low = float(positive.sum()), float((~positive).sum())
    # Platt's targets keep the sigmoid finite where a line parts the classes.
    targets = np.where(positive, (high + 1) / (high + 2), 1 / (low + 2))

    def loss(line: Array) -> tuple[float, Array]:
        values = line[0] * decisions + line[1]
        misfit = targets - 1 / (1 + np.exp(np.clip(values, -500, 500)))
        # -t ln p - (1 - t) ln(1 - p), with p = 1 / (1 + e^v)
        return float(np.sum(np.logaddexp(0, values) - (1 - targets) * values)), np.array(
            [misfit @ decisions, misfit.sum()]
        )

    start = np.array([0.0, np.log((low + 1) / (high + 1))])
    slope, offset = minimize(loss, start, jac=True, method="BFGS").x
    return float(slope), float(offset)
