"""Scores of objects against objects: how many were found, and how well each was outlined.

A predicted and a true object match where their IoU is *greater than* the threshold, as in the 2018 Data Science Bowl
and in panoptic segmentation. From one half upwards no object can then match twice, so that counting matches needs no
assignment; below, the assignment with the most matches is taken, and of those the one with the greatest sum of IoU.
Label 0 is background. Nothing predicted where nothing is true counts as full agreement, 1.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from segcli.arrays import Array
from segcli.errors import SettingError
from segcli.scores.pairs import shared_pixels

COCO_THRESHOLDS = (0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
"""IoU thresholds that average precision is a mean over."""


@dataclass(frozen=True)
class Matches:
    """Objects that matched and that did not; add those of several pictures to score a data set.

    Attributes
    ----------
    true_positives, false_positives, false_negatives : objects found, invented, missed.
    iou_sum : sum of the IoU of the found ones.
    """

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    iou_sum: float = 0.0

    def __add__(self, other: Matches) -> Matches:
        return Matches(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.iou_sum + other.iou_sum,
        )

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        return _ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    @property
    def accuracy(self) -> float:
        """TP / (TP + FP + FN), the term that `average_precision` is a mean of."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        """Share of the predicted objects that are true."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the true objects that were found."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def segmentation_quality(self) -> float:
        """Mean IoU of the found objects; 0 where objects exist and none was found."""
        if self.true_positives:
            return self.iou_sum / self.true_positives
        return self.f1

    @property
    def panoptic_quality(self) -> float:
        """Segmentation quality x F1 (recognition quality)."""
        return self.segmentation_quality * self.f1


class Overlaps(NamedTuple):
    """IoU of each pair that overlaps, which pairs these are (from 0), and how many objects there are."""

    ious: Array
    rows: Array
    columns: Array
    predicted: int
    true: int


class Panoptic(NamedTuple):
    """Panoptic quality and its two factors."""

    quality: float
    segmentation: float
    recognition: float


def overlaps(prediction: Array, truth: Array, *, ignore: int | None = None) -> Overlaps:
    """Find the pairs of objects that overlap.

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers
        One number an object, 0 for background; numbers need not follow on each other.
    ignore : a label that takes a pixel out of both, where either picture holds it.

    Raises
    ------
    InputError : sizes differ, or a picture holds negative or broken numbers.
    """
    shared = shared_pixels(prediction, truth, ignore)
    area = shared.predicted_areas[shared.rows] + shared.true_areas[shared.columns]
    ious = shared.pixels / (area - shared.pixels)
    return Overlaps(ious, shared.rows, shared.columns, len(shared.predicted), len(shared.true))


def match(prediction: Array, truth: Array, iou: float = 0.5, *, ignore: int | None = None) -> Matches:
    """Match predicted to true objects where their IoU is greater than `iou`.

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers, one an object, 0 for background.
    iou : threshold, from 0 to 1; from 0.5 upwards matches are unique, below they are assigned.
    ignore : a label that takes a pixel out of both.

    Raises
    ------
    SettingError : `iou` is below 0 or above 1.
    InputError : sizes differ, or a picture holds negative or broken numbers.

    Examples
    --------
    >>> match(np.array([[1, 1, 0, 2]]), np.array([[7, 7, 0, 0]]))
    Matches(true_positives=1, false_positives=1, false_negatives=0, iou_sum=1.0)
    """
    return matches_at(overlaps(prediction, truth, ignore=ignore), iou)


def matches_at(found: Overlaps, iou: float) -> Matches:
    """Count the matches of known overlaps at one threshold."""
    if not 0 <= iou <= 1:
        raise SettingError("iou", f"is {iou}; it must be between 0 and 1.")
    near = found.ious > iou
    matched = found.ious[near] if iou >= 0.5 else _assigned(found, near)
    return Matches(len(matched), found.predicted - len(matched), found.true - len(matched), float(matched.sum()))


def f1(prediction: Array, truth: Array, iou: float = 0.5, *, ignore: int | None = None) -> float:
    """Return 2 TP / (2 TP + FP + FN) of objects matched at an IoU greater than `iou`."""
    return match(prediction, truth, iou, ignore=ignore).f1


def average_precision(
    prediction: Array, truth: Array, thresholds: Sequence[float] = COCO_THRESHOLDS, *, ignore: int | None = None
) -> float:
    """Return the mean over IoU thresholds of TP / (TP + FP + FN), the score of one picture in DSB2018.

    References
    ----------
    J. C. Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data
    Science Bowl", Nature Methods 16, 1247-1253, 2019.
    """
    found = overlaps(prediction, truth, ignore=ignore)
    return float(np.mean([matches_at(found, threshold).accuracy for threshold in thresholds]))


def panoptic_quality(prediction: Array, truth: Array, *, ignore: int | None = None) -> Panoptic:
    """Return sum of matched IoU / (TP + FP/2 + FN/2), and its factors: mean matched IoU, and F1.

    References
    ----------
    A. Kirillov, K. He, R. Girshick, C. Rother, P. Dollar, "Panoptic segmentation", CVPR 2019.
    """
    found = match(prediction, truth, 0.5, ignore=ignore)
    return Panoptic(found.panoptic_quality, found.segmentation_quality, found.f1)


def _assigned(found: Overlaps, near: Array) -> Array:
    """IoU of the matches of an optimal assignment: as many as there can be, and then of the greatest sum."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rows, columns, ious = found.rows[near], found.columns[near], found.ious[near]
    # Each predicted object may take a true one or, for next to nothing, a place of its own where nothing is. The sum
    # of all IoU weighs less than one match.
    alone = np.arange(found.predicted)
    weights = np.concatenate([1 + ious / (1 + found.predicted), np.full(found.predicted, 1e-9)])
    places = np.concatenate([rows, alone]), np.concatenate([columns, found.true + alone])
    graph = csr_array((weights, places), shape=(found.predicted, found.true + found.predicted))
    taken = np.full(found.predicted, -1)
    own, other = min_weight_full_bipartite_matching(graph, maximize=True)
    taken[own] = other
    return np.asarray(ious[taken[rows] == columns])


def _ratio(part: float, whole: float) -> float:
    """Part of a whole; 1.0 where there is nothing at all to find or to miss."""
    return part / whole if whole else 1.0
