"""What methods share that part the whole picture into regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.segmentation import Segmentation

AUTO_REGION = 1 / 300
"""Share of a picture that its smallest region has where no size is given; on BSDS500 it agrees well with people."""


def leave_flat(image: Array, valid: Array | None) -> Segmentation | None:
    """Background everywhere, with a note, for a picture that is the same everywhere; None for any other."""
    pixels = image.reshape(-1, *image.shape[2:]) if valid is None else image[valid]
    if len(pixels) and (pixels != pixels[0]).any():
        return None
    note = "every pixel is the same; there is nothing to part"
    return Segmentation(np.zeros(image.shape[:2], np.int32), "instances", notes=(note,))


def smallest_region(asked: int | Literal["auto"], image: Array, valid: Array | None) -> int:
    """Pixels that a region has at least; auto is a share of those that count, so that it grows with the picture."""
    if asked != "auto":
        return asked
    pixels = image.shape[0] * image.shape[1] if valid is None else int(np.count_nonzero(valid))
    return max(1, round(AUTO_REGION * pixels))


def partition(
    labels: Labels,
    image: Array,
    layers: Mapping[str, Array] | None = None,
    numbers: Mapping[str, float] | None = None,
    series: Mapping[str, Array] | None = None,
) -> Segmentation:
    """Regions 1..n as a result, with each region's mean color as the last layer."""
    count = int(labels.max())
    return Segmentation(
        labels,
        "instances",
        numbers={"regions": count, **(numbers or {})},
        layers={**(layers or {}), "means": painted(labels, image)},
        series=series or {},
    )


def painted(labels: Labels, image: Array) -> Array:
    """The picture with each region in its mean color, in the picture's type; pixels of no region as they are."""
    flat = labels.ravel()
    sizes = np.maximum(np.bincount(flat), 1)
    result = image.copy()
    for channel in np.ndindex(image.shape[2:]):
        plane = image[(..., *channel)]
        means = np.bincount(flat, weights=plane.ravel().astype(np.float64)) / sizes
        if image.dtype.kind == "u":
            means = np.rint(means)
        result[(..., *channel)] = np.where(labels > 0, means.astype(image.dtype)[labels], plane)
    return result


def numbered(labels: Array, valid: Array | None = None) -> NDArray[np.int32]:
    """Number labels 1..n in the order in which a reader meets them; 0 where a pixel does not count."""
    flat = labels.ravel()
    values, first, inverse = np.unique(flat, return_index=True, return_inverse=True)
    counted = np.ones(len(values), bool)
    if valid is not None:
        flat_valid = valid.ravel()
        first = np.full(len(values), len(flat))
        np.minimum.at(first, inverse.ravel()[flat_valid], np.flatnonzero(flat_valid))
        counted = first < len(flat)
    numbers = np.zeros(len(values), np.int32)
    order = np.argsort(first, kind="stable")
    order = order[counted[order]]
    numbers[order] = np.arange(1, len(order) + 1)
    found = numbers[inverse].reshape(labels.shape)
    return found if valid is None else np.where(valid, found, 0).astype(np.int32)


def connected_parts(labels: Array, smallest: int = 1) -> Labels:
    """Number the 4-connected parts of equal label, and have small ones join another.

    Parameters
    ----------
    labels : (H, W) whole numbers
        Pixels of a label below 0 belong to no part.
    smallest : parts with fewer pixels join one that touches them and was met before.

    Returns
    -------
    (H, W) int32
        1..n without gaps, in the order in which a reader meets them; 0 where labels are below 0.

    Examples
    --------
    >>> connected_parts(np.array([[4, 4, 9, 4], [4, 4, -1, 4]])).tolist()
    [[1, 1, 2, 3], [1, 1, 0, 3]]
    """
    from segcli.numeric import _partition_kernels as kernels

    parts: Labels = np.zeros(labels.shape, np.int32)
    kernels.number_parts(np.ascontiguousarray(labels, np.int32), smallest, parts, np.empty(labels.size, np.int64))
    return parts
