"""Scores of saliency maps: how well a map, at some threshold, is the mask of the object."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array
from segcli.scores.pairs import same_size

LEVELS = 256


def precision_recall(saliency: Array, truth: Array) -> tuple[Array, Array]:
    """Precision and recall of a map at each of 256 thresholds.

    Parameters
    ----------
    saliency : (H, W) float, 0 to 1; rounded to 256 levels.
    truth : (H, W) bool or whole numbers, not 0 on the object.

    Returns
    -------
    precision, recall : (256,) float64
        Of the pixels at level 0 and above, at level 1 and above, and so on. Precision is 0 where no pixel is left;
        recall is NaN where the truth has no object.

    Raises
    ------
    InputError : sizes differ.

    References
    ----------
    R. Achanta et al., "Frequency-tuned salient region detection", IEEE CVPR, 1597-1604, 2009.

    Examples
    --------
    >>> precision, recall = precision_recall(np.array([[0.0, 1.0]]), np.array([[0, 1]]))
    >>> precision[[0, 255]].tolist(), recall[[0, 255]].tolist()
    ([0.5, 1.0], [1.0, 1.0])
    """
    same_size(saliency, truth)
    levels = np.rint(np.clip(saliency, 0, 1) * (LEVELS - 1)).astype(np.int64)
    truth = np.asarray(truth) != 0
    hits, misses = (
        np.bincount(levels[side], minlength=LEVELS)[::-1].cumsum()[::-1].astype(np.float64) for side in (truth, ~truth)
    )
    with np.errstate(invalid="ignore"):
        return hits / np.maximum(hits + misses, 1), hits / hits[0]


def f_measure(precision: Array, recall: Array, weight: float = 0.3) -> Array:
    """F-measure (1 + b) P R / (b P + R), where b = 0.3 makes precision count more, as Achanta et al. (2009) do."""
    return np.asarray((1 + weight) * precision * recall / np.maximum(weight * precision + recall, 1e-12))


def mean_absolute_error(saliency: Array, truth: Array) -> float:
    """Mean difference between a map from 0 to 1 and a mask.

    Raises
    ------
    InputError : sizes differ.

    References
    ----------
    F. Perazzi et al., "Saliency filters: contrast based filtering for salient region detection", IEEE CVPR, 2012.

    Examples
    --------
    >>> mean_absolute_error(np.array([[0.25, 1.0]]), np.array([[0, 1]]))
    0.125
    """
    same_size(saliency, truth)
    return float(np.abs(np.asarray(saliency, np.float64) - (np.asarray(truth) != 0)).mean())
