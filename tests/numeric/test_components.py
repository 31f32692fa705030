"""Connected components."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.numeric.components import connected_components

DIAGONAL = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 1]], np.uint8)


def test_corners_connect_under_eight_and_not_under_four() -> None:
    assert connected_components(DIAGONAL, 8)[0].tolist() == [[0, 1, 0, 0], [1, 0, 0, 2], [0, 0, 0, 2]]
    assert connected_components(DIAGONAL, 4)[0].tolist() == [[0, 1, 0, 0], [2, 0, 0, 3], [0, 0, 0, 3]]
    assert connected_components(DIAGONAL, 4)[1] == 3


@pytest.mark.parametrize(("connectivity", "structure"), [(4, None), (8, np.ones((3, 3)))])
def test_numbering_is_scipys_reading_order(connectivity: int, structure: object) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    mask = np.random.default_rng(5).random((83, 97)) > 0.55
    expected, count = ndimage.label(mask, structure)
    labels, found = connected_components(mask, connectivity)
    assert found == count
    assert labels.dtype == np.int32
    assert np.array_equal(labels, expected)


def test_nothing_has_no_components() -> None:
    labels, count = connected_components(np.zeros((2, 5), bool))
    assert count == 0
    assert not labels.any()
