"""`segcli compare` of twenty methods on one megapixel: `pytest tests/benchmarks/test_compare.py -s`.

The goal is 30 seconds on two idle cores with compiled loops at hand. Time on the wall is that of this machine as it is;
the processor time of all processes together, halved, is what two idle cores would need at the least.
"""

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
