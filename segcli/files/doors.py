"""The two doors to decoders written in C: silent, limited by segcli's own limits alone, and failing in one way."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.quiet import quiet

GRAY, RGB, IGNORE_ORIENTATION, UNCHANGED = 0, 256, 128, -1
"""OpenCV's IMREAD flags; as numbers, so that the readers load without OpenCV."""


def opencv_decode(data: bytes, flags: int) -> tuple[Array | None, str]:
    """Decode with OpenCV; (pixels in its own channel order or None, what it printed)."""
    for name in ("PIXELS", "WIDTH", "HEIGHT"):
        # Read once by OpenCV, when it is loaded; headers are checked against `Limits` before this.
        os.environ.setdefault(f"OPENCV_IO_MAX_IMAGE_{name}", str(1 << 40))
    from segcli.opencv import cv2

    swap = flags & RGB and not hasattr(cv2, "IMREAD_COLOR_RGB")  # OpenCV 4.10
    with quiet() as said:
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags ^ RGB | 1 if swap else flags)
            if swap and pixels is not None:
                pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        except cv2.error:
            pixels = None
    return pixels, said.text


@contextmanager
def pillow() -> Iterator[Any]:
    """Give PIL.Image with its own limits off; whatever goes wrong inside is an InputError."""
    from PIL import Image, ImageFile

    limit, lenient = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False
        try:
            yield Image
        except (InputError, MemoryError):
            raise
        except Exception as failure:
            # Pillow's decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error and others.
            reason = str(failure).replace("\n", " ")[:200] or type(failure).__name__
            raise InputError(f"is damaged: {reason}.") from failure
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = limit, lenient
