"""What a format's reader says of a file and hands over from it, before any meaning is put on the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from segcli.arrays import Array

Form = Literal["image", "gray", "color", "raw"]
"""image: what a viewer shows. raw: the numbers in the file (palette indices, unscaled low bit depths). gray and
color only where the reader is `direct`."""


@dataclass(frozen=True)
class Header:
    """One page as its header announces it.

    Attributes
    ----------
    width, height : as stored, before the orientation is applied.
    type : type of a sample, such as uint8 or float32.
    bits : bits of a sample.
    channels : color channels, alpha not counted; a palette counts as 3.
    alpha : whether there is an alpha channel or a transparent color.
    palette : whether the samples are indices.
    orientation : EXIF number, 1 to 8.
    compression : in words, where the format has several.
    lossy : whether the numbers in the file are not the ones that were put in.
    notes : what a user should know before looking at pixels.
    """

    width: int
    height: int
    type: str
    bits: int
    channels: int
    alpha: bool = False
    palette: bool = False
    orientation: int = 1
    compression: str = ""
    lossy: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stored:
    """One decoded page, not yet turned upright.

    values : (H, W) or (H, W, C). alpha : (H, W) in the same type, or None; `premultiplied` if it is in the colors.
    """

    values: Array
    alpha: Array | None = None
    premultiplied: bool = False
    notes: tuple[str, ...] = ()


class File(Protocol):
    """An opened file; opening has checked what can be checked without decoding."""

    direct: bool

    @property
    def pages(self) -> int: ...

    def header(self, page: int) -> Header:
        """Announce one page; raises InputError where it cannot be read or is too large."""

    def decode(self, page: int, form: Form) -> Stored:
        """Decode all pixels of one page, or raise InputError."""


def orient(values: Array, orientation: int) -> Array:
    """Turn stored rows and columns upright by an EXIF orientation number.

    Examples
    --------
    >>> orient(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    if orientation == 1:
        return np.ascontiguousarray(values)
    turned = {
        2: values[:, ::-1],
        3: values[::-1, ::-1],
        4: values[::-1],
        5: values.swapaxes(0, 1),
        6: np.rot90(values, -1),
        7: values[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(values),
    }[orientation]
    return np.ascontiguousarray(turned)


def exif_orientation(exif: bytes) -> int:
    """The orientation in an EXIF block; 1 where it has none or the block is damaged."""
    order: Literal["little", "big"] = "little" if exif[:2] == b"II" else "big"

    def number(start: int, size: int) -> int:
        return int.from_bytes(exif[start : start + size], order)

    start = number(4, 4)
    for entry in range(number(start, 2)):
        place = start + 2 + 12 * entry
        if place + 12 > len(exif):
            break
        if number(place, 2) == 0x112:
            value = number(place + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1
