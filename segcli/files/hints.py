"""Which marker, scribble, mask or box file belongs to which image."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from segcli.arrays import Box, Hint, Point, Points
from segcli.errors import InputError, UsageError
from segcli.files.provenance import portable
from segcli.files.read import read_bytes
from segcli.files.sources import Item

Given = str | Box | Points
"""What a hint is for one image: a file, a box, or points."""

Found = tuple[tuple[str, str, Given], ...]
"""Name, kind and value of each hint that belongs to one image."""


@dataclass(frozen=True)
class Hints:
    """The answer to `--scribbles VALUE` and the like, for every image of a run.

    `value` is one file for all images, a folder whose files are paired by stem, a path
    with {stem} in it, LEFT,TOP,RIGHT,BOTTOM, X,Y pairs with spaces between them, or @FILE: a JSON object
    from stem to box or to a list of points.
    """

    name: str
    kind: str
    value: str
    paired: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, Box | Points] = field(default_factory=dict)

    def of(self, item: Item) -> Given:
        """What belongs to one image.

        Raises
        ------
        InputError : there is none.
        """
        if self.kind in DRAWN:
            found: Given | None = self.drawn.get(item.stem, self.drawn.get(""))
        elif self.paired:
            found = self.paired.get(item.stem)
        else:
            found = self.value.replace("{stem}", item.stem)
        if found is None:
            place = self.value.removeprefix("@")
            raise InputError(f"no {self.name} for it in {place!r}; expected an entry with the stem {item.stem!r}.")
        return found

    def files(self, items: Iterable[Item] = ()) -> list[str]:
        """Every file that may be read for these images, so that no output replaces one."""
        if self.kind in DRAWN:
            return [self.value[1:]] if self.value.startswith("@") else []
        if "{stem}" in self.value and not self.paired:
            return [self.value.replace("{stem}", item.stem) for item in items]
        return list(self.paired.values()) or [self.value]


DRAWN = ("box", "points")
"""Kinds of hints that are given as numbers, or as a table of them."""


def find_hints(name: str, kind: str, value: str) -> Hints:
    """Look a hint's value up once, before any work.

    Raises
    ------
    UsageError : a file or folder that is not there, a box that is no box, a point that is none.
    """
    flag = f"--{name.replace('_', '-')}"
    if kind in DRAWN:
        return Hints(name, kind, value, drawn=_drawn(flag, kind, value))
    if kind == "model":
        return _model(name, value)
    if os.path.isdir(value):
        paired: dict[str, str] = {}
        for entry in sorted(os.listdir(value)):
            stem = os.path.splitext(entry)[0]
            if entry.startswith(".") or os.path.isdir(os.path.join(value, entry)):
                continue
            if stem in paired:
                raise UsageError(f"{flag} {value!r} has two files for the stem {stem!r}; keep one.")
            paired[stem] = os.path.join(value, entry)
        if not paired:
            raise UsageError(f"{flag} {value!r} is an empty folder.")
        return Hints(name, kind, value, paired=paired)
    if "{stem}" not in value and not os.path.exists(value):
        raise UsageError(f"{flag} {value!r} does not exist.")
    return Hints(name, kind, value)


def _model(name: str, value: str) -> Hints:
    """One file for all images, read now: a wrong one is found before any work, and kept."""
    if os.path.isdir(value):
        raise UsageError(f"--{name} {value!r} is a folder; a model is one file for all images.")
    try:
        read_hint(name, "model", value)
    except InputError as failure:
        raise UsageError(f"--{failure}") from failure
    return Hints(name, "model", value)


def read_hint(name: str, kind: str, value: Given) -> Hint:
    """Read the file of a hint; a box and points are what they are.

    Raises
    ------
    InputError : it cannot be read as what it should be; the message names the file.
    """
    if not isinstance(value, str):
        return value
    from segcli.files.fitted import read_fitted
    from segcli.files.labels import read_labels, read_map, read_mask, read_scores

    readers: dict[str, Callable[[str], Hint]] = {
        "labels": read_labels,
        "mask": read_mask,
        "map": read_map,
        "scores": read_scores,
        "model": read_fitted,
    }
    try:
        return readers[kind](value)
    except InputError as failure:
        raise InputError(f"{name} {value!r} {failure}") from failure


def hint_record(found: Found) -> dict[str, Any]:
    """What an output says of its hints: boxes and points as they are, files by name and contents.

    Raises
    ------
    InputError : a file that cannot be read; the message names it.
    """
    said: dict[str, Any] = {}
    for name, _, value in found:
        if not isinstance(value, str):
            said[name] = json.loads(json.dumps(value))
            continue
        try:
            stamp = os.stat(value)
            said[name] = {"file": portable(value), "sha256": _digest(value, stamp.st_size, stamp.st_mtime_ns)}
        except (OSError, ValueError, InputError) as failure:
            reason = failure if isinstance(failure, InputError) else "does not exist."
            raise InputError(f"{name} {value!r} {reason}") from failure
    return said


@lru_cache(maxsize=16)
def _digest(path: str, size: int, changed: int) -> str:
    """SHA-256 of a file that often serves many images."""
    return sha256(read_bytes(path)).hexdigest()


def _drawn(flag: str, kind: str, value: str) -> dict[str, Box | Points]:
    """Boxes or points by stem; what is given outright stands under ''."""
    parse = _box if kind == "box" else _points
    if not value.startswith("@"):
        return {"": parse(flag, value.split(",") if kind == "box" else [pair.split(",") for pair in value.split()])}
    path = value[1:]
    try:
        with open(path, encoding="utf-8") as stream:
            table = json.load(stream)
    except OSError as failure:
        raise UsageError(f"{flag} {path!r} cannot be read: {failure.strerror}.") from failure
    except ValueError as failure:
        raise UsageError(f"{flag} {path!r} is not JSON: {failure}.") from failure
    if not isinstance(table, dict):
        what = "box" if kind == "box" else "points"
        raise UsageError(f"{flag} {path!r} holds a {type(table).__name__}; expected an object from stem to {what}.")
    return {
        stem: parse(f"{flag} {path!r}, {stem!r}:", entry.get(kind) if isinstance(entry, dict) else entry)
        for stem, entry in table.items()
    }


def _points(flag: str, values: object) -> Points:
    """Pairs of whole numbers, at least one."""
    try:
        if isinstance(values, str) or any(isinstance(pair, str) for pair in values):  # type: ignore[attr-defined]
            raise TypeError("text is no list of pairs")
        points = tuple(Point(*(int(value) for value in pair)) for pair in values)  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        points = ()
    if not points:
        raise UsageError(f"{flag} is {_said(values)}; expected X,Y in pixels.")
    return points


def _said(values: object) -> str:
    """Parts of a text as the user typed them; anything else as it is."""
    if isinstance(values, list) and all(
        isinstance(pair, list) and all(isinstance(v, str) for v in pair) for pair in values
    ):
        return repr(" ".join(",".join(pair) for pair in values))
    return repr(values)


def _box(flag: str, values: object) -> Box:
    """Four whole numbers that enclose something."""
    try:
        if isinstance(values, str):
            raise TypeError("text is no list of numbers")
        box = Box(*(int(value) for value in values))  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{flag} is {values!r}; expected LEFT,TOP,RIGHT,BOTTOM in pixels.") from None
    if box.right <= box.left or box.bottom <= box.top:
        raise UsageError(f"{flag} {','.join(map(str, box))} has no area; right and bottom lie just outside the box.")
    return box
