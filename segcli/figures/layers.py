"""Turns layers of a segmentation into colors: values by a scale, labels by their palette."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.figures.pages import ColorBar, number_text

SIGNED, PLAIN = "RdBu_r", "viridis"


def scale_of(values: Array) -> ColorBar | None:
    """The scale that shows values best: around white where they have both signs, else from dark to bright.

    None where no value is finite.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    # A few extreme pixels must not darken all the others.
    low, high = (float(value) for value in np.percentile(finite, (0.1, 99.9)))
    colors = PLAIN
    if low < 0 < high and min(-low, high) > 0.05 * max(-low, high):
        colors, low, high = SIGNED, -max(-low, high), max(-low, high)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return ColorBar(colors, low, high)


def colored(values: Array, bar: ColorBar | None) -> NDArray[np.uint8]:
    """Values in the colors of a scale, (H, W, 3); those that are not finite are the lowest, black without a scale."""
    from matplotlib import colormaps

    if bar is None:
        return np.zeros((*values.shape, 3), np.uint8)
    shown = (values.astype(np.float32) - bar.low) / (bar.high - bar.low)
    shown[~np.isfinite(shown)] = 0
    return np.array(colormaps[bar.colors](np.clip(shown, 0, 1), bytes=True)[:, :, :3])


def extent_text(values: Array) -> str:
    """The least and the greatest of some values in words."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "no value is finite"
    return f"from {number_text(finite.min())} to {number_text(finite.max())}"
