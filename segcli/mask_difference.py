"""What changed from one label file to another: pixels, objects, scores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from segcli.arrays import Array, Labels
from segcli.errors import InputError, UsageError
from segcli.files.label_kinds import read_segmentation
from segcli.files.read import read_bytes
from segcli.files.sources import Item, find_items
from segcli.numeric.components import connected_components
from segcli.scores.instance import overlaps
from segcli.segmentation import VOID, Kind, Segmentation

Status = Literal["same", "differs", "size", "missing", "failed"]


@dataclass(frozen=True)
class Pair:
    """Two files of one name, or one that has no counterpart.

    name : without ending, below the folders; of two files both. before, after : the files; None where there is none.
    """

    name: str
    before: Item | None
    after: Item | None


@dataclass(frozen=True, eq=False)
class Difference:
    """What changed in one pair.

    Attributes
    ----------
    status : same (every pixel), differs, size (the sizes do), missing (a counterpart), failed (cannot be read).
    identical : equal byte for byte.
    pixels, changed : of the picture; left-out pixels of both do not count as changed.
    dice, iou : of the foreground; of classes the mean over those that occur.
    objects_before, objects_after, appeared, vanished, altered : objects, matched by an IoU above one half; None for
        classes. Altered ones match, but not pixel by pixel.
    message : what is at fault. notes : what was assumed.
    drawn : (H, W) labels before and after, equal where nothing changed; None unless something did.
    """

    status: Status
    identical: bool = False
    pixels: int = 0
    changed: int = 0
    dice: float | None = None
    iou: float | None = None
    objects: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    notes: tuple[str, ...] = ()
    drawn: tuple[Array, Array] | None = None

    @property
    def share(self) -> float:
        """Changed pixels over all, 0 to 1."""
        return self.changed / max(self.pixels, 1)


@dataclass(frozen=True)
class Limit:
    """How much may change in a picture: a share of its pixels, or a number of them."""

    value: float = 0.0
    is_share: bool = False

    def is_exceeded(self, difference: Difference) -> bool:
        """Whether a pair changed more; what cannot be compared always has."""
        if difference.status in ("size", "missing", "failed"):
            return True
        return (difference.share if self.is_share else difference.changed) > self.value


def read_limit(text: str) -> Limit:
    """Read `0.5%` or `20`.

    Raises
    ------
    UsageError : anything else.
    """
    number = text.strip().removesuffix("%").strip()
    is_share = text.strip().endswith("%")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value <= (100 if is_share else 2**31):
        raise UsageError(f"is {text!r}; expected pixels such as 20, or a share of the picture's pixels such as 0.5%.")
    return Limit(value / 100 if is_share else value, is_share)


def find_pairs(before: str, after: str, recursive: bool = False) -> list[Pair]:
    """Pair two files, or the files of two folders by their names without endings.

    Where a name has no equal, what stands before its first dot is compared, if one file of each folder has it:
    cell.otsu.png and cell.otsu.clean.png belong together.

    Raises
    ------
    UsageError : a file and a folder, a place that does not exist, two files of one name.
    """
    for place in (before, after):
        if not os.path.lexists(place):
            raise UsageError(f"{place!r} does not exist; name two files or two folders.")
    if os.path.isdir(before) != os.path.isdir(after):
        folder, file = (before, after) if os.path.isdir(before) else (after, before)
        raise UsageError(f"{folder!r} is a folder and {file!r} is a file; name two of one kind.")
    if not os.path.isdir(before):
        return [Pair(f"{before} and {after}", Item(before), Item(after))]
    first, second = (_by_name(place, recursive) for place in (before, after))
    for name, other in _of_one_beginning(first.keys() - second.keys(), second.keys() - first.keys()):
        second[name] = second.pop(other)
    return [Pair(name, first.get(name), second.get(name)) for name in sorted(first | second)]


def _of_one_beginning(names: Iterable[str], others: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a name and another that alone have the same before their first dot."""
    sides: tuple[dict[str, list[str]], ...] = ({}, {})
    for side, side_names in zip(sides, (names, others), strict=True):
        for name in side_names:
            folder, last = os.path.split(name)
            side.setdefault(os.path.join(folder, last.partition(".")[0]), []).append(name)
    for beginning, found in sides[0].items():
        if len(found) == len(sides[1].get(beginning, ())) == 1:
            yield found[0], sides[1][beginning][0]


def _by_name(folder: str, recursive: bool) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for item in find_items([folder], recursive=recursive):
        name = os.path.join(item.below, item.stem)
        if name in found:
            raise UsageError(f"{found[name].path!r} and {item.path!r} have one name; keep one.")
        found[name] = item
    return found


def differences(
    pairs: Sequence[Pair], kind: Kind | None = None, mask_threshold: float | None = None, draw: bool = False
) -> Iterator[tuple[Pair, Difference]]:
    """Compare pairs one by one; what is at fault with one is said in its Difference.

    Parameters
    ----------
    kind, mask_threshold : as for `read_segmentation`, of all files.
    draw : keep what is to be drawn.
    """
    for pair in pairs:
        try:
            yield pair, _compared(pair, kind, mask_threshold, draw)
        except InputError as failure:
            yield pair, Difference("failed", message=str(failure))


def _compared(pair: Pair, kind: Kind | None, mask_threshold: float | None, draw: bool) -> Difference:
    """Compare two files; equal bytes need no reading."""
    if pair.before is None or pair.after is None:
        there, side = (pair.after, "second") if pair.before is None else (pair.before, "first")
        assert there is not None
        return Difference("missing", message=f"{there.path!r} is only in the {side} folder")
    data = [_read(item.path) for item in (pair.before, pair.after)]
    if data[0] == data[1]:
        return Difference("same", identical=True)
    found = []
    for item, content in zip((pair.before, pair.after), data, strict=True):
        try:
            found.append(read_segmentation(content, kind, mask_threshold=mask_threshold).segmentation)
        except InputError as failure:
            raise InputError(f"{item.path!r} {failure}") from failure
    sizes = [f"{one.labels.shape[1]} x {one.labels.shape[0]}" for one in found]
    if sizes[0] != sizes[1]:
        return Difference("size", message=f"{pair.before.path!r} is {sizes[0]}, {pair.after.path!r} is {sizes[1]}")
    return compare(found[0], found[1], draw)


def _read(path: str) -> bytes:
    try:
        return read_bytes(path)
    except InputError as failure:
        raise InputError(f"{path!r} {failure}") from failure


def compare(before: Segmentation, after: Segmentation, draw: bool = False) -> Difference:
    """Compare two segmentations of one size.

    Objects that match by an IoU above one half count as one under whatever number. A mask beside objects is compared
    by its foreground.

    Raises
    ------
    InputError : classes beside another kind.
    """
    kinds = {before.kind, after.kind}
    if len(kinds) > 1 and "classes" in kinds:
        raise InputError(f"the first holds {before.kind}, the second {after.kind}; --kind says what both are.")
    notes = tuple(dict.fromkeys((*before.notes, *after.notes)))
    old, new = before.labels, after.labels
    if kinds == {"classes"}:
        dice, iou = _class_scores(old, new)
        return _difference(old, new, dice, iou, {}, notes, draw)
    inside, outside = old > 0, new > 0
    shared, either = int(np.count_nonzero(inside & outside)), int(np.count_nonzero(inside | outside))
    total = int(np.count_nonzero(inside)) + int(np.count_nonzero(outside))
    iou, dice = (shared / either, 2 * shared / total) if either else (1.0, 1.0)
    if kinds == {"instances"}:
        counts, matched = _matched(old, new)
        return _difference(matched, new, dice, iou, counts, notes, draw)
    if len(kinds) > 1:
        notes = (*notes, "one is a mask, the other has objects; their foregrounds are compared")
    counts, _ = _matched(*(connected_components(part)[0] for part in (inside, outside)))
    return _difference(inside.astype(np.uint8), outside.astype(np.uint8), dice, iou, counts, notes, draw)


def _difference(
    old: Array,
    new: Array,
    dice: float,
    iou: float,
    objects: Mapping[str, int],
    notes: tuple[str, ...],
    draw: bool,
) -> Difference:
    changed = int(np.count_nonzero(old != new))
    return Difference(
        "differs" if changed else "same",
        pixels=old.size,
        changed=changed,
        dice=dice,
        iou=iou,
        objects=objects,
        notes=notes,
        drawn=(old, new) if draw and changed else None,
    )


def _class_scores(old: Array, new: Array) -> tuple[float, float]:
    """Mean Dice and IoU over the classes that occur; pixels that either leaves out do not count."""
    counted = (old != VOID) & (new != VOID)
    pairs = np.bincount(old[counted].astype(np.int64) * (VOID + 1) + new[counted], minlength=(VOID + 1) ** 2)
    table = pairs.reshape(VOID + 1, VOID + 1)
    shared, total = np.diag(table), table.sum(axis=0) + table.sum(axis=1)
    occur = total > 0
    if not occur.any():
        return 1.0, 1.0
    dice = 2 * shared[occur] / total[occur]
    iou = shared[occur] / (total[occur] - shared[occur])
    return float(dice.mean()), float(iou.mean())


def _matched(old: Labels, new: Labels) -> tuple[dict[str, int], Labels]:
    """Count what became of objects; and the old ones under the numbers of the new ones that they match."""
    found = overlaps(old, new)
    hit = found.ious > 0.5
    counts = {
        "before": found.predicted,
        "after": found.true,
        "appeared": found.true - int(hit.sum()),
        "vanished": found.predicted - int(hit.sum()),
        "altered": int(np.count_nonzero(found.ious[hit] < 1)),
    }
    names, others = (np.unique(part[part > 0]) for part in (old, new))
    # What vanished gets numbers that no new object has.
    targets = np.arange(1, len(names) + 1, dtype=np.int64) + int(new.max(initial=0))
    targets[found.rows[hit]] = others[found.columns[hit]]
    lookup = np.append(0, targets)
    return counts, np.asarray(lookup[np.searchsorted(np.append(0, names), old)])
