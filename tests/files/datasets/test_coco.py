"""Annotation files as COCO has them: what they draw, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from files.datasets.folders import SHAPE, SQUARE, coco, coco_table, picture, save

from segcli.errors import InputError, UsageError
from segcli.files.datasets import DataSet, find_dataset


def names(data: DataSet, part: str = "train") -> list[str]:
    return [example.name for example in data.splits[part]]


def test_coco_polygons_and_a_picture_without_objects(tmp_path: Path) -> None:
    data = find_dataset(coco(tmp_path), val_share=0)
    assert data.describe() == ("COCO JSON: 2 train; annotated objects, 3 classes: background, debris, cell")
    sample = data.read(data.examples[0])
    expected = np.zeros(SHAPE, np.uint8)
    expected[2:8, 2:8] = 2
    assert np.array_equal(sample.classes, expected)
    assert sample.instances is not None
    assert np.array_equal(sample.instances, expected // 2)
    assert not data.read(data.examples[1]).classes.any()


def test_coco_run_lengths_crowds_and_objects_within_objects(tmp_path: Path) -> None:
    everything = {"counts": [0, SHAPE[0] * SHAPE[1]], "size": list(SHAPE)}
    column = {"counts": [0, 12, 180], "size": list(SHAPE)}
    # The same column, packed: 0 is '0', 12 '<', 180 = 5 * 32 + 20, so 20 + 32 and 5.
    packed = {"counts": "0<d5", "size": list(SHAPE)}
    rows = [
        {"image_id": 0, "category_id": 7, "segmentation": column},
        {"image_id": 0, "category_id": 3, "segmentation": everything},
        {"image_id": 1, "category_id": 7, "segmentation": packed},
        {"image_id": 1, "category_id": 3, "segmentation": everything, "iscrowd": 1},
    ]
    data = find_dataset(coco(tmp_path, rows), val_share=0)
    first, second = (data.read(example) for example in data.examples)
    assert np.array_equal(first.classes[:, 0], np.full(12, 2))
    assert (first.classes[:, 1:] == 1).all()
    assert first.instances is not None
    assert sorted(np.unique(first.instances).tolist()) == [1, 2]
    assert np.array_equal(second.classes[:, 0], np.full(12, 2))
    assert (second.classes[:, 1:] == 255).all()


def test_coco_files_by_parts(tmp_path: Path) -> None:
    for part in ("train", "valid"):
        save(tmp_path / part / f"{part}.png", picture())
        rows = [{"image_id": 0, "category_id": 7, "segmentation": [SQUARE]}]
        text = json.dumps(coco_table([f"{part}.png"], rows))
        (tmp_path / part / "_annotations.coco.json").write_text(text)
    data = find_dataset(tmp_path)
    assert (names(data), names(data, "val")) == (["train"], ["valid"])
    one = find_dataset(tmp_path / "train" / "_annotations.coco.json")
    assert names(one) == ["train"]


def test_pictures_of_a_coco_file_may_be_elsewhere(tmp_path: Path) -> None:
    coco(tmp_path / "data")
    (tmp_path / "data" / "images").rename(tmp_path / "pictures")
    path = tmp_path / "data" / "annotations" / "instances.json"
    with pytest.raises(UsageError, match=r"names .a\.png., which is not there, or twice"):
        find_dataset(path)
    data = find_dataset(path, images=str(tmp_path / "pictures"), val_share=0)
    assert names(data) == ["a", "b"]
    with pytest.raises(UsageError, match="--images 'nowhere' is no folder"):
        find_dataset(path, images="nowhere")


def test_cocos_own_folder_is_read_without_key_points(tmp_path: Path) -> None:
    rows = [{"image_id": 0, "category_id": 7, "segmentation": [SQUARE]}]
    (tmp_path / "annotations").mkdir()
    for part in ("train2017", "val2017"):
        save(tmp_path / part / f"{part}.png", picture())
        for what in ("instances", "person_keypoints"):
            text = json.dumps(coco_table([f"{part}.png"], rows))
            (tmp_path / "annotations" / f"{what}_{part}.json").write_text(text)
    data = find_dataset(tmp_path)
    assert (names(data), names(data, "val")) == (["train2017"], ["val2017"])
    assert data.findings == ()


def test_a_word_that_begins_like_a_part_is_none(tmp_path: Path) -> None:
    folder = coco(tmp_path)
    (folder / "annotations" / "instances.json").rename(folder / "annotations" / "valves.json")
    assert list(find_dataset(folder, val_share=0).splits) == ["train"]


def test_coco_outlines_drawn_on_the_stored_picture_are_turned_with_it(tmp_path: Path) -> None:
    from PIL import Image

    folder = coco(tmp_path)
    for name in "ab":
        exif = Image.Exif()
        exif[0x112] = 6
        (folder / "images" / f"{name}.png").unlink()
        Image.fromarray(picture()).save(folder / "images" / f"{name}.jpg", exif=exif)
    path = folder / "annotations" / "instances.json"
    path.write_text(path.read_text().replace(".png", ".jpg"))
    sample = (data := find_dataset(folder, val_share=0)).read(data.examples[0])
    assert sample.image.shape == sample.classes.shape == SHAPE[::-1]
    # A quarter clockwise: row r becomes column 11 - r.
    expected = np.zeros(SHAPE[::-1], np.uint8)
    expected[2:8, 4:10] = 2
    assert np.array_equal(sample.classes, expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda held: held["categories"].clear(), "has 0 categories"),
        (lambda held: held["categories"][0].pop("name"), "a category without id and name"),
        (lambda held: held["images"][0].pop("width"), "is no COCO file: KeyError, 'width'"),
        (lambda held: held["annotations"].append(5), "is no COCO file: TypeError"),
        (lambda held: held["images"][0].update(width=-4), "'a.png' is -4 x 12 pixels"),
    ],
)
def test_damaged_coco_files_are_refused(tmp_path: Path, change: object, words: str) -> None:
    path = coco(tmp_path) / "annotations" / "instances.json"
    held = json.loads(path.read_text())
    change(held)  # type: ignore[operator]
    path.write_text(json.dumps(held))
    with pytest.raises(InputError, match=words):
        find_dataset(tmp_path)


def test_a_truncated_coco_file_is_refused(tmp_path: Path) -> None:
    path = coco(tmp_path) / "annotations" / "instances.json"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(InputError, match="is damaged"):
        find_dataset(tmp_path)


@pytest.mark.parametrize(
    ("outline", "words"),
    [
        ({"counts": [1, 2], "size": [12, 16]}, "object 1 of .*a.png' has run lengths that add up to 3"),
        ({"counts": [1, 2], "size": [3, 1]}, "has run lengths for"),
        ({"rle": 1}, "has neither polygons nor run lengths"),
        ([[1, 2]], "has a polygon of 2 numbers"),
    ],
)
def test_damaged_outlines_name_the_object(tmp_path: Path, outline: object, words: str) -> None:
    data = find_dataset(coco(tmp_path, [{"image_id": 0, "category_id": 3, "segmentation": outline}]), val_share=0)
    with pytest.raises(InputError, match=words):
        data.read(data.examples[0])


def test_a_size_that_the_picture_has_not_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    path = coco(tmp_path) / "annotations" / "instances.json"
    held = json.loads(path.read_text())
    held["images"][0].update(width=10**6, height=10**6)
    path.write_text(json.dumps(held))
    data = find_dataset(tmp_path, val_share=0)
    with pytest.raises(InputError, match=r"says that '.*a.png' is 1000000 x 1000000; it is 16 x 12"):
        data.read(data.examples[0])


def test_annotations_of_nothing_are_told(tmp_path: Path) -> None:
    rows = [{"image_id": 5, "category_id": 3, "segmentation": [SQUARE]}]
    (finding,) = find_dataset(coco(tmp_path, rows)).findings
    assert "annotation 0 is of image 5, which the file does not have" in finding.words
