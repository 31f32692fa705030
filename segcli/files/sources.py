"""Which images a command works on: files, folders, globs, lists and standard input, in one order."""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from segcli.errors import UsageError

ENDINGS = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib", ".webp", ".gif"),
        *(".pnm", ".pbm", ".pgm", ".ppm", ".pam", ".pfm", ".npy"),
    )
)
"""What counts as an image inside a folder; a file that is named outright is always tried."""

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Item:
    """One input: where it is, and the subfolders to mirror on output. `data` holds standard input's bytes."""

    path: str
    below: str = ""
    data: bytes | None = None

    @property
    def name(self) -> str:
        return "stdin" if self.data is not None else self.path

    @property
    def stem(self) -> str:
        return "stdin" if self.data is not None else os.path.splitext(os.path.basename(self.path))[0]


def find_items(
    inputs: Sequence[str],
    *,
    files_from: str | None = None,
    null_separated: bool = False,
    recursive: bool = False,
    stdin: IO[bytes] | None = None,
) -> list[Item]:
    """List the images of a request, sorted, each once.

    Parameters
    ----------
    inputs : files, folders, globs or '-'.
    files_from : a list of paths, one a line, or '-' for standard input.
    null_separated : the list's paths end in NUL instead of a new line.
    recursive : look into subfolders; links to folders are not followed.
    stdin : where '-' and piped data come from; without inputs it is read when it is not a terminal.

    Raises
    ------
    UsageError : nothing to work on, an empty pipe, a list that cannot be read, a pattern without a match.
    """
    source = stdin if stdin is not None else sys.stdin.buffer
    if files_from == STDIN and STDIN in inputs:
        raise UsageError("standard input cannot be both the list and an image; name a file for one of them.")
    named = list(dict.fromkeys(inputs))
    listed = _read_list(files_from, source, null_separated) if files_from is not None else []
    if files_from is None and not named:
        if source.isatty():
            raise UsageError("no input. Name files or folders, or pipe an image in (see --help).")
        named = [STDIN]
    found: dict[str, Item] = {}
    for text in named:
        for item in _expand(text, recursive, source):
            found.setdefault(_plain(item.path), item)
    for text in listed:
        for item in _folder(text, text, recursive) if os.path.isdir(text) else [Item(text)]:
            found.setdefault(_plain(item.path), item)
    if not found:
        raise UsageError("no image was found in what was named; endings that count: " + " ".join(sorted(ENDINGS)))
    return sorted(found.values(), key=lambda item: item.path)


def _plain(path: str) -> str:
    """One spelling of a path; `..` stays, for it may lead through a link."""
    return path if ".." in path.split(os.sep) else os.path.normpath(path)


def _read_all(stream: IO[bytes], name: str) -> bytes:
    """Read a stream to its end; a device other than a terminal may have none.

    Raises
    ------
    UsageError : such a device.
    """
    try:
        device = stat.S_ISCHR(os.fstat(stream.fileno()).st_mode) and not stream.isatty()
    except (OSError, ValueError):  # not a file of the system
        device = False
    if device and stream.read(1):
        raise UsageError(f"{name} is a device, which may have no end; expected a file or a pipe.")
    return stream.read()


def _read_list(path: str, source: IO[bytes], null_separated: bool) -> list[str]:
    """Read paths from a list file."""
    try:
        if path == STDIN:
            data = _read_all(source, "standard input")
        else:
            with open(path, "rb") as stream:
                data = _read_all(stream, f"the list {path!r}")
    except OSError as failure:
        raise UsageError(f"the list {path!r} cannot be read: {failure.strerror}.") from failure
    parts = data.split(b"\0") if null_separated else [line.rstrip(b"\r") for line in data.split(b"\n")]
    if not null_separated and b"\0" in data:
        raise UsageError(f"the list {path!r} holds NUL bytes; add -0 if its paths end in NUL.")
    # A line is a path: a file that is called '-' is no standard input.
    names = [os.path.join(".", STDIN) if part == b"-" else os.fsdecode(part) for part in parts if part]
    if not names:
        raise UsageError(f"the list {path!r} is empty.")
    return names


def _expand(text: str, recursive: bool, source: IO[bytes]) -> Iterator[Item]:
    """Turn one input into items."""
    if text == STDIN:
        data = _read_all(source, "standard input")
        if not data:
            raise UsageError("standard input is empty; expected an image.")
        yield Item(STDIN, data=data)
    elif os.path.isdir(text):
        yield from _folder(text, text, recursive)
    elif not os.path.lexists(text) and glob.has_magic(text):
        yield from _pattern(text, recursive)
    else:
        yield Item(text)


def _folder(folder: str, top: str, recursive: bool) -> Iterator[Item]:
    """Images of a folder; hidden files are left alone."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as failure:
        raise UsageError(f"the folder {folder!r} cannot be read: {failure.strerror}.") from failure
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if recursive:
                yield from _folder(entry.path, top, recursive)
        elif os.path.splitext(entry.name)[1].lower() in ENDINGS:
            below = os.path.relpath(folder, top)
            yield Item(os.path.normpath(entry.path), "" if below == "." else below)


def _pattern(pattern: str, recursive: bool) -> Iterator[Item]:
    """Files that match a quoted glob; `**` mirrors what lies below its fixed part."""
    matches = sorted(glob.glob(pattern, recursive=True))
    if not matches:
        raise UsageError(f"the pattern {pattern!r} matches nothing.")
    fixed = pattern
    while glob.has_magic(fixed):
        fixed = os.path.dirname(fixed)
    for match in matches:
        if os.path.isdir(match):
            if recursive:
                yield from _folder(match, fixed or ".", recursive)
            continue
        below = os.path.relpath(os.path.dirname(match) or ".", fixed or ".")
        yield Item(match, "" if below == "." else below)
