"""Outlines along the edges of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.numeric.outlines import equal_parts, fill, trace


def test_an_outline_goes_clockwise_from_the_first_pixel_and_turns_at_its_corners() -> None:
    # An L of three pixels.
    (ring,) = trace(np.array([[0, 5, 0], [0, 5, 5]]))
    assert ring.number == 5
    assert not ring.hole
    assert ring.corners.tolist() == [[1, 0], [2, 0], [2, 1], [3, 1], [3, 2], [1, 2]]


def test_a_hole_goes_the_other_way() -> None:
    outer, inner = trace(np.pad(np.zeros((1, 1), int), 1, constant_values=1))
    assert (outer.hole, inner.hole) == (False, True)
    assert inner.corners.tolist() == [[2, 1], [1, 1], [1, 2], [2, 2]]


def test_pixels_that_share_a_corner_have_one_outline_or_two() -> None:
    corner = np.array([[1, 0], [0, 1]])
    (ring,) = trace(corner)
    assert ring.corners.tolist() == [[0, 0], [1, 0], [1, 1], [2, 1], [2, 2], [1, 2], [1, 1], [0, 1]]
    assert equal_parts(corner).tolist() == [[1, 0], [0, 2]]
    assert [ring.number for ring in trace(equal_parts(corner))] == [1, 2]


def test_nothing_has_no_outline() -> None:
    assert trace(np.zeros((3, 4), int)) == []
    assert not fill([], 3, 4).any()


@pytest.mark.parametrize("seed", range(40))
def test_outlines_are_filled_to_the_same_pixels(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2 + seed % 4, generator.integers(1, 30, 2))
    for numbers in (labels, equal_parts(labels)):
        rings = trace(numbers)
        for number in np.unique(numbers[numbers > 0]).tolist():
            own = [ring.corners for ring in rings if ring.number == number]
            assert np.array_equal(fill(own, *numbers.shape), numbers == number)


@pytest.mark.parametrize("seed", range(12))
def test_a_part_has_one_outer_outline_and_none_meets_itself(seed: int) -> None:
    parts = equal_parts(np.random.default_rng(seed).random((40, 30)) < 0.6)
    rings = trace(parts)
    assert sorted(ring.number for ring in rings if not ring.hole) == list(range(1, parts.max() + 1))
    for ring in rings:
        assert len({tuple(corner) for corner in ring.corners.tolist()}) == len(ring.corners)


def test_equal_parts_are_those_of_an_independent_implementation() -> None:
    from skimage.measure import label

    for seed in range(8):
        labels = np.random.default_rng(seed).integers(0, 4, (25, 17))
        assert np.array_equal(equal_parts(labels), label(labels, background=0, connectivity=1))


def test_a_pixel_is_inside_by_its_center() -> None:
    # The triangle (0, 0), (4, 0), (0, 4): x + y < 4; centers with x + y = 4 lie on its edge, outside to their right.
    triangle = np.array([[0, 0], [4, 0], [0, 4]])
    assert fill([triangle], 4, 4).astype(int).tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert fill([triangle - 2], 2, 2).astype(int).tolist() == [[0, 0], [0, 0]]
    assert fill([triangle - 1], 2, 2).astype(int).tolist() == [[1, 0], [0, 0]]
    assert fill([[[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]], 1, 1).tolist() == [[True]]  # type: ignore[list-item]
