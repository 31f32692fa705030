"""What edge filters share: gradients, zero crossings, and the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Gray
from segcli.errors import SettingError
from segcli.numeric.histogram import histogram, otsu_threshold
from segcli.numeric.outside import extended, placed, window_of
from segcli.segmentation import Segmentation

Operator = Literal["sobel", "prewitt", "scharr"]

SMOOTHING = {"sobel": (1.0, 2.0, 1.0), "prewitt": (1.0, 1.0, 1.0), "scharr": (3.0, 10.0, 3.0)}
"""Weights across the direction of the derivative."""


def on_window(image: Gray, valid: Array | None, compute: Callable[[Array], Array]) -> Array:
    """A plane of what is computed on the rectangle around the pixels that count; left-out ones make no edge."""
    window = window_of(valid, image.shape)
    part = image[window]
    filled = np.ascontiguousarray(part if valid is None else extended(part, valid[window]))
    return placed(compute(filled), window, image.shape)


def slopes(image: Array, operator: Operator = "sobel") -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Derivatives to the right and down, in image units a pixel.

    Parameters
    ----------
    image : (H, W) uint8, uint16, float32 or float64
    operator : sobel, prewitt or scharr; 3 x 3 pixels. At the border the picture goes on as its last pixel.

    Examples
    --------
    >>> slopes(np.array([[0, 10, 20]], np.uint8))[0].tolist()
    [[5.0, 10.0, 5.0]]
    """
    from segcli.opencv import cv2

    smooth = np.array(SMOOTHING[operator]) / sum(SMOOTHING[operator])
    difference = np.array((-0.5, 0.0, 0.5))
    # In double precision: single sums differ in their last digit with where the picture lies in memory.
    across, down = (
        cv2.sepFilter2D(image, cv2.CV_64F, horizontal, vertical, borderType=cv2.BORDER_REPLICATE)
        for horizontal, vertical in ((difference, smooth), (smooth, difference))
    )
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def magnitude(across: Array, down: Array) -> NDArray[np.float32]:
    """Steepness of two slopes."""
    squares = np.square(across, dtype=np.float64) + np.square(down, dtype=np.float64)
    return np.asarray(np.sqrt(squares), np.float32)


def crossings(response: Array) -> NDArray[np.float32]:
    """How far the response jumps where it changes its sign; 0 elsewhere.

    Of two neighbors (right, below, and along both diagonals) with different signs, the one nearer to zero lies on the
    edge, the first of two equally near. A 0 counts as positive.

    References
    ----------
    D. Marr, E. Hildreth, "Theory of edge detection", Proc. Royal Society of London B 207, 187-217, 1980.

    Examples
    --------
    >>> crossings(np.array([[4.0, 1.0, -3.0, -3.0]], np.float32)).tolist()
    [[0.0, 4.0, 0.0, 0.0]]
    """
    found = np.zeros(response.shape, np.float32)
    every, ahead, behind = slice(None), slice(1, None), slice(None, -1)
    for one, two in (
        ((every, behind), (every, ahead)),
        ((behind, every), (ahead, every)),
        ((behind, behind), (ahead, ahead)),
        ((behind, ahead), (ahead, behind)),
    ):
        first, second = response[one], response[two]
        jump = np.where((first >= 0) != (second >= 0), np.abs(first - second), 0)
        nearer = np.abs(first) <= np.abs(second)
        found[one] = np.maximum(found[one], np.where(nearer, jump, 0))
        found[two] = np.maximum(found[two], np.where(nearer, 0, jump))
    return found


def cut_response(
    image: Gray,
    valid: Array | None,
    strength: Array,
    threshold: float | Literal["auto"],
    layers: Mapping[str, Array],
) -> Segmentation:
    """Edges where the strength is above a threshold; auto takes Otsu's of the strengths that are not 0."""
    counted: Any = strength > 1e-6 * max(1.0, float(np.abs(image).max()))
    if valid is not None:
        counted &= valid
    if not counted.any():
        note = "there are no edges"
        return Segmentation(np.zeros(image.shape, np.uint8), "mask", layers=layers, notes=(note,))
    if threshold == "auto":
        pixels = histogram(np.ascontiguousarray(strength, np.float32), counted)
        # Where all are alike, all are edges.
        threshold = otsu_threshold(pixels) if np.count_nonzero(pixels.counts) > 1 else 0.0
    mask = counted & (strength > threshold)
    return Segmentation(
        mask.view(np.uint8),
        "mask",
        numbers={"threshold": threshold},
        layers=layers,
        notes=() if mask.any() else (f"no edge is stronger than {threshold:g}",),
    )


def thinned(strength: Array, across: Array, down: Array) -> NDArray[np.float32]:
    """The strength where it is greatest along its slope, in the nearest of four directions; 0 elsewhere."""
    wide = np.pad(strength, 1)
    height, width = strength.shape
    angle = np.rint(np.arctan2(down, across) / (np.pi / 4)).astype(np.int64) % 4
    kept = np.zeros(strength.shape, bool)
    for direction, (row, column) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        after = wide[1 + row : 1 + row + height, 1 + column : 1 + column + width]
        before = wide[1 - row : 1 - row + height, 1 - column : 1 - column + width]
        kept |= (angle == direction) & (strength >= after) & (strength > before)
    return np.where(kept, strength, 0).astype(np.float32)


def check_order(low: float, high: float) -> None:
    """Refuse a lower level above the higher one.

    Raises
    ------
    SettingError : both, by name.
    """
    if low > high:
        raise SettingError("low", f"is {low:g}, above high, which is {high:g}; it must not be.")
