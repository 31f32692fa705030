"""What every annotation format is read into and written from: one picture's labels, or its objects one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np

from segcli.arrays import Array, Labels, Mask
from segcli.errors import InputError
from segcli.numeric.outlines import fill
from segcli.segmentation import VOID, Kind

GROUND = "background"
NO_CLASS = -1
"""The label of a thing that is void; files that have classes by number call it 255, with the name void."""


@dataclass(frozen=True, eq=False, slots=True)
class Thing:
    """One object.

    Attributes
    ----------
    mask : (h, w) bool, no larger than the object; left, top say where it lies in the picture.
    number : of the object in its picture, from 1.
    label : number of its class, or NO_CLASS.
    crowd : whether it stands for several objects that nobody told apart.
    """

    mask: Mask
    left: int
    top: int
    number: int
    label: int = 1
    crowd: bool = False


@dataclass(frozen=True, eq=False)
class Annotated:
    """The annotations of one picture, as labels or as things; exactly one of the two is there.

    Attributes
    ----------
    name : of the picture, without its ending, `/` between folders.
    size : (width, height) in pixels.
    kind : what labels are; of things, what they were or are to be.
    names : of classes by number, as far as they are known; 0 only where it is a class like the others.
    labels : (H, W) int32; kind classes has 255 where it is void.
    things : objects in order of their numbers; they may overlap. Of kind mask and classes: one for each class.
    file_name : of the picture itself, if it is known.
    notes : what the file holds besides, which is no annotation of pixels and is not kept.
    """

    name: str
    size: tuple[int, int]
    kind: Kind
    names: Mapping[int, str] = field(default_factory=dict)
    labels: Labels | None = None
    things: tuple[Thing, ...] | None = None
    file_name: str = ""
    notes: tuple[str, ...] = ()

    @property
    def uncovered(self) -> int:
        """The label of pixels that no thing covers: 0, or void where 0 is a class like the others."""
        return VOID if self.kind == "classes" and 0 in self.names else 0


class OverlapError(InputError):
    """Two objects cover a pixel, so one label cannot say what is there."""


def class_name(names: Mapping[int, str], label: int) -> str:
    """What a class is called; where nobody named it, object, void or its number.

    Examples
    --------
    >>> class_name({2: "cell"}, 2), class_name({}, 1), class_name({}, 3)
    ('cell', 'object', 'class_3')
    """
    return names.get(label) or {1: "object", NO_CLASS: "void"}.get(label, f"class_{label}")


def label_in_file(label: int) -> int:
    """The number that a label has in a file."""
    return VOID if label == NO_CLASS else label


def label_from_file(number: int, name: str) -> int:
    """The label of a number in a file: 255 is void only where it is called so."""
    return NO_CLASS if number == VOID and name == class_name({}, NO_CLASS) else number


def own_names(names: Mapping[int, str]) -> dict[int, str]:
    """Names that say more than the numbers do, in order; a background that is called so is left out."""
    return {
        label: names[label]
        for label in sorted(names)
        if names[label] != class_name({}, label) and (label, names[label]) != (0, GROUND)
    }


def things_of(picture: Annotated) -> tuple[Thing, ...]:
    """The objects of a picture; of labels each number that occurs, or each class, is one.

    Void is a thing of NO_CLASS, unless uncovered pixels are void anyway.
    """
    if picture.things is not None:
        return picture.things
    from scipy.ndimage import find_objects

    labels = picture.labels
    assert labels is not None
    # Shifted by one, so that class 0 is found where it is a class like the others.
    skipped = picture.uncovered
    found, places = ranked(labels)
    things: list[Thing] = []
    for place, box in enumerate(find_objects(places + 1)):
        value = int(found[place])
        if value == skipped:
            continue
        mask = places[box] == place
        label = value if picture.kind != "instances" else only_label(picture.names)
        label = NO_CLASS if picture.kind == "classes" and value == VOID else label
        number = value if picture.kind == "instances" else len(things) + 1
        things.append(Thing(mask, box[1].start, box[0].start, number, label))
    return tuple(things)


def ranked(labels: Labels) -> tuple[Array, Labels]:
    """The numbers that occur, in order, and the place of each pixel's number among them."""
    highest = int(labels.max())
    if highest > max(1 << 16, 4 * labels.size):
        found, places = np.unique(labels, return_inverse=True)
        return found, places.reshape(labels.shape).astype(np.int32)
    # Many times faster than sorting.
    occurs = np.bincount(labels.ravel(), minlength=highest + 1) > 0
    table = np.cumsum(occurs, dtype=np.int32) - 1
    return np.flatnonzero(occurs), np.asarray(table[labels])


def only_label(names: Mapping[int, str]) -> int:
    """The class of numbered objects whose file names no more than one."""
    return next(iter(names)) if len(names) == 1 else 1


def painted(picture: Annotated, kind: Kind, *, larger_below: bool = False) -> Annotated:
    """The picture as labels of a kind: numbers of objects, their classes, or 1 where any is.

    Parameters
    ----------
    larger_below : where objects overlap, the smaller one is seen; otherwise that is an error.

    Raises
    ------
    OverlapError : two objects (for classes: of two classes) share pixels; the message names them.
    """
    if picture.labels is not None and kind == picture.kind:
        return picture
    # Void is no object; of classes it is one more.
    things: Iterable[Thing] = [thing for thing in things_of(picture) if thing.label != NO_CLASS or kind == "classes"]
    if larger_below:
        things = sorted(things, key=lambda thing: (-int(thing.mask.sum()), thing.number))
    out = replace(picture, kind=kind, things=None)
    labels = np.full(picture.size[::-1], out.uncovered, np.int32)
    owner = np.zeros(labels.shape, np.int32)
    for thing in things:
        height, width = thing.mask.shape
        box = np.s_[thing.top : thing.top + height, thing.left : thing.left + width]
        value = {"instances": thing.number, "classes": label_in_file(thing.label), "mask": 1}[kind]
        below = thing.mask & (owner[box] > 0) & (labels[box] != value)
        if not larger_below and below.any():
            other = int(owner[box][below][0])
            shared = int((below & (owner[box] == other)).sum())
            raise OverlapError(f"objects {other} and {thing.number} overlap in {shared} pixels")
        owner[box][thing.mask] = thing.number
        labels[box][thing.mask] = value
    return replace(out, labels=labels)


def as_things(picture: Annotated) -> Annotated:
    """The picture as things."""
    return replace(picture, labels=None, things=things_of(picture))


def with_void(picture: Annotated, void: Mask) -> Annotated:
    """Labels of numbered objects, and after them what is void as a thing of its own."""
    things = things_of(picture)
    mask, left, top = cut_out(void)
    number = max((thing.number for thing in things), default=0) + 1
    return replace(picture, labels=None, things=(*things, Thing(mask, left, top, number, NO_CLASS)))


def united(things: Iterable[Thing], size: tuple[int, int]) -> Mask:
    """The pixels of several objects, (H, W)."""
    whole = np.zeros(size[::-1], bool)
    for thing in things:
        height, width = thing.mask.shape
        whole[thing.top : thing.top + height, thing.left : thing.left + width] |= thing.mask
    return whole


def in_parts(picture: Annotated) -> Annotated:
    """Each part of an object as one of its own, pixels that share a corner in one part; void stays in one piece."""
    from segcli.numeric.components import connected_components

    found: list[Thing] = []
    for thing in things_of(picture):
        parts, count = connected_components(thing.mask) if thing.label != NO_CLASS else (thing.mask.astype(np.int32), 1)
        for part in range(1, count + 1):
            mask, left, top = cut_out(parts == part, thing.left, thing.top)
            found.append(replace(thing, mask=mask, left=left, top=top, number=len(found) + 1))
    return replace(picture, labels=None, things=tuple(found))


def unkept(rows: Iterable[Mapping[str, object]], known: Collection[str]) -> tuple[str, ...]:
    """A note on what rows of a file hold besides what is known.

    Examples
    --------
    >>> unkept([{"id": 1, "score": 0.5, "keypoints": []}], ["id"])
    ("'score' of its objects is not kept; outlines, classes and crowds are",)
    """
    more = sorted({str(key) for row in rows for key, value in row.items() if key not in known and value})
    listed = ", ".join(map(repr, more[:4])) + ", ..." * (len(more) > 4)
    return (
        f"{listed} of its objects {'is' if len(more) == 1 else 'are'} not kept; outlines, classes and crowds are",
    ) * bool(more)


def cut_out(mask: Array, left: int = 0, top: int = 0) -> tuple[Mask, int, int]:
    """A mask without the empty rows and columns around it, and where it then begins; (0, 0) pixels if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return np.zeros((0, 0), bool), 0, 0
    y, x = int(rows[0]), int(columns[0])
    return np.ascontiguousarray(mask[y : rows[-1] + 1, x : columns[-1] + 1]), left + x, top + y


EDGE = 1
"""Pixels by which an outline may leave its picture; annotation tools draw so at the border."""


def filled(rings: Sequence[Array], width: int, height: int) -> tuple[Mask, int, int]:
    """Outlines filled as `numeric.outlines.fill` does, cut out of the picture.

    Raises
    ------
    InputError : they leave the picture, so it is probably another one.
    """
    corners = np.concatenate([np.asarray(ring, np.float64).reshape(-1, 2) for ring in rings])
    if corners.min() < -EDGE or (corners > (width + EDGE, height + EDGE)).any():
        far = corners[np.argmax(np.abs(corners - (width / 2, height / 2)).max(axis=1))]
        raise InputError(
            f"has an outline up to ({far[0]:g}, {far[1]:g}), outside of its picture of {width} x {height}."
        )
    low = np.clip(np.floor(corners.min(axis=0)), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), low, (width, height)).astype(int)
    shifted = [np.asarray(ring, np.float64).reshape(-1, 2) - low for ring in rings]
    wide, tall = (high - low).tolist()
    return cut_out(fill(shifted, tall, wide), int(low[0]), int(low[1])) if wide and tall else cut_out(np.zeros((1, 1)))


def fingerprint(picture: Annotated) -> str:
    """SHA-256 of all that a picture's annotations say; equal for equal ones.

    Pictures that have the same pixels, one as labels and one as things, differ.
    """
    whole = sha256(repr((picture.size, picture.kind, sorted(picture.names.items()))).encode())
    if picture.labels is not None:
        whole.update(np.ascontiguousarray(picture.labels, np.int32).data)
    for thing in picture.things or ():
        place = (thing.mask.shape, thing.left, thing.top, thing.number, thing.label, thing.crowd)
        whole.update(repr(place).encode())
        whole.update(np.packbits(thing.mask).data)
    return whole.hexdigest()
