"""Label images as horizontal runs of pixels: few numbers that say all about many regions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array


@dataclass(frozen=True, eq=False)
class Runs:
    """Horizontal runs of one region each, sorted by region, row and column.

    Attributes
    ----------
    labels : (regions,) numbers of the regions, rising.
    region, row, left, right : (runs,) index into labels, and the pixels from left up to, not including, right.
    order : (runs,) place of each run among all runs of the picture, in reading order.
    """

    labels: Array
    region: Array
    row: Array
    left: Array
    right: Array
    order: Array

    @cached_property
    def length(self) -> NDArray[np.float64]:
        """(runs,) pixels of each."""
        return (self.right - self.left).astype(np.float64)

    @cached_property
    def firsts(self) -> NDArray[np.intp]:
        """(regions,) place of each region's first run."""
        return np.searchsorted(self.region, np.arange(len(self.labels)))

    @cached_property
    def bounds(self) -> tuple[Array, Array, Array, Array]:
        """(regions,) each: first row, first column, row after the last, column after the last."""
        lasts = np.append(self.firsts, len(self.row))[1:] - 1
        if not len(self.firsts):
            return self.firsts, self.firsts, self.firsts, self.firsts
        left, right = np.minimum.reduceat(self.left, self.firsts), np.maximum.reduceat(self.right, self.firsts)
        return self.row[self.firsts], left, self.row[lasts] + 1, right

    @cached_property
    def rows(self) -> tuple[Array, Array, Array, Array]:
        """Region, row, first and last pixel of each row of each region."""
        key = np.diff(self.region, prepend=-1).astype(bool) | np.diff(self.row, prepend=-1).astype(bool)
        first = np.flatnonzero(key)
        final = np.append(first, len(key))[1:] - 1
        return self.region[first], self.row[first], self.left[first], self.right[final] - 1

    def total(self, values: Array) -> NDArray[np.float64]:
        """Sum a value of the runs over each region; exact for whole numbers below 2^53."""
        return np.bincount(self.region, weights=values, minlength=len(self.labels)).astype(np.float64)


def run_starts(labels: Array) -> NDArray[np.intp]:
    """Flat places where a row begins or the label changes."""
    change = np.ones(labels.shape, bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=change[:, 1:])
    return np.flatnonzero(change)


def cut_runs(labels: Array) -> Runs:
    """Cut a label image into the runs of its regions; 0 is none.

    Examples
    --------
    >>> runs = cut_runs(np.array([[5, 5, 0, 2]], np.int32))
    >>> runs.labels.tolist(), runs.left.tolist(), runs.right.tolist()
    ([2, 5], [3, 0], [4, 2])
    """
    starts = run_starts(labels)
    lengths = np.diff(starts, append=labels.size)
    found = np.ascontiguousarray(labels).reshape(-1)[starts]
    order = np.argsort(found, kind="stable")
    order = order[np.count_nonzero(found == 0) :]
    numbers, region = np.unique(found[order], return_inverse=True)
    row, left = np.divmod(starts[order], labels.shape[1])
    return Runs(numbers, region, row, left, left + lengths[order], order)
