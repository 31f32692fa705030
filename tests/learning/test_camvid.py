"""The benchmark on CamVid runs: on drawn pictures, two of each part, for one epoch."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from segcli.files.write import encode_array

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "camvid.py"


def test_two_pictures_of_each_part_are_trained_on_and_scored(tmp_path):
    random = np.random.default_rng(0)
    for part in ("train", "val", "test"):
        for kind in ("images", "masks"):
            (tmp_path / "data" / part / kind).mkdir(parents=True)
        for number in range(3):
            labels = np.repeat(np.arange(12, dtype=np.uint8), 6)[:, None] * np.ones((1, 96), np.uint8)
            image = np.stack([labels * 20, 255 - labels * 20, labels * 0 + 90], -1)
            image = np.clip(image + random.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
            name = f"{part}_{number}.png"
            (tmp_path / "data" / part / "images" / name).write_bytes(encode_array(image, ".png", {}))
            (tmp_path / "data" / part / "masks" / name).write_bytes(encode_array(labels, ".png", {}))
    words = ("--networks", "segnet,fc_densenet56", "--steps", "2", "--width", "0.0625", "--crop", "64", "--batch", "2")
    command = [sys.executable, str(SCRIPT), str(tmp_path / "data"), *words, "--pictures", "2", "--device", "cpu"]
    made = subprocess.run([*command, "--out", str(tmp_path / "runs")], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    rows = [line.split("|") for line in made.stdout.splitlines() if line.startswith("| `")]
    assert [row[1].strip() for row in rows] == ["`segnet`", "`fc_densenet56`"]
    assert all(0 <= float(row[3]) <= 100 for row in rows)
    assert rows[1][5].strip() == "58.9"
    assert (tmp_path / "runs" / "segnet" / "curves.png").exists() or (tmp_path / "runs" / "segnet" / "samples").exists()
    again = [word if word != "segnet,fc_densenet56" else "segnet" for word in command]
    made_again = subprocess.run([*again, "--out", str(tmp_path / "runs")], capture_output=True, text=True)
    assert made_again.returncode == 0, made_again.stderr
    assert [line for line in made_again.stdout.splitlines() if line.startswith("| `")] == ["|".join(rows[0])]
