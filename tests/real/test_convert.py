"""Every label file of real data through every format that holds it and back, found through SEGCLI_DATA."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files.annotations.test_round_trips import labels_of, there_and_back

from segcli.files.annotations.annotated import Annotated, painted
from segcli.files.annotations.formats import FORMATS, Reading
from segcli.files.annotations.losses import LossError
from segcli.files.annotations.rasters import decode
from segcli.files.annotations.sources import find_sources, settled
from segcli.files.datasets.class_names import read_classes
from segcli.files.labels import read_labels

DATA = Path(os.environ.get("SEGCLI_DATA", "nowhere"))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs SEGCLI_DATA with the real data")

FOLDERS = {
    "bsds": ("bsds/masks",),
    "camvid": ("camvid/train/masks", "camvid/val/masks", "camvid/test/masks"),
    "cracks": ("cracks/train/masks", "cracks/val/masks", "cracks/test/masks"),
    "grabcut": ("grabcut/masks",),
    "scribbles": ("grabcut/scribbles",),
    "membrane": ("membrane/train/masks", "membrane/val/masks", "membrane/test/masks"),
    "nuclei": ("nuclei/train/masks", "nuclei/val/masks", "nuclei/test/masks"),
    "salient": ("salient/masks",),
    "vessels": ("vessels/train/masks", "vessels/train/masks2", "vessels/test/masks", "vessels/test/masks2"),
}
KINDS = {"bsds": "instances", "nuclei": "instances", "camvid": "classes", "scribbles": "classes", "grabcut": "classes"}
PLAIN = {name for name in KINDS if name != "grabcut"}
"""Sets whose stored numbers are the labels; masks are stored as 0 and 1 or 255, the trimaps as 0, 128, 255."""


def pictures(name: str, most: int | None) -> list[Annotated]:
    """The label files of a set, or some of its first and last folder."""
    found = []
    folders = FOLDERS[name]
    for folder in folders if most is None else sorted({folders[0], folders[-1]}):
        sources = find_sources([str(DATA / folder)], None, False)
        classes = read_classes("camvid", ".") if name == "camvid" else Reading().classes
        reading = settled(sources, Reading(classes=classes, ignore=11 if name == "camvid" else None))
        step = 1 if most is None else max(1, len(sources) // most)
        for source in sources[::step]:
            picture = decode(source.contents(), source.name, reading)
            if name in PLAIN:
                stored = read_labels(source.contents())
                assert np.array_equal(
                    labels_of(picture), np.where(stored == 11, 255, stored) if classes.names else stored
                )
            found.append(picture)
    return found


def through_all(some: list[Annotated]) -> dict[str, Counter[str]]:
    """How often each format held a picture, and what it refused otherwise."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for picture in some:
        for form in FORMATS:
            try:
                back: Any = there_and_back(picture, form)
            except LossError as refusal:
                counts[form][reason(str(refusal))] += 1
                continue
            if picture.kind == "classes" and back.kind != picture.kind:
                back = painted(back, "classes")
            assert np.array_equal(labels_of(back), labels_of(picture)), (picture.name, form)
            counts[form]["exact"] += 1
    return counts


def reason(said: str) -> str:
    """What a refusal names, without its numbers."""
    words = ("void", "names", "holes", "several parts", "numbers are not", "class 0", "numbers 254", "overlaps")
    found = [word for word in words if word in said.partition("cannot hold")[0]]
    return " + ".join(found) or said.partition(";")[0]


@pytest.mark.parametrize("name", FOLDERS)
def test_some_label_files_of_a_set_come_back_from_every_format_that_holds_them(name: str) -> None:
    some = pictures(name, 1)
    assert {picture.kind for picture in some} == {KINDS.get(name, "mask")}
    counts = through_all(some)
    for form in ("png", "tif", "npz", "coco", "geojson"):
        assert set(counts[form]) == {"exact"}, counts[form]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", FOLDERS)
def test_all_label_files_of_a_set_come_back_from_every_format_that_holds_them(name: str) -> None:
    counts = through_all(pictures(name, None))
    for form in ("png", "tif", "npz", "coco", "geojson"):
        assert set(counts[form]) == {"exact"}, counts[form]
    print(f"\n{name}:", json.dumps({form: dict(held) for form, held in counts.items()}))
