"""segcli diff, through the real command, and what it counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.errors import InputError, UsageError
from segcli.files.read import read_image
from segcli.files.write import encode_array, encode_labels, write_bytes
from segcli.mask_difference import Limit, compare, read_limit
from segcli.segmentation import Segmentation

Run = Callable[..., Any]


def put(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encode_array(values, path.suffix, {}))
    return path


def drawn(*rows: str) -> np.ndarray:
    return np.array([[int(character) if character != "." else 0 for character in row] for row in rows], np.int32)


def mask(*rows: str) -> np.ndarray:
    return (drawn(*rows) > 0).astype(np.uint8)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a mask of two objects, and one in which the first is smaller and the second elsewhere."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "a.png", mask("1111....", "1111..11", "........") * np.uint8(255))
    put(tmp_path / "b.png", mask("1111....", "111.....", "......11") * np.uint8(255))
    return tmp_path


def test_pixels_objects_and_scores_by_hand() -> None:
    before = Segmentation(mask("1111....", "1111..11", "........"), "mask")
    after = Segmentation(mask("1111....", "111.....", "......11"), "mask")
    found = compare(before, after)
    # One pixel of the first object and both of the second go, two come: 5. Shared 7, 10 before, 9 after.
    assert (found.status, found.changed, found.pixels) == ("differs", 5, 24)
    assert (found.iou, found.dice) == (7 / 12, 14 / 19)
    assert found.objects == {"before": 2, "after": 2, "appeared": 1, "vanished": 1, "altered": 1}


def test_objects_under_other_numbers_are_the_same() -> None:
    found = compare(
        Segmentation(drawn("11.2", "11.2"), "instances"), Segmentation(drawn("55.3", "55.3"), "instances"), draw=True
    )
    assert (found.status, found.changed, found.drawn) == ("same", 0, None)
    assert found.objects == {"before": 2, "after": 2, "appeared": 0, "vanished": 0, "altered": 0}


def test_an_object_that_is_joined_to_another_changes_and_one_vanishes() -> None:
    found = compare(
        Segmentation(drawn("1112", "1112"), "instances"), Segmentation(drawn("4444", "4444"), "instances"), draw=True
    )
    # 6 of 8 pixels match the joined one, the others change their number.
    assert (found.changed, found.iou) == (2, 1)
    assert found.objects == {"before": 2, "after": 1, "appeared": 0, "vanished": 1, "altered": 1}
    assert found.drawn is not None
    assert (found.drawn[0] == found.drawn[1]).tolist() == [[True, True, True, False]] * 2


def test_classes_are_scored_by_class_and_left_out_pixels_not_at_all() -> None:
    before = Segmentation(np.array([[0, 0, 1, 1, 255]], np.uint8), "classes")
    after = Segmentation(np.array([[0, 1, 1, 1, 2]], np.uint8), "classes")
    found = compare(before, after)
    # Class 0: 1 of 2; class 1: 2 of 3. The last pixel changed, but is left out of the scores.
    assert (found.changed, found.iou) == (2, pytest.approx((1 / 2 + 2 / 3) / 2))
    assert found.dice == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found.objects == {}


def test_a_mask_beside_objects_is_compared_by_its_foreground() -> None:
    found = compare(Segmentation(drawn("12.3"), "instances"), Segmentation(mask("11.1"), "mask"))
    assert (found.status, found.changed) == ("same", 0)
    assert found.notes == ("one is a mask, the other has objects; their foregrounds are compared",)
    with pytest.raises(InputError, match="the first holds classes, the second mask; --kind says what both are"):
        compare(Segmentation(mask("1"), "classes"), Segmentation(mask("1"), "mask"))


def test_two_blank_masks_agree() -> None:
    blank = Segmentation(np.zeros((3, 3), np.uint8), "mask")
    found = compare(blank, blank)
    assert (found.status, found.dice, found.iou) == ("same", 1, 1)


@pytest.mark.parametrize(
    ("text", "limit"), [("0", Limit()), ("20", Limit(20)), ("0.5%", Limit(0.005, True)), ("100 %", Limit(1, True))]
)
def test_limits_are_read(text, limit) -> None:
    assert read_limit(text) == limit


@pytest.mark.parametrize("text", ["", "x", "-1", "101%", "nan", "5%%"])
def test_other_limits_are_refused(text) -> None:
    with pytest.raises(UsageError, match="expected pixels such as 20"):
        read_limit(text)


def test_the_exit_code_says_whether_too_much_has_changed(segcli: Run, here: Path) -> None:
    result = segcli("diff", "a.png", "b.png")
    assert (result.code, result.err) == (1, "")
    assert result.out == (
        "a.png and b.png  5 of 24 pixels changed (20.8 %), Dice 0.7368, IoU 0.5833, "
        "objects 2 to 2, 1 appeared, 1 vanished, 1 altered\n"
    )
    assert segcli("diff", "a.png", "b.png", "--fail-over", "4").code == 1
    assert segcli("diff", "a.png", "b.png", "--fail-over", "5").code == 0
    assert segcli("diff", "a.png", "b.png", "--fail-over", "20%").code == 1
    assert segcli("diff", "a.png", "b.png", "--fail-over", "21%").code == 0
    quiet = segcli("diff", "a.png", "b.png", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (1, "", "")


def test_equal_files_are_not_read_and_equal_pixels_are_no_difference(segcli: Run, here: Path) -> None:
    (here / "broken.png").write_bytes(b"no picture at all")
    assert segcli("diff", "broken.png", "broken.png").out == "broken.png and broken.png  identical files\n"
    put(here / "a.tif", mask("1111....", "1111..11", "........"))
    result = segcli("diff", "a.png", "a.tif")
    assert (result.code, result.out) == (0, "a.png and a.tif  the same in every pixel\n")


def test_folders_are_paired_by_name_and_told_in_sum(segcli: Run, here: Path) -> None:
    for folder, other in (("old", "a.png"), ("new", "b.png")):
        (here / folder).mkdir()
        (here / folder / "same.png").write_bytes((here / "a.png").read_bytes())
        (here / folder / "changed.png").write_bytes((here / other).read_bytes())
    put(here / "old" / "size.png", mask("1"))
    put(here / "new" / "size.tif", mask("11"))
    put(here / "new" / "alone.png", mask("1"))
    result = segcli("diff", "old", "new", "-o", "drawn")
    assert result.code == 1
    assert result.out.startswith("changed -> drawn/changed.diff.png  5 of 24 pixels changed")
    assert result.out.count("\n") == 1
    assert result.err.splitlines() == [
        "segcli diff: 'new/alone.png' is only in the second folder.",
        "segcli diff: 'old/size.png' is 1 x 1, 'new/size.tif' is 2 x 1.",
        "segcli diff: 1 the same, 1 differ, 1 of other size, 1 without counterpart, 3 over the limit",
    ]
    assert [path.name for path in (here / "drawn").iterdir()] == ["changed.diff.png"]
    lines = [json.loads(line) for line in segcli("diff", "old", "new", "--json", "--fail-over", "50%").out.splitlines()]
    assert [(line["name"], line["status"], line["over"]) for line in lines] == [
        ("alone", "missing", True),
        ("changed", "differs", False),
        ("same", "same", False),
        ("size", "size", True),
    ]
    assert lines[1]["objects"]["appeared"] == 1


def test_the_picture_shows_what_went_and_what_came(segcli: Run, here: Path) -> None:
    before = np.zeros((30, 60), np.uint8)
    after = before.copy()
    before[5:15, 5:15] = after[5:15, 30:40] = 255
    put(here / "c.png", before)
    put(here / "d.png", after)
    assert segcli("diff", "c.png", "d.png", "-o", "picture.png").code == 1
    picture = read_image(here / "picture.png").color
    gone, new, ground = picture[10, 10], picture[10, 35], picture[25, 50]
    assert gone[2] > gone[0]
    assert new[0] > new[2]
    assert ground.tolist() == [232, 232, 232]
    # Its own earlier picture is replaced, those of others are not.
    assert segcli("diff", "c.png", "d.png", "-o", "picture.png").code == 1
    assert segcli("diff", "c.png", "d.png", "-o", "a.png").code == 2


def test_unlike_kinds_fail_in_one_line(segcli: Run, here: Path) -> None:
    classes = np.array([[0, 1], [2, 1]], np.uint8)
    write_bytes(here / "classes.png", encode_labels(classes, "classes", ".png", {"kind": "classes"}))
    put(here / "mask.png", mask("11", ".1") * np.uint8(255))
    result = segcli("diff", "classes.png", "mask.png")
    assert (result.code, result.out) == (1, "")
    assert result.err == "segcli diff: the first holds classes, the second mask; --kind says what both are.\n"
    assert segcli("diff", "classes.png", "mask.png", "--kind", "mask").out.count("objects") == 1


@pytest.mark.parametrize(
    ("places", "complaint"),
    [
        (["a.png", "nope.png"], "'nope.png' does not exist; name two files or two folders."),
        (["a.png", "."], "'.' is a folder and 'a.png' is a file; name two of one kind."),
        (["a.png", "b.png", "--fail-over", "x"], "--fail-over is 'x'; expected pixels such as 20, or a share"),
        (["a.png", "b.png", "-o", "-"], "--out is '-'; name a picture, or a folder for several."),
        ([".", ".", "-o", "one.png"], "--out is 'one.png', one file, for folders; name a folder."),
        (["a.png", "b.png", "-o", "b.png"], "'b.png' is an input of this run"),
        (["a.png", "b.png", "--kind", "box"], "--kind is 'box'; it must be one of"),
    ],
)
def test_impossible_requests_are_refused(segcli: Run, here: Path, places, complaint) -> None:
    result = segcli("diff", *places)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"segcli diff: {complaint}")


def test_files_that_one_picture_gave_belong_together(segcli: Run, here: Path) -> None:
    for name in ("cell_1", "cell_2", "two.a", "two.b"):
        put(here / "old" / f"{name}.otsu.png", mask("11.."))
        put(here / "new" / f"{name}.otsu.clean.png", mask("11.."))
    result = segcli("diff", "old", "new")
    assert "2 the same, 4 without counterpart" in result.err
    # What stands before the first dot of the others is not theirs alone.
    assert result.err.count("two.") == result.err.count("is only in the") == 4
    assert segcli("diff", "old/cell_1.otsu.png", "new/cell_2.otsu.clean.png").code == 0
