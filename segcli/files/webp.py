"""WebP: its chunks are walked here, its frames come from Pillow."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np

from segcli.errors import InputError
from segcli.files.doors import pillow
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored, exif_orientation


class WebP:
    """A WebP file whose chunks have been walked to its end."""

    direct = False

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.frames = 0
        self.width = self.height = 0
        self.lossy = self.alpha = False
        self.orientation = 1
        self.picture: Any = None
        size = 8 + int.from_bytes(data[4:8], "little")
        if size > len(data):
            raise InputError(f"is truncated: it says it has {size:,} bytes, the file has {len(data):,}.")
        try:
            self._walk(size, limits)
        except (struct.error, IndexError):
            raise InputError("is damaged: its WebP chunks are incomplete.") from None
        if not self.width:
            raise InputError("is a WebP without a picture.")
        limits.check_size(self.width, self.height)
        limits.check_density(self.width, self.height, len(data))

    @property
    def pages(self) -> int:
        return max(self.frames, 1)

    def header(self, page: int) -> Header:
        return Header(
            self.width,
            self.height,
            "uint8",
            8,
            3,
            self.alpha,
            orientation=self.orientation,
            compression="lossy WebP" if self.lossy else "lossless WebP",
            lossy=self.lossy,
        )

    def decode(self, page: int, form: Form) -> Stored:
        with pillow() as library:
            if self.picture is None:
                self.picture = library.open(io.BytesIO(self.data), formats=["WEBP"])
            self.picture.seek(page)
            values = np.array(self.picture if self.picture.mode in ("RGB", "RGBA") else self.picture.convert("RGB"))
        if values.shape[:2] != (self.height, self.width):
            raise InputError(f"is damaged: its frame is not {self.width} x {self.height}.")
        if values.shape[2] == 3:
            return Stored(values)
        return Stored(np.ascontiguousarray(values[:, :, :3]), np.ascontiguousarray(values[:, :, 3]))

    def _walk(self, size: int, limits: Limits) -> None:
        """Read every chunk's frame, and the few that say what the picture is."""
        place = 12
        metadata = 0
        while place + 8 <= size:
            name = self.data[place : place + 4]
            length = int.from_bytes(self.data[place + 4 : place + 8], "little")
            body = place + 8
            if body + length > size:
                raise InputError(f"is truncated: a WebP chunk needs {length:,} bytes, {size - body:,} are left.")
            if name == b"VP8X":
                self.alpha = bool(self.data[body] & 0x10)
                self.width = 1 + int.from_bytes(self.data[body + 4 : body + 7], "little")
                self.height = 1 + int.from_bytes(self.data[body + 7 : body + 10], "little")
            elif name in (b"VP8 ", b"VP8L"):
                self._bitstream(name, body)
            elif name == b"ANMF":
                self.frames += 1
                limits.check_pages(self.frames)
                self.lossy |= self.data.find(b"VP8 ", body + 16, body + min(length, 1 << 16)) >= 0
            else:
                metadata += length
                limits.check_metadata(metadata)
                if name == b"EXIF":
                    self.orientation = exif_orientation(self.data[body : body + length].removeprefix(b"Exif\0\0"))
            place = body + length + length % 2

    def _bitstream(self, name: bytes, body: int) -> None:
        """Size and alpha from the header of a still picture."""
        if name == b"VP8 ":
            self.lossy = True
            width, height = struct.unpack_from("<HH", self.data, body + 6)
            size = (width & 0x3FFF, height & 0x3FFF)
        else:
            (packed,) = struct.unpack_from("<I", self.data, body + 1)
            size = ((packed & 0x3FFF) + 1, ((packed >> 14) & 0x3FFF) + 1)
            self.alpha |= bool(packed >> 28 & 1)
        if not self.width:
            self.width, self.height = size


open_file = WebP
