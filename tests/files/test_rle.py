from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.files.rle import decode_runs, draw_polygons, unpack_counts


@pytest.fixture
def coco() -> Any:
    """COCO's own reader, where it is installed."""
    return pytest.importorskip("pycocotools.mask")


def blobs(height: int, width: int, seed: int) -> np.ndarray:
    """A mask of noise, of squares, or of nothing."""
    generator = np.random.default_rng(seed)
    mask = generator.random((height, width)) < generator.random()
    if seed % 3 == 0:
        mask[height // 4 : height // 2] = True
    return mask


def test_runs_go_down_the_columns_and_begin_with_the_background() -> None:
    # 3 rows, 2 columns: one pixel off, three on, two off.
    assert decode_runs([1, 3, 2], 3, 2).astype(int).tolist() == [[0, 1], [1, 0], [1, 0]]
    assert decode_runs([0, 6], 3, 2).all()


@pytest.mark.parametrize("seed", range(12))
def test_packed_runs_are_those_of_the_reference(coco: Any, seed: int) -> None:
    mask = blobs(7 + 13 * seed, 5 + 29 * (seed % 4), seed)
    packed = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert np.array_equal(decode_runs(packed["counts"], *mask.shape), mask)
    assert np.array_equal(decode_runs(packed["counts"].decode(), *mask.shape), mask)
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0] if not flat[0] else [0, 0], edges, [flat.size]]))
    assert unpack_counts(packed["counts"]).tolist() == counts.tolist()
    assert np.array_equal(decode_runs(counts.tolist(), *mask.shape), mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("seed", range(40))
def test_polygons_have_the_pixels_of_the_reference(coco: Any, seed: int) -> None:
    generator = np.random.default_rng(seed)
    height, width = generator.integers(1, 60, 2).tolist()
    polygons = []
    for _ in range(1 + seed % 3):
        corners = generator.uniform(-0.3, 1.3, (generator.integers(3, 9), 2)) * (width, height)
        # Corners on the grid of whole and half pixels are where rounding could differ.
        polygons.append((np.round(corners * 2) / 2 if seed % 2 else corners).ravel().tolist())
    expected = coco.decode(coco.merge(coco.frPyObjects(polygons, height, width))).astype(bool)
    assert np.array_equal(draw_polygons(polygons, height, width), expected)


def test_a_square_from_edge_to_edge_covers_its_pixels() -> None:
    mask = draw_polygons([[1, 1, 4, 1, 4, 3, 1, 3]], 5, 6)
    assert np.flatnonzero(mask.any(axis=1)).tolist() == [1, 2]
    assert np.flatnonzero(mask.any(axis=0)).tolist() == [1, 2, 3]


def test_repeated_corners_change_nothing() -> None:
    once, twice = [2, 2, 9, 3, 5, 8], [2, 2, 2, 2, 9, 3, 5, 8, 5, 8]
    assert np.array_equal(draw_polygons([once], 10, 10), draw_polygons([twice], 10, 10))
    assert not draw_polygons([[3, 3, 3, 3, 3, 3]], 10, 10).any()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([1, 2], "add up to 3; 4 pixels"),
        ([5, -1], "no run below 0"),
        ([[1, 3]], "add up to 4"),
        ([2**63 - 1, 2**63 - 1, 6], "add up to 18446744073709551620"),
        (["a"], "no list of whole numbers"),
        ("\x7f", "damaged run lengths"),
        ("P", "damaged run lengths"),
        ("é", "beyond ASCII"),
        ("P" * 13 + "0", "more than 12 characters"),
    ],
)
def test_damaged_runs_are_refused(counts: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        decode_runs(counts, 2, 2)


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        ([1, 2, 3, 4], "of 4 numbers"),
        ([1, 2, 3, 4, 5, 6, 7], "of 7 numbers"),
        ([1, 2, 3, 4, 5, float("nan")], "no number"),
        ([1, 2, 3, 4, 5, 1e9], "far outside"),
        (["a"] * 6, "no list of numbers"),
    ],
)
def test_damaged_polygons_are_refused(polygon: list[object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        draw_polygons([polygon], 8, 8)  # type: ignore[list-item]
