"""COCO's JSON: many pictures in one file, objects as polygons or run lengths, crowds, categories.

Polygons follow the edges of pixels, corner (0, 0) being the outer corner of the first. pycocotools toggles a column's
inside where an outline crosses the column's middle, so such a polygon gives back exactly its pixels; holes it has none,
so objects with holes are run lengths. The number of an object within its picture is in the extra key `number`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from segcli.arrays import Mask
from segcli.errors import InputError
from segcli.files.annotations.annotated import (
    Annotated,
    Thing,
    class_name,
    cut_out,
    filled,
    label_from_file,
    label_in_file,
    own_names,
    unkept,
)
from segcli.files.annotations.formats import MOST, Reading, Writing, read_json
from segcli.files.annotations.shapes import is_stepped, outlines
from segcli.files.datasets.example import plain_name
from segcli.files.datasets.meaning import KINDS
from segcli.files.limits import Limits
from segcli.files.provenance import sealed
from segcli.files.rle import decode_object, draw_polygons, encode_runs, pack_counts
from segcli.numeric.outlines import Ring

KEYS = ("id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "number")
FAULTS = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def decode_all(data: bytes, reading: Reading) -> Iterator[tuple[str, Annotated | InputError]]:
    """Read the pictures of a file one by one: the name of each, and its annotations or what is wrong with them.

    Raises
    ------
    InputError : the file as a whole is damaged.
    """
    held = read_json(data)
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    try:
        said = {int(row["id"]): str(row["name"]) for row in held.get("categories") or []}
        names = own_names({label_from_file(number, name): name for number, name in said.items()})
        images = [(row["id"], str(row["file_name"]), int(row["width"]), int(row["height"])) for row in held["images"]]
        for row in held["annotations"]:
            rows[row["image_id"]].append(row)
        known = {identity for identity, *_ in images}
        notes = unkept(held["annotations"], KEYS)
    except FAULTS as failure:
        raise InputError(f"is no sound COCO file: {type(failure).__name__}, {failure}.") from failure
    lost = sorted(map(str, set(rows) - known))
    if lost or len(known) < len(images):
        what = f"annotations of image {lost[0]}, which it does not list" if lost else "two images of one id"
        raise InputError(f"has {what}.")
    kind = reading.kind or _own_kind(held)
    for identity, file_name, width, height in images:
        name = plain_name(file_name)
        about = Annotated(name, (width, height), kind, names, file_name=file_name, notes=notes)
        try:
            Limits().check_size(width, height)
            yield name, _picture(about, rows.get(identity, []), said)
        except InputError as failure:
            yield name, failure


def picture_names(data: bytes) -> list[str]:
    """The names of the pictures of a file.

    Raises
    ------
    InputError : it is damaged.
    """
    try:
        return [plain_name(str(row["file_name"])) for row in read_json(data)["images"]]
    except FAULTS as failure:
        raise InputError(f"is no sound COCO file: {type(failure).__name__}, {failure}.") from failure


def _own_kind(held: Mapping[str, Any]) -> Any:
    """What things are, by the file's own word."""
    provenance = held.get("provenance")
    record = provenance.get("segcli") if isinstance(provenance, dict) else None
    kind = record.get("kind") if isinstance(record, dict) else None
    return kind if kind in KINDS else "instances"


def _picture(about: Annotated, rows: list[dict[str, Any]], said: Mapping[int, str]) -> Annotated:
    """A picture with its objects."""
    own = [row.get("number") for row in rows]
    whole = all(isinstance(number, int) and 0 < number <= MOST for number in own)
    numbered = whole and len(set(own)) == len(own)
    things = []
    for place, row in enumerate(rows, start=1):
        try:
            mask, left, top = _mask(row["segmentation"], *about.size)
            number, label = int(row["number"]) if numbered else place, int(row["category_id"])
            if not 0 <= label <= MOST:
                raise InputError(f"is of category {label}; expected a number from 0 to {MOST}.")
            label = label_from_file(label, said.get(label, ""))
            things.append(Thing(mask, left, top, number, label, bool(row.get("iscrowd", 0))))
        except InputError as failure:
            raise InputError(
                f"has the annotation {row.get('id')!r} of {about.file_name!r}, which {failure}"
            ) from failure
        except FAULTS as failure:
            what = f"{type(failure).__name__}, {failure}"
            raise InputError(f"has a damaged annotation {row.get('id')!r} of {about.file_name!r}: {what}.") from failure
    return replace(about, things=tuple(sorted(things, key=lambda thing: thing.number)))


def _mask(outline: Any, width: int, height: int) -> tuple[Mask, int, int]:
    """The pixels of one object, and where they lie."""
    if isinstance(outline, dict) and "counts" in outline:
        if list(outline.get("size", (height, width))) != [height, width]:
            raise InputError(f"has run lengths for {outline['size']}; expected the size {[height, width]}.")
        return decode_object(outline["counts"], height, width)
    if not isinstance(outline, list):
        raise InputError("has neither polygons nor run lengths.")
    polygons = [outline] if outline and isinstance(outline[0], (int, float)) else outline
    if not polygons:
        raise InputError("has an empty outline; such an object is a box without pixels.")
    sound = all(isinstance(polygon, list) and len(polygon) >= 6 and len(polygon) % 2 == 0 for polygon in polygons)
    if sound:
        corners = [np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in polygons]
        if all(is_stepped(one, width, height) for one in corners):
            return _united([filled([one], width, height) for one in corners])
    return cut_out(draw_polygons(polygons, height, width))


def _united(masks: list[tuple[Mask, int, int]]) -> tuple[Mask, int, int]:
    """Several masks as one."""
    masks = [one for one in masks if one[0].size]
    if len(masks) < 2:
        return masks[0] if masks else (np.zeros((0, 0), bool), 0, 0)
    left, top = min(one[1] for one in masks), min(one[2] for one in masks)
    right = max(x + mask.shape[1] for mask, x, _ in masks)
    bottom = max(y + mask.shape[0] for mask, _, y in masks)
    whole = np.zeros((bottom - top, right - left), bool)
    for mask, x, y in masks:
        whole[y - top : y - top + mask.shape[0], x - left : x - left + mask.shape[1]] |= mask
    return whole, left, top


class Book:
    """A COCO file that is being made, picture by picture."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.names: dict[int, str] = {}
        self.kind = ""

    def add(self, picture: Annotated) -> None:
        """Add a picture's objects.

        Raises
        ------
        InputError : a class that has another name than before, another kind, or a hole where polygons are asked for.
        """
        self.kind = self.kind or picture.kind
        if picture.kind != self.kind:
            raise InputError(f"holds {picture.kind}, others hold {self.kind}; --kind says what all of them mean.")
        things = picture.things or ()
        for label in {*picture.names, *(thing.label for thing in things)}:
            name, number = class_name(picture.names, label), label_in_file(label)
            if self.names.setdefault(number, name) != name:
                raise InputError(f"calls class {number} {name!r}, others call it {self.names[number]!r}.")
        width, height = picture.size
        identity = len(self.images) + 1
        file_name = picture.file_name or f"{picture.name}.png"
        self.images.append({"id": identity, "file_name": file_name, "width": width, "height": height})
        wanted = self.writing.shapes
        rings = outlines(things, picture.size, 4) if wanted in ("auto", "polygons") else [[] for _ in things]
        for thing, outline in zip(things, rings, strict=True):
            tall, wide = thing.mask.shape
            row = {
                "id": len(self.annotations) + 1,
                "image_id": identity,
                "category_id": label_in_file(thing.label),
                "segmentation": self._outline(thing, outline, width, height),
                "area": int(thing.mask.sum()),
                "bbox": [thing.left, thing.top, wide, tall],
                "iscrowd": int(thing.crowd),
                "number": thing.number,
            }
            self.annotations.append(row)

    def _outline(self, thing: Thing, rings: list[Ring], width: int, height: int) -> Any:
        """An object's outline in the way that is asked for, or else the plainest that is exact."""
        wanted = self.writing.shapes
        holes = any(ring.hole for ring in rings)
        if wanted == "polygons" and holes:
            raise InputError(
                f"has object {thing.number} with a hole, which polygons in COCO cannot have; --shapes auto takes run "
                "lengths for it."
            )
        if wanted == "polygons" or (wanted == "auto" and not holes and not thing.crowd):
            return [ring.corners.ravel().tolist() for ring in rings]
        counts = encode_runs(thing.mask, height, width, left=thing.left, top=thing.top)
        # COCO's own crowds are runs that are not packed.
        plain = wanted == "counts" or (wanted == "auto" and thing.crowd)
        return {"size": [height, width], "counts": counts if plain else pack_counts(counts)}

    def encode(self) -> bytes:
        """The file's contents."""
        categories = [{"id": label, "name": self.names[label], "supercategory": ""} for label in sorted(self.names)]
        if not categories:
            # Readers expect one at least.
            categories = [{"id": 1, "name": class_name({}, 1), "supercategory": ""}]
        held = {"images": self.images, "annotations": self.annotations, "categories": categories}
        return sealed(json.dumps(held, separators=(",", ":")).encode() + b"\n", self.writing.record)
