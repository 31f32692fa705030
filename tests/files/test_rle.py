from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.files.rle import decode_object, decode_runs, draw_polygons, encode_runs, pack_counts, unpack_counts
from segcli.numeric.outlines import equal_parts, fill, trace


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


def test_runs_are_counted_down_the_columns() -> None:
    # The same picture as above, and one that begins with the object.
    assert encode_runs(np.array([[0, 1], [1, 0], [1, 0]], bool), 3, 2) == [1, 3, 2]
    assert encode_runs(np.ones((3, 2), bool), 3, 2) == [0, 6]
    assert encode_runs(np.zeros((3, 2), bool), 3, 2) == [6]
    assert encode_runs(np.ones((1, 1), bool), 3, 2, left=1, top=2) == [5, 1]


@pytest.mark.parametrize("seed", range(60))
def test_runs_are_packed_byte_for_byte_as_by_the_reference(coco: Any, seed: int) -> None:
    # The largest ones have runs of more than 2^15 pixels, which take four characters.
    mask = blobs(1 + 7 * seed, 1 + 29 * (seed % 4) ** 2, seed)
    if seed % 5 == 0:
        mask[:] = seed % 10 == 0
    packed = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    counts = encode_runs(mask, *mask.shape)
    assert pack_counts(counts) == packed
    assert unpack_counts(packed).tolist() == counts
    cut, left, top = decode_object(packed, *mask.shape)
    whole = np.zeros(mask.shape, bool)
    whole[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    assert np.array_equal(whole, mask)
    assert encode_runs(cut, *mask.shape, left=left, top=top) == counts
    assert not cut.size or (cut[0].any() and cut[-1].any() and cut[:, 0].any() and cut[:, -1].any())


def test_empty_runs_between_the_object_do_no_harm() -> None:
    cut, left, top = decode_object([1, 1, 0, 2, 2], 3, 2)
    assert (cut.astype(int).tolist(), left, top) == ([[0, 1], [1, 0], [1, 0]], 0, 0)


def test_an_object_without_pixels_is_an_empty_box() -> None:
    assert decode_object([6], 3, 2)[0].shape == (0, 0)
    assert decode_object([2, 0, 4], 3, 2)[0].shape == (0, 0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("seed", range(12))
def test_outlines_along_the_edges_of_pixels_have_the_pixels_of_the_reference(coco: Any, seed: int) -> None:
    parts = equal_parts(blobs(9 + seed, 31 - 2 * seed, seed + 1))
    rings = trace(parts)
    holed = {ring.number for ring in rings if ring.hole}
    for ring in (ring for ring in rings if ring.number not in holed):
        polygon = ring.corners.ravel().tolist()
        theirs = coco.decode(coco.frPyObjects([polygon], *parts.shape))[:, :, 0].astype(bool)
        assert np.array_equal(theirs, parts == ring.number)
        assert np.array_equal(draw_polygons([polygon], *parts.shape), theirs)
        assert np.array_equal(fill([ring.corners], *parts.shape), theirs)


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
