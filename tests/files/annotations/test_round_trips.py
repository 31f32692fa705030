"""Random label pictures through every format that holds them, and back to the same pixels."""

from __future__ import annotations

import zlib
from collections import Counter
from typing import Any

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.files.annotations import coco, masks
from segcli.files.annotations.annotated import Annotated, fingerprint, painted
from segcli.files.annotations.formats import FORMATS, Reading, Writing, module_of
from segcli.files.annotations.losses import LossError, shaped

NOTHING: frozenset[str] = frozenset()


def there_and_back(picture: Annotated, name: str, allowed: frozenset[str] = NOTHING) -> Annotated:
    """Through one format in memory; its own comparison is made as well."""
    form = FORMATS[name]
    ready = shaped(picture, form, None, allowed)
    record = {"method": "convert", "kind": ready.kind, "names": {str(key): text for key, text in ready.names.items()}}
    writing = Writing(form.endings[0], record)
    reading = Reading(ready.kind, size=ready.size)
    if name == "coco":
        book = coco.Book(writing)
        book.add(ready)
        ((_, back),) = coco.decode_all(book.encode(), Reading())
        assert isinstance(back, Annotated)
    elif name == "masks":
        back = masks.decode(masks.encode(ready, writing), "a", reading)
    else:
        module: Any = module_of(form)
        back = module.decode(module.encode(ready, writing), "a", reading)
    assert fingerprint(back) == fingerprint(ready), name
    return back


def labels_of(picture: Annotated) -> np.ndarray:
    return np.asarray(painted(picture, picture.kind).labels)


def picture(labels: Any, kind: Any = "instances") -> Annotated:
    labels = np.asarray(labels, np.int32)
    return Annotated("a", (labels.shape[1], labels.shape[0]), kind, labels=labels)


def noise(generator: np.random.Generator, count: int) -> np.ndarray:
    """Numbers without order: holes, bridges of one pixel, corners that touch."""
    height, width = generator.integers(1, 24, 2)
    return generator.integers(0, count + 1, (height, width))


def blobs(generator: np.random.Generator, count: int) -> np.ndarray:
    """Boxes over each other, some with holes, some on the border."""
    height, width = generator.integers(4, 40, 2)
    labels = np.zeros((height, width), np.int32)
    for number in range(1, count + 1):
        top, left = generator.integers(-3, height), generator.integers(-3, width)
        tall, wide = generator.integers(1, 12, 2)
        labels[max(top, 0) : max(top + tall, 0), max(left, 0) : max(left + wide, 0)] = number
        if number % 3 == 0:
            labels[max(top + 1, 0) : max(top + tall - 1, 0), max(left + 1, 0) : max(left + wide - 1, 0)] = 0
    return labels


SHAPES = {
    "one pixel": [[1]],
    "one empty pixel": [[0]],
    "empty": np.zeros((5, 7)),
    "full": np.ones((4, 3)),
    "a line": np.ones((1, 9)),
    "a ring": [[1, 1, 1], [1, 0, 1], [1, 1, 1]],
    "two holes that touch": [[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]],
    "a ring closed by a corner": [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 0], [0, 0, 0, 1]],
    "corners": [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
    "a chess board of two": np.indices((6, 7)).sum(axis=0) % 2 + 1,
    "a bridge": [[1, 1, 0, 1, 1], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1]],
    "an object in a hole": [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 2, 1], [1, 1, 1, 1]],
    "one number, far up": [[0, 0], [0, 2_000_000_000]],
}


def pictures() -> dict[str, np.ndarray]:
    found = {name: np.asarray(labels, np.int32) for name, labels in SHAPES.items()}
    for seed in range(24):
        generator = np.random.default_rng(seed)
        found[f"noise {seed}"] = noise(generator, 1 + seed % 4)
        found[f"blobs {seed}"] = blobs(generator, 1 + seed)
    return found


ALL = pictures()


@pytest.mark.parametrize("kind", ["mask", "classes", "instances"])
@pytest.mark.parametrize("name", FORMATS)
def test_random_pictures_come_back_or_are_refused_by_name(name: str, kind: str) -> None:
    counts: Counter[str] = Counter()
    for title, labels in ALL.items():
        if kind == "mask":
            labels = (labels > 0).astype(np.int32)
        elif kind == "classes":
            labels = np.minimum(labels, 254)
        if name == "masks" and kind == "instances" and not labels.any():
            with pytest.raises(InputError, match="has no objects"):
                there_and_back(picture(labels, kind), name)
            continue
        try:
            back = there_and_back(picture(labels, kind), name)
        except LossError as refusal:
            counts["refused" if str(refusal).startswith(("has ", "holds ")) else str(refusal)] += 1
            continue
        counts["exact"] += 1
        if name == "yolo" and kind == "classes":
            back = painted(back, "classes")
        assert np.array_equal(labels_of(back), labels), title
    assert set(counts) <= {"exact", "refused"}
    if kind in FORMATS[name].kinds:
        # YOLO holds neither holes nor several parts.
        assert counts["exact"] >= (4 if name == "yolo" else len(ALL) - 2), counts
    else:
        assert counts["refused"] == len(ALL)


NUMBERED = [name for name in FORMATS if name not in ("mask", "color")]
# Outlines of 70,000 objects take half a minute, and the same paths.
MANY = [(name, 300) for name in NUMBERED] + [(name, 70_000) for name in ("png", "tif", "npy", "npz", "voc")]


@pytest.mark.parametrize(("name", "count"), MANY)
def test_many_objects_come_back_where_they_have_room(name: str, count: int) -> None:
    side = int(np.ceil(count**0.5))
    labels = np.zeros(side * side, np.int32)
    labels[:count] = np.random.default_rng(count).permutation(count) + 1
    numbered = picture(labels.reshape(side, side))
    if count > FORMATS[name].most:
        with pytest.raises(LossError, match=f"has object {count}.*at most.*tif, npy, npz.*hold that"):
            there_and_back(numbered, name)
        return
    assert np.array_equal(labels_of(there_and_back(numbered, name)), labels.reshape(side, side))


@pytest.mark.parametrize("name", ["png", "tif", "npy", "npz", "voc", "color", "coco", "geojson", "roi"])
def test_void_comes_back(name: str) -> None:
    labels = np.array([[0, 1, 255], [2, 2, 255]], np.int32)
    assert np.array_equal(labels_of(there_and_back(picture(labels, "classes"), name)), labels)


def test_equal_pictures_give_equal_bytes() -> None:
    def crc(name: str) -> int:
        form = FORMATS[name]
        ready = shaped(picture(ALL["blobs 7"]), form, None, NOTHING)
        module: Any = module_of(form)
        return zlib.crc32(module.encode(ready, Writing(form.endings[0], {"method": "convert"})))

    for name in ("png", "tif", "npy", "npz", "voc", "geojson", "roi"):
        assert crc(name) == crc(name)
