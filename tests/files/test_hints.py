"""Which scribble, mask or box belongs to which image."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segcli.arrays import Box, Point
from segcli.errors import InputError, UsageError
from segcli.files.hints import find_hints
from segcli.files.sources import Item


def test_a_file_serves_every_image_and_a_folder_is_paired_by_stem(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.tif").write_bytes(b"")
    single = find_hints("markers", "labels", str(tmp_path / "a.png"))
    assert single.of(Item("x.jpg")) == single.of(Item("y.jpg")) == str(tmp_path / "a.png")
    folder = find_hints("scribbles", "labels", str(tmp_path))
    assert folder.of(Item("in/b.jpg")) == str(tmp_path / "b.tif")
    with pytest.raises(InputError, match="no scribbles for it"):
        folder.of(Item("c.jpg"))


def test_a_path_with_the_stem_in_it_is_filled_in(tmp_path: Path) -> None:
    hints = find_hints("scribbles", "labels", str(tmp_path / "{stem}_s2.png"))
    assert hints.of(Item("in/b.jpg")) == str(tmp_path / "b_s2.png")
    assert hints.files([Item("in/b.jpg"), Item("c.jpg")]) == [str(tmp_path / "b_s2.png"), str(tmp_path / "c_s2.png")]


def test_a_folder_with_two_files_for_a_stem_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "a.tif").write_bytes(b"")
    with pytest.raises(UsageError, match="two files for the stem 'a'"):
        find_hints("scribbles", "labels", str(tmp_path))


def test_boxes_come_from_text_or_from_a_table_by_stem(tmp_path: Path) -> None:
    assert find_hints("box", "box", "10,20,300,400").of(Item("x.png")) == Box(10, 20, 300, 400)
    table = tmp_path / "boxes.json"
    table.write_text(json.dumps({"a": [1, 2, 3, 4], "b": {"size": [9, 9], "box": [5, 6, 7, 8]}}))
    hints = find_hints("box", "box", f"@{table}")
    assert hints.of(Item("a.png")) == Box(1, 2, 3, 4)
    assert hints.of(Item("b.png")) == Box(5, 6, 7, 8)
    assert hints.files() == [str(table)]
    with pytest.raises(InputError, match="no box for it"):
        hints.of(Item("c.png"))


def test_points_come_from_text_or_from_a_table_by_stem(tmp_path: Path) -> None:
    assert find_hints("point", "points", "40,52 7,8").of(Item("x.png")) == (Point(40, 52), Point(7, 8))
    table = tmp_path / "points.json"
    table.write_text(json.dumps({"a": [[1, 2]], "b": {"points": [[5, 6], [7, 8]]}}))
    hints = find_hints("point", "points", f"@{table}")
    assert hints.of(Item("a.png")) == (Point(1, 2),)
    assert hints.of(Item("b.png")) == (Point(5, 6), Point(7, 8))
    with pytest.raises(InputError, match="no point for it"):
        hints.of(Item("c.png"))


@pytest.mark.parametrize("value", ["1", "1,2,3", "1,2;3,4", "a,b", "", "1.5,2"])
def test_a_point_that_is_none_is_refused_as_it_was_typed(value: str) -> None:
    with pytest.raises(UsageError, match="expected X,Y") as refusal:
        find_hints("point", "points", value)
    assert repr(value) in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("1,2,3", "expected LEFT"),
        ("a,b,c,d", "expected LEFT"),
        ("5,5,5,9", "no area"),
        ("@nowhere.json", "cannot be read"),
    ],
)
def test_a_box_that_is_none_is_refused(value: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        find_hints("box", "box", value)


def test_a_broken_table_is_named(tmp_path: Path) -> None:
    table = tmp_path / "boxes.json"
    broken = ("{", "is not JSON"), ("[1]", "expected an object"), ('{"a": {}}', "'a'")
    for text, complaint in (*broken, ('{"a": [0, 0, Infinity, 5]}', "'a'"), ('{"a": "1234"}', "'a'")):
        table.write_text(text)
        with pytest.raises(UsageError, match=complaint):
            find_hints("box", "box", f"@{table}")


def test_a_missing_file_is_found_before_work() -> None:
    with pytest.raises(UsageError, match="does not exist"):
        find_hints("markers", "labels", "nowhere.png")
