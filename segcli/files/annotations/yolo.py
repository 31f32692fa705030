"""YOLO's text files: a line for each object, its class from 0 and its outline as shares of width and height.

Outlines follow the edges of pixels, so x times the width is a whole number; a pixel is inside by its center. Class 0 of
the file is class 1 here, for the background has no number. Pixels that share only a corner lie in one outline.
"""

from __future__ import annotations

import numpy as np

from segcli.errors import InputError
from segcli.files.annotations.annotated import Annotated, Thing, filled, own_names
from segcli.files.annotations.formats import Reading, Writing
from segcli.files.annotations.shapes import outlines

NAMES = "classes.txt"
BOX = 4


def decode(data: bytes, name: str, reading: Reading) -> Annotated:
    """Read the objects of a picture, whose size the file does not say.

    Raises
    ------
    InputError : no size is given, a line that is no class and outline, a box.
    """
    width, height = reading.size_of()
    names = reading.classes.names
    # A list of names has the background before the others, or it is YOLO's own, which has none.
    first = 0 if names and names[0] == "background" else 1
    things: list[Thing] = []
    for place, line in enumerate(_lines(data), start=1):
        words = line.split()
        if not words:
            continue
        try:
            label, numbers = int(words[0]) + 1, np.array([float(word) for word in words[1:]])
        except ValueError:
            raise InputError(f"has line {place} with {line[:60]!r}; expected a class number and an outline.") from None
        if numbers.size == BOX:
            raise InputError(f"has a box without an outline in line {place}; expected polygons, three corners or more.")
        if label < 1 or numbers.size < 6 or numbers.size % 2 or not np.isfinite(numbers).all():
            raise InputError(
                f"has line {place} with {numbers.size} numbers; expected x and y of three corners or more."
            )
        if numbers.min() < -1 or numbers.max() > 3:
            raise InputError(
                f"has line {place} with {numbers.max():g}; outlines are shares of width and height, 0 to 1."
            )
        corners = numbers.reshape(-1, 2) * (width, height)
        # Shares are written with limited digits.
        near = np.rint(corners)
        corners = np.where(np.abs(corners - near) < 1e-3, near, corners)
        mask, left, top = filled([corners], width, height)
        things.append(Thing(mask, left, top, len(things) + 1, label))
    kind = reading.kind or "instances"
    return Annotated(name, (width, height), kind, own_names(dict(enumerate(names, start=first))), things=tuple(things))


def _lines(data: bytes) -> list[str]:
    """The lines of a file."""
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as failure:
        raise InputError(f"is no text: {failure}.") from failure


def encode(picture: Annotated, writing: Writing) -> bytes:
    """Write the objects of a picture, each of which has one outline."""
    width, height = picture.size
    things = picture.things or ()
    lines = []
    for thing, rings in zip(things, outlines(things, picture.size, 8), strict=True):
        shares = (rings[0].corners / (width, height)).ravel().tolist()
        lines.append(" ".join([str(thing.label - 1), *(f"{share:.10g}" for share in shares)]) + "\n")
    return "".join(lines).encode()


def encode_names(names: dict[int, str]) -> bytes:
    """The list of class names that lies beside the files, from class 1 on."""
    from segcli.files.annotations.annotated import class_name

    return "".join(f"{class_name(names, label)}\n" for label in range(1, max(names, default=1) + 1)).encode()


def decode_names(data: bytes) -> tuple[str, ...]:
    """The class names of such a list."""
    return tuple(line.strip() for line in _lines(data) if line.strip())
