"""The public reader: a file to an array."""

from __future__ import annotations

import os
from typing import Literal

from segcli.arrays import Array
from segcli.files.limits import Limits
from segcli.files.read import read_image as read


def read_image(
    source: str | os.PathLike[str] | bytes,
    *,
    form: Literal["any", "gray", "color"] = "any",
    page: int | None = None,
    alpha: Literal["white", "keep", "mask"] = "white",
) -> Array:
    """Read an image file in its own type: uint8, uint16 or float32.

    Parameters
    ----------
    source : path, or the bytes of a file.
    form : 'any' gives (H, W) or (H, W, 3) RGB as the file has it, 'gray' (H, W), 'color' (H, W, 3).
        A JPEG's gray is the luma stored in it, as on the command line; computed from its colors it
        may differ by one.
    page : page from 0 of a TIFF, GIF or WebP file; None is the first.
    alpha : what becomes of transparent pixels: composited on white, colors kept, or the same but for callers
        that ask for the mask.

    Raises
    ------
    InputError : not an image, damaged, too large; the message says what was found.
    """
    return read(source, page=page, alpha=alpha, limits=Limits()).pixels(form)
