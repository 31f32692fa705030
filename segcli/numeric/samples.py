"""The pixels of an image as weighted points, equal colors joined where that is quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.numeric.color import lab, lightness
from segcli.numeric.histogram import histogram

_COLORS = 1 << 24
"""8-bit colors."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Colors of an image and how often each occurs.

    Attributes
    ----------
    colors : (samples,) gray levels or (samples, 3) colors, in the image's type
        Distinct ones in rising order, or those of the pixels, row after row.
    weights : (samples,) float64, or (1,) where every sample counts the same
    """

    colors: Array
    weights: NDArray[np.float64]
    image: Array
    valid: Array | None
    codes: NDArray[np.intp] | None

    def paint(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Carry the labels of the samples back to the pixels, (H, W); pixels that do not count get any label."""
        if self.codes is None:
            if self.valid is None:
                return labels.reshape(self.image.shape[:2])
            painted = np.zeros(self.image.shape[:2], np.uint8)
            painted[self.valid] = labels
            return painted
        if self.image.ndim == 2:
            table = np.zeros(np.iinfo(self.image.dtype).max + 1, np.uint8)
            table[self.codes] = labels
            return table[self.image]
        from segcli.numeric import _cluster_kernels as kernels

        table = np.zeros(_COLORS, np.uint8)
        table[self.codes] = labels
        painted = np.empty(self.image.shape[:2], np.uint8)
        kernels.paint_colors(_rows(self.image), table, painted.reshape(-1))
        return painted


def samples(image: Array, valid: Array | None = None, *, joined: bool = True) -> Samples:
    """Collect the pixels that count; uint8 and 16-bit gray pixels of one color are joined if that is asked for.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    valid : (H, W) bool or None
    joined : bool

    Examples
    --------
    >>> found = samples(np.array([[7, 3, 7]], np.uint8))
    >>> found.colors.tolist(), found.weights.tolist()
    ([3, 7], [1.0, 2.0])
    >>> found.paint(np.array([0, 1], np.uint8)).tolist()
    [[1, 0, 1]]
    """
    if not joined or image.dtype.kind == "f" or (image.ndim == 3 and image.dtype != np.uint8):
        colors = image.reshape(-1, *image.shape[2:]) if valid is None else image[valid]
        return Samples(colors, np.ones(1), image, valid, None)
    if image.ndim == 2:
        counts = histogram(image, valid).counts
        codes = np.flatnonzero(counts)
        return Samples(codes.astype(image.dtype), counts[codes].astype(np.float64), image, valid, codes)
    from segcli.numeric import _cluster_kernels as kernels

    codes, counts = kernels.count_colors(_rows(image if valid is None else image[valid]))
    channels = np.empty((len(codes), 3), np.uint8)
    for channel in range(3):
        np.right_shift(codes, 16 - 8 * channel, out=channels[:, channel], casting="unsafe")
    return Samples(channels, counts, image, valid, codes)


def _rows(image: Array) -> Array:
    """Lay colors out as contiguous (n, 3)."""
    return np.ascontiguousarray(image).reshape(-1, 3)


def feature_points(
    pixels: Samples, space: Literal["rgb", "lab"], position_weight: float | Literal["auto"]
) -> tuple[NDArray[np.float32], float]:
    """Lay the samples out as points in the space of their features; also returns the weight of position.

    Parameters
    ----------
    pixels : Samples
        Not joined, where position counts.
    space : rgb or lab
        The features: the channels as they are, or L*a*b* of them; of gray levels L* alone.
    position_weight : float or auto
        Row and column follow as features, multiplied by this; not if it is 0. With auto the image's longer side
        counts half as much as the widest range of a channel.

    Returns
    -------
    (features, samples) float32, float

    Raises
    ------
    InputError
        lab of floats outside 0 to 1.
    """
    colors = pixels.colors
    if space == "lab":
        if colors.dtype.kind == "f" and (colors.min() < 0 or colors.max() > 1):
            raise InputError(
                f"the image's values go from {colors.min():g} to {colors.max():g}; "
                "lab needs floats from 0 to 1. Rescale the image, or take rgb."
            )
        colors = lightness(colors) if colors.ndim == 1 else lab(colors)
    planes = colors.reshape(len(colors), -1).T
    if position_weight == 0:
        return np.ascontiguousarray(planes, np.float32), 0.0
    height, width = pixels.image.shape[:2]
    ranges = planes.max(axis=1).astype(np.float64) - planes.min(axis=1)
    weight = float(ranges.max()) / max(height, width) / 2 if position_weight == "auto" else position_weight
    points = np.empty((len(planes) + 2, len(colors)), np.float32)
    points[:-2] = planes
    for place, steps in zip(points[-2:], np.ogrid[:height, :width], strict=True):
        plane = np.broadcast_to((steps * weight).astype(np.float32), (height, width))
        place[:] = plane.reshape(-1) if pixels.valid is None else plane[pixels.valid]
    return points, weight
