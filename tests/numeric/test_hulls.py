"""Convex hulls of many regions at once, against scikit-image and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label, regionprops
from skimage.morphology import convex_hull_image

from segcli.numeric.hulls import Spans, feret_diameters, fill_hulls, hull_corners, hull_spans
from segcli.numeric.runs import cut_runs


def labeled(seed: int, shape: tuple[int, int] = (60, 70)) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return label(gaussian_filter(np.random.default_rng(seed).random(shape), seed % 3 + 0.2) > 0.52, connectivity=2)


@pytest.mark.parametrize("seed", range(6))
def test_hulls_and_longest_diameters_are_those_of_scikit_image(seed) -> None:
    labels = labeled(seed)
    runs = cut_runs(labels)
    spans = Spans(*runs.rows)
    hulls = hull_spans(spans)
    longest, _ = feret_diameters(spans, len(runs.labels))
    for index, region in enumerate(regionprops(labels)):
        own = hulls.region == index
        drawn = np.zeros(labels.shape, bool)
        for row, first, last in zip(hulls.row[own], hulls.first[own], hulls.last[own], strict=True):
            drawn[row, first : last + 1] = True
        top, left, bottom, right = region.bbox
        assert np.array_equal(drawn[top:bottom, left:right], region.image_convex)
        assert longest[index] == pytest.approx(region.feret_diameter_max, rel=1e-12)


def test_the_hull_of_parts_is_that_of_them_all() -> None:
    mask = np.zeros((9, 12), bool)
    mask[0, 3] = mask[4, 11] = mask[8, 0] = True
    assert np.array_equal(fill_hulls(mask.astype(np.int32)) > 0, convex_hull_image(mask))
    assert not fill_hulls(np.zeros((2, 3), np.int32)).any()


def bar(height: int, width: int) -> Spans:
    row = np.arange(height)
    return Spans(np.zeros_like(row), row, np.zeros_like(row), np.full_like(row, width - 1))


def test_a_bar_has_its_sides_and_its_diagonal_between_midpoints() -> None:
    # Around the midpoints of the sides of 2 x 5 pixels: from (0, -0.5) to (4, 1.5) is the longest, 4 across and 2 down
    # or from (-0.5, 0) to (4.5, 1): 5 across, 1 down. sqrt(26) is the longer.
    longest, shortest = feret_diameters(bar(2, 5), 1)
    assert longest.tolist() == [pytest.approx(26**0.5)]
    assert shortest.tolist() == [pytest.approx(2)]


def test_a_pixel_is_a_square_on_its_corner() -> None:
    longest, shortest = feret_diameters(bar(1, 1), 1)
    assert longest.tolist() == [1]
    assert shortest.tolist() == [pytest.approx(0.5**0.5)]
    region, points = hull_corners(bar(1, 1))
    assert region.tolist() == [0, 0, 0, 0]
    assert {tuple(point) for point in points.tolist()} == {(-1, 0), (0, -1), (1, 0), (0, 1)}


def test_pixels_that_are_not_square_stretch_the_outline() -> None:
    longest, shortest = feret_diameters(bar(1, 4), 1, (0.5, 3.0))
    # 4 pixels of 0.5 across; 1 of 3 down, which at the midpoints of sides is met by points 3 x 0.5 away.
    assert longest.tolist() == [pytest.approx(np.hypot(1.5, 3))]
    assert shortest[0] < 2


def test_the_shortest_diameter_is_the_least_width_over_all_directions() -> None:
    labels = labeled(7)
    runs = cut_runs(labels)
    spans = Spans(*runs.rows)
    _, shortest = feret_diameters(spans, len(runs.labels))
    region, points = hull_corners(hull_spans(spans))
    angles = np.linspace(0, np.pi, 2000)
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    for index in range(len(runs.labels)):
        seen = points[region == index] / 2 @ ways.T
        # Turned by steps, the width comes close from above.
        assert 0 <= (seen.max(axis=0) - seen.min(axis=0)).min() - shortest[index] < 0.02


def test_pairs_are_looked_at_in_portions(monkeypatch) -> None:
    labels = labeled(4)
    runs = cut_runs(labels)
    spans = Spans(*runs.rows)
    whole = feret_diameters(spans, len(runs.labels))
    monkeypatch.setattr("segcli.numeric.hulls.MOST_PAIRS", 50)
    parts = feret_diameters(spans, len(runs.labels))
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])


def test_no_regions_have_no_hulls() -> None:
    runs = cut_runs(np.zeros((3, 4), np.int32))
    spans = Spans(*runs.rows)
    assert len(hull_spans(spans).row) == 0
    assert [found.tolist() for found in feret_diameters(spans, 0)] == [[], []]
