"""A pixel classifier as numbers: which features it looks at, and the trees that judge them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segcli.arrays import Array, Fitted, Scores
from segcli.errors import InputError
from segcli.numeric.multiscale import channel_planes, feature_names, multiscale_features, reach
from segcli.numeric.trees import Trees, stored_trees

MOST_CLASSES = 64

_STRIP = 1 << 26
"""Feature values that are held at a time."""


@dataclass(frozen=True, eq=False)
class PixelModel:
    """What a pixel classifier learned.

    Attributes
    ----------
    trees : judge of the features.
    sigmas : scales of the features, in pixels.
    color : whether colors count.
    classes : (K,) int64
        The class that each probability of the trees belongs to; classes are numbered from 0 to the last of them.
    """

    trees: Trees
    sigmas: tuple[float, ...]
    color: bool
    classes: Array

    def scores(self, image: Array, valid: Array | None = None) -> Scores:
        """Probability of each class at each pixel, (K, H, W); the picture is done in strips that fit the memory.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8, uint16 or float32
        valid : (H, W) bool or None
            Pixels that others may look at.
        """
        planes = channel_planes(image, self.color)
        _, height, width = planes.shape
        scores = np.zeros((int(self.classes[-1]) + 1, height, width), np.float32)
        margin = reach(self.sigmas)
        rows = max(1, _STRIP // (len(feature_names(self.color, self.sigmas)) * width) - 2 * margin)
        rows = max(rows, margin)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            first, last = max(0, top - margin), min(height, bottom + margin)
            near = None if valid is None else valid[first:last]
            features = multiscale_features(planes[:, first:last], self.sigmas, near)[:, top - first : bottom - first]
            found = self.trees.probabilities(features.reshape(len(features), -1))
            scores[self.classes, top:bottom] = found.reshape(-1, bottom - top, width)
        return scores

    def fitted(self, facts: Mapping[str, object]) -> Fitted:
        """The same as a file holds it, with more facts about how it came about."""
        own = {"sigmas": list(self.sigmas), "color": self.color, "boosted": self.trees.boosted}
        arrays = {**self.trees.arrays(), "classes": self.classes}
        return Fitted("pixel_classifier", arrays, {**own, **facts})


def pixel_model(fitted: Fitted) -> PixelModel:
    """Read a file's numbers, and check them.

    Raises
    ------
    InputError
        They are not those of a pixel classifier.
    """
    facts = fitted.facts
    sigmas, color, boosted = (facts.get(name) for name in ("sigmas", "color", "boosted"))
    numbers = isinstance(sigmas, list) and all(isinstance(sigma, (int, float)) for sigma in sigmas)
    if not (numbers and sigmas and len(sigmas) <= 32 and all(0.1 <= sigma <= 200 for sigma in sigmas)):
        raise InputError("the model is damaged: its scales are missing. Fit it again.")
    if not (isinstance(color, bool) and isinstance(boosted, bool)):
        raise InputError("the model is damaged: it does not say whether colors count. Fit it again.")
    classes = known_classes(fitted)
    features = len(feature_names(color, sigmas))
    return PixelModel(stored_trees(fitted.arrays, boosted, features, len(classes)), tuple(sigmas), color, classes)


def known_classes(fitted: Fitted) -> Array:
    """Numbers of the classes that a model knows, rising.

    Raises
    ------
    InputError
        There are none, or they are no numbers of classes.
    """
    classes = fitted.arrays.get("classes", np.zeros(0))
    fits = classes.ndim == 1 and classes.dtype == np.int64 and len(classes) > 1
    if not (fits and (np.diff(classes) > 0).all() and classes[0] >= 0 and classes[-1] < MOST_CLASSES):
        raise InputError("the model is damaged: its classes are missing. Fit it again.")
    return classes
