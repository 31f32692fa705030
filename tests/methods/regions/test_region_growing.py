"""Regions that grow from points, markers, or wherever the picture is flat."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from skimage import segmentation

from segcli.errors import InputError
from segcli.method import run
from segcli.methods.regions.region_growing import region_growing
from segcli.numeric.growing import grow_regions


def noise(seed: int, shape: tuple[int, int] = (18, 23)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 60, shape).astype(np.uint8)


def grown(image: np.ndarray, seeds: np.ndarray, tolerance: float) -> np.ndarray:
    """Seeded region growing with running means, written as plainly as can be."""
    labels = seeds.copy()
    members = {label: image[seeds == label].astype(float).tolist() for label in np.unique(seeds[seeds > 0])}
    heap: list[tuple[float, int, int, int, int]] = []
    pushed = 0

    def offer(row: int, column: int, label: int) -> None:
        nonlocal pushed
        for down, across in ((-1, 0), (0, -1), (0, 1), (1, 0)):
            y, x = row + down, column + across
            if 0 <= y < image.shape[0] and 0 <= x < image.shape[1] and labels[y, x] == 0:
                gap = abs(image[y, x] - np.mean(members[label]))
                if gap <= tolerance:
                    heapq.heappush(heap, (gap, pushed, y, x, label))
                    pushed += 1

    for row, column in np.argwhere(seeds):
        offer(row, column, seeds[row, column])
    while heap:
        _, _, row, column, label = heapq.heappop(heap)
        if labels[row, column] == 0 and abs(image[row, column] - np.mean(members[label])) <= tolerance:
            labels[row, column] = label
            members[label].append(float(image[row, column]))
            offer(row, column, label)
    return labels


@pytest.mark.parametrize("seed", range(3))
def test_growth_agrees_with_a_plain_version(seed: int) -> None:
    image = noise(seed)
    seeds = np.zeros(image.shape, np.int32)
    seeds[3, 4], seeds[12, 17], seeds[8, 8] = 1, 2, 5
    expected = grown(image, seeds, 14.0)
    result = run(region_growing, image, markers=seeds, tolerance=14.0)
    assert np.array_equal(result.labels, expected)
    assert result.numbers["objects"] == len(np.unique(expected[expected > 0]))


def test_one_step_by_hand() -> None:
    # The mean of 10 is 10; 14 joins (4 <= 6), the mean is 12; 18 joins (6 <= 6), the mean is 14; 60 does not.
    row = np.array([[10, 14, 18, 60, 18]], np.uint8)
    result = run(region_growing, row, point=((0, 0),), tolerance=6.0)
    assert result.labels.tolist() == [[1, 1, 1, 0, 0]]
    assert result.layers["order"][0, 1:3].tolist() == [50, 100]
    # Against the seed alone 18 is 8 away.
    assert run(region_growing, row, point=((0, 0),), tolerance=6.0, against="seed").labels.tolist() == [[1, 1, 0, 0, 0]]


@pytest.mark.parametrize("connectivity", [4, 8])
def test_a_seeds_region_is_scikit_images_flood(connectivity: int) -> None:
    image = noise(7)
    expected = segmentation.flood(image.astype(int), (9, 11), tolerance=15, connectivity=1 if connectivity == 4 else 2)
    found = run(region_growing, image, point=((11, 9),), tolerance=15.0, against="seed", connectivity=connectivity)
    assert np.array_equal(found.labels > 0, expected)


def test_several_seeds_share_out_what_lies_between_by_likeness() -> None:
    colors = np.array([[[0.0], [4.0], [6.0], [10.0]]])
    seeds = np.array([[1, 0, 0, 2]], np.int32)
    labels, _ = grow_regions(colors, seeds, 9.0, "seed", 4)
    assert labels.tolist() == [[1, 1, 2, 2]]


def test_without_seeds_the_whole_picture_is_parted() -> None:
    image = np.full((20, 30), 40, np.uint8)
    image[5:12, 6:20] = 120
    result = run(region_growing, image)
    assert result.labels.all()
    assert result.numbers["objects"] == 2
    assert np.count_nonzero(result.layers["seeds"]) == 2


def test_points_where_nothing_can_grow_are_refused() -> None:
    image, valid = noise(1), np.ones((18, 23), bool)
    valid[2, 3] = False
    with pytest.raises(InputError, match="left out"):
        run(region_growing, image, valid=valid, point=((3, 2),))
    with pytest.raises(InputError, match="lies outside the image"):
        run(region_growing, image, point=((23, 2),))
    with pytest.raises(InputError, match="mark no pixel"):
        run(region_growing, image, markers=np.zeros((18, 23), int))
    with pytest.raises(InputError, match="give one of them"):
        run(region_growing, image, markers=np.ones((18, 23), int), point=((1, 1),))


def test_left_out_pixels_are_not_crossed() -> None:
    image, valid = np.full((9, 9), 50, np.uint8), np.ones((9, 9), bool)
    image[0, 0] = 60
    valid[:, 4] = False
    for against in ("mean", "seed"):
        labels = run(region_growing, image, valid=valid, point=((1, 1),), against=against).labels
        assert labels[:, :4].all()
        assert not labels[:, 4:].any()
