"""Ensembles of decision trees as flat arrays: made from what scikit-learn fitted, stored, and gone through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError

BLOCK = 256
"""Samples that go through a tree together."""

_TYPES = {"feature": "i4", "threshold": "f4", "child": "i4", "leaf": "i4", "roots": "i4", "depths": "i4"}
_TYPES |= {"leaves": "f4", "start": "f8"}


@dataclass(frozen=True, eq=False)
class Trees:
    """A forest, or a row of boosted trees.

    Attributes
    ----------
    feature, threshold, child, leaf : (nodes,) int32, float32, int32, int32
        A sample goes from a node to `child` where its feature is at most the threshold, else to the node behind that.
        A leaf leads to itself; `leaf` is its row in `leaves`.
    roots, depths : (trees,) int32
    leaves : (leaves, K) float32
        What a leaf adds to each class.
    start : (K,) float64
        What the leaves are added to.
    boosted : bool
        Whether the sums are log-odds (boosting); else they are probabilities times the number of trees.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    child: NDArray[np.int32]
    leaf: NDArray[np.int32]
    roots: NDArray[np.int32]
    depths: NDArray[np.int32]
    leaves: NDArray[np.float32]
    start: NDArray[np.float64]
    boosted: bool

    def probabilities(self, planes: Array) -> NDArray[np.float32]:
        """Probability of each class, (K, N), of N samples given as (features, N) float32 without NaN."""
        from segcli.numeric import _tree_kernels as kernels

        features, samples = planes.shape
        nodes = np.stack([self.feature, _keys(self.threshold), self.child, self.leaf], axis=1)
        sums = np.repeat(self.start[:, None], samples, axis=1)
        block, places = np.empty((BLOCK, features), np.int32), np.empty(BLOCK, np.int32)
        # -0 becomes 0, so that the bits of floats are in the order of the floats.
        bits = (np.ascontiguousarray(planes, np.float32) + np.float32(0)).view(np.int32)
        room = np.empty((BLOCK, len(sums)))
        kernels.descend(bits, nodes, self.roots, self.depths, self.leaves, block, places, room, sums)
        return (softmax(sums) if self.boosted else sums / len(self.roots)).astype(np.float32)

    def arrays(self) -> dict[str, Array]:
        """What a file stores, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "boosted"}


def _keys(values: NDArray[np.float32]) -> NDArray[np.int32]:
    """Whole numbers that are in the order of the floats."""
    bits = (values + np.float32(0)).view(np.int32)
    return np.where(bits >= 0, bits, bits ^ np.int32(0x7FFFFFFF))


def softmax(sums: Array) -> Array:
    """Probabilities of log-odds (K, N), along the first axis."""
    odds = np.exp(sums - sums.max(axis=0))
    return np.asarray(odds / odds.sum(axis=0))


def stored_trees(arrays: Mapping[str, Array], boosted: bool, features: int, classes: int) -> Trees:
    """Trees from the arrays of a file, checked so that no descent leaves them.

    Parameters
    ----------
    arrays : what `Trees.arrays` gave.
    boosted : as in `Trees`.
    features : how many a sample has.
    classes : how many there are.

    Raises
    ------
    InputError
        Arrays that are no trees.
    """
    if any(name not in arrays or arrays[name].dtype != kind for name, kind in _TYPES.items()):
        raise InputError("the model is damaged: it lacks arrays of its trees. Fit it again.")
    trees = Trees(**{name: np.array(arrays[name], order="C") for name in _TYPES}, boosted=boosted)
    nodes, count = trees.child.size, trees.roots.size
    parts = (trees.feature, trees.threshold, trees.child, trees.leaf)
    fits = (
        trees.leaves.ndim == 2 and len(trees.leaves) > 0 and trees.leaves.shape[1:] == trees.start.shape == (classes,)
    )
    fits = (
        fits and all(part.shape == (nodes,) for part in parts) and trees.depths.shape == trees.roots.shape == (count,)
    )
    if not fits or not nodes or not count:
        raise InputError("the model is damaged: the sizes of its trees do not agree. Fit it again.")
    place = np.arange(nodes)
    itself = trees.child == place
    within = (
        (itself | ((trees.child > place) & (trees.child < nodes - 1))).all()
        # A leaf must not lead to the node behind it.
        and np.isposinf(trees.threshold[itself]).all()
        and not np.isnan(trees.threshold).any()
        and ((trees.feature >= 0) & (trees.feature < features)).all()
        and ((trees.leaf >= 0) & (trees.leaf < len(trees.leaves))).all()
        and ((trees.roots >= 0) & (trees.roots < nodes)).all()
        and ((trees.depths >= 0) & (trees.depths <= nodes)).all()
        and np.isfinite(trees.leaves).all()
        and np.isfinite(trees.start).all()
    )
    if not within:
        raise InputError("the model is damaged: its trees lead nowhere. Fit it again.")
    return trees


def forest_trees(forest: Any) -> Trees:
    """Flatten a fitted RandomForestClassifier or ExtraTreesClassifier of scikit-learn."""
    grown = []
    for estimator in forest.estimators_:
        tree = estimator.tree_
        votes = tree.value[:, 0, :]
        votes = votes / votes.sum(axis=1, keepdims=True)
        grown.append((tree.children_left, tree.children_right, tree.feature, tree.threshold, votes))
    return _flattened(grown, np.zeros(len(forest.classes_)), False)


def boosted_trees(boosting: Any) -> Trees:
    """Flatten a fitted HistGradientBoostingClassifier of scikit-learn, without categories and missing values."""
    classes = len(boosting.classes_)
    start = np.zeros(classes)
    # Two classes have one row of trees, for the log-odds of the second.
    start[-boosting._baseline_prediction.size :] = boosting._baseline_prediction.ravel()
    grown = []
    for together in boosting._predictors:
        for number, predictor in enumerate(together, classes - len(together)):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            values = np.zeros((len(nodes), classes))
            values[:, number] = nodes["value"]
            left = np.where(leaf, -1, nodes["left"].astype(np.int64))
            right = nodes["right"].astype(np.int64)
            grown.append((left, right, nodes["feature_idx"].astype(np.int64), nodes["num_threshold"], values))
    return _flattened(grown, start, True)


def _flattened(grown: Sequence[tuple[Array, Array, Array, Array, Array]], start: Array, boosted: bool) -> Trees:
    """Put trees, each (left, right, feature, threshold, values), into one table, each level by level."""
    parts: list[tuple[Array, ...]] = []
    roots, depths, leaves = [], [], []
    size = filled = 0
    for left, right, feature, threshold, values in grown:
        levels = _levels(left, right)
        order = np.concatenate(levels)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        leaf = left[order] < 0
        rows = filled + np.cumsum(leaf) - 1
        child = np.where(leaf, np.arange(len(order)), place[left[order]]) + size
        bounds = np.where(leaf, np.float32(np.inf), _at_most(threshold[order]))
        parts.append((np.where(leaf, 0, feature[order]), bounds, child, np.where(leaf, rows, 0)))
        leaves.append(values[order[leaf]].astype(np.float32))
        roots.append(size)
        depths.append(len(levels) - 1)
        size, filled = size + len(order), filled + len(leaves[-1])
    split, bound, child, leaf = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Trees(
        split.astype(np.int32),
        bound.astype(np.float32),
        child.astype(np.int32),
        leaf.astype(np.int32),
        np.array(roots, np.int32),
        np.array(depths, np.int32),
        np.concatenate(leaves),
        start,
        boosted,
    )


def _levels(left: Array, right: Array) -> list[NDArray[np.int64]]:
    """The nodes of a tree from its root downwards, the two children of a node side by side."""
    levels = [np.zeros(1, np.int64)]
    while (inner := levels[-1][left[levels[-1]] >= 0]).size:
        levels.append(np.stack([left[inner], right[inner]], axis=1).ravel())
    return levels


def _at_most(threshold: Array) -> NDArray[np.float32]:
    """The largest float32 that is not above each threshold: the same float32 values lie at or below it."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
