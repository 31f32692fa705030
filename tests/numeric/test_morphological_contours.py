"""Contours that move by erosion and dilation, against scikit-image's."""

from itertools import cycle, islice

import numpy as np
import pytest
from skimage.segmentation import morphological_chan_vese, morphological_geodesic_active_contour, morphsnakes

from segcli.numeric.contour_film import record
from segcli.numeric.level_sets import edge_indicator, standardized
from segcli.numeric.morphological_contours import fit_contour, geodesic_contour, inf_sup, smoother, sup_inf
from segcli.numeric.two_means import TwoMeans


def scene(seed=0):
    """Two blurred discs of unequal brightness in noise."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:60, :80]
    discs = 150 / (1 + np.exp(np.hypot(rows - 25, columns - 25) - 14))
    discs += 110 / (1 + np.exp(np.hypot(rows - 35, columns - 60) - 10))
    return np.clip(40 + discs + random.normal(0, 12, rows.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def same_order(monkeypatch):
    """Have scikit-image's smoothing, which alternates for as long as the process lives, start anew."""
    orders = cycle(
        [
            lambda u: morphsnakes.sup_inf(morphsnakes.inf_sup(u)),
            lambda u: morphsnakes.inf_sup(morphsnakes.sup_inf(u)),
        ]
    )
    monkeypatch.setattr(morphsnakes, "_curvop", lambda u: next(orders)(u))


def test_sup_inf_takes_away_what_no_line_holds_and_inf_sup_fills_it():
    corner = np.zeros((5, 5), np.uint8)
    corner[1:4, 1:4] = 1
    # Every line through a corner of the square leaves it; lines along its sides stay inside.
    cut = corner.copy()
    cut[[1, 1, 3, 3], [1, 3, 1, 3]] = 0
    assert np.array_equal(sup_inf(corner), cut)
    assert np.array_equal(inf_sup(1 - corner), 1 - cut)


def test_smoothing_treats_inside_and_outside_alike():
    mask = (np.random.default_rng(0).random((20, 25)) > 0.5).astype(np.uint8)
    assert np.array_equal(sup_inf(1 - mask), 1 - inf_sup(mask))


def test_smoothing_leaves_a_straight_edge():
    mask = np.zeros((9, 9), np.uint8)
    mask[:, 4:] = 1
    assert np.array_equal(smoother(6)(mask), mask)


def test_one_step_of_attachment_by_hand():
    # Inside 0 9: mean 4.5; outside 9 1: mean 5, so that 9 fits the outside and 1 the inside. Of the four pixels only
    # the middle two lie at the edge, and both change sides.
    means = TwoMeans(np.array([[0, 9, 9, 1]], np.float32), None, 1.0, 1.0)
    masks = [mask[0].tolist() for mask, _ in islice(fit_contour(means, np.array([[1, 1, 0, 0]], bool), 0), 2)]
    assert masks == [[1, 1, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize(("steps", "weights"), [(0, (1, 1)), (1, (1, 1)), (2, (1, 2))])
def test_active_contours_without_edges_are_those_of_scikit_image(steps, weights, same_order):
    picture = standardized(scene())
    rows, columns = np.mgrid[:60, :80]
    start = (np.hypot(rows - 30, columns - 40) < 25).astype(np.int8)
    film = record(fit_contour(TwoMeans(picture, None, *map(float, weights)), start > 0, steps), 30, -1)
    expected = morphological_chan_vese(
        picture.astype(np.float64), 30, start, smoothing=steps, lambda1=weights[0], lambda2=weights[1]
    )
    # The border of the picture is smoothed differently: here nothing is beyond it, there it is outside or inside.
    assert np.mean((film.mask == expected)[3:-3, 3:-3]) >= 0.995


@pytest.mark.parametrize("balloon", [-1, 0, 1])
def test_geodesic_contours_are_those_of_scikit_image(balloon, same_order):
    indicator, _ = edge_indicator(scene(), None, 2.0, "auto")
    rows, columns = np.mgrid[:60, :80]
    start = np.hypot(rows - 25, columns - 25) < (8 if balloon > 0 else 20)
    film = record(geodesic_contour(indicator, start, balloon, 1, 0.5), 40, -1)
    expected = morphological_geodesic_active_contour(
        indicator.astype(np.float64), 40, start.astype(np.int8), smoothing=1, threshold=0.5, balloon=balloon
    )
    assert 0.02 < film.mask.mean() < 0.5
    assert np.mean(film.mask == expected) >= 0.995


def test_the_energy_of_a_geodesic_contour_is_g_over_its_rim():
    start = np.zeros((5, 5), bool)
    start[1:4, 1:4] = True
    # Eight pixels lie around the middle one.
    (_, energy), *_ = islice(geodesic_contour(np.full((5, 5), 0.5, np.float32), start, -1.0, 1, 0.5), 1)
    assert energy == pytest.approx(8 * 0.5)
