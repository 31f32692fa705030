"""Pictures brought to one size for networks that are trained so, and what is found brought back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from segcli.arrays import Array
from segcli.opencv import cv2

ROWS = 256
"""Rows of the picture that come at once."""


def to_square(planes: Array, side: int) -> Array:
    """A picture (H, W, C) as (side, side, C), each pixel the mean of those that it covers; its shape may suffer."""
    kind = planes.dtype if planes.dtype.name in ("uint8", "uint16", "float32") else np.dtype(np.float32)
    smaller = side < max(planes.shape[:2])
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    found = cv2.resize(np.ascontiguousarray(planes, kind), (side, side), interpolation=how)
    return np.asarray(found).reshape(side, side, planes.shape[2])


def labels_to_square(labels: Array, side: int) -> Array:
    """Labels (H, W) as (side, side), each of the pixel in its middle."""
    rows, columns = ((np.arange(side) * 2 + 1) * length // (2 * side) for length in labels.shape)
    return np.ascontiguousarray(labels[np.ix_(rows, columns)])


def enlarged(found: Tensor, height: int, width: int) -> Iterator[tuple[int, Tensor]]:
    """Bring (K, side, side) to (K, height, width), linear between pixels; yield it in bands of rows.

    Yields
    ------
    top, found : first row, and (K, rows, width).
    """
    side = found.shape[1]
    place = ((torch.arange(height, device=found.device) + 0.5) * side / height - 0.5).clamp(0, side - 1)
    upper = place.floor().long()
    lower = (upper + 1).clamp(max=side - 1)
    share = (place - upper)[:, None]
    for top in range(0, height, ROWS):
        band = slice(top, top + ROWS)
        rows = found[:, upper[band]] * (1 - share[band]) + found[:, lower[band]] * share[band]
        yield top, F.interpolate(rows[None], size=(rows.shape[1], width), mode="bilinear")[0]
