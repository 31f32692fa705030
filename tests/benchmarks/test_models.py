"""The models that come with segcli on the test pictures of the nuclei (BBBC038), found through SEGCLI_DATA.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_models.py -s
Threshold and mirrored views were chosen on the val part.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("SEGCLI_DATA", ".")) / "nuclei" / "test"
GOALS = (0.899, 0.820, 0.543)
"""Mean Dice, F1 at IoU .5 and AP of scikit-image's watershed, tuned on the train part."""

pytestmark = pytest.mark.skipif(
    not ("SEGCLI_DATA" in os.environ and FOLDER.is_dir()), reason="needs SEGCLI_DATA with nuclei in it"
)


def segcli(*words: object) -> str:
    made = subprocess.run([sys.executable, "-m", "segcli", *map(str, words)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("unet", "--instances"),
        ("unet", "--instances", "--tta", "flip", "--threshold", 0.7),
        ("fcn8s", "--instances", "--split"),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_nuclei(tmp_path, words):
    segcli("predict", "--model", *words, FOLDER / "images", "-o", tmp_path, "--quiet")
    found = json.loads(segcli("eval", tmp_path, FOLDER / "masks", "--json"))
    scores = {name: value for task in found["tasks"].values() for name, value in task["scores"].items()}
    three = [scores[name] for name in ("picture_dice", "picture_f1", "average_precision")]
    print(f"\n{' '.join(map(str, words))}: Dice, F1, AP " + " ".join(f"{score:.3f}" for score in three))
    assert words[0] != "unet" or all(score > goal for score, goal in zip(three, GOALS, strict=True))
