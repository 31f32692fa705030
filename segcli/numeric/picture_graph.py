"""A picture as a graph: superpixels or pixels with their colors, and the boundary strength between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.color import lab, lightness
from segcli.numeric.outside import window_of
from segcli.numeric.region_graph import RegionGraph, RegionSums, region_graph, region_sums

COMPACTNESS = 10.0
"""Of the superpixels, in units of L* a superpixel's width."""

_SMALLEST = 4
"""Pixels that a superpixel has at least, on average."""

_SIGMA = 1.0
"""Of the Gaussian before the gradient, in pixels."""


@dataclass(frozen=True, eq=False)
class PictureGraph:
    """What methods on graphs of regions start from.

    Attributes
    ----------
    labels : (H, W) int32
        The regions 1..n in the beginning, 0 on pixels left out.
    strength : (H, W) float32
        Gradient magnitude in L*a*b* units a pixel.
    graph : RegionGraph
    sums : RegionSums of the L*a*b* colors (gray: of L*) and then of row and column.
    """

    labels: Labels
    strength: NDArray[np.float32]
    graph: RegionGraph
    sums: RegionSums

    @property
    def color_sums(self) -> RegionSums:
        """The colors alone."""
        return RegionSums(self.sums.sizes, self.sums.sums[:, :-2], self.sums.squares[:, :-2])

    @property
    def colors(self) -> NDArray[np.float64]:
        """(n, 1 or 3) mean L* or L*a*b* of the regions."""
        return self.sums.means[:, :-2]

    @property
    def places(self) -> NDArray[np.float64]:
        """(n, 2) mean row and column of the regions."""
        return self.sums.means[:, -2:]


def picture_graph(image: Array, valid: Array | None, superpixels: int | Literal["off"]) -> PictureGraph | None:
    """Take a picture apart into superpixels and say which touch; None where every pixel is the same.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        16-bit images, and floats that do not lie between 0 and 1, are stretched to that range.
    valid : (H, W) bool or None
        Pixels left out are in no region and have no gradient.
    superpixels : int or off
        About how many; off makes every pixel a region.

    Examples
    --------
    >>> halves = np.repeat(np.array([[50, 200]], np.uint8), 3, axis=0)
    >>> picture_graph(halves, None, "off").graph.edges.tolist()
    [[0, 1], [0, 2], [1, 3], [2, 3], [2, 4], [3, 5], [4, 5]]
    """
    window = window_of(valid, image.shape[:2])
    counted = None if valid is None else np.ascontiguousarray(valid[window])
    planes = perceived(image[window], counted)
    pixels = planes[counted] if counted is not None else planes.reshape(-1, planes.shape[2])
    if (pixels == pixels[0]).all():
        return None
    # Everything happens inside the window, so that pixels left out around it change nothing.
    parts = _start(planes, counted, superpixels, len(pixels))
    slope = gradient(planes, counted)
    labels, strength = np.zeros(image.shape[:2], np.int32), np.zeros(image.shape[:2], np.float32)
    labels[window], strength[window] = parts, slope
    rows, columns = (steps.astype(np.float32) for steps in np.indices(parts.shape))
    sums = region_sums(parts, np.dstack([planes, rows + window[0].start, columns + window[1].start]))
    return PictureGraph(labels, strength, region_graph(parts, slope), sums)


def perceived(image: Array, valid: Array | None) -> NDArray[np.float32]:
    """Turn a picture into (H, W, 3) L*a*b*, a gray one into (H, W, 1) L*."""
    if image.dtype != np.uint8:
        low, high = _range(image, valid)
        if image.dtype.kind == "u" or low < 0 or high > 1:
            image = (image.astype(np.float64) - low) / max(high - low, np.finfo(np.float64).tiny)
        image = np.clip(image, 0, 1).astype(np.float32)
    return lab(image) if image.ndim == 3 else lightness(image)[:, :, None]


def gradient(planes: Array, valid: Array | None) -> NDArray[np.float32]:
    """Gradient magnitude over all channels of a slightly smoothed picture; 0 on pixels left out."""
    from segcli.opencv import cv2

    squares = np.zeros(planes.shape[:2], np.float32)
    inside = None if valid is None else valid.astype(np.float32)
    weight = None if inside is None else np.maximum(cv2.GaussianBlur(inside, (0, 0), _SIGMA), 1e-6)
    for channel in range(planes.shape[2]):
        plane = np.ascontiguousarray(planes[:, :, channel])
        # Normalized convolution carries values across the rim of what is left out, so no edge is seen there.
        smooth = cv2.GaussianBlur(plane if inside is None else plane * inside, (0, 0), _SIGMA)
        smooth = smooth if weight is None else smooth / weight
        for x in (0, 1):
            slope = cv2.Sobel(smooth, cv2.CV_32F, x, 1 - x, scale=0.125, borderType=cv2.BORDER_REPLICATE)
            squares += slope * slope
    magnitude: NDArray[np.float32] = np.sqrt(squares)
    return magnitude if inside is None else magnitude * inside


def _range(image: Array, valid: Array | None) -> tuple[float, float]:
    """Least and greatest value that counts."""
    pixels = image if valid is None else image[valid]
    return float(pixels.min()), float(pixels.max())


def _start(planes: Array, valid: Array | None, superpixels: int | Literal["off"], pixels: int) -> Labels:
    """The regions in the beginning, 1..n without gaps."""
    if superpixels == "off":
        inside = np.ones(planes.shape[:2], bool) if valid is None else valid
        return np.cumsum(inside, dtype=np.int32).reshape(inside.shape) * inside
    from segcli.numeric.slic import slic

    return slic(planes, max(1, min(superpixels, pixels // _SMALLEST)), COMPACTNESS, valid=valid)
