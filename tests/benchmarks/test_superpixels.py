"""Speed and quality of superpixels, Felzenszwalb's regions and mean shift, beside the libraries, by turns in one run.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_superpixels.py -s
"""

from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from benchmarks.bsds import pictures

from segcli.method import run
from segcli.methods.regions.felzenszwalb import felzenszwalb
from segcli.methods.regions.mean_shift import mean_shift
from segcli.methods.superpixels.slic import slic
from segcli.methods.superpixels.watershed_superpixels import watershed_superpixels
from segcli.numeric.flood import flood
from segcli.opencv import cv2
from segcli.scores.segments import adapted_rand_error, boundary_recall, undersegmentation_error

segmentation = pytest.importorskip("skimage.segmentation")
ndimage = pytest.importorskip("scipy.ndimage")
color = pytest.importorskip("skimage.color")

SLOWEST = 1.05
"""Share of the library's time that is allowed."""


@pytest.fixture(autouse=True)
def one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def astronaut(side):
    path = Path(__file__).parents[2] / "sample_images" / "astronaut.jpg"
    image = cv2.imread(str(path))[:, :, ::-1]
    return np.ascontiguousarray(cv2.resize(image, (side, side)))


def ratio(title, ours, theirs, rounds=4):
    """Print the shortest times of both and return ours over theirs, with the last answer of each."""
    ours()
    times, answers = [np.inf, np.inf], [None, None]
    for _ in range(rounds):
        for place, function in enumerate((ours, theirs)):
            start = perf_counter()
            answers[place] = function()
            times[place] = min(times[place], perf_counter() - start)
    print(f"\n{title:58s}{times[0]:7.3f} s {times[1]:7.3f} s   {times[0] / times[1]:.2f} of the library's", end="")
    return times[0] / times[1], *answers


@pytest.mark.parametrize("adaptive", [False, True])
def test_slic_is_faster_than_scikit_image(adaptive):
    image = astronaut(1000)
    share, _, _ = ratio(
        f"slic, 1 MP, 400 regions, 10 iterations, adaptive {adaptive}",
        lambda: run(slic, image, regions=400, sigma=0.0, adaptive=adaptive),
        lambda: segmentation.slic(image, 400, 10.0, max_num_iter=10, slic_zero=adaptive, start_label=1),
    )
    assert share <= SLOWEST


@pytest.mark.parametrize(("sigma", "most"), [(0.0, 0.01), (0.8, 0.01)])
def test_felzenszwalb_is_faster_than_scikit_image_and_finds_its_regions(sigma, most):
    image = astronaut(1000)
    share, ours, theirs = ratio(
        f"felzenszwalb, 1 MP, scale 300, sigma {sigma}",
        lambda: run(felzenszwalb, image, scale=300.0, sigma=sigma, min_region=50).labels,
        lambda: segmentation.felzenszwalb(image, scale=300, sigma=sigma, min_size=50),
    )
    error = adapted_rand_error(ours, theirs + 1)
    print(f"; {ours.max()} regions and {theirs.max() + 1}, adapted Rand error between them {error:.1e}", end="")
    assert share <= SLOWEST
    assert error <= most


@pytest.mark.parametrize(("radius", "reach"), [(8, 8.0), (16, 10.0), (16, 24.0)])
def test_mean_shift_is_as_fast_as_opencv_though_it_climbs_to_the_end(radius, reach):
    image = astronaut(512)
    share, _, _ = ratio(
        f"mean shift and its regions, 512 x 512, bandwidths {radius} and {reach:g}",
        lambda: run(mean_shift, image, radius=radius, color_radius=reach),
        lambda: cv2.pyrMeanShiftFiltering(image, radius, reach, maxLevel=0),
        rounds=3,
    )
    assert share <= SLOWEST


@pytest.mark.parametrize("compactness", [0.05, 0.0])
def test_watershed_superpixels_are_as_fast_as_the_steps_of_scikit_image(compactness):
    image = astronaut(1000)
    settings = {"regions": 400, "compactness": compactness}
    layers = run(watershed_superpixels, image, **settings).layers

    def library():
        smooth = ndimage.gaussian_filter(color.rgb2lab(image), (1, 1, 0))
        steps = [ndimage.sobel(smooth, axis) for axis in (0, 1)]
        slope = np.sqrt(sum((step / 8) ** 2 for step in steps).sum(axis=2))
        return segmentation.watershed(slope, layers["markers"], connectivity=1, compactness=compactness)

    share, ours, theirs = ratio(
        f"watershed superpixels, 1 MP, 400 regions, compactness {compactness}",
        lambda: run(watershed_superpixels, image, **settings).labels,
        library,
    )
    print(f"; {np.mean(ours == theirs):.2%} of the labels equal", end="")
    ratio(
        "  the flood alone, on the same gradient",
        lambda: flood(layers["gradient"], layers["markers"], connectivity=4, compactness=compactness),
        lambda: segmentation.watershed(layers["gradient"], layers["markers"], connectivity=1, compactness=compactness),
    )
    assert share <= SLOWEST
    # The last digits of the gradients differ, and on even ground they decide which flood comes first.
    assert np.mean(ours == theirs) > 0.8


def at_least(count, regions, zero):
    """Scikit-image's superpixels of a picture, asked for until there are as many as ours; it returns fewer."""

    def part(image):
        asked, goal = regions, count(image)
        for _ in range(5):
            labels = segmentation.slic(image, asked, 10.0, slic_zero=zero, start_label=1)
            if labels.max() >= goal:
                break
            asked = int(asked * max(1.02, goal / labels.max())) + 1
        return labels

    return part


@pytest.mark.parametrize("regions", [100, 300, 600])
def test_superpixels_follow_what_people_drew_no_worse_than_scikit_images(data, regions):
    def ours(method, **settings):
        return lambda image: run(method, image, regions=regions, **settings).labels

    count = ours(slic)
    ways = {
        "slic": ours(slic),
        "slic --sigma 0": ours(slic, sigma=0.0),
        "slic --adaptive": ours(slic, adaptive=True),
        "watershed-superpixels": ours(watershed_superpixels),
        "scikit-image's slic": lambda image: segmentation.slic(image, regions, 10.0, start_label=1),
        "the same, as many as ours": at_least(lambda image: count(image).max(), regions, False),
        "scikit-image's slic zero, as many": at_least(lambda image: count(image).max(), regions, True),
    }
    rows = {name: [] for name in ways}
    for image, annotators in pictures(data):
        for name, way in ways.items():
            labels = way(image)
            both = [(boundary_recall(labels, truth), undersegmentation_error(labels, truth)) for truth in annotators]
            rows[name].append((*np.mean(both, axis=0), labels.max()))
    print(f"\n{regions} regions, 60 pictures          recall (2 pixels)  undersegmentation  regions")
    means = {name: np.mean(row, axis=0) for name, row in rows.items()}
    for name, (recall, error, found) in means.items():
        print(f"  {name:36s}{recall:12.4f}{error:18.4f}{found:12.1f}")
    zero, plain = means["scikit-image's slic zero, as many"], means["the same, as many as ours"]
    for name in ("slic", "slic --sigma 0", "slic --adaptive"):
        peer = zero if name == "slic --adaptive" else plain
        assert means[name][0] >= peer[0], name
        assert means[name][1] <= peer[1], name
