"""TIFF: its directories and the common layouts are read here.

Compressed data are unpacked by zlib, by OpenCV's libtiff (LZW, PackBits) and libjpeg; whatever else
there is goes to tifffile, which needs imagecodecs for it.
"""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.bits import stretch
from segcli.files.jpeg import cmyk_to_rgb
from segcli.files.limits import Limits
from segcli.files.stored import Form, Header, Stored
from segcli.files.tiff_layout import CMYK, PALETTE, WHITE_IS_0, YCBCR, Layout, read_layout
from segcli.files.tiff_pixels import JPEG, OLD_JPEG, RATIOS, sample_type, unpack
from segcli.files.tiff_tags import Tags

_REFUSED = {
    8: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32803: "camera raw",
    32844: "LogL",
    32845: "LogLuv",
    34892: "camera raw",
}
_COMPRESSIONS = {
    1: "none", 2: "CCITT RLE", 3: "CCITT G3", 4: "CCITT G4", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate",
    32773: "PackBits", 32946: "deflate", 34887: "LERC", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP",
}  # fmt: skip


class Tiff:
    """A TIFF file whose directories have been read."""

    direct = False

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.tags = Tags(data, limits)
        self.kept: tuple[int, Layout] | None = None
        first = self.layout(0)
        images = self.tags.stack()
        size = int(first.counts.sum())
        whole = first.compression == 1 and (first.offsets[1:] == first.offsets[:-1] + first.counts[:-1]).all()
        # Older ImageJ stacks have one directory, and images that follow each other behind it.
        self.stack = images if whole and images > 1 and first.offsets[0] + images * size <= len(data) else 1
        limits.check_pages(self.stack)

    @property
    def pages(self) -> int:
        return self.stack if self.stack > 1 else len(self.tags.directories)

    def layout(self, page: int) -> Layout:
        """The layout of a page, checked."""
        if self.kept is None or self.kept[0] != page:
            layout = read_layout(self.tags, self.tags.directories[page])
            _check_kind(layout)
            self.kept = (page, layout)
        return self.kept[1]

    def header(self, page: int) -> Header:
        layout = self.layout(0 if self.stack > 1 else page)
        channels = layout.samples - bool(layout.alpha)
        if layout.photometric in (PALETTE, CMYK):
            channels = 3
        return Header(
            layout.width,
            layout.height,
            sample_type(layout).newbyteorder("=").name,
            layout.bits,
            channels,
            alpha=bool(layout.alpha),
            palette=layout.photometric == PALETTE,
            orientation=layout.orientation,
            compression=_COMPRESSIONS.get(layout.compression, f"number {layout.compression}"),
            lossy=layout.compression in (6, 7, 34712, 50001),
            notes=("CMYK was converted to RGB",) if layout.photometric == CMYK else (),
        )

    def decode(self, page: int, form: Form) -> Stored:
        layout = self.layout(0 if self.stack > 1 else page)
        shift = page * int(layout.counts.sum()) if self.stack > 1 else 0
        values = unpack(self.data, layout, self.tags.places[0 if self.stack > 1 else page], shift)
        alpha = None
        if layout.alpha:
            alpha = np.ascontiguousarray(values[:, :, -1])
            values = values[:, :, 0] if values.shape[2] == 2 else values[:, :, :-1]
            values = np.ascontiguousarray(values)
        return Stored(_meaning(values, layout, form), alpha, premultiplied=layout.alpha == 1)


open_file = Tiff


def _check_kind(layout: Layout) -> None:
    """Refuse by name what the numbers of a page cannot be made a picture of, and bombs."""
    if layout.photometric in _REFUSED:
        raise InputError(f"is a TIFF in {_REFUSED[layout.photometric]}, which is not read; convert it to RGB.")
    colors = layout.samples - bool(layout.alpha)
    if layout.photometric == PALETTE and (layout.colors is None or colors != 1 or layout.bits > 16):
        raise InputError("is damaged: an indexed TIFF without a palette that fits.")
    if layout.photometric == CMYK and (colors != 4 or layout.bits not in (8, 16)):
        raise InputError(f"is a CMYK TIFF with {layout.samples} channels of {layout.bits} bits, which is not read.")
    if (
        layout.photometric == YCBCR
        and layout.compression != JPEG
        and (layout.subsampled or colors != 3 or layout.bits != 8)
    ):
        raise InputError("is a TIFF in subsampled YCbCr outside JPEG, which is not read; convert it to RGB.")
    if layout.compression == OLD_JPEG:
        raise InputError("is a TIFF with JPEG compression of the old kind, which is not read; convert it.")
    sample_type(layout)
    needed = layout.row_bytes * int(layout.rows().sum())
    packed = int(layout.counts.sum())
    if needed > packed * RATIOS.get(layout.compression, 1 << 20):
        raise InputError(f"is truncated: {layout.width} x {layout.height} pixels in {packed:,} bytes of TIFF data.")


def _meaning(values: Array, layout: Layout, form: Form) -> Array:
    """Turn samples into what a viewer shows; `raw` leaves the numbers, but white stays the 1 of one bit."""
    if layout.photometric == PALETTE:
        if form == "raw" or layout.colors is None:
            return values
        highest = int(values.max())
        if highest >= len(layout.colors):
            raise InputError(f"is damaged: it uses color {highest}, its palette has {len(layout.colors)}.")
        return layout.colors[values]
    if layout.photometric == WHITE_IS_0 and layout.format == 1 and (form != "raw" or layout.bits == 1):
        values = values.dtype.type(2**layout.bits - 1) - values
    if layout.photometric == YCBCR and layout.compression != JPEG:
        return ycc_to_rgb(values)
    if layout.photometric == CMYK:
        return cmyk_to_rgb(np.ascontiguousarray(values))
    if form != "raw" and layout.bits < 8:
        return stretch(values, layout.bits)
    return values


def ycc_to_rgb(values: Array) -> Array:
    """(H, W, 3) full-range YCbCr of Rec. 601 in uint8 to RGB, rounded."""
    brightness = values[:, :, 0].astype(np.float32)
    blue, red = (values[:, :, place].astype(np.float32) - 128 for place in (1, 2))
    colors = [brightness + 1.402 * red, brightness - 0.344136 * blue - 0.714136 * red, brightness + 1.772 * blue]
    rounded: Array = np.rint(np.clip(np.stack(colors, axis=2), 0, 255))
    return rounded.astype(np.uint8)
