"""Scores of pixels: a confusion matrix, what is read from it, and Dice and IoU of two masks.

Counts add up: to score a data set, add the confusion matrices of its pictures and read the
scores from the sum. A class that occurs neither in truth nor in prediction scores NaN and is
left out of means. Two empty masks agree entirely: Dice and IoU 1.0.
"""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.scores.pairs import label_pair, same_size
from segcli.segmentation import VOID


def confusion(prediction: Array, truth: Array, classes: int | None = None, *, ignore: int | None = VOID) -> Array:
    """Count pixels by true class (rows) and predicted class (columns).

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers, 0 to classes - 1.
    classes : number of classes; by default one more than the highest label that occurs.
    ignore : a label that takes a pixel out of both, where either picture holds it.

    Returns
    -------
    (classes, classes) int64

    Raises
    ------
    InputError : sizes differ, or a label lies outside the classes.

    Examples
    --------
    >>> confusion(np.array([[0, 1, 1]]), np.array([[0, 0, 1]])).tolist()
    [[1, 1], [0, 1]]
    """
    prediction, truth = label_pair(prediction, truth, ignore)
    highest = int(max(prediction.max(initial=0), truth.max(initial=0)))
    classes = highest + 1 if classes is None else classes
    if highest >= classes:
        raise InputError(f"a label is {highest}; with {classes} classes they go from 0 to {classes - 1}.")
    return np.bincount(truth * classes + prediction, minlength=classes * classes).reshape(classes, classes)


def pixel_accuracy(matrix: Array) -> float:
    """Return the share of pixels that are right; NaN where no pixel counts."""
    return float(_divide(np.trace(matrix), matrix.sum()))


def accuracy_per_class(matrix: Array) -> Array:
    """Return, of each true class, the share of its pixels that are right (recall)."""
    return _divide(np.diag(matrix), matrix.sum(axis=1))


def mean_accuracy(matrix: Array) -> float:
    """Return the mean of `accuracy_per_class` over the classes that occur in the truth."""
    return _mean(accuracy_per_class(matrix))


def iou_per_class(matrix: Array) -> Array:
    """Return, for each class, TP / (TP + FP + FN)."""
    right = np.diag(matrix)
    return _divide(right, matrix.sum(axis=0) + matrix.sum(axis=1) - right)


def mean_iou(matrix: Array) -> float:
    """Return the mean of `iou_per_class` over the classes that occur at all."""
    return _mean(iou_per_class(matrix))


def frequency_weighted_iou(matrix: Array) -> float:
    """Return the mean of `iou_per_class` weighted by each class's share of the true pixels."""
    share = _divide(matrix.sum(axis=1), matrix.sum())
    ious = iou_per_class(matrix)
    # A class that does not occur has weight 0, but 0 x NaN is NaN.
    return float(np.sum(share * np.where(np.isnan(ious), 0.0, ious)))


def dice_per_class(matrix: Array) -> Array:
    """Return, for each class, 2 TP / (2 TP + FP + FN)."""
    return _divide(2 * np.diag(matrix), matrix.sum(axis=0) + matrix.sum(axis=1))


def precision_per_class(matrix: Array) -> Array:
    """Return, for each class, the share of the pixels predicted as it that are right.

    A class that the truth holds and that is nowhere predicted scores 0, not NaN: to leave it out of a mean would reward
    never predicting what is hard.
    """
    return _of_occurring(_divide(np.diag(matrix), matrix.sum(axis=0)), matrix)


def recall_per_class(matrix: Array) -> Array:
    """Return, for each class, the share of its pixels that are found; 0 for a class that is only predicted."""
    return _of_occurring(accuracy_per_class(matrix), matrix)


def f1_per_class(matrix: Array) -> Array:
    """Return, for each class, the harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN), which is Dice."""
    return dice_per_class(matrix)


def mean_precision(matrix: Array) -> float:
    """Return the mean of `precision_per_class` over the classes that occur at all."""
    return _mean(precision_per_class(matrix))


def mean_recall(matrix: Array) -> float:
    """Return the mean of `recall_per_class` over the classes that occur at all."""
    return _mean(recall_per_class(matrix))


def mean_dice(matrix: Array) -> float:
    """Return the mean of `dice_per_class`, the macro F1, over the classes that occur at all."""
    return _mean(dice_per_class(matrix))


def dice(mask: Array, truth: Array, *, ignore: int | None = None) -> float:
    """Return twice the shared foreground over the sum of both; anything but 0 is foreground.

    Parameters
    ----------
    mask, truth : (H, W) bool or whole numbers.
    ignore : a label of the truth that takes a pixel out of both.

    Examples
    --------
    >>> dice(np.array([[1, 1, 0]]), np.array([[0, 255, 0]]))
    0.6666666666666666
    """
    shared, predicted, true = _foreground(mask, truth, ignore)
    return 2 * shared / (predicted + true) if predicted + true else 1.0


def iou(mask: Array, truth: Array, *, ignore: int | None = None) -> float:
    """Return the shared foreground over the united; anything but 0 is foreground.

    Parameters
    ----------
    mask, truth : (H, W) bool or whole numbers.
    ignore : a label of the truth that takes a pixel out of both.

    Examples
    --------
    >>> iou(np.array([[1, 1, 0]]), np.array([[0, 255, 0]]))
    0.5
    """
    shared, predicted, true = _foreground(mask, truth, ignore)
    union = predicted + true - shared
    return shared / union if union else 1.0


def _foreground(mask: Array, truth: Array, ignore: int | None) -> tuple[int, int, int]:
    """Number of foreground pixels shared, in the mask, in the truth."""
    mask, truth = same_size(mask, truth)
    predicted, true = mask != 0, truth != 0
    if ignore is not None:
        counts = truth != ignore
        predicted, true = predicted & counts, true & counts
    return int(np.count_nonzero(predicted & true)), int(np.count_nonzero(predicted)), int(np.count_nonzero(true))


def _of_occurring(scores: Array, matrix: Array) -> Array:
    """Scores of classes: NaN for those that do not occur at all, 0 where only this one was undefined."""
    occurs = matrix.sum(axis=0) + matrix.sum(axis=1) > 0
    return np.where(occurs, np.nan_to_num(scores), np.nan)


def _divide(part: Array, whole: Array) -> Array:
    """Part by whole as float64; NaN where the whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    ratio: Array = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole != 0)
    return ratio


def _mean(values: Array) -> float:
    """Mean of the values that are not NaN; NaN where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
