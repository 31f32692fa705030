"""What `segcli info` says of a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.files.image import Digest, Image
from segcli.files.limits import Limits
from segcli.files.read import Source, open_source, source_name
from segcli.files.stored import Header

_LIMITS = Limits()

MOST_COUNTED = 256
FLAT = 0.9
"""Share of horizontal neighbors that are equal, from which a picture counts as drawn in flat regions."""


def image_info(source: Source, *, limits: Limits = _LIMITS) -> dict[str, Any]:
    """Describe an image or label file: header, range and number of values, what it looks like, who wrote it.

    `min`, `max` and `unique` are of the numbers in the file, so of the indices where it has a palette. `unique`
    is '> 256' where there are more.

    Raises
    ------
    InputError : it cannot be read.
    """
    file, kind, data = open_source(source, limits)
    image = Image(file, source_name(source), kind, Digest(data))
    stored = file.decode(0, "raw")
    values = stored.values
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    unique = _count(finite)
    looks, reason = looks_like(values, unique, image.header)
    from segcli.files.provenance import read_provenance

    return {
        **image.info,
        "min": finite.min().item() if finite.size else None,
        "max": finite.max().item() if finite.size else None,
        "unique": unique if unique <= MOST_COUNTED else f"> {MOST_COUNTED}",
        "not_finite": int(values.size - finite.size),
        "looks_like": looks,
        "reason": reason,
        "notes": list(dict.fromkeys((*image.notes, *stored.notes))),
        "provenance": read_provenance(data),
    }


def looks_like(values: Array, unique: int, header: Header) -> tuple[str, str]:
    """Guess what numbers are for: 'label file', 'mask' or 'image', and why."""
    if header.lossy:
        return "image", f"{header.compression} does not keep labels"
    if values.ndim == 3 and not (values == values[:, :, :1]).all():
        return "image", f"{values.shape[2]} channels that differ"
    if unique <= 2:
        return "mask", f"{unique} distinct value{'s' if unique > 1 else ''}"
    plane = values if values.ndim == 2 else values[:, :, 0]
    if plane.dtype.kind == "f" and not (plane == np.floor(plane)).all():
        return "image", "values that are no whole numbers"
    flat = float(np.mean(plane[:, 1:] == plane[:, :-1])) if plane.shape[1] > 1 else 1.0
    many = f"{unique} distinct values" if unique <= MOST_COUNTED else f"more than {MOST_COUNTED} distinct values"
    share = f"{many}, {flat:.0%} of neighbors are equal"
    if header.palette or flat >= FLAT:
        return "label file", f"indexed, {share}" if header.palette else share
    return "image", share


def _count(values: Array) -> int:
    """Number of distinct values, exact up to MOST_COUNTED, else a larger number."""
    if not values.size:
        return 0
    flat = values.reshape(-1)
    # A few pixels settle it for most photographs.
    some = len(np.unique(flat[:: max(1, flat.size // 65536)]))
    if some > MOST_COUNTED:
        return some
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        return int(np.count_nonzero(np.bincount(flat)))
    return len(np.unique(flat))
