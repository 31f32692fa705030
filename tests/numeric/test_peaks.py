"""Local maxima."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.numeric.peaks import local_maxima


def peaks(rows: list[list[float]], min_distance: int = 1) -> list[list[int]]:
    return local_maxima(np.array(rows, np.float32), min_distance).tolist()


def test_a_plateau_has_one_peak_in_its_middle() -> None:
    # Centers of gravity: of the columns 1, 2, 3 it is 2; of 1, 2 it is 1.5, equally near to both, so the first.
    assert peaks([[0, 2, 2, 2, 0]]) == [[0, 2]]
    assert peaks([[0, 2, 2, 0, 0]]) == [[0, 1]]


def test_a_bent_plateau_is_marked_on_itself() -> None:
    # Pixels (0,0) (1,0) (2,0) (2,1) (2,2): center (1.4, 0.6). Nearest are (2,0), at .36 + .36 = .72, (1,0), at
    # .16 + .36 = .52, and (2,1), at .36 + .16 = .52; of the two equal ones (1,0) is read first.
    assert peaks([[3, 0, 0], [3, 0, 0], [3, 3, 3]]) == [[1, 0]]


def test_the_lower_of_two_peaks_in_a_window_goes() -> None:
    row = [[0, 5, 0, 0, 4, 0, 0]]
    assert peaks(row, 2) == [[0, 1], [0, 4]]
    assert peaks(row, 3) == [[0, 1]]


def test_equal_peaks_keep_their_distance_and_the_first_stays() -> None:
    row = [[0, 5, 0, 5, 0, 5, 0, 0]]
    assert peaks(row, 2) == [[0, 1], [0, 3], [0, 5]]
    assert peaks(row, 3) == [[0, 1], [0, 5]]


def test_the_edge_of_the_picture_counts_and_the_floor_does_not() -> None:
    assert peaks([[9, 0, 0], [0, 0, 0], [0, 0, 7]]) == [[0, 0], [2, 2]]
    assert peaks([[0, 0, 0]]) == []
    assert local_maxima(np.array([[9, 0, 0, 3]], np.float32), 1, above=3).tolist() == [[0, 0]]


@pytest.mark.parametrize("min_distance", [1, 3, 8])
def test_distinct_heights_give_the_points_of_scikit_image(min_distance: int) -> None:
    feature = pytest.importorskip("skimage.feature")
    image = np.random.default_rng(1).permutation(60 * 70).reshape(60, 70).astype(np.float32) + 1
    expected = feature.peak_local_max(image, min_distance=min_distance, exclude_border=False)
    assert sorted(expected.tolist()) == local_maxima(image, min_distance).tolist()


def test_peaks_of_a_rough_map_lie_at_least_min_distance_apart() -> None:
    image = np.random.default_rng(2).integers(0, 4, (40, 50)).astype(np.float32)
    points = local_maxima(image, 5)
    gaps = np.abs(points[:, None] - points[None]).max(axis=2)
    np.fill_diagonal(gaps, 99)
    assert len(points) > 5
    assert gaps.min() >= 5


@pytest.mark.parametrize("min_distance", [2, 5, 9])
def test_few_and_many_candidates_are_sieved_alike(min_distance: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(6).integers(0, 30, (60, 70)).astype(np.float32)
    found = []
    for weight in (0, 10**9):
        monkeypatch.setattr("segcli.numeric.peaks._SPARSE", weight)
        found.append(local_maxima(image, min_distance).tolist())
    assert found[0] == found[1]
    assert len(found[0]) > 5


@pytest.mark.parametrize("radius", [3, 12, 40])
def test_both_ways_of_looking_around_give_the_same_peaks(radius: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(5).integers(0, 200, (50, 60)).astype(np.float32)
    monkeypatch.setattr("segcli.numeric.peaks.WIDEST_SCAN", 100)
    scanned = local_maxima(image, radius).tolist()
    monkeypatch.setattr("segcli.numeric.peaks.WIDEST_SCAN", 0)
    assert local_maxima(image, radius).tolist() == scanned


def test_a_window_wider_than_the_image_leaves_its_highest_pixel() -> None:
    image = np.arange(30, dtype=np.float32).reshape(5, 6)
    assert local_maxima(image, 500).tolist() == [[4, 5]]
