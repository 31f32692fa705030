"""Bad input to any method: one line that names it, what was found and what to do, and the right exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.files.provenance import read_provenance

Run = Callable[..., Any]
Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Save) -> None:
    monkeypatch.chdir(tmp_path)
    save("disks.png")
    save("two.png", np.where(np.arange(60) < 30, 20, 200).astype(np.uint8)[None].repeat(40, axis=0))
    strokes = np.zeros((40, 60), np.uint8)
    strokes[10:14, 10:14] = 1
    save("half.png", strokes)
    strokes[20:24, 20:24] = 9
    save("odd.png", strokes)
    save("small.png", np.ones((4, 4), np.uint8))
    save("large.png", np.random.default_rng(0).integers(0, 255, (300, 300)).astype(np.uint8))


BAD = (
    ("region-growing disks.png --point 99,5", 1, "point 99,5 lies outside the image, which is 60 x 40"),
    ("region-growing disks.png --point a,b", 2, "--point is 'a,b'; expected X,Y"),
    ("region-growing disks.png --markers small.png", 1, "markers is 4 x 4, the image is 60 x 40"),
    ("chan-vese disks.png --point 60,5", 1, "lies outside the image"),
    ("snake disks.png --box 5,5,5,9", 2, "has no area"),
    ("geodesic-active-contour disks.png --box 90,5,95,9", 1, "lies outside the image, which is 60 x 40"),
    ("random-walker disks.png --scribbles half.png", 1, "scribbles have no pixel of 2"),
    ("random-walker disks.png --scribbles odd.png", 1, "9"),
    ("graphcut disks.png --scribbles half.png", 1, "2 (background)"),
    ("graphcut disks.png --scribbles odd.png", 1, "9"),
    ("grabcut disks.png --scribbles odd.png", 1, "9"),
    ("kmeans two.png --classes 3", 1, "2"),
    ("gaussian-mixture two.png --classes 3", 1, "2"),
    ("mrf two.png --classes 3", 1, "2"),
    ("graphcut two.png --classes 3", 1, "2"),
    ("otsu two.png --classes 3", 1, "2 gray levels"),
    ("sauvola disks.png --window 10", 2, "must be odd, such as 11"),
    ("canny disks.png --low 9 --high 3", 2, "above high"),
    ("normalized-cut large.png --superpixels off", 1, "GB"),
    ("pixel-classifier disks.png", 2, "segcli fit pixel-classifier"),
    ("pixel-classifier disks.png --model two.png", 2, "is not a fitted model"),
    ("crf disks.png --scores two.png", 1, "NPZ"),
    ("crf disks.png --labels small.png", 1, "labels is 4 x 4"),
    ("otsu disks.png --as boxes", 1, "proposes no boxes"),
    ("otsu disks.png -o boxes.json", 1, "proposes no boxes"),
    ("selective-search disks.png -o boxes.csv", 2, "Use .png"),
    ("watershed disks.png --mask nowhere.png", 2, "does not exist"),
)


@pytest.mark.parametrize(("command", "code", "words"), BAD, ids=[row[0] for row in BAD])
def test_bad_input_gets_one_line(segcli: Run, command: str, code: int, words: str) -> None:
    before = sorted(os.listdir("."))
    result = segcli(*command.split())
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1), result.err
    assert result.err.startswith(f"segcli {command.split()[0]}: ")
    assert words in result.err
    assert sorted(os.listdir(".")) == before


def test_proposals_go_to_a_file_that_knows_whether_it_was_touched(segcli: Run) -> None:
    assert segcli("selective-search", "disks.png", "-o", "boxes.json", "--table", "boxes.csv").code == 0
    first = Path("boxes.json").read_bytes()
    held = json.loads(first)
    assert held["size"] == [60, 40]
    assert len(held["boxes"]) == len(held["ranks"]) > 0
    assert Path("boxes.csv").read_text().splitlines()[0] == "input,rank,left,top,right,bottom"
    assert (read_provenance(first) or {})["untouched"]
    assert segcli("selective-search", "disks.png", "-o", "boxes.json").code == 0
    assert Path("boxes.json").read_bytes() == first
    Path("boxes.json").write_bytes(first.replace(b'"size": [60', b'"size": [61'))
    refused = segcli("selective-search", "disks.png", "-o", "boxes.json")
    assert refused.code == 2
    assert "is not segcli's own untouched work" in refused.err
