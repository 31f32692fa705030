"""What --dry-run foresees for a megapixel, against the processor time and memory that it takes.

pytest tests/benchmarks/test_estimate.py -s
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from segcli.arrays import Box, Hint, Point
from segcli.estimate import estimate
from segcli.files.memory import image_of
from segcli.files.read import read_image
from segcli.methods import NAMES
from segcli.opencv import cv2
from segcli.phrase import segmenter_from_words

CAMERA = Path(__file__).parents[2] / "sample_images" / "camera.jpg"
SIDE = 1024
FITTED = ("pixel_classifier", "superpixel_crf")
LEAST = 0.05
"""Seconds below which nobody asks how long it takes."""

PEAK = """
import re, sys
from segcli.cli import app
app.run(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def hints(method: str, gray: np.ndarray) -> dict[str, Hint]:
    """What a method needs besides the picture."""
    if method in ("random_walker", "graphcut", "crf"):
        labels = np.zeros(gray.shape, np.int32)
        labels[400:460, 480:540], labels[20:80, 20:300] = 1, 2
        name = {"random_walker": "markers", "graphcut": "scribbles"}.get(method)
        return {name: labels} if name else {"labels": (gray > 100).astype(np.int32)}
    if method == "grabcut":
        return {"box": Box(100, 100, 900, 900)}
    return {"point": (Point(500, 500),)} if method == "region_growing" else {}


def test_most_times_are_foreseen_within_a_factor_of_three() -> None:
    image = image_of(np.ascontiguousarray(cv2.resize(read_image(CAMERA).native, (SIDE, SIDE))))
    ratios = {}
    print(f"\n{'method':<24} {'foreseen s':>10} {'real s':>8} {'ratio':>6} {'asking s':>8}")
    for method in NAMES:
        if method in FITTED:
            continue
        segmenter, given = segmenter_from_words(method), hints(method, image.gray)
        start = time.process_time()
        foreseen = estimate(segmenter, image, given)
        asking, start = time.process_time() - start, time.process_time()
        segmenter(image, given)
        real, expected = time.process_time() - start, foreseen.seconds_for(SIDE**2)
        if real > LEAST:
            ratios[method] = expected / real
        print(f"{method:<24} {expected:>10.3f} {real:>8.3f} {expected / real:>6.2f} {asking:>8.2f}")
    near = [ratio for ratio in ratios.values() if 1 / 3 <= ratio <= 3]
    print(f"{len(near)} of {len(ratios)} methods that take more than {LEAST} s are within a factor of 3")
    assert len(near) >= 0.6 * len(ratios)


def test_memory_is_foreseen_within_a_factor_of_two(tmp_path: Path) -> None:
    import json

    picture = tmp_path / "large.png"
    assert cv2.imwrite(str(picture), cv2.resize(read_image(CAMERA).native, (2048, 2048)))
    found = []
    for method in ("otsu", "kmeans", "watershed", "felzenszwalb", "slic", "mrf", "sauvola"):
        plan = subprocess.run(
            [sys.executable, "-m", "segcli", method, str(picture), "-o", str(tmp_path / "a.tif"), "-n", "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        foreseen = json.loads(plan.stdout)["estimate"]["bytes"]
        line = [method, str(picture), "-o", str(tmp_path / f"{method}.png"), "--quiet"]
        done = subprocess.run([sys.executable, "-c", PEAK, *line], capture_output=True, text=True, check=True)
        real = int(done.stdout.split()[-1]) * 1024
        print(f"{method:<24} {foreseen / 1e6:>10.0f} MB foreseen, {real / 1e6:.0f} MB real")
        found.append(foreseen / real)
    assert all(0.5 <= ratio <= 2 for ratio in found)
