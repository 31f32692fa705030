"""What the numbers of truth files mean, and which pixels are drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.errors import InputError
from segcli.numeric.pixel_model import MOST_CLASSES
from segcli.segmentation import VOID

UNKNOWN = -1
"""Class of a pixel that teaches nothing."""

Item = TypeVar("Item")


class Lazy(Sequence[Item], Generic[Item]):
    """A sequence whose items are made when they are asked for, so that one at a time is in memory."""

    def __init__(self, count: int, make: Callable[[int], Item]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            places = range(self._count)[index]
            return Lazy(len(places), lambda place: self._make(places[place]))
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._make(index % self._count)

    def __iter__(self) -> Iterator[Item]:
        return (self._make(index) for index in range(self._count))


def mask_truth(labels: Labels) -> Labels:
    """Classes of a mask or of numbered objects: 1 where the label is above 0."""
    return (labels > 0).astype(np.int32)


def class_truth(labels: Labels, ignore: int | None = None) -> Labels:
    """Classes of a label image; 255 and the label to ignore are unknown.

    Raises
    ------
    InputError
        Labels that are too many for classes.
    """
    unknown = (labels == VOID) | (labels == (VOID if ignore is None else ignore))
    highest = int(labels.max(where=~unknown, initial=0))
    if highest >= MOST_CLASSES:
        raise InputError(
            f"has labels up to {highest}; classes go up to {MOST_CLASSES - 1}. If these are numbered objects, "
            "say --binary to learn object against background."
        )
    return np.where(unknown, UNKNOWN, labels.astype(np.int32))


def scribble_truth(strokes: Labels, classes: int) -> Labels:
    """Classes of strokes: of two, stroke 1 is the object (class 1) and 2 the background (class 0); else 1 is class 0.

    Examples
    --------
    >>> scribble_truth(np.array([[0, 1, 2]], np.int32), 2).tolist()
    [[-1, 1, 0]]
    """
    if classes == 2:
        return np.where(strokes > 0, 2 - strokes.astype(np.int32), UNKNOWN)
    return strokes.astype(np.int32) - 1


def draw(truth: Labels, most: int, generator: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Draw pixels at random, as many of each class as there can be.

    Parameters
    ----------
    truth : (H, W) int32, classes from 0, below 0 where unknown.
    most : of all classes together.

    Returns
    -------
    Places in the flat picture, and how many pixels of its class each stands for.
    """
    flat = truth.ravel()
    present = [np.flatnonzero(flat == label) for label in np.unique(flat) if label >= 0]
    places, weights = [], []
    left = most
    # The rare ones first: what they leave is for the others.
    for rank, found in enumerate(sorted(present, key=len)):
        count = min(len(found), max(1, left // (len(present) - rank)))
        left -= count
        places.append(np.sort(generator.choice(found, count, replace=False)))
        weights.append(np.full(count, len(found) / count))
    if not places:
        return np.zeros(0, np.intp), np.zeros(0)
    return np.concatenate(places), np.concatenate(weights)


def check_pair(number: int, image: Array, truth: Array) -> None:
    """Refuse a truth of another size than its picture.

    Raises
    ------
    InputError
        It is; the message gives both sizes.
    """
    if truth.shape != image.shape[:2]:
        raise InputError(
            f"truth of image {number + 1} is {truth.shape[1]} x {truth.shape[0]}, "
            f"the image is {image.shape[1]} x {image.shape[0]}; they must be equal."
        )


def check_classes(classes: Array) -> None:
    """Refuse examples of one class only.

    Raises
    ------
    InputError
        There is one class, or none.
    """
    if len(classes) < 2:
        found = f"class {int(classes[0])} only" if len(classes) else "no class at all"
        raise InputError(f"the truth holds {found}; two or more are needed.")
