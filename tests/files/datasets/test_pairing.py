"""Predictions beside the truth they belong to."""

from __future__ import annotations

from pathlib import Path

import pytest
from files.datasets.folders import mask, pairs, save

from segcli.errors import UsageError
from segcli.files.datasets.find import find_masks
from segcli.files.datasets.pairing import pair_predictions


def predictions(folder: Path, *names: str) -> str:
    for name in names:
        save(folder / name, mask(0, 255))
    return str(folder)


def test_equal_stems_are_paired_whatever_their_endings(tmp_path: Path) -> None:
    place = predictions(tmp_path, "a.png", "b.tif", "c.png")
    found, spare = pair_predictions(place, ["a", "b", "d"])
    assert found == {"a": f"{place}/a.png", "b": f"{place}/b.tif"}
    assert spare == [f"{place}/c.png"]


def test_what_segcli_adds_to_names_is_found_out(tmp_path: Path) -> None:
    place = predictions(tmp_path, "a.otsu.png", "b.x.otsu.png")
    assert pair_predictions(place, ["a", "b.x"])[0] == {"a": f"{place}/a.otsu.png", "b.x": f"{place}/b.x.otsu.png"}


def test_two_sets_in_one_folder_are_told_apart_by_a_suffix(tmp_path: Path) -> None:
    place = predictions(tmp_path, "a.otsu.png", "a.kmeans.png")
    with pytest.raises(UsageError, match=r"'\.kmeans' and '\.otsu'|'\.otsu' and '\.kmeans'"):
        pair_predictions(place, ["a"])
    assert pair_predictions(place, ["a"], ".otsu")[0] == {"a": f"{place}/a.otsu.png"}


def test_pictures_beside_predictions_are_none(tmp_path: Path) -> None:
    place = predictions(tmp_path, "a.png", "a.otsu.png")
    assert pair_predictions(place, ["a"], others=[f"{place}/a.png"])[0] == {"a": f"{place}/a.otsu.png"}
    assert pair_predictions(place, ["a"])[0] == {"a": f"{place}/a.png"}
    alone = predictions(tmp_path / "alone", "a.png")
    assert pair_predictions(alone, ["a"], others=[f"{alone}/a.png"])[0] == {"a": f"{alone}/a.png"}


def test_folders_of_either_side_need_not_be_in_the_other(tmp_path: Path) -> None:
    place = predictions(tmp_path, "deep/a.png")
    assert pair_predictions(place, ["a"])[0] == {"a": f"{place}/deep/a.png"}
    flat = predictions(tmp_path / "flat", "a.png")
    assert pair_predictions(flat, ["left/a"])[0] == {"left/a": f"{flat}/a.png"}


def test_paths_below_both_folders_come_before_names_alone(tmp_path: Path) -> None:
    place = predictions(tmp_path, "left/a.png", "right/a.png")
    found, spare = pair_predictions(place, ["left/a", "right/a"])
    assert found == {"left/a": f"{place}/left/a.png", "right/a": f"{place}/right/a.png"}
    assert spare == []


def test_nothing_that_fits_is_said_with_names(tmp_path: Path) -> None:
    place = predictions(tmp_path, "a.png")
    with pytest.raises(UsageError, match="predictions are called 'a', truths 'b'"):
        pair_predictions(place, ["b"])
    with pytest.raises(UsageError, match="do not exist"):
        pair_predictions(f"{place}/none", ["b"])
    with pytest.raises(UsageError, match="is one file, the truth has 2"):
        pair_predictions(f"{place}/a.png", ["b", "c"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no predictions in"):
        pair_predictions(f"{place}/empty", ["b"])
    save(tmp_path / "a.tif", mask(0, 255))
    with pytest.raises(UsageError, match="have one name"):
        pair_predictions(place, ["a"])


def test_masks_without_pictures_are_found(tmp_path: Path) -> None:
    pairs(tmp_path, ["a_mask", "b_mask"], {1: mask(0, 1, 2)})
    found = find_masks(str(tmp_path / "masks"), suffix="_mask")
    assert [(one.name, one.image) for one in found.examples] == [("a", ""), ("b", "")]
    one = find_masks(str(tmp_path / "masks" / "a_mask.png"))
    assert (one.kind, one.examples[0].name) == ("mask", "a_mask")
    with pytest.raises(UsageError, match="whose names end in '_gt'"):
        find_masks(str(tmp_path / "masks"), suffix="_gt")
