"""A batch of 500 one-megapixel JPEGs with two workers against the same loop on bare OpenCV, written as durably.

    pytest tests/benchmarks/test_batch.py -s

Start-up is left out of both: the time of 20 files is taken off that of 500. Memory is the largest
resident size of any process of the run, for 50 and for 500 files.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

MANY, FEW, ROUNDS = 500, 20, 5
SAMPLES = Path(__file__).parents[2] / "sample_images"
PEER = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import cv2

def one(job):
    source, target = job
    image = cv2.imread(source, cv2.IMREAD_GRAYSCALE)
    level, mask = cv2.threshold(image, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    data = cv2.imencode(".png", mask)[1]
    temporary = target + ".tmp"
    with open(temporary, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, target)
    return level

def prepare():
    cv2.setNumThreads(1)

if __name__ == "__main__":
    folder, out = sys.argv[1:]
    os.makedirs(out)
    jobs = [(os.path.join(folder, n), os.path.join(out, n[:-4] + ".png")) for n in sorted(os.listdir(folder))]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=prepare) as pool:
        for level in pool.map(one, jobs, chunksize=4):
            print(level)
"""


def make_pictures(folder: Path, count: int) -> None:
    """Photographs: megapixel windows of the enlarged samples, each at another place."""
    folder.mkdir()
    random = np.random.default_rng(0)
    names = ("astronaut", "camera", "cat", "coffee", "coins", "retina")
    photographs = [cv2.imread(str(SAMPLES / f"{name}.jpg")) for name in names]
    large = [cv2.resize(photo, (1500, 1500), interpolation=cv2.INTER_CUBIC) for photo in photographs]
    for number in range(count):
        top, left = random.integers(0, 500, 2)
        window = large[number % len(large)][top : top + 1000, left : left + 1000]
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), window, [cv2.IMWRITE_JPEG_QUALITY, 90])


def seconds(command: list[str], out: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.perf_counter() - start
    shutil.rmtree(out)
    return took


def test_throughput_is_at_least_0_85_of_bare_opencv(tmp_path: Path) -> None:
    script = tmp_path / "peer.py"
    script.write_text(PEER)
    for name, count in (("many", MANY), ("few", FEW)):
        make_pictures(tmp_path / name, count)
    out = tmp_path / "out"
    segcli = [sys.executable, "-m", "segcli", "otsu", "-o", str(out), "--jobs", "2"]
    loops = {
        "bare OpenCV, 2 processes": lambda folder: [sys.executable, str(script), folder, str(out)],
        "segcli otsu --jobs 2": lambda folder: [*segcli, folder],
        "the same --quiet": lambda folder: [*segcli, folder, "--quiet"],
    }
    rates: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(ROUNDS):
        for name, command in loops.items():
            took = {size: seconds(command(str(tmp_path / size)), out) for size in ("many", "few")}
            rates[name].append((MANY - FEW) / (took["many"] - took["few"]))
    print(f"\n{'loop':<26} {'files/s (median)':>16} {'ratio':>6}")
    ratios = {}
    for name, values in rates.items():
        pairs = zip(values, rates["bare OpenCV, 2 processes"], strict=True)
        ratios[name] = statistics.median(own / peer for own, peer in pairs)
        print(f"{name:<26} {statistics.median(values):>16.1f} {ratios[name]:>6.2f}")
    assert ratios["segcli otsu --jobs 2"] >= 0.85


def peak_megabytes(folder: Path, out: Path) -> float:
    """Largest resident size of any process of a run, measured by a fresh parent."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, "
        "stderr=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-m", "segcli", "otsu", str(folder), "-o", str(out), "--jobs", "2"]
    found = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    shutil.rmtree(out)
    return int(found.stdout) / (1024 if sys.platform == "linux" else 1024**2)


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    sizes = {}
    small = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    for count in (100, 10_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        cv2.imwrite(str(folder / "00000.png"), small)
        for number in range(1, count):
            os.link(folder / "00000.png", folder / f"{number:05d}.png")
        sizes[count] = peak_megabytes(folder, tmp_path / "out")
    print("\n" + "\n".join(f"{count:>6} files: {size:.0f} MB" for count, size in sizes.items()))
    assert sizes[10_000] < sizes[100] + 20
