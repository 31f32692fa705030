"""RGB pictures in which each class has a color."""

from __future__ import annotations

import numpy as np

from segcli.errors import InputError
from segcli.files.annotations.annotated import Annotated
from segcli.files.annotations.formats import Writing
from segcli.files.annotations.rasters import decode as decode
from segcli.files.palettes import voc_palette
from segcli.files.write import encode_array


def encode(picture: Annotated, writing: Writing) -> bytes:
    """Write classes in their colors, those of the VOC palette where the user gives none; the record says which.

    Raises
    ------
    InputError : a class without a color.
    """
    labels = np.asarray(picture.labels)
    given = {label: color for color, label in reversed(list(writing.colors.items()))}
    table = given or {label: tuple(color) for label, color in enumerate(voc_palette().tolist())}
    found = np.unique(labels).tolist()
    missing = [label for label in found if label not in table]
    if missing:
        raise InputError(f"has class {missing[0]}, for which the color map has no color; add a line to it.")
    lookup = np.zeros((max(found) + 1, 3), np.int64)
    for label in found:
        lookup[label] = table[label]
    if lookup.max() > 255:
        raise InputError("has classes whose colors exceed 255; a color PNG is written with 8 bits.")
    record = {**writing.record, "colors": [[*map(int, table[label]), label] for label in found]}
    return encode_array(lookup[labels].astype(np.uint8), ".png", record)
