"""Speed of the thresholds that follow the light and of the ridge filters, beside the libraries, by turns in one run.

Run by hand: pytest tests/benchmarks/test_local.py -s

The local mean has three peers. Scikit-image's threshold_local computes the same thresholds. So do OpenCV's boxFilter to
floats and numpy's comparison, which is the fastest way to them. OpenCV's adaptiveThreshold is faster still but rounds
the means to whole levels and returns no thresholds: it computes something else and is printed only.
"""

from time import perf_counter

import numpy as np
import pytest

from segcli.method import run
from segcli.methods.edges.ridges import ridges
from segcli.methods.threshold.local_mean import local_mean
from segcli.methods.threshold.niblack import niblack
from segcli.methods.threshold.sauvola import sauvola
from segcli.opencv import cv2

filters = pytest.importorskip("skimage.filters")

WINDOW = 25
"""The default of all three."""

SLOWEST = 1.05
"""Share of the best library's time that is allowed."""


@pytest.fixture(autouse=True)
def one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def page(height=3000, width=4000):
    """Letters on paper in uneven light, with noise of 4 gray levels."""
    random = np.random.default_rng(0)
    image = np.linspace(90, 230, width).astype(np.uint8)[None].repeat(height, axis=0)
    places = random.integers((0, 0), (width, height), (height * width // 3000, 2)).tolist()
    for number, place in enumerate(places):
        cv2.putText(image, chr(ord("A") + number % 26), place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 40, 2)
    return np.clip(image + random.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def by_turns(functions, rounds):
    """Shortest time of each function, in milliseconds, printed as ratios to the first."""
    times = dict.fromkeys(functions, np.inf)
    for turn in range(rounds + 1):
        for name, function in functions.items():
            start = perf_counter()
            function()
            times[name] = min(times[name], 1000 * (perf_counter() - start)) if turn else np.inf
    ours = next(iter(times.values()))
    for name, milliseconds in times.items():
        print(f"  {name:52s}{milliseconds:9.1f} ms{milliseconds / ours:7.2f} x ours")
    return times


def peer(image, function, *settings):
    """Mask of what is not brighter than a library's thresholds."""
    return image <= function(image, WINDOW, *settings)


@pytest.mark.parametrize(
    ("method", "library", "least"),
    [(sauvola, "threshold_sauvola", 3.0), (niblack, "threshold_niblack", 1 / SLOWEST)],
    ids=["sauvola", "niblack"],
)
def test_12_megapixels_beside_scikit_image(method, library, least):
    image = page()
    threshold = getattr(filters, library)
    ours, theirs = run(method, image, k=0.2).labels > 0, peer(image, threshold, 0.2)
    different = np.mean(ours != theirs)
    print(f"\n{method.__name__}, window {WINDOW}, 12 MP, one thread; {different:.1e} of the masks differ")
    times = by_turns(
        {
            f"segcli {method.__name__}": lambda: run(method, image, k=0.2),
            f"scikit-image {library} and comparison": lambda: peer(image, threshold, 0.2),
        },
        3,
    )
    shortest, other = times.values()
    # Sums in float32 and float64 part where a pixel lies within 1e-4 gray levels of its threshold.
    assert different <= 1e-5
    assert other >= least * shortest


def test_the_local_mean_of_12_megapixels_beside_scikit_image_and_opencv():
    image = page()

    def exact():
        return image <= cv2.boxFilter(image, cv2.CV_32F, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101) - 10

    def scikit():
        return image <= filters.threshold_local(image, WINDOW, "mean", offset=10, mode="mirror")

    def rounded():
        return cv2.adaptiveThreshold(image, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, WINDOW, 10)

    ours = run(local_mean, image, window=WINDOW).labels > 0
    shares = [np.mean(ours != (other() > 0)) for other in (exact, scikit, rounded)]
    print("\nlocal mean, window 25, 12 MP, one thread; differ from", " ".join(f"{share:.1e}" for share in shares))
    times = by_turns(
        {
            "segcli local_mean": lambda: run(local_mean, image),
            "OpenCV boxFilter to float, and comparison": exact,
            "scikit-image threshold_local, and comparison": scikit,
            "OpenCV adaptiveThreshold: rounded, no thresholds": rounded,
        },
        8,
    )
    shortest, box, local, _ = times.values()
    assert shares[0] == 0
    assert shares[1] <= 1e-5
    assert shortest <= SLOWEST * min(box, local)


@pytest.mark.parametrize("kind", ["sato", "frangi", "meijering"])
def test_ridges_of_a_megapixel_at_three_scales_beside_scikit_image(kind):
    image = page(1000, 1000)
    scales = np.geomspace(1, 3, 3)
    library = getattr(filters, kind)
    ours, theirs = run(ridges, image, filter=kind).layers["response"], library(image, sigmas=scales)
    inner = (slice(20, -20), slice(20, -20))
    alike = np.corrcoef(ours[inner].ravel(), theirs[inner].ravel())[0, 1]
    print(f"\n{kind}, 1 MP, scales 1 to 3, one thread; answers correlate by {alike:.4f}")
    times = by_turns(
        {
            f"segcli ridges --filter {kind}, levels and mask": lambda: run(ridges, image, filter=kind),
            f"scikit-image {kind}, its answer alone": lambda: library(image, sigmas=scales),
        },
        3,
    )
    shortest, other = times.values()
    assert alike > 0.95
    assert shortest <= other
