"""The cut at a threshold, and the choice of the side that is the objects."""

import numpy as np
import pytest

from segcli.errors import SettingError
from segcli.numeric.foreground import choose_side, cut, segment_at
from segcli.numeric.histogram import histogram
from segcli.opencv import cv2


def packed_discs(pitch, radius, size=200):
    """Return discs on a hexagonal lattice, those at the border cut by it."""
    mask = np.zeros((size, size), np.uint8)
    for row in range(-1, size // pitch + 2):
        for column in range(-1, size // pitch + 2):
            x = int((column + row % 2 / 2) * pitch)
            cv2.circle(mask, (x, int(row * pitch * 3**0.5 / 2)), radius, 1, -1)
    return mask


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_pixel_equal_to_the_threshold_is_dark(dtype):
    image = np.array([[4, 5, 6]], dtype)
    assert cut(image, 5)[0].tolist() == [[0, 0, 1]]
    assert cut(image, 5, "dark")[0].tolist() == [[1, 1, 0]]
    assert cut(image, 5.7)[0].tolist() == [[0, 0, 1]]
    assert cut(image, 4.99)[0].tolist() == [[0, 1, 1]]
    assert cut(image, 5)[0].dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("threshold", [-5, -0.5, 0, 3.2, 127, 254.5, 255, 300, 65_535, 70_000, 1e9])
def test_any_threshold_gives_opencvs_mask(dtype, threshold):
    image = np.random.default_rng(1).integers(0, 256, (9, 11)).astype(dtype)
    expected = cv2.threshold(image.astype(np.float32), threshold, 1, cv2.THRESH_BINARY)[1]
    np.testing.assert_array_equal(cut(image, threshold)[0], expected)


def test_a_decimal_threshold_equals_the_float_pixel_it_names():
    # 0.1 as float32 is 0.100000001...: above 0.1 as a double, but the same number to whoever typed it.
    assert cut(np.array([[0.1, 0.2]], np.float32), 0.1)[0].tolist() == [[0, 1]]


def test_read_only_and_strided_images_are_cut_and_left_alone():
    image = np.random.default_rng(2).integers(0, 256, (20, 30)).astype(np.uint8)
    image.flags.writeable = False
    before = image.copy()
    np.testing.assert_array_equal(cut(image[::2, ::-3], 100, "dark")[0], before[::2, ::-3] <= 100)
    np.testing.assert_array_equal(image, before)


def test_a_small_spot_is_the_foreground_whichever_way_it_shines():
    image = np.full((40, 40), 50, np.uint8)
    image[10:20, 15:25] = 200
    mask, side = cut(image, 100, "auto")
    assert (side, int(mask.sum())) == ("bright", 100)
    mask, side = cut(255 - image, 100, "auto")
    assert (side, int(mask.sum())) == ("dark", 100)


@pytest.mark.parametrize("radius", [10, 12, 14])
def test_packed_discs_are_the_foreground_though_they_cover_most(radius):
    # pitch 30: cover .907 (2 r / 30)^2 = .40, .58, .79
    discs = packed_discs(30, radius)
    assert choose_side(discs) == "bright"
    assert choose_side(1 - discs) == "dark"


def test_a_disc_on_a_dark_border_is_the_foreground_though_it_covers_most():
    mask = np.zeros((101, 101), np.uint8)
    cv2.circle(mask, (50, 50), 47, 1, -1)
    assert mask.mean() > 0.65
    assert (choose_side(mask), choose_side(1 - mask)) == ("bright", "dark")


def test_thin_lines_are_the_foreground():
    lines = np.zeros((120, 160), np.uint8)
    for start in range(5, 160, 30):
        cv2.line(lines, (start, 0), (160 - start, 119), 1, 2)
    assert (choose_side(lines), choose_side(1 - lines)) == ("bright", "dark")


def test_pixels_that_do_not_count_have_no_say():
    # The left sixth holds a dark spot on bright; the rest, which does not count, is dark.
    mask = np.ones((60, 360), np.uint8)
    cv2.circle(mask, (30, 30), 12, 0, -1)
    mask[:, 60:] = 0
    valid = np.zeros((60, 360), bool)
    valid[:, :60] = True
    assert choose_side(mask, valid) == "dark"
    assert choose_side(mask) == "bright"


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 1500)])
def test_any_size_gets_a_side(shape):
    mask = np.zeros(shape, np.uint8)
    assert choose_side(mask) == "bright"
    mask.flat[0] = 1
    assert choose_side(mask) in ("bright", "dark")
    assert choose_side(mask, np.ones(shape, bool)) == choose_side(mask)


def test_more_thresholds_give_classes_from_dark_to_bright():
    image = np.array([[0, 10, 11], [20, 21, 255]], np.uint8)
    settings = {"foreground": "bright", "valid": None, "numbers": {"objective": 1.5}, "series": {}}
    result = segment_at(image, (10, 20), histogram(image), **settings)
    assert result.kind == "classes"
    assert result.labels.tolist() == [[0, 0, 1], [1, 2, 2]]
    assert result.numbers == {"threshold_1": 10, "threshold_2": 20, "objective": 1.5}
    with pytest.raises(SettingError, match="foreground is dark; it needs two classes, there are 3"):
        segment_at(image, (10, 20), histogram(image), **{**settings, "foreground": "dark"})


def test_a_foreground_that_covers_most_is_remarked_upon():
    image = np.array([[10, 200, 200, 200]], np.uint8)
    settings = {"valid": None, "numbers": {}, "series": {}}
    bright = segment_at(image, (10,), histogram(image), foreground="bright", **settings)
    assert bright.notes == ("the bright side covers 75%; if the objects are the others, ask for foreground dark",)
    assert bright.choices == {"foreground": "bright"}
    assert segment_at(image, (10,), histogram(image), foreground="dark", **settings).notes == ()
    outside = segment_at(image, (220,), histogram(image), foreground="bright", **settings)
    assert outside.notes == ("all pixels lie on one side of 220; they go from 10 to 200",)
