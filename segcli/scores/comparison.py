"""Objects found in one picture beside the true ones: which overlap, and by how much.

From label pictures, from masks that may overlap, or from boxes. What `coco` scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.scores.pairs import same_size, shared_pixels


@dataclass(frozen=True, eq=False)
class Comparison:
    """Found and true objects of one picture. Rows are found objects, columns are true ones.

    Attributes
    ----------
    rows, columns, ious : (pairs,) of those that overlap. The IoU of a crowd is the share of the found object in it.
    scores, found_classes, found_areas : (found,) how certain each is, highest first; its class; its pixels.
    true_classes, true_areas, crowd : (true,); crowd is bool.
    """

    rows: Array
    columns: Array
    ious: Array
    scores: Array
    found_classes: Array
    found_areas: Array
    true_classes: Array
    true_areas: Array
    crowd: Array


def compare_labels(
    prediction: Array,
    truth: Array,
    scores: ArrayLike | None = None,
    *,
    found_classes: ArrayLike | None = None,
    true_classes: ArrayLike | None = None,
    crowd: ArrayLike | None = None,
) -> Comparison:
    """Compare two pictures of objects that do not overlap.

    Parameters
    ----------
    prediction, truth : (H, W) whole numbers, one an object, 0 for background.
    scores : (found,) certainty of each found object, by ascending label; by default all are equal.
    found_classes, true_classes : (objects,) whole numbers by ascending label; by default all are class 1.
    crowd : (true,) bool by ascending label, where a region is a crowd; by default none is.

    Raises
    ------
    InputError : sizes differ, a picture holds broken labels, or a list is not as long as there are objects.
    """
    shared = shared_pixels(prediction, truth)
    areas = shared.predicted_areas, shared.true_areas
    return _comparison((shared.rows, shared.columns, shared.pixels), areas, scores, found_classes, true_classes, crowd)


def compare_masks(
    found: Array,
    true: Array,
    scores: ArrayLike | None = None,
    *,
    found_classes: ArrayLike | None = None,
    true_classes: ArrayLike | None = None,
    crowd: ArrayLike | None = None,
) -> Comparison:
    """Compare stacks of masks, which may overlap.

    Parameters
    ----------
    found, true : (found, H, W) and (true, H, W) bool.
    scores, found_classes, true_classes, crowd : as for `compare_labels`, in the order of the masks.

    Raises
    ------
    InputError : sizes differ, or a list is not as long as there are masks.
    """
    found, true = np.asarray(found, bool), np.asarray(true, bool)
    if len(found) and len(true):
        same_size(found[0], true[0])
    # A product of matrices counts shared pixels; float32 is exact up to 2^24 of them, float64 beyond.
    kind: type[np.floating[Any]] = np.float32 if found[:1].size < 1 << 24 else np.float64
    rows, columns = (stack.reshape(len(stack), -1 if len(stack) else 0).astype(kind) for stack in (found, true))
    shared: Array = rows @ columns.T if len(found) and len(true) else np.zeros((len(found), len(true)))
    areas = (rows.sum(axis=1, dtype=np.float64), columns.sum(axis=1, dtype=np.float64))
    return _comparison(_sparse(shared.astype(np.float64)), areas, scores, found_classes, true_classes, crowd)


def compare_boxes(
    found: ArrayLike,
    true: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    found_classes: ArrayLike | None = None,
    true_classes: ArrayLike | None = None,
    true_areas: ArrayLike | None = None,
    crowd: ArrayLike | None = None,
) -> Comparison:
    """Compare boxes.

    Parameters
    ----------
    found, true : (found, 4) and (true, 4) numbers
        Left, top, right and bottom; right and bottom lie just outside the box.
    scores, found_classes, true_classes, crowd : as for `compare_labels`, in the order of the boxes.
    true_areas : (true,) pixels by which ranges of areas are told; by default those of the boxes. COCO takes those of
        the objects' masks.

    Raises
    ------
    InputError : the boxes have no four sides, or a list is not as long as there are boxes.
    """
    boxes = [np.asarray(side, np.float64).reshape(-1, 4) for side in (found, true)]
    extents = [np.maximum(side[:, 2:] - side[:, :2], 0) for side in boxes]
    areas = (extents[0].prod(axis=1), extents[1].prod(axis=1))
    widths, heights = (_shared_lengths(*(side[:, axis::2] for side in boxes)) for axis in (0, 1))
    shared = _sparse(widths * heights)
    return _comparison(shared, areas, scores, found_classes, true_classes, crowd, true_areas)


def _shared_lengths(found: Array, true: Array) -> Array:
    """Length that each pair of (start, end) has in common; (found, true)."""
    ends = np.minimum(found[:, None, 1], true[:, 1])
    return np.asarray(np.maximum(ends - np.maximum(found[:, None, 0], true[:, 0]), 0))


def _sparse(shared: Array) -> tuple[Array, Array, Array]:
    """Rows, columns and values of a table where it is not 0."""
    rows, columns = np.nonzero(shared)
    return rows, columns, shared[rows, columns]


def _comparison(
    shared: tuple[Array, Array, Array],
    areas: tuple[Array, Array],
    scores: ArrayLike | None,
    found_classes: ArrayLike | None,
    true_classes: ArrayLike | None,
    crowd: ArrayLike | None,
    ranged_areas: ArrayLike | None = None,
) -> Comparison:
    """IoU of the pairs that share something, and the objects' properties, the most certain found ones first."""
    (rows, columns, pixels), (found_areas, true_areas) = shared, areas
    found, true = len(found_areas), len(true_areas)
    certainty = _listed("scores", scores, found, 1.0)
    crowds = _listed("crowd", crowd, true, 0).astype(bool)
    united = np.where(crowds[columns], found_areas[rows], found_areas[rows] + true_areas[columns] - pixels)
    # Stable, so that equally certain ones keep their order.
    order = np.argsort(-certainty, kind="stable")
    rank = np.empty(found, np.int64)
    rank[order] = np.arange(found)
    return Comparison(
        rank[rows],
        columns,
        pixels / united,
        certainty[order],
        _listed("found_classes", found_classes, found, 1)[order],
        found_areas[order],
        _listed("true_classes", true_classes, true, 1),
        true_areas if ranged_areas is None else _listed("true_areas", ranged_areas, true, 0),
        crowds,
    )


def _listed(name: str, values: ArrayLike | None, count: int, default: float) -> Array:
    """One value an object."""
    listed = np.full(count, default) if values is None else np.asarray(values)
    if listed.shape != (count,):
        raise InputError(f"{name} has the shape {listed.shape}; there are {count} objects, each needs one value.")
    return listed
