"""Names, numbers and colors of classes in files of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from segcli.errors import UsageError
from segcli.files.datasets.class_names import Classes, read_classes

COLORS = {(0, 0, 0): 0, (255, 0, 0): 1, (0, 0, 255): 2}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "background 0 0 0\ncell 255 0 0\ndebris 0 0 255\n"),
        ("a.csv", "name,r,g,b\nbackground,0,0,0\ncell,255,0,0\ndebris,0,0,255\n"),
        ("a.json", '{"background": [0, 0, 0], "cell": [255, 0, 0], "debris": [0, 0, 255]}'),
        ("a.toml", "background = [0, 0, 0]\ncell = [255, 0, 0]\ndebris = [0, 0, 255]\n"),
        ("a.toml", "[classes]\nbackground = [0, 0, 0]\ncell = [255, 0, 0]\ndebris = [0, 0, 255]\n"),
    ],
)
def test_a_color_map_is_the_same_in_every_kind_of_file(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_classes(str(path), ".") == Classes(3, ("background", "cell", "debris"), COLORS)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", '["ground", "cell"]'), ("a.toml", 'classes = ["ground", "cell"]'), ("a.txt", "ground\ncell\n")],
)
def test_names_alone_are_numbered_in_their_order(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_classes(str(path), ".") == Classes(2, ("ground", "cell"))


def test_numbers_of_a_table_are_those_of_the_masks(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("ground = 0\ncell = 128\nvoid = 255\n")
    assert read_classes(str(path), ".").values == {0: 0, 128: 1, 255: 255}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '"cell"', "no list of names, and no table"),
        ("a.json", '{"cell": [1.5, 0, 0]}', "has \\[1.5, 0, 0\\] for 'cell'"),
        ("a.toml", "cell = true", "has True for 'cell'"),
        ("a.toml", "cell = [", "cannot be read"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_classes(str(path), ".")
