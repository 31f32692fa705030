"""A smaller copy of a picture, on which models of its colors are learned."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from segcli.arrays import Array, Box

Extent: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom, in reduced pixels."""

TAILS = (0.1, 99.9)
"""Percentiles that become 0 and 255 where pixels are not 8-bit."""


class Reduced:
    """A picture reduced to a longer side of at most `size`, with colors on a scale of 0 to 255.

    8-bit colors stay; others are scaled so that the 0.1 percentile of the reduced picture becomes 0 and the
    99.9 percentile 255 (the extremes where these are equal), and held between -255 and 510.

    Attributes
    ----------
    shape : (height, width)
    colors : (height, width, 3) float32
    valid : (height, width) bool or None; a pixel counts where more than half of it does.
    """

    def __init__(self, image: Array, valid: Array | None, size: int) -> None:
        self._full = (image.shape[0], image.shape[1])
        factor = min(1.0, size / max(self._full))
        self.shape = (max(1, round(self._full[0] * factor)), max(1, round(self._full[1] * factor)))
        self.valid = None if valid is None else self._resize(valid.astype(np.uint8) * np.uint8(255)) > 127
        colors = self._resize(image)
        self._eight_bit, self._low, self._gain = image.dtype == np.uint8, 0.0, 1.0
        if not self._eight_bit:
            counted = colors if self.valid is None or not self.valid.any() else colors[self.valid]
            low, high = np.percentile(counted.astype(np.float64), TAILS)
            if high <= low:
                low, high = float(counted.min()), float(counted.max())
            self._low, self._gain = float(low), float(255 / (high - low) if high > low else 1)
        self.colors = self.to_colors(colors)

    def to_colors(self, image: Array) -> Array:
        """(..., 3) float32 colors on the scale of the models, from pixels of the picture."""
        if self._eight_bit:
            return np.ascontiguousarray(image, np.float32)
        scaled = np.clip((image.astype(np.float64) - self._low) * self._gain, -255, 510)
        return np.ascontiguousarray(scaled, np.float32)

    def extent(self, box: Box) -> Extent:
        """Left, top, right and bottom of a box, in reduced pixels."""
        down, across = self.shape[0] / self._full[0], self.shape[1] / self._full[1]
        return box.left * across, box.top * down, box.right * across, box.bottom * down

    def enlarge(self, layer: Array) -> Array:
        """Bring a (height, width) float32 layer to the picture's full size."""
        from segcli.opencv import cv2

        if self.shape == self._full:
            return layer
        return np.asarray(cv2.resize(layer, self._full[::-1], interpolation=cv2.INTER_LINEAR))

    def _resize(self, array: Array) -> Array:
        """Average over the reduced pixels."""
        from segcli.opencv import cv2

        if self.shape == self._full:
            return array
        return np.asarray(cv2.resize(np.ascontiguousarray(array), self.shape[::-1], interpolation=cv2.INTER_AREA))


def ellipse_cost(shape: tuple[int, int], extent: Extent) -> Array:
    """(H, W) float32 r^2 - 1/2, where r is 1 on the ellipse inscribed in the extent: below 0 in the middle."""
    left, top, right, bottom = extent
    rows = (np.arange(shape[0]) + 0.5 - (top + bottom) / 2) / max((bottom - top) / 2, 0.5)
    columns = (np.arange(shape[1]) + 0.5 - (left + right) / 2) / max((right - left) / 2, 0.5)
    return (rows[:, None] ** 2 + columns**2 - 0.5).astype(np.float32)


def spans(mask: Array, extent: Extent | None, share: float = 0.75) -> bool:
    """Whether a mask reaches over that share of the extent's width and of its height."""
    if extent is None:
        return True
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return False
    left, top, right, bottom = extent
    high, wide = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    return bool(high >= share * (bottom - top) - 1 and wide >= share * (right - left) - 1)
