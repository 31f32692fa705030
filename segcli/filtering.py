"""A filter as a row like a method's, and `filter_image`, the only caller of filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from segcli.arrays import Array
from segcli.filters import find
from segcli.method import Method, check_settings, describe
from segcli.methods import MethodFunction
from segcli.numeric.forms import leave_out, native


def describe_filter(name: str) -> Method:
    """Read a filter into a row: knobs, bounds and help, as those of a method."""
    return describe(cast(MethodFunction, find(name)))


def filter_image(
    row: Method, image: Array, valid: Array | None, settings: Mapping[str, Any]
) -> tuple[Array, Array | None, tuple[str, ...]]:
    """Apply a filter to an image: adapt, check, call, check what came back.

    Parameters
    ----------
    row : of a filter.
    image : (H, W) or (H, W, 3) numbers.
    valid : (H, W) bool or None; other pixels are filled with the median before the filter sees them.
    settings : the filter's knobs.

    Returns
    -------
    array, array or None, tuple of str
        The new picture in a type that methods take, the pixels that count now (NaN do not), and notes.

    Raises
    ------
    SettingError : an unknown knob or a value outside its bounds.
    InputError : a picture that does not fit.
    """
    checked = check_settings(row, settings)
    pixels, notes = native(image)
    pixels, valid, more = leave_out(pixels, valid)
    if row.takes_valid:
        checked["valid"] = valid
    result = cast(Any, row.function)(pixels, **checked)
    if result.shape[:2] != pixels.shape[:2] or result.dtype.name not in ("uint8", "uint16", "float32"):
        raise TypeError(f"{row.name} returned {result.shape} {result.dtype} for {pixels.shape} {pixels.dtype}")
    return np.ascontiguousarray(result), valid, (*notes, *more)
