"""Whole-process time of a small run against a bare script that imports numpy and OpenCV and does the same.

pytest tests/benchmarks/test_startup.py -s
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

COINS = Path(__file__).parents[2] / "sample_images" / "coins.jpg"
SCRIPT = """
import sys, numpy, cv2
image = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
level, mask = cv2.threshold(image, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
cv2.imwrite(sys.argv[2], mask)
print(level)
"""
ROUNDS = 21


# As an installed program runs: its modules are compiled once, not at every start.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - start


def test_otsu_on_a_small_file_takes_at_most_1_4_times_a_bare_script(tmp_path: Path) -> None:
    script = tmp_path / "bare.py"
    script.write_text(SCRIPT)
    commands = {
        "bare numpy + cv2": [sys.executable, str(script), str(COINS), str(tmp_path / "bare.png")],
        "segcli otsu": [sys.executable, "-m", "segcli", "otsu", str(COINS), "-o", str(tmp_path / "mask.png")],
        "segcli --help": [sys.executable, "-m", "segcli", "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        seconds(command)
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(seconds(command))
    bare = times["bare numpy + cv2"]
    ratios = {
        name: statistics.median(own / other for own, other in zip(values, bare, strict=True))
        for name, values in times.items()
    }
    print(f"\n{'command':<18} {'median ms':>10} {'ratio':>6}   ({ROUNDS} interleaved rounds)")
    for name, values in times.items():
        print(f"{name:<18} {statistics.median(values) * 1000:>10.0f} {ratios[name]:>6.2f}")
    assert ratios["segcli otsu"] <= 1.4
    assert ratios["segcli --help"] <= ratios["segcli otsu"]
