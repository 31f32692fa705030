"""Counts of intensities, and the binary cut after Otsu."""

from fractions import Fraction

import numpy as np
import pytest

from segcli.numeric import histogram as module
from segcli.numeric.histogram import Histogram, between_class_variance, histogram, otsu_threshold
from segcli.opencv import cv2


def exact_otsu(counts, levels):
    """Return the first level of the largest between-class variance, in fractions."""
    best, best_level = Fraction(-1), None
    total, moment = sum(counts), sum(c * v for c, v in zip(counts, levels, strict=True))
    for cut in range(1, len(levels)):
        n, s = sum(counts[:cut]), sum(c * v for c, v in zip(counts[:cut], levels[:cut], strict=True))
        if not 0 < n < total:
            continue
        value = Fraction((moment * n - total * s) ** 2, n * (total - n))
        if value > best:
            best, best_level = value, levels[cut - 1]
    return best_level


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_of_an_integer_image_is_counted(dtype):
    image = np.random.default_rng(1).integers(0, np.iinfo(dtype).max + 1, (37, 53)).astype(dtype)
    found = histogram(image)
    assert found.counts.dtype == np.int64
    np.testing.assert_array_equal(found.counts, np.bincount(image.ravel(), minlength=np.iinfo(dtype).max + 1))
    np.testing.assert_array_equal(found.levels, np.arange(len(found.counts)))
    assert found.total == image.size


def test_only_valid_pixels_are_counted():
    image = np.array([[3, 3, 7], [9, 9, 9]], np.uint8)
    valid = np.array([[True, False, True], [False, False, False]])
    found = histogram(image, valid).occupied()
    assert (found.levels.tolist(), found.counts.tolist()) == ([3.0, 7.0], [1, 1])
    found = histogram(image.astype(np.float32), valid).occupied()
    assert found.counts.tolist() == [1, 1]


def test_views_are_counted_like_copies():
    image = np.random.default_rng(2).integers(0, 256, (40, 60)).astype(np.uint8)
    valid = image > 20
    for view, mask in ((image[::-2, 1::3], valid[::-2, 1::3]), (image.T, valid.T), (image[:, ::-1], valid[:, ::-1])):
        expected = np.bincount(view[mask], minlength=256)
        np.testing.assert_array_equal(histogram(view, mask).counts, expected)
    image.flags.writeable = False
    assert histogram(image).total == image.size


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (70, 71)])
def test_images_beyond_the_exact_range_of_a_float_count_are_counted_in_parts(shape, monkeypatch):
    monkeypatch.setattr(module, "_EXACT_COUNT", 512)
    image = np.random.default_rng(3).integers(0, 9, shape).astype(np.uint16)
    np.testing.assert_array_equal(histogram(image).counts[:9], np.bincount(image.ravel(), minlength=9))


def test_more_equal_pixels_than_float32_can_count_are_counted():
    # 4097 * 4097 = 16785409 is odd and above 2^24 = 16777216: float32 has no such number.
    image = np.full((4097, 4097), 5, np.uint8)
    assert histogram(image).counts[5] == 4097 * 4097


def test_float_levels_bound_their_pixels_from_above():
    image = np.random.default_rng(4).normal(1000, 3, (60, 70)).astype(np.float32)
    found = histogram(image)
    assert len(found.counts) == 65_536
    assert found.total == image.size
    # Half a bin: the lowest value is the middle of the first one.
    step = (float(image.max()) - float(image.min())) / 65_535
    assert found.levels[0] == pytest.approx(float(image.min()) + step / 2, abs=1e-9)
    below = np.searchsorted(np.sort(image.ravel()), found.levels, side="right")
    np.testing.assert_array_equal(np.cumsum(found.counts), below)


def test_a_byte_image_stored_as_floats_keeps_its_counts():
    image = np.random.default_rng(5).integers(0, 256, (50, 50)).astype(np.uint8)
    image[0, :2] = 0, 255
    for scale in (1.0, 1 / 255, 1e30, 1e-42):
        found = histogram((image * np.float64(scale)).astype(np.float32)).occupied()
        np.testing.assert_array_equal(found.counts, np.unique(image, return_counts=True)[1])


def test_one_float_value_falls_in_one_bin():
    found = histogram(np.full((3, 4), 0.3, np.float32)).occupied()
    assert (found.counts.tolist(), found.levels.tolist()) == ([12], [float(np.float32(0.3))])


def test_coarse_bins_cover_what_occurs_and_keep_the_count():
    image = np.random.default_rng(6).integers(1000, 3000, (50, 60)).astype(np.uint16)
    image[0, 0], image[0, 1] = 1000, 2999
    fine = histogram(image)
    coarse = fine.coarse()
    # 2000 levels in at most 256 bins: bins of 8, so 250 of them.
    assert len(coarse.counts) == 250
    assert coarse.total == fine.total
    np.testing.assert_array_equal(coarse.levels, np.arange(1007, 3000, 8))
    assert coarse.counts[0] == np.count_nonzero(image <= 1007)
    narrow = histogram(np.array([[4, 4, 9]], np.uint8)).coarse()
    assert (narrow.levels.tolist(), narrow.counts.tolist()) == ([4, 5, 6, 7, 8, 9], [2, 0, 0, 0, 0, 1])


def test_the_variance_between_two_classes_by_hand():
    # Levels 0, 1, 2 with 1, 1, 2 pixels; mean 5/4.
    # Cut above 0: shares 1/4 and 3/4, means 0 and 5/3: 3/16 * 25/9 = 25/48.
    # Cut above 1: shares 1/2 and 1/2, means 1/2 and 2: 1/4 * 9/4 = 9/16. Larger.
    found = Histogram(np.array([1, 1, 2]), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(between_class_variance(found), [25 / 48, 9 / 16, 0], rtol=1e-14)
    assert otsu_threshold(found) == 1


def test_the_lowest_of_equal_cuts_is_taken():
    # Symmetric: 2 pixels at 0, 1 at 1, 2 at 2; both cuts have the same variance.
    assert otsu_threshold(Histogram(np.array([2, 1, 2]), np.arange(3.0))) == 0
    for width in range(3, 40):
        counts = np.random.default_rng(width).integers(1, 9, width)
        both = np.concatenate([counts, counts[::-1]])
        levels = np.arange(2 * width)
        assert otsu_threshold(Histogram(both, levels.astype(float))) == exact_otsu(both.tolist(), levels.tolist())


def test_the_threshold_is_exact_on_random_counts():
    random = np.random.default_rng(7)
    for _ in range(150):
        size = int(random.integers(2, 30))
        counts = random.integers(0, 4, size) * random.integers(0, 10**9, size)
        if np.count_nonzero(counts) < 2:
            continue
        expected = exact_otsu(counts.tolist(), list(range(size)))
        assert otsu_threshold(Histogram(counts, np.arange(size, dtype=float))) == expected


def test_the_threshold_of_dense_histograms_is_opencvs():
    random = np.random.default_rng(8)
    for number in range(40):
        image = random.normal(random.uniform(60, 180), random.uniform(10, 60), (80, 90))
        image = np.clip(image + 60 * (random.random(image.shape) < number / 40), 0, 255).astype(np.uint8)
        image.flat[:256] = np.arange(256)
        assert otsu_threshold(histogram(image)) == cv2.threshold(image, 0, 1, cv2.THRESH_OTSU)[0]


def test_an_image_without_valid_pixels_has_empty_bins():
    image = np.ones((2, 2), np.float32)
    assert histogram(image, np.zeros((2, 2), bool)).total == 0
    assert histogram(image.astype(np.uint8), np.zeros((2, 2), bool)).total == 0


@pytest.mark.parametrize("shape", [(512, 512), (600, 601), (601, 601), (1, 300_001)])
def test_large_images_are_counted_exactly_two_bytes_at_a_time(shape):
    image = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    expected = np.bincount(image.ravel(), minlength=256)
    assert np.array_equal(histogram(image).counts, expected)
    turned = np.asfortranarray(image)
    assert np.array_equal(histogram(turned).counts, expected)
