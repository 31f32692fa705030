"""The table of annotation formats: what each is called, what it holds, and the module that reads and writes it."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from segcli.errors import InputError, UsageError
from segcli.files.annotations.annotated import Annotated
from segcli.files.datasets.class_names import RGB, Classes
from segcli.files.datasets.meaning import Meaning
from segcli.files.sniff import looks_like, sniff
from segcli.segmentation import Kind

MOST = 2**31 - 1
OBJECTS = ("overlaps", "crowds", "classes", "holes", "parts", "numbers", "names", "void")
"""What annotations have beyond one unbroken outline an object; see `losses`."""

NUMBERS = ("holes", "parts", "numbers", "names")
SHAPES = ("auto", "polygons", "rle", "counts")


@dataclass(frozen=True)
class Format:
    """A row of the table.

    Attributes
    ----------
    name : as the user calls it.
    title : in words.
    module : in this package.
    endings : of its files, the usual one first.
    kinds : what its files can mean.
    holds : which of `OBJECTS` it keeps.
    most : the highest number it holds.
    things : whether it is written object by object, not as labels.
    """

    name: str
    title: str
    module: str
    endings: tuple[str, ...]
    kinds: tuple[Kind, ...] = ("mask", "classes", "instances")
    holds: tuple[str, ...] = NUMBERS
    most: int = MOST
    things: bool = False


FORMATS = {
    row.name: row
    for row in (
        Format("png", "label PNG, 8 or 16 bits", "numbers", (".png",), most=65_535),
        Format("tif", "label TIFF, 8, 16 or 32 bits", "numbers", (".tif", ".tiff")),
        Format("npy", "NumPy array", "numbers", (".npy",), holds=("holes", "parts", "numbers")),
        Format("npz", "NumPy archive", "numbers", (".npz",)),
        Format("mask", "binary mask PNG, 0 and 255", "mask", (".png",), ("mask",), most=1),
        Format(
            *("masks", "folder of one mask PNG an object", "masks", ("/",), ("instances",)),
            holds=("overlaps", *NUMBERS),
            things=True,
        ),
        Format("voc", "indexed PNG with the VOC palette", "voc", (".png",), holds=(*NUMBERS, "void"), most=254),
        Format("color", "RGB PNG with a color map", "color", (".png",), ("mask", "classes"), most=255),
        Format("coco", "COCO JSON, many pictures in one file", "coco", (".json",), holds=OBJECTS, things=True),
        Format(
            *("yolo", "YOLO polygons, normalized", "yolo", (".txt",)),
            holds=("overlaps", "classes", "names"),
            things=True,
        ),
        Format("geojson", "GeoJSON polygons in pixels", "geojson", (".geojson", ".json"), holds=OBJECTS, things=True),
        Format("roi", "ImageJ ROI zip", "roi", (".zip",), holds=OBJECTS, things=True),
    )
}
"""All formats by name."""


@dataclass(frozen=True)
class Reading:
    """What a user says of the files to read.

    Attributes
    ----------
    kind : what numbers mean; None: found out, or what the file says.
    classes : names, colors and numbers of classes.
    ignore : a number that means void.
    size : width and height of the picture, for files that do not say it.
    meaning : of the numbers of label pictures, found by looking at many.
    file_name : of the picture.
    """

    kind: Kind | None = None
    classes: Classes = field(default_factory=Classes)
    ignore: int | None = None
    size: tuple[int, int] | None = None
    meaning: Meaning | None = None
    file_name: str = ""

    def size_of(self, told: object = None) -> tuple[int, int]:
        """Width and height of the picture: what the file tells, or else what the user says.

        Raises
        ------
        InputError : neither does.
        """
        if isinstance(told, list) and len(told) == 2 and all(isinstance(side, int) for side in told):
            return told[0], told[1]
        if self.size is None:
            raise InputError(
                "does not say how large its picture is. Give the pictures with --images, or their size with --size "
                "WIDTHxHEIGHT."
            )
        return self.size


@dataclass(frozen=True)
class Writing:
    """How to write.

    Attributes
    ----------
    ending : of the file.
    record : where it came from.
    colors : color of each class.
    shapes : of COCO's objects: polygons where they are exact (auto), or one way for all.
    """

    ending: str
    record: Mapping[str, Any]
    colors: Mapping[RGB, int] = field(default_factory=dict)
    shapes: str = "auto"


class Module(Protocol):
    """What the module of a format has; COCO has more, masks have other types (a file for each object)."""

    def decode(self, data: bytes, name: str, reading: Reading) -> Annotated:
        """Read one picture's annotations from a file's contents."""

    def encode(self, picture: Annotated, writing: Writing) -> bytes:
        """Write one picture's annotations; what the format cannot hold has been refused before."""


def module_of(form: Format) -> Module:
    """The module that reads and writes a format."""
    return cast(Module, importlib.import_module(f"segcli.files.annotations.{form.module}"))


def find_format(name: str) -> Format:
    """The row of a format that a user names.

    Raises
    ------
    UsageError : there is none; the message lists all.
    """
    if name not in FORMATS:
        raise UsageError(f"{name!r} is no annotation format; known are {', '.join(FORMATS)}.")
    return FORMATS[name]


def format_of_ending(path: str) -> Format | None:
    """The format that a file name's ending stands for, the first of the table; None where none does."""
    ending = os.path.splitext(path)[1].lower()
    return next((row for row in FORMATS.values() if ending in row.endings), None)


def detect(data: bytes) -> Format:
    """Find out by its contents what an annotation file is.

    Label pictures of every kind are read alike, so PNG stands for them all.

    Raises
    ------
    InputError : nothing that is known.
    """
    if data.startswith(b"Iout"):
        return FORMATS["roi"]
    if data.startswith(b"PK"):
        return FORMATS[_of_archive(data)]
    start = data[:4096].lstrip()
    if start[:1] == b"{":
        return FORMATS[_of_json(data)]
    if re.match(rb"\d+([ \t]+[-+.\deE]+){4,}[ \t]*(\r?\n|$)", start) or not start:
        # An empty file is YOLO's for a picture without objects.
        return FORMATS["yolo"]
    try:
        sniff(data)
    except InputError:
        raise InputError(
            f"is no annotation file ({looks_like(data)}). Readable: label pictures (PNG, TIFF, GIF, BMP, NPY, NPZ), "
            "COCO JSON, YOLO txt, GeoJSON, ImageJ ROI zip."
        ) from None
    return FORMATS["png"]


def _of_archive(data: bytes) -> str:
    """Whether a zip archive holds arrays or ImageJ's outlines."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as failure:
        raise InputError(f"is a damaged zip archive: {failure}.") from failure
    if any(name.endswith(".npy") for name in names):
        return "npz"
    if not names or any(name.lower().endswith(".roi") for name in names):
        return "roi"
    raise InputError(f"is a zip archive of neither .npy arrays nor .roi outlines; it begins with {names[0]!r}.")


def _of_json(data: bytes) -> str:
    """Whether a JSON object is COCO's or GeoJSON."""
    held = read_json(data)
    if held.get("type") in ("FeatureCollection", "Feature"):
        return "geojson"
    if isinstance(held.get("images"), list) and isinstance(held.get("annotations"), list):
        return "coco"
    raise InputError(
        "is JSON, but neither COCO (with 'images', 'annotations' and 'categories') nor a GeoJSON FeatureCollection."
    )


def read_json(data: bytes) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises
    ------
    InputError : it is damaged, or no object.
    """
    try:
        held = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as failure:
        raise InputError(f"is damaged JSON: {failure}.") from failure
    if not isinstance(held, dict):
        raise InputError(f"holds a JSON {type(held).__name__}; expected an object.")
    return held
