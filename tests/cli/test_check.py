"""segcli check, through the real command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files.datasets.folders import by_parts, mask, pairs, picture, save

Run = Callable[..., Any]


def test_sound_data_end_with_0_and_say_what_they_are(segcli: Run, tmp_path: Path) -> None:
    result = segcli("check", by_parts(tmp_path))
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:4] == [
        "images/ + masks/, by train/val/test: 3 train, 2 val, 1 test; masks, 2 classes: background, object",
        "  background   50.00% of pixels, in 6 pictures",
        "  object       50.00% of pixels, in 6 pictures",
        "sizes 16 x 12 (6); uint8 gray (6)",
    ]
    assert lines[4].startswith("0 errors, 0 warnings in 6 pairs, ")


def test_errors_end_with_1_and_warnings_with_0(segcli: Run, tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b"], {0: mask(0)})
    result = segcli("check", tmp_path)
    assert result.code == 0
    assert f"warning: 1 of 2 masks hold no object: '{tmp_path}/masks/a.png'." in result.out.splitlines()
    save(tmp_path / "images" / "c.png", picture(5))
    result = segcli("check", tmp_path)
    assert result.code == 1
    assert f"error: picture '{tmp_path}/images/c.png' has no mask." in result.out.splitlines()
    quiet = segcli("check", tmp_path, "--quiet")
    assert (quiet.code, quiet.out) == (1, f"error: picture '{tmp_path}/images/c.png' has no mask.\n")


def test_json_is_one_object_with_everything(segcli: Run, tmp_path: Path) -> None:
    pairs(tmp_path, [f"a{number}x" for number in range(14)], {5: mask(0, 7)})
    for number in range(12):
        (tmp_path / "masks" / f"a{number}x.png").write_bytes(b"no image")
    result = segcli("check", tmp_path, "--json", "--jobs", 1)
    held = json.loads(result.out)
    assert result.code == 1
    assert (held["errors"], held["kind"], held["parts"]) == (12, "mask", {"train": 11, "val": 3})
    assert {finding["code"] for finding in held["findings"]} == {"unreadable"}
    assert held["findings"][0]["files"] == [f"{tmp_path}/masks/a0x.png"]
    said = segcli("check", tmp_path).out.splitlines()
    assert sum("is not an image" in line for line in said) == 10
    assert "error: 2 more of the kind 'unreadable' (--json lists all)" in said


def test_a_corrected_copy_is_clean(segcli: Run, tmp_path: Path) -> None:
    pairs(tmp_path / "data", ["a", "b", "c"], {2: mask(0, 1)})
    save(tmp_path / "data" / "images" / "d.png", picture(9))
    result = segcli("check", tmp_path / "data", "--fix", tmp_path / "copy")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[-1] == f"{tmp_path}/copy  3 pairs written"
    assert f"left out: picture '{tmp_path}/data/images/d.png' has no mask." in lines
    assert f"parted into 0 and 1: mask '{tmp_path}/data/masks/c.png' (1 values outside the classes)." in lines
    assert segcli("check", tmp_path / "copy").code == 0
    again = segcli("check", tmp_path / "data", "--fix", tmp_path / "copy")
    assert again.code == 2
    assert again.err == f"segcli check: --fix '{tmp_path}/copy' exists and is not an empty folder; name a new one.\n"


def test_what_cannot_be_corrected_ends_with_1(segcli: Run, tmp_path: Path) -> None:
    pairs(tmp_path / "data", ["a", "b"], {1: mask(0, 255, shape=(5, 5))})
    result = segcli("check", tmp_path / "data", "--fix", tmp_path / "copy", "--json")
    held = json.loads(result.out)
    assert result.code == 1
    assert (len(held["left_out"]), held["fixed"]) == (1, f"{tmp_path}/copy")
    assert "is 5 x 5, picture" in held["left_out"][0]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--jobs", "-1"], 2, "--jobs is -1; it must be at least 0."),
        (["--kind", "x"], 2, "--kind is 'x'; it must be one of mask, classes, instances."),
        (["--classes", "9999"], 2, "--classes is 9999; it must be between 2 and 255"),
        (["--val-share", "2"], 2, "--val-share is 2; it must be at least 0 and below 1."),
        (["--images", "nope"], 2, "--images 'nope' is no folder"),
        (["--group", "zzz"], 2, "--group 'zzz' matches nothing in the name 'a'."),
    ],
)
def test_impossible_requests_are_one_line(
    segcli: Run, tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    pairs(tmp_path, ["a", "b"])
    result = segcli("check", tmp_path, *options)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"segcli check: {words}")
    assert result.err.count("\n") == 1


def test_colors_without_a_map_are_listed(segcli: Run, tmp_path: Path) -> None:
    colors = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
    pairs(tmp_path, ["a", "b"], {0: colors[mask(0, 1)], 1: colors[mask(0, 1)]})
    result = segcli("check", tmp_path)
    assert result.code == 1
    assert result.err.startswith("segcli check: masks have 2 colors: (10, 20, 30), (40, 50, 60). Give --classes FILE")
    (tmp_path / "names.txt").write_text("ground 10 20 30\ntree 40 50 60\n")
    assert segcli("check", tmp_path, "--classes", tmp_path / "names.txt").code == 0


def test_the_real_sets_have_no_errors(segcli: Run, data: Path) -> None:
    for name in ("membrane", "vessels", "cracks"):
        result = segcli("check", data / name, "--jobs", 1)
        assert result.code == 0, result.out
