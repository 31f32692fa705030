"""A superpixel classifier and its random field as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Fitted, Labels
from segcli.errors import InputError
from segcli.numeric.expansion import expand_graph
from segcli.numeric.multiscale import channel_planes
from segcli.numeric.pixel_model import known_classes
from segcli.numeric.region_graph import RegionGraph, region_graph, region_sums
from segcli.numeric.slic import slic
from segcli.numeric.superpixel_features import FEATURES, superpixel_features
from segcli.numeric.trees import softmax, stored_trees

CLASSIFIERS = ("boosting", "logistic", "linear-svm", "rbf-svm")
LEAST = 1e-4
"""No class is less probable than this for a superpixel: its neighbors may know better."""


@dataclass(frozen=True, eq=False)
class Superpixels:
    """A picture in superpixels.

    labels : (H, W) int32, 1..n. graph : which touch. features : (n, FEATURES) float32.
    contrast : (edges,) what parting two neighbors costs, before it is multiplied by the weight.
    """

    labels: Labels
    graph: RegionGraph
    features: Array
    contrast: NDArray[np.float64]


def superpixels(image: Array, regions: int, compactness: float, valid: Array | None = None) -> Superpixels:
    """Part a picture into superpixels and describe them.

    The cost of parting two of them is their common boundary over the mean one, times exp(-d^2 / (2 mean d^2)), where d
    is the difference of their mean colors.
    """
    planes = channel_planes(image, color=True)
    labels = slic(np.ascontiguousarray(np.moveaxis(planes, 0, 2)) * np.float32(100), regions, compactness, valid=valid)
    graph = region_graph(labels)
    features = superpixel_features(planes, labels, graph, valid)
    if not len(graph.edges):
        return Superpixels(labels, graph, features, np.zeros(0))
    means = region_sums(labels, np.moveaxis(planes, 0, 2)).means
    apart = ((means[graph.edges[:, 0]] - means[graph.edges[:, 1]]) ** 2).sum(axis=1)
    likeness = np.exp(-apart / max(2 * float(apart.mean()), 1e-12))
    return Superpixels(labels, graph, features, graph.lengths / graph.lengths.mean() * likeness)


@dataclass(frozen=True, eq=False)
class NodeClassifier:
    """Judges superpixels by numbers alone.

    Attributes
    ----------
    kind : one of CLASSIFIERS.
    arrays : center and scale of the features; and for
        boosting, what `numeric.trees` stores;
        logistic and linear-svm, coefficients (K, F) and intercepts (K,);
        rbf-svm, vectors (V, F), coefficients (K, V), intercepts (K,) and gamma (1,);
        both machines, sigmoid (K, 2), Platt's slope and offset.
    classes : how many.
    """

    kind: str
    arrays: Mapping[str, Array]
    classes: int

    def probabilities(self, features: Array) -> Array:
        """Probability of each class, (n, K), of (n, F) features."""
        if self.kind == "boosting":
            trees = stored_trees(self.arrays, True, features.shape[1], self.classes)
            return np.asarray(trees.probabilities(np.ascontiguousarray(features.T)).T, np.float64)
        decisions = self.decisions((features - self.arrays["center"]) / self.arrays["scale"])
        if self.kind == "logistic":
            return softmax(decisions.T).T
        return sigmoids(decisions, self.arrays["sigmoid"])

    def decisions(self, points: Array) -> Array:
        """Value of each class's function, (n, K), at scaled features."""
        inputs = points
        if self.kind == "rbf-svm":
            vectors = self.arrays["vectors"]
            squares = (points**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1) - 2 * (points @ vectors.T)
            inputs = np.exp(-self.arrays["gamma"] * np.maximum(squares, 0))
        return np.asarray(inputs @ self.arrays["coefficients"].T + self.arrays["intercepts"])


def sigmoids(decisions: Array, sigmoid: Array) -> Array:
    """Platt's probabilities 1 / (1 + exp(slope * f + offset)) of each class, divided by their sum."""
    shares = 1 / (1 + np.exp(np.clip(sigmoid[:, 0] * decisions + sigmoid[:, 1], -500, 500)))
    shares = np.maximum(shares, 1e-12)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def smooth_labels(probabilities: Array, parts: Superpixels, weight: float) -> tuple[Array, float]:
    """The labeling with the least energy: exactly for two classes, else one that no expansion improves; and its energy.

    The energy adds up -ln of the probabilities, and weight * contrast over neighbors with different labels.
    """
    unary = -np.log(np.maximum(probabilities, LEAST))
    # Of two classes, one expansion from nothing but the first is the minimum cut.
    start = np.zeros(len(unary), np.uint8) if unary.shape[1] == 2 else None
    found = expand_graph(unary, parts.graph.edges, weight * parts.contrast, start)
    return found.labels, float(found.energies[-1])


@dataclass(frozen=True, eq=False)
class SuperpixelModel:
    """What a superpixel random field learned: a classifier, its classes, and how pictures are parted and smoothed."""

    classifier: NodeClassifier
    classes: Array
    regions: int
    compactness: float
    weight: float

    def fitted(self, facts: Mapping[str, object]) -> Fitted:
        """The same as a file holds it, with more facts about how it came about."""
        own = {"classifier": self.classifier.kind, "regions": self.regions, "compactness": self.compactness}
        arrays = {**self.classifier.arrays, "classes": self.classes}
        return Fitted("superpixel_crf", arrays, {**own, "weight": self.weight, **facts})


def superpixel_model(fitted: Fitted) -> SuperpixelModel:
    """Read a file's numbers, and check them.

    Raises
    ------
    InputError
        They are not those of a superpixel random field.
    """
    classes = known_classes(fitted)
    kind = fitted.facts.get("classifier")
    numbers = [fitted.facts.get(name) for name in ("regions", "compactness", "weight")]
    if kind not in CLASSIFIERS or not all(isinstance(number, (int, float)) and number >= 0 for number in numbers):
        raise InputError("the model is damaged: its settings are missing. Fit it again.")
    regions, compactness, weight = numbers
    if not (1 <= regions <= 1e6 and 0 < compactness <= 1e4 and weight <= 1e6):  # type: ignore[operator]
        raise InputError("the model is damaged: its settings lie out of bounds. Fit it again.")
    if kind == "boosting":
        stored_trees(fitted.arrays, True, FEATURES, len(classes))
    else:
        _check_arrays(kind, fitted.arrays, len(classes))
    classifier = NodeClassifier(kind, fitted.arrays, len(classes))
    return SuperpixelModel(classifier, classes, int(regions), float(compactness), float(weight))  # type: ignore[arg-type]


def _check_arrays(kind: str, arrays: Mapping[str, Array], classes: int) -> None:
    """Refuse arrays whose sizes do not agree."""
    vectors = arrays["vectors"].shape[0] if kind == "rbf-svm" and "vectors" in arrays else 0
    shapes: dict[str, tuple[int, ...]] = {"center": (FEATURES,), "scale": (FEATURES,), "intercepts": (classes,)}
    shapes["coefficients"] = (classes, vectors or FEATURES)
    if kind != "logistic":
        shapes["sigmoid"] = (classes, 2)
    if kind == "rbf-svm":
        shapes |= {"vectors": (vectors, FEATURES), "gamma": (1,)}
    for name, shape in shapes.items():
        found = arrays.get(name)
        if found is None or found.shape != shape or found.dtype.kind != "f" or not np.isfinite(found).all():
            raise InputError(f"the model is damaged: its array {name!r} does not fit. Fit it again.")
    if not (arrays["scale"] > 0).all():
        raise InputError("the model is damaged: a feature has no scale. Fit it again.")
