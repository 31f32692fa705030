"""A picture that was made here, in the place of one that was read from a file."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array
from segcli.files.image import Digest, Image
from segcli.files.stored import Form, Header, Stored


class _Pixels:
    """An array as a file of one page."""

    direct = False
    pages = 1

    def __init__(self, values: Array) -> None:
        self.values = values

    def header(self, page: int) -> Header:
        """What a file of these pixels would announce."""
        values = self.values
        channels = 1 if values.ndim == 2 else values.shape[2]
        return Header(values.shape[1], values.shape[0], values.dtype.name, 8 * values.dtype.itemsize, channels)

    def decode(self, page: int, form: Form) -> Stored:
        """The pixels."""
        return Stored(self.values)


def image_of(values: Array, name: str = "picture") -> Image:
    """Wrap (H, W) or (H, W, 3) uint8, uint16 or float32 pixels as an image; its digest is that of the pixels."""
    values = np.ascontiguousarray(values)
    return Image(_Pixels(values), name, "NPY", Digest(values.reshape(-1).view(np.uint8).data))
