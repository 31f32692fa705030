"""Color spaces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array

_XYZ_FROM_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to CIE XYZ, D65; the white point is the row sums, so that gray has a* = b* = 0."""

_BEND = (6 / 29) ** 3
"""Below this share of white, lightness is linear."""

_BLOCK = 1 << 18
"""Colors converted at a time: their float64 copies stay small."""


def lab(colors: Array) -> NDArray[np.float32]:
    """Convert sRGB to CIE L*a*b* under D65 (2 degree observer), L* from 0 to 100.

    Parameters
    ----------
    colors : (..., 3) uint8, uint16 or float32
        Whole numbers fill their type's range; floats lie between 0 and 1.

    Returns
    -------
    (..., 3) float32

    References
    ----------
    IEC 61966-2-1:1999; CIE 15:2004, "Colorimetry", equations 8.3 to 8.11.

    Examples
    --------
    >>> lab(np.array([255, 255, 255], np.uint8)).round(3).tolist()
    [100.0, 0.0, 0.0]
    """
    flat = colors.reshape(-1, 3)
    result = np.empty(flat.shape, np.float32)
    for start in range(0, len(flat), _BLOCK):
        part = slice(start, start + _BLOCK)
        x, y, z = _response((linear(flat[part]) @ (_XYZ_FROM_RGB / _XYZ_FROM_RGB.sum(axis=1, keepdims=True)).T).T)
        result[part, 0] = 116 * y - 16
        result[part, 1] = 500 * (x - y)
        result[part, 2] = 200 * (y - z)
    return result.reshape(colors.shape)


def lightness(levels: Array) -> NDArray[np.float32]:
    """Convert gray sRGB levels to CIE L*, 0 to 100; types as for `lab`.

    Examples
    --------
    >>> lightness(np.array([0, 119, 255], np.uint8)).round().tolist()
    [0.0, 50.0, 100.0]
    """
    flat = levels.reshape(-1)
    result = np.empty(flat.shape, np.float32)
    for start in range(0, len(flat), _BLOCK):
        part = slice(start, start + _BLOCK)
        result[part] = 116 * _response(linear(flat[part])) - 16
    return result.reshape(levels.shape)


def linear(levels: Array) -> NDArray[np.float64]:
    """Undo the sRGB transfer curve: light from 0 to 1, of levels as `lab` takes them."""
    if levels.dtype.kind == "u":
        steps = np.iinfo(levels.dtype).max
        return _undo_curve(np.arange(steps + 1) / steps)[levels] if levels.size > steps else _undo_curve(levels / steps)
    return _undo_curve(levels.astype(np.float64))


def _undo_curve(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo the sRGB curve on shares from 0 to 1; negative ones stay on the linear part."""
    return np.where(shares <= 0.04045, shares / 12.92, ((np.maximum(shares, 0.04045) + 0.055) / 1.055) ** 2.4)


def _response(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cube root with a linear foot, of shares of white."""
    return np.where(shares > _BEND, np.cbrt(shares), shares * (841 / 108) + 4 / 29)
