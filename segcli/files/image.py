"""One picture (a page of a file) and the forms of its pixels, each decoded when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray
from segcli.errors import InputError
from segcli.files.stored import File, Form, Header, orient
from segcli.numeric.forms import as_color, as_gray
from segcli.numeric.forms import native as native_form

AlphaChoice = Literal["white", "keep", "mask"]


class Digest:
    """The SHA-256 of a file, worked out when it is first asked for, once for all pages."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data

    @cached_property
    def text(self) -> str:
        return sha256(self.data).hexdigest()


class Image:
    """What was read from one page.

    Attributes
    ----------
    name : as the user gave it.
    format : PNG, JPEG, TIFF, BMP, WebP, GIF, PNM or NPY.
    page, pages : which page this is, from 0, and how many there are.
    header : what the file announces of it.

    Pixels are decoded on first use and kept; damage to them raises InputError at that moment.
    """

    def __init__(
        self,
        file: File,
        name: str,
        format: str,  # noqa: A002
        digest: Digest,
        page: int = 0,
        alpha: AlphaChoice = "white",
        notes: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.format = format
        self._digest = digest
        self.page = page
        self.pages = file.pages
        self.header: Header = file.header(page)
        self._file = file
        self._choice = alpha
        self._notes = [*notes, *self.header.notes]
        self._kept: dict[str, Array | None] = {}

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        return self._digest.text

    @property
    def data(self) -> bytes:
        """The file's bytes, of all its pages."""
        return bytes(self._digest.data)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the upright picture."""
        width, height = self.header.width, self.header.height
        return (height, width) if self.header.orientation >= 5 else (width, height)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed on the way from the file; complete once pixels have been asked for."""
        return tuple(self._notes)

    @property
    def native(self) -> Array:
        """(H, W) gray or (H, W, 3) RGB in uint8, uint16 or float32, in the file's own units."""
        if "native" not in self._kept:
            self._kept["native"] = self._native()
        return self._array("native")

    @property
    def gray(self) -> Gray:
        """(H, W) in the type of `native`; from a JPEG its luma, without decoding color."""
        return self._form("gray", as_gray)

    @property
    def color(self) -> Color:
        """(H, W, 3) RGB in the type of `native`."""
        return self._form("color", as_color)

    @property
    def channels(self) -> Array:
        """(H, W) or (H, W, C): every channel of the file but alpha, however many there are, in its own type."""
        return self._upright()

    @property
    def alpha(self) -> Array | None:
        """(H, W) opacity as the file stores it, or None where it has none."""
        if not self.header.alpha:
            return None
        self._upright()
        return self._kept["alpha"]

    @property
    def info(self) -> dict[str, Any]:
        """What the header says, as plain values."""
        header = self.header
        width, height = self.size
        return {
            "format": self.format,
            "width": width,
            "height": height,
            "type": header.type,
            "bits": header.bits,
            "channels": header.channels + header.alpha,
            "alpha": header.alpha,
            "palette": header.palette,
            "compression": header.compression,
            "lossy": header.lossy,
            "page": self.page,
            "pages": self.pages,
            "orientation": header.orientation,
            "sha256": self.digest,
        }

    def pixels(self, form: Literal["gray", "color", "any"]) -> Array:
        """The picture in the form that a method asks for."""
        return self.native if form == "any" else self.gray if form == "gray" else self.color

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """`native`, so that an Image goes wherever an array does."""
        values = self.native if dtype is None else self.native.astype(dtype, copy=False)
        return values.copy() if copy else values

    def _array(self, form: str) -> Array:
        found = self._kept[form]
        assert found is not None
        return found

    def _form(self, form: Literal["gray", "color"], change: Any) -> Array:
        """Gray or color: decoded as such where the format can, else made from `native`."""
        if form not in self._kept:
            gray = self.header.channels == 1
            if self._file.direct and gray == (form == "gray"):
                self._kept[form] = self.native
            elif self._file.direct and form == "color" and gray:
                self._kept[form] = as_color(self.native)
            elif self._file.direct:
                self._kept[form] = self._decode(form)
            else:
                self._kept[form] = change(self.native)
        return self._array(form)

    def _decode(self, form: Form) -> Array:
        """Decode and turn upright."""
        stored = self._file.decode(self.page, form)
        self._notes += [note for note in stored.notes if note not in self._notes]
        return orient(stored.values, self.header.orientation)

    def _upright(self) -> Array:
        """Decode all channels and alpha, and turn them upright."""
        if "channels" not in self._kept:
            stored = self._file.decode(self.page, "image")
            orientation = self.header.orientation
            self._kept["channels"] = orient(stored.values, orientation)
            self._kept["alpha"] = None if stored.alpha is None else orient(stored.alpha, orientation)
            self._premultiplied = stored.premultiplied
            self._notes += [note for note in stored.notes if note not in self._notes]
        return self._array("channels")

    def _native(self) -> Array:
        """All channels in a type that methods take, on white where alpha says so."""
        values = self._upright()
        if values.ndim == 3 and values.shape[2] != 3:
            raise InputError(
                f"has {values.shape[2]} channels; 1 or 3 are read as an image. Choose one with --channel 0 to "
                f"{values.shape[2] - 1} (or --page, if they are pages)."
            )
        alpha = self._kept["alpha"]
        if alpha is not None and self._choice == "white" and (alpha != _opaque(alpha)).any():
            values = on_white(values, alpha, self._premultiplied)
            self._notes.append("transparent pixels were put on white (--alpha keep|mask)")
        with np.errstate(over="ignore"):
            changed, notes = native_form(values)
        self._notes += notes
        return changed


def on_white(values: Array, alpha: Array, premultiplied: bool = False) -> Array:
    """Composite colors on white by their alpha, rounded.

    Examples
    --------
    >>> on_white(np.array([[0, 100]], np.uint8), np.array([[51, 255]], np.uint8)).tolist()
    [[204, 100]]
    """
    white = _opaque(alpha)
    alpha = alpha if values.ndim == 2 else alpha[:, :, None]
    if values.dtype.kind == "f":
        share = alpha / white
        return np.asarray((values if premultiplied else values * share) + (1 - share), values.dtype)
    # 65,535 squared and rounded just fits uint32.
    wide = np.dtype(np.uint32 if values.dtype.itemsize <= 2 else np.float64)
    full = wide.type(white)
    under: Array = np.subtract(full, alpha, dtype=wide)
    if premultiplied:
        return np.asarray(np.minimum(values + under, full), values.dtype)
    mixed: Array = np.multiply(values, alpha, dtype=wide) + full * under
    return ((mixed + wide.type(white // 2)) // full).astype(values.dtype)


def _opaque(alpha: Array) -> float:
    """The alpha value of an opaque pixel."""
    return 1.0 if alpha.dtype.kind == "f" else int(np.iinfo(alpha.dtype).max)
