"""Panoptic scores: every pixel has a class, and things are told apart as well.

A picture is a label picture of segments and the class of each: a thing is one segment, stuff of one class is one
segment. Where the truth has no segment (label 0, or a label without a class) is void: such pixels count in no union,
and a predicted segment that lies there by more than half is not held against the prediction, nor is one that lies by
more than half in void and crowds of its class (regions of things that nobody outlined one by one).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.scores.instance import Matches, Panoptic
from segcli.scores.pairs import shared_pixels


def panoptic_matches(
    prediction: Array,
    truth: Array,
    predicted_classes: Mapping[int, int],
    true_classes: Mapping[int, int],
    *,
    crowd: Collection[int] = (),
) -> dict[int, Matches]:
    """Match predicted to true segments of one class where their IoU is greater than one half.

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers, one a segment, 0 for none.
    predicted_classes, true_classes : class of each label; true labels that are not listed are void.
    crowd : labels of the truth that are crowds.

    Returns
    -------
    dict of Matches by class, for the classes that occur; add those of several pictures to score a data set
        (`mean_panoptic_quality` does).

    Raises
    ------
    InputError : sizes differ, a picture holds broken numbers, or a predicted label has no class.

    References
    ----------
    A. Kirillov, K. He, R. Girshick, C. Rother, P. Dollar, "Panoptic segmentation", CVPR 2019, section 4.

    Examples
    --------
    >>> panoptic_matches(np.array([[1, 1, 2]]), np.array([[5, 5, 0]]), {1: 7, 2: 7}, {5: 7})
    {7: Matches(true_positives=1, false_positives=0, false_negatives=0, iou_sum=1.0)}
    """
    shared = shared_pixels(prediction, truth)
    missing = [int(label) for label in shared.predicted if label not in predicted_classes]
    if missing:
        raise InputError(f"the predicted segment {missing[0]} has no class; list one for each label above 0.")
    listed = np.array([label in true_classes for label in shared.true], bool)
    crowds = np.isin(shared.true, list(crowd)) & listed
    own = np.array([predicted_classes[label] for label in shared.predicted], np.int64)
    true = np.array([true_classes.get(label, 0) for label in shared.true], np.int64)
    rows, columns, pixels = shared.rows, shared.columns, shared.pixels
    covered = np.bincount(rows[listed[columns]], pixels[listed[columns]], len(own))
    void = shared.predicted_areas - covered
    ious = pixels / (shared.predicted_areas[rows] + shared.true_areas[columns] - pixels - void[rows])
    same = (own[rows] == true[columns]) & listed[columns]
    found = same & ~crowds[columns] & (ious > 0.5)
    in_crowd = same & crowds[columns]
    left_open = void + np.bincount(rows[in_crowd], pixels[in_crowd], len(own))
    wrong = 2 * left_open <= shared.predicted_areas
    wrong[rows[found]] = False
    missed = listed & ~crowds
    missed[columns[found]] = False
    matches: dict[int, Matches] = {}
    for label in np.union1d(own, true[listed]).tolist():
        hits = ious[found & (own[rows] == label)]
        extra, absent = (wrong & (own == label)).sum(), (missed & (true == label)).sum()
        if len(hits) or extra or absent:
            matches[label] = Matches(len(hits), int(extra), int(absent), float(hits.sum()))
    return matches


def mean_panoptic_quality(
    pictures: Iterable[Mapping[int, Matches]], classes: Collection[int] | None = None
) -> Panoptic:
    """Panoptic quality and its two factors, each a mean over classes, after the matches of all pictures were added.

    A mean of products: the factors do not multiply to the quality.

    Parameters
    ----------
    pictures : what `panoptic_matches` gave for each picture.
    classes : those to average over, such as the things or the stuff; by default all. A class that occurs nowhere is
        left out; without any, the result is NaN.

    Examples
    --------
    >>> mean_panoptic_quality([{1: Matches(1, 0, 0, 0.8), 2: Matches(0, 0, 1, 0.0)}])
    Panoptic(quality=0.4, segmentation=0.4, recognition=0.5)
    """
    totals: dict[int, Matches] = {}
    for picture in pictures:
        for label, found in picture.items():
            if classes is None or label in classes:
                totals[label] = totals.get(label, Matches()) + found
    if not totals:
        return Panoptic(*[float("nan")] * 3)
    each = [(found.panoptic_quality, found.segmentation_quality, found.f1) for found in totals.values()]
    return Panoptic(*np.mean(each, axis=0).tolist())
