"""Which marker, scribble, mask or box file belongs to which image."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from segcli.arrays import Array, Box
from segcli.errors import InputError, UsageError
from segcli.files.provenance import portable
from segcli.files.read import read_bytes
from segcli.files.sources import Item

Found = tuple[tuple[str, str, str | Box], ...]
"""Name, kind, and file or box, of each hint that belongs to one image."""


@dataclass(frozen=True)
class Hints:
    """The answer to `--scribbles VALUE` and the like, for every image of a run.

    `value` is one file for all images, a folder whose files are paired by stem, a path
    with {stem} in it, LEFT,TOP,RIGHT,BOTTOM, or @FILE: a JSON object from stem to box.
    """

    name: str
    kind: str
    value: str
    paired: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)

    def of(self, item: Item) -> str | Box:
        """The file or box that belongs to one image.

        Raises
        ------
        InputError : there is none.
        """
        if self.kind == "box":
            found: str | Box | None = self.boxes.get(item.stem, self.boxes.get(""))
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
        if self.kind == "box":
            return [self.value[1:]] if self.value.startswith("@") else []
        if "{stem}" in self.value and not self.paired:
            return [self.value.replace("{stem}", item.stem) for item in items]
        return list(self.paired.values()) or [self.value]


def find_hints(name: str, kind: str, value: str) -> Hints:
    """Look a hint's value up once, before any work.

    Raises
    ------
    UsageError : a file or folder that is not there, a box that is no box.
    """
    flag = f"--{name.replace('_', '-')}"
    if kind == "box":
        return Hints(name, kind, value, boxes=_boxes(flag, value))
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


def read_hint(name: str, kind: str, value: str | Box) -> Array | Box:
    """Read the file of a hint.

    Raises
    ------
    InputError : it cannot be read as what it should be; the message names the file.
    """
    if isinstance(value, Box):
        return value
    from segcli.files.labels import read_labels, read_mask, read_scores

    readers: dict[str, Callable[[str], Array]] = {"labels": read_labels, "mask": read_mask, "scores": read_scores}
    try:
        return readers[kind](value)
    except InputError as failure:
        raise InputError(f"{name} {value!r} {failure}") from failure


def hint_record(found: Found) -> dict[str, Any]:
    """What an output says of its hints: boxes as they are, files by name and contents.

    Raises
    ------
    InputError : a file that cannot be read; the message names it.
    """
    said: dict[str, Any] = {}
    for name, _, value in found:
        if isinstance(value, Box):
            said[name] = list(value)
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


def _boxes(flag: str, value: str) -> dict[str, Box]:
    """Boxes by stem; a box given outright stands under ''."""
    if not value.startswith("@"):
        return {"": _box(flag, value.split(","))}
    path = value[1:]
    try:
        with open(path, encoding="utf-8") as stream:
            table = json.load(stream)
    except OSError as failure:
        raise UsageError(f"{flag} {path!r} cannot be read: {failure.strerror}.") from failure
    except ValueError as failure:
        raise UsageError(f"{flag} {path!r} is not JSON: {failure}.") from failure
    if not isinstance(table, dict):
        raise UsageError(f"{flag} {path!r} holds a {type(table).__name__}; expected an object from stem to box.")
    return {
        stem: _box(f"{flag} {path!r}, {stem!r}:", entry.get("box") if isinstance(entry, dict) else entry)
        for stem, entry in table.items()
    }


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
