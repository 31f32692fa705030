"""What every score of a prediction against a truth needs: equal sizes, pixels that count, counts of values."""

from __future__ import annotations

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


def _size(labels: Array) -> str:
    """Width and height as users write them."""
    return " x ".join(str(length) for length in reversed(labels.shape))
