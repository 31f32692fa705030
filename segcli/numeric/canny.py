"""Canny's edges: the greatest slopes along their direction, with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Gray
from segcli.numeric.edges import check_order
from segcli.numeric.histogram import histogram, otsu_threshold
from segcli.numeric.outside import extended, placed, window_of

REACH = 4.0
"""Where the Gaussian is cut off, in standard deviations."""

EVEN = 1e-6
"""Slopes below this share of the intensities are rounding."""

WEAKER = 0.5
"""Share of the higher level that the lower one is."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges, the steepness they come from in image units a pixel, and both levels of it."""

    mask: NDArray[np.bool_]
    steepness: NDArray[np.float32]
    low: float
    high: float


def canny_edges(
    image: Gray, valid: Array | None, sigma: float, low: float | Literal["auto"], high: float | Literal["auto"]
) -> Edges:
    """Find the edges of a gray picture.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
    valid : (H, W) bool or None
        No edge lies along pixels that are left out.
    sigma : Gaussian blur before, in pixels; 0 is none.
    low, high : levels of the steepness; auto: high is Otsu's threshold of the steepness, low half of high.

    Raises
    ------
    SettingError : low above high.

    References
    ----------
    J. Canny, "A computational approach to edge detection",
    IEEE Trans. Pattern Analysis and Machine Intelligence 8(6), 679-698, 1986.
    """
    from segcli.numeric import _edge_kernels as kernels

    window = window_of(valid, image.shape)
    part, counted = image[window], None if valid is None else valid[window]
    blurred = _blurred(extended(part, counted), sigma)
    steepness, crest = np.empty(blurred.shape, np.float32), np.zeros(blurred.shape, np.uint8)
    if "auto" in (low, high):
        kernels.crests(blurred, np.inf, np.inf, steepness, crest)
    weak, strong = _levels(steepness, counted, low, high)
    least = EVEN * max(float(blurred.max()), -float(blurred.min()))
    kernels.crests(blurred, max(weak, least), max(strong, least), steepness, crest)
    if counted is not None:
        crest[~counted] = 0
    kernels.link(crest, np.flatnonzero(crest > 1), int(np.count_nonzero(crest)))
    return Edges(placed(crest > 1, window, image.shape), placed(steepness, window, image.shape), weak, strong)


def _blurred(image: Array, sigma: float) -> NDArray[np.float32]:
    """The picture under a Gaussian that ends at 4 standard deviations, mirrored at its border."""
    from segcli.opencv import cv2

    if sigma == 0:
        return np.ascontiguousarray(image, np.float32)
    bell = cv2.getGaussianKernel(2 * int(REACH * sigma + 0.5) + 1, sigma, cv2.CV_32F)
    pixels = np.ascontiguousarray(image)
    blurred = cv2.sepFilter2D(pixels, cv2.CV_32F, bell, bell, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32).reshape(image.shape)


def _levels(
    steepness: NDArray[np.float32], counted: Array | None, low: float | Literal["auto"], high: float | Literal["auto"]
) -> tuple[float, float]:
    """Both levels."""
    strong = otsu_threshold(histogram(steepness, counted)) if high == "auto" else high
    weak = WEAKER * strong if low == "auto" else low
    if high == "auto":
        strong = max(strong, weak)
    check_order(weak, strong)
    return weak, strong
