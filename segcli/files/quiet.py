"""Keeps what C libraries print on file descriptor 2 off the user's screen, and hands it over instead."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LIBRARY = (
    r"libpng|libtiff|libwebp|TIFF|JPEG|JFIF|SOS|\[ ?(WARN|ERROR|INFO|DEBUG|FATAL)|marker|progression|OpenCV|^\s*$"
)
_LOCK = threading.RLock()


class Captured:
    """What was printed; filled in when the block ends."""

    text = ""


@contextmanager
def quiet() -> Iterator[Captured]:
    """Catch all that is written to file descriptor 2; one thread at a time, since the descriptor is the process's.

    A line that another thread wrote meanwhile, such as a progress line, is passed on afterwards.
    """
    captured = Captured()
    with _LOCK:
        try:
            saved = os.dup(2)
        except OSError:  # there is no stderr, so nothing can be printed on it
            yield captured
            return
        with suppress(AttributeError, ValueError, OSError):
            sys.stderr.flush()
        catcher = _catcher()
        try:
            os.dup2(catcher, 2)
            yield captured
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            size = os.lseek(catcher, 0, os.SEEK_END)
            if size:
                os.lseek(catcher, 0, os.SEEK_SET)
                captured.text = os.read(catcher, min(size, 1 << 20)).decode("utf-8", "replace")
                _pass_on(captured.text)
            os.close(catcher)


def _catcher() -> int:
    """A nameless file to write into."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("segcli")
    import tempfile

    with tempfile.TemporaryFile() as stream:
        return os.dup(stream.fileno())


def _pass_on(text: str) -> None:
    """Write what no library said to stderr, where other threads may have been writing."""
    if threading.active_count() == 1:
        return
    others = [line for line in text.splitlines(keepends=True) if not re.search(_LIBRARY, line)]
    with suppress(OSError):
        os.write(2, "".join(others).encode())
