"""What a check finds, and what a corrected copy holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from files.datasets.folders import SHAPE, by_parts, coco, mask, pairs, picture, save, table
from PIL import Image

from segcli.check import Report, check, first_error, gather_all
from segcli.errors import UsageError
from segcli.files.datasets import DataSet, find_dataset
from segcli.files.datasets.mend import Mended, check_target, mend


def report(folder: Path, **settings: object) -> Report:
    data = find_dataset(folder, **{"val_share": 0, **settings})  # type: ignore[arg-type]
    return check(data, gather_all(data))


def words(found: Report, code: str) -> list[str]:
    return [f"{one.level}: {one.words}" for one in found.findings if one.code == code]


def mended(folder: Path, target: Path, **settings: object) -> tuple[Mended, DataSet]:
    """Check, mend, and find the copy; it must be clean."""
    found = report(folder, **settings)
    done = mend(found.data, found.facts, found.twins, str(target))
    copy = find_dataset(target, val_share=0)
    assert check(copy, gather_all(copy)).count("error") == 0
    return done, copy


def turned(path: Path, values: np.ndarray, orientation: int) -> None:
    """Write a picture with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, exif=exif)


def masks_of(folder: Path, masks: Mapping[int, np.ndarray]) -> Path:
    return pairs(folder, [f"m{place}x" for place in masks], masks)


def test_sound_data_have_no_findings_and_shares_that_add_up(tmp_path: Path) -> None:
    found = report(by_parts(tmp_path))
    assert found.findings == ()
    assert [(one.name, one.share, one.pictures) for one in found.classes] == [
        ("background", 0.5, 6),
        ("object", 0.5, 6),
    ]
    assert found.sizes == {(16, 12): 6}
    assert found.forms == {"uint8 gray": 6}


def test_shares_leave_void_out(tmp_path: Path) -> None:
    found = report(masks_of(tmp_path, {0: mask(0, 0, 1, 255), 1: mask(0, 1, 2, 2)}))
    # Of 8 quarters 1 is void; of the other 7, 3 are class 0, 2 class 1, 2 class 2.
    assert [one.share for one in found.classes] == pytest.approx([3 / 7, 2 / 7, 2 / 7])
    assert found.void == 1 / 8


def test_pairs_that_miss_a_side(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b", "c"])
    (tmp_path / "masks" / "a.png").unlink()
    (tmp_path / "images" / "b.png").unlink()
    found = report(tmp_path)
    assert words(found, "no-mask") == [f"error: picture '{tmp_path}/images/a.png' has no mask."]
    assert words(found, "no-image") == [f"error: mask '{tmp_path}/masks/b.png' has no picture."]


@pytest.mark.parametrize(
    ("shape", "end"),
    [((11, 16), "one pixel off, so one of them was resized."), ((6, 8), "they must be equal.")],
)
def test_sizes_that_differ(tmp_path: Path, shape: tuple[int, int], end: str) -> None:
    found = report(masks_of(tmp_path, {0: mask(0, 255, shape=shape)}))
    (line,) = words(found, "size")
    assert f"is {shape[1]} x {shape[0]}, picture" in line
    assert line.endswith(end)


def test_a_picture_that_exif_turns_alone(tmp_path: Path) -> None:
    turned(tmp_path / "images" / "a.jpg", picture(), 6)
    save(tmp_path / "masks" / "a.png", mask(0, 255))
    (line,) = words(report(tmp_path), "size")
    assert "EXIF (6) turns the picture alone; --fix turns the mask too." in line
    done, copy = mended(tmp_path, tmp_path / "copy")
    assert sum("EXIF 6" in line for line in done.done) == 2
    sample = copy.read(copy.examples[0])
    assert sample.image.shape == SHAPE[::-1]
    assert np.array_equal(sample.classes, np.rot90(mask(0, 1), -1))
    assert copy.examples[0].image.endswith("a.png")


def test_an_orientation_that_sizes_cannot_tell_is_a_warning(tmp_path: Path) -> None:
    turned(tmp_path / "images" / "a.jpg", picture(), 3)
    save(tmp_path / "masks" / "a.png", mask(0, 255))
    (line,) = words(report(tmp_path), "orientation")
    assert line.startswith("warning: picture")
    assert "is turned by EXIF (3)" in line


def test_a_mask_drawn_upright_on_a_turned_picture_is_right(tmp_path: Path) -> None:
    turned(tmp_path / "images" / "a.jpg", picture(), 6)
    save(tmp_path / "masks" / "a.png", mask(0, 255, shape=SHAPE[::-1]))
    assert report(tmp_path).findings == ()


def test_values_outside_the_classes(tmp_path: Path) -> None:
    masks_of(tmp_path, {0: mask(0, 1, 2), 1: mask(0, 0, 0, 255), 2: mask(0, 9, 2)})
    found = report(tmp_path, classes=3)
    assert words(found, "values") == [
        f"error: mask '{tmp_path}/masks/m1x.png' has value 255, 3 classes declared (25.00% of its pixels).",
        f"error: mask '{tmp_path}/masks/m2x.png' has value 9, 3 classes declared (33.33% of its pixels).",
    ]
    done, copy = mended(tmp_path, tmp_path / "copy", classes=3)
    assert [example.name for example in copy.examples] == ["m0x"]
    assert [line.split("'")[1] for line in done.lost] == [f"{tmp_path}/masks/m{place}x.png" for place in (1, 2)]


def test_a_class_that_the_first_look_missed_is_told(tmp_path: Path) -> None:
    # 401 masks, of which each second one is looked at first.
    masks = {place: mask(0, 1, 2) for place in range(401)}
    masks[1] = mask(0, 3)
    found = report(masks_of(tmp_path, masks))
    assert len(words(found, "values")) == 1
    assert words(found, "classes") == [
        "warning: the masks looked at first have 3 classes; if 3 is one too, give --classes 4."
    ]


def test_the_first_error_speaks_for_all(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b", "c"])
    assert first_error(report(tmp_path)) is None
    (tmp_path / "masks" / "a.png").unlink()
    (tmp_path / "masks" / "b.png").unlink()
    words = f"picture '{tmp_path}/images/a.png' has no mask. (1 more; segcli check lists them)"
    assert str(first_error(report(tmp_path))) == words


def test_masks_of_two_makers_are_made_one(tmp_path: Path) -> None:
    masks_of(tmp_path, {0: mask(0, 255), 1: mask(0, 255), 2: mask(0, 1)})
    assert "has value 1, 2 classes declared" in words(report(tmp_path), "values")[0]
    done, copy = mended(tmp_path, tmp_path / "copy")
    assert done.lost == []
    assert all(np.array_equal(copy.read(example).classes, mask(0, 1)) for example in copy.examples)


def test_blended_masks_are_parted_in_the_middle(tmp_path: Path) -> None:
    soft = np.repeat(np.array([[0] * 31 + [100, 160] + [255] * 31], np.uint8), 20, axis=0)
    for name, values in (("a", soft), ("b", np.where(soft > 127, 255, 0).astype(np.uint8))):
        save(tmp_path / "images" / f"{name}.png", picture(len(name), soft.shape))
        save(tmp_path / "masks" / f"{name}.png", values)
    (line,) = words(report(tmp_path), "values")
    assert "has 2 values between 0 and 255 (3.12% of its pixels): it was resized with blending" in line
    done, copy = mended(tmp_path, tmp_path / "copy")
    assert done.done[-1] == f"parted into 0 and 1: mask '{tmp_path}/masks/a.png' (2 values outside the classes)."
    assert np.array_equal(copy.read(copy.examples[0]).classes, (soft > 127).astype(np.uint8))


def test_lossy_masks_are_parted_where_they_have_two_values(tmp_path: Path) -> None:
    shape = (64, 64)
    for name, values in (("a", mask(0, 255, shape=shape)), ("b", picture(3, shape))):
        save(tmp_path / "images" / f"{name}.png", picture(ord(name), shape))
        save(tmp_path / "masks" / f"{name}.jpg", values, quality=60)
    first, second = words(report(tmp_path), "lossy")
    assert first.endswith("which does not keep labels; --fix parts it in the middle.")
    assert second.endswith("which does not keep labels; save it again as PNG.")
    done, copy = mended(tmp_path, tmp_path / "copy")
    assert len(done.lost) == 1
    assert np.array_equal(copy.read(copy.examples[0]).classes, mask(0, 1, shape=shape))


def test_unreadable_files_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    masks_of(tmp_path, {0: mask(0, 255), 1: mask(0, 255), 2: mask(0, 255)})
    (tmp_path / "images" / "m0x.png").write_bytes(b"%PDF-1.7")
    whole = (tmp_path / "masks" / "m1x.png").read_bytes()
    (tmp_path / "masks" / "m1x.png").write_bytes(whole[: len(whole) // 2])
    found = report(tmp_path)
    first, second = words(found, "unreadable")
    assert "images/m0x.png' is not an image (it starts like a PDF)" in first
    assert "masks/m1x.png'" in second
    assert found.sizes == {(16, 12): 2}
    done, copy = mended(tmp_path, tmp_path / "copy")
    assert (done.written, len(done.lost), len(copy.examples)) == (1, 2, 1)


def test_empty_masks_and_classes_that_never_occur(tmp_path: Path) -> None:
    (line,) = words(report(masks_of(tmp_path / "a", {0: mask(0), 1: mask(0, 255)})), "empty")
    assert line == f"warning: 1 of 2 masks hold no object: '{tmp_path}/a/masks/m0x.png'."
    found = report(masks_of(tmp_path / "b", {0: mask(0, 1, 3)}), classes="ground,road,tree,car")
    assert words(found, "absent") == ["warning: class 2 (tree) occurs in no mask."]


def test_a_class_that_a_part_lacks(tmp_path: Path) -> None:
    for number, (part, values) in enumerate((("train", mask(0, 1, 2)), ("test", mask(0, 1)))):
        pairs(tmp_path / part, [f"{part}x"], {0: values}, seed=number)
    assert words(report(tmp_path), "absent") == ["warning: class 2 (class_2) occurs in no mask of test."]


def test_one_picture_in_two_parts_goes_to_train(tmp_path: Path) -> None:
    folder = by_parts(tmp_path / "data")
    shape = (64, 64)
    for part, name, values in (
        ("train", "t", picture(50, shape)),
        ("test", "copy", picture(50, shape)),
        ("train", "u", picture(51, shape)),
        ("val", "near", np.rot90(np.clip(picture(51, shape) * 0.9 + 9, 0, 255)).astype(np.uint8)),
    ):
        save(folder / part / "images" / f"{name}.png", values)
        save(folder / part / "masks" / f"{name}.png", mask(0, 255, shape=shape))
    equal, near = words(report(folder), "leak")
    assert equal.startswith("error: ")
    assert "train/images/t.png' of train and " in equal
    assert near.startswith("warning: ")
    assert near.endswith("show the same (correlation 1.000).")
    done, copy = mended(folder, tmp_path / "copy")
    assert {part: len(rows) for part, rows in copy.splits.items()} == {"train": 6, "val": 2, "test": 1}
    assert "near" in [example.name for example in copy.splits["train"]]
    assert done.lost == []


def test_equal_files_in_one_part_are_a_warning(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b"])
    save(tmp_path / "images" / "b.png", picture(0))
    (line,) = words(report(tmp_path), "twice")
    assert line.endswith("of train are equal files.")


def test_several_depths_are_a_warning(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b"])
    save(tmp_path / "images" / "b.png", picture(4).astype(np.uint16) * 250)
    (line,) = words(report(tmp_path), "depth")
    assert "1 uint8" in line
    assert "1 uint16" in line


def test_files_of_several_pages_are_a_warning(tmp_path: Path) -> None:
    pairs(tmp_path, ["a"])
    (tmp_path / "images" / "a.png").unlink()
    pages = [Image.fromarray(picture(seed)) for seed in range(3)]
    pages[0].save(tmp_path / "images" / "a.tif", save_all=True, append_images=pages[1:])
    (line,) = words(report(tmp_path), "pages")
    assert line == f"warning: 1 pictures have several pages, of which the first is used: '{tmp_path}/images/a.tif'."


def test_objects_of_annotations_are_counted_and_copied(tmp_path: Path) -> None:
    folder = coco(tmp_path / "data")
    found = report(folder)
    assert [one.pictures for one in found.classes] == [2, 0, 1]
    assert "1 of 2 masks hold no object" in words(found, "empty")[0]
    _, copy = mended(folder, tmp_path / "copy")
    assert copy.names == ("background", "debris", "cell")
    assert copy.read(copy.examples[0]).classes.max() == 2


def test_a_copy_of_numbered_objects_numbers_them(tmp_path: Path) -> None:
    numbered = mask(0, 1, 2, 300, kind=np.uint16)
    _, copy = mended(masks_of(tmp_path / "data", {0: numbered}), tmp_path / "copy")
    sample = copy.read(copy.examples[0])
    assert sample.instances is not None
    assert np.array_equal(sample.instances, numbered)


def test_originals_are_never_touched(tmp_path: Path) -> None:
    masks_of(tmp_path / "data", {0: mask(0, 255), 1: mask(0, 1)})
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    mended(tmp_path / "data", tmp_path / "copy")
    assert {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()} == before
    for target in ("data", "data/copy"):
        with pytest.raises(UsageError, match="lies within the data"):
            check_target(str(tmp_path / target), str(tmp_path / "data"))
    with pytest.raises(UsageError, match="is not an empty folder"):
        check_target(str(tmp_path / "copy"), str(tmp_path / "data"))


def test_names_that_lead_out_of_the_folder_stay_in_the_copy(tmp_path: Path) -> None:
    inside = tmp_path / "one" / "two"
    pairs(tmp_path / "one", ["a"])
    inside.mkdir()
    rows = [{"image": "../images/a.png", "mask": "../masks/a.png"}]
    _, copy = mended(table(inside, rows), tmp_path / "copy" / "deep")
    assert [example.name for example in copy.examples] == ["images/a"]
    assert {path.name for path in tmp_path.iterdir()} == {"one", "copy"}
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["deep"]


def test_a_threshold_makes_sound_masks_of_lossy_ones(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", picture())
    save(tmp_path / "masks" / "a.jpg", mask(0, 255))
    found = report(tmp_path, mask_threshold=100)
    assert found.count("error") == 0
    assert [one.share for one in found.classes] == [0.5, 0.5]


def test_workers_find_the_same(tmp_path: Path) -> None:
    masks_of(tmp_path, {place: mask(0, 255) for place in range(5)})
    (tmp_path / "images" / "m3x.png").write_bytes(b"")
    data = find_dataset(tmp_path)
    assert list(gather_all(data, 2)) == list(gather_all(data, 1))
