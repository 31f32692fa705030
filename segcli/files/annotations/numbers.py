"""Label pictures of plain numbers: PNG of 8 or 16 bits, TIFF of up to 32, NPY and NPZ."""

from __future__ import annotations

import numpy as np

from segcli.files.annotations.annotated import Annotated
from segcli.files.annotations.formats import Writing
from segcli.files.annotations.rasters import decode as decode
from segcli.files.write import encode_array

BYTE, SHORT = 255, 65_535


def encode(picture: Annotated, writing: Writing) -> bytes:
    """Write the numbers of a picture: 8 bits for masks (0 and 1) and classes, 16 or more for objects.

    Objects take at least 16 bits, for so readers tell them from classes.
    """
    labels = np.asarray(picture.labels)
    wide = np.uint16 if labels.max() <= SHORT else np.uint32
    return encode_array(
        labels.astype(wide if picture.kind == "instances" else np.uint8), writing.ending, writing.record
    )
