"""COCO's annotation files: polygons, run lengths and crowds."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Mask
from segcli.errors import InputError, UsageError
from segcli.files.datasets.example import Drawn, Example, Finding, Found, plain_name
from segcli.files.datasets.folders import PARTS, entries, files_below, subfolders
from segcli.files.datasets.lists import read_text
from segcli.files.rle import decode_runs, draw_polygons
from segcli.segmentation import VOID

BACKGROUND = "background"
MOST_CLASSES = VOID - 1


def find_coco(folder: str, images: str | None = None) -> Found | None:
    """JSON files with `images`, `annotations` and `categories`, in the folder, in `annotations/` or in its parts.

    `images` is where the pictures are, if not below the folder.
    """
    if os.path.isfile(folder):
        paths, top = [folder], os.path.dirname(folder) or "."
        if os.path.basename(top).lower() == "annotations":
            top = os.path.dirname(top) or "."
    else:
        inside = subfolders(folder)
        places = [folder, *(inside[name] for name in inside if name in PARTS or name == "annotations")]
        paths = [path for place in places for path in entries(place) if path.lower().endswith(".json")]
        top = folder
    # COCO's own folder has files of key points and captions too.
    paths = [path for path in paths if os.path.basename(path).startswith("instances")] or paths
    tables = [(path, table) for path in paths if (table := _table(path)) is not None]
    if not tables:
        if os.path.isfile(folder):
            raise UsageError(f"{folder!r} has no lists 'images', 'annotations' and 'categories', as COCO's files have.")
        return None
    found = Found("COCO JSON", [])
    labels = _labels(found, tables)
    files = _Files(images or top)
    for path, table in tables:
        try:
            _add(found, files, labels, (path, _part(path, len(tables)), table))
        except (KeyError, TypeError, AttributeError, ValueError) as failure:
            raise InputError(f"{path!r} is no COCO file: {type(failure).__name__}, {failure}.") from failure
    return found


def _table(path: str) -> dict[str, Any] | None:
    """What a JSON file holds, where that is COCO's."""
    text = read_text(path)
    if '"annotations"' not in text or '"images"' not in text:
        return None
    try:
        held = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as failure:
        raise InputError(f"{path!r} is damaged: {failure}.") from failure
    lists = ("images", "annotations", "categories")
    if not isinstance(held, dict) or any(not isinstance(held.get(name), list) for name in lists):
        return None
    return held


def _part(path: str, count: int) -> str:
    """The part that a file stands for, by its name or its folder's."""
    stem = os.path.splitext(os.path.basename(path))[0].lower()
    folder = os.path.basename(os.path.dirname(path)).lower()
    if folder in PARTS:
        return PARTS[folder]
    named = [PARTS[word] for word in re.split(r"[^a-z]+", stem) if word in PARTS]
    if named:
        return named[0]
    return "" if count == 1 else "train"


def _labels(found: Found, tables: list[tuple[str, dict[str, Any]]]) -> dict[int, int]:
    """Class of each category by its id, from 1; the names go into what was found."""
    names: dict[int, str] = {}
    for path, table in tables:
        try:
            own = {int(row["id"]): str(row["name"]) for row in table["categories"]}
        except (KeyError, TypeError, ValueError) as failure:
            raise InputError(f"{path!r} has a category without id and name: {failure}.") from failure
        for number, name in own.items():
            if names.setdefault(number, name) != name:
                raise InputError(f"{path!r} calls category {number} {name!r}, another file {names[number]!r}.")
    if not 1 <= len(names) <= MOST_CLASSES:
        raise InputError(f"{tables[0][0]!r} has {len(names)} categories; between 1 and {MOST_CLASSES} are expected.")
    found.names = (BACKGROUND, *(names[number] for number in sorted(names)))
    return {number: label for label, number in enumerate(sorted(names), start=1)}


class _Files:
    """The pictures below a folder, looked up by the names that annotation files give them."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._by_name: dict[str, list[str]] | None = None

    def find(self, path: str, name: str) -> str:
        """The path of a picture: beside the file, below the folder, or anywhere there under that name; '' if none."""
        for folder in (os.path.dirname(path), self._top, os.path.join(self._top, "images")):
            place = os.path.join(folder, name)
            if os.path.isfile(place):
                return place
        if self._by_name is None:
            self._by_name = defaultdict(list)
            for paths in files_below(self._top).values():
                for one in paths:
                    self._by_name[os.path.basename(one)].append(one)
        fitting = self._by_name.get(os.path.basename(name), [])
        return fitting[0] if len(fitting) == 1 else ""


def _add(found: Found, files: _Files, labels: Mapping[int, int], source: tuple[str, str, dict[str, Any]]) -> None:
    """The pictures of one file with their objects."""
    path, part, table = source
    objects: dict[int, list[Drawn]] = defaultdict(list)
    known = {int(row["id"]) for row in table["images"]}
    for row in table["annotations"]:
        number, category = int(row["image_id"]), int(row["category_id"])
        if number not in known or category not in labels:
            what = f"image {number}" if number not in known else f"category {category}"
            words = f"{path!r}: annotation {row.get('id')} is of {what}, which the file does not have."
            found.findings.append(Finding("no-image", "error", words, (path,)))
            continue
        outline = row.get("segmentation")
        if outline:
            objects[number].append(Drawn(labels[category], outline, bool(row.get("iscrowd", 0))))
    for row in table["images"]:
        place = files.find(path, str(row["file_name"]))
        if not place:
            words = f"{path!r} names {row['file_name']!r}, which is not there, or twice."
            found.findings.append(Finding("no-image", "error", words, (path,)))
            continue
        name = plain_name(str(row["file_name"]))
        size = (int(row["width"]), int(row["height"]))
        if min(size) < 1:
            raise ValueError(f"{row['file_name']!r} is {size[0]} x {size[1]} pixels")
        drawn = tuple(objects.get(int(row["id"]), ()))
        found.examples.append(Example(name, place, (path,), part, objects=drawn, size=size))


def draw_objects(example: Example) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Classes and numbered objects of a picture with annotations, at the size that its file says.

    Where objects overlap, the smaller one is seen. A crowd is void where no object lies.

    Raises
    ------
    InputError : outlines that are none.
    """
    width, height = example.size or (0, 0)
    classes = np.zeros((height, width), np.uint8)
    instances = np.zeros((height, width), np.int32)
    masks = []
    for place, drawn in enumerate(example.objects or (), start=1):
        try:
            masks.append((drawn, _mask(drawn, height, width)))
        except InputError as failure:
            raise InputError(f"object {place} of {example.image!r} {failure}") from failure
    sizes = [int(mask.sum()) for _, mask in masks]
    number = 0
    for _, mask in (pair for pair in masks if pair[0].crowd):
        classes[mask] = VOID
    for place in sorted(range(len(masks)), key=lambda place: -sizes[place]):
        drawn, mask = masks[place]
        if drawn.crowd or not sizes[place]:
            continue
        number += 1
        classes[mask], instances[mask] = drawn.label, number
    return classes, instances


def _mask(drawn: Drawn, height: int, width: int) -> Mask:
    """The pixels of one object."""
    outline = drawn.outline
    if isinstance(outline, list):
        # A single polygon is sometimes written without the list around it.
        polygons = [outline] if outline and isinstance(outline[0], (int, float)) else outline
        return draw_polygons(polygons, height, width)
    if not isinstance(outline, dict) or "counts" not in outline:
        raise InputError("has neither polygons nor run lengths.")
    if list(outline.get("size", (height, width))) != [height, width]:
        raise InputError(
            f"has run lengths for {outline['size']}; the picture has the height and width {height, width}."
        )
    return decode_runs(outline["counts"], height, width)
