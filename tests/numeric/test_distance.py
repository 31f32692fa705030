"""Euclidean distance to the background."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.numeric.distance import distance_to_background, squared


def test_a_corner_is_the_square_root_of_two_away() -> None:
    mask = np.ones((3, 4), np.uint8)
    mask[0, 0] = 0
    # Rows and columns to the one background pixel, squared and added: 0 1 4 9 / 1 2 5 10 / 4 5 8 13.
    expected = [[0, 1, 4, 9], [1, 2, 5, 10], [4, 5, 8, 13]]
    distance = distance_to_background(mask)
    assert distance.dtype == np.float32
    assert np.allclose(distance, np.sqrt(expected), atol=1e-6)
    assert squared(distance).tolist() == expected


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (9, 300), (120, 150)])
@pytest.mark.parametrize("share", [0.5, 0.02, 0.001])
def test_it_agrees_with_scipy_to_four_millionths(shape: tuple[int, int], share: float) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    mask = np.random.default_rng(3).random(shape) > share
    mask[0, 0] = False
    expected = ndimage.distance_transform_edt(mask)
    distance = distance_to_background(mask)
    # Beyond 50 pixels float32 itself is coarser than four millionths.
    assert np.abs(distance - expected).max() <= max(4e-6, 1e-6 * expected.max())
    assert np.array_equal(squared(distance), np.rint(expected**2).astype(np.int32))


def test_a_mask_without_background_is_measured_to_the_outside_of_the_picture() -> None:
    assert distance_to_background(np.ones((3, 5), bool)).tolist() == [[1] * 5, [1, 2, 2, 2, 1], [1] * 5]
    assert distance_to_background(np.ones((1, 1), bool)).tolist() == [[1]]


def test_an_empty_mask_and_a_strided_view_work() -> None:
    assert not distance_to_background(np.zeros((2, 3), bool)).any()
    mask = np.ones((6, 8), bool)
    mask[2] = False
    assert distance_to_background(mask[::2, ::2]).tolist() == [[1] * 4, [0] * 4, [1] * 4]


@pytest.mark.parametrize("shape", [(256, 320), (90, 3000)])
def test_the_number_of_threads_does_not_change_a_bit(shape: tuple[int, int]) -> None:
    import cv2

    mask = cv2.GaussianBlur(np.random.default_rng(0).random(shape), (0, 0), 5) > 0.5
    if shape[1] == 3000:
        # Further from the background than squares can be told from their neighbors.
        mask[:, 100:2900] = True
    threads = cv2.getNumThreads()
    found = []
    try:
        for count in (1, 2, 8):
            cv2.setNumThreads(count)
            found.append(distance_to_background(mask))
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    ndimage = pytest.importorskip("scipy.ndimage")
    squares = np.rint(ndimage.distance_transform_edt(mask) ** 2)
    assert np.array_equal(found[0], np.sqrt(squares).astype(np.float32))
