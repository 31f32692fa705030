"""What every image filter promises, and what each does, by hand or against another implementation."""

import doctest
import inspect
import sys

import numpy as np
import pytest

from segcli.errors import InputError, SettingError, UsageError
from segcli.filtering import describe_filter, filter_image
from segcli.filters import NAMES, find
from segcli.knob import check_setting
from segcli.method import docstring_sections

ROWS = {name: describe_filter(name) for name in NAMES}
PIXELS = [(dtype, color) for dtype in ("uint8", "uint16", "float32") for color in (False, True)]
CHOICES = [
    (row, {knob.name: choice} if knob else {})
    for row in ROWS.values()
    for knob, choice in [(None, None), *((knob, choice) for knob in row.knobs for choice in knob.choices)]
]
each_filter = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
each_pixel = pytest.mark.parametrize(
    ("dtype", "color"), PIXELS, ids=[f"{d}-{'color' if c else 'gray'}" for d, c in PIXELS]
)
each_choice = pytest.mark.parametrize(
    ("row", "settings"), CHOICES, ids=[f"{row.name}-{'-'.join(settings.values())}" for row, settings in CHOICES]
)


def picture(dtype="uint8", color=False, shape=(23, 31)):
    """Bright discs on a slope of light, with noise."""
    row, column = np.indices(shape)
    gray = 60.0 + column + 90 * (np.hypot(row - 11, column - 9) < 5) + np.random.default_rng(3).normal(0, 4, shape)
    values = gray[..., None] * (0.8, 1.0, 0.6) if color else gray
    return np.ascontiguousarray((values * {"uint8": 1, "uint16": 200, "float32": 1 / 255}[dtype]).astype(dtype))


def apply(row, image, valid=None, **settings):
    """Filter by settings in words."""
    return filter_image(row, image, valid, settings)


def attempt(row, image, **settings):
    """The picture, or None where a gray picture is asked for a color."""
    try:
        return apply(row, image, **settings)[0]
    except InputError:
        if row.name != "gray" or image.ndim == 3:
            raise
        return None


@each_pixel
@each_choice
def test_every_filter_gives_a_new_picture_of_the_same_size_twice_and_leaves_the_input(row, settings, dtype, color):
    image = picture(dtype, color)
    image.setflags(write=False)
    before = image.copy()
    first, again = (attempt(row, image, **settings) for _ in range(2))
    np.testing.assert_array_equal(image, before)
    if first is not None:
        assert first.shape[:2] == image.shape[:2]
        np.testing.assert_array_equal(first, again)
        assert np.isfinite(first).all()
        if row.name != "gray":
            assert (first.dtype, first.shape) == (image.dtype, image.shape)
            # A background wider than the picture is none.
            assert row.name == "background" or (first != image).any()


@each_pixel
@each_choice
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_the_smallest_pictures_are_filtered(row, settings, dtype, color, shape):
    result = attempt(row, picture(dtype, color, shape), **settings)
    assert result is None or result.shape[:2] == shape


@each_pixel
@each_choice
def test_a_constant_picture_stays_constant(row, settings, dtype, color):
    image = np.full((12, 10, 3)[: 3 if color else 2], 100 if dtype != "float32" else 0.25, dtype)
    result = attempt(row, image, **settings)
    if result is not None:
        # A blur of equal floats is equal but for their last bits.
        np.testing.assert_allclose(result, np.broadcast_to(result[:1, :1], result.shape), rtol=1e-5)


@each_choice
def test_missing_pixels_are_left_out_and_spread_nowhere(row, settings):
    image = picture("float32", color=True)
    image[4:7, 20:23] = np.nan
    pixels, valid, notes = apply(row, image, **settings)
    assert np.isfinite(pixels).all()
    assert np.count_nonzero(~valid) == 9
    assert "9 pixels are NaN or infinite" in notes[0]


@each_filter
def test_every_filter_and_knob_is_described_and_bounded(row):
    sections = docstring_sections(find(row.name))
    assert row.summary.endswith(".")
    assert len(row.summary) <= 79
    assert "Returns" in sections
    for knob in row.knobs:
        assert knob.help, knob.name
        for value in (knob.min, knob.max):
            assert value is None or check_setting(knob, type(knob.default)(value)) == value
        if knob.max is not None:
            with pytest.raises(SettingError, match="must be between"):
                apply(row, picture(), **{knob.name: knob.max + 1})


@each_filter
def test_its_examples_hold(row):
    function = find(row.name)
    module = sys.modules[function.__module__]
    for example in doctest.DocTestFinder().find(function, globs={**vars(module), "np": np}):
        assert doctest.DocTestRunner().run(example).failed == 0
    assert inspect.getmodule(function).__doc__


def test_a_filter_that_is_none_is_refused():
    with pytest.raises(UsageError, match="no filter 'blurr'"):
        find("blurr")


def test_a_median_of_three_by_three_takes_the_fifth_of_nine():
    image = np.array([[9, 2, 7], [4, 200, 6], [1, 8, 3]], np.uint8)
    assert apply(ROWS["median"], image)[0][1, 1] == 6


@pytest.mark.parametrize("radius", [1, 3])
def test_the_median_is_the_same_in_every_type(radius):
    image = picture("uint8", color=True)
    small, wide, real = (apply(ROWS["median"], image.astype(t), radius=radius)[0] for t in ("uint8", "uint16", "f4"))
    np.testing.assert_array_equal(small, wide)
    np.testing.assert_array_equal(small, real)


def test_equalized_bytes_are_those_of_opencv():
    from segcli.opencv import cv2

    image = picture()
    np.testing.assert_array_equal(apply(ROWS["equalize"], image)[0], cv2.equalizeHist(image))


def test_equalizing_looks_at_pixels_that_count_alone():
    image = np.array([[10, 20, 20, 30, 250, 250]], np.uint8)
    pixels, _, _ = apply(ROWS["equalize"], image, image < 200)
    assert pixels[0, :4].tolist() == [0, 170, 170, 255]


@pytest.mark.parametrize("limit", [2.0, 10.0])
def test_limited_contrast_is_that_of_opencv(limit):
    from segcli.opencv import cv2

    image = np.random.default_rng(5).normal(120, 25, (256, 256)).clip(0, 255).astype(np.uint8)
    wanted = cv2.createCLAHE(limit, (8, 8)).apply(image)
    # It spreads what is cut off in whole pixels over the first bins: of 255 of a tile's 1024 pixels at most.
    difference = np.abs(apply(ROWS["clahe"], image, limit=limit)[0].astype(int) - wanted)
    assert difference.max() <= 16
    assert difference.mean() < 3


def test_limited_contrast_of_shorts_is_that_of_bytes():
    image = np.random.default_rng(5).integers(0, 256, (64, 64)).astype(np.uint8)
    image[0, :2] = 0, 255
    small = apply(ROWS["clahe"], image)[0]
    wide = apply(ROWS["clahe"], image.astype(np.uint16) * 257)[0]
    np.testing.assert_allclose(wide / 257, small, atol=0.51)


@pytest.mark.parametrize(("method", "left"), [("top-hat", 90), ("rolling-ball", 90)])
def test_objects_stand_alone_when_the_ground_is_taken_away(method, left):
    image = np.full((40, 40), 70, np.uint8)
    image[18:21, 18:21] = 160
    pixels = apply(ROWS["background"], image, method=method, radius=8)[0]
    assert pixels[0, 0] == 0
    # A ball of radius 8 comes a little into an object of 3 pixels from below.
    assert left - 2 <= pixels[19, 19] <= left


def test_dark_objects_are_left_on_white():
    image = np.full((40, 40), 170, np.uint8)
    image[18:21, 18:21] = 80
    pixels = apply(ROWS["background"], image, method="top-hat", radius=8, foreground="dark")[0]
    assert pixels[0, 0] == 255
    assert pixels[19, 19] == 255 - 90


def test_a_rolling_ball_is_the_opening_by_a_ball():
    from scipy.ndimage import grey_opening

    image = picture("uint8", shape=(60, 60))
    row, column = np.indices((15, 15)) - 7
    inside = row**2 + column**2 <= 49
    ball = np.sqrt(np.maximum(49 - row**2 - column**2, 0))
    ground = grey_opening(image.astype(float), footprint=inside, structure=ball, mode="constant", cval=1e6)
    found = apply(ROWS["background"], image, method="rolling-ball", radius=7)[0].astype(float)
    inner = (slice(14, -14), slice(14, -14))
    np.testing.assert_allclose(found[inner], (image - ground)[inner], atol=0.51)


def test_uneven_light_is_divided_away():
    column = np.arange(400, dtype=np.float32)
    image = np.broadcast_to(100 * (1 + column / 400), (400, 400)).astype(np.float32)
    before, after = image.std() / image.mean(), None
    pixels = apply(ROWS["background"], image, radius=20)[0]
    after = pixels[:, 60:340].std() / pixels.mean()
    assert after < 0.05 * before
