"""segcli convert, through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.files.labels import read_labels
from segcli.files.provenance import read_provenance

Run = Callable[..., Any]
Save = Callable[..., Path]

A = np.zeros((8, 10), np.uint16)
A[1:4, 1:5], A[5:8, 6:9] = 1, 2
B = np.zeros((8, 10), np.uint16)
B[2:6, 3:7] = 1
HOLED = A.copy()
HOLED[2, 2] = 0


@pytest.fixture
def folder(save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `in` of two label pictures, one in a subfolder."""
    monkeypatch.chdir(tmp_path)
    save("in/a.png", A)
    save("in/deep/b.png", B)
    return tmp_path


def test_a_folder_becomes_one_coco_file_and_that_a_folder_again(segcli: Run, folder: Path) -> None:
    result = segcli("convert", "in", "-r", "-o", "all.json")
    assert result.code == 0
    assert result.out.splitlines() == [
        "in/a.png -> all.json  png to coco, 2 objects, 10 x 8",
        "in/deep/b.png -> all.json  png to coco, 1 object, 10 x 8",
    ]
    held = json.loads(Path("all.json").read_text())
    assert [image["file_name"] for image in held["images"]] == ["a.png", "deep/b.png"]
    result = segcli("convert", "all.json", "--to", "png", "-o", "back")
    assert (result.code, result.out.splitlines()[1]) == (
        0,
        "all.json: deep/b -> back/deep/b.png  coco to png, 1 object, 10 x 8",
    )
    assert np.array_equal(read_labels("back/a.png"), A)
    assert np.array_equal(read_labels("back/deep/b.png"), B)


@pytest.mark.parametrize("name", ["tif", "npy", "npz", "voc", "yolo", "geojson", "roi", "masks"])
def test_every_format_gives_the_labels_back(segcli: Run, folder: Path, name: str) -> None:
    assert segcli("convert", "in/a.png", "--to", name, "-o", "there/").code == 0
    more = ["--size", "10x8"] if name == "yolo" else ["--from", "masks"] if name == "masks" else []
    more += ["--kind", "instances"] if name == "npy" else []
    result = segcli("convert", "there", "--to", "png", "-o", "back/", *more)
    assert (result.code, result.err) == (0, "")
    assert np.array_equal(read_labels("back/a.png"), A)


def test_a_file_is_named_by_its_ending_and_runs_twice_give_equal_bytes(segcli: Run, folder: Path) -> None:
    for name in ("x.zip", "x.geojson", "x.tif", "x.json"):
        assert segcli("convert", "in/a.png", "-o", name).code == 0
        first = Path(name).read_bytes()
        record = read_provenance(first)
        assert record is not None
        assert (record["method"], record["input"], record["untouched"]) == ("convert", "a.png", True)
        # Its own untouched work on the same input may be replaced.
        assert segcli("convert", "in/a.png", "-o", name).code == 0
        assert Path(name).read_bytes() == first


def test_existing_files_of_others_are_refused_before_any_work(segcli: Run, folder: Path) -> None:
    Path("x.txt").write_text("mine")
    result = segcli("convert", "in/a.png", "-o", "x.txt")
    assert (result.code, result.out) == (2, "")
    assert "'x.txt' exists and is not segcli's own untouched work" in result.err
    assert (
        segcli("convert", "in/a.png", "-o", "x.txt", "--exists", "skip").out == "in/a.png -> x.txt  in place already\n"
    )
    assert Path("x.txt").read_text() == "mine"
    assert segcli("convert", "in/a.png", "-o", "x.txt", "--exists", "overwrite").code == 0
    assert Path("x.txt").read_text().startswith("0 0.1 0.125 ")
    result = segcli("convert", "in/a.png", "--to", "png", "-o", "in")
    assert (result.code, "is an input of this run" in result.err) == (2, True)


def test_a_refusal_names_the_loss_and_the_others_go_on(segcli: Run, folder: Path, save: Save) -> None:
    save("in/c.png", HOLED)
    result = segcli("convert", "in", "-r", "--to", "yolo", "-o", "out", "--json")
    assert result.code == 1
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [(row["input"], row["status"]) for row in rows] == [
        ("in/a.png", "done"),
        ("in/c.png", "failed"),
        ("in/deep/b.png", "done"),
    ]
    assert rows[1]["error"]["message"].startswith("has 1 object with holes (object 1), which yolo cannot hold. Use ")
    assert "segcli convert: 'in/c.png' has 1 object with holes" in result.err
    assert not Path("out/c.txt").exists()
    assert Path("out/deep/b.txt").exists()
    assert Path("out/classes.txt").read_text() == "object\n"
    result = segcli("convert", "in/c.png", "-o", "c.txt", "--allow-loss", "holes")
    assert (result.code, result.err) == (0, "")


def test_two_pictures_of_one_name_are_refused(segcli: Run, folder: Path, save: Save) -> None:
    save("other/a.png", B)
    for target in ("coco", "npz"):
        result = segcli("convert", "in", "other", "--to", target, "-o", "out")
        assert result.code == 2
        assert "two pictures are called 'a' (one in 'in/a.png') and would both be written to 'out/" in result.err


def test_words_that_no_input_would_heed_are_refused(segcli: Run, folder: Path) -> None:
    assert segcli("convert", "in/a.png", "-o", "a.json").code == 0
    for flag, value in (("--classes", "a,b"), ("--ignore", 3)):
        result = segcli("convert", "a.json", "-o", "b.geojson", flag, value)
        assert result.code == 2
        assert f"{flag} is for label pictures" in result.err


def test_what_else_a_file_holds_is_noted_once(segcli: Run, folder: Path) -> None:
    assert segcli("convert", "in", "-r", "-o", "all.json").code == 0
    held = json.loads(Path("all.json").read_text())
    for row in held["annotations"]:
        row |= {"score": 0.5, "keypoints": []}
    Path("more.json").write_text(json.dumps(held))
    result = segcli("convert", "more.json", "--to", "geojson", "-o", "out")
    note = "segcli convert: note: more.json: 'score' of its objects is not kept; outlines, classes and crowds are"
    assert result.err.splitlines()[0] == note
    assert result.err.count("note") == 1


def test_one_failure_leaves_no_coco_file(segcli: Run, folder: Path) -> None:
    Path("in/c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = segcli("convert", "in", "-o", "all.json")
    assert result.code == 1
    assert result.err.splitlines()[-1].endswith("nothing was written")
    assert not Path("all.json").exists()


def test_what_is_not_there_fails_and_the_others_go_on(segcli: Run, folder: Path) -> None:
    Path("notes.pdf").write_bytes(b"%PDF-1.4")
    result = segcli("convert", "none.png", "notes.pdf", "in/a.png", "--to", "npz", "-o", "out")
    assert result.code == 1
    assert "segcli convert: 'none.png' does not exist." in result.err
    assert "'notes.pdf' is no annotation file (it starts like a PDF)" in result.err
    assert Path("out/a.npz").exists()


def test_a_dry_run_finds_refusals_and_writes_nothing(segcli: Run, folder: Path, save: Save) -> None:
    save("in/c.png", HOLED)
    result = segcli("convert", "in", "--to", "yolo", "-o", "out", "--dry-run")
    assert result.code == 1
    assert result.out == "in/a.png -> out/a.txt  png to yolo, 2 objects, 10 x 8\n"
    assert "with holes" in result.err
    assert not Path("out").exists()


def test_pictures_give_names_and_sizes(segcli: Run, folder: Path, save: Save) -> None:
    save("pictures/a.jpg", np.zeros((8, 10, 3), np.uint8))
    assert segcli("convert", "in/a.png", "-o", "a.json", "--images", "pictures").code == 0
    assert json.loads(Path("a.json").read_text())["images"][0]["file_name"] == "a.jpg"
    assert segcli("convert", "in/a.png", "-o", "a.txt").code == 0
    result = segcli("convert", "a.txt", "-o", "back.png")
    assert (result.code, "Give the pictures with --images, or their size" in result.err) == (1, True)
    assert segcli("convert", "a.txt", "-o", "back.png", "--images", "pictures").code == 0
    assert np.array_equal(read_labels("back.png"), A)
    os.rename("in/a.png", "in/a.otsu.png")
    assert segcli("convert", "in/a.otsu.png", "-o", "named.json", "--images", "pictures").code == 0
    assert json.loads(Path("named.json").read_text())["images"][0]["file_name"] == "a.jpg"
    os.rename("in/a.otsu.png", "in/a.png")
    save("pictures/a.jpg", np.zeros((8, 11, 3), np.uint8))
    result = segcli("convert", "in/a.png", "-o", "b.json", "--images", "pictures")
    assert "is of 10 x 8 pixels, its picture 'a.jpg' of 11 x 8; they must be equal." in result.err


def test_colors_come_from_a_map_and_go_into_one(segcli: Run, folder: Path, save: Save) -> None:
    Path("map.toml").write_text("ground = [0, 0, 0]\nroad = [128, 64, 128]\ncar = [0, 0, 255]\n")
    colors = np.zeros((3, 4, 3), np.uint8)
    colors[0], colors[1, :2] = (128, 64, 128), (0, 0, 255)
    expected = [[1, 1, 1, 1], [2, 2, 0, 0], [0, 0, 0, 0]]
    save("c.png", colors)
    assert "Give --classes FILE" in segcli("convert", "c.png", "--to", "voc", "-o", "voc.png").err
    assert segcli("convert", "c.png", "--to", "voc", "-o", "voc.png", "--colors", "map.toml").code == 0
    assert read_labels("voc.png").tolist() == expected
    assert segcli("convert", "voc.png", "--to", "color", "-o", "back.png", "--colors", "map.toml").code == 0
    from segcli.files.read import read_image

    assert np.array_equal(read_image("back.png").color, colors)
    # The file says its colors itself, and the names.
    assert segcli("convert", "back.png", "-o", "c.json").code == 0
    categories = json.loads(Path("c.json").read_text())["categories"]
    assert [(row["id"], row["name"]) for row in categories] == [(0, "ground"), (1, "road"), (2, "car")]


def test_connected_parts_of_a_mask_become_objects(segcli: Run, folder: Path, save: Save) -> None:
    save("m.png", ((A > 0) * 255).astype(np.uint8))
    assert segcli("convert", "m.png", "-o", "m.json").code == 0
    assert len(json.loads(Path("m.json").read_text())["annotations"]) == 1
    assert segcli("convert", "m.png", "-o", "n.json", "--objects", "--classes", "nucleus").code == 0
    held = json.loads(Path("n.json").read_text())
    assert (len(held["annotations"]), held["categories"][0]["name"]) == (2, "nucleus")
    assert segcli("convert", "n.json", "--to", "mask", "-o", "back.png", "--kind", "mask").code == 0
    assert np.array_equal(read_labels("back.png"), read_labels("m.png"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "cooc", "-o", "x"), "'cooc' is no annotation format; known are png, tif"),
        (("-o", "x"), "'x' does not say which format to write; name it with --to"),
        (("--to", "coco", "-o", "x.png"), "'x.png': coco is written as .json."),
        (("--to", "roi", "-o", "x.roi"), "'x.roi': roi is written as .zip."),
        (("-o", "x.json", "--kind", "blobs"), "--kind is 'blobs'; it must be one of mask"),
        (("-o", "x.json", "--shapes", "star"), "--shapes is 'star'; it must be one of auto"),
        (("-o", "x.txt", "--shapes", "rle"), "--shapes is for COCO; --to is yolo."),
        (("-o", "x.txt", "--allow-loss", "all"), "--allow-loss is 'all'; it must be one of empty, void"),
        (("-o", "x.txt", "--size", "12"), "--size is '12'; it must be a width and a height"),
        (("-o", "x.txt", "--exists", "ask"), "--exists is 'ask'; it must be one of fail"),
        (("--to", "png", "-o", "x.png", "-r", "in"), "2 pictures cannot all be written to 'x.png'"),
        (("--to", "png", "-o", "-", "-r", "in"), "standard output takes one file, and there are 2 pictures"),
        (("-o", "-", "--to", "coco", "--json"), "standard output cannot carry both"),
        (("-o", "x.json", "--images", "none"), "--images 'none' does not exist."),
    ],
)
def test_impossible_requests_are_refused(segcli: Run, folder: Path, arguments: tuple[str, ...], words: str) -> None:
    result = segcli("convert", "in/a.png", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert sorted(path.name for path in folder.iterdir()) == ["in"]


def test_pipes_carry_annotations_in_both_directions(folder: Path) -> None:
    command = [sys.executable, "-m", "segcli", "convert", "-", "-o", "-", "--to"]
    there = subprocess.run([*command, "geojson"], input=Path("in/a.png").read_bytes(), capture_output=True, check=True)
    assert there.stderr.decode() == "stdin -> stdout  png to geojson, 2 objects, 10 x 8\n"
    back = subprocess.run([*command, "npy"], input=there.stdout, capture_output=True, check=True)
    assert np.array_equal(read_labels(back.stdout), A)
