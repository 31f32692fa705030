"""Scores of outlines: how far the border of a mask lies from the true one.

The boundary of a mask is the mask without its 4-neighbor erosion: its pixels that share a side with the background.
What is beside the picture counts as background, so that an object that the picture cuts is bounded by its edge.
Two empty masks are at distance 0; an empty one is infinitely far from any other, or as far as the picture is long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError, SettingError
from segcli.scores.pairs import same_size
from segcli.scores.semantic import confusion
from segcli.segmentation import VOID

Missing = Literal["infinite", "diagonal"]
"""The distance of an empty mask from one that is not: infinite, or the length of the picture's diagonal."""

SHARE_OF_DIAGONAL = 0.0075
"""Tolerance of the boundary F-score in its paper."""

MANY = 200_000
"""Boundary pixels from which a distance transform of the whole picture is quicker than a search tree."""

_EXACT = 500
"""Pixels up to which the square of a float32 distance rounds to the right whole number."""


class Distances(NamedTuple):
    """Distances of boundary pixels to the nearest one of the other boundary; either is empty where a mask is."""

    to_truth: NDArray[np.float64]
    to_prediction: NDArray[np.float64]


def boundary(mask: Array) -> NDArray[np.bool_]:
    """Pixels of a mask that have a side in common with the background or with the edge of the picture.

    Examples
    --------
    >>> boundary(np.ones((3, 4), bool)).astype(int).tolist()
    [[1, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    """
    mask = np.asarray(mask) != 0
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return mask & ~inner


def boundary_f1(
    prediction: Array, truth: Array, classes: int | None = None, *, tolerance: float | None = None, ignore: int = VOID
) -> NDArray[np.float64]:
    """Boundary F1 of each class: outlines that lie within a tolerance of the other's.

    Precision is the share of the predicted boundary pixels that have a true one within the tolerance (Euclidean),
    recall the share of the true ones that have a predicted one. The score of a picture is the mean over the classes
    of its truth (`mean_boundary_f1`), that of a data set the mean over its pictures.

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers, 0 to classes - 1.
    classes : number of classes; by default one more than the highest label that occurs.
    tolerance : distance in pixels; by default .75 % of the picture's diagonal, not rounded.
    ignore : a label that takes a pixel out of both, where either picture holds it.

    Returns
    -------
    (classes,) float64
        NaN for classes that the truth does not hold, 0 for those that it holds and the prediction does not.

    Raises
    ------
    InputError : sizes differ, or a label lies outside the classes.
    SettingError : the tolerance is negative.

    References
    ----------
    G. Csurka, D. Larlus, F. Perronnin, "What is a good evaluation measure for semantic segmentation?", BMVC, 2013.

    Examples
    --------
    >>> boundary_f1(np.array([[0, 1, 1, 1]]), np.array([[0, 0, 1, 1]]), tolerance=0).round(4).tolist()
    [0.6667, 0.8]
    """
    prediction, truth = same_size(prediction, truth)
    tolerance = SHARE_OF_DIAGONAL * float(np.hypot(*truth.shape)) if tolerance is None else tolerance
    if tolerance < 0:
        raise SettingError("tolerance", f"is {tolerance:g}; it must be at least 0 pixels.")
    counted = (prediction != ignore) & (truth != ignore)
    sizes = confusion(prediction, truth, classes, ignore=ignore).sum(axis=1)
    scores = np.full(len(sizes), np.nan)
    for label in np.flatnonzero(sizes):
        pair = surface_distances((prediction == label) & counted, (truth == label) & counted)
        if len(pair.to_truth):
            precision, recall = (float((side <= tolerance).mean()) for side in pair)
            scores[label] = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        else:
            scores[label] = 0.0
    return scores


def mean_boundary_f1(
    prediction: Array, truth: Array, classes: int | None = None, *, tolerance: float | None = None, ignore: int = VOID
) -> float:
    """Mean of `boundary_f1` over the classes that the truth holds; NaN where no pixel counts."""
    scores = boundary_f1(prediction, truth, classes, tolerance=tolerance, ignore=ignore)
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if known.size else float("nan")


def hausdorff(
    mask: Array,
    truth: Array,
    percentile: float = 100,
    *,
    pooled: bool = False,
    spacing: float | Sequence[float] = 1.0,
    missing: Missing = "infinite",
) -> float:
    """Hausdorff distance of two boundaries: how far the worst pixel of either lies from the other.

    Parameters
    ----------
    mask, truth : (H, W) bool or whole numbers, not 0 on the object.
    percentile : of the distances, with linear interpolation; 95 leaves the worst twentieth out, 100 is the greatest.
    pooled : take the percentile of the distances of both directions together, not the greater one of two
        percentiles. Implementations differ here; at 100 both are the same.
    spacing : size of a pixel, or its height and its width; the result is in this unit.
    missing : distance of an empty mask from one that is not.

    Raises
    ------
    InputError : sizes differ.
    SettingError : spacing is not above 0, or percentile not from 0 to 100.

    References
    ----------
    D. P. Huttenlocher, G. A. Klanderman, W. J. Rucklidge, "Comparing images using the Hausdorff distance", IEEE
    Trans. Pattern Analysis and Machine Intelligence 15(9), 850-863, 1993.

    Examples
    --------
    >>> hausdorff(np.array([[1, 0, 0, 0]]), np.array([[1, 0, 0, 1]]))
    3.0
    """
    if not 0 <= percentile <= 100:
        raise SettingError("percentile", f"is {percentile:g}; it must be from 0 to 100.")
    pair = surface_distances(mask, truth, spacing)
    if not (len(pair.to_truth) and len(pair.to_prediction)):
        return _without_object(pair, np.shape(mask), spacing, missing)
    if pooled:
        return float(np.percentile(np.concatenate(pair), percentile))
    return max(float(np.percentile(side, percentile)) for side in pair)


def hausdorff95(
    mask: Array,
    truth: Array,
    *,
    pooled: bool = False,
    spacing: float | Sequence[float] = 1.0,
    missing: Missing = "infinite",
) -> float:
    """95th percentile of the distances between two boundaries, the greater of both directions; see `hausdorff`."""
    return hausdorff(mask, truth, 95, pooled=pooled, spacing=spacing, missing=missing)


def average_surface_distance(
    mask: Array, truth: Array, *, spacing: float | Sequence[float] = 1.0, missing: Missing = "infinite"
) -> float:
    """Average symmetric surface distance: mean distance of the pixels of both boundaries to the other one.

    A mean over all pixels of both, not of the two directions' means: a short boundary does not count like a long one.

    Parameters
    ----------
    mask, truth, spacing, missing : as for `hausdorff`.

    References
    ----------
    T. Heimann et al., "Comparison and evaluation of methods for liver segmentation from CT datasets", IEEE Trans.
    Medical Imaging 28(8), 1251-1265, 2009.

    Examples
    --------
    >>> average_surface_distance(np.array([[1, 0, 0, 0]]), np.array([[1, 0, 0, 1]]))
    1.0
    """
    pair = surface_distances(mask, truth, spacing)
    if not (len(pair.to_truth) and len(pair.to_prediction)):
        return _without_object(pair, np.shape(mask), spacing, missing)
    return float(np.concatenate(pair).mean())


def surface_distances(mask: Array, truth: Array, spacing: float | Sequence[float] = 1.0) -> Distances:
    """Exact Euclidean distance of each boundary pixel to the other mask's boundary, in reading order.

    Infinite where the other mask is empty.

    Raises
    ------
    InputError : sizes differ, or the pictures are not (H, W).
    SettingError : spacing is not above 0.
    """
    mask, truth = (np.asarray(side) != 0 for side in same_size(mask, truth))
    if mask.ndim != 2:
        raise InputError(f"a mask has the shape {mask.shape}; boundaries are measured in (height, width).")
    box = _box(mask | truth)
    own, true, size = boundary(mask[box]), boundary(truth[box]), _size(spacing)
    return Distances(_nearest(own, true, size), _nearest(true, own, size))


def _nearest(points: NDArray[np.bool_], others: NDArray[np.bool_], size: Array) -> NDArray[np.float64]:
    """Distance of each of some pixels to the nearest of others."""
    count = np.count_nonzero(points)
    if not (count and others.any()):
        return np.full(count, np.inf)
    if count > MANY and (size == 1).all():
        from segcli.numeric.distance import distance_to_background

        distances = distance_to_background(~others)[points].astype(np.float64)
        if distances.max() < _EXACT:
            return np.sqrt(np.rint(distances**2))
    from scipy.spatial import cKDTree

    # Without a balanced tree: points on a grid come sorted, and building is half of the work.
    tree = cKDTree(np.argwhere(others) * size, balanced_tree=False, compact_nodes=False)
    return np.asarray(tree.query(np.argwhere(points) * size)[0], np.float64)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns that hold the mask; empty where it is."""
    sides = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    rows, columns = (slice(*(side[[0, -1]] + (0, 1))) if side.size else slice(0, 0) for side in sides)
    return rows, columns


def _size(spacing: float | Sequence[float]) -> NDArray[np.float64]:
    """Height and width of a pixel."""
    size = np.asarray(spacing, np.float64)
    if size.shape not in ((), (2,)) or not (size > 0).all() or not np.isfinite(size).all():
        raise SettingError("spacing", f"is {spacing}; it must be one number above 0, or height and width.")
    return np.broadcast_to(size, 2)


def _without_object(
    pair: Distances, shape: tuple[int, ...], spacing: float | Sequence[float], missing: Missing
) -> float:
    """Distance where at least one of two masks is empty."""
    if missing not in ("infinite", "diagonal"):
        raise SettingError("missing", f"is {missing!r}; it must be 'infinite' or 'diagonal'.")
    if not any(map(len, pair)):
        return 0.0
    return float(np.hypot(*(_size(spacing) * shape))) if missing == "diagonal" else float("inf")
