"""What the thresholds that follow the light share."""

from __future__ import annotations

from typing import Literal

import numpy as np

from segcli.arrays import Array, Gray
from segcli.segmentation import Segmentation


def is_flat(image: Gray, valid: Array | None) -> Segmentation | None:
    """Background everywhere, with a note, for a picture with one level; None for any other."""
    pixels = image if valid is None else image[valid]
    if pixels.size and pixels.min() != pixels.max():
        return None
    level = float(pixels.flat[0]) if pixels.size else 0.0
    note = f"every pixel is {level:g}; there is nothing to separate"
    return Segmentation(np.zeros(image.shape, np.uint8), "mask", notes=(note,))


def beside(image: Gray, thresholds: Array, side: Literal["bright", "dark"]) -> Segmentation:
    """Mask of the pixels above the thresholds (bright) or not above them (dark), with them as a layer."""
    from segcli.opencv import cv2

    pixels = image if image.dtype == np.float32 else image.astype(np.float32)
    above: Array = cv2.compare(np.ascontiguousarray(pixels), thresholds, cv2.CMP_GT if side == "bright" else cv2.CMP_LE)
    mask = np.bitwise_and(above.reshape(image.shape).view(np.uint8), np.uint8(1))
    note = () if mask.any() else (f"nothing is {'brighter' if side == 'bright' else 'darker'} than its surround",)
    return Segmentation(mask, "mask", choices={"foreground": side}, layers={"local_threshold": thresholds}, notes=note)


def black_and_white(image: Gray, valid: Array | None) -> tuple[float, float]:
    """Black and white: the ends of 8 bits, and of other types the least and greatest value that counts."""
    if image.dtype == np.uint8:
        return 0.0, 255.0
    pixels = image if valid is None else image[valid]
    return float(pixels.min()), float(pixels.max())
