"""One binary mask for each object, in a folder for each picture: NAME/masks/0001.png and so on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segcli.errors import InputError
from segcli.files.annotations.annotated import Annotated, Thing, cut_out, only_label, own_names, united
from segcli.files.annotations.formats import Reading, Writing
from segcli.files.labels import read_labels
from segcli.files.provenance import read_provenance
from segcli.files.write import encode_array

FOLDER = "masks"


def decode(data: Mapping[str, bytes], name: str, reading: Reading) -> Annotated:
    """Read the objects of a picture: contents of files by their stem, which is the number where all stems are one.

    Raises
    ------
    InputError : a file that is no mask, masks of two sizes, none at all.
    """
    stems = sorted(data)
    whole = all(stem.isascii() and stem.isdigit() and 0 < int(stem) < 2**31 for stem in stems)
    numbers = [int(stem) for stem in stems] if whole else list(range(1, len(stems) + 1))
    if len(set(numbers)) < len(numbers):
        raise InputError("has two masks of one number.")
    size: tuple[int, int] | None = None
    names: dict[int, str] = own_names(dict(enumerate(reading.classes.names)))
    things = []
    for number, stem in zip(numbers, stems, strict=True):
        try:
            labels = read_labels(data[stem])
        except InputError as failure:
            raise InputError(f"has the mask {stem!r}, which {failure}") from failure
        if len(np.unique(labels[labels > 0])) > 1:
            raise InputError(f"has the mask {stem!r} with {len(np.unique(labels))} values; expected two.")
        if size is not None and size != labels.shape[::-1]:
            raise InputError(f"has masks of {size[0]} x {size[1]} and {labels.shape[1]} x {labels.shape[0]} pixels.")
        size = (labels.shape[1], labels.shape[0])
        mask, left, top = cut_out(labels > 0)
        held = (read_provenance(data[stem]) or {}).get("names")
        names = names or ({int(key): str(text) for key, text in held.items()} if isinstance(held, dict) else {})
        things.append(Thing(mask, left, top, number, only_label(names)))
    if size is None:
        raise InputError("holds no mask.")
    return Annotated(name, size, "instances", names, things=tuple(sorted(things, key=lambda thing: thing.number)))


def encode(picture: Annotated, writing: Writing) -> dict[str, bytes]:
    """Write a picture's objects: contents of one PNG for each, by stem.

    Raises
    ------
    InputError : there is none, so no file would say how large the picture is.
    """
    things = picture.things or ()
    if not things:
        raise InputError("has no objects, so a folder of masks would be empty and its size lost; coco or png hold it.")
    digits = max(4, len(str(max(thing.number for thing in things))))
    found = {}
    for thing in things:
        whole = united([thing], picture.size) * np.uint8(255)
        found[f"{thing.number:0{digits}d}"] = encode_array(whole, ".png", writing.record)
    return found
