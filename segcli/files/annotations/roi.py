"""ImageJ's outlines: a zip archive of .roi files, one an object, or a single .roi file.

A .roi file is a header of 64 bytes, big-endian (RoiDecoder in ImageJ's documentation lists the places), coordinates,
and a second header with the group and where name and properties are. An object with one outline is a traced polygon of
whole corners relative to its box, which follow the edges of pixels; one with several, for holes or parts, is a
composite: a path of floats that is filled by the even-odd rule. The group is the class (1 is written as 0, none), the
name begins with the number of the object, and properties name class and crowd. The size of the picture is in the
archive's comment, for ImageJ keeps none.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.annotations.annotated import (
    NO_CLASS,
    Annotated,
    Thing,
    class_name,
    filled,
    label_from_file,
    label_in_file,
    own_names,
)
from segcli.files.annotations.formats import Reading, Writing
from segcli.files.annotations.shapes import outlines
from segcli.files.datasets.meaning import KINDS
from segcli.files.limits import Limits
from segcli.files.provenance import read_provenance, sealed
from segcli.numeric.outlines import Ring

VERSION, HEADER, SECOND = 228, 64, 64
POLYGON, RECTANGLE, FREEHAND, TRACED = 0, 1, 7, 8
OTHERS = {
    2: "an oval",
    3: "a line",
    4: "a freehand line",
    5: "a segmented line",
    6: "nothing",
    9: "an angle",
    10: "points",
}
SPLINE, SUBPIXEL = 1, 128
MOVE, LINE, CLOSE = 0, 1, 4
FARTHEST = 32_767
"""Coordinates are 16-bit numbers with a sign."""

LARGEST_GROUP = 255
MOST_BYTES = 1 << 28
LEAST = -5000
"""Below this, as in ImageJ, a number stands for one beyond 32,767."""


class Outline(NamedTuple):
    """One .roi file: rings, name, group, properties by key, and its place in a stack (position, C, Z, T)."""

    rings: list[Array]
    name: str
    group: int
    properties: dict[str, str]
    slice: tuple[int, int, int, int] = (0, 0, 0, 0)


def decode(data: bytes, name: str, reading: Reading) -> Annotated:
    """Read the objects of a picture.

    Raises
    ------
    InputError : no size is given or said, a damaged file, an outline that is no area of whole pixels.
    """
    record = read_provenance(data) or {} if data.startswith(b"PK") else {}
    size = reading.size_of(record.get("size"))
    Limits().check_size(*size)
    found = [(entry, decode_outline(held, entry)) for entry, held in _entries(data)]
    slices = sorted({one.slice for _, one in found} - {(0, 0, 0, 0)})
    if len(slices) > 1:
        raise InputError(f"has outlines on {len(slices)} slices of a stack; save those of each slice by themselves.")
    # ImageJ calls outlines by the place of their middle, as in 0012-0345, which is no number of an object.
    heads = [re.fullmatch(r"0*([1-9]\d{0,9})", one.name or entry) for entry, one in found]
    numbers = [int(head.group(1)) if head else 0 for head in heads]
    if len(set(numbers)) < len(numbers) or 0 in numbers or max(numbers, default=1) >= 2**31:
        numbers = list(range(1, len(found) + 1))
    names: dict[int, str] = {}
    if isinstance(record.get("names"), dict):
        names = {int(label): str(text) for label, text in record["names"].items()}
    things = []
    for number, (_, one) in zip(numbers, found, strict=True):
        label = label_from_file(one.group or 1, one.properties.get("class", ""))
        names.setdefault(label, one.properties.get("class", class_name({}, label)))
        mask, left, top = filled(one.rings, *size)
        things.append(Thing(mask, left, top, number, label, one.properties.get("crowd") == "1"))
    kind: Any = reading.kind or record.get("kind")
    kind = kind if kind in KINDS else "instances"
    ordered = tuple(sorted(things, key=lambda thing: thing.number))
    return Annotated(name, size, kind, own_names(names), things=ordered)


def _entries(data: bytes) -> list[tuple[str, bytes]]:
    """The .roi files of an archive, in its order, or the only one."""
    if data.startswith(b"Iout"):
        return [("", data)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if info.filename.lower().endswith(".roi")]
            if sum(info.file_size for info in infos) > MOST_BYTES:
                raise InputError(f"unpacks to more than {MOST_BYTES:,} bytes of outlines.")
            return [(info.filename.rpartition("/")[2][:-4], archive.read(info)) for info in infos]
    except InputError:
        raise
    except Exception as failure:
        # zipfile raises BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError and struct.error.
        raise InputError(f"is a damaged zip archive: {' '.join(str(failure).split())[:160]}.") from failure


def decode_outline(data: bytes, entry: str) -> Outline:
    """Read one .roi file.

    Raises
    ------
    InputError : it is damaged, or no area: a line, points; or one whose pixels ImageJ makes in its own way (an oval).
    """
    try:
        return _decoded(data)
    except (struct.error, ValueError, UnicodeDecodeError) as failure:
        raise InputError(f"has a damaged outline {entry!r}: {failure}.") from failure
    except InputError as failure:
        raise InputError(f"has the outline {entry!r}, which {failure}") from failure


def _decoded(data: bytes) -> Outline:
    """The parts of a .roi file."""
    if data[:4] != b"Iout":
        raise InputError("does not begin with 'Iout'.")
    version, kind = struct.unpack(">hB", data[4:7])
    box = struct.unpack(">4h", data[8:16])
    top, left, bottom, right = (side + 65_536 if side < LEAST else side for side in box)
    (count,) = struct.unpack(">H", data[16:18])
    (floats,) = struct.unpack(">i", data[36:40])
    subtype, options = struct.unpack(">hh", data[48:52])
    if kind in OTHERS or subtype:
        raise InputError(
            f"is {OTHERS.get(kind, 'text, an arrow, an ellipse or a picture')}; an area with corners is read."
        )
    if options & SPLINE:
        raise InputError("is a spline; in ImageJ, Edit > Selection > Interpolate makes corners of it.")
    name, group, properties = _second(data)
    subpixel = version >= 222 and bool(options & SUBPIXEL)
    if floats > 0:
        path = np.frombuffer(data, ">f4", floats, HEADER).astype(np.float64)
        rings = _path(path.tolist())
    elif kind == RECTANGLE:
        if subpixel:
            x, y, wide, high = struct.unpack(">4f", data[18:34])
            left, top, right, bottom = x, y, x + wide, y + high
        rings = [np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)]
    elif kind in (POLYGON, FREEHAND, TRACED):
        if not count:
            (count,) = struct.unpack(">i", data[18:22])
        if subpixel:
            rings = [np.frombuffer(data, ">f4", 2 * count, HEADER + 4 * count).reshape(2, -1).T.astype(np.float64)]
        else:
            corners = np.frombuffer(data, ">u2", 2 * count, HEADER).reshape(2, -1).T.astype(np.float64)
            rings = [corners + np.array([left, top])]
    else:
        raise InputError(f"is of the unknown type {kind}.")
    if not rings or any(len(ring) < 3 or not (np.abs(ring) < 1 << 24).all() for ring in rings):
        raise InputError("has no corners, or some far outside.")
    start = struct.unpack(">i", data[60:64])[0]
    more = struct.unpack(">3i", data[start + 4 : start + 16]) if 0 < start <= len(data) - 52 else (0, 0, 0)
    return Outline(rings, name, group, properties, (*struct.unpack(">i", data[56:60]), *more))


def _path(path: list[float]) -> list[Array]:
    """The rings of a composite, from its moves and lines."""
    rings: list[list[list[float]]] = []
    place = 0
    while place < len(path):
        step = path[place]
        if step == CLOSE:
            place += 1
            continue
        if step not in (MOVE, LINE) or place + 2 >= len(path) or (step == LINE and not rings):
            raise InputError("has a path with curves, or a damaged one; straight lines are read.")
        if step == MOVE:
            rings.append([])
        rings[-1].append(path[place + 1 : place + 3])
        place += 3
    return [np.array(ring, np.float64) for ring in rings]


def _second(data: bytes) -> tuple[str, int, dict[str, str]]:
    """Name, group and properties, from the second header."""
    (start,) = struct.unpack(">i", data[60:64])
    if not 0 < start <= len(data) - 52:
        return "", 0, {}
    name_at, name_length = struct.unpack(">ii", data[start + 16 : start + 24])
    group = data[start + 30]
    words_at, words_length = struct.unpack(">ii", data[start + 40 : start + 48])
    name = data[name_at : name_at + 2 * name_length].decode("utf-16-be") if name_at > 0 < name_length else ""
    words = data[words_at : words_at + 2 * words_length].decode("utf-16-be") if words_at > 0 < words_length else ""
    pairs = [line.partition(":") for line in words.splitlines() if ":" in line]
    return name, group, {key.strip(): value.strip() for key, _, value in pairs}


def encode(picture: Annotated, writing: Writing) -> bytes:
    """Write the objects of a picture as an archive, whose entries have no time of day."""
    things = picture.things or ()
    digits = max(4, len(str(max((thing.number for thing in things), default=0))))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for thing, rings in zip(things, outlines(things, picture.size, 8), strict=True):
            name = f"{thing.number:0{digits}d}"
            named = thing.label in picture.names or thing.label == NO_CLASS
            words = f"class: {class_name(picture.names, thing.label)}\n" if named else ""
            words += "crowd: 1\n" if thing.crowd else ""
            info = zipfile.ZipInfo(f"{name}.roi")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, encode_outline(rings, name, thing, words))
    names = {str(label): text for label, text in sorted(picture.names.items())}
    held = {"kind": picture.kind, "size": list(picture.size), "names": names}
    return sealed(buffer.getvalue(), {**writing.record, **held})


def encode_outline(rings: list[Ring], name: str, thing: Thing, words: str) -> bytes:
    """Write one .roi file."""
    height, width = thing.mask.shape
    left, top = thing.left, thing.top
    box = (top, left, top + height, left + width)
    if len(rings) == 1:
        corners = rings[0].corners - np.array([left, top])
        count, floats, kind = len(corners), 0, TRACED
        body = corners.T.astype(">u2").tobytes()
    else:
        path = [part for ring in rings for part in _steps(ring.corners)]
        count, floats, kind = 0, len(path), RECTANGLE
        body = np.array(path, ">f4").tobytes()
    long = count > 65_535
    header = struct.pack(">4shBx4hH", b"Iout", VERSION, kind, *box, 0 if long else count)
    header += struct.pack(">i12x", count if long else 0)
    header += struct.pack(">hi8xhhBBhi", 0, floats, 0, 0, 0, 0, 0, 0)
    start = HEADER + len(body)
    text, properties = name.encode("utf-16-be"), words.encode("utf-16-be")
    name_at = start + SECOND
    group = 0 if thing.label == 1 else label_in_file(thing.label)
    words_at = name_at + len(text) if words else 0
    second = struct.pack(
        *(">16xii4xhBBifii", name_at, len(text) // 2, 0, group, 0, 0, 0.0),
        *(words_at, len(properties) // 2),
    )
    data: bytes = header + struct.pack(">i", start) + body + second.ljust(SECOND, b"\0") + text + properties
    return data


def _steps(corners: Array) -> list[float]:
    """A ring as moves and lines of a path."""
    found: list[float] = []
    for place, (x, y) in enumerate(corners.tolist()):
        found += [LINE if place else MOVE, x, y]
    return [*found, CLOSE]
