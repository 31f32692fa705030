"""Which images a request names, in which order."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from segcli.errors import UsageError
from segcli.files.sources import find_items


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.png", "a.JPG", "notes.txt", ".hidden.png", "sub/c.tif", "sub/deep/d.bmp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*inputs: str, **options: object) -> list[str]:
    return [item.path for item in find_items(list(inputs), **options)]  # type: ignore[arg-type]


def test_a_folder_gives_its_images_sorted_without_hidden_and_other_files(tree: Path) -> None:
    assert paths(".") == ["a.JPG", "b.png"]


def test_subfolders_are_entered_only_when_asked_and_their_place_is_remembered(tree: Path) -> None:
    items = find_items(["."], recursive=True)
    assert [(item.path, item.below) for item in items] == [
        ("a.JPG", ""),
        ("b.png", ""),
        ("sub/c.tif", "sub"),
        ("sub/deep/d.bmp", "sub/deep"),
    ]


def test_links_to_folders_are_not_followed(tree: Path) -> None:
    (tree / "loop").symlink_to(tree, target_is_directory=True)
    assert len(paths(".", recursive=True)) == 4


def test_a_named_file_is_taken_whatever_its_ending_and_a_file_named_twice_once(tree: Path) -> None:
    assert paths("notes.txt", "b.png", "b.png") == ["b.png", "notes.txt"]


def test_a_quoted_glob_is_expanded_and_mirrors_what_lies_below_its_fixed_part(tree: Path) -> None:
    items = find_items(["sub/**/*.*"])
    assert [(item.path, item.below) for item in items] == [("sub/c.tif", ""), ("sub/deep/d.bmp", "deep")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "odd[1].png").write_bytes(b"x")
    assert paths("odd[1].png") == ["odd[1].png"]


def test_a_missing_file_is_kept_so_that_the_others_go_on(tree: Path) -> None:
    assert paths("nowhere.png", "b.png") == ["b.png", "nowhere.png"]


def test_a_list_may_come_with_new_lines_carriage_returns_or_nul(tree: Path) -> None:
    (tree / "list").write_bytes(b"b.png\r\na.JPG\n")
    assert paths(files_from="list") == ["a.JPG", "b.png"]
    (tree / "list0").write_bytes(b"b.png\0new\nline.png\0")
    assert paths(files_from="list0", null_separated=True) == ["b.png", "new\nline.png"]
    assert paths(files_from="-", stdin=io.BytesIO(b"b.png\n")) == ["b.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes names that are not UTF-8")
def test_names_that_are_not_utf_8_survive_a_list(tree: Path) -> None:
    (tree / "list").write_bytes(b"\xff\xfe.png\n")
    (item,) = find_items([], files_from="list")
    assert os.fsencode(item.path) == b"\xff\xfe.png"


@pytest.mark.parametrize(
    ("inputs", "options", "complaint"),
    [
        (["*.nothing"], {}, "matches nothing"),
        ([], {"files_from": "no-such-list"}, "cannot be read"),
        ([], {"files_from": "notes0"}, "NUL"),
        ([], {"files_from": "empty"}, "is empty"),
        (["-"], {"stdin": io.BytesIO(b"")}, "standard input is empty"),
        (["sub/deep/none"], {}, "no image"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    tree: Path, inputs: list[str], options: dict[str, object], complaint: str
) -> None:
    (tree / "notes0").write_bytes(b"a\0b")
    (tree / "empty").write_bytes(b"\n")
    (tree / "sub/deep/none").mkdir()
    with pytest.raises(UsageError, match=complaint):
        find_items(inputs, **options)  # type: ignore[arg-type]


def test_piped_data_is_read_only_when_nothing_is_named(tree: Path) -> None:
    pipe = io.BytesIO(b"image bytes")
    assert paths("b.png", stdin=pipe) == ["b.png"]
    assert pipe.tell() == 0
    (item,) = find_items([], stdin=pipe)
    assert (item.data, item.stem) == (b"image bytes", "stdin")


def test_the_lines_of_a_list_are_paths_and_nothing_else(tree: Path) -> None:
    (tree / "list").write_bytes(b"-\n*.png\nb.png\n")
    pipe = io.BytesIO(b"image")
    assert paths(files_from="list", stdin=pipe) == ["*.png", "./-", "b.png"]
    assert pipe.tell() == 0


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="this system has no /dev/zero")
def test_a_stream_without_an_end_is_refused() -> None:
    with pytest.raises(UsageError, match="is a device"):
        find_items([], files_from="/dev/zero")
    with open("/dev/zero", "rb") as endless, pytest.raises(UsageError, match="is a device"):
        find_items(["-"], stdin=endless)
