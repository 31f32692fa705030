"""The sample pictures, through the real commands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tools.gallery import ROOT, coins_command, coins_picture

from segcli.scores.instance import f1, match

Run = Callable[..., Any]
SAMPLES = ROOT / "sample_images"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURES = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".jpg", ".png") and "_" not in path.stem)

COINS = (
    *((45, 52), (100, 56), (155, 50), (215, 51), (276, 52), (335, 44)),
    *((45, 124), (103, 126), (154, 127), (206, 124), (271, 120), (337, 124)),
    *((43, 197), (102, 196), (154, 198), (212, 193), (274, 194), (347, 186)),
    *((46, 260), (114, 266), (173, 262), (245, 264), (301, 263), (358, 268)),
)
"""(x, y) near the middle of each coin, read off the picture by eye."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_otsu_takes_opencvs_threshold_on_every_sample(segcli: Run, path: Path) -> None:
    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    expected, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    result = json.loads(segcli("otsu", path, "-o", "mask.png", "--json").out)
    assert result["numbers"]["threshold"] == expected
    assert np.array_equal(cv2.imread("mask.png", cv2.IMREAD_UNCHANGED), mask)


def test_the_readmes_command_finds_the_24_coins_and_nothing_else(segcli: Run) -> None:
    _, *arguments = shlex.split(coins_command(README))
    arguments[1] = str(ROOT / arguments[1])
    result = segcli(*arguments[: arguments.index("--as")], "-o", "labels.png")
    assert "objects 24," in result.out
    labels = cv2.imread("labels.png", cv2.IMREAD_UNCHANGED)
    found = [int(labels[y, x]) for x, y in COINS]
    assert sorted(found) == list(range(1, 25))


def test_the_readmes_picture_is_what_its_command_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = cv2.imread(str(SAMPLES / "gallery" / "coins.png"))
    assert np.mean(shown == coins_picture(README)) > 0.99


def test_the_drawn_discs_are_counted_exactly_where_a_threshold_joins_them(segcli: Run) -> None:
    truth = cv2.imread(str(SAMPLES / "touching_discs_labels.png"), cv2.IMREAD_UNCHANGED).astype(np.int32)
    result = segcli("watershed", SAMPLES / "touching_discs.png", "-o", "labels.png")
    assert f"objects {truth.max()}," in result.out
    labels = cv2.imread("labels.png", cv2.IMREAD_UNCHANGED).astype(np.int32)
    assert f1(labels, truth) == 1.0
    segcli("otsu", SAMPLES / "touching_discs.png", "-o", "mask.png")
    mask = cv2.imread("mask.png", cv2.IMREAD_UNCHANGED)
    joined = cv2.connectedComponents(mask)[1].astype(np.int32)
    assert match(joined, truth).true_positives < truth.max() / 4
