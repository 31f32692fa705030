"""What every score of a prediction against a truth needs: equal sizes, pixels that count, counts of values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError

TABLE_LIMIT = 1 << 22
"""Values below this are counted in a table; larger ones are sorted."""


def same_size(prediction: Array, truth: Array) -> tuple[Array, Array]:
    """Return both as arrays; InputError where their sizes differ."""
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    if prediction.shape != truth.shape:
        raise InputError(f"the prediction is {_size(prediction)}, the truth is {_size(truth)}; they must be equal.")
    return prediction, truth


def label_pair(prediction: Array, truth: Array, ignore: int | None) -> tuple[Array, Array]:
    """Return both label pictures in one integer type, without the pixels that either marks `ignore`.

    Raises
    ------
    InputError : the sizes differ, or a picture holds something else than whole numbers from 0.
    """
    prediction, truth = same_size(prediction, truth)
    for name, labels in (("prediction", prediction), ("truth", truth)):
        if labels.dtype.kind not in "biu":
            raise InputError(f"the {name} holds {labels.dtype}; labels are whole numbers.")
    if ignore is not None:
        counts = (truth != ignore) & (prediction != ignore)
        if not counts.all():
            prediction, truth = prediction[counts], truth[counts]
    prediction, truth = prediction.astype(np.int64).ravel(), truth.astype(np.int64).ravel()
    for name, labels in (("prediction", prediction), ("truth", truth)):
        if labels.min(initial=0) < 0:
            raise InputError(f"the {name} holds the label {labels.min()}; labels start at 0.")
    return prediction, truth


def count_values(values: Array) -> tuple[Array, Array]:
    """Return the distinct values of a 1-D array of whole numbers from 0, ascending, and how often each occurs."""
    if values.max(initial=0) >= TABLE_LIMIT:
        distinct, counts = np.unique(values, return_counts=True)
        return distinct, counts
    table = np.bincount(values)
    distinct = np.flatnonzero(table)
    return distinct, table[distinct]


class SharedPixels(NamedTuple):
    """Objects of two label pictures, by ascending label above 0, and the pixels that pairs of them share.

    predicted, true : their labels; predicted_areas, true_areas : their pixels.
    rows, columns, pixels : a pair's index into predicted and true, and its shared pixels; for pairs that overlap alone,
    in the order of true labels, then of predicted ones.
    """

    predicted: Array
    predicted_areas: Array
    true: Array
    true_areas: Array
    rows: Array
    columns: Array
    pixels: Array


def shared_pixels(prediction: Array, truth: Array, ignore: int | None = None) -> SharedPixels:
    """Count the pixels that each predicted object shares with each true one.

    Raises
    ------
    InputError : sizes differ, or a picture holds negative or broken numbers.
    """
    prediction, truth = label_pair(prediction, truth, ignore)
    predicted, predicted_areas = _objects(prediction)
    true, true_areas = _objects(truth)
    both = (prediction > 0) & (truth > 0)
    stride = int(prediction.max(initial=0)) + 1
    pairs, pixels = count_values(truth[both] * stride + prediction[both])
    rows, columns = np.searchsorted(predicted, pairs % stride), np.searchsorted(true, pairs // stride)
    return SharedPixels(predicted, predicted_areas, true, true_areas, rows, columns, pixels)


def _objects(labels: Array) -> tuple[Array, Array]:
    """Labels above 0, ascending, and their areas."""
    distinct, areas = count_values(labels)
    return distinct[distinct > 0], areas[distinct > 0]


def _size(labels: Array) -> str:
    """Width and height as users write them."""
    return " x ".join(str(length) for length in reversed(labels.shape))
