"""Hierarchical grouping of regions in several color spaces, scales and similarities, as selective search does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.felzenszwalb import felzenszwalb_regions

COLOR_BINS, TEXTURE_BINS, DIRECTIONS = 25, 10, 8
STEEPEST = 255 / np.sqrt(2 * np.pi)
"""Gaussian derivative (sigma 1) on an edge from 0 to 255."""


@dataclass(frozen=True, eq=False)
class Tree:
    """First regions and how they were joined, two by two.

    Attributes
    ----------
    labels : (H, W) int32
        First region of each pixel, from 0 in reading order; -1 where a pixel is left out.
    count : int
        Number of first regions.
    parents : (nodes,) int64
        For each region the one that it became part of, -1 at the end; later ones have higher numbers.
    boxes : (nodes, 4) int64
        Left, top, right, bottom; right and bottom exclusive.
    """

    labels: Array
    count: int
    parents: NDArray[np.int64]
    boxes: NDArray[np.int64]

    def cut(self, regions: int) -> Array:
        """The (H, W) int32 partition when so many regions were left, 1..n in reading order; 0 where left out."""
        nodes = np.arange(len(self.parents))
        stop = max(2 * self.count - regions, self.count)
        for node in nodes[::-1]:
            if 0 <= self.parents[node] < stop:
                nodes[node] = nodes[self.parents[node]]
        _, numbers = np.unique(nodes[: self.count], return_inverse=True)
        # Leaves are in reading order: a group's first leaf gives it its place.
        _, first = np.unique(numbers, return_index=True)
        names = np.argsort(np.argsort(first)) + 1
        return np.where(self.labels < 0, 0, names[numbers][self.labels]).astype(np.int32)


def color_spaces(values: NDArray[np.float32], names: tuple[str, ...]) -> Iterator[NDArray[np.float32]]:
    """Convert (H, W, 3) float32 RGB to each of the spaces hsv, lab, rgi, hue and intensity; all are of 0 to 255."""
    from segcli.opencv import cv2

    shares = values / np.float32(255)
    for name in names:
        if name == "lab":
            stretched = cv2.cvtColor(shares, cv2.COLOR_RGB2Lab) * np.array([2.55, 1, 1], np.float32)
            yield np.asarray(stretched + np.array([0, 128, 128], np.float32), np.float32)
        elif name == "intensity":
            yield values.mean(axis=2, keepdims=True)
        elif name == "rgi":
            total = values.sum(axis=2)
            chroma = values[..., :2] * np.float32(255) / np.maximum(total, 1)[..., None]
            yield np.concatenate([chroma, total[..., None] / 3], axis=2)
        else:
            hsv = cv2.cvtColor(shares, cv2.COLOR_RGB2HSV) * np.array([255 / 360, 255, 255], np.float32)
            yield np.asarray(hsv[..., :1] if name == "hue" else hsv, np.float32)


def trees(
    planes: NDArray[np.float32],
    scales: tuple[float, ...],
    likenesses: tuple[tuple[bool, ...], ...],
    sigma: float,
    valid: Array | None = None,
) -> Iterator[Tree]:
    """Segment an image at each scale, and group the regions by each likeness.

    Parameters
    ----------
    planes : (H, W, C) float32
        Channels of 0 to 255.
    scales : floats
        k of Felzenszwalb's rule: regions below about k pixels need a stronger edge. Smaller ones are joined, unless
        they have more than a 200th of the pixels.
    likenesses : four truths each
        Whether similarity of color, of texture, of size, and how well regions fill their box count.
    sigma : float
        Pixels; of the Gaussian that smooths the image for the first regions.
    valid : (H, W) bool or None
        Pixels that belong to regions.

    References
    ----------
    J. Uijlings, K. van de Sande, T. Gevers, A. Smeulders, "Selective search for object recognition", Int. J. Computer
    Vision 104(2), 154-171, 2013. First regions: P. Felzenszwalb and D. Huttenlocher, "Efficient graph-based image
    segmentation", Int. J. Computer Vision 59(2), 167-181, 2004.
    """
    from segcli.numeric import _proposal_kernels as kernels

    height, width, channels = planes.shape
    counted = np.ones((height, width), np.uint8) if valid is None else valid.astype(np.uint8)
    smooth, codes = _smooth(planes, sigma, counted), _codes(planes, counted)
    colors = channels * COLOR_BINS
    parts = np.array([channels] * colors + [channels * DIRECTIONS] * (colors * DIRECTIONS * TEXTURE_BINS // COLOR_BINS))
    pixels = int(np.count_nonzero(counted))
    for k in scales:
        labels = felzenszwalb_regions(smooth, k, int(min(k, pixels / 200)), valid) - 1
        count = int(labels.max()) + 1
        sizes, boxes = np.zeros(2 * count, np.int64), np.zeros((2 * count, 4), np.int64)
        bins = np.zeros((2 * count, len(parts)), np.int32)
        kernels.describe(labels.reshape(-1), codes, width, sizes, boxes, bins)
        bins[:count] = bins[:count] * (kernels.WHOLE / (sizes[:count, None] * parts))
        pairs = _pairs(labels)
        for likeness in likenesses:
            parents = np.full(2 * count, -1)
            total = kernels.group(pairs, count, sizes, boxes, bins, colors, np.array(likeness), parents)
            yield Tree(labels, count, parents[:total], boxes[:total].copy())


def _smooth(planes: NDArray[np.float32], sigma: float, counted: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Smooth by a Gaussian, from pixels that count alone: the picture's border is like that of what is left out."""
    from segcli.opencv import cv2

    if sigma == 0:
        return planes
    gaussian = partial(cv2.GaussianBlur, ksize=(0, 0), sigmaX=sigma, borderType=cv2.BORDER_CONSTANT)
    mass = np.maximum(gaussian(counted.astype(np.float32)), np.float32(1e-6))
    return np.asarray(gaussian(planes * counted[..., None]).reshape(planes.shape) / mass[..., None], np.float32)


def _codes(planes: NDArray[np.float32], counted: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Number of the bin of each pixel, for the color of each channel and its slope in each of eight directions."""
    from segcli.opencv import cv2

    height, width, channels = planes.shape
    codes = np.empty((height, width, channels * (1 + DIRECTIONS)), np.uint16)
    codes[..., :channels] = _bin(planes, 255, COLOR_BINS) + np.arange(channels) * COLOR_BINS
    column, start = channels, channels * COLOR_BINS
    # No slope is known where the picture, or what counts of it, ends within reach of the filter.
    known = cv2.erode(counted, np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    for channel in range(channels):
        across, down = (_slope(np.ascontiguousarray(planes[..., channel]), axis) * known for axis in (0, 1))
        for direction in range(DIRECTIONS):
            angle = 2 * np.pi * direction / DIRECTIONS
            slope = np.float32(np.cos(angle)) * across + np.float32(np.sin(angle)) * down
            # Most slopes are small: the root spreads them over the bins.
            codes[..., column] = _bin(np.sqrt(np.maximum(slope, 0)), STEEPEST**0.5, TEXTURE_BINS) + start
            column, start = column + 1, start + TEXTURE_BINS
    return codes.reshape(height * width, -1)


def _bin(values: NDArray[np.float32], top: float, bins: int) -> NDArray[np.uint16]:
    """Number of the bin of values from 0 to top; those beyond belong to the outermost."""
    return np.asarray(np.clip(values * np.float32(bins / top), 0, bins - 1), np.uint16)


def _slope(plane: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Derivative of a Gaussian of sigma 1 to the right (0) or down (1), in levels a pixel."""
    from segcli.opencv import cv2

    places = np.arange(-3, 4)
    bell = np.exp(-(places**2) / 2) / np.exp(-(places**2) / 2).sum()
    kernels = (places * bell, bell) if axis == 0 else (bell, places * bell)
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_32F, *kernels, borderType=cv2.BORDER_REPLICATE))


def _pairs(labels: Array) -> NDArray[np.int64]:
    """Pairs of regions that touch, (n, 2), lower number first."""
    found = []
    for one, other in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        border = (one != other) & (one >= 0) & (other >= 0)
        found.append(np.sort(np.stack([one[border], other[border]], axis=1), axis=1))
    pairs = np.concatenate(found).astype(np.int64)
    count = int(labels.max()) + 1
    keys = np.unique(pairs[:, 0] * count + pairs[:, 1])
    return np.stack([keys // count, keys % count], axis=1)


def propose(found: Sequence[Tree], seed: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The distinct boxes of all regions, (N, 4), best first, and their ranks (N,).

    A region's rank is its place in its own tree, 1 the last that was made, times a random number; a box that several
    regions have gets its best rank.
    """
    random = np.random.default_rng(seed)
    places = np.concatenate([np.arange(len(tree.boxes), 0, -1) for tree in found])
    ranks = (places * random.random(len(places))).astype(np.float32)
    boxes = np.concatenate([tree.boxes for tree in found])
    order = np.argsort(ranks, kind="stable")
    _, first = np.unique(boxes[order], axis=0, return_index=True)
    kept = order[np.sort(first)]
    return boxes[kept].astype(np.int32), ranks[kept]
