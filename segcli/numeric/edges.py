"""What edge filters share: gradients, zero crossings, and the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Gray
from segcli.errors import SettingError
from segcli.numeric.histogram import histogram, otsu_threshold
from segcli.numeric.outside import extended, placed, window_of
from segcli.segmentation import Segmentation

Operator = Literal["sobel", "prewitt", "scharr"]

EVEN = 1e-5
"""Share of the intensities below which single sums are rounding."""

STRIP = 64
"""Rows that are worked on at a time."""

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
    image : (H, W) uint8, uint16 or float32
    operator : sobel, prewitt or scharr; 3 x 3 pixels. At the border the picture goes on as its last pixel.

    Examples
    --------
    >>> slopes(np.array([[0, 10, 20]], np.uint8))[0].tolist()
    [[5.0, 10.0, 5.0]]
    """
    from segcli.opencv import cv2

    smooth, difference = np.array(SMOOTHING[operator], np.float32), np.array((-0.5, 0.0, 0.5), np.float32)
    smooth /= smooth.sum()
    if operator == "sobel":
        # The same sums through OpenCV's fastest door.
        across, down = (
            cv2.Sobel(image, cv2.CV_32F, x, 1 - x, scale=0.125, borderType=cv2.BORDER_REPLICATE) for x in (1, 0)
        )
    else:
        across, down = (
            cv2.sepFilter2D(image, cv2.CV_32F, horizontal, vertical, borderType=cv2.BORDER_REPLICATE)
            for horizontal, vertical in ((difference, smooth), (smooth, difference))
        )
    return np.asarray(across, np.float32).reshape(image.shape), np.asarray(down, np.float32).reshape(image.shape)


def magnitude(across: Array, down: Array) -> NDArray[np.float32]:
    """Steepness of two slopes."""
    from segcli.numeric import _edge_kernels as kernels

    steepness = np.empty(across.shape, np.float32)
    kernels.measure(across.reshape(-1), down.reshape(-1), steepness.reshape(-1))
    return steepness


def polar_slopes(image: Array, operator: Operator = "sobel") -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Steepness, in image units a pixel, and the direction in which the picture rises, in degrees.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
    operator : as of `slopes`.

    Returns
    -------
    steepness, direction : (H, W) float32
        Directions go from 0, right, over 90, down, to 360, to 0.01.
    """
    from segcli.numeric import _edge_kernels as kernels
    from segcli.opencv import cv2

    steepness, angles = (np.empty(image.shape, np.float32) for _ in range(2))
    height = image.shape[0]
    # By strips, so that the slopes never leave the cache.
    for top in range(0, height, STRIP):
        bottom, first = min(top + STRIP, height), max(top - 1, 0)
        across, down = (plane[top - first :][: bottom - top] for plane in slopes(image[first : bottom + 1], operator))
        kernels.measure(across.reshape(-1), down.reshape(-1), steepness[top:bottom].reshape(-1))
        angles[top:bottom] = np.reshape(cv2.phase(across, down, angleInDegrees=True), across.shape)
    return steepness, angles


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
    from segcli.numeric import _edge_kernels as kernels

    jumps = np.zeros(response.shape, np.float32)
    kernels.cross(np.ascontiguousarray(response, np.float32), jumps)
    return jumps


def cut_response(
    valid: Array | None,
    strength: Array,
    threshold: float | Literal["auto"],
    layers: Mapping[str, Array],
    least: float = 0.0,
) -> Segmentation:
    """Edges where the strength is above a threshold and above the least; auto takes Otsu's of those above the least."""
    if threshold == "auto":
        counted = strength > least if valid is None else (strength > least) & valid
        pixels = histogram(np.ascontiguousarray(strength), counted)
        # Where all are alike, all are edges.
        threshold = otsu_threshold(pixels) if np.count_nonzero(pixels.counts) > 1 else 0.0
    mask = strength > max(threshold, least)
    if valid is not None:
        mask &= valid
    return Segmentation(
        mask.view(np.uint8),
        "mask",
        numbers={"threshold": threshold},
        layers=layers,
        notes=() if mask.any() else ("there are no edges" + f" stronger than {threshold:g}" * (threshold > 0),),
    )


def rounding(image: Gray) -> float:
    """What single sums over an image may be off."""
    return EVEN * max(float(image.max()), -float(image.min()))


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
