"""What each label costs at each pixel, from a label image, from scores, or from odds: negative log probabilities."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array, Labels, Scores
from segcli.errors import InputError
from segcli.segmentation import VOID

LEAST = 1e-5
"""Lower probabilities count as this one, so that no label is impossible."""


def unary_from_labels(labels: Labels, certainty: float, valid: Array | None = None) -> Scores:
    """Energies of classes 0..K-1 where the label image is right with a given probability; (K, H, W) float32.

    Parameters
    ----------
    labels : (H, W) int32
        Classes from 0 up, at least two of them; 255 is open: all classes are equally likely there. An image of 0 and
        255 alone is a mask: 255 is class 1.
    certainty : float
        Probability of the given class; the others share the rest.
    valid : (H, W) bool or None
        Pixels whose labels count.

    Raises
    ------
    InputError
        Labels that are no classes, or none at all.

    Examples
    --------
    >>> np.exp(-unary_from_labels(np.array([[0, 1, 255]], np.int32), 0.75))[:, 0].round(3).tolist()
    [[0.75, 0.25, 0.5], [0.25, 0.75, 0.5]]
    """
    counted = labels if valid is None else labels[valid]
    if counted.min() < 0 or counted.max() > VOID:
        wrong = int(counted[(counted < 0) | (counted > VOID)][0])
        raise InputError(f"labels hold the value {wrong}; they take classes from 0 to {VOID - 1}, and {VOID} for open.")
    present = np.flatnonzero(np.bincount(counted.reshape(-1), minlength=VOID + 1))
    if present.tolist() == [0, VOID]:
        labels, present = np.where(labels == VOID, 1, labels), np.array([0, 1])
    if present.tolist() == [VOID]:
        raise InputError(f"labels are {VOID} (open) everywhere; mark some pixels with a class, from 0 up.")
    classes = max(int(present[present < VOID].max()) + 1, 2)
    planes = np.arange(classes)[:, None, None]
    known = np.where(planes == labels, -np.log(certainty), -np.log((1 - certainty) / (classes - 1)))
    return np.asarray(np.where((labels < 0) | (labels >= classes), np.log(classes), known), np.float32)


def unary_from_scores(scores: Scores, valid: Array | None = None) -> Scores:
    """Energies from (K, H, W) scores: probabilities up to a factor if none is below 0, else logits.

    Raises
    ------
    InputError
        One plane alone, or scores that are not finite.

    Examples
    --------
    >>> np.exp(-unary_from_scores(np.float32([[[6]], [[2]]]))).round(3).tolist()
    [[[0.75]], [[0.25]]]
    """
    if len(scores) < 2:
        raise InputError("scores hold one plane; they need one for each class, the background's first.")
    counted = scores if valid is None else scores[:, valid]
    if not np.isfinite(counted).all():
        raise InputError("scores hold NaN or infinite values; they must be probabilities or logits of every class.")
    if valid is not None:
        scores = np.where(valid, scores, np.float32(0))
    shares = np.exp(scores - scores.max(axis=0)) if counted.min() < 0 else scores
    totals = shares.sum(axis=0)
    # Where no class has any probability, all have the same.
    shares = np.where(totals > 0, shares / np.where(totals > 0, totals, 1), np.float32(1 / len(shares)))
    return np.asarray(-np.log(np.maximum(shares, np.float32(LEAST))), np.float32)


def unary_from_odds(odds: Array) -> Scores:
    """Energies of background and object from (H, W) log odds of the object; (2, H, W) float32."""
    return np.stack([np.logaddexp(0, odds), np.logaddexp(0, -odds)]).astype(np.float32)
