"""Closed curves, their forces and their insides."""

from itertools import islice

import numpy as np
import pytest
from scipy import ndimage

from segcli.numeric.snakes import (
    enclosed,
    energy_of,
    fill,
    implicit_step,
    looked_up,
    normals,
    outline,
    resampled,
    slide,
    slope_field,
    vector_flow,
)


def ring(count=60, radius=10.0, middle=(20.0, 15.0)):
    angle = 2 * np.pi * np.arange(count) / count
    return np.stack([middle[0] + radius * np.cos(angle), middle[1] + radius * np.sin(angle)], axis=1)


def test_the_energy_of_a_square_by_hand():
    # A square of side 4 in 8 points 2 apart. Elasticity 3: half of 3 over a length of 16 is 24. Rigidity 5: at the
    # four corners the second difference is (2, 2), 8 / 2^4 squared curvature, over 2 pixels each: 5 / 2 * 4 = 10.
    # A cost of -1 a pixel: -16.
    square = resampled(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]))
    assert len(square) == 8
    assert energy_of(square, np.full(8, -1.0), 3 / 2**2, 5 / 2**4) == pytest.approx(24 + 10 - 16)


def test_the_implicit_step_solves_the_matrix_equation():
    curve, push = np.random.default_rng(0).random((2, 9, 2))
    unit = np.eye(9)
    second = np.roll(unit, 1, axis=0) + np.roll(unit, -1, axis=0) - 2 * unit
    expected = np.linalg.solve(unit - 0.7 * second + 2.5 * second @ second, curve + push)
    assert np.allclose(implicit_step(curve, push, 0.7, 2.5), expected)


def test_points_are_equally_far_apart_along_the_curve():
    uneven = ring()[np.sort(np.random.default_rng(0).choice(60, 40, replace=False))]
    curve = resampled(uneven)
    steps = np.hypot(*(np.roll(curve, -1, axis=0) - curve).T)
    assert steps.max() < 2.1
    assert steps.min() > 1.8


@pytest.mark.parametrize("backward", [False, True])
def test_normals_point_out_whichever_way_the_curve_runs(backward):
    curve = ring()[::-1] if backward else ring()
    assert np.allclose(normals(curve), (curve - (20, 15)) / 10, atol=1e-6)
    assert abs(enclosed(curve)) == pytest.approx(np.pi * 100, rel=0.01)
    assert (enclosed(curve) > 0) != backward


def test_a_disc_and_its_outline_have_each_others_inside():
    rows, columns = np.mgrid[:30, :40]
    mask = np.hypot(rows - 15, columns - 20) < 10
    mask[2, 2] = True
    again = fill(outline(mask), mask.shape)
    mask[2, 2] = False
    assert np.array_equal(again, mask)


def test_values_between_pixels_are_those_of_scipy():
    plane = np.random.default_rng(0).random((7, 9, 2))
    curve = np.random.default_rng(1).random((50, 2)) * (12, 10) - 1.5
    for channel in range(2):
        expected = ndimage.map_coordinates(plane[:, :, channel], curve.T[::-1], order=1, mode="nearest")
        assert np.allclose(looked_up(plane, curve)[:, channel], expected)


def test_the_field_points_down_the_potential():
    ramp = np.repeat(np.array([[0, 2, 4, 6]], np.float32), 3, axis=0)
    assert slope_field(ramp)[1, 1].tolist() == [-2, 0]


def test_vector_flow_carries_the_pull_of_an_edge_afar_and_keeps_it_at_the_edge():
    field = np.zeros((11, 31, 2), np.float32)
    field[:, 14, 0], field[:, 16, 0] = 1, -1
    flow = vector_flow(field, 200)
    assert (flow[:, :14, 0] > 1e-3).all()
    assert (flow[:, 17:, 0] < -1e-3).all()
    assert np.allclose(flow[:, 15, 0], 0, atol=1e-5)
    assert np.abs(flow[:, :, 1]).max() < 1e-5
    # However often it is done: the largest stays the largest.
    assert np.abs(vector_flow(field, 2000)).max() <= 1


def test_a_curve_without_forces_shrinks_and_its_energy_falls():
    mask = np.zeros((40, 50), bool)
    mask[8:32, 10:40] = True
    nothing = np.zeros((40, 50), np.float32)
    states = list(islice(slide(mask, nothing, np.zeros((40, 50, 2), np.float32), 2.0, 1.0, 0.0), 60))
    energies = np.array([energy for _, _, energy in states])
    # Resampling changes the number of points by whole ones: a rise of less than 1 %.
    assert (np.diff(energies) < 0.01 * energies[0]).all()
    assert energies[-1] < 0.8 * energies[0]
    assert states[-1][1].sum() < mask.sum()


def test_a_curve_that_shrinks_to_nothing_ends_empty():
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    plane = np.zeros((20, 20), np.float32)
    *_, (curve, inside, energy) = islice(slide(mask, plane, np.dstack([plane, plane]), 1.0, 1.0, -1.0), 40)
    assert curve.shape == (0, 2)
    assert not inside.any()
    assert energy == 0
