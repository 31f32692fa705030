"""Binary masks: 8-bit PNG, 0 and 255."""

from __future__ import annotations

import numpy as np

from segcli.files.annotations.annotated import Annotated
from segcli.files.annotations.formats import Writing
from segcli.files.annotations.rasters import decode as decode
from segcli.files.write import encode_array


def encode(picture: Annotated, writing: Writing) -> bytes:
    """Write a mask: 255 where the object is."""
    return encode_array((np.asarray(picture.labels) * 255).astype(np.uint8), ".png", writing.record)
