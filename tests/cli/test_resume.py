"""`--exists`: what counts as done, and what is never replaced."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

Run = Callable[..., Any]
Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stack(tmp_path: Path) -> str:
    """A TIFF of three pages that differ."""
    import tifffile

    pages = np.zeros((3, 20, 20), np.uint8)
    for page in range(3):
        pages[page, 5 : 8 + page, 5:10] = 200
    tifffile.imwrite(tmp_path / "stack.tif", pages, photometric="minisblack")
    return "stack.tif"


def half(side: str) -> np.ndarray:
    mask = np.zeros((40, 60), np.uint8)
    mask[:, :30] = 255
    return mask if side == "left" else 255 - mask


def in_place(result: Any) -> bool:
    assert result.code == 0, result.err
    return "in place already" in result.out


def test_resume_sees_that_a_region_file_has_changed(segcli: Run, save: Save) -> None:
    save("a.png")
    save("roi.png", half("left"))
    arguments = ("otsu", "a.png", "-o", "out", "--roi", "roi.png", "--exists", "resume")
    assert not in_place(segcli(*arguments))
    os.utime("roi.png", ns=(1, 1))
    assert in_place(segcli(*arguments))
    save("roi.png", half("right"))
    assert not in_place(segcli(*arguments))
    assert not in_place(segcli(*arguments[:4], "--exists", "resume"))


def test_resume_sees_that_scribbles_or_a_box_have_changed(segcli: Run, save: Save) -> None:
    image = save("a.png")
    scribbles = np.zeros((40, 60), np.uint8)
    scribbles[26, 30:38], scribbles[1, 1:20] = 1, 2
    save("s/a.png", scribbles)
    drawn = ("graphcut", "a.png", "-o", "out", "--scribbles", "s", "--exists", "resume")
    assert not in_place(segcli(*drawn))
    assert in_place(segcli(*drawn))
    scribbles[12, 8:16] = 1
    save("s/a.png", scribbles)
    assert not in_place(segcli(*drawn))
    boxed = ("graphcut", image.name, "-o", "boxed", "--exists", "resume", "--box")
    assert not in_place(segcli(*boxed, "20,10,50,38"))
    assert not in_place(segcli(*boxed, "2,2,25,25"))
    Path("boxes.json").write_text(json.dumps({"a": [2, 2, 25, 25]}))
    assert in_place(segcli(*boxed, "@boxes.json"))
    Path("boxes.json").write_text(json.dumps({"a": [2, 2, 26, 25]}))
    assert not in_place(segcli(*boxed, "@boxes.json"))


def test_resume_tells_pages_kinds_and_a_nodata_of_zero_apart(segcli: Run, save: Save, stack: str) -> None:
    save("a.png")
    paged = ("otsu", stack, "-o", "out", "--exists", "resume", "--page")
    assert not in_place(segcli(*paged, "1"))
    assert not in_place(segcli(*paged, "2"))
    plain = ("otsu", "a.png", "-o", "out", "--exists", "resume")
    assert not in_place(segcli(*plain))
    assert not in_place(segcli(*plain, "--as", "labels"))
    assert not in_place(segcli(*plain, "--as", "labels", "--nodata", "0"))
    # The same from what the outputs say of themselves.
    os.unlink("out/.segcli-journal")
    assert in_place(segcli(*plain, "--as", "labels", "--nodata", "0"))
    assert not in_place(segcli(*plain, "--as", "mask", "--nodata", "0"))


def test_resume_makes_the_steps_that_are_missing(segcli: Run, save: Save) -> None:
    save("a.png")
    plain = ("otsu", "a.png", "-o", "out", "--exists", "resume")
    assert not in_place(segcli(*plain))
    assert not in_place(segcli(*plain, "--steps", "steps"))
    assert in_place(segcli(*plain, "--steps", "steps"))
    os.unlink("steps/a/01_input.png")
    assert not in_place(segcli(*plain, "--steps", "steps"))
    assert Path("steps/a/01_input.png").exists()


def test_resume_replaces_the_steps_of_an_input_that_has_changed(segcli: Run, save: Save) -> None:
    save("a.png")
    arguments = ("otsu", "a.png", "-o", "out", "--exists", "resume", "--steps", "steps")
    assert not in_place(segcli(*arguments))
    save("a.png", half("left"))
    assert not in_place(segcli(*arguments))
    Path("steps/a/01_input.png").write_bytes(b"somebody's work")
    save("a.png", half("right"))
    assert segcli(*arguments).code == 2
    assert Path("steps/a/01_input.png").read_bytes() == b"somebody's work"


def test_resumed_pages_stand_in_the_table_in_their_order(segcli: Run, stack: str) -> None:
    arguments = ("otsu", stack, "--page", "all", "-o", "out", "--exists", "resume", "--table")
    segcli(*arguments, "whole.csv")
    os.unlink("out/stack.page1.otsu.png")
    assert segcli(*arguments, "resumed.csv").code == 0
    assert Path("whole.csv").read_bytes() == Path("resumed.csv").read_bytes()


def test_a_journal_with_a_strange_line_is_no_crash(segcli: Run, save: Save) -> None:
    save("a.png")
    os.mkdir("out")
    Path("out/.segcli-journal").write_text('{"outputs": [{"path": "a.otsu.png"}]}\n[]\n3\n')
    assert not in_place(segcli("otsu", "a.png", "-o", "out", "--exists", "resume"))
    assert in_place(segcli("otsu", "a.png", "-o", "out", "--exists", "resume"))


def test_skip_makes_what_is_missing_and_leaves_what_is_there(segcli: Run, save: Save) -> None:
    save("a.png")
    Path("a.otsu.png").write_bytes(b"somebody's work")
    result = segcli("otsu", "a.png", "--as", "mask", "--as", "overlay", "--exists", "skip")
    assert result.code == 0
    assert Path("a.otsu.png").read_bytes() == b"somebody's work"
    assert Path("a.otsu.overlay.png").exists()


def test_a_table_that_would_lack_what_is_skipped_is_refused(segcli: Run, save: Save) -> None:
    save("a.png")
    result = segcli("otsu", "a.png", "--exists", "skip", "--table", "t.csv")
    assert result.code == 2
    assert "--exists resume" in result.err


def test_the_mask_of_another_picture_of_the_same_name_is_not_replaced(segcli: Run, save: Save) -> None:
    save("monday/cell.png")
    save("tuesday/cell.png", 255 - cv2.imread(str(save("x.png")), cv2.IMREAD_UNCHANGED))
    assert segcli("otsu", "monday/cell.png").code == 0
    first = Path("cell.otsu.png").read_bytes()
    refused = segcli("otsu", "tuesday/cell.png")
    assert refused.code == 2
    assert Path("cell.otsu.png").read_bytes() == first
    assert segcli("otsu", "monday/cell.png", "--foreground", "dark").code == 0
    assert segcli("otsu", "tuesday/cell.png", "--exists", "overwrite").code == 0
