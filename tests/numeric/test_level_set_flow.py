"""Level sets that move down an energy."""

import math
from itertools import islice

import numpy as np
import pytest

from segcli.numeric.contour_film import record
from segcli.numeric.level_set_flow import distance_regularized_flow, two_mean_flow
from segcli.numeric.level_sets import checkerboard, edge_indicator, standardized
from segcli.numeric.two_means import TwoMeans


def scene(seed=0):
    """A bright blurred disc in noise, and its truth."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:48, :56]
    distance = np.hypot(rows - 22, columns - 26)
    return np.clip(50 + 120 / (1 + np.exp(distance - 12)) + random.normal(0, 8, rows.shape), 0, 255), distance < 12


def test_the_energy_of_two_pixels_by_hand():
    # H(-1) = 1/4 and H(1) = 3/4: inside lie 1/4 of 0 and 3/4 of 2, of mean 3/2 and cost 1/4 * 9/4 + 3/4 * 1/4 = 3/4;
    # outside as much. The slope is 1 at both pixels, where the delta function is 1 / (2 pi): a length of 1 / pi.
    means = TwoMeans(np.array([[0, 2]], np.float32), None, 1.0, 1.0)
    mask, energy = next(two_mean_flow(means, np.array([[-1, 1]], np.float32), length=3.0))
    assert mask.tolist() == [[False, True]]
    assert energy == pytest.approx(2 * 0.75 + 3 / math.pi, rel=1e-6)


def test_one_step_of_two_pixels_by_hand():
    # The means are 3/2 and 1/2, so that 2 gains (3/2)^2 - (1/2)^2 = 2 inside and 0 loses 2. Without length the level
    # changes by step * delta * gain = 100 / (2 pi) * 2.
    states = two_mean_flow(TwoMeans(np.array([[0, 2]], np.float32), None, 1.0, 1.0), np.float32([[-1, 1]]), 0.0)
    energies = [energy for _, energy in islice(states, 2)]
    level = 1 + 100 / math.pi
    share = 0.5 + math.atan(level) / math.pi
    # Both sides hold `share` of one pixel and 1 - share of the other, 2 apart: 4 share (1 - share) each.
    assert energies[1] == pytest.approx(2 * 4 * share * (1 - share), rel=1e-4)


@pytest.mark.parametrize("length", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_energy_of_the_two_means_never_rises(length, channels):
    image, _ = scene()
    picture = standardized(np.dstack([image] * channels).squeeze().astype(np.float32))
    film = record(two_mean_flow(TwoMeans(picture, None, 1.0, 1.0), checkerboard(image.shape), length), 100, -1)
    # The step is large: for a heavy length one may rise by a thousandth.
    assert (np.diff(film.energy) <= 1e-3 * film.energy[:-1]).all()
    assert film.energy[-1] < 0.95 * film.energy[0]


def test_a_mirrored_picture_gives_the_mirrored_contour():
    image, _ = scene()
    picture, start = standardized(image.astype(np.float32)), checkerboard(image.shape)
    straight, turned = (
        record(two_mean_flow(TwoMeans(np.ascontiguousarray(p), None, 1.0, 1.0), s.copy(), 0.1), 20, -1).mask
        for p, s in ((picture, start), (picture.T, start.T))
    )
    assert np.array_equal(straight, turned.T)


def test_the_regularized_energy_of_an_edge_by_hand():
    # Levels -1/2 and 1/2, with their own repeated beyond: a slope of 1/2 at both. The potential is
    # (1 - cos pi) / (2 pi)^2, its weight 0.2 / 5. The delta function is (1 + cos(pi / 3)) / 3 = 1/2, the length
    # 2 * 1/2 * 1/2. What is inside of one pixel is outside of the other: an area of 1.
    indicator = np.ones((1, 2), np.float32)
    _, energy = next(distance_regularized_flow(indicator, np.array([[False, True]]), 5.0, 3.0))
    assert energy == pytest.approx(2 * 0.04 * 2 / (2 * math.pi) ** 2 + 5 * 0.5 - 3, rel=1e-5)


@pytest.mark.parametrize("balloon", [-1.5, 1.5])
def test_the_regularized_energy_falls_and_the_disc_is_found(balloon):
    image, truth = scene()
    rows, columns = np.mgrid[:48, :56]
    start = np.hypot(rows - 22, columns - 26) < (18 if balloon < 0 else 6)
    indicator, _ = edge_indicator(image.astype(np.float32), None, 1.5, 10.0)
    film = record(distance_regularized_flow(indicator, start, 5.0, balloon), 150, -1)
    # The steps are explicit and large, so that the energy flickers; its means over ten steps fall.
    means = film.energy[1:].reshape(-1, 10).mean(axis=1)
    assert (np.diff(means) <= 0.02 * np.abs(means).max()).all()
    assert film.energy[-1] < film.energy[0]
    assert np.mean(film.mask == truth) > 0.95
