"""Pictures and their truth, paired and read from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segcli.arrays import Array, Labels
from segcli.errors import InputError, UsageError
from segcli.files.datasets.meaning import is_mask
from segcli.files.hints import Hints, find_hints, read_hint
from segcli.files.read import read_image
from segcli.files.sources import Item
from segcli.fitting.truth import Lazy, class_truth, mask_truth, scribble_truth
from segcli.numeric.pixel_model import MOST_CLASSES


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pictures and their classes, read when they are asked for; names are those of the pictures."""

    names: tuple[str, ...]
    images: Sequence[Array]
    truths: Sequence[Labels]


def find_pairs(
    items: Sequence[Item], given: str, *, strokes: bool = False, binary: bool = False, ignore: int | None = None
) -> Pairs:
    """Pair pictures with their truth, and find out from all truth files together what their numbers mean.

    Parameters
    ----------
    items : the pictures.
    given : a file for one picture, a folder whose files are paired by stem, or a path with {stem}.
    strokes : 0 is unmarked; 1 object and 2 background, or 1 to K.
    binary : any number above 0 is object.
    ignore : a number that means unknown, besides 255.

    Raises
    ------
    UsageError
        One file for several pictures; a folder that is not there.
    InputError
        A truth file that is missing or cannot be read, or whose size is another; the message names it.
    """
    name = "scribbles" if strokes else "truth"
    hints = find_hints(name, "labels", given)
    paths = [_path(hints, item) for item in items]
    if len(items) > 1 and len(set(paths)) == 1:
        raise UsageError(
            f"--{name} {given!r} is one file for {len(items)} images; name a folder, or a path with {{stem}}."
        )
    values: set[int] = set()
    for path in paths:
        values |= set(np.unique(_labels(name, path)).tolist())
    highest, mask = max(values), binary or is_mask(values)
    sizes: dict[int, tuple[int, ...]] = {}

    def image(index: int) -> Array:
        pixels = _pixels(items[index])
        sizes[index] = pixels.shape[:2]
        return pixels

    def truth(index: int) -> Labels:
        labels = _labels(name, paths[index])
        # The picture was read just before; it is not read again for its size.
        height, width = sizes.get(index, labels.shape)
        if labels.shape != (height, width):
            raise InputError(
                f"{name} {paths[index]!r} is {labels.shape[1]} x {labels.shape[0]}, "
                f"{items[index].name!r} is {width} x {height}; they must be equal."
            )
        if strokes:
            return scribble_truth(labels, max(2, highest))
        return mask_truth(labels) if mask else class_truth(labels, ignore)

    if strokes and highest > MOST_CLASSES:
        raise InputError(f"{name} {given!r} has strokes up to {highest}; they go up to {MOST_CLASSES}.")
    return Pairs(tuple(item.name for item in items), Lazy(len(items), image), Lazy(len(items), truth))


def _path(hints: Hints, item: Item) -> str:
    """The truth file of a picture."""
    try:
        return str(hints.of(item))
    except InputError as failure:
        raise InputError(f"{item.name!r}: {failure}") from failure


def _labels(name: str, path: str) -> Labels:
    """Read a truth file."""
    labels = read_hint(name, "labels", path)
    assert isinstance(labels, np.ndarray)
    return labels


def _pixels(item: Item) -> Array:
    """Read a picture as methods are handed it."""
    try:
        return read_image(item.data if item.data is not None else item.path, name=item.name).pixels("any")
    except InputError as failure:
        raise InputError(f"{item.name!r} {failure}") from failure
