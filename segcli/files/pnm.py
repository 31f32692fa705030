"""PNM in numpy: PBM, PGM and PPM as text or binary, PAM, and the float format PFM."""

from __future__ import annotations

import re
import warnings

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored

_TOKEN = re.compile(rb"(?:\s|#[^\n]*(?:\n|$))*([^\s#]+)")
_CHANNELS = {b"1": 1, b"2": 1, b"3": 3, b"4": 1, b"5": 1, b"6": 3, b"f": 1, b"F": 3}
_LONGEST_HEADER = 65536


class Pnm:
    """A PNM file whose header has been read."""

    direct = False
    pages = 1

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.kind = data[1:2]
        self.place = 2
        self.alpha = False
        self.maximum = 1
        if self.kind == b"7":
            self._read_pam()
        else:
            self.samples = _CHANNELS[self.kind]
            self.width, self.height = self._whole("width"), self._whole("height")
            if self.kind in b"fF":
                self.scale = self._scale()
            elif self.kind not in b"14":
                self.maximum = self._whole("maximum")
        limits.check_size(self.width, self.height)
        if not 1 <= self.maximum <= 65535:
            raise InputError(f"says its largest value is {self.maximum}; PNM allows 1 to 65535.")
        # A single white space ends a binary header.
        self.place += self.kind not in b"1237"
        self._check_length()

    def header(self, page: int) -> Header:
        name = "float32" if self.kind in b"fF" else "uint16" if self.maximum > 255 else "uint8"
        bits = 32 if name == "float32" else self.maximum.bit_length()
        notes: tuple[str, ...] = ()
        if name == "uint8" and self.maximum not in (1, 3, 15, 255):
            notes = (f"values from 0 to {self.maximum} were stretched to 0 to 255",)
        return Header(self.width, self.height, name, bits, self.samples - self.alpha, alpha=self.alpha, notes=notes)

    def decode(self, page: int, form: Form) -> Stored:
        if self.kind in b"fF":
            values = self._floats()
        elif self.kind in b"123":
            values = self._text()
        else:
            values = self._binary()
        if self.kind in b"14":
            values = 1 - values  # PBM: 1 is black
        if self.kind not in b"fF" and int(values.max()) > self.maximum:
            raise InputError(f"is damaged: it holds {int(values.max())}, its header says at most {self.maximum}.")
        if form != "raw" and self.kind not in b"fF" and self.maximum < 255:
            values = ((values.astype(np.uint32) * 255 + self.maximum // 2) // self.maximum).astype(np.uint8)
        if not self.alpha:
            return Stored(values)
        colors = values[:, :, 0] if self.samples == 2 else values[:, :, :3]
        alpha = values[:, :, -1]
        return Stored(np.ascontiguousarray(colors), np.ascontiguousarray(alpha))

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.height, self.width) if self.samples == 1 else (self.height, self.width, self.samples)

    def _token(self, what: str) -> bytes:
        """The next word of the header."""
        found = _TOKEN.match(self.data, self.place, self.place + _LONGEST_HEADER)
        if not found:
            raise InputError(f"is truncated: a PNM that ends before its {what}.")
        self.place = found.end()
        return found[1]

    def _whole(self, what: str) -> int:
        """The next word of the header as a whole number."""
        word = self._token(what)
        if not word.isdigit() or len(word) > 18:
            raise InputError(f"is damaged: its {what} is {word[:20]!r}; a PNM has a whole number there.")
        return int(word)

    def _scale(self) -> float:
        """The scale of a PFM, whose sign is the byte order."""
        word = self._token("scale")
        try:
            scale = float(word)
        except ValueError:
            scale = 0.0
        if not np.isfinite(scale) or scale == 0:
            raise InputError(f"is damaged: its scale is {word[:20]!r}; a PFM has a number other than 0 there.")
        return scale

    def _read_pam(self) -> None:
        """Read the header of a PAM, which has names."""
        end = self.data.find(b"ENDHDR\n", 0, _LONGEST_HEADER)
        if end < 0:
            raise InputError("is truncated: a PAM that ends in its header.")
        fields: dict[bytes, bytes] = {}
        for line in self.data[2:end].splitlines():
            name, _, value = line.partition(b" ")
            if name and not name.startswith(b"#"):
                fields[name] = value.strip()
        numbers = [fields.get(name, b"") for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")]
        if not all(number.isdigit() and len(number) < 18 for number in numbers):
            raise InputError("is damaged: a PAM needs WIDTH, HEIGHT, DEPTH and MAXVAL.")
        self.width, self.height, self.samples, self.maximum = map(int, numbers)
        if not 1 <= self.samples <= 4:
            raise InputError(f"is a PAM with {self.samples} channels; 1 to 4 are read.")
        self.alpha = fields.get(b"TUPLTYPE", b"").endswith(b"_ALPHA") or self.samples in (2, 4)
        self.place = end + len(b"ENDHDR\n")

    def _check_length(self) -> None:
        """Refuse a file that is shorter than its header promises."""
        samples = self.width * self.height * self.samples
        size = 4 if self.kind in b"fF" else 1 + (self.maximum > 255)
        needed = (self.width + 7) // 8 * self.height if self.kind == b"4" else samples * size
        if self.kind in b"23":
            needed = 2 * samples - 1
        elif self.kind == b"1":
            needed = samples
        left = max(len(self.data) - self.place, 0)
        if needed > left:
            raise InputError(f"is truncated: its pixels need {needed:,} bytes, the file has {left:,}.")

    def _binary(self) -> Array:
        """P4, P5, P6 and P7."""
        if self.kind == b"4":
            row = (self.width + 7) // 8
            packed = np.frombuffer(self.data, np.uint8, row * self.height, self.place).reshape(self.height, row)
            return np.unpackbits(packed, axis=1)[:, : self.width]
        kind = np.dtype(">u2") if self.maximum > 255 else np.dtype(np.uint8)
        count = self.width * self.height * self.samples
        values = np.frombuffer(self.data, kind, count, self.place)
        return values.astype(kind.newbyteorder("="), copy=False).reshape(self.shape)

    def _text(self) -> Array:
        """P1, P2 and P3: digits between white space, comments anywhere."""
        body = self.data[self.place :]
        if b"#" in body:
            body = re.sub(rb"#[^\n]*", b" ", body)
        count = self.width * self.height * self.samples
        if self.kind == b"1":
            digits = np.frombuffer(bytes(body).translate(None, b" \t\r\n\v\f")[:count], np.uint8)
            values = digits.astype(np.int64) - ord("0")
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    # Given a count, NumPy makes values up where there are too few.
                    values = np.fromstring(body, np.int64, sep=" ")[:count]
                except (ValueError, DeprecationWarning):
                    values = np.zeros(0, np.int64)
        if len(values) < count or int(values.min()) < 0 or int(values.max()) > self.maximum:
            raise InputError(
                f"is damaged or truncated: its text has not {count:,} whole numbers from 0 to {self.maximum}."
            )
        return values.astype(np.uint8 if self.maximum <= 255 else np.uint16).reshape(self.shape)

    def _floats(self) -> Array:
        """PF and Pf: rows from the bottom up."""
        kind = "<f4" if self.scale < 0 else ">f4"
        values = np.frombuffer(self.data, kind, self.width * self.height * self.samples, self.place)
        return np.ascontiguousarray(values.reshape(self.shape)[::-1].astype(np.float32, copy=False))


open_file = Pnm
