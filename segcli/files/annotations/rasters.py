"""Label pictures of every kind, read alike: what their numbers mean, by what they say or by a look at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.annotations.annotated import Annotated, own_names, with_void
from segcli.files.annotations.formats import Reading
from segcli.files.datasets.class_names import KNOWN
from segcli.files.datasets.meaning import KINDS, Meaning, Seen, as_code, count_numbers, find_meaning
from segcli.files.labels import read_labels, read_numbers
from segcli.files.provenance import read_provenance
from segcli.files.read import open_source
from segcli.files.stored import Header
from segcli.segmentation import VOID, Kind


def _read(data: bytes) -> tuple[Array, Header | None]:
    """The numbers of a label picture that has one page."""
    if not data.startswith(b"PK"):
        pages = open_source(data)[0].pages
        if pages > 1:
            raise InputError(f"has {pages} pages, and a label picture has one; save each as a file of its own.")
    return read_numbers(data)


def look(data: bytes, reading: Reading) -> Seen | None:
    """What a label picture holds, for `settle`; None where it says itself, or the user says, what its numbers mean.

    Raises
    ------
    InputError : it cannot be read.
    """
    values, header = _read(data)
    seen = count_numbers(values, header.compression if header is not None and header.lossy else "")
    if seen.lossy:
        # Says how many values there are, and that PNG keeps them.
        read_labels(data)
    record = read_provenance(data) or {}
    told = bool(record.get("colors")) if seen.colored else _kind(record, reading) is not None
    return None if told else seen


def settle(seen: Iterable[Seen], reading: Reading) -> Meaning | None:
    """Find out from many label pictures together what their numbers mean.

    Raises
    ------
    InputError : as for `find_meaning`.
    """
    found = list(seen)
    void = () if reading.ignore is None else (reading.ignore,)
    return find_meaning(found, reading.classes, ignore=void) if found else None


def decode(data: bytes, name: str, reading: Reading) -> Annotated:
    """Read a label picture: numbers as they are, masks as 0 and 1, colors by their map.

    Raises
    ------
    InputError : it is lossy, or has numbers or colors that are no class.
    """
    record = read_provenance(data) or {}
    values, header = _read(data)
    if header is not None and header.lossy:
        read_labels(data)
    size = (values.shape[1], values.shape[0])
    colored = values.ndim == 3 and not (values == values[:, :, :1]).all()
    kind = _kind(record, reading)
    names = _names(record, reading)
    if record.get("colors") and not reading.classes.colors:
        table = {as_code((red, green, blue)): label for red, green, blue, label in record["colors"]}
        labels, _ = Meaning("colors", len(table), table).apply(values, name)
        return _of_kind(labels, kind or "classes", (name, size, names), None)
    if kind is not None and not colored:
        ignore = record.get("void", reading.ignore)
        return _of_kind(_numbered(data, reading), kind, (name, size, names), ignore)
    meaning = reading.meaning or settle([count_numbers(values)], reading)
    assert meaning is not None
    classes, instances = meaning.apply(values, name)
    if meaning.kind == "colors" and not names:
        names = own_names(dict(enumerate(next((one for one in KNOWN.values() if len(one) == meaning.count), ()))))
    if instances is not None:
        return _with_void(instances, classes == VOID, (name, size, names))
    # Masks some of which have void are classes all together.
    if meaning.kind == "mask" and VOID not in meaning.table.values():
        return Annotated(name, size, "mask", _one(names), labels=classes.astype(np.int32))
    return Annotated(name, size, "classes", names, labels=classes.astype(np.int32))


def _kind(record: Mapping[str, Any], reading: Reading) -> Kind | None:
    """What numbers mean by the user's word, or by the file's own."""
    plain = record.get("as", "labels") in ("mask", "labels", "palette") and not reading.classes.values
    told: Any = reading.kind or (record.get("kind") if plain else None)
    return told if told in KINDS else None


def _names(record: Mapping[str, Any], reading: Reading) -> dict[int, str]:
    """Names of classes, by the user's word or by the file's own."""
    if reading.classes.names:
        return own_names(dict(enumerate(reading.classes.names)))
    held = record.get("names")
    return {int(label): str(text) for label, text in held.items()} if isinstance(held, dict) else {}


def _numbered(data: bytes, reading: Reading) -> Array:
    """The numbers of a picture, or the class of each where the user's file gives their numbers."""
    labels = read_labels(data)
    values = reading.classes.values
    if not values or reading.kind not in (None, "classes"):
        return labels
    missing = sorted(set(np.unique(labels).tolist()) - set(values) - {reading.ignore})
    if missing:
        raise InputError(f"has the number {missing[0]}, which --classes does not name.")
    found, places = np.unique(labels, return_inverse=True)
    classes = np.array([values.get(value, VOID) for value in found.tolist()], np.int32)
    return np.asarray(classes[places.reshape(labels.shape)])


def _of_kind(labels: Array, kind: Kind, about: tuple[str, tuple[int, int], dict[int, str]], ignore: Any) -> Annotated:
    """Labels whose kind is known."""
    name, size, names = about
    void = np.zeros(labels.shape, bool) if ignore is None else labels == ignore
    if kind == "instances":
        return _with_void(np.where(void, 0, labels).astype(np.int32), void, about)
    if kind == "mask":
        return Annotated(name, size, kind, _one(names), labels=(labels > 0).astype(np.int32))
    labels = np.where(void, VOID, labels).astype(np.int32)
    if labels.max() > VOID:
        raise InputError(f"has the number {labels.max()}; classes go from 0 to {VOID - 1}, and {VOID} is void.")
    return Annotated(name, size, kind, names, labels=labels)


def _one(names: Mapping[int, str]) -> dict[int, str]:
    """The name of the one class that a mask has."""
    return {label: text for label, text in names.items() if label == 1}


def _with_void(labels: Array, void: Array, about: tuple[str, tuple[int, int], dict[int, str]]) -> Annotated:
    """Numbered objects, with what is void."""
    name, size, names = about
    picture = Annotated(name, size, "instances", names, labels=labels)
    return with_void(picture, void) if void.any() else picture
