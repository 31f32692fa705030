"""Region growing from seeds, and the seeds where none are given."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels, Points

Against = Literal["mean", "seed"]


def grow_regions(
    colors: Array,
    seeds: Array,
    tolerance: float,
    against: Against,
    connectivity: Literal[4, 8],
    valid: Array | None = None,
) -> tuple[Labels, NDArray[np.int32]]:
    """Let seeds grow over the pixels like them, the most alike first.

    Parameters
    ----------
    colors : (H, W, C) float64
    seeds : (H, W) whole numbers, 0 where there is none.
    tolerance : greatest Euclidean distance of a pixel that joins.
    against : mean, the region's as it is when the pixel joins; or seed, the mean of the region's seeds.
    connectivity : 4 or 8
    valid : (H, W) bool or None

    Returns
    -------
    labels : (H, W) int32; 0 where nothing came.
    order : (H, W) int32; when each pixel joined, from 1, and 0 for seeds and what was left.

    References
    ----------
    R. Adams, L. Bischof, "Seeded region growing",
    IEEE Trans. Pattern Analysis and Machine Intelligence 16(6), 641-647, 1994.
    """
    order = np.zeros(seeds.shape, np.int32)
    labels = seeds.astype(np.int32)
    if valid is not None:
        labels[~valid] = -1
    count = int(labels.max())
    if count < 1:
        return np.maximum(labels, 0), order
    inside = labels > 0
    counts = np.bincount(labels[inside], minlength=count + 1).astype(np.int64)
    sums = np.stack(
        [np.bincount(labels[inside], plane[inside], count + 1) for plane in np.moveaxis(colors, 2, 0)], axis=1
    )
    if against == "seed" and np.count_nonzero(counts) == 1:
        labels = _reached(colors, labels, sums[count] / counts[count], tolerance, connectivity)
        return labels, order
    from segcli.numeric import _growing_kernels as kernels

    kernels.grow(
        np.ascontiguousarray(colors, np.float64),
        labels,
        sums,
        counts,
        float(tolerance),
        against == "mean",
        connectivity == 8,
        order,
    )
    return np.maximum(labels, 0), order


def _reached(colors: Array, labels: Labels, seed: Array, tolerance: float, connectivity: Literal[4, 8]) -> Labels:
    """One region under a fixed color: what is like it and hangs together with a seed, without growing."""
    from segcli.numeric.components import connected_components

    gaps = sum(np.square(plane - level) for plane, level in zip(np.moveaxis(colors, 2, 0), seed, strict=True))
    alike = gaps <= tolerance * tolerance
    alike = (alike | (labels > 0)) & (labels >= 0)
    parts, count = connected_components(alike, connectivity)
    kept = np.zeros(count + 1, bool)
    kept[parts[labels > 0]] = True
    return np.where(kept[parts], labels.max(), 0).astype(np.int32)


def flooded(
    image: Array, points: Points, tolerance: float, connectivity: Literal[4, 8], valid: Array | None = None
) -> NDArray[np.uint8]:
    """What hangs together with points of one gray level and is like it: one region against its seed, at once.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
    points : of the same level, on pixels that count.
    tolerance : greatest difference to that level; differences of floats are single.
    connectivity : 4 or 8
    valid : (H, W) bool or None

    Returns
    -------
    (H, W) uint8, 0 and 1
    """
    from segcli.opencv import cv2

    framed = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.uint8)
    if valid is not None:
        # Flooding stops at what is not 0.
        framed[1:-1, 1:-1][~valid] = 2
    pixels = np.ascontiguousarray(image, np.float32 if image.dtype == np.uint16 else image.dtype)
    reach = min(np.floor(tolerance) if image.dtype.kind == "u" else tolerance, 1e9)
    how = connectivity | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    for x, y in points:
        if framed[y + 1, x + 1] == 0:
            cv2.floodFill(pixels, framed, (x, y), 0, reach, reach, how)
    found = framed[1:-1, 1:-1]
    return found if valid is None else np.asarray(found & 1)


def grow_everywhere(
    colors: Array, flatness: Array, tolerance: float, connectivity: Literal[4, 8], valid: Array | None = None
) -> tuple[Labels, Labels]:
    """Grow one region after another, each from the flattest pixel that is left, until none is.

    Parameters
    ----------
    colors, tolerance, connectivity, valid : as for `grow_regions`, against the running mean.
    flatness : (H, W), least where a seed is best.

    Returns
    -------
    labels, seeds : (H, W) int32; regions in the order in which they grew.
    """
    from segcli.numeric import _growing_kernels as kernels

    shape = flatness.shape
    best = np.argsort(np.where(valid, flatness, np.inf) if valid is not None else flatness, axis=None, kind="stable")
    if valid is not None:
        best = best[: np.count_nonzero(valid)]
    labels = np.zeros(shape, np.int32) if valid is None else np.where(valid, 0, -1).astype(np.int32)
    starts = kernels.grow_all(
        np.ascontiguousarray(colors, np.float64), labels, best.astype(np.int64), float(tolerance), connectivity == 8
    )
    seeds = np.zeros(shape, np.int32)
    seeds.flat[starts] = np.arange(1, len(starts) + 1)
    return np.maximum(labels, 0), seeds
