"""What the thresholds that follow the light share."""

from __future__ import annotations

from typing import Literal

import numpy as np

from segcli.arrays import Array, Gray
from segcli.segmentation import Segmentation

STRIP = 1 << 17
"""Pixels that are compared at once."""


def is_flat(image: Gray, valid: Array | None) -> Segmentation | None:
    """Background everywhere, with a note, for a picture with one level; None for any other."""
    pixels = image if valid is None else image[valid]
    if pixels.size and pixels.min() != pixels.max():
        return None
    level = float(pixels.flat[0]) if pixels.size else 0.0
    note = f"every pixel is {level:g}; there is nothing to separate"
    return Segmentation(np.zeros(image.shape, np.uint8), "mask", notes=(note,))


def beside(image: Gray, thresholds: Array, side: Literal["bright", "dark"], shift: float = 0.0) -> Segmentation:
    """Mask of the pixels above the thresholds (bright) or not above them (dark), with them as a layer.

    Parameters
    ----------
    image : (H, W)
    thresholds : (H, W) float32, in image units.
    side : bright or dark
    shift : added to the thresholds first, in place.
    """
    mask = np.empty(image.shape, bool)
    compare = np.greater if side == "bright" else np.less_equal
    # Strips that stay in the processor's cache: twice as fast as one step over the picture after the other.
    rows = max(1, STRIP // image.shape[1])
    for start in range(0, len(image), rows):
        strip = slice(start, start + rows)
        if shift:
            thresholds[strip] += np.float32(shift)
        compare(image[strip].astype(np.float32, copy=False), thresholds[strip], out=mask[strip])
    note = () if mask.any() else (f"nothing is {'brighter' if side == 'bright' else 'darker'} than its surround",)
    return Segmentation(
        mask.view(np.uint8), "mask", choices={"foreground": side}, layers={"local_threshold": thresholds}, notes=note
    )


def black_and_white(image: Gray, valid: Array | None) -> tuple[float, float]:
    """Black and white: the ends of 8 bits, and of other types the least and greatest value that counts."""
    if image.dtype == np.uint8:
        return 0.0, 255.0
    pixels = image if valid is None else image[valid]
    return float(pixels.min()), float(pixels.max())
