"""Speed of the edge methods and of region growing against OpenCV, scipy and scikit-image, by turns in one run.

Run by hand: pytest tests/benchmarks/test_edges.py -s
"""

from time import perf_counter

import numpy as np
import pytest

from segcli.method import run
from segcli.methods.edges.canny import canny
from segcli.methods.edges.log import log
from segcli.methods.edges.sobel import sobel
from segcli.methods.regions.region_growing import region_growing
from segcli.opencv import cv2

SLOWEST = 1.05
"""Times the best library."""

SIZES = ((1000, 1000), (3000, 4000))
each_size = pytest.mark.parametrize("shape", SIZES, ids=["1 MP", "12 MP"])


def picture(shape):
    """Gray discs of all sizes over slow light, blurred a little, with noise of 4 gray levels."""
    random = np.random.default_rng(0)
    height, width = shape
    image = np.linspace(60, 110, width, dtype=np.float32)[None].repeat(height, axis=0)
    discs = random.integers((0, 0, 8, 40), (width, height, 90, 220), (height // 4, 4))
    for column, row, radius, level in discs.tolist():
        cv2.circle(image, (column, row), radius, level, -1)
    image = cv2.GaussianBlur(image, (0, 0), 1.0) + random.normal(0, 4, shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def by_turns(functions, rounds):
    """Return the shortest time of each function, in milliseconds, after one call of each."""
    times = dict.fromkeys(functions, np.inf)
    for turn in range(rounds + 1):
        for name, function in functions.items():
            start = perf_counter()
            function()
            times[name] = min(times[name], 1000 * (perf_counter() - start)) if turn else np.inf
    return times


def compare(title, functions, others=(), rounds=4):
    """Time by turns, the first is ours; hold it against the best of those not in `others`."""
    cv2.setNumThreads(1)
    times = by_turns(functions, rounds)
    ours, *peers = times
    print(f"\n{title}, one thread")
    for name, milliseconds in times.items():
        words = "  (computes something else)" if name in others else ""
        print(f"  {name:52s} {milliseconds:9.1f} ms  {milliseconds / times[ours]:7.2f} x ours{words}")
    assert times[ours] <= SLOWEST * min(times[name] for name in peers if name not in others)


def within_a_pixel(one, two):
    """Share of the edge pixels of either that lie within a pixel of the other's, the smaller."""
    shares = []
    for first, second in ((one, two), (two, one)):
        near = cv2.dilate(second.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        shares.append((first & near).sum() / first.sum())
    return min(shares)


@each_size
def test_canny(shape):
    feature = pytest.importorskip("skimage.feature")
    image = picture(shape)
    sigma, low, high = 1.5, 3.0, 6.0

    def opencv():
        blurred = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        return cv2.Canny(blurred, 8 * low, 8 * high, L2gradient=True)

    def opencv_in_floats():
        blurred = cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        slopes = [cv2.Sobel(blurred, cv2.CV_16S, x, 1 - x, scale=16) for x in (1, 0)]
        return cv2.Canny(*slopes, 8 * 16 * low, 8 * 16 * high, L2gradient=True)

    def scikit_image():
        return feature.canny(image, sigma, 8 * low, 8 * high, mode="reflect")

    found = run(canny, image, sigma=sigma, low=low, high=high).labels > 0
    for name, theirs in (("OpenCV", opencv() > 0), ("scikit-image", scikit_image())):
        print(f"\n{name}: equal on {np.mean(found == theirs):.4%}, within a pixel {within_a_pixel(found, theirs):.3%}")
        assert within_a_pixel(found, theirs) > 0.95
    compare(
        f"canny, {shape[1]} x {shape[0]}",
        {
            "segcli canny": lambda: run(canny, image, sigma=sigma, low=low, high=high),
            "scikit-image canny": scikit_image,
            "OpenCV, blur and slopes in floats, Canny": opencv_in_floats,
            "OpenCV, blur rounded to 8 bits, Canny": opencv,
        },
        # They thin along the nearest of four directions, and give no steepness.
        others=("OpenCV, blur and slopes in floats, Canny", "OpenCV, blur rounded to 8 bits, Canny"),
        rounds=3,
    )


@each_size
def test_sobel(shape):
    filters = pytest.importorskip("skimage.filters")
    image = picture(shape)

    def opencv():
        across, down = (cv2.Sobel(image, cv2.CV_32F, x, 1 - x, scale=0.125) for x in (1, 0))
        steepness = cv2.magnitude(across, down)
        return steepness > 6.0, cv2.phase(across, down, angleInDegrees=True)

    def scikit_image():
        return filters.sobel(image.astype(np.float64)) > 6.0 * np.sqrt(2)

    found = run(sobel, image, threshold=6.0)
    inner = np.s_[1:-1, 1:-1]
    assert np.mean(found.labels[inner] == opencv()[0][inner]) > 0.9999
    compare(
        f"sobel, {shape[1]} x {shape[0]}",
        {
            "segcli sobel": lambda: run(sobel, image, threshold=6.0),
            "OpenCV, magnitude and phase": opencv,
            "scikit-image, magnitude alone": scikit_image,
        },
        rounds=3,
    )


@each_size
def test_log(shape):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = picture(shape)

    def crossed(response):
        """Signs that change to the right or below, at the side above 0, where the step is large enough."""
        mask = np.zeros(response.shape, bool)
        for near, far in (((slice(None), slice(-1)), (slice(None), slice(1, None))), ((slice(-1),), (slice(1, None),))):
            here, there = response[near], response[far]
            step = ((here > 0) != (there > 0)) & (np.abs(here - there) > 1.0)
            mask[near] |= step & (here > 0)
            mask[far] |= step & (there > 0)
        return mask

    def scipy():
        return crossed(ndimage.gaussian_laplace(image.astype(np.float32), 2.0))

    def opencv():
        return crossed(cv2.Laplacian(cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2.0), cv2.CV_32F))

    compare(
        f"log, {shape[1]} x {shape[0]}",
        {
            "segcli log": lambda: run(log, image, sigma=2.0, threshold=1.0),
            "scipy gaussian_laplace, crossings by numpy": scipy,
            "OpenCV blur, 3 x 3 Laplacian, crossings by numpy": opencv,
        },
        # The differences of neighbors are not the derivatives of the Gaussian.
        others=("OpenCV blur, 3 x 3 Laplacian, crossings by numpy",),
        rounds=2,
    )


@each_size
def test_region_growing_against_the_seed(shape):
    morphology = pytest.importorskip("skimage.segmentation")
    image = picture(shape)
    seed = tuple(int(place) for place in np.argwhere(np.abs(image.astype(int) - 95) < 3)[0][::-1])

    def opencv():
        mask = np.zeros((shape[0] + 2, shape[1] + 2), np.uint8)
        how = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
        cv2.floodFill(image, mask, seed, 0, 60, 60, how)
        return mask[1:-1, 1:-1]

    def scikit_image():
        return morphology.flood(image.astype(np.int32), seed[::-1], tolerance=60, connectivity=1)

    found = run(region_growing, image, point=(seed,), tolerance=60.0, against="seed").labels
    assert np.array_equal(found, opencv())
    assert np.array_equal(found > 0, scikit_image())
    print(f"\nthe region covers {found.mean():.1%}")
    compare(
        f"region growing against the seed, {shape[1]} x {shape[0]}",
        {
            "segcli region-growing --against seed": lambda: run(
                region_growing, image, point=(seed,), tolerance=60.0, against="seed"
            ),
            "OpenCV floodFill": opencv,
            "scikit-image flood": scikit_image,
        },
        rounds=3,
    )
