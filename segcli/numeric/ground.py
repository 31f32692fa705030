"""Finds the foreground that a method then takes apart: a given mask, a picture that is a mask, or Otsu's side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from segcli.arrays import Array, Gray, Mask
from segcli.numeric.foreground import cut
from segcli.numeric.histogram import Histogram, histogram, otsu_threshold


@dataclass(frozen=True, eq=False)
class Ground:
    """Where the objects are, and how that came about.

    Attributes
    ----------
    mask : (H, W) bool or uint8, not 0 on the objects.
    choices : foreground, the side of the objects; mask, where the picture itself was taken.
    numbers : threshold in image units, where one was taken.
    notes : warnings to show.
    """

    mask: Array
    choices: dict[str, str]
    numbers: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def given_ground(image: Gray, mask: Mask, foreground: Literal["bright", "dark", "auto"]) -> Ground:
    """Take a mask; auto calls it bright where its mean intensity is at least the picture's.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
    mask : (H, W) bool
    foreground : bright, dark or auto
    """
    if foreground == "auto":
        inside = np.sum(image, where=mask, dtype=np.float64)
        foreground = "bright" if inside >= image.mean(dtype=np.float64) * np.count_nonzero(mask) else "dark"
    return Ground(mask, {"foreground": foreground})


def otsu_ground(
    image: Gray,
    valid: Array | None = None,
    foreground: Literal["bright", "dark", "auto"] = "auto",
    correction: float = 1.0,
) -> Ground:
    """Cut the image at Otsu's threshold; a picture with two gray levels is a mask, a flat one has no foreground.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
    valid : (H, W) bool or None
        Pixels that count in the threshold and in the choice of the side.
    foreground : bright, dark or auto
        The side of the threshold that is the objects; auto asks `choose_side`, but of two gray levels takes the larger.
    correction : float
        The threshold is moved to this share of the way from the background's median to it.

    Examples
    --------
    >>> otsu_ground(np.array([[0, 255, 255]], np.uint8)).choices
    {'foreground': 'bright', 'mask': 'given picture'}
    """
    pixels = histogram(image, valid)
    levels = int(np.count_nonzero(pixels.counts))
    threshold = otsu_threshold(pixels)
    if levels == 1:
        note = f"every pixel is {threshold:g}; there is nothing to separate"
        return Ground(np.zeros(image.shape, bool), {}, {"threshold": threshold}, (note,))
    if levels == 2:
        mask, side = cut(image, threshold, "dark" if foreground == "dark" else "bright")
        return Ground(mask, {"foreground": side, "mask": "given picture"}, {"threshold": threshold})
    mask, side = cut(image, threshold, foreground, valid)
    if correction != 1:
        threshold = _corrected(pixels, threshold, side, correction)
        mask, _ = cut(image, threshold, side)
    return Ground(mask, {"foreground": side}, {"threshold": threshold})


def _corrected(pixels: Histogram, threshold: float, side: str, correction: float) -> float:
    """Move a threshold along the way from the background's median."""
    below = pixels.levels <= threshold
    background = pixels.counts * (below if side == "bright" else ~below)
    median = pixels.levels[np.searchsorted(np.cumsum(background), background.sum() / 2)]
    return float(median + correction * (threshold - median))
