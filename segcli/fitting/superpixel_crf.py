"""Fits the superpixel random field: a classifier of superpixels, and how much smoothness helps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Fitted, Labels
from segcli.fitting.machines import fit_machine, platt
from segcli.fitting.truth import UNKNOWN, check_classes, check_pair
from segcli.numeric.forms import leave_out, native
from segcli.numeric.pixel_model import MOST_CLASSES
from segcli.numeric.superpixel_model import (
    NodeClassifier,
    SuperpixelModel,
    Superpixels,
    smooth_labels,
    superpixels,
)

FOLD = 5
"""One picture in so many (with fewer pictures, one superpixel) is kept to choose the weight and to measure by."""

WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Weights of the smoothness that are tried."""


@dataclass(frozen=True, eq=False)
class _Nodes:
    """All superpixels of all pictures.

    pictures : their superpixels. first : (pictures + 1,) place of the first of each picture among all.
    features : (n, F). counts : (n, K) pixels of each class. classes : (n,) the most frequent, or UNKNOWN.
    """

    pictures: list[Superpixels]
    first: NDArray[np.int64]
    features: Array
    counts: Array
    classes: Array


def fit_superpixel_crf(
    images: Sequence[Array],
    truths: Sequence[Labels],
    *,
    classifier: Literal["boosting", "logistic", "linear-svm", "rbf-svm"] = "boosting",
    balanced: bool = False,
    regions: int = 500,
    compactness: float = 10.0,
    seed: int = 0,
) -> Fitted:
    """Learn from pictures and their classes what each superpixel is, and how much neighbors agree.

    The classifier is fitted twice: without the pictures that are kept, on which its probabilities are calibrated
    (support vector machines, by Platt's sigmoid) and the weight of the smoothness is chosen by mean IoU; then on all.

    Parameters
    ----------
    images : (H, W) or (H, W, 3) uint8, uint16 or float32
    truths : (H, W) int32
        Classes from 0; below 0 where unknown.
    classifier : boosting, logistic, linear-svm or rbf-svm
    balanced : bool
        All classes weigh the same, however many pixels they have.
    regions : superpixels a picture, about.
    compactness : of the superpixels, as in slic.
    seed : of random choices.

    Raises
    ------
    InputError
        Sizes that differ; one class only.
    """
    nodes, known = _nodes(images, truths, regions, compactness)
    usable = nodes.classes != UNKNOWN
    sizes = nodes.counts.sum(axis=1)
    if balanced:
        sizes = nodes.counts @ (1 / np.maximum(nodes.counts.sum(axis=0), 1))
    kept = _kept(nodes, usable, np.random.default_rng(seed))
    taught = usable & ~kept
    first = fit_machine(classifier, nodes.features[taught], nodes.classes[taught], sizes[taught], len(known), seed)
    sigmoid = None
    if "svm" in classifier:
        sigmoid = _calibration(first, nodes, kept if kept.any() else usable)
        first = replace(first, arrays={**first.arrays, "sigmoid": sigmoid})
    weight, scores = _best_weight(first, nodes, kept)
    final = first
    if kept.any():
        final = fit_machine(classifier, nodes.features[usable], nodes.classes[usable], sizes[usable], len(known), seed)
        final = final if sigmoid is None else replace(final, arrays={**final.arrays, "sigmoid": sigmoid})
    model = SuperpixelModel(final, known, regions, compactness, weight)
    facts = {"balanced": balanced, "images": len(images), "samples": int(usable.sum()), "seed": seed}
    return model.fitted({**facts, **scores})


def _nodes(
    images: Sequence[Array], truths: Sequence[Labels], regions: int, compactness: float
) -> tuple[_Nodes, NDArray[np.int64]]:
    """Part all pictures; and the classes that occur, rising."""
    pictures, tables = [], []
    for number, (image, truth) in enumerate(zip(images, truths, strict=True)):
        check_pair(number, image, truth)
        pixels, valid, _ = leave_out(native(image)[0], None)
        parts = superpixels(pixels, regions, compactness, valid)
        pictures.append(parts)
        table = np.zeros((len(parts.features), int(truth.max(initial=0)) + 1), np.int64)
        inside = (parts.labels > 0) & (truth >= 0)
        np.add.at(table, (parts.labels[inside] - 1, truth[inside]), 1)
        tables.append(table)
    counts = np.concatenate([np.pad(table, ((0, 0), (0, MOST_CLASSES - table.shape[1]))) for table in tables])
    most = counts.argmax(axis=1)
    labeled = counts.any(axis=1)
    # A class that rules no superpixel cannot be learned.
    known = np.unique(most[labeled])
    check_classes(known)
    classes = np.where(labeled, np.searchsorted(known, most), UNKNOWN)
    first = np.cumsum([0, *(len(parts.features) for parts in pictures)])
    features = np.concatenate([parts.features for parts in pictures])
    return _Nodes(pictures, first, features, counts[:, known], classes), known.astype(np.int64)


def _kept(nodes: _Nodes, usable: Array, generator: np.random.Generator) -> NDArray[np.bool_]:
    """The superpixels to measure by: every fifth picture's; no class loses all of its superpixels."""
    count = len(nodes.pictures)
    chosen = generator.permutation(count if count >= FOLD else len(usable)) % FOLD == 0
    kept: NDArray[np.bool_] = usable & (np.repeat(chosen, np.diff(nodes.first)) if count >= FOLD else chosen)
    for label in range(nodes.counts.shape[1]):
        mine = nodes.classes == label
        if not (mine & ~kept).any():
            kept &= ~mine
    return kept


def _calibration(machine: NodeClassifier, nodes: _Nodes, kept: Array) -> Array:
    """Platt's sigmoid of each class, (K, 2)."""
    points = (nodes.features[kept] - machine.arrays["center"]) / machine.arrays["scale"]
    decisions = machine.decisions(points)
    return np.array([platt(decisions[:, label], nodes.classes[kept] == label) for label in range(machine.classes)])


def _best_weight(machine: NodeClassifier, nodes: _Nodes, kept: Array) -> tuple[float, dict[str, float | None]]:
    """The weight with the best mean IoU on what was kept, and how good it and the classifier alone are there."""
    if not kept.any():
        return 1.0, {"accuracy": None, "mean_iou": None, "mean_iou_alone": None}
    totals = np.zeros((len(WEIGHTS), nodes.counts.shape[1], nodes.counts.shape[1]))
    for parts, start, stop in zip(nodes.pictures, nodes.first, nodes.first[1:], strict=False):
        here = kept[start:stop]
        if not here.any():
            continue
        probabilities = machine.probabilities(nodes.features[start:stop])
        for place, weight in enumerate(WEIGHTS):
            labels, _ = smooth_labels(probabilities, parts, weight)
            np.add.at(totals[place].T, labels[here], nodes.counts[start:stop][here])
    overlaps = [_mean_iou(total) for total in totals]
    # Where several do equally well, the usual one.
    best = max(range(len(WEIGHTS)), key=lambda place: (overlaps[place], -abs(WEIGHTS[place] - 1)))
    accuracy = float(np.trace(totals[best]) / totals[best].sum())
    return WEIGHTS[best], {"accuracy": accuracy, "mean_iou": overlaps[best], "mean_iou_alone": overlaps[0]}


def _mean_iou(total: Array) -> float:
    """Mean IoU of the classes that occur, of a table of pixels by true and given class."""
    right = np.diag(total)
    union = total.sum(axis=0) + total.sum(axis=1) - right
    there = total.sum(axis=1) > 0
    return float(np.mean(right[there] / union[there]))
