"""Tiny pictures written byte by byte or by other libraries, for the tests of the readers."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import tifffile
from PIL import Image

RANDOM = np.random.default_rng(7)
GRAY = RANDOM.integers(0, 256, (9, 13), dtype=np.uint8)
GRAY16 = RANDOM.integers(0, 65536, (9, 13), dtype=np.uint16)
COLOR = RANDOM.integers(0, 256, (9, 13, 3), dtype=np.uint8)
COLOR16 = RANDOM.integers(0, 65536, (9, 13, 3), dtype=np.uint16)
SMOOTH = cv2.resize(RANDOM.integers(0, 256, (4, 5, 3), dtype=np.uint8), (53, 41), interpolation=cv2.INTER_CUBIC)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth, color, rows, extra=(), late=(), interlace=0) -> bytes:
    """A PNG of packed rows, filter 0."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace))
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    parts = [chunk(*each) for each in extra], [chunk(*each) for each in late]
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(parts[0]) + body + b"".join(parts[1]) + chunk(b"IEND", b"")


def pack(samples, bits: int) -> list[bytes]:
    """Rows of samples to packed bytes, most significant bit first."""
    spread = (np.asarray(samples)[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return [np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in spread]


def exif(orientation: int, order: str = "<") -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def with_exif(jpeg: bytes, orientation: int, order: str = "<") -> bytes:
    body = b"Exif\0\0" + exif(orientation, order)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def pillow(values, kind: str, mode: str | None = None, **options) -> bytes:
    stream = io.BytesIO()
    picture = Image.fromarray(np.asarray(values))
    (picture.convert(mode) if mode else picture).save(stream, kind, **options)
    return stream.getvalue()


def opencv(values, ending: str, options=()) -> bytes:
    return cv2.imencode(ending, np.asarray(values), list(options))[1].tobytes()


def tiff(values, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **options)
    return stream.getvalue()


def npy(values, **options) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()


def bmp(width, height, bits, pixels, palette=b"", compression=0, masks=b"", size=40, colors=0) -> bytes:
    """A BMP with the information header of 40 bytes; `pixels` are the rows, bottom up, already padded."""
    start = 14 + size + len(masks) * (size == 40) + len(palette)
    head = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, len(pixels), 0, 0, colors, 0)
    rest = (masks + bytes(size - 40))[: size - 40] if size > 40 else masks
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + rest + palette + pixels


def samples() -> dict[str, bytes]:
    """One small valid file of each kind, by name."""
    indexed = png(13, 9, 8, 3, [row.tobytes() for row in GRAY % 4], [(b"PLTE", bytes(range(12))), (b"tRNS", b"\0\x80")])
    rgba = np.dstack([COLOR, GRAY])
    frames = [Image.fromarray(COLOR), Image.fromarray(255 - COLOR)]
    gif, webp = io.BytesIO(), io.BytesIO()
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:])
    frames[0].save(webp, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return {
        "png-gray": opencv(GRAY, ".png"),
        "png-color": opencv(COLOR, ".png"),
        "png-gray16": opencv(GRAY16, ".png"),
        "png-rgba": opencv(rgba, ".png"),
        "png-indexed": indexed,
        "png-1bit": png(13, 9, 1, 0, pack(GRAY & 1, 1)),
        "jpeg-gray": opencv(GRAY, ".jpg"),
        "jpeg-color": opencv(SMOOTH, ".jpg"),
        "jpeg-restart": opencv(SMOOTH, ".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]),
        "jpeg-progressive": opencv(SMOOTH, ".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        "jpeg-cmyk": pillow(SMOOTH, "JPEG", "CMYK"),
        "tiff-plain": tiff(COLOR, photometric="rgb"),
        "tiff-lzw": tiff(GRAY16, compression="lzw", predictor=True, rowsperstrip=4),
        "tiff-deflate": tiff(GRAY16.astype(np.float32), compression="zlib", predictor=True),
        "tiff-packbits": tiff(GRAY // 64, compression="packbits", tile=(16, 16)),
        "tiff-jpeg": tiff(np.tile(COLOR, (2, 2, 1)), photometric="rgb", compression="jpeg", tile=(16, 16)),
        "tiff-zstd": tiff(GRAY, compression="zstd"),
        "tiff-big": tiff(np.stack([GRAY, GRAY + 1]), bigtiff=True, byteorder=">", photometric="minisblack"),
        "bmp-gray": opencv(GRAY, ".bmp"),
        "bmp-color": opencv(COLOR, ".bmp"),
        "bmp-rle": bmp(
            4, 2, 8, b"\4\1\0\0\0\3\1\2\3\0\1\1\0\1", bytes([0, 0, 0, 0, 9, 8, 7, 0, 3, 2, 1, 0, 5, 5, 5, 0]), 1
        ),
        "webp-lossy": opencv(SMOOTH, ".webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
        "webp-lossless": pillow(rgba, "WEBP", lossless=True),
        "webp-animated": webp.getvalue(),
        "gif": gif.getvalue(),
        "pgm": opencv(GRAY, ".pgm"),
        "ppm-text": b"P3 # a comment\n2 1\n255\n1 2 3  4 5 6\n",
        "pbm": b"P4 3 2\n\xa0\x40",
        "pam": b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + bytes(range(8)),
        "pfm": b"Pf\n2 2\n-1.0\n" + np.arange(4, dtype="<f4").tobytes(),
        "npy": npy(GRAY16.astype(">u2")),
    }
