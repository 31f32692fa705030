"""Turns what a caller hands over into the pixel forms that methods are written for."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array, Color, Gray
from segcli.errors import InputError

PIXEL_TYPES = ("uint8", "uint16", "float32")


def native(image: Array) -> tuple[Array, tuple[str, ...]]:
    """Return the image as (H, W) or (H, W, 3) in uint8, uint16 or float32, with notes on what changed."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise InputError(f"the image has shape {image.shape}; expected (height, width) or (height, width, 3).")
    if image.size == 0:
        raise InputError(f"the image is {image.shape[1]} x {image.shape[0]} pixels; it needs at least one.")
    if image.dtype.name in PIXEL_TYPES and image.dtype.isnative:
        return image, ()
    if image.dtype == bool:
        return image.astype(np.uint8), ()
    if image.dtype.kind not in "iuf":
        raise InputError(f"the image holds {image.dtype}; expected numbers (uint8, uint16 or float32).")
    if image.dtype.newbyteorder("=").name in PIXEL_TYPES:
        return image.astype(image.dtype.newbyteorder("=")), ()
    return image.astype(np.float32), (f"{image.dtype} pixels were read as float32",)


def as_gray(image: Array) -> Gray:
    """Reduce a native image to (H, W) by Rec. 601 luma, in its own type."""
    if image.ndim == 2:
        return image
    from segcli.opencv import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY))


def as_color(image: Array) -> Color:
    """Widen a native image to (H, W, 3) by repetition."""
    return image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)


def leave_out(image: Array, valid: Array | None) -> tuple[Array, Array | None, list[str]]:
    """Find the pixels that count; the others get the median of those, so that filters see nothing there."""
    notes = []
    if valid is not None:
        valid = np.asarray(valid)
        if valid.shape != image.shape[:2]:
            raise InputError(
                f"the region of interest is {valid.shape[1]} x {valid.shape[0]}, "
                f"the image is {image.shape[1]} x {image.shape[0]}; they must be equal."
            )
        valid = valid.astype(bool)
    if image.dtype.kind == "f":
        finite = np.isfinite(image) if image.ndim == 2 else np.isfinite(image).all(axis=2)
        missing = int(finite.size - np.count_nonzero(finite))
        if missing:
            valid = np.asarray(finite if valid is None else valid & finite)
            notes.append(f"{missing} pixels are NaN or infinite and were left out")
    if valid is None or valid.all():
        return image, None, notes
    if not valid.any():
        raise InputError("no pixel is left: all are outside the region of interest, no-data, NaN or infinite.")
    filled = image.copy()
    filled[~valid] = np.median(image[valid], axis=0).astype(image.dtype)
    return filled, valid, notes
