"""Canny: what its levels do, and that it knows no scale."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from segcli.method import run
from segcli.methods.edges.canny import canny


def squares() -> np.ndarray:
    """Three squares, each fainter than the one before, on a dark ground, a little blurred."""
    image = np.full((36, 90), 60.0)
    for left, level in ((6, 180), (36, 110), (66, 72)):
        image[8:28, left : left + 18] = level
    return np.rint(ndimage.gaussian_filter(image, 1.0)).astype(np.uint8)


def test_one_step_by_hand() -> None:
    # Rows 0 0 40 80 80: slopes (I(x+1) - I(x-1)) / 2 are 0 20 40 20 0; 40 is the greatest along its slope.
    image = np.repeat(np.array([[0, 0, 40, 80, 80]], np.uint8), 5, axis=0)
    found = run(canny, image, sigma=0.0, low=10.0, high=30.0)
    assert found.layers["steepness"][2].tolist() == [0, 20, 40, 20, 0]
    assert found.labels[1:-1].tolist() == [[0, 0, 1, 0, 0]] * 3
    assert found.numbers == {"low": 10, "high": 30}
    # Nothing is steeper than 40.
    assert not run(canny, image, sigma=0.0, low=10.0, high=41.0).labels.any()


def test_weak_edges_stay_only_beside_strong_ones() -> None:
    image = squares()
    every, strong = (run(canny, image, low=level, high=level).labels > 0 for level in (1.0, 12.0))
    found = run(canny, image, low=1.0, high=12.0).labels > 0
    assert (strong <= found).all()
    assert (found <= every).all()
    parts, count = ndimage.label(every, np.ones((3, 3)))
    kept = np.unique(parts[strong])
    assert 0 < len(kept) < count
    assert np.array_equal(found, np.isin(parts, kept))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_scaled_intensities_have_the_same_edges(dtype: type) -> None:
    image = squares()
    scaled = (image.astype(np.float64) * 256).astype(dtype)
    expected = run(canny, image, low=2.0, high=6.0).labels
    assert np.array_equal(run(canny, scaled, low=512.0, high=1536.0).labels, expected)


def test_edges_are_the_same_when_the_picture_is_turned_over() -> None:
    image = squares()
    expected = run(canny, image, low=2.0, high=6.0).labels > 0
    turned = run(canny, np.ascontiguousarray(image.T), low=2.0, high=6.0).labels.T > 0
    # Of two equally steep pixels the first stays, whichever it is.
    near = ndimage.binary_dilation(expected, np.ones((3, 3)))
    assert (turned & near).sum() > 0.98 * turned.sum()


def test_the_levels_found_by_themselves_are_one_to_two() -> None:
    found = run(canny, squares())
    assert found.numbers["low"] == pytest.approx(found.numbers["high"] / 2)
    assert run(canny, squares(), high=8.0).numbers == {"low": 4, "high": 8}
