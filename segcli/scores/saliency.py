"""Scores of saliency maps against a mask of the object, or against a map of where people looked.

Maps that are compared with maps may have any unit; both are normalized as each score says. A flat map says nothing:
predicted, it scores 0 (KL excepted); as truth, NaN. Against single fixations: `fixations`.
"""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
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


def best_f_measure(saliency: Array, truth: Array, weight: float = 0.3) -> float:
    """Return the greatest `f_measure` of a map over the 256 thresholds; NaN where the truth has no object.

    Examples
    --------
    >>> best_f_measure(np.array([[0.2, 0.9, 0.8]]), np.array([[0, 1, 1]]))
    1.0
    """
    return float(f_measure(*precision_recall(saliency, truth), weight).max())


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


def similarity(saliency: Array, truth: Array) -> float:
    """SIM: sum of the lesser of two maps, each stretched to 0 to 1 and then made to sum to 1; 1 for equal maps.

    Without the stretch, as in some implementations, a map that is nowhere 0 scores too well.

    Parameters
    ----------
    saliency, truth : (H, W) numbers.

    Raises
    ------
    InputError : sizes differ.

    References
    ----------
    Z. Bylinskii, T. Judd, A. Oliva, A. Torralba, F. Durand, "What do different evaluation metrics tell us about
    saliency models?", IEEE Trans. Pattern Analysis and Machine Intelligence 41(3), 740-757, 2019.

    Examples
    --------
    >>> similarity(np.array([[1, 2, 3]]), np.array([[10, 20, 30]]))
    1.0
    """
    saliency, truth = (_stretched(values) for values in _maps(saliency, truth))
    if not truth.any():
        return float("nan")
    return float(np.minimum(saliency / max(saliency.sum(), 1e-300), truth / truth.sum()).sum())


def correlation(saliency: Array, truth: Array) -> float:
    """CC: Pearson's correlation of two maps, -1 to 1.

    References
    ----------
    Z. Bylinskii et al., IEEE Trans. Pattern Analysis and Machine Intelligence 41(3), 740-757, 2019.

    Examples
    --------
    >>> round(correlation(np.array([[1, 2, 4]]), np.array([[-1, -2, -4]])), 12)
    -1.0
    """
    saliency, truth = _maps(saliency, truth)
    if np.ptp(truth) == 0:
        return float("nan")
    if np.ptp(saliency) == 0:
        return 0.0
    own, other = saliency - saliency.mean(), truth - truth.mean()
    return float((own * other).sum() / np.sqrt((own**2).sum() * (other**2).sum()))


def kl_divergence(saliency: Array, truth: Array) -> float:
    """KL: nats that the predicted map, as a distribution, lacks about the true one; 0 for equal maps, lower is better.

    Both maps are made to sum to 1, without a stretch before. A pixel where the truth is and the prediction is 0 costs
    much but not infinitely: machine epsilon is added to the divisor and below the logarithm.

    Parameters
    ----------
    saliency, truth : (H, W) numbers, not negative.

    Raises
    ------
    InputError : sizes differ, or a map is negative somewhere.

    References
    ----------
    Z. Bylinskii et al., IEEE Trans. Pattern Analysis and Machine Intelligence 41(3), 740-757, 2019.

    Examples
    --------
    >>> round(kl_divergence(np.array([[1, 1, 1, 1]]), np.array([[1, 1, 0, 0]])), 12) == round(float(np.log(2)), 12)
    True
    """
    saliency, truth = _maps(saliency, truth)
    for name, values in (("saliency map", saliency), ("true map", truth)):
        if values.min(initial=0) < 0:
            raise InputError(f"the {name} holds {values.min():g}; as a distribution it must not be negative.")
    if not truth.any():
        return float("nan")
    tiny = np.finfo(np.float64).eps
    saliency, truth = saliency / max(saliency.sum(), 1e-300), truth / truth.sum()
    return float((truth * np.log(tiny + truth / (saliency + tiny))).sum())


def _maps(saliency: Array, truth: Array) -> tuple[Array, Array]:
    """Both maps as float64, of one size."""
    saliency, truth = same_size(saliency, truth)
    return saliency.astype(np.float64), truth.astype(np.float64)


def _stretched(values: Array) -> Array:
    """Values from 0 to 1; a flat map becomes 0."""
    least, width = values.min(), np.ptp(values)
    return (values - least) / width if width > 0 else np.zeros_like(values)
