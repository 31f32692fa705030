"""Flooding from markers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segcli.numeric.distance import distance_to_background, squared
from segcli.numeric.flood import dams, flood


def markers_at(shape: tuple[int, int], points: Any) -> Any:
    markers = np.zeros(shape, np.int32)
    for label, (row, column) in enumerate(points, start=1):
        markers[row, column] = label
    return markers


def rough(seed: int = 0, shape: tuple[int, int] = (50, 60), count: int = 7) -> tuple[Any, Any, Any]:
    """A random surface, markers, and a mask of blobs."""
    random = np.random.default_rng(seed)
    mask = np.kron(random.random((shape[0] // 5, shape[1] // 5)) > 0.35, np.ones((5, 5), bool))
    points = np.column_stack([random.integers(0, shape[0], count), random.integers(0, shape[1], count)])
    return random.integers(0, 256, shape).astype(np.uint8), markers_at(shape, points), mask


def test_a_ridge_goes_to_the_side_that_reaches_it_first() -> None:
    # Water rises in both pits: level 1 floods columns 1 and 3; both reach column 2, the left one entered first.
    assert flood(np.array([[0, 1, 2, 1, 0]]), markers_at((1, 5), [(0, 0), (0, 4)])).tolist() == [[1, 1, 1, 2, 2]]


def test_a_flat_surface_is_shared_out_at_half_way() -> None:
    flat = np.zeros((1, 8), np.int32)
    assert flood(flat, markers_at((1, 8), [(0, 0), (0, 7)])).tolist() == [[1, 1, 1, 1, 2, 2, 2, 2]]


def test_a_pit_behind_a_ridge_goes_to_the_lower_pass() -> None:
    # The pit in column 3 is entered from the right over 4, before the ridge of 6 on its left.
    surface = np.array([[0, 1, 6, 0, 4, 1, 0]], np.float32)
    assert flood(surface, markers_at((1, 7), [(0, 0), (0, 6)])).tolist() == [[1, 1, 1, 2, 2, 2, 2]]


def test_components_are_flooded_by_themselves() -> None:
    mask = np.array([[1, 1, 0, 1, 1, 0, 1]], bool)
    markers = np.array([[5, 0, 0, 3, 2, 9, 0]], np.int32)
    surface = np.zeros((1, 7), np.int32)
    # One marker: taken at once. Two: shared. None: left, or numbered after the highest. On the background: nothing.
    assert flood(surface, markers, mask).tolist() == [[5, 5, 0, 3, 2, 0, 0]]
    assert flood(surface, markers, mask, fill_unmarked=True)[0, 6] == 10
    assert flood(surface, -markers, mask).tolist() == [[0] * 7]


def test_water_crosses_corners_only_when_asked() -> None:
    mask = np.array([[1, 0], [0, 1]], bool)
    markers = markers_at((2, 2), [(0, 0)])
    assert flood(np.zeros((2, 2)), markers, mask, connectivity=8).tolist() == [[1, 0], [0, 1]]
    assert flood(np.zeros((2, 2)), markers, mask, connectivity=4).tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("compactness", [0.0, 2.0])
@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_it_agrees_with_scikit_image(connectivity: Any, masked: bool, compactness: float, kind: Any) -> None:
    segmentation = pytest.importorskip("skimage.segmentation")
    surface, markers, blobs = rough()
    mask = blobs if masked else None
    expected = segmentation.watershed(
        surface, markers, connectivity=connectivity // 4, mask=mask, compactness=compactness
    )
    found = flood(surface.astype(kind), markers, mask, connectivity=connectivity, compactness=compactness)
    assert found.dtype == np.int32
    # Only markers of one height may be taken in another order; here that moves nothing.
    assert np.mean(found == expected) >= 0.999


def test_whole_numbers_and_floats_flood_alike() -> None:
    _, markers, mask = rough(4)
    distance = distance_to_background(mask)
    assert np.array_equal(flood(-squared(distance), markers, mask), flood(-distance, markers, mask))


def test_a_very_wide_range_of_whole_numbers_is_flooded_too() -> None:
    surface = np.array([[0, 5, 2**25, 5, 0]], np.int32)
    assert flood(surface, markers_at((1, 5), [(0, 0), (0, 4)])).tolist() == [[1, 1, 1, 2, 2]]


def test_the_surface_may_be_stretched_without_moving_a_label() -> None:
    surface, markers, mask = rough(9)
    stretched = surface.astype(np.int32) ** 2 - 30_000
    assert np.array_equal(flood(surface, markers, mask), flood(stretched, markers, mask))


def test_the_larger_of_two_basins_gives_way_to_the_dam() -> None:
    labels = np.array([[1, 1, 1, 2, 2, 0, 3]], np.int32)
    assert np.flatnonzero(dams(labels)).tolist() == [2]


@pytest.mark.parametrize(("connectivity", "structure"), [(4, None), (8, np.ones((3, 3)))])
def test_dams_part_all_basins(connectivity: Any, structure: Any) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    surface, markers, _ = rough(1)
    labels = flood(ndimage.gaussian_filter(surface.astype(np.float32), 3), markers)
    labels[dams(labels, connectivity)] = 0
    parts, count = ndimage.label(labels > 0, structure)
    owners = [set(np.unique(labels[parts == part]).tolist()) for part in range(1, count + 1)]
    assert all(len(owner) == 1 for owner in owners)
    assert set.union(*owners) == set(np.unique(markers).tolist()) - {0}
