"""Networks trained here and scored on test pictures, found through SEGCLI_DATA. A quarter of an hour each.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_trained.py -s --timeout 7200
SEGCLI_RUNS names a folder of runs that are there already. Levels were chosen on the val part. U-Net's paper reports
other slices of the same stack, by its full width: beside ours, not against it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segcli.files.labels import read_labels
from segcli.numeric.components import connected_components
from segcli.scores.segments import adapted_rand_error, rand_index
from segcli.scores.warping import warping_error

DATA = Path(os.environ.get("SEGCLI_DATA", "."))
SETTINGS = {
    "--model": "unet",
    "--width": 0.25,
    "--crop": 192,
    "--batch": 6,
    "--steps-per-epoch": 75,
    "--epochs": 16,
    "--rate": 2e-3,
    "--ema": 0.99,
    "--clip": 1,
    "--augment": "unet",
    "--amp": "bfloat16",
    "--threads": 1,
}
VESSELS, PIXEL_ERROR = 0.75, 0.108
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Above which a pixel is cell, where cells are told apart."""


def segcli(*words: object) -> str:
    made = subprocess.run([sys.executable, "-m", "segcli", *map(str, words)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return made.stdout


def trained(name: str, folder: Path) -> Path:
    """The run of a data set: one that is there, or a new one."""
    if not ("SEGCLI_DATA" in os.environ and (DATA / name).is_dir()):
        pytest.skip(f"needs SEGCLI_DATA with {name} in it")
    run = Path(os.environ.get("SEGCLI_RUNS", folder)) / name
    if not (run / "best.safetensors").exists():
        segcli("train", DATA / name, "-o", run, *(word for pair in SETTINGS.items() for word in pair))
    return run


def test_vessels(tmp_path):
    run = trained("vessels", tmp_path)
    found = json.loads(segcli("eval", "--model", run, DATA / "vessels", "--split", "test", "--json"))
    dice = found["tasks"]["semantic"]["scores"]["dice"]
    print(f"\nvessels, U-Net of width 1/4: Dice {dice:.3f}, 95 % {found['tasks']['semantic']['intervals']['dice']}")
    assert dice >= VESSELS


def errors(scores: np.ndarray, truth: np.ndarray, level: float) -> tuple[float, ...]:
    """Pixel error at .5; Rand, adapted Rand and warping error of the cells above a level."""
    cells, parts = (connected_components(mask, 4)[0] for mask in (scores > level, truth > 0))
    inside = parts > 0
    return (
        float(np.mean((scores > 0.5) != inside)),
        1 - rand_index(cells, parts),
        adapted_rand_error(cells, parts),
        warping_error(scores > level, truth),
    )


def test_membranes(tmp_path):
    run = trained("membrane", tmp_path)
    rows = {}
    for part in ("val", "test"):
        folder = DATA / "membrane" / part
        segcli("predict", "--model", run, folder / "images", "--tta", "flip", "--as", "scores", "-o", tmp_path)
        pairs = [
            (np.load(next(tmp_path.glob(f"{path.stem}.*npz")))["scores"][1], read_labels(str(path)))
            for path in sorted((folder / "masks").iterdir())
        ]
        rows[part] = {level: np.mean([errors(*pair, level) for pair in pairs], axis=0) for level in LEVELS}
    level = min(LEVELS, key=lambda one: rows["val"][one][2])
    pixel, rand, adapted, warping = rows["test"][level]
    print(
        f"\nmembranes, U-Net of width 1/4, cells above {level}: pixel error {pixel:.4f} (random forest {PIXEL_ERROR})"
    )
    print(f"  Rand {rand:.4f}, adapted {adapted:.4f}, warping {warping:.6f}; the paper .0611 (pixel), .0382, .000353")
    assert pixel < PIXEL_ERROR
