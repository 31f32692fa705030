"""GIF: its blocks are walked here, its frames come from Pillow."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.doors import pillow
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored

LZW_RATIO = 4096
"""No LZW code stands for more bytes than this."""


class Gif:
    """A GIF file whose blocks have been walked to its trailer."""

    direct = False

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.pages = 0
        self.transparent = False
        self.picture: Any = None
        try:
            self._walk(limits)
        except (struct.error, IndexError):
            raise InputError(f"is truncated: a GIF of {len(data):,} bytes without its end.") from None
        if not self.pages:
            raise InputError("is a GIF without a picture.")

    def header(self, page: int) -> Header:
        return Header(self.width, self.height, "uint8", 8, 3, self.transparent, True, compression="LZW")

    def decode(self, page: int, form: Form) -> Stored:
        with pillow() as library:
            if self.picture is None:
                self.picture = library.open(io.BytesIO(self.data), formats=["GIF"])
            # Frames build on each other; Pillow goes on from where it stands.
            self.picture.seek(page)
            self.picture.load()
            if self.picture.size != (self.width, self.height):
                raise InputError(f"is damaged: its first frame lies outside {self.width} x {self.height}.")
            return self._meaning(self.picture, form)

    def _meaning(self, picture: Any, form: Form) -> Stored:
        """Indices for labels unless the palette is gray, colors otherwise."""
        values = np.array(picture)
        if picture.mode == "P":
            palette = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
            highest = int(values.max())
            palette = np.vstack([palette, np.zeros((max(highest + 1 - len(palette), 0), 3), np.uint8)])
            alpha = _opacity(picture.info.get("transparency"), values)
            if (palette == palette[:, :1]).all():
                return Stored(np.ascontiguousarray(palette[:, 0])[values], alpha)
            return Stored(values if form == "raw" else palette[values], alpha)
        if picture.mode == "L":
            return Stored(values, _opacity(picture.info.get("transparency"), values))
        if picture.mode == "RGBA":
            return Stored(np.ascontiguousarray(values[:, :, :3]), np.ascontiguousarray(values[:, :, 3]))
        return Stored(np.array(picture.convert("RGB")))

    def _walk(self, limits: Limits) -> None:
        """Count frames, follow every block, and weigh the first frame against its data."""
        data = self.data
        self.width, self.height, flags = struct.unpack_from("<HHB", data, 6)
        limits.check_size(self.width, self.height)
        limits.check_density(self.width, self.height, len(data))
        place = 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
        metadata = 0
        while data[place] != 0x3B:
            if data[place] == 0x21:
                if data[place + 1] == 0xF9:
                    self.transparent |= bool(data[place + 3] & 1)
                end = _skip_blocks(data, place + 2)
                metadata += end - place
                limits.check_metadata(metadata)
            elif data[place] == 0x2C:
                width, height, flags = struct.unpack_from("<HHB", data, place + 5)
                start = place + 10 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
                end = _skip_blocks(data, start + 1)
                if width * height > LZW_RATIO * (end - start):
                    raise InputError(f"is truncated: {width} x {height} pixels in {end - start:,} bytes of GIF data.")
                self.pages += 1
                limits.check_pages(self.pages)
            else:
                raise InputError(f"is damaged: an unknown block in the GIF at byte {place:,}.")
            place = end


open_file = Gif


def _skip_blocks(data: bytes, place: int) -> int:
    """The position behind a chain of sub-blocks."""
    while data[place]:
        place += data[place] + 1
    return place + 1


def _opacity(transparent: object, indices: Array) -> Array | None:
    """Alpha of a frame with one transparent index."""
    if not isinstance(transparent, int):
        return None
    return np.where(indices == transparent, 0, 255).astype(np.uint8)
