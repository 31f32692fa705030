"""NPY: NumPy's own array file, read without its pickles."""

from __future__ import annotations

import io
import math
import warnings
from typing import IO, Any

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored


class Npy:
    """An array of (H, W), (H, W, 1) or (H, W, C) numbers."""

    direct = False
    pages = 1

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.values = read_array(io.BytesIO(data), limits)
        if self.values.ndim not in (2, 3):
            raise InputError(f"holds an array of shape {self.values.shape}; expected (height, width) or (..., 3).")
        limits.check_size(self.values.shape[1], self.values.shape[0])
        if self.values.ndim == 3 and self.values.shape[2] == 1:
            self.values = self.values[:, :, 0]

    def header(self, page: int) -> Header:
        values = self.values
        channels = 1 if values.ndim == 2 else values.shape[2]
        return Header(values.shape[1], values.shape[0], values.dtype.name, 8 * values.dtype.itemsize, channels)

    def decode(self, page: int, form: Form) -> Stored:
        return Stored(self.values)


open_file = Npy


def read_array(stream: IO[bytes], limits: Limits) -> Array:
    """Return the array of an NPY file; nothing is allocated before its header has been checked.

    Raises
    ------
    InputError : a pickle, a damaged header, or fewer bytes than the header announces.
    """
    shape, fortran, dtype = _read_header(stream)
    if dtype.hasobject:
        raise InputError("holds Python objects (a pickle), which could run code; save numbers instead.")
    if dtype.kind not in "biuf":
        raise InputError(f"holds {dtype}; expected numbers.")
    if any(side < 0 for side in shape):
        raise InputError(f"has a damaged NPY header: shape {shape}.")
    if len(shape) in (2, 3) and shape[-1] <= 4 and len(shape) == 3:
        limits.check_size(shape[1], shape[0])
    elif len(shape) in (2, 3):
        limits.check_size(shape[-1], shape[-2])
    count = math.prod(shape)
    needed = count * dtype.itemsize
    data = stream.read(needed)
    if len(data) < needed:
        raise InputError(f"is truncated: shape {shape} of {dtype} needs {needed:,} bytes, it has {len(data):,}.")
    values = np.frombuffer(data, dtype) if count else np.empty(0, dtype)
    return values.reshape(shape, order="F" if fortran else "C").astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of an NPY file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            version = np.lib.format.read_magic(stream)
            if version == (1, 0):
                return np.lib.format.read_array_header_1_0(stream)
            if version == (2, 0):
                return np.lib.format.read_array_header_2_0(stream)
        except Exception as failure:
            # NumPy parses the header as Python text: ValueError, SyntaxError, MemoryError, RecursionError, TypeError.
            reason = " ".join(str(failure).split())[:160]
            raise InputError(f"has a damaged NPY header: {reason}") from failure
    raise InputError(f"is an NPY file of version {version}; 1.0 and 2.0 are read.")
