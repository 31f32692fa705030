"""Canny's edges: the greatest slopes along their direction, with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Gray
from segcli.numeric.edges import check_order, magnitude
from segcli.numeric.histogram import histogram, otsu_threshold
from segcli.numeric.outside import extended, placed, window_of

FINEST = 20_000
"""Whole steps that the greatest slope is divided into: their squares still fit 32 bits."""

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
    from segcli.opencv import cv2

    window = window_of(valid, image.shape)
    part, counted = image[window], None if valid is None else valid[window]
    values: Any = np.ascontiguousarray(extended(part, counted))
    if sigma > 0:
        values = cv2.GaussianBlur(values.astype(np.float64), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    across, down = (
        cv2.Sobel(values, cv2.CV_64F, x, 1 - x, scale=0.125, borderType=cv2.BORDER_REPLICATE) for x in (1, 0)
    )
    steepness = magnitude(across, down)
    greatest = float(max(np.abs(across).max(), np.abs(down).max()))
    if greatest <= 1e-9 * max(1.0, float(np.abs(values).max())):
        blank = np.zeros(image.shape, bool)
        return Edges(blank, np.zeros(image.shape, np.float32), 0.0, 0.0)
    weak, strong = _levels(steepness, counted, low, high)
    scale = FINEST / greatest
    right, below = (np.rint(slope * scale).astype(np.int16) for slope in (across, down))
    lower, upper = (min(level * scale, 40_000.0) for level in (weak, strong))
    mask = np.asarray(cv2.Canny(right, below, lower, upper, L2gradient=True)) > 0
    if counted is not None:
        mask &= counted
    return Edges(placed(mask, window, image.shape), placed(steepness, window, image.shape), weak, strong)


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
