"""Speed of the watershed against scikit-image and scipy, measured by turns in one run.

Run by hand: pytest tests/benchmarks/test_watershed.py -s
"""

import subprocess
import sys
from time import perf_counter

import numpy as np
import pytest

from segcli.method import run
from segcli.methods.regions.watershed import watershed
from segcli.opencv import cv2

MIN_DISTANCE = 10
"""The default of segcli's watershed too."""


def touching_discs(height=3000, width=4000, count=2700):
    """Return bright discs, many of which touch or overlap, that cover about 60 % of the picture."""
    random = np.random.default_rng(0)
    image = np.full((height, width), 60, np.uint8)
    for column, row, radius in random.integers((0, 0, 30), (width, height, 44), (count, 3)).tolist():
        cv2.circle(image, (column, row), radius, 180, -1)
    return np.clip(image + random.normal(0, 8, image.shape), 0, 255).astype(np.uint8)


def by_libraries(image):
    """Return labels, markers and mask of the same steps in scikit-image and scipy."""
    from scipy.ndimage import distance_transform_edt
    from skimage.feature import peak_local_max
    from skimage.filters import threshold_otsu
    from skimage.segmentation import watershed as library_watershed

    mask = image > threshold_otsu(image)
    distance = distance_transform_edt(mask)
    peaks = peak_local_max(distance, min_distance=MIN_DISTANCE, exclude_border=False)
    markers = np.zeros(image.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return library_watershed(-distance, markers, mask=mask), markers, mask


def by_turns(functions, rounds):
    """Return the shortest time of each function, in milliseconds."""
    times = dict.fromkeys(functions, np.inf)
    for _ in range(rounds):
        for name, function in functions.items():
            start = perf_counter()
            function()
            times[name] = min(times[name], 1000 * (perf_counter() - start))
    return times


def report(title, times, ours):
    print(f"\n{title}")
    for name, milliseconds in times.items():
        print(f"  {name:44s} {milliseconds:9.1f} ms  {milliseconds / times[ours]:7.2f} x ours")


def test_12_megapixels_are_five_times_faster_with_the_same_labels():
    pytest.importorskip("skimage")
    pytest.importorskip("scipy")
    cv2.setNumThreads(1)
    image = touching_discs()
    run(watershed, touching_discs(300, 400, 30))
    expected, markers, mask = by_libraries(image)
    found = run(watershed, image, markers=markers)
    same = np.mean(found.labels[mask] == expected[mask])
    own = run(watershed, image)
    print(f"\n{mask.mean():.1%} foreground, {markers.max()} markers there, {int(own.layers['markers'].max())} here")
    print(f"labels equal on {same:.4%} of the foreground, with the same markers")
    times = by_turns(
        {
            "segcli watershed, bright side": lambda: run(watershed, image, foreground="bright"),
            "segcli watershed, side found by itself": lambda: run(watershed, image),
            "otsu, edt, peaks, watershed of the libraries": lambda: by_libraries(image),
        },
        4,
    )
    report("touching discs, 12 MP, one thread", times, "segcli watershed, bright side")
    assert np.array_equal(found.layers["mask"], mask)
    assert same >= 0.999
    assert times["otsu, edt, peaks, watershed of the libraries"] >= 5 * times["segcli watershed, bright side"]


@pytest.mark.parametrize(("on", "dtype"), [("gradient", np.uint8), ("intensity", np.uint16), ("gradient", np.float32)])
def test_other_landscapes_are_faster_too(on, dtype):
    segmentation = pytest.importorskip("skimage.segmentation")
    image = touching_discs(1000, 1500, 340).astype(dtype)
    made = run(watershed, image, on=on)
    surface = made.layers["gradient"] if on == "gradient" else -image.astype(np.float64)
    markers, mask = made.layers["markers"], made.layers["mask"]
    expected = segmentation.watershed(surface, markers, mask=mask)
    same = np.mean(run(watershed, image, on=on, markers=markers, mask=mask).labels[mask] == expected[mask])
    times = by_turns(
        {
            "segcli watershed": lambda: run(watershed, image, on=on, markers=markers, mask=mask),
            "the flood of scikit-image alone": lambda: segmentation.watershed(surface, markers, mask=mask),
        },
        3,
    )
    report(f"{on}, {np.dtype(dtype).name}, 1.5 MP; labels equal on {same:.3%}", times, "segcli watershed")
    assert same >= 0.99
    assert times["the flood of scikit-image alone"] > times["segcli watershed"]


def test_what_a_first_call_costs(tmp_path):
    """Compiling, once in a machine's life, and loading what was compiled, once a process: printed, and bounded."""
    code = (
        "import time; start = time.perf_counter(); import numpy as np; from segcli.method import run\n"
        "from segcli.methods.regions.watershed import watershed; from segcli.opencv import cv2\n"
        "image = np.zeros((303, 384), np.uint8); cv2.circle(image, (90, 90), 40, 255, -1)\n"
        "cv2.circle(image, (150, 90), 40, 255, -1); image[0, 0] = 9; run(watershed, image)\n"
        "print(time.perf_counter() - start)"
    )
    seconds = []
    for _ in range(3):
        answer = subprocess.run(
            [sys.executable, "-c", code],
            env={"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            check=True,
        )
        seconds.append(float(answer.stdout))
    print(f"\nfirst call ever {seconds[0]:.2f} s; in later processes {min(seconds[1:]):.2f} s, imports included")
    assert min(seconds[1:]) < seconds[0] < 20
