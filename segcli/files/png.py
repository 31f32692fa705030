"""PNG: its chunks are walked here, its pixels come from OpenCV as plain gray or RGB.

The file handed to OpenCV is rebuilt from IHDR and IDAT alone: no profile, text, gamma or animation can
change the pixels or cost memory. An indexed file is rebuilt as gray, so that its indices come out.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.doors import UNCHANGED, opencv_decode
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored, exif_orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, INDEXED, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
_DEPTHS = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), INDEXED: (1, 2, 4, 8), GRAY_ALPHA: (8, 16), RGB_ALPHA: (8, 16)}
_SAMPLES = {GRAY: 1, RGB: 3, INDEXED: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}

DEFLATE_RATIO = 1032
"""No deflate stream grows by more than this when it is unpacked."""


class Png:
    """A PNG file whose chunks have been walked to its end."""

    direct = False
    pages = 1

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.palette = np.zeros((0, 3), np.uint8)
        self.transparency = b""
        self.orientation = 1
        self.animated = False
        self.pieces: list[tuple[int, int]] = []
        self._walk(limits)
        packed = sum(end - start - 12 for start, end in self.pieces)
        row = (self.width * _SAMPLES[self.color] * self.depth + 7) // 8
        if row * self.height > DEFLATE_RATIO * packed:
            raise InputError(f"is truncated: {self.width} x {self.height} pixels in {packed:,} bytes of PNG data.")

    def header(self, page: int) -> Header:
        return Header(
            self.width,
            self.height,
            "uint16" if self.depth == 16 else "uint8",
            self.depth,
            1 if self.color in (GRAY, GRAY_ALPHA) else 3,
            alpha=self.color in (GRAY_ALPHA, RGB_ALPHA) or bool(self.transparency),
            palette=self.color == INDEXED,
            orientation=self.orientation,
            compression="deflate",
            notes=("the PNG is animated; its still image was used",) if self.animated else (),
        )

    def decode(self, page: int, form: Form) -> Stored:
        pixels = self._pixels()
        if self.color == INDEXED:
            return self._indexed(pixels, form)
        if self.color in (GRAY_ALPHA, RGB_ALPHA):
            colors = pixels[:, :, 2::-1] if self.color == RGB_ALPHA else pixels[:, :, 0]
            return Stored(np.ascontiguousarray(colors), np.ascontiguousarray(pixels[:, :, 3]))
        if self.color == RGB:
            from segcli.opencv import cv2

            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        alpha = self._keyed_alpha(pixels) if self.transparency else None
        if form == "raw" and self.depth < 8:
            return Stored(pixels // np.uint8(255 // (2**self.depth - 1)), alpha)
        return Stored(pixels, alpha)

    def _walk(self, limits: Limits) -> None:
        """Read every chunk's frame; the contents of the few that matter."""
        place = len(SIGNATURE)
        metadata = 0
        while True:
            if place + 12 > len(self.data):
                raise InputError(f"is truncated: a PNG of {len(self.data):,} bytes without its end chunk.")
            length, name = struct.unpack_from(">I4s", self.data, place)
            end = place + 12 + length
            if end > len(self.data):
                raise InputError(
                    f"is truncated: PNG chunk {_printable(name)} needs {length:,} bytes, "
                    f"the file has {max(0, len(self.data) - place - 8):,} left."
                )
            if (place == 8) != (name == b"IHDR"):
                raise InputError("is damaged: its PNG chunks do not start with one IHDR.")
            if name == b"IDAT":
                self.pieces.append((place, end))
            elif name not in (b"fdAT", b"IEND"):
                metadata += length
                limits.check_metadata(metadata)
            if name != b"IDAT" and zlib.crc32(self.data[place + 4 : end - 4]) != _number(self.data, end - 4):
                raise InputError(f"is damaged: the checksum of PNG chunk {_printable(name)} is wrong.")
            self._chunk(name, self.data[place + 8 : end - 4] if name not in (b"IDAT", b"fdAT") else b"", limits)
            if name == b"IEND":
                break
            place = end
        if not self.pieces:
            raise InputError("is damaged: a PNG without pixel data.")
        if self.color == INDEXED and not len(self.palette):
            raise InputError("is damaged: an indexed PNG without a palette.")

    def _chunk(self, name: bytes, body: bytes, limits: Limits) -> None:
        """Take what one chunk says."""
        if name == b"IHDR":
            self._header(body, limits)
        elif name == b"PLTE":
            if len(body) % 3 or not 3 <= len(body) <= 768:
                raise InputError(f"is damaged: a PNG palette of {len(body)} bytes.")
            self.palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
        elif name == b"tRNS" and self.color in (GRAY, RGB, INDEXED):
            if self.color != INDEXED and len(body) < 2 * _SAMPLES[self.color]:
                raise InputError("is damaged: its transparent color is incomplete.")
            self.transparency = body
        elif name == b"eXIf":
            self.orientation = exif_orientation(body.removeprefix(b"Exif\0\0"))
        elif name == b"acTL":
            self.animated = True
        elif name[:1].isupper() and name not in (b"IDAT", b"IEND"):
            raise InputError(f"has a PNG chunk that is not known but needed: {_printable(name)}.")

    def _header(self, body: bytes, limits: Limits) -> None:
        """Check IHDR."""
        if len(body) != 13:
            raise InputError("is damaged: its PNG header has the wrong length.")
        self.width, self.height, self.depth, self.color, method, filters, self.interlace = struct.unpack(
            ">IIBBBBB", body
        )
        if self.depth not in _DEPTHS.get(self.color, ()) or method or filters or self.interlace > 1:
            raise InputError(f"is damaged: a PNG of color type {self.color} with {self.depth} bits.")
        limits.check_size(self.width, self.height)

    def _pixels(self) -> Array:
        """Let OpenCV decode IHDR and IDAT alone."""
        color = GRAY if self.color == INDEXED else self.color
        header = b"IHDR" + struct.pack(">IIBBBBB", self.width, self.height, self.depth, color, 0, 0, self.interlace)
        head = SIGNATURE + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
        view = memoryview(self.data)
        tail = b"\0\0\0\0IEND\xae\x42\x60\x82"
        pixels, said = opencv_decode(
            b"".join([head, *(view[start:end] for start, end in self.pieces), tail]), UNCHANGED
        )
        channels = {GRAY: (), RGB: (3,), GRAY_ALPHA: (4,), RGB_ALPHA: (4,)}[color]
        wanted = np.uint16 if self.depth == 16 else np.uint8
        if pixels is None or pixels.shape != (self.height, self.width, *channels) or pixels.dtype != wanted:
            reason = said.partition("libpng error: ")[2].partition("\n")[0].strip() or "its pixels cannot be decoded"
            raise InputError(f"is damaged: {reason}.")
        return pixels

    def _indexed(self, pixels: Array, form: Form) -> Stored:
        """Look indices up in the palette."""
        indices = pixels if self.depth == 8 else pixels // np.uint8(255 // (2**self.depth - 1))
        if form == "raw":
            return Stored(indices)
        highest = int(indices.max())
        if highest >= len(self.palette):
            raise InputError(f"is damaged: it uses color {highest}, its palette has {len(self.palette)}.")
        if not self.transparency:
            return Stored(self.palette[indices])
        opacity = np.full(256, 255, np.uint8)
        given = np.frombuffer(self.transparency[:256], np.uint8)
        opacity[: len(given)] = given
        return Stored(self.palette[indices], opacity[indices])

    def _keyed_alpha(self, pixels: Array) -> Array:
        """Alpha from the one color that counts as transparent."""
        samples = _SAMPLES[self.color]
        key = np.array(struct.unpack_from(f">{samples}H", self.transparency), np.uint32) & (2**self.depth - 1)
        if self.depth < 8:
            key = key * (255 // (2**self.depth - 1))
        keyed = pixels == key[0] if samples == 1 else (pixels == key).all(axis=2)
        return np.where(keyed, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)


open_file = Png


def _number(data: bytes, place: int) -> int:
    """Four bytes as a number."""
    return int.from_bytes(data[place : place + 4], "big")


def _printable(name: bytes) -> str:
    """A chunk's name in letters that cannot harm a terminal."""
    return name.decode("ascii", "replace") if name.isalpha() else name.hex()
