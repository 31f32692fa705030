"""The script that makes the README's pictures runs through, on pictures a quarter as large."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from tools.gallery import ROOT, commands, write
from tools.readme import README

SHRINK = 4


def small_samples(folder: Path) -> None:
    """The sample pictures, labels and boxes a quarter as large."""
    folder.mkdir()
    for path in (ROOT / "sample_images").iterdir():
        if path.suffix in (".jpg", ".png"):
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            labels = "labels" in path.name or "scribbles" in path.name
            how = cv2.INTER_NEAREST if labels else cv2.INTER_AREA
            size = (image.shape[1] // SHRINK, image.shape[0] // SHRINK)
            cv2.imwrite(str(folder / path.name), cv2.resize(image, size, interpolation=how))
    boxes = json.loads((ROOT / "sample_images" / "boxes.json").read_text())
    shrunk = {stem: [side // SHRINK for side in box] for stem, box in boxes.items()}
    (folder / "boxes.json").write_text(json.dumps(shrunk))


def shrunk(match: re.Match[str]) -> str:
    """A point of the pictures that are a quarter as large."""
    return f"--point {int(match[1]) // SHRINK},{int(match[2]) // SHRINK}"


def test_the_script_makes_every_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_samples(tmp_path / "sample_images")
    text = re.sub(r"--point (\d+),(\d+)", shrunk, README.read_text(encoding="utf-8"))
    target = tmp_path / "gallery"
    target.mkdir()
    write(text, [], target)
    assert {path.stem for path in target.iterdir()} == {*commands(text), "coins"}
    for path in target.iterdir():
        picture = cv2.imread(str(path))
        if path.stem != "coins":
            assert picture.shape[1] == (640 if path.stem.startswith("explain-") else 250)
        assert np.ptp(picture) > 100, path.stem
