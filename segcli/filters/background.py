"""Uneven light and background taken away."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Param
from segcli.numeric.brightness import full_scale, settled, with_brightness
from segcli.numeric.forms import as_gray

FINE = 8
"""Pixels of a radius that are enough to know a background by; larger ones are looked at in a smaller picture."""


def background(
    image: Gray | Color,
    *,
    method: Literal["flat-field", "rolling-ball", "top-hat"] = "flat-field",
    radius: Annotated[int, Param(min=1, max=1000, unit="pixels")] = 50,
    foreground: Literal["bright", "dark"] = "bright",
) -> Array:
    """Take uneven light or a slowly changing background away.

    Objects must be smaller than the radius, else they are taken for background.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Of color pictures the luma is looked at, and the colors move along.
    method : str
        flat-field divides by a wide Gaussian blur (light that falls unevenly); rolling-ball subtracts where a ball
        cannot reach from below; top-hat subtracts the opening by a square (for small objects on any ground).
    radius : int
        Standard deviation of the blur, radius of the ball, or half the square's side.
    foreground : str
        Whether objects are brighter or darker than their ground; of no meaning for flat-field. Ground becomes black
        beside bright objects, and white beside dark ones.

    Returns
    -------
    array of the picture's shape and type.

    References
    ----------
    S. R. Sternberg, "Biomedical image processing", Computer 16(1), 22-34, 1983.
    """
    gray = as_gray(image)
    if method == "flat-field":
        factor = _flat_factor(gray.astype(np.float32), radius)
        return settled(image * (factor if image.ndim == 2 else factor[:, :, None]), image)
    brightness = gray.astype(np.float32)
    white = full_scale(gray)[1]
    if foreground == "dark":
        brightness = white - brightness
    ground = _below_ball(brightness, radius, gray.dtype) if method == "rolling-ball" else _opened(brightness, radius)
    left = brightness - np.minimum(ground, brightness)
    return with_brightness(image, white - left if foreground == "dark" else left)


def _flat_factor(gray: Array, radius: int) -> Array:
    """What each pixel is multiplied with, so that the light is even."""
    from segcli.opencv import cv2

    height, width = gray.shape
    reduction = max(1, radius // FINE)
    size = (-(-width // reduction), -(-height // reduction))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    shade = cv2.resize(cv2.GaussianBlur(small, (0, 0), radius / reduction), (width, height))
    mean = float(shade.mean())
    lit = shade > 1e-3 * abs(mean)
    return np.asarray(np.divide(mean, shade, out=np.ones_like(shade), where=lit))


def _opened(gray: Array, radius: int) -> Array:
    """The opening by a square."""
    from segcli.opencv import cv2

    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return np.asarray(cv2.morphologyEx(gray, cv2.MORPH_OPEN, window))


def _below_ball(gray: Array, radius: int, dtype: np.dtype[np.generic]) -> Array:
    """The top of a ball that rolls below the surface: the opening by a ball, in a picture made smaller by its minima.

    The ball is as high in levels as it is wide in pixels, where a picture has 256 levels.
    """
    from segcli.opencv import cv2

    low, high = full_scale(gray) if dtype.kind == "f" or dtype.itemsize > 1 else (0.0, 255.0)
    level = (high - low) / 255 or 1.0
    height, width = gray.shape
    reduction = max(1, radius // FINE)
    padded = np.pad(gray, ((0, -height % reduction), (0, -width % reduction)), mode="edge")
    small = padded.reshape(padded.shape[0] // reduction, reduction, -1, reduction).min(axis=(1, 3))
    reach = radius // reduction
    row, column = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    squares = (radius / reduction) ** 2 - row**2 - column**2
    ball = [
        (int(y), int(x), float(np.sqrt(square) * reduction * level))
        for y, x, square in zip(row.flat, column.flat, squares.flat, strict=True)
        if square >= 0
    ]
    opened = _spread(-_spread(-small, ball, reach), ball, reach)
    grown = cv2.resize(opened, (padded.shape[1], padded.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown[:height, :width])


def _spread(surface: Array, ball: list[tuple[int, int, float]], reach: int) -> Array:
    """The dilation by a ball: the greatest sum of the surface and the ball's height around each pixel."""
    height, width = surface.shape
    around = np.pad(surface, reach, constant_values=-np.inf)
    highest = np.full_like(surface, -np.inf)
    for row, column, lift in ball:
        part = around[reach + row : reach + row + height, reach + column : reach + column + width]
        np.maximum(highest, part + np.float32(lift), out=highest)
    return highest
