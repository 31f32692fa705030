"""Opening, closing, hulls and splitting: by hand on small arrays, and against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label
from skimage.morphology import closing, convex_hull_image, convex_hull_object, disk, opening

from segcli.cleanup import Cleanup, clean
from segcli.method import run
from segcli.methods.threshold.otsu import otsu


def drawn(*rows: str) -> np.ndarray:
    return np.array([[int(character) if character != "." else 0 for character in row] for row in rows], np.int32)


def mask(*rows: str) -> np.ndarray:
    return drawn(*rows).astype(np.uint8)


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    """(90, 110) labels of 8-connected blobs of all sizes; several touch the picture's edge, and each other."""
    field = np.random.default_rng(5).standard_normal((90, 110))
    for axis in (0, 1):
        field = sum(np.roll(field, step, axis) for step in range(-3, 4))
    parts = label(field > 0.4, connectivity=2)
    return np.where(np.arange(110) // 13 % 2 == 1, parts, np.where(parts > 0, parts + parts.max(), 0)).astype(np.int32)


def test_an_opening_takes_what_no_disc_fits_into() -> None:
    image = mask(".....", ".1...", "111..", ".1.11", ".....")
    expected = mask(".....", ".1...", "111..", ".1...", ".....")
    cleaned, kind = clean(image, "mask", Cleanup(opening=1))
    assert kind == "mask"
    assert cleaned.dtype == np.uint8
    assert np.array_equal(cleaned, expected)


def test_a_closing_fills_a_crack() -> None:
    image = mask(".........", "..11.11..", "..11.11..", "..11.11..", ".........")
    expected = mask(".........", "..11.11..", "..11111..", "..11.11..", ".........")
    assert np.array_equal(clean(image, "mask", Cleanup(closing=1))[0], expected)


@pytest.mark.parametrize("radius", [1, 2, 5, 9])
def test_masks_are_opened_and_closed_as_scikit_image_does(blobs, radius) -> None:
    image = (blobs > 0).astype(np.uint8)
    for field, function in (("opening", opening), ("closing", closing)):
        found = clean(image, "mask", Cleanup(**{field: radius}))[0]
        assert np.array_equal(found, function(image, disk(radius), mode="ignore")), field


@pytest.mark.parametrize("radius", [1, 3])
def test_each_instance_is_opened_and_closed_by_itself(blobs, radius) -> None:
    numbers = range(1, blobs.max() + 1)
    expected = np.zeros_like(blobs)
    for number in numbers:
        expected[opening(blobs == number, disk(radius), mode="ignore")] = number
    present = np.unique(expected[expected > 0])
    found = clean(blobs, "instances", Cleanup(opening=radius))[0]
    assert np.array_equal(found, (np.searchsorted(present, expected) + 1) * (expected > 0))
    expected = blobs.copy()
    for number in numbers:
        expected[closing(blobs == number, disk(radius), mode="ignore") & (expected == 0)] = number
    present = np.unique(expected[expected > 0])
    found = clean(blobs, "instances", Cleanup(closing=radius))[0]
    assert np.array_equal(found, (np.searchsorted(present, expected) + 1) * (expected > 0))


def test_an_empty_and_a_full_mask_stay_what_they_are() -> None:
    for value in (0, 1):
        image = np.full((5, 6), value, np.uint8)
        for cleanup in (Cleanup(opening=3), Cleanup(closing=3), Cleanup(hull=True)):
            assert np.array_equal(clean(image, "mask", cleanup)[0], image)
    empty, kind = clean(np.zeros((5, 6), np.uint8), "mask", Cleanup(split=True))
    assert (kind, int(empty.max())) == ("instances", 0)


def test_hulls_are_those_of_scikit_image(blobs) -> None:
    image = (blobs > 0).astype(np.uint8)
    assert np.array_equal(clean(image, "mask", Cleanup(hull=True))[0] > 0, convex_hull_object(image, connectivity=2))
    largest = blobs == np.bincount(blobs[blobs > 0]).argmax()
    assert np.array_equal(
        clean(largest.astype(np.int32), "instances", Cleanup(hull=True))[0], convex_hull_image(largest)
    )


def test_where_hulls_meet_each_keeps_its_own_and_the_first_takes_the_rest() -> None:
    image = drawn("1.2.1.2")
    assert np.array_equal(clean(image, "instances", Cleanup(hull=True))[0], drawn("1121122"))


def test_a_split_mask_becomes_instances() -> None:
    image = np.zeros((11, 25), np.uint8)
    image[1:10, 1:10] = image[5, 10:15] = image[1:10, 15:24] = 1
    parts, kind = clean(image, "mask", Cleanup(split=True))
    assert kind == "instances"
    assert parts.dtype == np.int32
    assert np.array_equal(parts > 0, image > 0)
    assert (parts[1:10, 1:10] == 1).all()
    assert (parts[1:10, 15:24] == 2).all()


def test_instances_are_split_one_by_one_and_never_joined() -> None:
    image = np.zeros((11, 35), np.int32)
    image[1:10, 1:10] = image[5, 10:15] = image[1:10, 15:24] = 7
    image[1:10, 24:33] = 3
    parts = clean(image, "instances", Cleanup(split=True))[0]
    assert np.array_equal(np.unique(parts), [0, 1, 2, 3])
    assert (parts[1:10, 24:33] == 1).all()
    assert len({parts[5, 2], parts[5, 20], parts[5, 30]}) == 3


def test_order_is_opening_closing_holes_split_sizes_hull() -> None:
    whisker = mask("..........", "...1......", "..11111111", "...1......", "..........")
    # First the whisker goes, so that the hull does not reach to its end.
    cross = mask("..........", "...1......", "..111.....", "...1......", "..........")
    assert np.array_equal(clean(whisker, "mask", Cleanup(opening=1, hull=True))[0], cross)
    corner = mask("1....", "1....", "111..", ".....")
    # Five pixels, six with the hull: sizes are those before it.
    assert clean(corner, "mask", Cleanup(min_size=6, hull=True))[0].sum() == 0
    assert clean(corner, "mask", Cleanup(min_size=5, hull=True))[0].sum() == 6


def test_a_segmenter_whose_mask_is_split_gives_instances() -> None:
    image = np.zeros((11, 25), np.uint8)
    image[1:10, 1:10] = image[5, 10:15] = image[1:10, 15:24] = 9
    result = run(otsu, image, cleanup=Cleanup(split=True))
    assert (result.kind, int(result.labels.max())) == ("instances", 2)
