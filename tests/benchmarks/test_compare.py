"""`segcli compare` of twenty methods on one megapixel: `pytest tests/benchmarks/test_compare.py -s`.

The goal is 30 seconds on two idle cores with compiled loops at hand. Time on the wall is that of this machine as it is;
the processor time of all processes together, halved, is what two idle cores would need at the least.

And what agreement is worth without truth, on the 74 test pictures of nuclei: scores of the consensus beside those of
the methods, and whether pictures on which methods part are those on which they err.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from segcli.opencv import cv2

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]
METHODS = (
    "otsu,hysteresis,niblack,sauvola,canny,ridges,watershed,regions-from-edges,felzenszwalb,mean-shift,slic,kmeans,"
    "gaussian-mixture,graphcut,grabcut,random-walker,mrf,chan-vese,bms,gbvs"
)


@pytest.mark.parametrize("name", ["astronaut.jpg", "coins.jpg", "coffee.jpg"])
def test_twenty_methods_on_a_megapixel(name: str, tmp_path: Path) -> None:
    image = cv2.imread(str(ROOT / "sample_images" / name), cv2.IMREAD_UNCHANGED)
    scale = (1e6 / (image.shape[0] * image.shape[1])) ** 0.5
    cv2.imwrite(str(tmp_path / "big.png"), cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    command = [sys.executable, "-m", "segcli", "compare", "big.png", "--methods", METHODS, "--jobs", "2", "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for run in ("first", "second"):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
        subprocess.run([*command, "--exists", "overwrite"], cwd=tmp_path, check=True, env=environment)
        seconds, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        load = os.getloadavg()[0]
        print(f"\n{name}, {run} run: {seconds:.1f} s on the wall, {worked:.1f} s of processors; load {load:.1f}")
        assert worked < 60


VOTERS = (
    "otsu,watershed,kmeans,gaussian-mixture,chan-vese,graphcut,crf,mrf,random-walker,hysteresis,regions-from-edges,"
    "grabcut,unet,fcn8s"
)


def test_what_agreement_is_worth_without_truth(data: Path, tmp_path: Path) -> None:
    from scipy.stats import spearmanr

    part = data / "nuclei" / "test"
    command = [sys.executable, "-m", "segcli", "compare", str(part / "images"), "--truth", str(part / "masks")]
    options = ["--score", "dice", "--score", "f1-instance", "--methods", VOTERS, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([*command, *options], cwd=tmp_path, check=True, env=environment, capture_output=True)
    found = json.loads(run.stdout)
    print()
    for row in found["standing"]:
        print(f"{row['method']:20} Dice {row['scores']['dice']:.4f}  F1 {row['scores']['f1-instance']:.4f}")
    parted = [picture["disagreement"] for picture in found["pictures"]]
    for label in ("majority", "otsu", "unet", "watershed"):
        scores = [
            next(row["scores"]["dice"] for row in picture["results"] if row["method"] == label)
            for picture in found["pictures"]
        ]
        rank = spearmanr(parted, [1 - score for score in scores]).statistic
        print(f"rank correlation of disagreement and the error of {label}: {rank:.2f}")
    best = max(
        row["scores"]["dice"] for row in found["standing"] if row["method"] not in ("unet", "majority", "STAPLE")
    )
    assert next(row["scores"]["dice"] for row in found["standing"] if row["method"] == "majority") > best
