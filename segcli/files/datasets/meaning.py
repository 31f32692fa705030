"""What the numbers or colors of masks mean, found out from many of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.errors import InputError
from segcli.files.datasets.class_names import KNOWN, Classes, find_known, known_colors
from segcli.files.labels import read_numbers
from segcli.segmentation import VOID

Kind = Literal["mask", "classes", "instances", "colors", "objects"]
KINDS = ("mask", "classes", "instances")
"""What a user may say that masks are; colors and annotated objects say it themselves."""

MOST_COLORS = 256
LISTED = 8
OBJECT = ("background", "object")
FULL = (1, 255, 65_535)
"""Numbers that stand for the object in masks, by the depth of the file."""

MANY_OBJECTS = 8
"""Numbers without a gap from which 8-bit masks may be of objects; half as many different counts must occur."""

FLAT = 0.8
"""Share of pixels that are 0 or 255 from which 8-bit masks with numbers between them count as blended."""


@dataclass(frozen=True)
class Seen:
    """What one mask file holds.

    Attributes
    ----------
    counts : pixels of each number, or of each color as one number.
    wide : whether the file has more than 8 bits.
    colored : whether it has colors.
    lossy : name of a compression that does not keep numbers, or ''.
    """

    counts: Mapping[int, int]
    wide: bool = False
    colored: bool = False
    lossy: str = ""


@dataclass(frozen=True)
class Meaning:
    """How stored numbers become classes.

    Attributes
    ----------
    kind : of the masks.
    count : number of classes.
    table : class of each stored number or color; 255 is void. For instances only of what is void.
    threshold : a gray value above which a pixel is the object, whatever the file holds; or None.
    guessed : whether the number of classes was found by looking at masks.
    """

    kind: Kind
    count: int
    table: Mapping[int, int] = field(default_factory=dict)
    threshold: float | None = None
    guessed: bool = False

    def apply(self, values: Array, name: str) -> tuple[NDArray[np.uint8], Labels | None]:
        """Classes, and objects where they are numbered, of stored numbers.

        Raises
        ------
        InputError : numbers or colors outside the classes; the message gives the file's name and the first of them.
        """
        numbers = as_numbers(values, self.kind == "colors")
        if self.kind == "instances":
            return self._objects(numbers)
        outside = self.outside(distinct(numbers)[0].tolist())
        if outside:
            raise InputError(self.complaint(name, outside))
        if self.kind == "colors":
            keys = np.array(sorted(self.table), np.int64)
            labels = np.array([self.table[key] for key in keys.tolist()], np.uint8)
            return labels[np.searchsorted(keys, numbers)], None
        lookup = np.zeros(max(self.table) + 1, np.uint8)
        lookup[list(self.table)] = list(self.table.values())
        return np.asarray(lookup[numbers]), None

    def _objects(self, numbers: Array) -> tuple[NDArray[np.uint8], Labels]:
        """Object against background; a number that means void is no object."""
        instances = numbers.astype(np.int32)
        classes = (instances > 0).astype(np.uint8)
        for void in self.table:
            classes[instances == void], instances[instances == void] = VOID, 0
        return classes, instances

    def outside(self, numbers: Iterable[int]) -> list[int]:
        """The numbers, or colors as numbers, that are no class."""
        return [] if self.kind in ("instances", "objects") else [one for one in numbers if one not in self.table]

    def complaint(self, name: str, outside: list[int]) -> str:
        """What to say of a mask with such numbers."""
        if self.kind == "colors":
            shown = ", ".join(str(as_color(code)) for code in outside[:LISTED])
            more = ", ..." if len(outside) > LISTED else ""
            return f"mask {name!r} has {len(outside)} colors that are no class: {shown}{more}."
        if self.kind == "mask" and len(outside) > 1:
            return (
                f"mask {name!r} has {len(outside)} values beside {_either(self.table)}, such as {outside[0]}: it was "
                "resized or saved with loss. segcli check --fix parts them in the middle."
            )
        return f"mask {name!r} has value {outside[0]}, {self.count} classes declared."


def _either(table: Mapping[int, int]) -> str:
    return " and ".join(str(value) for value, label in table.items() if label != VOID)


def as_numbers(values: Array, colored: bool) -> Array:
    """One number for each pixel: gray as it is, a color as red, green and blue in 16 bits each."""
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if not colored:
        return values if values.ndim == 2 else values[:, :, 0]
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], 3, axis=2)
    wide = values.astype(np.int64)
    return np.asarray(wide[:, :, 0] << 32 | wide[:, :, 1] << 16 | wide[:, :, 2])


def as_code(color: tuple[int, int, int]) -> int:
    """A color as one number."""
    return color[0] << 32 | color[1] << 16 | color[2]


def as_color(code: int) -> tuple[int, int, int]:
    """The color that a number stands for."""
    return code >> 32, code >> 16 & 0xFFFF, code & 0xFFFF


def look_at(path: str) -> Seen:
    """Count the numbers or colors of a mask file.

    Raises
    ------
    InputError : it cannot be read as one.
    """
    values, header = read_numbers(path)
    return count_numbers(values, header.compression if header is not None and header.lossy else "")


def count_numbers(values: Array, lossy: str = "") -> Seen:
    """Count the numbers or colors of a mask."""
    colored = values.ndim == 3 and not (values == values[:, :, :1]).all()
    numbers = as_numbers(values, colored)
    if numbers.dtype.kind == "f":
        if not (np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all() and abs(numbers).max() < 2**31):
            raise InputError("holds fractions; masks hold whole numbers.")
        numbers = numbers.astype(np.int64)
    if numbers.dtype.kind == "i" and numbers.min() < 0:
        raise InputError(f"holds numbers down to {numbers.min()}; masks begin at 0.")
    found, counts = distinct(numbers)
    return Seen(
        dict(zip(found.tolist(), counts.tolist(), strict=True)),
        numbers.dtype.itemsize > 1 and not colored,
        colored,
        lossy,
    )


def distinct(numbers: Array) -> tuple[Array, Array]:
    """The numbers that occur, and how many pixels have each."""
    if numbers.dtype.kind == "u" and numbers.dtype.itemsize <= 2:
        counts = np.bincount(numbers.ravel())
        found = np.flatnonzero(counts)
        return found, counts[found]
    return np.unique(numbers, return_counts=True)


def find_meaning(
    seen: list[Seen],
    classes: Classes,
    *,
    kind: str | None = None,
    ignore: tuple[int, ...] = (),
    threshold: float | None = None,
) -> Meaning:
    """Decide from many masks together what their numbers mean.

    Parameters
    ----------
    seen : what masks hold.
    classes : what is known of the classes.
    kind : what the user says that the masks are.
    ignore : stored numbers that mean void; 255 does so by itself where a mask has it beside classes above 0.
    threshold : makes masks of whatever there is.

    Raises
    ------
    InputError : colors without a map; numbers that are no classes.
    """
    if threshold is not None:
        return Meaning("mask", 2, {0: 0, 1: 1}, threshold)
    exact = [one for one in seen if not one.lossy]
    if any(one.colored for one in exact) and kind is None:
        return _by_color(exact, classes)
    values = {value for one in exact for value in one.counts} - set(ignore)
    declared = classes.count or 0
    if classes.values:
        table = {**classes.values, **dict.fromkeys(ignore, VOID)}
        return Meaning("classes", declared, table)
    if kind == "instances" or (kind is None and declared <= 2 and _numbered(exact, values)):
        return Meaning("instances", 2, dict.fromkeys(ignore, VOID))
    if not exact or kind == "mask" or (kind is None and declared <= 2 and _is_mask(exact, values)):
        return _as_mask(exact, values, ignore)
    return _as_classes(exact, values, declared, ignore)


def is_mask(values: set[int]) -> bool:
    """Whether label images with these values in all are masks: 0 and 1, 0 and 255, or 0 and 65,535."""
    return any(values <= {0, full} for full in FULL)


def _numbered(seen: list[Seen], values: set[int]) -> bool:
    """Whether masks number their objects: with more than 8 bits, or each from 1 on without a gap."""
    if is_mask(values):
        return False
    if any(one.wide for one in seen):
        return True
    counts = [len(set(one.counts) - {0}) for one in seen]
    gapless = [set(one.counts) - {0} == set(range(1, count + 1)) for one, count in zip(seen, counts, strict=True)]
    # Classes occur in any combination; objects are as many as a picture happens to have.
    return sum(gapless) >= 0.9 * len(seen) and max(counts) >= MANY_OBJECTS and len(set(counts)) >= MANY_OBJECTS // 2


def _is_mask(seen: list[Seen], values: set[int]) -> bool:
    """Whether masks have two values, or had them before they were blended."""
    if is_mask(values) or values == {0, 128, 255}:
        return True
    # 0 and 1 in some, 0 and 255 in others, and no file with both: masks of two makers.
    if values == {0, 1, 255} and not any({1, 255} <= set(one.counts) for one in seen):
        return True
    between = values - {0, 255}
    total = sum(sum(one.counts.values()) for one in seen)
    flat = sum(one.counts.get(0, 0) + one.counts.get(255, 0) for one in seen)
    return bool(between) and 255 in values and max(between) > 100 and flat >= FLAT * total


def _as_mask(seen: list[Seen], values: set[int], ignore: tuple[int, ...]) -> Meaning:
    """Masks of an object: which number it has."""
    most = {full: sum(one.counts.get(full, 0) > 0 for one in seen) for full in FULL}
    full = max(FULL, key=lambda number: most[number]) if any(most.values()) else 255
    void = dict.fromkeys((*ignore, *([128] if values == {0, 128, 255} else [])), VOID)
    if values == {0, 1, 255} and any({1, 255} <= set(one.counts) for one in seen):
        full, void = 1, {**void, VOID: VOID}
    return Meaning("mask", 2, {0: 0, full: 1, **void})


def _as_classes(seen: list[Seen], values: set[int], declared: int, ignore: tuple[int, ...]) -> Meaning:
    """Masks of class numbers: how many there are, and whether 255 is void."""
    # 255 and nothing else above 0 is a mask of an object that strayed here.
    beside = any(VOID in one.counts and any(0 < value < VOID for value in one.counts) for one in seen)
    void = {*ignore, *([VOID] if beside or VOID in ignore else [])}
    known = values - void - {VOID}
    highest = max(known, default=0)
    count = declared or highest + 1
    if not declared and (highest > VOID or (highest >= 16 and len(known) * 4 < highest)):
        shown = ", ".join(map(str, sorted(known)[:LISTED]))
        raise InputError(
            f"masks hold {len(known)} values up to {highest} ({shown}{', ...' if len(known) > LISTED else ''}), which "
            "are no class numbers from 0. Give --classes FILE with a line 'name number' for each, or "
            "--kind instances if they number objects."
        )
    count = max(count, 2)
    table = {**{label: label for label in range(count)}, **dict.fromkeys(void, VOID)}
    return Meaning("classes", count, table, guessed=not declared)


def _by_color(seen: list[Seen], classes: Classes) -> Meaning:
    """Masks in colors: by the map that is given, or by that of a well-known data set."""
    colors = {as_color(code) if one.colored else (code, code, code) for one in seen for code in one.counts}
    table, count = classes.colors, classes.count or 0
    if not table:
        name = find_known(colors)
        if not name:
            shown = ", ".join(map(str, sorted(colors)[:LISTED]))
            raise InputError(
                f"masks have {len(colors)} colors: {shown}{', ...' if len(colors) > LISTED else ''}. Give --classes "
                f"FILE with a line 'name red green blue' for each, or {' or '.join(KNOWN)}."
            )
        table, count = known_colors(name), len(KNOWN[name])
    return Meaning("colors", count, {as_code(color): label for color, label in table.items()})
