"""What the three methods that are stopped by edges have in common, and what each does by itself."""

import numpy as np
import pytest
from skimage.filters import gaussian
from skimage.segmentation import active_contour

from segcli.arrays import Box, Point
from segcli.errors import InputError
from segcli.method import run
from segcli.methods.contours.distance_regularized import distance_regularized
from segcli.methods.contours.geodesic_active_contour import geodesic_active_contour
from segcli.methods.contours.snake import snake
from segcli.numeric.snakes import fill

METHODS = (geodesic_active_contour, snake, distance_regularized)
each_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)

SETTINGS = {geodesic_active_contour: {"sigma": 2.0}, snake: {}, distance_regularized: {"sigma": 1.5}}


def disc(seed=0, noise=5.0):
    """A bright disc on dark ground in noise, and its truth."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:60, :70]
    truth = np.hypot(rows - 28, columns - 36) < 15
    return np.clip(np.where(truth, 160, 60) + random.normal(0, noise, truth.shape), 0, 255).astype(np.uint8), truth


def overlap(labels, truth):
    return (truth & (labels > 0)).sum() / (truth | (labels > 0)).sum()


@each_method
@pytest.mark.parametrize("start", [{}, {"box": Box(15, 8, 58, 50)}, {"point": (Point(34, 30),), "radius": 5.0}])
def test_a_disc_is_found_from_around_and_from_within(method, start):
    image, truth = disc()
    result = run(method, image, contrast=15.0, **start, **SETTINGS[method])
    assert overlap(result.labels, truth) > 0.87
    assert (result.numbers["balloon"] > 0) == ("point" in start)
    assert result.notes == ()


@each_method
def test_a_mask_is_a_start_like_its_box(method):
    image, _ = disc()
    init = np.zeros(image.shape, bool)
    init[8:50, 15:58] = True
    by_mask, by_box = run(method, image, init=init), run(method, image, box=Box(15, 8, 58, 50))
    assert np.array_equal(by_mask.labels, by_box.labels)


@each_method
def test_a_contour_around_a_dark_disc_is_the_same(method):
    image, _ = disc()
    bright, dark = run(method, image), run(method, 255 - image)
    assert np.mean(bright.labels == dark.labels) > 0.99


@each_method
def test_left_out_pixels_have_no_edges(method):
    image, truth = disc()
    image[50:] = 255
    valid = np.ones(image.shape, bool)
    valid[50:] = False
    result = run(method, image, valid=valid, contrast=15.0, **SETTINGS[method])
    assert overlap(result.labels, truth) > 0.87
    assert (result.layers["edge_indicator"][50:] == 1).all()


@each_method
def test_color_edges_count(method):
    _, truth = disc()
    image = np.where(truth[:, :, None], np.uint8((60, 91, 60)), np.uint8((120, 60, 60)))
    assert overlap(run(method, image, contrast=5.0, **SETTINGS[method]).labels, truth) > 0.87


@each_method
def test_a_contour_with_nothing_to_rest_on_vanishes_and_says_so(method):
    image = np.full((30, 40), 60, np.uint8)
    image[0, 0] = 255
    result = run(method, image, box=Box(8, 8, 32, 24), contrast=200.0)
    assert not result.labels.any()
    assert "vanished" in result.notes[-1]


@each_method
def test_energy_area_and_moments_are_told(method):
    image, _ = disc()
    result = run(method, image, iterations=25, tolerance=0)
    assert result.choices["converged"] == "no"
    assert result.numbers["iterations"] == 25
    assert len(result.series["energy"]) == len(result.series["area"]) == 26
    assert result.series["area"][0] > result.series["area"][-1] == result.labels.sum()
    assert {"contour_0", "contour_25"} <= set(result.layers)


@each_method
def test_a_start_outside_the_region_of_interest_is_refused(method):
    image, _ = disc()
    valid = np.ones(image.shape, bool)
    valid[:10, :10] = False
    with pytest.raises(InputError, match="no pixel that counts"):
        run(method, image, valid=valid, point=(Point(2, 2),), radius=3.0)


def test_a_stronger_balloon_crosses_a_weak_edge():
    image, truth = disc(noise=0)
    rows, columns = np.mgrid[:60, :70]
    image = np.where(truth, image, np.where(np.hypot(rows - 28, columns - 36) < 22, 80, 60)).astype(np.uint8)
    for method, weak, strong in ((geodesic_active_contour, -0.6, -1.5), (distance_regularized, -0.5, -4.0)):
        outer, inner = (run(method, image, sigma=1.5, contrast=5.0, balloon=push).labels for push in (weak, strong))
        assert outer.sum() > 1.3 * inner.sum()
        assert overlap(inner, truth) > 0.8


def test_the_snake_ends_where_the_one_of_scikit_image_does():
    # The example of scikit-image: a bright circle, drawn to by brightness alone.
    rows, columns = np.mgrid[:100, :100]
    circle = np.abs(np.hypot(rows - 45, columns - 35) - 25) < 0.7
    image = gaussian(circle.astype(np.float64), 2).astype(np.float32)
    angle = 2 * np.pi * np.arange(110) / 110
    start = np.stack([45 + 32 * np.sin(angle), 35 + 32 * np.cos(angle)], axis=1)
    theirs = active_contour(image / image.max(), start, w_edge=0, w_line=0.05, convergence=0.01)
    init = np.hypot(rows - 45, columns - 35) <= 32
    # There elasticity .01, rigidity .1 and a step of 1 / .01, per point, which end 1.42 apart: here times the square of
    # that, and its fourth power.
    settings = {"elasticity": 2.0, "rigidity": 42.0, "edge_weight": 0.0, "balloon": 0.0, "sigma": 0.0, "spread": 0}
    line_weight = -5 * float(image.std() / image.max())
    ours = run(snake, image, init=init, line_weight=line_weight, tolerance=0, **settings)
    assert np.mean(ours.labels == fill(theirs[:, ::-1], (100, 100))) > 0.995
    radius = np.hypot(*(ours.series["curve"] - (35, 45)).T)
    assert radius.mean() == pytest.approx(np.hypot(*(theirs - (45, 35)).T).mean(), abs=0.1)


def test_the_curve_of_a_snake_is_a_series_around_its_labels():
    image, _ = disc()
    result = run(snake, image)
    curve = result.series["curve"]
    assert curve.shape[1] == 2
    # The labels are drawn before the points are spaced evenly.
    assert overlap(fill(curve, image.shape), result.labels > 0) > 0.97


def test_a_stiffer_snake_is_rounder():
    image = np.full((60, 60), 50, np.uint8)
    image[15:45, 15:45] = 200
    soft, stiff = (run(snake, image, rigidity=rigidity).labels for rigidity in (0.1, 2000.0))
    assert soft[16:19, 16:19].sum() > stiff[16:19, 16:19].sum()


def test_the_geodesic_contour_splits_in_two_and_the_snake_stays_one():
    rows, columns = np.mgrid[:50, :80]
    two = (np.hypot(rows - 25, columns - 22) < 11) | (np.hypot(rows - 25, columns - 58) < 11)
    image = np.where(two, 180, 60).astype(np.uint8)
    for method in (geodesic_active_contour, distance_regularized):
        assert overlap(run(method, image, **SETTINGS[method]).labels, two) > 0.9
    assert run(snake, image).labels[25, [22, 58]].any()
