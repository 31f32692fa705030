"""GeoJSON in pixels: a feature for each object, a MultiPolygon where it has several parts.

Outlines follow the edges of pixels, (0, 0) being the outer corner of the first and y going down; a pixel is inside by
its center. Rings are simple, outer ones counterclockwise by their numbers and holes the other way, as RFC 7946 wants
it. The size of the picture, its kind and the names of classes are extra members of the collection.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.annotations.annotated import (
    Annotated,
    Thing,
    class_name,
    filled,
    label_from_file,
    label_in_file,
    own_names,
    unkept,
)
from segcli.files.annotations.formats import MOST, Reading, Writing, read_json
from segcli.files.annotations.shapes import by_parts, outlines
from segcli.files.datasets.meaning import KINDS
from segcli.files.limits import Limits
from segcli.files.provenance import sealed
from segcli.segmentation import Kind

KEYS = ("objectType", "classification", "class", "number", "crowd", "label", "name", "color", "isLocked")
FURTHEST = 1 << 21


def decode(data: bytes, name: str, reading: Reading) -> Annotated:
    """Read the objects of a picture; class names come from `classification.name`, as QuPath writes it, or `name`.

    Raises
    ------
    InputError : no size is given or said, a geometry that is no polygon.
    """
    held = read_json(data)
    features = held.get("features") if held.get("type") == "FeatureCollection" else [held]
    size = reading.size_of(held.get("size"))
    Limits().check_size(*size)
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise InputError("has no list of features.")
    own = held.get("names") if isinstance(held.get("names"), dict) else {}
    names = {int(label): str(text) for label, text in dict(own or {}).items() if str(label).isdigit()}
    # Classes without a number get the next free ones in order of their names.
    spoken = sorted({said for one in features if (said := _said(one)) and "class" not in _properties(one)})
    numbers = {text: label for label, text in names.items()}
    free = max(names, default=0)
    for text in spoken:
        if text not in numbers:
            free += 1
            names[free], numbers[text] = text, free
    things = [_thing(one, place, numbers, size) for place, one in enumerate(features, start=1)]
    if len({thing.number for thing in things}) < len(things):
        raise InputError("has two features of one number.")
    told: Any = reading.kind or held.get("kind")
    kind: Kind = told if told in KINDS else "instances"
    kept = tuple(sorted(things, key=lambda thing: thing.number))
    notes = unkept(map(_properties, features), KEYS)
    return Annotated(name, size, kind, own_names(names), things=kept, notes=notes)


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    held = feature.get("properties")
    return held if isinstance(held, dict) else {}


def _said(feature: dict[str, Any]) -> str:
    """The name of a feature's class, '' where it has none."""
    held = _properties(feature)
    classified = held.get("classification")
    named = classified.get("name") if isinstance(classified, dict) else held.get("label")
    return named if isinstance(named, str) else ""


def _thing(feature: dict[str, Any], place: int, numbers: dict[str, int], size: tuple[int, int]) -> Thing:
    """One object."""
    held = _properties(feature)
    number, label = held.get("number", place), held.get("class", numbers.get(_said(feature), 1))
    whole = isinstance(number, int) and isinstance(label, int)
    if not whole or not 1 <= number <= MOST or not 0 <= label <= MOST:
        raise InputError(f"has feature {place} with number {number!r} and class {label!r}; expected whole numbers.")
    mask, left, top = filled(_rings(feature.get("geometry"), place), *size)
    label = label_from_file(label, _said(feature))
    return Thing(mask, left, top, number, label, bool(held.get("crowd", False)))


def _rings(geometry: Any, place: int) -> list[Array]:
    """The outlines of a geometry."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise InputError(f"has feature {place} of type {kind}; only Polygon and MultiPolygon cover pixels.")
    parts = [geometry.get("coordinates")] if kind == "Polygon" else geometry.get("coordinates")
    try:
        rings = [np.asarray([corner[:2] for corner in ring], np.float64) for part in parts for ring in part]
    except (TypeError, ValueError) as failure:
        raise InputError(f"has feature {place} with damaged coordinates: {failure}.") from failure
    for ring in rings:
        if ring.ndim != 2 or len(ring) < 3 or not (np.abs(ring) < FURTHEST).all():
            raise InputError(f"has feature {place} with an outline that is none, or far outside.")
    if not rings:
        raise InputError(f"has feature {place} without an outline.")
    return rings


def encode(picture: Annotated, writing: Writing) -> bytes:
    """Write the objects of a picture as features."""
    things = picture.things or ()
    features = []
    for thing, rings in zip(things, outlines(things, picture.size, 4), strict=True):
        parts = [[_closed(corners) for corners in part] for part in by_parts(rings)]
        single = len(parts) == 1
        properties: dict[str, Any] = {
            "objectType": "annotation",
            "classification": {"name": class_name(picture.names, thing.label)},
            "class": label_in_file(thing.label),
            "number": thing.number,
        }
        if thing.crowd:
            properties["crowd"] = True
        geometry = {"type": "Polygon" if single else "MultiPolygon", "coordinates": parts[0] if single else parts}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    held = {
        "type": "FeatureCollection",
        "size": list(picture.size),
        "kind": picture.kind,
        "names": {str(label): text for label, text in sorted(picture.names.items())},
        "features": features,
    }
    return sealed(json.dumps(held, separators=(",", ":")).encode() + b"\n", writing.record)


def _closed(corners: Array) -> list[list[int]]:
    """A ring as GeoJSON has it, its first corner once more at the end."""
    found: list[list[int]] = corners.tolist()
    return [*found, found[0]]
