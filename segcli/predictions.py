"""Where predictions come from, files or a segmenter, and the forms in which they are scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.errors import InputError, UsageError
from segcli.files.datasets.example import Example
from segcli.files.datasets.meaning import Meaning, as_numbers, count_numbers, distinct, is_mask
from segcli.files.datasets.truth import open_image, read_values
from segcli.files.labels import read_map, read_numbers
from segcli.files.provenance import read_provenance
from segcli.files.read import read_bytes
from segcli.segmentation import VOID, Segmentation
from segcli.segmenter import Segmenter

Form = Literal["mask", "classes", "instances", "stored", "map"]
"""What the numbers of prediction files are; stored: numbers or colors as those of the truth's files; a map holds
probabilities."""

LOOKED_AT = 64
"""Predictions that are read to find out what their numbers mean, spread evenly over all."""

FULL = {"uint8": 255.0, "uint16": 65_535.0}
"""What stands for 1 in maps of whole numbers."""

THRESHOLD = "--threshold 0.5 makes masks of probabilities."
SEVERAL = 3
"""Values that a mask has at most: object, background, void."""

SLACK = 1e-3
"""How far above 1 a probability may lie by rounding."""


class Source(Protocol):
    """Something that gives a prediction for each picture."""

    def predict(self, example: Example, path: str) -> Segmentation:
        """The prediction for a picture, from a file where there is one; InputError names what is at fault."""

    def where(self, example: Example, path: str) -> str:
        """What to call a prediction in a message."""


@dataclass(frozen=True)
class FilePredictions:
    """Predictions in files.

    Attributes
    ----------
    form : what their numbers are.
    meaning : of the truth's files.
    threshold : of maps, above which a pixel is object.
    """

    form: Form
    meaning: Meaning
    threshold: float = 0.5

    def where(self, example: Example, path: str) -> str:
        """The file, as it is called in messages."""
        return f"prediction {path!r}"

    def predict(self, example: Example, path: str) -> Segmentation:
        """Read a prediction.

        Raises
        ------
        InputError : it cannot be read, or holds what it should not; the message names the file.
        """
        try:
            return self._map(path) if self.form == "map" else self._labels(path)
        except InputError as failure:
            # What reads masks says so.
            words = str(failure).removeprefix(f"mask {path!r} ").replace("--mask-threshold", "--threshold 0.5")
            raise InputError(f"prediction {path!r} {words}") from failure

    def _labels(self, path: str) -> Segmentation:
        """A prediction of whole numbers or colors."""
        values = read_values(path, None)
        colored = values.ndim == 3 and not (values == values[:, :, :1]).all()
        if colored and self.meaning.kind != "colors":
            raise InputError("has colors, where the truth has numbers; save classes as gray or indexed PNG.")
        if self.form == "stored":
            return Segmentation(self.meaning.apply(values, path)[0], "classes")
        if colored:
            raise InputError("has colors; those of the others are numbers.")
        numbers = as_numbers(values, False)
        if self.form == "mask":
            return Segmentation(_as_mask(numbers), "mask")
        if self.form == "instances":
            return Segmentation(numbers.astype(np.int32), "instances")
        if int(numbers.max()) > VOID:
            raise InputError(f"holds {numbers.max()}; numbers of classes go up to {VOID - 1}.")
        found = distinct(numbers)[0]
        if self.meaning.count == 2 and len(found) > SEVERAL:
            raise InputError(f"holds {len(found)} values, where a mask has two. {THRESHOLD}")
        return Segmentation(numbers.astype(np.uint8), "classes")

    def _map(self, path: str) -> Segmentation:
        """Probabilities, and the labels that follow from them."""
        found = probabilities(read_map(path))
        if len(found) <= 2:
            return Segmentation((found[-1] > self.threshold).astype(np.uint8), "mask", scores=found)
        return Segmentation(found.argmax(0).astype(np.uint8), "classes", scores=found)


@dataclass(frozen=True)
class SegmenterPredictions:
    """Predictions that a method or a network makes when they are asked for.

    label : what it is, in words.
    """

    label: str
    segmenter: Segmenter

    def where(self, example: Example, path: str) -> str:
        """The segmenter and the picture."""
        return f"what {self.label} makes of {example.image!r}"

    def predict(self, example: Example, path: str) -> Segmentation:
        """Segment a picture.

        Raises
        ------
        InputError : it cannot be read or segmented; the message names it.
        """
        image = open_image(example)
        try:
            return self.segmenter(image, {})
        except InputError as failure:
            raise InputError(f"{example.image!r}: {self.label}: {failure}") from failure


def find_form(paths: Sequence[str], truth: Meaning) -> Form:
    """What the numbers of prediction files are, from what segcli wrote into them or from many of them together.

    Raises
    ------
    InputError : a file that cannot be read; the message names it.
    UsageError : kinds that differ.
    """
    places = np.unique(np.linspace(0, len(paths) - 1, min(LOOKED_AT, len(paths))).astype(int)).tolist()
    said: set[Form] = set()
    values: set[int] = set()
    deep = False
    for path in (paths[place] for place in places):
        try:
            data = read_bytes(path)
            known = _said(read_provenance(data)) or _by_look(data)
            seen = None if known else count_numbers(read_numbers(data)[0])
        except InputError as failure:
            raise InputError(f"prediction {path!r} {failure}") from failure
        if known or (seen is not None and seen.colored):
            said.add(known or "stored")
        elif seen is not None:
            values, deep = values | set(seen.counts), deep or seen.wide
    if len(said) > 1:
        raise UsageError(f"the predictions hold {' and '.join(sorted(said))}; score one kind at a time.")
    return next(iter(said)) if said else _form_of(values, deep, truth)


def _by_look(data: bytes) -> Form | None:
    """Whether a file's contents are a map beyond doubt: several planes, or fractions."""
    try:
        values = read_map(data)
    except InputError:
        return None
    fractions = values.dtype.kind == "f" and not (values == np.floor(values)).all()
    return "map" if values.ndim == 3 or fractions else None


def _form_of(values: set[int], deep: bool, truth: Meaning) -> Form:
    """What numbers without a word about them are."""
    if truth.count == 2 and is_mask(values):
        return "mask"
    beyond = any(truth.count <= value != VOID for value in values)
    if truth.kind == "classes" and beyond and values <= set(truth.table):
        return "stored"
    if truth.count == 2 and (truth.kind in ("instances", "objects") or (deep and max(values) > VOID)):
        return "instances"
    return "classes" if max(values, default=0) <= VOID else "instances"


def _said(record: Mapping[str, object] | None) -> Form | None:
    """The kind that segcli wrote into a file."""
    if record is None:
        return None
    if record.get("as") == "scores":
        return "map"
    kinds: dict[object, Form] = {"mask": "mask", "classes": "classes", "instances": "instances"}
    return kinds.get(record.get("kind"))


def probabilities(values: Array) -> NDArray[np.float32]:
    """Numbers of a map as (K, H, W) from 0 to 1: those of 8 and 16 bits by their full scale.

    Raises
    ------
    InputError : numbers that are no probabilities.
    """
    planes = values[None] if values.ndim == 2 else values
    highest, lowest = float(planes.max()), float(planes.min())
    full = 1.0 if highest <= 1 else FULL.get(planes.dtype.name, 1.0)
    if not (np.isfinite(planes).all() and lowest >= -SLACK and highest <= full * (1 + SLACK)):
        raise InputError(f"holds numbers from {lowest:g} to {highest:g}; probabilities lie between 0 and 1.")
    return np.asarray(np.clip(planes.astype(np.float32) / np.float32(full), 0, 1))


def _as_mask(numbers: Array) -> NDArray[np.uint8]:
    """0 and 1 of a mask of two values, of which 0 is background."""
    found = distinct(numbers)[0].tolist()
    if len(set(found) - {0}) > 1:
        raise InputError(f"holds {len(found)} values, such as {found[len(found) // 2]}; a mask has two. {THRESHOLD}")
    return np.asarray(numbers > 0, np.uint8)


def as_classes(found: Segmentation, count: int) -> NDArray[np.uint8]:
    """Classes as those of the truth: a mask and objects are class 1, pixels that were left out VOID.

    Raises
    ------
    InputError : a number that is no class, or objects where there are more than two classes.
    """
    if found.kind == "mask":
        return np.asarray(found.labels > 0, np.uint8)
    if found.kind == "instances":
        if count > 2:
            raise InputError(f"holds numbered objects, which are none of {count} classes.")
        return np.asarray(found.labels > 0, np.uint8)
    labels = found.labels
    outside = [label for label in distinct(labels)[0].tolist() if count <= label != VOID]
    if outside:
        shown = ", ".join(map(str, outside[:8])) + (", ..." if len(outside) > 8 else "")
        raise InputError(f"holds {shown}; the {count} classes are 0 to {count - 1}.")
    return np.asarray(labels, np.uint8)


def as_objects(found: Segmentation) -> Labels:
    """Numbered objects: those of a mask and of classes above 0 are their connected parts."""
    if found.kind == "instances":
        return np.asarray(found.labels, np.int32)
    from segcli.numeric.objects import objects_from_classes

    left_out = (found.labels == VOID) & (found.kind == "classes")
    return objects_from_classes(np.where(left_out, 0, found.labels))


def as_map(found: Segmentation) -> NDArray[np.float32]:
    """How likely each pixel is object, 0 to 1: by the scores, the map of a saliency method, or the mask itself."""
    if found.scores is not None:
        planes = np.asarray(found.scores, np.float32)
        return np.asarray(planes[-1] if len(planes) <= 2 else 1 - planes[0])
    if "saliency" in found.layers:
        return np.asarray(np.clip(found.layers["saliency"], 0, 1), np.float32)
    return np.asarray(as_classes(found, 2) == 1, np.float32)


def as_regions(found: Segmentation) -> Labels:
    """Regions by number: the connected parts of a mask's object with 0 between them, else the labels as they are."""
    if found.kind != "mask":
        return np.asarray(found.labels, np.int32)
    from segcli.numeric.components import connected_components

    return connected_components(found.labels > 0, 4)[0]
