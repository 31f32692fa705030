"""Speed of Otsu's threshold against OpenCV and scikit-image, measured by turns in one run.

Run by hand: pytest tests/benchmarks/test_otsu.py -s
"""

from time import perf_counter

import numpy as np
import pytest

from segcli.method import run
from segcli.methods.threshold.otsu import otsu
from segcli.numeric.histogram import histogram
from segcli.numeric.multilevel import multilevel_thresholds
from segcli.opencv import cv2


def by_turns(functions, rounds):
    """Return the shortest time of each function, in milliseconds."""
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = perf_counter()
            function()
            times[name].append(1000 * (perf_counter() - start))
    return {name: min(measured) for name, measured in times.items()}


def scene(dtype=np.uint8, height=3000, width=4000):
    """Return a picture with three humps in its histogram."""
    random = np.random.default_rng(0)
    values = random.normal(random.choice((60, 120, 190), (height, width)), 18)
    scale = {"uint8": 1, "uint16": 200, "float32": 1 / 255}[np.dtype(dtype).name]
    limit = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else np.inf
    return np.clip(values * scale, 0, limit).astype(dtype)


def report(title, times, ours):
    print(f"\n{title}")
    for name, milliseconds in times.items():
        print(f"  {name:38s} {milliseconds:10.2f} ms   {milliseconds / times[ours]:9.2f} x ours")


def test_the_binary_cut_of_12_megapixels_is_within_1_2_of_opencv():
    image = scene()
    times = by_turns(
        {
            "cv2.threshold, THRESH_OTSU": lambda: cv2.threshold(image, 0, 1, cv2.THRESH_OTSU),
            "segcli otsu": lambda: otsu(image),
            "segcli otsu through run": lambda: run(otsu, image),
        },
        15,
    )
    report("binary, uint8, 12 MP", times, "segcli otsu")
    assert times["segcli otsu"] <= 1.2 * times["cv2.threshold, THRESH_OTSU"]
    assert times["segcli otsu through run"] <= 1.2 * times["cv2.threshold, THRESH_OTSU"]


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_the_binary_cut_of_other_types_is_ahead_of_scikit_image(dtype):
    filters = pytest.importorskip("skimage.filters")
    image = scene(dtype)
    functions = {"skimage threshold_otsu, cut": lambda: image > filters.threshold_otsu(image)}
    if dtype == np.uint16:
        functions["cv2.threshold, THRESH_OTSU"] = lambda: cv2.threshold(image, 0, 1, cv2.THRESH_OTSU)
    functions["segcli otsu"] = lambda: otsu(image)
    times = by_turns(functions, 5)
    report(f"binary, {np.dtype(dtype).name}, 12 MP", times, "segcli otsu")
    assert times["segcli otsu"] < times["skimage threshold_otsu, cut"]


def test_five_classes_are_a_thousand_times_faster_than_scikit_image():
    filters = pytest.importorskip("skimage.filters")
    image = scene(height=256, width=256)
    image.flat[:256] = np.arange(256)
    counted = histogram(image)
    once = {"skimage threshold_multiotsu": lambda: filters.threshold_multiotsu(image, 5)}
    times = by_turns(once, 1)
    times |= by_turns(
        {
            "segcli otsu, whole": lambda: otsu(image, classes=5),
            "segcli, thresholds alone": lambda: multilevel_thresholds(counted, 5),
        },
        20,
    )
    report("5 classes, 256 levels, 256 x 256", times, "segcli otsu, whole")
    assert times["skimage threshold_multiotsu"] >= 1000 * times["segcli otsu, whole"]


def test_classes_of_16_bit_levels():
    counted = histogram(scene(np.uint16))
    times = by_turns({f"{n} classes": lambda n=n: multilevel_thresholds(counted, n) for n in (3, 5, 16)}, 2)
    report(f"thresholds of {np.count_nonzero(counted.counts)} levels that occur", times, "3 classes")
    assert times["3 classes"] < 1000
