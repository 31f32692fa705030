"""Fits the pixel classifier: a forest or boosted trees on multiscale features of sampled pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from segcli.arrays import Array, Fitted, Labels
from segcli.fitting.ensembles import grown, held_out, share_right
from segcli.fitting.truth import UNKNOWN, check_classes, check_pair, draw
from segcli.numeric.forms import leave_out, native
from segcli.numeric.multiscale import SIGMAS, channel_planes, feature_names, has_color, multiscale_features
from segcli.numeric.pixel_model import PixelModel

SAMPLES = {"boosting": 100_000, "forest": 200_000}
"""How the features can be judged, the usual way first, and pixels that are drawn: a forest gains more from many."""


def fit_pixel_classifier(
    images: Sequence[Array],
    truths: Sequence[Labels],
    *,
    classifier: Literal["boosting", "forest"] = "boosting",
    balanced: bool = False,
    samples: int | None = None,
    sigmas: Sequence[float] = SIGMAS,
    seed: int = 0,
) -> Fitted:
    """Learn from pictures and their classes what each pixel is.

    Pixels are drawn evenly from the pictures, and in each from its classes, and then weighted by how many they stand
    for. Each picture and truth is asked for once.

    Parameters
    ----------
    images : (H, W) or (H, W, 3) uint8, uint16 or float32
        Colors count if any of them has some.
    truths : (H, W) int32
        Classes from 0; below 0 where unknown.
    classifier : boosting or forest
        Boosted trees, or a random forest, which needs fewer examples and gives larger files.
    balanced : bool
        All classes weigh the same, however many pixels they have; for strokes, whose sizes mean nothing.
    samples : pixels in all, at most; None takes what suits the classifier.
    sigmas : scales of the features, in pixels.
    seed : of the draw and of the trees.

    Raises
    ------
    InputError
        Sizes that differ; one class only.
    """
    generator = np.random.default_rng(seed)
    color, features, classes, weights = _samples(images, truths, samples or SAMPLES[classifier], sigmas, generator)
    known, classes = np.unique(classes, return_inverse=True)
    check_classes(known)
    if balanced:
        weights = weights / np.bincount(classes, weights)[classes]
    weights = weights / weights.mean()
    held = held_out(classes, generator)
    trees = grown(classifier, features[~held], classes[~held], weights[~held], seed)
    accuracy = share_right(trees.probabilities(features[held].T), classes[held], weights[held])
    model = PixelModel(trees, tuple(float(sigma) for sigma in sigmas), color, known.astype(np.int64))
    facts = {"classifier": classifier, "balanced": balanced, "images": len(images), "samples": len(classes)}
    return model.fitted({**facts, "accuracy": accuracy, "seed": seed})


def _samples(
    images: Sequence[Array], truths: Sequence[Labels], most: int, sigmas: Sequence[float], generator: Any
) -> tuple[bool, Array, Array, Array]:
    """Whether colors count; and features, class and weight of the drawn pixels."""
    drawn: list[tuple[Array, Array, Array]] = []
    for number, (image, truth) in enumerate(zip(images, truths, strict=True)):
        check_pair(number, image, truth)
        pixels, valid, _ = leave_out(native(image)[0], None)
        known = truth if valid is None else np.where(valid, truth, UNKNOWN)
        places, weights = draw(known, most // len(images), generator)
        features = multiscale_features(channel_planes(pixels, has_color(pixels)), sigmas, valid)
        drawn.append((features.reshape(len(features), -1)[:, places], known.ravel()[places], weights))
    sizes = [len(features) for features, _, _ in drawn]
    columns = np.zeros((sum(len(classes) for _, classes, _ in drawn), max(sizes)), np.float32)
    start = 0
    for features, classes, _ in drawn:
        # The colors of a gray picture are 0, and so are their features.
        columns[start : start + len(classes), : len(features)] = features.T
        start += len(classes)
    classes, weights = (np.concatenate(parts) for parts in list(zip(*drawn, strict=True))[1:])
    return max(sizes) > len(feature_names(False, sigmas)), columns, classes, weights
