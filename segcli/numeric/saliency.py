"""What saliency methods share: opponent colors, the pull of the middle, and the mask of a map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.histogram import histogram, otsu_threshold
from segcli.numeric.reduced import Reduced
from segcli.numeric.trimaps import extent_of
from segcli.segmentation import Segmentation

Map = NDArray[np.float32]

MIDDLE = 0.2
"""Standard deviation of the pull of the middle, as a share of height and of width."""

DECIMALS = 5
"""Digits of a map that count: those behind them depend on the machine."""


def segment_map(
    image: Array, valid: Array | None, size: int, center: float, compute: Callable[[Map], tuple[Map, Mapping[str, Map]]]
) -> Segmentation:
    """Find the salient pixels of a picture by a map that is computed on a smaller copy of it.

    Parameters
    ----------
    image : (H, W, 3) uint8, uint16 or float32
    valid : (H, W) bool or None
        The map is computed on the smallest box around these.
    size : longer side of the copy, in pixels; smaller pictures are not enlarged.
    center : 0 to 1; the map is weighed by 1 - center + center * Gaussian around the middle.
    compute : from (height, width, 3) float32 colors, 0 to 255, to a (height, width) map, 0 and more, and the maps that
        it is made of, by name and of any size.

    Returns
    -------
    Segmentation
        A mask by Otsu's threshold of the map, with the map scaled to 0 to 1 as layer and as score of the object; the
        maps that it is made of, scaled alike, are layers too.
    """
    box = extent_of(valid, image.shape[:2])
    window = (slice(box.top, box.bottom), slice(box.left, box.right))
    part = image[window]
    if (part == part[0, 0]).all():
        note = "the picture is the same everywhere; nothing in it stands out"
        return Segmentation(np.zeros(image.shape[:2], np.uint8), "mask", notes=(note,))
    small = Reduced(part, None if valid is None else valid[window], size)
    computed, parts = compute(small.colors)
    found = unit(computed) * np.float32(center * middle(small.shape) + 1 - center)
    layers = {"saliency": np.zeros(image.shape[:2], np.float32)}
    layers["saliency"][window] = np.round(unit(small.enlarge(np.ascontiguousarray(found, np.float32))), DECIMALS)
    for name, plane in parts.items():
        layers[name] = np.zeros(image.shape[:2], np.float32)
        layers[name][window] = np.round(unit(_enlarged(plane, part.shape[:2])), DECIMALS)
    saliency = layers["saliency"]
    inside = saliency[window] if valid is None else saliency[window][valid[window]]
    threshold = otsu_threshold(histogram(inside.reshape(1, -1)))
    mask = saliency > threshold
    if valid is not None:
        mask &= valid
    return Segmentation(
        mask.astype(np.uint8),
        "mask",
        scores=np.stack([1 - saliency, saliency]),
        numbers={"threshold": threshold},
        layers=layers,
        notes=() if mask.any() else ("nothing stands out",),
    )


def _enlarged(plane: Map, shape: tuple[int, ...]) -> Map:
    """A small map at the picture's size."""
    from segcli.opencv import cv2

    return np.asarray(cv2.resize(np.ascontiguousarray(plane), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))


def unit(values: Map) -> Map:
    """Scale a map to 0 to 1; one that is the same everywhere becomes 0."""
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-12:
        return np.zeros(values.shape, np.float32)
    return np.asarray((values - low) / np.float32(high - low), np.float32)


def middle(shape: tuple[int, int]) -> NDArray[np.float64]:
    """A Gaussian around the middle of a picture, 1 at its peak, as wide as the picture and as high."""
    rows, columns = (np.exp(-0.5 * (((np.arange(length) + 0.5) / length - 0.5) / MIDDLE) ** 2) for length in shape)
    return np.asarray(rows[:, None] * columns)


@dataclass(frozen=True, eq=False)
class Opponents:
    """Intensity and two opponent colors, (H, W) float32 each."""

    intensity: Map
    red_green: Map
    blue_yellow: Map


def opponents(colors: Map) -> Opponents:
    """Intensity 0 to 1, red against green and blue against yellow.

    The hues are freed of intensity, and 0 where it is below a tenth of its maximum, as such hues are not seen (Itti,
    Koch and Niebur 1998, section 2).
    """
    intensity = colors.mean(axis=2) / np.float32(255)
    seen = intensity > 0.1 * intensity.max()
    hues = np.where(seen[..., None], colors / np.float32(255) / np.maximum(intensity, 1e-6)[..., None], 0)
    red, green, blue = np.moveaxis(hues.astype(np.float32), 2, 0)
    yellow = np.maximum((red + green) / 2 - np.abs(red - green) / 2 - blue, 0)
    pure_red, pure_green = np.maximum(red - (green + blue) / 2, 0), np.maximum(green - (red + blue) / 2, 0)
    return Opponents(intensity, pure_red - pure_green, np.maximum(blue - (red + green) / 2, 0) - yellow)


def oriented(plane: Map, degrees: float) -> Map:
    """Strength of the edges and lines of one orientation: a pair of Gabor filters, 9 x 9, wavelength 5 pixels."""
    from segcli.opencv import cv2

    angle = np.deg2rad(degrees)
    even, odd = (cv2.getGaborKernel((9, 9), 2.5, angle, 5.0, 1.0, phase) for phase in (0, np.pi / 2))
    return np.hypot(*(cv2.filter2D(plane, cv2.CV_32F, kernel - kernel.mean()) for kernel in (even, odd)))
