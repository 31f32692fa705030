"""Thresholds at fixed levels, or by a rule that reads the histogram."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Gray, Param, Valid
from segcli.errors import SettingError
from segcli.numeric.foreground import flat_segmentation, segment_at
from segcli.numeric.histogram import Histogram, histogram
from segcli.numeric.level_rules import PEAK_RULES, TWO_CLASS_RULES
from segcli.segmentation import Segmentation

Rule = Literal["midpoint", "valley", "isodata", "li", "yen", "triangle", "minimum", "mean"]


def threshold(
    image: Gray,
    *,
    valid: Valid = None,
    at: tuple[float, ...] | None = None,
    rule: Rule | None = None,
    classes: Annotated[int | None, Param(min=2, max=16)] = None,
    histogram_sigma: Annotated[float, Param(min=0, max=64, unit="gray levels")] = 2.0,
    foreground: Literal["bright", "dark", "auto"] = "bright",
) -> Segmentation:
    """Cut the gray levels at given thresholds, or where a rule finds them.

    Every pixel is compared with the same few levels, given outright or read off the histogram by one of eight rules.
    Works when objects and background differ in brightness everywhere in the image. Fails under uneven light;
    each rule fails where the histogram lacks the shape that it looks for.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified. float32 is counted in 65,536 bins over its range.
    valid : (H, W) bool or None
        Pixels that count in the histogram.
    at : numbers
        Fixed thresholds in image units (150 of 255, not 0.588); two of them give three classes. Used as they are,
        even in an image of one intensity. They take the place of the rule.
    rule : name
        midpoint: half way between the highest peaks of the smoothed histogram. valley: the least populated level
        between them. isodata: half way between the means of the two classes. li: minimum cross entropy. yen: maximum
        correlation. triangle: farthest under the line from the peak to the longer tail, for one peak with a tail.
        minimum: the valley once smoothing has left two peaks. mean: the mean intensity. isodata when not given.
    classes : int
        Number of gray classes, two when not given; more than two with midpoint and valley, which need a peak for each.
    histogram_sigma : float
        Smoothing of the histogram before midpoint and valley look for peaks, in gray levels of an 8-bit image, in
        256ths of the range of intensities otherwise.
    foreground : bright, dark or auto
        The side of the threshold that is the objects, for two classes; auto weighs which side covers less, lies less
        along the picture's border and is rounder.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; a mask, or classes with 0 the darkest. A pixel equal to a threshold belongs below it.
        numbers : threshold, or threshold_1, threshold_2, ..., in image units.
        series : histogram (bins,) int64 and levels (bins,) float64.
        choices : foreground, the side taken, for two classes.

    Raises
    ------
    InputError
        The image has too few peaks for midpoint, valley or minimum, but more than one intensity.
    SettingError
        Settings that exclude each other: at with a rule or with another number of classes, more than two classes
        with a rule for two, a foreground other than bright with more than two classes.

    Notes
    -----
    With h(g) pixels of intensity g, and the two classes g <= t (dark, d) and g > t (bright, b):
        isodata   t = (mean_d(t) + mean_b(t)) / 2
        li        t = (mean_b - mean_d) / (ln mean_b - ln mean_d), repeated until it stands
        yen       t = argmax ln (w (1 - w))^2 - ln (sum_d p^2 * sum_b p^2),   p = h / sum h,  w = sum_d p
        triangle  t = argmax of the distance of (g, h(g)) below the line from the peak to the tail's end
        midpoint  t = (peak_1 + peak_2) / 2;   valley, minimum: t = argmin of h between the peaks

    References
    ----------
    C. A. Glasbey, "An analysis of histogram-based thresholding algorithms",
    CVGIP: Graphical Models and Image Processing 55(6), 532-537, 1993.

    Examples
    --------
    >>> threshold(np.array([[10, 20, 30]], np.uint8), at=(20,)).labels.tolist()
    [[0, 0, 1]]
    """
    fixed = _fixed(at, rule, classes)
    pixels = histogram(image, valid)
    if not fixed and np.count_nonzero(pixels.counts) == 1:
        return flat_segmentation(image, pixels, classes or 2)
    found = fixed or _by_rule(pixels, rule or "isodata", classes or 2, histogram_sigma)
    return segment_at(image, found, pixels, foreground=foreground, valid=valid, numbers={}, series={})


def _fixed(at: tuple[float, ...] | None, rule: Rule | None, classes: int | None) -> tuple[float, ...]:
    """Return the fixed thresholds in rising order, none where a rule decides; refuse what excludes each other."""
    if at is None:
        if rule not in PEAK_RULES and (classes or 2) > 2:
            raise SettingError(
                "classes", f"is {classes}; rule {rule or 'isodata'} makes two. Use midpoint or valley, or otsu."
            )
        return ()
    if rule is not None:
        raise SettingError("rule", f"is {rule}, but at fixes the thresholds; give one of the two.")
    if not 1 <= len(set(at)) == len(at) <= 254:
        raise SettingError("at", f"has {len(at)} values, {len(set(at))} of them different; give 1 to 254, each once.")
    if classes is not None and classes != len(at) + 1:
        raise SettingError("classes", f"is {classes}, but {len(at)} thresholds make {len(at) + 1}.")
    return tuple(sorted(at))


def _by_rule(pixels: Histogram, rule: Rule, classes: int, sigma: float) -> tuple[float, ...]:
    """Return the thresholds that a rule finds."""
    if rule in PEAK_RULES:
        return PEAK_RULES[rule](pixels, classes, sigma)
    return (TWO_CLASS_RULES[rule](pixels),)
