"""Weights of classes from how often they occur."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError


def median_frequency_weights(counts: Array) -> NDArray[np.float64]:
    """Weigh each class by the median frequency over its own.

    The frequency of a class is its pixels over all pixels of the pictures *in which it occurs* (not of all pictures:
    that punishes classes for being absent, and is the usual mistake). Rare classes weigh more than 1, the class of
    median frequency 1. Classes that never occur are left out of the median and weigh 1.

    Parameters
    ----------
    counts : (pictures, classes) whole numbers
        Pixels of each class in each picture; void pixels are in none.

    Returns
    -------
    (classes,) float64

    Raises
    ------
    InputError : the counts are not a table.

    References
    ----------
    D. Eigen, R. Fergus, "Predicting depth, surface normals and semantic labels with a common multi-scale
    convolutional architecture", ICCV, 2015; used by V. Badrinarayanan, A. Kendall, R. Cipolla, "SegNet", IEEE
    Trans. Pattern Analysis and Machine Intelligence 39(12), 2017.

    Examples
    --------
    >>> median_frequency_weights([[60, 40, 0], [80, 0, 20]]).round(4).tolist()
    [0.5714, 1.0, 2.0]
    """
    table = np.asarray(counts, np.float64)
    if table.ndim != 2:
        raise InputError(f"counts have {table.ndim} dimensions; they must be (pictures, classes).")
    pixels = table.sum(axis=0)
    seen = ((table > 0) * table.sum(axis=1, keepdims=True)).sum(axis=0)
    occurs = pixels > 0
    weights = np.ones(table.shape[1])
    if occurs.any():
        frequency = pixels[occurs] / seen[occurs]
        weights[occurs] = np.median(frequency) / frequency
    return weights
