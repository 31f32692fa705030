"""What a file is, judged by its first bytes and never by its name."""

from __future__ import annotations

import re

from segcli.errors import InputError

READABLE = "Readable: PNG, JPEG, TIFF, BMP, WebP, GIF, PNM, NPY."

_FORMATS = (
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("JPEG", rb"\xff\xd8\xff"),
    ("TIFF", rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    ("BMP", rb"BM.{8}..[\0-\xff]{2}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
    ("WebP", rb"RIFF.{4}WEBP"),
    ("GIF", rb"GIF8[79]a"),
    ("PNM", rb"P[1-7Ff][ \t\r\n#]"),
    ("NPY", rb"\x93NUMPY"),
)

_OTHERS = (
    ("a PDF", rb"\s*%PDF"),
    ("an HTML page", rb"(?i)\s*(<!doctype\s+html|<html|<head|<body)"),
    ("a Git LFS pointer; git lfs pull fetches the image", rb"version https://git-lfs"),
    ("an SVG drawing", rb"(?is)\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg"),
    ("XML", rb"\s*<\?xml"),
    ("a NumPy archive (NPZ)", rb"(?s)PK\x03\x04.{26}[^\0]{1,64}\.npy"),
    ("a zip archive", rb"PK\x03\x04|PK\x05\x06"),
    ("a Photoshop file", rb"8BPS"),
    ("PostScript (EPS)", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("an AVIF image", rb"(?s).{4}ftyp(avif|avis)"),
    ("a HEIC image", rb"(?s).{4}ftyp(hei|hev|mif1|msf1)"),
    ("a video", rb"(?s).{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI "),
    ("a sound file", rb"(?s)RIFF.{4}WAVE|ID3|OggS"),
    ("a JPEG 2000 image", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    ("a JPEG XL image", rb"\xff\x0a|\0\0\0\x0cJXL "),
    ("an icon", rb"(?s)\0\0[\1\2]\0.\0"),
    ("a DICOM file", rb"(?s).{128}DICM"),
    ("an OpenEXR image", rb"\x76\x2f\x31\x01"),
    ("a Radiance HDR image", rb"#\?R"),
    ("an HDF5 file", rb"\x89HDF"),
    ("a FITS file", rb"SIMPLE  ="),
    ("a NIfTI volume", rb"(?s)\x5c\x01\0\0.{340}n[i+]1"),
    ("a MATLAB file", rb"MATLAB 5"),
    ("gzip-compressed data", rb"\x1f\x8b"),
    ("an xz archive", rb"\xfd7zXZ"),
    ("a bzip2 archive", rb"BZh"),
    ("a 7z archive", rb"7z\xbc\xaf"),
    ("a program", rb"\x7fELF|MZ|\xcf\xfa\xed\xfe"),
    ("a Python pickle", rb"\x80[\2-\5]"),
    ("the beginning of a PNG", rb"\x89PNG"),
    ("JSON", rb"\s*[\[{]\s*[\"\[{\]}\d]"),
)


def sniff(data: bytes) -> str:
    """Name the format of an image file.

    Raises
    ------
    InputError : it is something else; the message says what it looks like.
    """
    # Compiled as they are tried, for most runs meet one format only.
    for name, pattern in _FORMATS:
        if re.match(pattern, data, re.DOTALL):
            return name
    if not data:
        raise InputError(f"is empty (0 bytes). {READABLE}")
    raise InputError(f"is not an image ({looks_like(data)}). {READABLE}")


def looks_like(data: bytes) -> str:
    """Say in words what a file that is no image starts like."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf")
    for name, pattern in _OTHERS:
        if re.match(pattern, start):
            return f"it starts like {name}"
    if not start.strip(b"\0"):
        return "it starts with zeros only"
    printable = sum(32 <= byte < 127 or byte in b"\t\n\r" for byte in start)
    if printable >= 0.95 * len(start):
        return "it starts like text"
    return f"it starts with the bytes {start[:4].hex(' ')}"
