"""Scores of partitions: how well regions agree with those that people drew, whatever their numbers.

Each compares two label pictures; against several annotators, the score of a picture is the mean over them.
Every label counts as a region, 0 too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.scores.pairs import TABLE_LIMIT, label_pair, same_size


def overlaps(prediction: Array, truth: Array) -> NDArray[np.int64]:
    """Count the pixels that each pair of a predicted and a true region shares.

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers from 0.

    Returns
    -------
    (predicted regions, true regions) int64, without empty rows and columns.

    Raises
    ------
    InputError : sizes differ.
    """
    prediction, truth = label_pair(prediction, truth, None)
    (rows, height), (columns, width) = (_without_gaps(labels) for labels in (prediction, truth))
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


def _without_gaps(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Labels numbered from 0 in the same order, and how many there are."""
    if labels.max(initial=0) >= TABLE_LIMIT:
        distinct, numbers = np.unique(labels, return_inverse=True)
        return numbers, len(distinct)
    present = np.bincount(labels) > 0
    return (np.cumsum(present) - 1)[labels], int(np.count_nonzero(present))


def covering(prediction: Array, truth: Array) -> float:
    """Mean over pixels of the best IoU that any predicted region has with the pixel's true region; 0 to 1.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes, J. Malik, "Contour detection and hierarchical image segmentation", IEEE Trans.
    Pattern Analysis and Machine Intelligence 33(5), 898-916, 2011, section 2.3.

    Examples
    --------
    >>> covering(np.array([[1, 1, 1, 2]]), np.array([[1, 1, 2, 2]])) == (2 * (2 / 3) + 2 * (1 / 2)) / 4
    True
    """
    shared = overlaps(prediction, truth)
    predicted, true = shared.sum(axis=1, keepdims=True), shared.sum(axis=0)
    best = (shared / (predicted + true - shared)).max(axis=0)
    return float(best @ true / true.sum())


def rand_index(prediction: Array, truth: Array) -> float:
    """Share of pairs of pixels that both put together or both keep apart; its mean over annotators is the PRI.

    References
    ----------
    R. Unnikrishnan, C. Pantofaru, M. Hebert, "Toward objective evaluation of image segmentation algorithms", IEEE
    Trans. Pattern Analysis and Machine Intelligence 29(6), 929-944, 2007.

    Examples
    --------
    >>> rand_index(np.array([[1, 1, 2]]), np.array([[1, 1, 1]])) == 1 / 3
    True
    """
    shared = overlaps(prediction, truth).astype(np.float64)
    count = shared.sum()
    together, predicted, true = ((sums**2).sum() for sums in (shared, shared.sum(axis=1), shared.sum(axis=0)))
    pairs = count * (count - 1)
    return float((pairs + 2 * together - predicted - true) / pairs) if pairs else 1.0


def probabilistic_rand_index(prediction: Array, truths: Sequence[Array]) -> float:
    """Mean over annotators of `rand_index`: pairs of pixels weighed by how many of them agree; NaN without any.

    References
    ----------
    R. Unnikrishnan, C. Pantofaru, M. Hebert, "Toward objective evaluation of image segmentation algorithms", IEEE
    Trans. Pattern Analysis and Machine Intelligence 29(6), 929-944, 2007.

    Examples
    --------
    >>> probabilistic_rand_index(np.array([[1, 1]]), [np.array([[1, 1]]), np.array([[1, 2]])])
    0.5
    """
    return float(np.mean([rand_index(prediction, truth) for truth in truths])) if len(truths) else float("nan")


def variation_of_information(prediction: Array, truth: Array) -> float:
    """Information, in bits, that each partition lacks about the other; 0 for equal ones.

    References
    ----------
    M. Meila, "Comparing clusterings: an axiomatic view", ICML, 577-584, 2005.

    Examples
    --------
    >>> variation_of_information(np.array([[1, 1, 2, 2]]), np.array([[1, 1, 1, 1]]))
    1.0
    """
    shared = overlaps(prediction, truth) / np.size(prediction)
    joint, predicted, true = (_entropy(part) for part in (shared, shared.sum(axis=1), shared.sum(axis=0)))
    return 2 * joint - predicted - true


def _entropy(shares: Array) -> float:
    """Entropy in bits."""
    present = shares[shares > 0]
    return float(-(present * np.log2(present)).sum())


def adapted_rand_error(prediction: Array, truth: Array) -> float:
    """One minus the F-score of pairs of pixels put together; true label 0 does not count.

    References
    ----------
    I. Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for connectomics",
    Frontiers in Neuroanatomy 9, 142, 2015.

    Examples
    --------
    >>> adapted_rand_error(np.array([[1, 1, 2, 2]]), np.array([[1, 1, 1, 1]]))
    0.5
    """
    kept, apart, true = _foreground_overlaps(prediction, truth)
    # Pairs of a pixel with itself do not count.
    together = (kept**2).sum() + apart - true.sum()
    predicted = (kept.sum(axis=1) ** 2).sum() + apart - true.sum()
    whole = (true**2).sum() - true.sum()
    precision = together / predicted if predicted > 0 else 1.0
    recall = together / whole if whole > 0 else 1.0
    return float(1 - 2 * precision * recall / (precision + recall)) if precision + recall > 0 else 1.0


def foreground_rand_score(prediction: Array, truth: Array) -> float:
    """V-Rand of the ISBI 2012 challenge: F-score of pairs of pixels put together; true label 0 does not count.

    Almost 1 - `adapted_rand_error`; here the pairs of a pixel with itself count, as in the paper's equations. Half of
    the weight is on splits, half on mergers.

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers
        A region's number, 0 on borders. Predicted border pixels are regions of their own.

    Raises
    ------
    InputError : sizes differ.

    References
    ----------
    I. Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for connectomics",
    Frontiers in Neuroanatomy 9, 142, 2015.

    Examples
    --------
    >>> foreground_rand_score(np.array([[1, 1, 2, 2]]), np.array([[1, 1, 1, 1]])) == 2 * 8 / (8 + 16)
    True
    """
    kept, apart, true = _foreground_overlaps(prediction, truth)
    if not true.size:
        return 1.0
    together, predicted = ((sums**2).sum() + apart for sums in (kept, kept.sum(axis=1)))
    return float(2 * together / (predicted + (true**2).sum()))


def foreground_information_score(prediction: Array, truth: Array) -> float:
    """V-Info of the ISBI 2012 challenge: information shared, over the mean of both entropies; true 0 does not count.

    Parameters
    ----------
    prediction, truth : as for `foreground_rand_score`.

    References
    ----------
    I. Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for connectomics",
    Frontiers in Neuroanatomy 9, 142, 2015.

    Examples
    --------
    >>> foreground_information_score(np.array([[1, 1, 2, 2]]), np.array([[1, 2, 3, 4]])) == 2 * 1 / (1 + 2)
    True
    """
    kept, apart, true = _foreground_overlaps(prediction, truth)
    count = true.sum()
    if not count:
        return 1.0
    joint, predicted, whole = (_entropy(sums / count) for sums in (kept, kept.sum(axis=1), true))
    # Regions of one pixel have the same part in the joint entropy as in their own: it leaves the difference.
    entropies = predicted + apart / count * np.log2(count) + whole
    return float(2 * (predicted + whole - joint) / entropies) if entropies else 1.0


def _foreground_overlaps(prediction: Array, truth: Array) -> tuple[Array, float, Array]:
    """Where the truth is not 0: overlaps of regions, pixels predicted 0 (each a region of its own), true sizes."""
    prediction, truth = same_size(prediction, truth)
    counted = truth != 0
    if not counted.any():
        return np.zeros((0, 0)), 0.0, np.zeros(0)
    shared = overlaps(prediction[counted], truth[counted]).astype(np.float64)
    zero = prediction[counted].min() == 0
    return shared[1:] if zero else shared, float(shared[0].sum()) if zero else 0.0, shared.sum(axis=0)


def region_borders(labels: Array) -> NDArray[np.bool_]:
    """Pixels whose right or lower neighbor has another label."""
    labels = np.asarray(labels)
    borders = np.zeros(labels.shape, bool)
    borders[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    borders[:-1] |= labels[:-1] != labels[1:]
    return borders


def boundary_recall(prediction: Array, truth: Array, tolerance: int = 2) -> float:
    """Share of the true borders with a predicted border within a square of tolerance pixels; 1 where there are none.

    References
    ----------
    P. Neubert, P. Protzel, "Superpixel benchmark and comparison", Forum Bildverarbeitung, 2012.

    Examples
    --------
    >>> boundary_recall(np.array([[1, 1, 1, 1, 2, 2]]), np.array([[1, 1, 2, 2, 2, 3]]), tolerance=1)
    0.5
    """
    from segcli.opencv import cv2

    same_size(prediction, truth)
    wanted = region_borders(truth)
    if not wanted.any():
        return 1.0
    window = np.ones((2 * tolerance + 1, 2 * tolerance + 1), np.uint8)
    near = cv2.dilate(region_borders(prediction).astype(np.uint8), window) > 0
    return float(np.count_nonzero(near & wanted) / np.count_nonzero(wanted))


def undersegmentation_error(prediction: Array, truth: Array) -> float:
    """Share of pixels that superpixels spill over the borders of true regions, the smaller side of each counted.

    References
    ----------
    P. Neubert, P. Protzel, "Superpixel benchmark and comparison", Forum Bildverarbeitung, 2012, equation 6.

    Examples
    --------
    >>> undersegmentation_error(np.array([[1, 1, 1, 2]]), np.array([[1, 1, 2, 2]]))
    0.5
    """
    shared = overlaps(prediction, truth)
    spilled = np.minimum(shared, shared.sum(axis=1, keepdims=True) - shared)
    return float(spilled.sum() / shared.sum())
