"""Pictures of one origin stay together, and few change sides when files are added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from files.datasets.folders import by_parts, pairs, picture, save

from segcli.files.datasets import find_dataset
from segcli.files.datasets.example import Example
from segcli.files.datasets.splits import drawn, grouped, together


def examples(*names: str) -> list[Example]:
    return [Example(name, f"{name}.png") for name in names]


def val(rows: list[Example]) -> set[str]:
    return {row.name for row in rows if row.split == "val"}


WORDS = [f"{word}{number}x" for word in ("ash", "elm", "fir", "oak", "yew") for number in range(20)]


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_the_share_is_honored_and_the_same_for_a_seed(share: float) -> None:
    rows = drawn(examples(*WORDS), share, 0)
    assert len(val(rows)) == share * 100
    assert val(rows) == val(drawn(examples(*reversed(WORDS)), share, 0))
    assert val(rows) != val(drawn(examples(*WORDS), share, 1))


def test_few_change_sides_when_files_are_added() -> None:
    before = val(drawn(examples(*WORDS[:90]), 0.2, 0))
    after = val(drawn(examples(*WORDS), 0.2, 0)) & set(WORDS[:90])
    assert len(before ^ after) <= 3


def test_groups_are_not_parted_and_come_near_the_share() -> None:
    rows, how = grouped(examples(*(f"patient{one}_slice{two}" for one in range(10) for two in range(7))), None, None)
    assert how == "by groups, 10 beginnings of names (patient0_slice0, patient0_slice1, ...)"
    chosen = drawn(rows, 0.2, 0)
    parts = {row.group: {other.split for other in chosen if other.group == row.group} for row in chosen}
    assert all(len(part) == 1 for part in parts.values())
    assert len(val(chosen)) == 14


def test_left_and_right_eyes_stay_together() -> None:
    names = [f"Image_{number:02d}{side}" for number in range(1, 9) for side in "LR"]
    rows, how = grouped(examples(*names), None, None)
    assert how == "by groups, 8 pairs of sides (Image_01L, Image_01R)"
    assert rows[0].group == rows[1].group != rows[2].group
    for names in (["a_left", "a_right", "b_left", "b_right"], ["1_OD", "1_OS", "2_OD", "2_OS"]):
        rows, _ = grouped(examples(*names), None, None)
        assert len({row.group for row in rows}) == 2


@pytest.mark.parametrize(
    "names",
    [
        # Kinds of things, numbered.
        [f"{word}_{number}" for word in ("cat", "cow", "dog") for number in range(9)],
        # Words that happen to end in l or r.
        ["apple", "tower", "cell", "river", "wall", "door"],
        # Hashes.
        ["00071198d059", "00ae65c1c663", "01d44a26f668", "0c2550a23b8a"],
        # Two groups are too few to draw from.
        [f"{day}_{number}" for day in ("day1", "day2") for number in range(4)],
        # A beginning of its own for each picture.
        ["a1_1", "a2_1", "a3_1", "a4_1", "a5_1"],
    ],
)
def test_names_that_merely_look_like_groups_make_none(names: list[str]) -> None:
    rows, how = grouped(examples(*names), None, None)
    assert how == ""
    assert {row.group for row in rows} == {""}


def test_a_pattern_says_what_belongs_together() -> None:
    names = ["x-cat-1", "x-cat-2", "y-cat-1", "y-dog-1"]
    whole, _ = grouped(examples(*names), "cat|dog", None)
    assert [row.group for row in whole] == ["cat", "cat", "cat", "dog"]
    parts, how = grouped(examples(*names), r"^(\w)-(\w+)", None)
    assert [row.group for row in parts] == ["x|cat", "x|cat", "y|cat", "y|dog"]
    assert how == r"by groups (^(\w)-(\w+))"


def moving(number: int) -> np.ndarray:
    """Frame of a film in which a bright spot wanders slowly."""
    rows, columns = np.mgrid[:48, :48]
    spot = np.hypot(rows - 24 - 14 * np.sin(number / 7), columns - 24 - 14 * np.cos(number / 7))
    return (255 * np.exp(-((spot / 9) ** 2))).astype(np.uint8)


def test_a_film_is_parted_once_at_its_end_and_numbered_pictures_are_not_taken_for_one(tmp_path: Path) -> None:
    names = [f"frame{number:03d}" for number in range(40)]
    pairs(tmp_path / "film", names)
    pairs(tmp_path / "heap", names)
    for number, name in enumerate(names):
        save(tmp_path / "film" / "images" / f"{name}.png", moving(number))
        save(tmp_path / "film" / "masks" / f"{name}.png", (moving(number) > 90).astype(np.uint8))
        save(tmp_path / "heap" / "images" / f"{name}.png", picture(number, (48, 48)))
    film = find_dataset(tmp_path / "film")
    assert [example.name for example in film.splits["val"]] == names[32:]
    assert "film or stack" in film.drawn
    heap = find_dataset(tmp_path / "heap")
    assert heap.drawn == "20% of train, seed 0"
    assert len(heap.splits["val"]) == 8


def test_copies_are_never_parted(tmp_path: Path) -> None:
    names = [f"{word}{number}x" for word in ("ash", "elm", "oak") for number in range(10)]
    pairs(tmp_path, names)
    for name in names[1:14]:
        save(tmp_path / "images" / f"{name}.png", picture(0))
    data = find_dataset(tmp_path)
    assert data.drawn == "13 equal files beside the others, 20% of train, seed 0"
    sides = [{Path(row.image).read_bytes() for row in part} for part in data.splits.values()]
    assert not sides[0] & sides[1]


def test_a_frame_that_every_film_has_does_not_join_them() -> None:
    rows = [Example(f"{film}{place}", __file__ if not place else "", group=film) for film in "abc" for place in (0, 1)]
    assert together(rows) == (rows, 0)


def test_copies_join_the_groups_they_are_in() -> None:
    rows = [
        Example(name, __file__ if name in "bc" else name, group=group)
        for name, group in zip("abcdefg", "xxyzzzz", strict=True)
    ]
    joined, copies = together(rows)
    assert copies == 1
    assert [row.group for row in joined] == ["x"] * 3 + ["z"] * 4


def test_parts_of_the_data_are_kept(tmp_path: Path) -> None:
    data = find_dataset(by_parts(tmp_path), val_share=0.5)
    assert [len(part) for part in data.splits.values()] == [3, 2, 1]
    assert data.drawn == ""
    without = find_dataset(by_parts(tmp_path / "b", {"train": 10, "test": 2}))
    assert {part: len(rows) for part, rows in without.splits.items()} == {"train": 8, "val": 2, "test": 2}
    only = find_dataset(by_parts(tmp_path / "c", {"test": 2}))
    assert list(only.splits) == ["test"]


def test_one_picture_stays_in_train(tmp_path: Path) -> None:
    data = find_dataset(pairs(tmp_path, ["a"]))
    assert list(data.splits) == ["train"]
    assert data.drawn == ""


def test_the_fingerprint_is_of_names_parts_and_contents_not_of_the_place(tmp_path: Path) -> None:
    first = find_dataset(by_parts(tmp_path / "a")).fingerprint
    assert find_dataset(by_parts(tmp_path / "b")).fingerprint == first
    save(tmp_path / "b" / "val" / "images" / "val0x.png", picture(5))
    assert find_dataset(tmp_path / "b").fingerprint != first
    (tmp_path / "a" / "test" / "images" / "test0x.png").rename(tmp_path / "a" / "test" / "images" / "other.png")
    (tmp_path / "a" / "test" / "masks" / "test0x.png").rename(tmp_path / "a" / "test" / "masks" / "other.png")
    assert find_dataset(tmp_path / "a").fingerprint != first


def test_real_stacks_and_films_are_told_from_numbered_pictures(data: Path) -> None:
    assert "film or stack" in find_dataset(data / "membrane" / "train").drawn
    assert "beginnings of names" in find_dataset(data / "camvid" / "train").drawn
    assert "pairs of sides" in find_dataset(data / "vessels").drawn
    for name in ("nuclei/train", "cracks/train", "salient", "grabcut"):
        assert find_dataset(data / name).drawn.startswith("20% of train"), name
