"""segcli measure, through the real command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import disks
from skimage.measure import label, regionprops_table

from segcli.files.labels import read_labels
from segcli.files.provenance import read_provenance
from segcli.files.write import encode_array, write_bytes

Run = Callable[..., Any]


def put(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encode_array(values, path.suffix, {}))
    return path


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a picture of three discs and the mask that otsu makes of it."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "cells.png", disks())
    put(tmp_path / "cells.otsu.png", (disks() > 100) * np.uint8(255))
    return tmp_path


def test_a_mask_is_measured_to_standard_output_and_the_words_go_beside_it(segcli: Run, here: Path) -> None:
    result = segcli("measure", "cells.otsu.png", "--image", "cells.png")
    assert result.code == 0
    rows = table(result.out)
    wanted = regionprops_table(label(disks() > 100, connectivity=2), disks(), properties=("area", "intensity_mean"))
    assert [float(row["area"]) for row in rows] == wanted["area"].tolist()
    assert {row["intensity_mean"] for row in rows} == {"200"}
    assert {row["input"] for row in rows} == {"cells.otsu.png"}
    assert result.err.startswith("cells.otsu.png  3 regions, median area 149 pixels, ")


def test_a_filter_keeps_rows_and_labels(segcli: Run, here: Path) -> None:
    result = segcli(
        *("measure", "cells.otsu.png", "--filter", "area < 200 and centroid-0 < 11", "-o", "t.csv"),
        *("--labels-out", "kept", "--pixel-size", "0.5um", "--columns", "label,area_um2"),
    )
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(
        "cells.otsu.png -> t.csv, kept/cells.otsu.measure.png  1 of 3 regions, median area 81 pixels (20.25 um2), "
    )
    assert (here / "t.csv").read_text() == "input,label,area_um2\ncells.otsu.png,2,20.25\n"
    kept = here / "kept" / "cells.otsu.measure.png"
    drawn = np.zeros((40, 60), int)
    rows, columns = np.mgrid[:40, :60]
    drawn[(rows - 10) ** 2 + (columns - 50) ** 2 <= 25] = 255
    assert np.array_equal(read_labels(kept), drawn)
    record = read_provenance(kept.read_bytes())
    assert record is not None
    assert (record["kind"], record["input"], record["untouched"]) == ("mask", "cells.otsu.png", True)
    again = segcli("measure", "cells.otsu.png", "--labels-out", "kept", "-o", "t.csv")
    assert again.code == 0


def test_several_files_make_one_table_and_a_bad_one_costs_itself_alone(segcli: Run, here: Path) -> None:
    labels = np.array([[1, 1, 0, 7], [0, 0, 0, 7]], np.uint16)
    put(here / "labels.tif", labels)
    (here / "notes.png").write_text("no picture")
    result = segcli("measure", "labels.tif", "cells.otsu.png", "notes.png", "--json", "--columns", "label,area,holes")
    assert result.code == 1
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert rows[3:] == [
        {"input": "labels.tif", "label": 1, "area": 2, "holes": 0},
        {"input": "labels.tif", "label": 7, "area": 2, "holes": 0},
    ]
    assert "segcli measure: 'notes.png' is not an image" in result.err
    assert result.err.splitlines()[-1] == "segcli measure: 5 regions, 2 done, 1 failed"


def test_pictures_are_found_by_the_stem_of_each_file(segcli: Run, here: Path) -> None:
    put(here / "photos" / "cells.tif", np.where(disks() > 100, 9000, 10).astype(np.uint16))
    result = segcli("measure", "cells.otsu.png", "--image", "photos", "--columns", "intensity_max")
    assert {row["intensity_max"] for row in table(result.out)} == {"9000"}
    put(here / "other.png", disks() // 200 * np.uint8(255))
    result = segcli("measure", "other.png", "cells.otsu.png", "--image", "photos", "-q", "--columns", "area")
    assert result.code == 1
    assert len(table(result.out)) == 3
    assert result.err.startswith("segcli measure: 'other.png': no picture for it in 'photos'; expected one with the")


def test_the_record_of_segcli_names_kind_and_picture(segcli: Run, here: Path) -> None:
    assert segcli("kmeans", "cells.png", "-o", "any.png", "-q").code == 0
    put(here / "photos" / "cells.png", disks())
    assert segcli("watershed", "cells.png", "-o", "objects.png", "-q").code == 0
    result = segcli("measure", "any.png", "objects.png", "--image", "photos", "--columns", "label,class,intensity_min")
    rows = table(result.out)
    # Four regions of two classes; three objects, which have no class.
    assert [row["class"] for row in rows] == ["0", "1", "1", "1", "", "", ""]
    assert {row["intensity_min"] for row in rows} == {"40", "200"}


def test_gray_and_color_pictures_go_into_one_table(segcli: Run, here: Path) -> None:
    color = np.dstack([disks(), disks() // 2, disks() // 4])
    put(here / "photos" / "a.png", color)
    put(here / "photos" / "b.png", disks())
    mask = (disks() > 100) * np.uint8(255)
    put(here / "a.png", mask)
    put(here / "b.png", mask)
    result = segcli("measure", "a.png", "b.png", "--image", "photos", "--columns", "intensity_mean-2")
    assert [row["intensity_mean-2"] for row in table(result.out)] == ["50"] * 3 + ["200"] * 3


def test_nothing_to_measure_is_a_table_without_rows(segcli: Run, here: Path) -> None:
    put(here / "blank.png", np.zeros((4, 4), np.uint8))
    result = segcli("measure", "blank.png", "--columns", "label,area", "-o", "t.json")
    assert result.code == 0
    assert json.loads((here / "t.json").read_text()) == []
    result = segcli("measure", "blank.png", "--columns", "label,area")
    assert (result.code, result.out) == (0, "input,label,area\n")


def test_histograms_are_drawn(segcli: Run, here: Path) -> None:
    result = segcli("measure", "cells.otsu.png", "-o", "t.csv", "--histogram", "h.png")
    assert result.code == 0
    picture = (here / "h.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert segcli("measure", "cells.otsu.png", "--histogram", "h.png").code == 2
    assert segcli("measure", "cells.otsu.png", "--histogram", "h.png", "--exists", "overwrite").code == 0
    assert (here / "h.png").read_bytes() == picture


def test_kinds_are_found_out_and_may_be_overruled(segcli: Run, here: Path) -> None:
    rng = np.random.default_rng(0)
    whole = np.kron(np.array([[0, 1, 0], [2, 0, 3]], np.uint8), np.ones((5, 5), np.uint8))
    put(here / "whole.png", whole)
    put(here / "classes.png", rng.integers(0, 4, (20, 20)).astype(np.uint8))
    put(here / "photo.png", rng.integers(0, 250, (30, 30)).astype(np.uint8))
    result = segcli("measure", "whole.png", "--columns", "label,area")
    assert [row["area"] for row in table(result.out)] == ["25"] * 3
    assert "note: its numbers were read as those of objects (--kind overrules that)" in result.err
    result = segcli("measure", "classes.png", "--columns", "class")
    assert {row["class"] for row in table(result.out)} == {"0", "1", "2", "3"}
    assert len(table(segcli("measure", "classes.png", "--columns", "label", "--kind", "instances").out)) == 3
    assert len(table(segcli("measure", "whole.png", "--columns", "label", "--kind", "mask").out)) == 1
    result = segcli("measure", "photo.png")
    assert result.code == 1
    assert "as a photograph does and labels do not" in result.err
    assert segcli("measure", "photo.png", "--mask-threshold", "125").code == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--filter", "aera > 5"], "--filter 'aera > 5': 'aera' at character 1 is no column; did you mean 'area'?"),
        (["--filter", "area >"], "--filter 'area >': expected a column or a number, found nothing more at the end."),
        (["--filter", "intensity_mean>1"], "--filter asks for intensity_mean, which needs the picture; give --image."),
        (["--columns", "aera"], "--columns has 'aera'; did you mean 'area'?"),
        (["--columns", ","], "--columns is empty; name columns such as area,perimeter."),
        (["--pixel-size", "3"], "--pixel-size is '3'; expected a number and a unit, such as 0.32um"),
        (["--neighbors", "0"], "--neighbors is 0; it must be between 1 and 500 pixels."),
        (["--kind", "boxes"], "--kind is 'boxes'; it must be one of mask, classes, instances."),
        (["--image", "nowhere"], "--image is 'nowhere', which does not exist."),
        (["-o", "t.txt"], "--out is 't.txt'; its name must end in .csv or .json, or be - for stdout."),
        (["-o", "t.csv", "--json"], "--json writes rows to standard output; leave it out, or name no table."),
        (["--histogram", "h.jpg"], "--histogram is 'h.jpg'; its name must end in .png."),
        (["--labels-out", "cells.png"], "--labels-out is 'cells.png', which is a file; name a folder."),
        (["--exists", "skip"], "--exists is 'skip'; it must be one of fail, overwrite."),
    ],
)
def test_impossible_requests_are_refused_before_any_work(segcli: Run, here: Path, options, complaint) -> None:
    before = sorted(here.iterdir())
    result = segcli("measure", "cells.otsu.png", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"segcli measure: {complaint}")
    assert result.err.count("\n") == 1
    assert sorted(here.iterdir()) == before


def test_a_picture_of_another_size_fails_and_no_empty_table_is_left(segcli: Run, here: Path) -> None:
    put(here / "small.png", np.zeros((4, 5), np.uint8))
    result = segcli("measure", "cells.otsu.png", "--image", "small.png", "-o", "t.csv")
    assert result.code == 1
    assert result.err == (
        "segcli measure: 'cells.otsu.png' is 60 x 40, its picture 'small.png' is 5 x 4; they need the same size.\n"
    )
    assert not (here / "t.csv").exists()


def test_files_of_others_are_not_written_over(segcli: Run, here: Path) -> None:
    (here / "t.csv").write_text("my own notes")
    assert segcli("measure", "cells.otsu.png", "-o", "t.csv").code == 2
    put(here / "kept" / "cells.otsu.measure.png", np.zeros((3, 3), np.uint8))
    assert segcli("measure", "cells.otsu.png", "--labels-out", "kept").code == 2
    assert segcli("measure", "cells.otsu.png", "--labels-out", "kept", "--exists", "overwrite").code == 0
    assert (here / "t.csv").read_text() == "my own notes"
