"""Clean-up of masks and instances, by hand on small arrays."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from segcli.cleanup import Cleanup
from segcli.cleanup import clean as clean_up


def mask(*rows: str) -> np.ndarray:
    return np.array([[character != "." for character in row] for row in rows], np.uint8)


def instances(*rows: str) -> np.ndarray:
    return np.array([[int(character) if character != "." else 0 for character in row] for row in rows], np.int32)


def clean(labels: np.ndarray, kind: str, cleanup: Cleanup) -> np.ndarray:
    """The labels of a clean-up that leaves the kind as it is."""
    cleaned, found = clean_up(labels, kind, cleanup)
    assert found == kind
    return cleaned


def test_small_objects_go_and_diagonal_pixels_belong_together() -> None:
    image = mask("#....#", ".#....", "......", "...##.")
    cleaned = clean(image, "mask", Cleanup(min_size=2))
    assert np.array_equal(cleaned, mask("#.....", ".#....", "......", "...##."))
    assert cleaned.dtype == np.uint8


def test_objects_at_the_border_go() -> None:
    image = mask("##....", "......", "..##..", "......")
    assert np.array_equal(
        clean(image, "mask", Cleanup(clear_border=True)), mask("......", "......", "..##..", "......")
    )


def test_the_largest_stays_alone_and_a_tie_goes_to_the_first() -> None:
    assert np.array_equal(clean(mask("##.#"), "mask", Cleanup(largest=True)), mask("##.."))
    assert np.array_equal(clean(mask("#.#"), "mask", Cleanup(largest=True)), mask("#.."))
    assert not clean(mask("..."), "mask", Cleanup(largest=True)).any()


def test_holes_are_filled_as_scipy_fills_them() -> None:
    image = (np.random.default_rng(3).random((60, 70)) < 0.6).astype(np.uint8)
    expected = ndimage.binary_fill_holes(image)
    assert np.array_equal(clean(image, "mask", Cleanup(fill_holes=True)).astype(bool), expected)


def test_a_hole_takes_the_number_of_the_instance_around_it_and_one_between_two_stays() -> None:
    image = instances("111.222", "1.1.2.2", "111.222", ".......", "1112222")
    filled = clean(image, "instances", Cleanup(fill_holes=True))
    assert np.array_equal(filled, instances("111.222", "111.222", "111.222", ".......", "1112222"))
    shared = instances("11122", "1...2", "11122")
    assert np.array_equal(clean(shared, "instances", Cleanup(fill_holes=True)), shared)


def test_instances_are_renumbered_without_gaps_in_their_order() -> None:
    image = instances("5.22.9", "5..2..")
    cleaned = clean(image, "instances", Cleanup(min_size=2))
    assert np.array_equal(cleaned, instances("2.11..", "2..1.."))
    assert cleaned.dtype == np.int32


def test_smoothing_is_the_median_of_a_square_window() -> None:
    image = (np.random.default_rng(1).random((40, 50)) < 0.5).astype(np.uint8)
    expected = ndimage.median_filter(image, size=5, mode="reflect")
    smoothed = clean(image, "mask", Cleanup(smooth=2))
    # OpenCV's border mirrors about the edge pixel, scipy's about the edge itself.
    assert np.array_equal(smoothed[4:-4, 4:-4], expected[4:-4, 4:-4])


def test_order_is_smooth_fill_border_size_largest() -> None:
    ring = mask(".......", ".#####.", ".#...#.", ".#...#.", ".#...#.", ".#####.", ".......")
    both = clean(ring, "mask", Cleanup(fill_holes=True, min_size=20))
    assert both.sum() == 25
    assert clean(ring, "mask", Cleanup(min_size=20)).sum() == 0


def test_a_hole_is_filled_where_a_dropped_object_lay_in_it() -> None:
    image = instances("11111", "1...1", "1.2.1", "1...1", "11111")
    assert np.array_equal(clean(image, "instances", Cleanup(fill_holes=True)), image)
    assert (clean(image, "instances", Cleanup(fill_holes=True, min_size=2)) == 1).all()
