"""BMP, all of it in numpy: 1 to 32 bits, palettes, bit fields, run lengths, top-down."""

from __future__ import annotations

import struct

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.bits import unpack_bits
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored

PLAIN, RLE8, RLE4, FIELDS, ALPHA_FIELDS = 0, 1, 2, 3, 6
_BITS = {PLAIN: (1, 2, 4, 8, 16, 24, 32), RLE8: (8,), RLE4: (4,), FIELDS: (16, 32), ALPHA_FIELDS: (16, 32)}
_SHORT_HEADER = 12


class Bmp:
    """A BMP file whose header has been checked against its size."""

    direct = False
    pages = 1

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        try:
            self._read_header(limits)
        except struct.error:
            raise InputError(f"is truncated: a BMP of {len(data)} bytes that ends in its header.") from None
        self.row = (self.width * self.bits + 31) // 32 * 4
        left = len(data) - self.start
        if self.compression in (RLE8, RLE4):
            # Two bytes make at most 255 pixels; an image that claims more is cut short or a bomb.
            if self.width * self.height > 128 * max(left, 0):
                raise InputError(f"is truncated: {self.width} x {self.height} pixels in {left:,} bytes of run lengths.")
        elif self.row * self.height > left:
            raise InputError(f"is truncated: its pixels need {self.row * self.height:,} bytes, the file has {left:,}.")

    def header(self, page: int) -> Header:
        gray = self.bits <= 8 and _is_gray(self.palette)
        names = {RLE8: "run lengths", RLE4: "run lengths"}
        return Header(
            self.width,
            self.height,
            "uint8",
            min(self.bits, 8),
            1 if gray else 3,
            alpha=bool(self.masks[3]),
            palette=self.bits <= 8,
            compression=names.get(self.compression, ""),
        )

    def decode(self, page: int, form: Form) -> Stored:
        if self.bits <= 8:
            return self._indexed(form)
        rows = np.frombuffer(self.data, np.uint8, self.row * self.height, self.start).reshape(self.height, self.row)
        if not self.top_down:
            rows = rows[::-1]
        if self.bits == 24:
            return Stored(
                np.ascontiguousarray(rows[:, : 3 * self.width].reshape(self.height, self.width, 3)[:, :, ::-1])
            )
        words = np.ascontiguousarray(rows[:, : self.width * self.bits // 8]).view(f"<u{self.bits // 8}")
        channels = [_field(words, mask) for mask in self.masks]
        return Stored(np.stack(channels[:3], axis=2), channels[3] if self.masks[3] else None)

    def _read_header(self, limits: Limits) -> None:
        """Read the file header and any of the seven information headers."""
        data = self.data
        self.start, size = struct.unpack_from("<II", data, 10)
        colors = 0
        self.compression = PLAIN
        if size == _SHORT_HEADER:
            self.width, height, _, self.bits = struct.unpack_from("<HHHH", data, 18)
        elif size >= 16:
            self.width, height, _, self.bits = struct.unpack_from("<iiHH", data, 18)
            if size >= 40:
                self.compression, _, _, _, colors = struct.unpack_from("<IIiiI", data, 30)
        else:
            raise InputError(f"is a BMP with an unknown header of {size} bytes.")
        self.top_down = height < 0
        self.height = abs(height)
        limits.check_size(self.width, self.height)
        if self.bits not in _BITS.get(self.compression, ()):
            raise InputError(f"is a BMP of a kind that is not read ({self.bits} bits, compression {self.compression}).")
        self.masks = self._read_masks(size)
        self.palette = self._read_palette(size, colors)
        if self.start < 14 + size or self.start > len(data):
            raise InputError(f"is damaged: its pixels start at byte {self.start:,} of {len(data):,}.")

    def _read_masks(self, size: int) -> tuple[int, int, int, int]:
        """Bit masks of red, green, blue and alpha."""
        if self.compression in (FIELDS, ALPHA_FIELDS):
            wide = size >= 56 or self.compression == ALPHA_FIELDS
            found = struct.unpack_from("<IIII" if wide else "<III", self.data, 54)
            if any(mask >> self.bits for mask in found) or not all(map(_is_run, found)):
                raise InputError("is damaged: its bit fields lie outside the pixel or have gaps.")
            return (found[0], found[1], found[2], found[3] if wide else 0)
        if self.bits == 16:
            return (0x7C00, 0x03E0, 0x001F, 0)
        return (0xFF0000, 0xFF00, 0xFF, 0)

    def _read_palette(self, size: int, colors: int) -> Array:
        """The palette as (N, 3) RGB."""
        if self.bits > 8:
            return np.zeros((0, 3), np.uint8)
        entry = 3 if size == _SHORT_HEADER else 4
        count = min(colors or 2**self.bits, 2**self.bits, max(self.start - 14 - size, 0) // entry)
        if 14 + size + count * entry > len(self.data) or not count:
            raise InputError(f"is truncated: a BMP of {len(self.data)} bytes without its palette.")
        table = np.frombuffer(self.data, np.uint8, count * entry, 14 + size).reshape(count, entry)
        return np.ascontiguousarray(table[:, 2::-1])

    def _indexed(self, form: Form) -> Stored:
        """Pixels through the palette; a palette of grays gives gray."""
        if self.compression in (RLE8, RLE4):
            indices = unpack_runs(self.data, self.start, self.width, self.height, self.bits)[::-1]
        else:
            packed = np.frombuffer(self.data, np.uint8, self.row * self.height, self.start)
            indices = unpack_bits(packed.reshape(self.height, self.row), self.bits)[:, : self.width]
            indices = indices if self.top_down else indices[::-1]
        gray = _is_gray(self.palette)
        if form == "raw":
            # One bit in black and white is a mask whatever the order of its palette: white is 1.
            flipped = self.bits == 1 and gray and len(self.palette) == 2 and self.palette[0, 0] > self.palette[1, 0]
            return Stored(np.ascontiguousarray(1 - indices if flipped else indices))
        highest = int(indices.max())
        if highest >= len(self.palette):
            raise InputError(f"is damaged: it uses color {highest}, its palette has {len(self.palette)}.")
        return Stored((np.ascontiguousarray(self.palette[:, 0]) if gray else self.palette)[indices])


open_file = Bmp


def unpack_runs(data: bytes, start: int, width: int, height: int, bits: int) -> Array:
    """Unpack RLE8 or RLE4 to (H, W) indices, the bottom row first; skipped pixels are 0."""
    pixels = bytearray(width * height)
    place, x, y = start, 0, 0
    try:
        while True:
            count, value = data[place], data[place + 1]
            place += 2
            if count:
                run = bytes([value]) * count if bits == 8 else (bytes([value >> 4, value & 15]) * 128)[:count]
            elif value == 0:
                x, y = 0, y + 1
                continue
            elif value == 1:
                break
            elif value == 2:
                x, y, place = x + data[place], y + data[place + 1], place + 2
                continue
            else:
                used = value if bits == 8 else (value + 1) // 2
                raw = data[place : place + used]
                if len(raw) < used:
                    raise IndexError
                run = raw if bits == 8 else bytes(part for byte in raw for part in (byte >> 4, byte & 15))[:value]
                place += used + used % 2
            if y >= height or x + len(run) > width:
                raise InputError(f"is damaged: a run of {len(run)} pixels leaves its row.")
            pixels[y * width + x : y * width + x + len(run)] = run
            x += len(run)
    except IndexError:
        raise InputError(f"is truncated: its run lengths end in row {y + 1} of {height}.") from None
    return np.frombuffer(pixels, np.uint8).reshape(height, width)


def _field(words: Array, mask: int) -> Array:
    """One channel of packed pixels, stretched to 8 bits and rounded."""
    if not mask:
        return np.zeros(words.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    full = mask >> shift
    values = (words >> shift) & full
    if full == 255:
        return values.astype(np.uint8)
    return ((values.astype(np.uint64) * 255 + full // 2) // full).astype(np.uint8)


def _is_run(mask: int) -> bool:
    """Whether the bits of a mask stand side by side."""
    return not mask or (mask // (mask & -mask) + 1) & (mask // (mask & -mask)) == 0


def _is_gray(palette: Array) -> bool:
    """Whether red, green and blue are the same in each color."""
    return bool((palette == palette[:, :1]).all())
