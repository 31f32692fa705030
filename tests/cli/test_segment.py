"""What every segmenter's command promises: outputs, lines, exit codes, policies."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from segcli.files.provenance import read_provenance

Run = Callable[..., Any]
Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(path: str | Path) -> np.ndarray:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


def test_one_file_gives_one_mask_and_one_line(segcli: Run, save: Save) -> None:
    save("in/disks.png")
    result = segcli("otsu", "in/disks.png")
    assert (result.code, result.err) == (0, "")
    assert os.listdir(".") == ["in", "disks.otsu.png"] or sorted(os.listdir(".")) == ["disks.otsu.png", "in"]
    assert result.out.startswith("in/disks.png -> disks.otsu.png  threshold ")
    assert "regions 3" in result.out
    assert result.out.count("\n") == 1
    mask = read("disks.otsu.png")
    assert (mask.dtype, sorted(np.unique(mask))) == (np.uint8, [0, 255])


def test_the_mask_says_how_it_was_made_and_equal_runs_give_equal_bytes(segcli: Run, save: Save) -> None:
    save("disks.png")
    segcli("otsu", "disks.png", "--blur", "1", "--min-size", "3")
    first = Path("disks.otsu.png").read_bytes()
    record = read_provenance(first)
    assert record is not None
    assert record["method"] == "otsu"
    assert record["input"] == "disks.png"
    assert record["settings"]["classes"] == 2
    assert record["preparation"] == {"blur": 1.0}
    assert record["cleanup"] == {"min_size": 3}
    # Its own untouched work may be replaced without asking.
    assert segcli("otsu", "disks.png", "--blur", "1", "--min-size", "3").code == 0
    assert Path("disks.otsu.png").read_bytes() == first


def test_a_foreign_file_is_never_replaced_unless_told(segcli: Run, save: Save) -> None:
    save("disks.png")
    Path("disks.otsu.png").write_bytes(b"somebody's work")
    result = segcli("otsu", "disks.png")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "exists" in result.err
    assert Path("disks.otsu.png").read_bytes() == b"somebody's work"
    assert segcli("otsu", "disks.png", "--exists", "skip").code == 0
    assert Path("disks.otsu.png").read_bytes() == b"somebody's work"
    assert segcli("otsu", "disks.png", "--exists", "overwrite").code == 0
    assert read("disks.otsu.png").shape == (40, 60)


def test_a_touched_mask_counts_as_foreign(segcli: Run, save: Save) -> None:
    save("disks.png")
    segcli("otsu", "disks.png")
    edited = Path("disks.otsu.png").read_bytes() + b"\n"
    Path("disks.otsu.png").write_bytes(edited)
    assert segcli("otsu", "disks.png").code == 2
    assert Path("disks.otsu.png").read_bytes() == edited


def test_a_folder_is_mirrored_and_one_bad_file_does_not_stop_the_others(segcli: Run, save: Save) -> None:
    save("in/a.png")
    save("in/deep/b.png")
    Path("in/text.png").write_text("not an image")
    result = segcli("otsu", "in", "-r", "-o", "masks")
    assert result.code == 1
    assert Path("masks/a.otsu.png").exists()
    assert Path("masks/deep/b.otsu.png").exists()
    assert not Path("masks/text.otsu.png").exists()
    lines = result.err.splitlines()
    assert lines[0].startswith("segcli otsu: 'in/text.png' is not an image")
    assert lines[-1] == "segcli otsu: 2 done, 1 failed"


def test_a_missing_input_is_exit_1_and_the_others_go_on(segcli: Run, save: Save) -> None:
    save("a.png")
    result = segcli("otsu", "nowhere.png", "a.png")
    assert result.code == 1
    assert "nowhere.png" in result.err
    assert Path("a.otsu.png").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--classes", "1"], "segcli otsu: --classes is 1; it must be between 2 and 16."),
        (["--classes", "two"], "segcli otsu: --classes is 'two'; it must be a whole number."),
        (["--foreground", "brite"], "it must be one of bright, dark, auto."),
        (["--as", "picture"], "--as is 'picture'; it must be one of mask"),
        (["--exists", "maybe"], "--exists is 'maybe'"),
        (["--channel", "x"], "--channel is 'x'"),
        (["--blur", "-1"], "--blur is -1"),
        (["--min-size", "-1"], "--min-size is -1"),
        (["--jobs", "-1"], "--jobs is -1"),
        (["--page", "0"], "--page is '0'"),
        (["-o", "mask.jpg"], "lossy"),
        (["-o", "mask.pdf"], "Use .png"),
        (["--name", "{what}"], "--name has {what}"),
        (["--name", "disks", "-o", "."], "is an input of this run"),
        (["--table", "x.xls"], "--table is 'x.xls'"),
        (["--files-from", "nowhere"], "cannot be read"),
        (["--roi", "nowhere.png"], "--roi 'nowhere.png' does not exist"),
        (["--as", "mask", "--as", "mask"], "--as names a kind twice"),
        (["--page", "\u00b2"], "--page is '\u00b2'"),
        (["--channel", "\u00b2"], "--channel is '\u00b2'"),
        (["--classes", "9" * 400], "it must be between 2 and 16."),
        (["--smooth", "1000000000"], "--smooth is 1000000000; it must be at most 1000."),
    ],
)
def test_an_impossible_request_is_exit_2_one_line_and_no_work(
    segcli: Run, save: Save, arguments: list[str], complaint: str
) -> None:
    save("disks.png")
    result = segcli("otsu", "disks.png", *arguments)
    assert result.code == 2
    assert complaint in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""
    assert os.listdir(".") == ["disks.png"]


def test_an_unknown_option_and_command_are_exit_2_with_a_hint(segcli: Run, save: Save) -> None:
    save("disks.png")
    result = segcli("otsu", "disks.png", "--clases", "3")
    assert result.code == 2
    assert "--classes" in result.err
    result = segcli("otsus", "disks.png")
    assert result.code == 2
    assert "otsu" in result.err


def test_clean_up_of_classes_is_refused_before_anything_is_written(segcli: Run, save: Save) -> None:
    image = np.repeat(np.array([[10, 120, 240]], np.uint8), 5, axis=0)
    save("a.png", image)
    save("b.png", image)
    result = segcli("otsu", "a.png", "b.png", "--classes", "3", "--largest", "-o", "masks")
    assert result.code == 2
    assert "masks and instances only" in result.err
    assert os.listdir("masks") == []


def test_every_kind_of_output_at_once_each_with_its_suffix(segcli: Run, save: Save) -> None:
    save("disks.png")
    kinds = ("mask", "labels", "palette", "color", "overlay", "contours", "cutout")
    result = segcli("otsu", "disks.png", *(word for kind in kinds for word in ("--as", kind)))
    assert result.code == 0
    expected = ["disks.otsu.png", *(f"disks.otsu.{kind}.png" for kind in kinds[1:])]
    assert sorted(os.listdir(".")) == sorted(["disks.png", *expected])
    assert sorted(np.unique(read("disks.otsu.labels.png"))) == [0, 1]
    assert read("disks.otsu.overlay.png").shape == (40, 60, 3)
    cutout = read("disks.otsu.cutout.png")
    assert np.array_equal(cutout[:, :, 3], read("disks.otsu.png"))


def test_scores_of_a_method_without_any_are_refused(segcli: Run, save: Save) -> None:
    save("disks.png")
    result = segcli("otsu", "disks.png", "--as", "scores")
    assert result.code == 1
    assert "gives no scores" in result.err


def test_json_is_one_object_a_line_with_status_and_error(segcli: Run, save: Save) -> None:
    save("a.png")
    Path("b.png").write_text("<html>")
    result = segcli("otsu", "a.png", "b.png", "--json", "--report", "report.jsonl")
    first, second = (json.loads(line) for line in result.out.splitlines())
    assert result.code == 1
    assert (first["status"], first["outputs"], first["regions"]) == ("done", ["a.otsu.png"], 3)
    assert first["numbers"]["threshold"] > 0
    assert (second["status"], second["outputs"], second["error"]["exit_code"]) == ("failed", [], 1)
    assert "HTML" in second["error"]["message"]
    reported = [json.loads(line) for line in Path("report.jsonl").read_text().splitlines()]
    assert [entry["status"] for entry in reported] == ["done", "failed"]


def test_the_table_has_a_row_for_each_region_of_each_input(segcli: Run, save: Save) -> None:
    save("a.png")
    save("b.png")
    assert segcli("otsu", "a.png", "b.png", "--table", "out/regions.csv").code == 0
    rows = list(csv.DictReader(io.StringIO(Path("out/regions.csv").read_text())))
    assert [row["input"] for row in rows] == ["a.png"] * 3 + ["b.png"] * 3
    assert sum(int(row["area"]) for row in rows[:3]) == np.count_nonzero(read("a.otsu.png"))
    assert {"label", "area", "centroid-0", "bbox-0", "perimeter", "eccentricity", "solidity", "intensity_mean"} <= {
        *rows[0]
    }
    assert float(rows[0]["intensity_mean"]) == 200
    assert segcli("otsu", "a.png", "--table", "regions.json").code == 0
    assert [row["area"] for row in json.loads(Path("regions.json").read_text())] == [
        int(row["area"]) for row in rows[:3]
    ]


def test_a_dry_run_shows_the_plan_and_writes_nothing(segcli: Run, save: Save) -> None:
    save("in/a.png")
    result = segcli("otsu", "in", "-o", "masks", "--dry-run", "--table", "t.csv")
    assert result.code == 0
    assert result.out == "in/a.png -> masks/a.otsu.png  mask\n"
    assert os.listdir(".") == ["in"]


def test_steps_are_numbered_pictures_in_a_folder_for_each_input(segcli: Run, save: Save) -> None:
    save("a.png")
    assert segcli("otsu", "a.png", "--steps", "steps").code == 0
    names = sorted(os.listdir("steps/a"))
    assert len(names) >= 3
    assert all(name[:2] == f"{number:02d}" for number, name in enumerate(names, 1))
    assert all(read(f"steps/a/{name}").ndim == 3 for name in names)


def test_show_draws_half_blocks_and_quiet_says_nothing(segcli: Run, save: Save) -> None:
    save("a.png")
    shown = segcli("otsu", "a.png", "--show")
    assert len(shown.out.splitlines()) > 10
    assert segcli("otsu", "a.png", "--quiet").out == ""


def test_pages_are_told_picked_and_unrolled(segcli: Run) -> None:
    import tifffile

    stack = np.zeros((3, 20, 20), np.uint8)
    for page in range(3):
        stack[page, 5 : 8 + page, 5:10] = 200
    tifffile.imwrite("stack.tif", stack, photometric="minisblack")
    first = segcli("otsu", "stack.tif")
    assert "page 1 of 3 used" in first.err
    assert segcli("otsu", "stack.tif", "--page", "3", "-o", "third.png").code == 0
    assert np.count_nonzero(read("third.png")) == 25
    assert segcli("otsu", "stack.tif", "--page", "all", "-o", "pages").code == 0
    assert sorted(os.listdir("pages")) == [f"stack.page{page}.otsu.png" for page in (1, 2, 3)]
    assert [np.count_nonzero(read(f"pages/stack.page{page}.otsu.png")) for page in (1, 2, 3)] == [15, 20, 25]
    assert segcli("otsu", "stack.tif", "--page", "4").code == 1


def test_channels_regions_and_nodata_change_what_a_method_sees(segcli: Run, save: Save) -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    image[:, 5:, 0] = 200
    image[5:, :, 1] = 100
    save("a.png", image)
    segcli("otsu", "a.png", "--channel", "r", "-o", "red.png")
    assert np.array_equal(read("red.png") > 0, image[:, :, 0] > 0)
    segcli("otsu", "a.png", "--channel", "1", "-o", "green.png")
    assert np.array_equal(read("green.png") > 0, image[:, :, 1] > 0)
    roi = np.zeros((10, 10), np.uint8)
    roi[:5] = 255
    save("roi.png", roi)
    segcli("otsu", "a.png", "--roi", "roi.png", "-o", "inside.png")
    assert np.array_equal(read("inside.png") > 0, (image[:, :, 0] > 0) & (roi > 0))
    save("small.png", roi[:3])
    wrong = segcli("otsu", "a.png", "--roi", "small.png")
    assert wrong.code == 1
    assert "10 x 3" in wrong.err


def test_hints_are_paired_with_their_images(segcli: Run, save: Save) -> None:
    image = np.full((20, 20, 3), 30, np.uint8)
    image[5:15, 5:15] = (200, 60, 60)
    save("in/a.png", image)
    save("in/b.png", image)
    Path("boxes.json").write_text(json.dumps({"a": [3, 3, 17, 17]}))
    result = segcli("grabcut", "in", "--box", "@boxes.json", "-o", "masks")
    assert result.code == 1
    assert "no box for it" in result.err
    assert np.array_equal(read("masks/a.grabcut.png") > 0, image[:, :, 0] > 100)


def test_outputs_over_inputs_and_over_each_other_change_no_byte(segcli: Run, save: Save) -> None:
    image = save("a.png")
    other = save("sub/a.png", np.zeros((5, 5), np.uint8))
    before = image.read_bytes(), other.read_bytes()
    for arguments in (
        ["a.png", "-o", "a.png"],
        ["a.png", "-o", "a.png", "--exists", "overwrite"],
        ["a.png", "-o", ".", "--name", "{stem}"],
        ["a.png", "sub/a.png", "-o", "out"],
        ["a.png", "sub/a.png", "-o", "one.png"],
        ["a.png", "--table", "a.png.csv", "--report", "a.png", "--exists", "overwrite"],
    ):
        assert segcli("otsu", *arguments).code == 2
    assert (image.read_bytes(), other.read_bytes()) == before
    assert sorted(os.listdir(".")) == ["a.png", "sub"]


def test_a_read_only_folder_is_found_before_work(segcli: Run, save: Save) -> None:
    save("a.png")
    Path("file").write_bytes(b"")
    result = segcli("otsu", "a.png", "-o", "file/masks/")
    assert result.code == 2
    assert "cannot be made" in result.err


def test_a_debug_run_shows_the_traceback_and_another_does_not(segcli: Run, save: Save) -> None:
    Path("a.png").write_text("text")
    assert "Traceback" not in segcli("otsu", "a.png").err
    assert "Traceback" in segcli("otsu", "a.png", "--debug").err


def test_a_run_leaves_nothing_set_for_those_who_use_the_library_after_it(segcli: Run, save: Save) -> None:
    from segcli.numeric import compiled

    save("a.png")
    assert segcli("otsu", "a.png").code == 0
    assert compiled.announce is None
