"""Scores of thin structures, such as cracks and vessels, where a line may lie a pixel beside the true one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from segcli.arrays import Array
from segcli.scores.pairs import same_size


class LineScores(NamedTuple):
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def line_scores(prediction: Array, truth: Array, tolerance: int = 0) -> LineScores:
    """Precision, recall and F1 of a mask of lines.

    Parameters
    ----------
    prediction, truth : (H, W) bool or whole numbers, not 0 on lines.
    tolerance : a predicted pixel is right, and a true one found, if the other mask has one within a square of so many
        pixels.

    Returns
    -------
    LineScores
        Precision is 1 where nothing is predicted, recall 1 where there is nothing to find.

    Raises
    ------
    InputError : sizes differ.

    References
    ----------
    Y. Shi, L. Cui, Z. Qi, F. Meng, Z. Chen, "Automatic road crack detection using random structured forests",
    IEEE Trans. Intelligent Transportation Systems 17(12), 3434-3445, 2016, section IV.

    Examples
    --------
    >>> line_scores(np.array([[0, 1, 0, 0]]), np.array([[1, 0, 0, 0]]), tolerance=1)
    LineScores(precision=1.0, recall=1.0, f1=1.0)
    """
    from segcli.opencv import cv2

    same_size(prediction, truth)
    found, wanted = (np.ascontiguousarray(np.asarray(mask) != 0).view(np.uint8) for mask in (prediction, truth))
    window = np.ones((2 * tolerance + 1, 2 * tolerance + 1), np.uint8)
    right = np.count_nonzero(found & np.asarray(cv2.dilate(wanted, window), np.uint8))
    seen = np.count_nonzero(wanted & np.asarray(cv2.dilate(found, window), np.uint8))
    precision = right / found.sum() if found.any() else 1.0
    recall = seen / wanted.sum() if wanted.any() else 1.0
    total = precision + recall
    return LineScores(float(precision), float(recall), float(2 * precision * recall / total) if total else 0.0)
