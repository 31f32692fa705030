"""JPEG: its markers are walked here, its pixels come from OpenCV."""

from __future__ import annotations

import re
import struct

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.doors import GRAY, IGNORE_ORIENTATION, RGB, opencv_decode, pillow
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored, exif_orientation

MOST_SCANS = 500
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_LEFT_OVER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_DAMAGE = re.compile(
    r"Corrupt JPEG data|Premature end of JPEG|Inconsistent progression|bad Huffman|Invalid crop|Bogus", re.IGNORECASE
)
_PROCESSES = {
    0xC0: "baseline",
    0xC1: "extended",
    0xC2: "progressive",
    0xC3: "lossless",
    0xC9: "arithmetic",
    0xCA: "progressive arithmetic",
}
_PILLOW_ONLY = (0xC3, 0xC9, 0xCA)


class Jpeg:
    """A JPEG file whose markers have been walked to its end."""

    direct = True
    pages = 1

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.limits = limits
        self.process = self.precision = self.width = self.height = self.components = 0
        self.orientation = 0
        self.metadata = 0
        scan = self._walk_header()
        limits.check_size(self.width, self.height)
        limits.check_metadata(self.metadata)
        limits.check_density(self.width, self.height, len(data))
        self._check_process()
        self._walk_scans(scan)

    def header(self, page: int) -> Header:
        name = _PROCESSES[self.process]
        channels = 1 if self.components == 1 else 3
        notes = ("CMYK was converted to RGB",) if self.components == 4 else ()
        lossy = self.process != 0xC3
        return Header(
            self.width,
            self.height,
            "uint8",
            8,
            channels,
            orientation=self.orientation or 1,
            compression=f"{name} JPEG",
            lossy=lossy,
            notes=notes,
        )

    def decode(self, page: int, form: Form) -> Stored:
        gray = form == "gray" or (form != "color" and self.components == 1)
        if self.components == 4:
            return self._decode_cmyk()
        if self.process in _PILLOW_ONLY:
            return self._decode_rare(gray)
        pixels, notes = self._checked(GRAY if gray else RGB)
        return Stored(pixels, notes=notes)

    def _walk_header(self) -> int:
        """Read the segments before the first scan; the position of that scan's data."""
        data = self.data
        place = 2
        while True:
            place = data.find(b"\xff", place)
            while place >= 0 and data[place + 1 : place + 2] == b"\xff":
                place += 1
            if place < 0 or place + 4 > len(data):
                raise InputError(f"is truncated: a JPEG of {len(data):,} bytes that ends before its pixels.")
            marker = data[place + 1]
            if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
                place += 2
                continue
            if marker == 0xD9:
                raise InputError("is a JPEG without pixels: its end marker comes before any scan.")
            length: int = struct.unpack_from(">H", data, place + 2)[0]
            if length < 2 or place + 2 + length > len(data):
                raise InputError(f"is truncated: a JPEG segment needs {length:,} bytes, the file has {len(data):,}.")
            self._segment(marker, data[place + 4 : place + 2 + length])
            place += 2 + length
            if marker == 0xDA:
                if not self.process:
                    raise InputError("is damaged: a JPEG scan without a frame header.")
                return place

    def _segment(self, marker: int, body: bytes) -> None:
        """Note what one segment before the first scan says."""
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if len(body) < 6:
                raise InputError("is damaged: its JPEG frame header is too short.")
            self.process = marker
            self.precision, self.height, self.width, self.components = struct.unpack_from(">BHHB", body)
        elif 0xE0 <= marker <= 0xEF or marker == 0xFE:
            self.metadata += len(body)
            if marker == 0xE1 and body.startswith(b"Exif\0") and not self.orientation:
                self.orientation = exif_orientation(body[6:])

    def _check_process(self) -> None:
        """Refuse by name what no decoder at hand can do."""
        if self.process not in _PROCESSES:
            raise InputError(f"is a JPEG of a kind that is not read (process SOF{self.process - 0xC0}).")
        if self.precision != 8:
            raise InputError(f"is a {self.precision}-bit JPEG; only 8-bit JPEG is read. Convert it to PNG or TIFF.")
        if self.components not in (1, 3, 4):
            raise InputError(f"is a JPEG with {self.components} channels; 1, 3 or 4 are read.")

    def _walk_scans(self, place: int) -> None:
        """Follow the scans to the end marker, so that a truncated file is known before it is decoded."""
        data = self.data
        start = place
        scans = 1
        # The usual file, one scan and nothing behind it, needs no search: half the time of this check.
        while not (data.endswith(b"\xff\xd9") and self.process in (0xC0, 0xC1, 0xC3, 0xC9) and scans == 1):
            found = _MARKER.search(data, place)
            if found is None:
                raise InputError(f"is truncated: a JPEG of {len(data):,} bytes without its end marker.")
            marker = data[found.start() + 1]
            place = found.end()
            if marker == 0xD9:
                break
            if marker != 0x01 and place + 2 <= len(data):
                place += struct.unpack_from(">H", data, place)[0]
            scans += marker == 0xDA
            if scans > MOST_SCANS and not self.limits.unlimited:
                raise InputError(f"has more than {MOST_SCANS} JPEG scans. Add --no-limits to read it all the same.")
        # Huffman coding spends at least one bit on each block of 8 x 8; a bomb spends none.
        blocks = -(-self.width // 8) * -(-self.height // 8)
        if self.process in (0xC0, 0xC1, 0xC2) and 8 * (len(data) - start) < blocks:
            raise InputError(
                f"is truncated: {self.width} x {self.height} pixels in {len(data) - start:,} bytes of JPEG data."
            )

    def _checked(self, flags: int) -> tuple[Array, tuple[str, ...]]:
        """Decode with OpenCV; all pixels, or an error that says what libjpeg complained of."""
        pixels, said = opencv_decode(self.data, flags | IGNORE_ORIENTATION)
        if pixels is None or pixels.shape[:2] != (self.height, self.width):
            raise InputError(f"is damaged: its {_PROCESSES[self.process]} JPEG data cannot be decoded.")
        left_over = _LEFT_OVER.search(said)
        if left_over:
            return pixels, (f"{left_over[1]} bytes were left over after the last pixel, which may mean damage",)
        damage = _DAMAGE.search(said)
        if damage:
            line = next(line for line in said.splitlines() if damage[0] in line)
            raise InputError(f"is damaged: {line.strip()}.")
        return pixels, ()

    def _decode_cmyk(self) -> Stored:
        """CMYK and YCCK, stored inverted as Adobe does: OpenCV judges the data, Pillow gives the four inks."""
        if self.process not in _PILLOW_ONLY:
            self._checked(GRAY)
        inks = self._through_pillow()
        if inks.ndim != 3 or inks.shape[2] != 4:
            raise InputError("is damaged: its CMYK JPEG data cannot be decoded.")
        return Stored(cmyk_to_rgb(inks))

    def _decode_rare(self, gray: bool) -> Stored:
        """Arithmetic coding and lossless color, which OpenCV cannot do and Pillow can."""
        pixels = self._through_pillow()
        if gray and pixels.ndim == 3:
            from segcli.numeric.forms import as_gray

            pixels = as_gray(pixels)
        return Stored(pixels)

    def _through_pillow(self) -> Array:
        """Decode with Pillow, in the file's own channels."""
        import io

        with pillow() as library:
            pixels = np.asarray(library.open(io.BytesIO(self.data), formats=["JPEG"]))
        if pixels.shape[:2] != (self.height, self.width):
            raise InputError("is damaged: its JPEG data do not fill its size.")
        return pixels


open_file = Jpeg


def cmyk_to_rgb(inks: Array) -> Array:
    """(H, W, 4) inks, where the type's largest value is full ink, to RGB on white paper, rounded."""
    full = int(np.iinfo(inks.dtype).max)
    paper: Array = (full - inks).astype(np.uint32 if full < 65536 else np.uint64)
    mixed: Array = paper[:, :, :3] * paper[:, :, 3:] + full // 2
    return (mixed // full).astype(inks.dtype)
