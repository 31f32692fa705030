"""Otsu's threshold, for two classes and for more."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Gray, Param, Valid
from segcli.errors import InputError
from segcli.numeric.foreground import flat_segmentation, segment_at
from segcli.numeric.histogram import Histogram, between_class_variance, histogram, otsu_threshold
from segcli.numeric.multilevel import multilevel_thresholds
from segcli.segmentation import Segmentation


def otsu(
    image: Gray,
    *,
    valid: Valid = None,
    classes: Annotated[int, Param(min=2, max=16)] = 2,
    foreground: Literal["bright", "dark", "auto"] = "bright",
) -> Segmentation:
    """Cut the gray levels where the class means lie furthest apart.

    All cuts of the histogram are compared by the variance between the classes that they make; the largest wins. Exact
    for any number of classes. Works when the histogram has humps of similar size. Fails under uneven light and when
    one class is a few percent of the image.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified. float32 is counted in 65,536 bins over its range.
    valid : (H, W) bool or None
        Pixels that count.
    classes : int
        Number of gray classes; 2 gives a mask.
    foreground : bright, dark or auto
        The side of the threshold that is the objects, for two classes; auto weighs which side covers less, lies less
        along the picture's border and is rounder.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; a mask, or classes with 0 the darkest. A pixel equal to a threshold belongs below it;
        of equally good cuts the lowest is taken.
        numbers : threshold, or threshold_1, threshold_2, ..., in image units; objective, the variance between the
        classes, in image units squared.
        series : histogram (bins,) int64, levels (bins,) float64, and for two classes between_class_variance (bins,),
        its value for a cut above each level.
        choices : foreground, the side taken, for two classes.

    Raises
    ------
    InputError
        The image has fewer gray levels than classes, but more than one.
    SettingError
        A foreground other than bright is asked for with more than two classes.

    Notes
    -----
    With shares w0, w1 and means m0, m1 of the pixels up to t and above it, and the mean m of all:
        variance between(t) = w0 (m0 - m)^2 + w1 (m1 - m)^2 = w0 w1 (m1 - m0)^2      (equation 14)
        t* = argmax over t of variance between(t)
    The variance of all pixels is that between the classes plus that within them, so t* also makes the classes most
    even. With more classes the sum of w_k (m_k - m)^2 is maximized over all cuts at once, by dynamic programming.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms",
    IEEE Trans. Systems, Man, and Cybernetics 9(1), 62-66, 1979.

    Examples
    --------
    >>> halves = np.repeat(np.array([[50, 200]], np.uint8), 2, axis=0)
    >>> otsu(halves).labels.tolist()
    [[0, 1], [0, 1]]
    """
    pixels = histogram(image, valid)
    found = int(np.count_nonzero(pixels.counts))
    if found == 1:
        return flat_segmentation(image, pixels, classes)
    if found < classes:
        raise InputError(
            f"the image has {found} gray levels; {classes} classes need as many. Ask for {found} or fewer."
        )
    if classes == 2:
        curve = between_class_variance(pixels)
        thresholds: tuple[float, ...] = (otsu_threshold(pixels, curve),)
        series, objective = {"between_class_variance": curve}, float(curve.max())
    else:
        thresholds, series = multilevel_thresholds(pixels, classes), {}
        objective = _objective(pixels, thresholds)
    return segment_at(
        image,
        thresholds,
        pixels,
        foreground=foreground,
        valid=valid,
        numbers={"objective": objective},
        series=series,
    )


def _objective(pixels: Histogram, thresholds: tuple[float, ...]) -> float:
    """Return the variance between the classes, Otsu's equation (27)."""
    occurring = pixels.occupied()
    starts = np.append(0, np.searchsorted(occurring.levels, thresholds, side="right"))
    counts = np.add.reduceat(occurring.counts, starts)
    offsets = occurring.levels - occurring.counts @ occurring.levels / pixels.total
    sums = np.add.reduceat(occurring.counts * offsets, starts)
    return float(np.sum(sums**2 / counts) / pixels.total)
