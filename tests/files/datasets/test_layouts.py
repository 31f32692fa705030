"""Every layout is found by itself, and said in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from files.datasets.folders import (
    by_parts,
    camvid,
    mask,
    pairs,
    picture,
    save,
    table,
    voc,
)

from segcli.errors import UsageError
from segcli.files.datasets import DataSet, find_dataset


def names(data: DataSet, part: str = "train") -> list[str]:
    return [example.name for example in data.splits[part]]


def test_pictures_and_masks_in_parts(tmp_path: Path) -> None:
    data = find_dataset(by_parts(tmp_path))
    assert data.describe() == (
        "images/ + masks/, by train/val/test: 3 train, 2 val, 1 test; masks, 2 classes: background, object"
    )
    sample = data.read(data.splits["val"][0])
    assert np.array_equal(sample.image, picture(100))
    assert sample.classes.dtype == np.uint8
    assert np.array_equal(sample.classes, mask(0, 1))
    assert sample.instances is None


def test_parts_below_pictures_and_masks(tmp_path: Path) -> None:
    for part in ("training", "valid"):
        pairs(tmp_path, [f"{part}1", f"{part}2"], images=f"Images/{part}", masks=f"Labels/{part}")
    data = find_dataset(tmp_path)
    assert data.layout == "Images/ + Labels/, by train/val"
    assert names(data) == ["training1", "training2"]
    assert names(data, "val") == ["valid1", "valid2"]


def test_subfolders_are_part_of_the_names(tmp_path: Path) -> None:
    pairs(tmp_path, ["aachen/x", "bochum/x", "ulm/y"])
    assert sorted(example.name for example in find_dataset(tmp_path).examples) == ["aachen/x", "bochum/x", "ulm/y"]


@pytest.mark.parametrize("ending", [".tif", ".gif", ".png"])
def test_masks_beside_pictures(tmp_path: Path, ending: str) -> None:
    for number in range(6):
        save(tmp_path / f"{number}_{number}.tif", picture(number))
        save(tmp_path / f"{number}_{number}_mask{ending}", mask(0, 255))
    data = find_dataset(tmp_path, val_share=0)
    assert data.layout == "NAME beside NAME_mask"
    assert names(data) == [f"{number}_{number}" for number in range(6)]
    assert data.read(data.examples[0]).classes.max() == 1


def test_masks_beside_pictures_in_parts_and_with_a_suffix_of_ones_own(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for name in "ab":
            save(tmp_path / part / f"{name}.png", picture())
            save(tmp_path / part / f"{name}.truth.png", mask(0, 1))
    data = find_dataset(tmp_path, suffix=".truth", val_share=0)
    assert {part: len(examples) for part, examples in data.splits.items()} == {"train": 2, "test": 2}


def test_a_suffix_between_folders_is_found_and_can_be_given(tmp_path: Path) -> None:
    for name in ("p", "q"):
        save(tmp_path / "images" / f"{name}.png", picture())
        save(tmp_path / "masks" / f"{name}_label.png", mask(0, 1))
        save(tmp_path / "observer" / f"{name}-second.png", mask(1, 0))
    assert names(find_dataset(tmp_path, val_share=0)) == ["p", "q"]
    second = find_dataset(tmp_path, images="images", masks="observer", suffix="-second.png", val_share=0)
    assert second.layout == "images/ + observer/"
    assert second.read(second.examples[0]).classes[0, 0] == 1


def test_other_folders_of_the_parts_can_be_named(tmp_path: Path) -> None:
    by_parts(tmp_path)
    for part in ("train", "val", "test"):
        for path in (tmp_path / part / "masks").iterdir():
            save(tmp_path / part / "Masks2" / path.name, mask(255, 0))
    data = find_dataset(tmp_path, masks="Masks2")
    assert data.layout == "images/ + Masks2/, by train/val/test"
    assert data.read(data.examples[0]).classes[0, 0] == 1


def test_a_picture_is_never_its_own_mask(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / "all" / f"{name}.png", picture())
        save(tmp_path / "all" / f"{name}_gt.png", mask(0, 255))
    data = find_dataset(tmp_path, images="all", masks="all", val_share=0)
    assert [(Path(one.image).name, Path(one.masks[0]).name) for one in data.examples] == [
        ("a.png", "a_gt.png"),
        ("b.png", "b_gt.png"),
    ]


def test_folders_anywhere_can_be_named(tmp_path: Path) -> None:
    pairs(tmp_path / "here", ["a"], images="pictures", masks="x")
    (tmp_path / "there").mkdir()
    (tmp_path / "here" / "x").rename(tmp_path / "there" / "drawn")
    data = find_dataset(tmp_path / "here", images="pictures", masks=str(tmp_path / "there" / "drawn"))
    assert data.describe().startswith("pictures/ + drawn/: 1 train; ")


def test_voc(tmp_path: Path) -> None:
    data = find_dataset(voc(tmp_path / "VOCdevkit" / "VOC2012").parents[1])
    assert data.layout == "VOC"
    assert names(data) == ["2007_000032", "2007_000033"]
    assert names(data, "val") == ["2007_000039"]
    assert data.names[15] == "person"
    assert len(data.names) == 21
    assert np.array_equal(data.read(data.examples[0]).classes, mask(0, 1, 255, 15))


def test_voc_in_colors(tmp_path: Path) -> None:
    from segcli.files.palettes import voc_palette

    folder = voc(tmp_path / "data")
    for path in (folder / "SegmentationClass").iterdir():
        save(path, voc_palette()[mask(0, 1, 255, 15)])
    data = find_dataset(folder)
    assert data.kind == "colors"
    assert np.array_equal(data.read(data.examples[0]).classes, mask(0, 1, 255, 15))


@pytest.mark.parametrize("lists", [True, False])
def test_camvid(tmp_path: Path, lists: bool) -> None:
    data = find_dataset(camvid(tmp_path, lists=lists))
    assert data.layout == ("CamVid lists" if lists else "train/ + trainannot/")
    assert {part: len(examples) for part, examples in data.splits.items()} == {"train": 2, "val": 2, "test": 2}
    assert data.names[3] == "road"
    assert len(data.names) == 11
    assert np.array_equal(data.read(data.examples[0]).classes, mask(0, 3, 255))


def test_carvanas_folders_and_a_part_without_masks(tmp_path: Path) -> None:
    for number, car in enumerate(("00087a6b", "02159e54", "1ae8a68a")):
        for view in (1, 2):
            save(tmp_path / "train" / f"{car}_{view:02d}.jpg", picture(10 * number + view))
            save(tmp_path / "train_masks" / f"{car}_{view:02d}_mask.gif", mask(0, 255))
    save(tmp_path / "test" / "0004d4463b50_01.jpg", picture())
    data = find_dataset(tmp_path)
    assert data.layout == "train/ + train_masks/"
    assert [len(part) for part in data.splits.values()] == [4, 2]
    assert len({example.group for example in data.splits["val"]}) == 1
    assert np.array_equal(data.read(data.examples[0]).classes, mask(0, 1))


def test_a_part_without_any_mask_is_left_out_in_one_line(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / "train" / f"{number}.tif", picture(number))
        save(tmp_path / "train" / f"{number}_mask.tif", mask(0, 255))
        save(tmp_path / "test" / f"{number}.tif", picture(number))
    data = find_dataset(tmp_path)
    assert sum(map(len, data.splits.values())) == 3
    (finding,) = data.findings
    assert finding.words == f"none of the 3 pictures of '{tmp_path}/test' has a mask; they are left out."
    assert finding.level == "warning"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_of_pairs(tmp_path: Path, mark: str) -> None:
    pairs(tmp_path, ["a", "b", "c"], images="x", masks="y")
    rows = [
        {"Image": f"x/{name}.png", "mask": f"y/{name}.png", "split": part, "group": name}
        for name, part in (("a", "train"), ("b", "Training"), ("c", "val"))
    ]
    path = table(tmp_path, rows, mark)
    for place in (path, tmp_path):
        data = find_dataset(place)
        assert data.layout == "table pairs.csv"
        assert (names(data), names(data, "val")) == (["x/a", "x/b"], ["x/c"])
        assert data.examples[0].group == "a"


def test_words_of_a_table_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b"])
    rows = [{"image": f"images/{name}.png", "mask": f"masks/{name}.png", "split": "\x1b[31m"} for name in "ab"]
    assert find_dataset(table(tmp_path, rows)).describe().isprintable()


def test_a_mask_for_each_object(tmp_path: Path) -> None:
    save(tmp_path / "p1" / "images" / "p1.png", picture())
    save(tmp_path / "p1" / "masks" / "first.png", mask(255, 0, 0))
    save(tmp_path / "p1" / "masks" / "second.png", mask(0, 0, 255))
    data = find_dataset(tmp_path)
    sample = data.read(data.examples[0])
    assert sample.instances is not None
    assert np.array_equal(sample.instances, mask(1, 0, 2))
    assert np.array_equal(sample.classes, mask(1, 0, 1))


def test_what_has_no_partner_is_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b", "c"])
    (tmp_path / "masks" / "a.png").unlink()
    (tmp_path / "images" / "b.png").unlink()
    save(tmp_path / "masks" / "c.tif", mask(0, 255))
    save(tmp_path / "images" / "d.png", picture())
    save(tmp_path / "masks" / "d.png", mask(0, 255))
    data = find_dataset(tmp_path)
    assert names(data) == ["d"]
    assert [finding.code for finding in data.findings] == ["no-mask", "two-masks", "no-image"]
    assert "3 faults in pairing" in data.describe()


def test_lists_that_name_what_is_not_there(tmp_path: Path) -> None:
    folder = voc(tmp_path / "voc")
    (folder / "SegmentationClass" / "2007_000032.png").unlink()
    (finding,) = find_dataset(folder).findings
    assert finding.words.endswith("train.txt' names '2007_000032', which has no mask.")
    folder = camvid(tmp_path / "camvid")
    (folder / "train" / "0001TP_000.png").unlink()
    (finding,) = find_dataset(folder).findings
    assert finding.code == "no-image"
    pairs(tmp_path / "table", ["a", "b"])
    rows = [{"image": f"images/{name}.png", "mask": f"masks/{name}.png"} for name in "abz"]
    (finding,) = find_dataset(table(tmp_path / "table", rows)).findings
    assert "images/z.png' in line 4, which does not exist" in finding.words


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "which holds nothing"),
        (lambda folder: save(folder / "a.png", picture()), "which holds 'a.png'"),
        (lambda folder: (folder / "images").mkdir(), "which holds 'images'"),
        (lambda folder: pairs(folder, ["a"], masks="drawings"), "which holds 'drawings', 'images'"),
    ],
)
def test_folders_without_pairs_are_refused(tmp_path: Path, make: object, words: str) -> None:
    make(tmp_path)  # type: ignore[operator]
    with pytest.raises(UsageError, match=words):
        find_dataset(tmp_path)


def test_names_that_do_not_match_are_shown_from_both_sides(tmp_path: Path) -> None:
    save(tmp_path / "images" / "cell1.png", picture())
    save(tmp_path / "masks" / "truth1.png", mask(0, 255))
    with pytest.raises(UsageError, match=r"pictures are called 'cell1', masks 'truth1'. Name .* --suffix"):
        find_dataset(tmp_path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"images": "nowhere"}, "--images 'nowhere' is no folder"),
        ({"kind": "boxes"}, "is 'boxes'; it must be one of mask, classes, instances"),
        ({"val_share": 1.0}, "is 1; it must be at least 0 and below 1"),
        ({"suffix": "_nothing"}, "no picture of .* has a mask in"),
        ({"classes": 1}, "--classes is 1; it must be between 2 and 255"),
        ({"classes": "a,b,a"}, "has 'a' twice"),
        ({"classes": "nofile.txt"}, "is no file"),
        ({"group": "("}, "is no regular expression"),
        ({"group": "patient"}, "matches nothing in the name 'a'"),
    ],
)
def test_impossible_settings_are_refused(tmp_path: Path, settings: dict[str, object], words: str) -> None:
    pairs(tmp_path, ["a", "b"])
    with pytest.raises(UsageError, match=words):
        find_dataset(tmp_path, **settings)  # type: ignore[arg-type]


def test_places_that_are_no_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="do not exist"):
        find_dataset(tmp_path / "nowhere")
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(UsageError, match="is a file; data are a folder"):
        find_dataset(tmp_path / "notes.md")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UsageError, match="has no columns 'image' and 'mask'"):
        find_dataset(tmp_path / "a.csv")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(UsageError, match="has no lists 'images'"):
        find_dataset(tmp_path / "a.json")


def test_the_real_sets_are_found(data: Path) -> None:
    expected = {
        "nuclei": ("instances", {"train": 229, "val": 48, "test": 74}),
        "camvid": ("classes", {"train": 367, "val": 101, "test": 233}),
        "membrane": ("mask", {"train": 18, "val": 4, "test": 4}),
        "vessels": ("mask", {"train": 12, "val": 4, "test": 4}),
        "salient": ("mask", {"train": 64, "val": 16}),
    }
    for name, (kind, parts) in expected.items():
        found = find_dataset(data / name)
        assert found.kind == kind, name
        assert {part: len(examples) for part, examples in found.splits.items()} == parts, name
