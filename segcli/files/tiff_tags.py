"""TIFF directories: which pages a file has and what their tags say."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.limits import Limits

_TYPES = {
    1: "u1",
    2: "S1",
    3: "u2",
    4: "u4",
    6: "i1",
    7: "u1",
    8: "i2",
    9: "i4",
    13: "u4",
    16: "u8",
    17: "i8",
    18: "u8",
}
_SIZES = {**{kind: np.dtype(name).itemsize for kind, name in _TYPES.items()}, 5: 8, 10: 8, 11: 4, 12: 8}

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, DESCRIPTION = 254, 256, 257, 258, 259, 262, 266, 270
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS, PLANAR = 273, 274, 277, 278, 279, 284
PREDICTOR, COLOR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 317, 320, 322, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES, SUBSAMPLING, DEPTH = 338, 339, 347, 530, 32997

_NOT_METADATA = {STRIP_OFFSETS, STRIP_COUNTS, TILE_OFFSETS, TILE_COUNTS, COLOR_MAP, 37724}
"""Tags whose size is no reason to refuse a file: tables of pixels, and the layers that Photoshop keeps."""


class Tag(NamedTuple):
    """One entry of a directory: its type, how many values, and where they lie."""

    kind: int
    length: int
    place: int


Directory = dict[int, Tag]


class Tags:
    """The directories of a TIFF file, classic or big, in either byte order."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.limits = limits
        self.order = "<" if data[:2] == b"II" else ">"
        self.big = data[2:4] in (b"+\0", b"\0+")
        try:
            if self.big and self._unpack("HH", 4) != (8, 0):
                raise InputError("is damaged: a BigTIFF whose offsets do not have 8 bytes.")
            found = self._chain(self._unpack("Q", 8)[0] if self.big else self._unpack("I", 4)[0])
        except struct.error:
            raise InputError(f"is truncated: a TIFF of {len(data):,} bytes without a directory.") from None
        # Thumbnails, pyramid levels and transparency masks are no pages of their own.
        pages = [place for place, directory in enumerate(found) if not self.number(directory, SUBFILE, 0) & 5]
        self.places = pages or list(range(len(found)))
        self.directories = [found[place] for place in self.places]
        if not found:
            raise InputError("is a TIFF without a page.")

    def numbers(self, directory: Directory, name: int) -> Array:
        """All values of a whole-number tag; none if it is missing or of another type."""
        tag = directory.get(name)
        if tag is None or tag.kind not in _TYPES or tag.kind == 2:
            return np.zeros(0, np.int64)
        kind = np.dtype(self.order + _TYPES[tag.kind])
        return (
            np.frombuffer(self.data, kind, tag.length, tag.place).astype(np.int64)
            if tag.length
            else np.zeros(0, np.int64)
        )

    def number(self, directory: Directory, name: int, default: int) -> int:
        """The first value of a whole-number tag."""
        values = self.numbers(directory, name)
        return int(values[0]) if len(values) else default

    def content(self, directory: Directory, name: int) -> bytes:
        """The bytes of a tag."""
        tag = directory.get(name)
        return b"" if tag is None else self.data[tag.place : tag.place + tag.length * _SIZES[tag.kind]]

    def stack(self) -> int:
        """Number of images that ImageJ says follow each other behind the only directory; 1 if it says nothing."""
        text = self.content(self.directories[0], DESCRIPTION)
        found = re.search(rb"\nimages=(\d{1,9})\s", text + b"\n") if text.startswith(b"ImageJ=") else None
        return int(found[1]) if found and len(self.directories) == 1 else 1

    def _unpack(self, pattern: str, place: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + pattern, self.data, place)

    def _chain(self, place: int) -> list[Directory]:
        """Follow the directories from the first to the last."""
        found: list[Directory] = []
        seen: set[int] = set()
        count, entry = ("Q", "HHQ8s") if self.big else ("H", "HHI4s")
        head, size = struct.calcsize(self.order + count), struct.calcsize(self.order + entry)
        while place:
            if place in seen:
                raise InputError("is damaged: its TIFF directories form a loop.")
            seen.add(place)
            if place + head > len(self.data):
                raise InputError(
                    f"is truncated: TIFF page {len(found) + 1} lies at byte {place:,} of {len(self.data):,}."
                )
            (entries,) = self._unpack(count, place)
            end = place + head + entries * size
            if end + head > len(self.data) + (0 if self.big else 2):
                raise InputError(f"is truncated: its TIFF directory has {entries:,} entries, the file ends before.")
            found.append(self._directory(place + head, end, size, entry))
            self.limits.check_pages(len(found))
            following = self.data[end : end + (8 if self.big else 4)]
            place = int.from_bytes(following, "little" if self.order == "<" else "big")
        return found

    def _directory(self, start: int, end: int, size: int, pattern: str) -> Directory:
        """Read the entries of one directory; values that lie outside the file are refused."""
        tags: Directory = {}
        metadata = 0
        value = size - (8 if self.big else 4)
        far = "Q" if self.big else "I"
        for index, (name, kind, count, _) in enumerate(struct.iter_unpack(self.order + pattern, self.data[start:end])):
            if kind not in _SIZES:
                continue
            length = count * _SIZES[kind]
            place = start + index * size + value
            if length > size - value:
                (place,) = self._unpack(far, place)
                if place + length > len(self.data):
                    if name in _NEEDED:
                        raise InputError(
                            f"is truncated: TIFF tag {name} needs {length:,} bytes at {place:,}, "
                            f"the file has {len(self.data):,}."
                        )
                    continue
            if name not in _NOT_METADATA:
                metadata += length
            tags.setdefault(name, Tag(kind, count, place))
        self.limits.check_metadata(metadata)
        return tags


_NEEDED = {
    SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, ORIENTATION, SAMPLES,
    ROWS_PER_STRIP, STRIP_COUNTS, PLANAR, PREDICTOR, COLOR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS,
    EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES, SUBSAMPLING,
}  # fmt: skip
"""Tags that decide the pixels; a damaged one among the others is passed over."""
