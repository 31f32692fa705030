"""Bytes to `Image`: the one way by which a picture comes into segcli."""

from __future__ import annotations

import errno
import importlib
import os
import stat
from collections.abc import Iterator
from typing import Literal, TypeAlias, cast

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.image import AlphaChoice, Digest, Image
from segcli.files.limits import Limits
from segcli.files.sniff import sniff
from segcli.files.stored import File

Source: TypeAlias = str | os.PathLike[str] | bytes
"""A path, or the contents of a file."""

FORMATS = {
    "PNG": "segcli.files.png",
    "JPEG": "segcli.files.jpeg",
    "TIFF": "segcli.files.tiff",
    "BMP": "segcli.files.bmp",
    "WebP": "segcli.files.webp",
    "GIF": "segcli.files.gif",
    "PNM": "segcli.files.pnm",
    "NPY": "segcli.files.npy",
}
"""The module of each format; it has `open_file(data, limits)`. Loaded when a file of that format is met."""

_LIMITS = Limits()


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return a regular file's contents.

    Raises
    ------
    InputError : it is missing, unreadable or no regular file; the message says which.
    """
    try:
        kind = os.stat(path).st_mode
        if not stat.S_ISREG(kind):
            raise InputError(f"is {_what(kind)}, not an image file.")
        with open(path, "rb", buffering=0) as stream:
            return stream.readall()
    except OSError as failure:
        if failure.errno == errno.ENOENT:
            raise InputError("does not exist.") from failure
        raise InputError(f"cannot be read: {failure.strerror or failure}.") from failure
    except ValueError as failure:  # a NUL in the name
        raise InputError(f"cannot be read: {failure}.") from failure


def open_source(source: Source, limits: Limits = _LIMITS) -> tuple[File, str, bytes]:
    """Open a file or its contents; (file, format, contents)."""
    data = source if isinstance(source, bytes) else read_bytes(source)
    kind = sniff(data)
    return cast(File, importlib.import_module(FORMATS[kind]).open_file(data, limits)), kind, data


def source_name(source: Source) -> str:
    """What to call a source that has been given no name."""
    return "<bytes>" if isinstance(source, bytes) else os.fspath(source)


def pick_page(file: File, page: int | None) -> tuple[int, tuple[str, ...]]:
    """The page to read, and what to say where the user named none."""
    if page is None:
        return 0, (f"page 1 of {file.pages} used",) if file.pages > 1 else ()
    if not 0 <= page < file.pages:
        have = f"pages 1 to {file.pages}" if file.pages > 1 else "1 page"
        raise InputError(f"has {have}; page {page + 1} was asked for.")
    return page, ()


def read_image(
    source: Source,
    *,
    name: str | None = None,
    page: int | None = None,
    alpha: AlphaChoice = "white",
    limits: Limits = _LIMITS,
) -> Image:
    """Read one page of an image file; its header is checked now, its pixels are decoded when asked for.

    Parameters
    ----------
    source : path, or the contents of a file.
    name : how to call it; the path by default.
    page : page from 0; None is the first, with a note where there are more.
    alpha : put transparent pixels on white, or keep colors as stored (keep, mask); `Image.alpha` has the opacity.
    limits : what a header may announce.

    Raises
    ------
    InputError : not an image, truncated, too large, no such page. The message begins after the file's name.
    """
    file, kind, data = open_source(source, limits)
    number, notes = pick_page(file, page)
    return Image(file, name or source_name(source), kind, Digest(data), number, alpha, notes)


def open_pages(
    source: Source, *, name: str | None = None, alpha: AlphaChoice = "white", limits: Limits = _LIMITS
) -> Iterator[Image]:
    """Read every page of a file, one at a time, from bytes that are read once.

    Raises
    ------
    InputError : as for `read_image`; a damaged page raises when its turn comes.
    """
    file, kind, data = open_source(source, limits)
    digest = Digest(data)
    for page in range(file.pages):
        yield Image(file, name or source_name(source), kind, digest, page, alpha)


def read_pixels(
    source: Source,
    form: Literal["gray", "color", "any"] = "any",
    *,
    page: int | None = None,
    alpha: AlphaChoice = "white",
    limits: Limits = _LIMITS,
) -> Array:
    """Read an image file as an array: (H, W) gray or (H, W, 3) RGB, uint8, uint16 or float32.

    Raises
    ------
    InputError : the file cannot be read; the message names it.
    """
    try:
        return read_image(source, page=page, alpha=alpha, limits=limits).pixels(form)
    except InputError as failure:
        named = "the image" if isinstance(source, bytes) else repr(os.fspath(source))
        raise InputError(f"{named} {failure}") from failure


def _what(mode: int) -> str:
    """The kind of a file that is not a regular one, in words."""
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe (FIFO)",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "not a regular file")
