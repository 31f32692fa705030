"""Scores of saliency maps against fixations: the pixels at which people looked.

As the MIT saliency benchmark computes them. A pixel looked at twice counts once. Without fixations a score is NaN; a
flat map, which the benchmark cannot score, gets what guessing gets: NSS 0, every AUC .5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import SettingError
from segcli.scores.pairs import same_size

JITTER = 1e-7
"""Height of the noise that breaks ties; it is added to the map in its own unit."""


def normalized_scanpath_saliency(saliency: Array, fixations: Array) -> float:
    """NSS: mean at the fixations of the map, in standard deviations (of the sample, over n - 1) above its mean.

    Parameters
    ----------
    saliency : (H, W) numbers.
    fixations : (H, W) bool or whole numbers, not 0 where someone looked.

    Raises
    ------
    InputError : sizes differ.

    References
    ----------
    R. J. Peters, A. Iyer, L. Itti, C. Koch, "Components of bottom-up gaze allocation in natural images", Vision
    Research 45(18), 2397-2416, 2005.

    Examples
    --------
    >>> round(normalized_scanpath_saliency(np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0, 1], [0, 1]])), 6)
    0.387298
    """
    saliency, looked = _map_and_fixations(saliency, fixations)
    if not looked.any():
        return float("nan")
    if np.ptp(saliency) == 0:
        return 0.0
    return float((saliency[looked].mean() - saliency.mean()) / saliency.std(ddof=1))


def auc_judd(saliency: Array, fixations: Array, *, jitter: bool = True, seed: int = 0) -> float:
    """AUC-Judd: area under the curve of hits over false alarms, all pixels without a fixation being negatives.

    Thresholds are the map's values at the fixations, and the corners of the curve are joined by straight lines; between
    two thresholds the area is therefore not that of the exact, rank-based AUC (.9375 and .875 for six pixels .9, .7,
    .5, .4, .2, .1 with fixations at .9 and .5).

    Parameters
    ----------
    saliency : (H, W) numbers; its unit does not matter but for the jitter.
    fixations : (H, W) bool or whole numbers, not 0 where someone looked.
    jitter : add noise of at most 1e-7 first, as the benchmark does, so that no two pixels are equal.
    seed : of the noise.

    Raises
    ------
    InputError : sizes differ.

    References
    ----------
    T. Judd, K. Ehinger, F. Durand, A. Torralba, "Learning to predict where humans look", IEEE ICCV, 2106-2113, 2009.

    Examples
    --------
    >>> pixels = np.array([[0.9, 0.7, 0.5, 0.4, 0.2, 0.1]])
    >>> auc_judd(pixels, np.array([[1, 0, 1, 0, 0, 0]]), jitter=False)
    0.9375
    """
    saliency, looked = _map_and_fixations(saliency, fixations)
    count, others = np.count_nonzero(looked), np.count_nonzero(~looked)
    if not count or not others:
        return float("nan")
    if np.ptp(saliency) == 0:
        return 0.5
    if jitter:
        saliency = saliency + np.random.default_rng(seed).random(saliency.shape) * JITTER
    thresholds = np.sort(saliency[looked])[::-1]
    above = saliency.size - np.searchsorted(np.sort(saliency, axis=None), thresholds)
    hits = np.arange(1, count + 1)
    return float(_area(hits[:, None] / count, (above - hits)[:, None] / others)[0])


def auc_borji(saliency: Array, fixations: Array, *, splits: int = 100, step: float = 0.1, seed: int = 0) -> float:
    """AUC-Borji: area under the curve of hits over false alarms, negatives being pixels drawn from the whole picture.

    Parameters
    ----------
    saliency : (H, W) numbers, stretched to 0 to 1 first.
    fixations : (H, W) bool or whole numbers, not 0 where someone looked.
    splits : times that as many pixels as there are fixations are drawn, with replacement; the score is the mean.
    step : between thresholds from 0 upwards.
    seed : of the draws.

    Raises
    ------
    InputError : sizes differ.
    SettingError : splits is below 1, or step not above 0.

    References
    ----------
    A. Borji, D. N. Sihite, L. Itti, "Quantitative analysis of human-model agreement in visual saliency modeling: a
    comparative study", IEEE Trans. Image Processing 22(1), 55-69, 2013.

    Examples
    --------
    >>> auc_borji(np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([[1, 0, 0, 0]])) > 0.8
    True
    """
    saliency, looked = _map_and_fixations(saliency, fixations)
    count = np.count_nonzero(looked)
    drawn = np.random.default_rng(seed).integers(saliency.size, size=(count, max(splits, 0)))
    return _stepped_auc(saliency, looked, drawn, step)


def auc_shuffled(
    saliency: Array, fixations: Array, others: Array, *, splits: int = 100, step: float = 0.1, seed: int = 0
) -> float:
    """Shuffled AUC: as `auc_borji`, but with negatives from where people looked in other pictures.

    People look at the middle of most pictures, and so a blob in the middle scores well by the other two; here it does
    not.

    Parameters
    ----------
    saliency, fixations, splits, step, seed : as for `auc_borji`.
    others : (H, W) bool or whole numbers
        Not 0 at the fixations of other pictures (ten of them, say). As many as there are fixations are drawn without
        replacement, or all of them if they are fewer.

    Raises
    ------
    InputError : sizes differ.
    SettingError : splits is below 1, or step not above 0.

    References
    ----------
    L. Zhang, M. H. Tong, T. K. Marks, H. Shan, G. W. Cottrell, "SUN: a Bayesian framework for saliency using natural
    statistics", Journal of Vision 8(7), 32, 2008.

    Examples
    --------
    >>> auc_shuffled(np.array([[1.0, 0.0, 0.2]]), np.array([[1, 0, 0]]), np.array([[0, 1, 1]]))
    1.0
    """
    saliency, looked = _map_and_fixations(saliency, fixations)
    places = np.flatnonzero(same_size(others, saliency)[0])
    count = min(int(np.count_nonzero(looked)), len(places))
    generator = np.random.default_rng(seed)
    drawn = np.empty((count, max(splits, 0)), np.int64)
    for split in range(splits):
        drawn[:, split] = generator.choice(places, count, replace=False)
    return _stepped_auc(saliency, looked, drawn, step)


def _stepped_auc(saliency: Array, looked: NDArray[np.bool_], drawn: NDArray[np.int64], step: float) -> float:
    """Mean area over the columns of drawn pixels, with thresholds at steps of the stretched map."""
    if drawn.shape[1] < 1:
        raise SettingError("splits", f"is {drawn.shape[1]}; at least 1 draw is needed.")
    if not 0 < step <= 1:
        raise SettingError("step", f"is {step:g}; it must be above 0, at most 1.")
    if not len(drawn):
        return float("nan")
    width = np.ptp(saliency)
    if width == 0:
        return 0.5
    saliency = ((saliency - saliency.min()) / width).ravel()
    positives, negatives = saliency[looked.ravel()], saliency[drawn]
    # Thresholds above all values of a draw add nothing to its area, so that all draws can have the same ones.
    thresholds = np.arange(int(1 / step + 1e-9), -1, -1) * step
    hits = np.array([(positives >= threshold).mean() for threshold in thresholds])
    alarms = np.array([(negatives >= threshold).mean(axis=0) for threshold in thresholds])
    return float(_area(np.broadcast_to(hits[:, None], alarms.shape), alarms).mean())


def _area(hits: Array, alarms: Array) -> Array:
    """Area under each column of points, from (0, 0) to (1, 1), by trapezoids."""
    hits, alarms = (np.pad(side, ((1, 1), (0, 0)), constant_values=((0, 1), (0, 0))) for side in (hits, alarms))
    return np.asarray((np.diff(alarms, axis=0) * (hits[1:] + hits[:-1]) / 2).sum(axis=0))


def _map_and_fixations(saliency: Array, fixations: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The map as float64 and where someone looked, of one size."""
    saliency, fixations = same_size(saliency, fixations)
    return saliency.astype(np.float64), fixations != 0
