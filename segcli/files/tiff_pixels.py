"""The segments (strips or tiles) of a TIFF page to one array of samples: all of them, or an error."""

from __future__ import annotations

import io
import logging
import re
import struct
import warnings
import zlib
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.bits import reverse_bits, unpack_bits
from segcli.files.doors import UNCHANGED, opencv_decode
from segcli.files.jpeg import Jpeg
from segcli.files.limits import Limits
from segcli.files.quiet import quiet
from segcli.files.tiff_layout import YCBCR, Layout

NONE, LZW, OLD_JPEG, JPEG, DEFLATE, PACK_BITS, OLD_DEFLATE = 1, 5, 6, 7, 8, 32773, 32946
RATIOS = {NONE: 1, LZW: 4096, DEFLATE: 1032, OLD_DEFLATE: 1032, PACK_BITS: 64}
"""How many bytes one packed byte can become at most."""

_FLOATS = {16: "f2", 32: "f4", 64: "f8"}
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"


def sample_type(layout: Layout) -> np.dtype[Any]:
    """The type of a sample in the file's byte order, or InputError naming what there is none for."""
    bits, order = layout.bits, layout.order
    if layout.format in (1, 4) and (1 <= bits <= 16 or bits in (32, 64)):
        return np.dtype(np.uint8) if bits <= 8 else np.dtype(f"{order}u{2 if bits <= 16 else bits // 8}")
    if layout.format == 2 and bits in (8, 16, 32, 64):
        return np.dtype(f"{order}i{bits // 8}")
    if layout.format == 3 and bits in _FLOATS:
        return np.dtype(order + _FLOATS[bits])
    kind = {1: "unsigned", 2: "signed", 3: "float", 5: "complex", 6: "complex"}.get(layout.format, "unknown")
    raise InputError(f"holds {bits}-bit {kind} samples, which are not read; convert it to 8, 16 or 32 bits.")


def unpack(data: bytes, layout: Layout, place: int, shift: int = 0) -> Array:
    """Return (H, W) or (H, W, samples) in native byte order; `place` is the page's number among all directories."""
    own = layout.compression in RATIOS and layout.predictor in (1, 2, 3)
    if own:
        samples = _samples(_packed(data, layout, shift), layout)
    elif layout.compression == JPEG and layout.bits == 8 and layout.tile_samples in (1, 3):
        samples = _jpeg_samples(data, layout)
    else:
        return _through_tifffile(data, layout, place)
    return _assemble(samples, layout)


def _packed(data: bytes, layout: Layout, shift: int) -> Array:
    """Unpack all segments to (rows, bytes), one below the other."""
    rows = layout.rows()
    total = int(rows.sum())
    offsets, counts = layout.offsets + shift, layout.counts
    plain = layout.compression == NONE
    if plain and layout.fill_order == 1 and (offsets[1:] == offsets[:-1] + counts[:-1]).all():
        found = np.frombuffer(data, np.uint8, total * layout.row_bytes, int(offsets[0]))
        return found.reshape(total, layout.row_bytes)
    segments = [data[start : start + count] for start, count in zip(offsets.tolist(), counts.tolist(), strict=True)]
    if layout.fill_order == 2:
        segments = [reverse_bits(segment) for segment in segments]
    if layout.compression in (LZW, PACK_BITS):
        return _through_libtiff(segments, layout, total)
    if not plain:
        sizes = (rows * layout.row_bytes).tolist()
        segments = [_inflate(segment, size, layout) for segment, size in zip(segments, sizes, strict=True)]
    return np.frombuffer(b"".join(segments), np.uint8).reshape(total, layout.row_bytes)


def _inflate(segment: bytes, size: int, layout: Layout) -> bytes:
    """Unpack one deflate stream to exactly `size` bytes."""
    try:
        found = zlib.decompressobj().decompress(segment, size)
    except zlib.error as failure:
        raise InputError(f"is damaged: a {_word(layout)} cannot be inflated ({failure}).") from failure
    if len(found) < size:
        raise InputError(f"is truncated: a {_word(layout)} inflates to {len(found):,} of {size:,} bytes.")
    return found


def _through_libtiff(segments: list[bytes], layout: Layout, total: int) -> Array:
    """Unpack LZW and PackBits with OpenCV's libtiff, shown to it as strips of an 8-bit gray picture."""
    rows = layout.tile_height
    width = layout.row_bytes
    table = np.array([len(segment) for segment in segments], "<u4")
    head = 8 + 2 + 12 * 9 + 4
    offsets = (head + 8 * len(segments) + np.concatenate([[0], np.cumsum(table[:-1], dtype=np.int64)])).astype("<u4")
    if head + 8 * len(segments) + int(table.sum(dtype=np.int64)) >= 1 << 32:
        raise InputError("has more than 4 GB of compressed TIFF data in a page, which is not read.")
    single = len(segments) == 1
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, total),
        (258, 3, 1, 8),
        (259, 3, 1, layout.compression),
        (262, 3, 1, 1),
        (273, 4, len(segments), int(offsets[0]) if single else head),
        (277, 3, 1, 1),
        (278, 4, 1, rows),
        (279, 4, len(segments), int(table[0]) if single else head + 4 * len(segments)),
    ]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + b"\0\0\0\0"
    stream = b"".join([b"II*\0\x08\0\0\0", directory, offsets.tobytes(), table.tobytes(), *segments])
    pixels, said = opencv_decode(stream, UNCHANGED)
    if pixels is None or pixels.shape != (total, width) or pixels.dtype != np.uint8 or said.strip():
        lines = said.strip().splitlines() or ["too few or wrong data"]
        # OpenCV's prefix holds a time and a line of its source.
        reason = re.sub(r"^\[.*?\] global \S+ TIFF_\w+ ", "", lines[0]).strip()[:160]
        raise InputError(f"is damaged: a {_word(layout)} cannot be unpacked ({reason}).")
    return pixels


def _samples(packed: Array, layout: Layout) -> Array:
    """Bytes to (rows, width, samples of a segment), predictor undone."""
    shape = (len(packed), layout.tile_width, layout.tile_samples)
    kind = sample_type(layout)
    whole = layout.bits == 8 * kind.itemsize
    if layout.predictor == 3:
        if kind.kind != "f":
            raise InputError("is damaged: a float predictor on whole numbers.")
        mixed = packed.reshape(len(packed), -1, layout.tile_samples).cumsum(axis=1, dtype=np.uint8)
        planes = mixed.reshape(len(packed), kind.itemsize, -1).transpose(0, 2, 1)
        return np.ascontiguousarray(planes).view(f">f{kind.itemsize}").reshape(shape)
    if not whole:
        if layout.predictor == 2:
            raise InputError(f"is a TIFF with a predictor on {layout.bits}-bit samples, which is not read.")
        found = unpack_bits(packed, layout.bits)
        return found[:, : layout.tile_width * layout.tile_samples].reshape(shape)
    samples = packed.view(kind).reshape(shape)
    if layout.predictor == 2:
        words = samples.view(f"{kind.str[0]}u{kind.itemsize}") if kind.itemsize > 1 else samples.view(np.uint8)
        words = np.cumsum(words, axis=1, dtype=words.dtype.newbyteorder("="))
        return words.view(kind.newbyteorder("="))
    return samples


def _jpeg_samples(data: bytes, layout: Layout) -> Array:
    """Decode segments that are JPEG streams, the tables put back in front of each."""
    rows = layout.rows().tolist()
    samples = np.empty((sum(rows), layout.tile_width, layout.tile_samples), np.uint8)
    start = 0
    for offset, count, height in zip(layout.offsets.tolist(), layout.counts.tolist(), rows, strict=True):
        segment = data[offset : offset + count]
        # Without the Adobe marker a decoder guesses whether three channels are RGB or YCbCr.
        adobe = _ADOBE + (b"\1" if layout.photometric == YCBCR else b"\0") if layout.tile_samples == 3 else b""
        tables = layout.tables[2:].removesuffix(b"\xff\xd9")
        file = Jpeg(b"\xff\xd8" + adobe + tables + segment[2:], Limits())
        pixels = file.decode(0, "image").values
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        if pixels.shape[0] < height or (pixels.shape[1], channels) != samples.shape[1:]:
            found = f"{pixels.shape[1]} x {pixels.shape[0]} pixels of {channels} channels"
            raise InputError(f"is damaged: a JPEG {_word(layout)} has {found}.")
        samples[start : start + height] = pixels[:height].reshape(height, layout.tile_width, channels)
        start += height
    return samples


def _assemble(samples: Array, layout: Layout) -> Array:
    """Segments one below the other to the page."""
    if layout.tiled:
        shape = (layout.planes, layout.down, layout.across, layout.tile_height, layout.tile_width, layout.tile_samples)
        grid = samples.reshape(shape).transpose(0, 1, 3, 2, 4, 5)
        height, width = layout.down * layout.tile_height, layout.across * layout.tile_width
        planes = grid.reshape(layout.planes, height, width, -1)[:, : layout.height, : layout.width]
    else:
        planes = samples.reshape(layout.planes, layout.height, layout.width, -1)
    page = planes[:, :, :, 0].transpose(1, 2, 0) if layout.planar else planes[0]
    page = page[:, :, 0] if page.shape[2] == 1 else page
    return np.ascontiguousarray(page, page.dtype.newbyteorder("="))


def _through_tifffile(data: bytes, layout: Layout, place: int) -> Array:
    """Leave the page to tifffile and imagecodecs, and check what comes back."""
    import tifffile

    logger = logging.getLogger("tifffile")
    before = logger.disabled
    logger.disabled = True
    try:
        with quiet(), warnings.catch_warnings(), tifffile.TiffFile(io.BytesIO(data)) as file:
            warnings.simplefilter("ignore")
            values = np.asarray(file.pages[place].asarray())
    except MemoryError:
        raise
    except Exception as failure:
        # tifffile and its codecs raise many kinds of exceptions for damaged files.
        if "imagecodecs" in str(failure):
            raise InputError(
                f"is a TIFF with compression {layout.compression}; pip install 'segcli[formats]' to read it."
            ) from failure
        raise InputError(f"cannot be decoded: {str(failure).replace(chr(10), ' ')[:160]}.") from failure
    finally:
        logger.disabled = before
    shape = (layout.height, layout.width) if layout.samples == 1 else (layout.height, layout.width, layout.samples)
    if layout.planar and values.shape == (layout.samples, layout.height, layout.width):
        values = values.transpose(1, 2, 0)
    if values.shape != shape:
        raise InputError(f"is damaged: its pixels have shape {values.shape}, its header says {shape}.")
    return np.ascontiguousarray(values, np.uint8 if values.dtype == bool else values.dtype.newbyteorder("="))


def _word(layout: Layout) -> str:
    return "tile" if layout.tiled else "strip"
