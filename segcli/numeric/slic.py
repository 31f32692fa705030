"""Superpixels by k-means that looks no further than a superpixel's width."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.numeric.partition import connected_parts

SMALLEST = 0.25
"""Share of the mean size below which a part of a superpixel joins a neighbor."""

STILL = 0.05
"""Mean movement of the centers, in pixels, at which iterations stop."""


def slic(
    planes: Array,
    regions: int,
    compactness: float,
    *,
    valid: Array | None = None,
    iterations: int = 10,
    adaptive: bool = False,
) -> Labels:
    """Part a picture into connected superpixels of similar size.

    Parameters
    ----------
    planes : (H, W, 1) or (H, W, 3) float32
        Colors, best L*a*b*.
    regions : about how many; the grid of first centers has a square cell for each.
    compactness : color difference that weighs as much as one cell's width.
    valid : (H, W) bool or None
        Pixels left out belong to no superpixel and move no center.
    iterations : the most; they stop when the centers move by less than a twentieth of a pixel on average.
    adaptive : SLIC-zero: after the first iteration each superpixel's own greatest color difference takes the place of
        compactness.

    Returns
    -------
    (H, W) int32
        1..n without gaps in reading order, 0 where pixels are left out. Parts that were cut off and are smaller than a
        quarter of a cell belong to a neighbor.

    References
    ----------
    R. Achanta, A. Shaji, K. Smith, A. Lucchi, P. Fua, S. Suesstrunk, "SLIC superpixels compared to state-of-the-art
    superpixel methods", IEEE Trans. Pattern Analysis and Machine Intelligence 34(11), 2274-2282, 2012.

    Examples
    --------
    >>> slic(np.array([[[0.0], [0.0], [90.0], [90.0]]], np.float32), 2, 1.0).tolist()
    [[1, 1, 2, 2]]
    """
    from segcli.numeric import _slic_kernels as kernels

    height, width = planes.shape[:2]
    counted = np.ones((height, width), bool) if valid is None else np.ascontiguousarray(valid)
    colors = np.zeros((3, height, width), np.float32)
    colors[: planes.shape[2]] = np.moveaxis(planes, 2, 0)
    cell = max(1.0, (np.count_nonzero(counted) / regions) ** 0.5)
    centers = _first_centers(colors, counted, cell)
    step = int(np.ceil(cell))
    near = np.full(len(centers), (compactness / cell) ** 2, np.float32)
    scale = np.ones(len(centers), np.float32)
    spans = np.zeros(len(centers), np.float32)
    columns = np.arange(width, dtype=np.float32)
    labels, distances = np.empty((height, width), np.int32), np.empty((height, width), np.float32)
    for _ in range(iterations):
        labels.fill(-1)
        distances.fill(np.inf)
        kernels.assign(colors, centers, step, near, scale, columns, distances, labels)
        if adaptive:
            kernels.widest(colors, centers, labels, counted, spans)
            near[:] = 1 / cell**2
            scale = (1 / np.maximum(spans, 1.0)).astype(np.float32)
        moved = _move(centers, kernels, colors, labels, counted)
        if moved < STILL:
            break
    labels[~counted] = -1
    _adopt(labels, counted)
    return connected_parts(labels, round(SMALLEST * cell * cell))


def _first_centers(colors: NDArray[np.float32], counted: Array, cell: float) -> NDArray[np.float32]:
    """Colors, row and column of the pixels in the middle of square cells, moved off edges where cells are wide."""
    height, width = counted.shape
    rows, columns = (
        ((np.arange(count) + 0.5) * side / count).astype(np.intp)
        for side, count in ((side, max(1, round(side / cell))) for side in (height, width))
    )
    places = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = places[counted[places[:, 0], places[:, 1]]]
    # A mask may lie between the grid's points.
    places = inside if len(inside) else np.argwhere(counted)[:1]
    if cell >= 3:
        places = _off_edges(colors, counted, places)
    found = colors[:, places[:, 0], places[:, 1]].T
    return np.ascontiguousarray(np.hstack([found, places]), np.float32)


def _off_edges(colors: NDArray[np.float32], counted: Array, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Move each place to the flattest counted pixel among the nine around it."""
    height, width = counted.shape
    slope = np.zeros((height, width), np.float32)
    for axis in (0, 1):
        difference = ((np.roll(colors, -1, axis + 1) - np.roll(colors, 1, axis + 1)) ** 2).sum(axis=0)
        slope += difference
    slope[~counted] = np.inf
    around = np.array([(0, 0), *((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x)])
    near = np.clip(places[:, None] + around, 0, (height - 1, width - 1))
    flattest = slope[near[..., 0], near[..., 1]].argmin(axis=1)
    return np.asarray(near[np.arange(len(places)), flattest])


def _move(
    centers: NDArray[np.float32], kernels: object, colors: NDArray[np.float32], labels: Labels, counted: Array
) -> float:
    """Move each center to the mean of its pixels; how far they moved on average, in pixels."""
    sums = np.zeros((len(centers), 6))
    kernels.gather(colors, labels, counted, sums)  # type: ignore[attr-defined]
    owning = sums[:, 5] > 0
    means = (sums[owning, :5] / sums[owning, 5:]).astype(np.float32)
    moved = np.hypot(*(means - centers[owning])[:, 3:].T).mean() if owning.any() else 0.0
    centers[owning] = means
    return float(moved)


def _adopt(labels: Labels, counted: Array) -> None:
    """Give counted pixels that no center's window reached to the nearest superpixel."""
    orphans = counted & (labels < 0)
    if not orphans.any():
        return
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(labels < 0, return_distances=False, return_indices=True)
    labels[orphans] = labels[rows, columns][orphans]


def blurred(planes: Array, valid: Array | None, sigma: float) -> NDArray[np.float32]:
    """Blur (H, W, C) planes by a Gaussian over the counted pixels alone."""
    from segcli.opencv import cv2

    if sigma == 0:
        return np.asarray(planes, np.float32)
    inside = np.ones(planes.shape[:2], np.float32) if valid is None else valid.astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(inside, (0, 0), sigma), 1e-6)
    smooth = cv2.GaussianBlur(planes * inside[..., None], (0, 0), sigma).reshape(planes.shape) / weight[..., None]
    return np.where(inside[..., None] > 0, smooth, planes).astype(np.float32)
