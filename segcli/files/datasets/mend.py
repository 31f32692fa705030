"""A corrected copy of a data set; the originals are only read."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError, UsageError
from segcli.files.datasets.dataset import DataSet
from segcli.files.datasets.example import Example
from segcli.files.datasets.facts import Facts
from segcli.files.datasets.meaning import Meaning
from segcli.files.datasets.truth import check_size, open_image, read_truth
from segcli.files.image import Image
from segcli.files.labels import read_numbers
from segcli.files.read import read_bytes
from segcli.files.stored import orient
from segcli.files.write import encode_array, encode_labels, make_folder, put
from segcli.segmentation import VOID, Kind


@dataclass
class Mended:
    """What was done.

    Attributes
    ----------
    written : number of pairs in the copy.
    done : what was corrected, a line each.
    lost : what could not be corrected and is left out, a line each.
    """

    written: int = 0
    done: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def check_target(target: str, data: str) -> None:
    """Refuse a folder for the copy that holds something already, or lies within the data.

    Raises
    ------
    UsageError : it does.
    """
    real, source = os.path.realpath(target), os.path.realpath(data)
    if real == source or real.startswith(os.path.join(source, "")):
        raise UsageError(f"--fix {target!r} lies within the data; name a folder elsewhere.")
    if os.path.lexists(target) and (not os.path.isdir(target) or os.listdir(target)):
        raise UsageError(f"--fix {target!r} exists and is not an empty folder; name a new one.")


def mend(data: DataSet, facts: Sequence[Facts], twins: Sequence[tuple[int, int, float]], target: str) -> Mended:
    """Write `PART/images/` and `PART/masks/` with what can be corrected, and say what was done.

    Orientations are baked in, masks that were saved or resized with loss are parted in the middle, 0 and 255 become 0
    and 1, colors and outlines become class numbers, and pictures that show the same as one of another part go to
    train.

    Raises
    ------
    UsageError, EnvironmentFailure : the folder cannot be made, or written to.
    """
    make_folder(target)
    found = Mended()
    unpaired = [one.words for one in data.findings if one.level == "error"]
    found.done += [f"left out: {words}" for words in unpaired]
    examples = data.examples
    moved = _moved(examples, twins, found)
    _write_names(data, target)
    names: set[tuple[str, str]] = set()
    for place, (example, known) in enumerate(zip(examples, facts, strict=True)):
        part = moved.get(place, example.split)
        if part:
            _mend_one(data, example, known, (target, part, names), found)
    return found


def _moved(examples: Sequence[Example], twins: Sequence[tuple[int, int, float]], found: Mended) -> dict[int, str]:
    """The new part of each picture that another part has too; '' for an equal file, of which one is enough."""
    moved: dict[int, str] = {}
    for first, second, likeness in twins:
        one, other = examples[first], examples[second]
        if likeness == 1 and second not in moved:
            moved[second] = ""
            moved[first] = moved.get(first) or ("train" if one.split != other.split else one.split)
            found.done.append(f"left out: {other.image!r}, equal to {one.image!r}, which is in {moved[first]}.")
        elif likeness < 1:
            for place, example in ((first, one), (second, other)):
                if example.split != "train" and moved.get(place, example.split) not in ("", "train"):
                    moved[place] = "train"
                    twin = other if place == first else one
                    found.done.append(f"moved to train: {example.image!r}, which shows the same as {twin.image!r}.")
    return moved


def _write_names(data: DataSet, target: str) -> None:
    """The names of the classes, where `find_dataset` looks for them."""
    if data.kind == "instances":
        return
    rows = [(name, label) for label, name in enumerate(data.names)]
    if data.kind in ("classes", "colors"):
        rows.append(("void", VOID))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("name", "number"), *rows])
    put(os.path.join(target, "classes.csv"), text.getvalue().encode())


def _mend_one(
    data: DataSet, example: Example, facts: Facts, place: tuple[str, str, set[tuple[str, str]]], found: Mended
) -> None:
    """Write one pair, corrected."""
    target, part, names = place
    try:
        if facts.image_fault or facts.mask_fault:
            raise InputError(facts.image_fault or facts.mask_fault)
        image = open_image(example)
        labels, kind = _mended_mask(data.meaning, example, facts, image, found)
        picture, ending = _mended_image(example, image, found)
    except InputError as failure:
        found.lost.append(f"left out, not corrected: {failure}")
        return
    name = example.name
    while (part, name) in names:
        name = f"{name}_{example.split}"
    names.add((part, name))
    for folder, file, content in (
        ("images", f"{name}{ending}", picture),
        ("masks", f"{name}.png", encode_labels(labels, kind, ".png", {}, plain=True)),
    ):
        path = os.path.join(target, part, folder, *file.split("/"))
        put(path, content)
    found.written += 1


def _mended_image(example: Example, image: Image, found: Mended) -> tuple[bytes, str]:
    """A picture's file as it is, or upright as PNG or TIFF."""
    if image.header.orientation == 1:
        return read_bytes(example.image), os.path.splitext(example.image)[1]
    ending = ".tif" if image.native.dtype == np.float32 else ".png"
    found.done.append(f"turned upright: {example.image!r} (EXIF {image.header.orientation}), now {ending[1:].upper()}.")
    return encode_array(image.native, ending, {}), ending


def _mended_mask(meaning: Meaning, example: Example, facts: Facts, image: Image, found: Mended) -> tuple[Array, Kind]:
    """The classes or objects of an example, and which of the two."""
    path = example.masks[0]
    if example.objects is not None or len(example.masks) > 1 or meaning.threshold is not None:
        classes, instances = read_truth(example, meaning, image)
        numbered = instances is not None and meaning.kind == "instances"
        return (np.asarray(instances), "instances") if numbered else (classes, "classes")
    values = read_numbers(path)[0]
    if facts.size != facts.mask_size and facts.turned >= 5 and facts.mask_turned == 1:
        turned = orient(values, facts.turned)
        if turned.shape[:2] == image.size[::-1]:
            found.done.append(f"turned as its picture is: mask {path!r} (EXIF {facts.turned}).")
            values = turned
    check_size(path, values, example.image, image)
    if facts.lossy or facts.outside:
        parted = _parted(meaning, values, facts)
        if parted is not None:
            what = facts.lossy or f"{len(facts.outside)} values outside the classes"
            found.done.append(f"parted into 0 and 1: mask {path!r} ({what}).")
            return parted, "classes"
        if facts.lossy:
            raise InputError(f"mask {path!r} is {facts.lossy} with more than two values.")
    classes, instances = meaning.apply(values, path)
    return (instances, "instances") if instances is not None else (classes, "classes")


def _parted(meaning: Meaning, values: Array, facts: Facts) -> Array | None:
    """A mask of two values, made of one that has them nearly; None where it has not."""
    if meaning.kind != "mask":
        return None
    gray = values if values.ndim == 2 else values.max(axis=2)
    numbers = set(np.unique(gray).tolist())
    if numbers <= {0, 1} or numbers <= {0, VOID}:
        # A mask of another maker: 0 and 1 among 0 and 255, or the other way round.
        return (gray > 0).astype(np.uint8)
    return (gray > VOID // 2).astype(np.uint8) if facts.two_valued else None
