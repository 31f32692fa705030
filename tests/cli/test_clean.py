"""segcli clean, through the real command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import disks

from segcli.files.labels import read_labels
from segcli.files.provenance import read_provenance
from segcli.files.write import encode_array, encode_labels, write_bytes

Run = Callable[..., Any]


def put(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encode_array(values, path.suffix, {}))
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a mask of three discs and a speck."""
    monkeypatch.chdir(tmp_path)
    mask = (disks() > 100) * np.uint8(255)
    mask[38, 3] = 255
    put(tmp_path / "cells.png", mask)
    return tmp_path


def test_a_mask_of_any_program_is_tidied_and_named_as_all_outputs_are(segcli: Run, here: Path) -> None:
    result = segcli("clean", "cells.png", "--min-size", "2")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("cells.png -> cells.clean.png  changed 0.000416667, regions 3, covers ")
    assert np.array_equal(read_labels(here / "cells.clean.png"), (disks() > 100) * 255)
    record = read_provenance((here / "cells.clean.png").read_bytes())
    assert record is not None
    assert (record["method"], record["settings"], record["kind"]) == ("clean", {"min_size": 2}, "mask")


def test_shapes_filter_and_hull_come_in_their_order(segcli: Run, here: Path) -> None:
    corner = np.zeros((12, 20), np.uint8)
    corner[2:10, 2:4] = corner[8:10, 2:10] = 255
    corner[2:6, 14:18] = 255
    put(here / "corner.png", corner)
    # The corner fills little of its hull, the square all; the filter looks before hulls are filled.
    assert segcli("clean", "corner.png", "--hull", "--filter", "solidity < 0.8", "-o", "a.png").code == 0
    found = read_labels(here / "a.png")
    assert not found[:, 12:].any()
    assert found[6, 5] == 255
    assert segcli("clean", "corner.png", "--hull", "--filter", "solidity > 0.8", "-o", "b.png").code == 0
    assert not read_labels(here / "b.png")[:, :12].any()


def test_a_mask_that_is_split_or_relabeled_becomes_objects(segcli: Run, here: Path) -> None:
    result = segcli("clean", "cells.png", "--relabel", "--json")
    said = json.loads(result.out)
    assert (said["kind"], said["numbers"]["objects"]) == ("instances", 4)
    values = read_labels(here / "cells.clean.png")
    # In reading order; the first two begin in one row.
    assert [values[12, 12], values[10, 50], values[26, 34], values[38, 3]] == [1, 2, 3, 4]
    joined = np.zeros((11, 25), np.uint8)
    joined[1:10, 1:10] = joined[5, 10:15] = joined[1:10, 15:24] = 255
    put(here / "joined.png", joined)
    assert segcli("clean", "joined.png", "--split", "-q").code == 0
    assert read_labels(here / "joined.clean.png").max() == 2


def test_objects_keep_their_order_and_get_a_new_one_where_that_is_asked_for(segcli: Run, here: Path) -> None:
    labels = np.array([[9, 9, 0, 4, 4, 0, 2, 0, 700]], np.uint16)
    put(here / "labels.tif", labels)
    assert segcli("clean", "labels.tif", "--min-size", "2", "-o", "a.png").code == 0
    assert read_labels(here / "a.png").tolist() == [[2, 2, 0, 1, 1, 0, 0, 0, 0]]
    assert segcli("clean", "labels.tif", "--min-size", "2", "--relabel", "-o", "b.png").code == 0
    assert read_labels(here / "b.png").tolist() == [[1, 1, 0, 2, 2, 0, 0, 0, 0]]
    assert segcli("clean", "labels.tif", "--filter", "area < 2", "-o", "c.png").code == 0
    assert read_labels(here / "c.png").tolist() == [[0, 0, 0, 0, 0, 0, 1, 0, 2]]


def test_numbers_beyond_all_pixels_take_no_endless_tables(segcli: Run, here: Path) -> None:
    put(here / "large.tif", np.array([[2**31 - 1, 0, 5, 5]], np.uint32))
    assert segcli("clean", "large.tif", "--fill-holes", "-o", "a.png").code == 0
    assert read_labels(here / "a.png").tolist() == [[2, 0, 1, 1]]


def test_classes_and_photographs_are_refused_and_the_others_go_on(segcli: Run, here: Path) -> None:
    classes = np.array([[0, 1], [2, 1]], np.uint8)
    write_bytes(here / "classes.png", encode_labels(classes, "classes", ".png", {"kind": "classes"}))
    result = segcli("clean", "classes.png", "cells.png", "--largest", "-o", "out")
    assert result.code == 1
    assert "'classes.png' holds classes; clean-up works on masks and instances only." in result.err
    assert sorted(path.name for path in (here / "out").iterdir()) == ["cells.clean.png"]
    assert segcli("clean", "classes.png", "--kind", "instances", "--min-size", "2", "-o", "a.png").code == 0
    assert read_labels(here / "a.png").tolist() == [[0, 1], [0, 1]]


def test_lossy_masks_need_a_threshold(segcli: Run, here: Path) -> None:
    write_bytes(here / "mask.jpg", encode_array((disks() > 100) * np.uint8(255), ".jpg", {}))
    assert "Use PNG, or give --mask-threshold" in segcli("clean", "mask.jpg", "--largest").err
    assert segcli("clean", "mask.jpg", "--mask-threshold", "127", "--min-size", "3", "-q").code == 0
    assert np.array_equal(read_labels(here / "mask.clean.png"), (disks() > 100) * 255)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "nothing is asked for; name what to tidy, such as --min-size 30 or --fill-holes."),
        (["--opening", "-1"], "--opening is -1; it must be at least 0."),
        (["--closing", "2000"], "--closing is 2000; it must be at most 1000."),
        (["--filter", "aera>3"], "--filter 'aera>3': 'aera' at character 1 is no column; did you mean 'area'?"),
        (["--filter", "area>"], "--filter 'area>': expected a column or a number, found nothing more at the end."),
        (["--kind", "box", "--largest"], "--kind is 'box'; it must be one of mask, classes, instances."),
        (["--largest", "-o", "cells.png"], "'cells.png' is an input of this run"),
    ],
)
def test_impossible_requests_are_refused_before_any_work(segcli: Run, here: Path, options, complaint) -> None:
    result = segcli("clean", "cells.png", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"segcli clean: {complaint}")
    assert [path.name for path in here.iterdir()] == ["cells.png"]


def test_options_of_pictures_are_none_of_labels(segcli: Run, here: Path) -> None:
    page = segcli("clean", "--help").out
    assert "--min-size" in page
    assert "--blur" not in page
    assert segcli("clean", "cells.png", "--largest", "--blur", "1").code == 2


def test_what_was_cleaned_is_made_again_byte_for_byte(segcli: Run, here: Path) -> None:
    options = ["--opening", "1", "--split", "--filter", "area > 3", "--hull", "--relabel", "--mask-threshold", "99"]
    assert segcli("clean", "cells.png", *options, "-o", "a.tif").code == 0
    result = segcli("rerun", "a.tif")
    assert (result.code, result.out) == (0, "a.tif  byte-identical\n")
    command = segcli("rerun", "--print", "a.tif").out
    assert command.startswith("segcli clean cells.png --")
    assert "--filter 'area > 3'" in command
