"""Measures the regions of a segmentation, in columns named as scikit-image's regionprops_table names them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.forms import as_gray
from segcli.numeric.hulls import Spans, hull_spans
from segcli.numeric.runs import Runs, cut_runs, run_starts
from segcli.segmentation import VOID, Segmentation

UNITS = {
    "label": "number of the region",
    "class": "number of the class",
    "area": "pixels",
    "centroid-0": "row in pixels",
    "centroid-1": "column in pixels",
    "bbox-0": "first row",
    "bbox-1": "first column",
    "bbox-2": "row after the last",
    "bbox-3": "column after the last",
    "perimeter": "pixels",
    "eccentricity": "0 circle to 1 line",
    "solidity": "share of the convex hull, 0 to 1",
    "intensity_mean": "image units",
}
"""Every column that `measure` may give, in order, with its unit."""


def region_count(segmentation: Segmentation) -> int:
    """Count the regions: components of a mask (8-connected), objects of instances, classes that occur."""
    from segcli.opencv import cv2

    labels = np.ascontiguousarray(segmentation.labels)
    if segmentation.kind == "mask":
        # The quickest of OpenCV's algorithms on one thread.
        return int(cv2.connectedComponentsWithAlgorithm(labels, 8, cv2.CV_32S, cv2.CCL_BBDT)[0]) - 1
    flat = labels.reshape(-1)
    # Few pixels begin a run of equal labels, and those have all the labels there are.
    present = np.unique(np.append(flat[:1], flat[1:][flat[1:] != flat[:-1]]))
    return int(np.count_nonzero(present != VOID if segmentation.kind == "classes" else present > 0))


def foreground_share(segmentation: Segmentation) -> float:
    """Return the share of pixels that are not background (of classes: not 0), 0 to 1; VOID pixels do not count."""
    from segcli.opencv import cv2

    labels = np.ascontiguousarray(segmentation.labels)
    void = int(cv2.countNonZero((labels == VOID).view(np.uint8))) if segmentation.kind == "classes" else 0
    return (int(cv2.countNonZero(labels)) - void) / max(labels.size - void, 1)


def measure(segmentation: Segmentation, image: Array | None = None) -> dict[str, Array]:
    """Measure each region of a segmentation.

    Regions are the objects of kind instances, with their own numbers, and the 8-connected components of masks and
    of each class (class 0 is a class like the others), numbered from 1 in the order in which a scan by rows meets
    them. Pixels that were left out of classes (VOID) belong to none.

    Parameters
    ----------
    segmentation : Segmentation
    image : (H, W) or (H, W, 3) uint8, uint16 or float32, or None
        The picture for intensity_mean, in its own units; color counts by its Rec. 601 luma. None leaves that
        column out.

    Returns
    -------
    dict of columns, each with one entry for each region; `UNITS` lists them
        label int64; class int64 (kind classes only); area int64; centroid-0 and centroid-1 (row and column) float64;
        bbox-0 to bbox-3 (first row, first column, row and column after the last) int64; perimeter float64, after
        Benkrid and Crookes; eccentricity float64 of the ellipse with the same second moments; solidity float64,
        area over the pixels of the convex hull; intensity_mean float64. All agree with scikit-image's.

    References
    ----------
    K. Benkrid, D. Crookes, "Design and FPGA implementation of a perimeter estimator",
    Proc. Irish Machine Vision and Image Processing Conference, 51-57, 2000.

    Examples
    --------
    >>> dot = Segmentation(np.array([[0, 0], [0, 1]], np.uint8), "mask")
    >>> {name: column.tolist() for name, column in measure(dot).items() if name in ("label", "area", "bbox-0")}
    {'label': [1], 'area': [1], 'bbox-0': [1]}
    """
    regions = regions_of(segmentation)
    runs = cut_runs(regions)
    columns: dict[str, Array] = {"label": runs.labels.astype(np.int64)}
    if segmentation.kind == "classes":
        columns["class"] = classes_of(segmentation, runs)
    found = moments(runs)
    columns |= places(runs, found)
    columns["perimeter"] = perimeters(regions, runs.labels)
    columns["eccentricity"] = eccentricity(*principal_variances(found))
    columns["solidity"] = columns["area"] / hull_areas(runs)
    if image is not None:
        sums = np.add.reduceat(as_gray(image).reshape(-1), run_starts(regions), dtype=np.float64)
        columns["intensity_mean"] = runs.total(sums[runs.order]) / columns["area"]
    return columns


def regions_of(segmentation: Segmentation) -> NDArray[np.int32]:
    """Label the regions to measure, 0 elsewhere."""
    from segcli.opencv import cv2

    labels = np.ascontiguousarray(segmentation.labels)
    if segmentation.kind == "instances":
        return labels
    kinds = [1] if segmentation.kind == "mask" else [int(kind) for kind in np.unique(labels) if kind != VOID]
    regions = np.zeros(labels.shape, np.int32)
    count = 0
    for kind in kinds:
        found, part = cv2.connectedComponents((labels == kind).view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
        np.add(part, count, out=regions, where=part > 0)
        count += found - 1
    # OpenCV numbers by blocks, and here by class: number anew in the order of a scan by rows.
    flat = regions.reshape(-1)
    starts = np.flatnonzero(np.diff(flat, prepend=0))
    seen, first = np.unique(flat[starts], return_index=True)
    order = seen[np.argsort(first)]
    rank = np.zeros(count + 1, np.int32)
    rank[order[order > 0]] = np.arange(1, count + 1)
    return rank[regions]


def classes_of(segmentation: Segmentation, runs: Runs) -> NDArray[np.int64]:
    """The class of each region."""
    return np.asarray(segmentation.labels[runs.row[runs.firsts], runs.left[runs.firsts]], np.int64)


class Moments(NamedTuple):
    """Area, centroid, and second moments about it over the area, of each region; pixels."""

    area: NDArray[np.float64]
    row: NDArray[np.float64]
    column: NDArray[np.float64]
    row_variance: NDArray[np.float64]
    column_variance: NDArray[np.float64]
    covariance: NDArray[np.float64]


def moments(runs: Runs) -> Moments:
    """Sum over runs in closed form."""
    top, left, _, _ = runs.bounds
    # Coordinates from each region's own corner keep the sums small, and so exact.
    rows = (runs.row - top[runs.region]).astype(np.float64)
    start = (runs.left - left[runs.region]).astype(np.float64)
    last = start + runs.length - 1
    across = runs.length * (start + last) / 2
    squares = (last * (last + 1) * (2 * last + 1) - (start - 1) * start * (2 * start - 1)) / 6
    area = runs.total(runs.length)
    row, column = runs.total(runs.length * rows) / area, runs.total(across) / area
    return Moments(
        area,
        top + row,
        left + column,
        runs.total(runs.length * rows**2) / area - row**2,
        runs.total(squares) / area - column**2,
        runs.total(across * rows) / area - row * column,
    )


def principal_variances(found: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The larger and the smaller variance along the axes of the ellipse with the same second moments."""
    middle = (found.row_variance + found.column_variance) / 2
    spread = np.hypot((found.row_variance - found.column_variance) / 2, found.covariance)
    return middle + spread, np.maximum(middle - spread, 0)


def eccentricity(longer: NDArray[np.float64], shorter: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for a circle, towards 1 for a line, of variances along the axes."""
    ratio = np.divide(shorter, longer, out=np.ones_like(longer), where=longer > 0)
    return np.asarray(np.sqrt(np.maximum(1 - ratio, 0)))


def places(runs: Runs, found: Moments) -> dict[str, Array]:
    """Area, centroid and bounding box."""
    boxes = {f"bbox-{number}": side for number, side in enumerate(runs.bounds)}
    return {"area": found.area.astype(np.int64), "centroid-0": found.row, "centroid-1": found.column, **boxes}


def _step_lengths() -> NDArray[np.float64]:
    """Length of outline that a border pixel adds, by 1 + 2 side neighbors + 10 corner neighbors on the border."""
    lengths = np.zeros(50)
    lengths[[5, 7, 15, 17, 25, 27]] = 1
    lengths[[21, 33]] = 2**0.5
    lengths[[13, 23]] = (1 + 2**0.5) / 2
    return lengths


def perimeters(regions: NDArray[np.int32], labels: Array) -> NDArray[np.float64]:
    """Perimeter of each region after Benkrid and Crookes: border pixels, weighted by their border neighbors."""
    flat = np.pad(regions, 1).reshape(-1)
    width = regions.shape[1] + 2
    border = np.zeros(flat.size, bool)
    inner = slice(width, flat.size - width)
    for step in (1, -1, width, -width):
        border[inner] |= flat[inner] != flat[width + step : flat.size - width + step]
    border &= flat > 0
    pixels = np.flatnonzero(border)
    own = flat[pixels]
    code = np.ones(len(pixels), np.int64)
    for step, weight in ((1, 2), (width, 2), (width - 1, 10), (width + 1, 10)):
        for neighbor in (pixels + step, pixels - step):
            code += weight * (border[neighbor] & (flat[neighbor] == own))
    return np.bincount(np.searchsorted(labels, own), weights=_step_lengths()[code], minlength=len(labels)).astype(
        np.float64
    )


def hull_areas(runs: Runs) -> NDArray[np.float64]:
    """Pixels in the convex hull of each region, the hull taken around the midpoints of the pixels' sides."""
    hull = hull_spans(Spans(*runs.rows))
    return np.bincount(hull.region, weights=hull.last - hull.first + 1, minlength=len(runs.labels)).astype(np.float64)
