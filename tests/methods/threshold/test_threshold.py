"""Fixed thresholds, and those that a rule reads off the histogram."""

import os
from pathlib import Path

import numpy as np
import pytest

from segcli.errors import InputError, SettingError
from segcli.method import run
from segcli.methods.threshold.threshold import threshold
from segcli.numeric.histogram import Histogram, histogram
from segcli.numeric.level_rules import PEAK_RULES, TWO_CLASS_RULES, midpoint, peaks, valley
from segcli.opencv import cv2

DATA = os.environ.get("SEGCLI_DATA")
RULES = (*TWO_CLASS_RULES, *PEAK_RULES)


def image_of(counts):
    """Return a one-row image with so many pixels of each level, given as {level: count}."""
    return np.repeat(np.array(list(counts), np.uint8), list(counts.values()))[None]


def humps(seed, centers=(70, 170), spread=14.0, size=(90, 100)):
    random = np.random.default_rng(seed)
    return np.clip(np.rint(random.normal(random.choice(centers, size), spread)), 0, 255).astype(np.uint8)


def test_a_fixed_level_cuts_above_itself():
    image = np.array([[10, 20, 30]], np.uint8)
    result = run(threshold, image, at=(20,))
    assert result.kind == "mask"
    assert result.labels.tolist() == [[0, 0, 1]]
    assert result.numbers["threshold"] == 20
    assert run(threshold, image, at=(20,), foreground="dark").labels.tolist() == [[1, 1, 0]]
    assert run(threshold, image, at=19.5).labels.tolist() == [[0, 1, 1]]


def test_two_fixed_levels_in_any_order_make_three_classes():
    image = np.array([[10, 20, 30]], np.uint16)
    result = run(threshold, image, at=(25, 12), classes=3)
    assert result.kind == "classes"
    assert result.labels.tolist() == [[0, 1, 2]]
    assert result.numbers == {"threshold_1": 12, "threshold_2": 25}


def test_a_fixed_level_is_used_in_a_constant_image_too():
    result = run(threshold, np.full((2, 2), 90, np.uint8), at=(80,))
    assert result.labels.all()
    assert result.notes == ("all pixels lie on one side of 80; they go from 90 to 90",)


def test_a_level_on_the_wrong_scale_is_remarked_upon():
    result = run(threshold, humps(1), at=(0.588,))
    assert "one side of 0.588" in result.notes[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"at": (80,), "rule": "li"}, "rule is li, but at fixes the thresholds"),
        ({"at": (80, 80)}, "at has 2 values, 1 of them different"),
        ({"at": ()}, "at has 0 values"),
        ({"at": (80,), "classes": 4}, "classes is 4, but 1 thresholds make 2"),
        ({"rule": "li", "classes": 3}, "classes is 3; rule li makes two. Use midpoint or valley, or otsu"),
        ({"classes": 3}, "classes is 3; rule isodata makes two"),
        ({"at": (80, 90), "foreground": "dark"}, "foreground is dark; it needs two classes, there are 3"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        run(threshold, humps(2), **settings)


def test_the_mean_by_hand():
    # (3 * 10 + 1 * 50) / 4 = 20
    assert run(threshold, image_of({10: 3, 50: 1}), rule="mean").numbers["threshold"] == 20


def test_isodata_by_hand():
    # Levels 0 (2 pixels) and 10 (2 pixels): at any cut in 0..9 the class means are 0 and 10, half way is 5;
    # the lowest level less than one below 5 is 5 itself.
    assert run(threshold, image_of({0: 2, 10: 2})).numbers["threshold"] == 5


def test_li_by_hand():
    # Levels 0, 4, 8, one pixel each; from the mean 4: means 2 and 8, (2 - 8) / ln(2 / 8) = 4.328; between 4 and 8
    # the classes stay the same, so that is where it ends.
    found = run(threshold, image_of({0: 1, 4: 1, 8: 1}), rule="li").numbers["threshold"]
    assert found == pytest.approx(6 / np.log(4), rel=1e-14)


def test_yen_by_hand():
    # Shares 1/2, 1/4, 1/4. (P (1 - P))^2 / (squares below * squares above):
    # cut above 0: (1/4)^2 / (1/4 * 1/8) = 2; cut above 1: (3/16)^2 / (5/16 * 1/16) = 1.8.
    assert run(threshold, image_of({0: 2, 1: 1, 2: 1}), rule="yen").numbers["threshold"] == 0


def test_triangle_by_hand():
    # Peak 9 at level 0, tail to level 4 with 2, 1, 1, 1: the line from (4, 0) to (0, 9) is at 6.75, 4.5, 2.25 above
    # levels 1, 2, 3; it is farthest from the curve at level 1: 4.75 against 3.5 and 1.25.
    counts = {0: 9, 1: 2, 2: 1, 3: 1, 4: 1}
    assert run(threshold, image_of(counts), rule="triangle").numbers["threshold"] == 1
    mirrored = {4 - level: count for level, count in counts.items()}
    assert run(threshold, image_of(mirrored), rule="triangle").numbers["threshold"] == 3


def test_midpoint_and_valley_by_hand():
    # Without smoothing: peaks 8 at level 2 and 6 at level 7, half way 4.5; the emptiest level between is 5.
    counts = {1: 3, 2: 8, 3: 4, 4: 2, 5: 1, 6: 2, 7: 6, 8: 1}
    assert run(threshold, image_of(counts), rule="midpoint", histogram_sigma=0).numbers["threshold"] == 4.5
    assert run(threshold, image_of(counts), rule="valley", histogram_sigma=0).numbers["threshold"] == 5


def test_the_middle_of_an_empty_valley_is_taken():
    # Levels 11 to 19 are empty; the middle is 15.
    assert run(threshold, image_of({10: 4, 20: 4}), rule="valley", histogram_sigma=0).numbers["threshold"] == 15
    assert run(threshold, image_of({10: 4, 20: 4}), rule="midpoint").numbers["threshold"] == 15


@pytest.mark.parametrize("rule", ["midpoint", "valley"])
def test_a_peak_for_each_class_gives_more_classes(rule):
    result = run(threshold, humps(3, (40, 120, 210), 8.0), rule=rule, classes=3, histogram_sigma=6)
    assert result.kind == "classes"
    assert result.numbers["threshold_1"] == pytest.approx(80, abs=12)
    assert result.numbers["threshold_2"] == pytest.approx(165, abs=12)
    assert np.unique(result.labels).tolist() == [0, 1, 2]


def test_too_few_peaks_are_an_error_that_says_how_many_there_are():
    one = humps(4, (120,), 10.0)
    with pytest.raises(
        InputError, match=r"has 1 peak, 2 classes by rule valley need 2. Try a smaller histogram_sigma than 20"
    ):
        run(threshold, one, rule="valley", histogram_sigma=20)
    three = humps(5, (40, 120, 210), 5.0)
    with pytest.raises(InputError, match=r"has 3 peaks, 5 classes by rule midpoint need 5"):
        run(threshold, three, rule="midpoint", classes=5, histogram_sigma=12)
    with pytest.raises(InputError, match=r"smoothing left 1 peak in the histogram; rule minimum needs 2"):
        run(threshold, np.arange(64, dtype=np.uint8).reshape(8, 8), rule="minimum")


def test_a_plateau_is_one_peak_and_ends_may_be_peaks():
    assert peaks(np.array([1.0, 3, 3, 3, 1, 2])).tolist() == [2, 5]
    assert peaks(np.array([5.0, 1, 1, 5])).tolist() == [0, 3]
    assert peaks(np.array([2.0, 2, 2])).tolist() == [1]
    assert peaks(np.array([4.0])).tolist() == [0]


def real_and_drawn():
    """Return drawn images, and real ones where there are."""
    images = [humps(seed, (60, 150 + 8 * seed)) for seed in range(4)]
    files = sorted(Path(DATA, "nuclei", "test", "images").glob("*.webp"))[:12] if DATA else []
    return images + [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]


@pytest.mark.parametrize("rule", sorted({*TWO_CLASS_RULES} - {"yen"}))
def test_the_rule_gives_scikit_images_threshold(rule):
    filters = pytest.importorskip("skimage.filters")
    for image in real_and_drawn():
        expected = getattr(filters, f"threshold_{rule}")(image)
        assert TWO_CLASS_RULES[rule](histogram(image)) == pytest.approx(float(expected), rel=1e-9)


def test_yen_gives_scikit_images_threshold_or_one_that_its_float32_sums_cannot_tell_from_it():
    filters = pytest.importorskip("skimage.filters")

    def correlation(image, level):
        shares = np.bincount(image.ravel(), minlength=256) / image.size
        dark, bright = shares[: int(level) + 1], shares[int(level) + 1 :]
        return 2 * np.log(dark.sum() * bright.sum()) - np.log((dark**2).sum() * (bright**2).sum())

    equal = 0
    for image in real_and_drawn():
        found, expected = TWO_CLASS_RULES["yen"](histogram(image)), float(filters.threshold_yen(image))
        equal += found == expected
        assert 0 <= correlation(image, found) - correlation(image, expected) < 1e-5
    assert equal >= 1


@pytest.mark.parametrize("rule", ["isodata", "li", "mean"])
def test_16_bit_levels_are_used_exactly(rule):
    filters = pytest.importorskip("skimage.filters")
    image = (humps(6).astype(np.uint16) << 7) + np.random.default_rng(6).integers(0, 128, (90, 100)).astype(np.uint16)
    expected = float(getattr(filters, f"threshold_{rule}")(image))
    assert run(threshold, image, rule=rule).numbers["threshold"] == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("rule", RULES)
def test_a_change_of_scale_changes_few_pixels(rule):
    image = humps(7)
    image.flat[:2] = 0, 255
    expected = run(threshold, image, rule=rule).labels
    for moved in (image.astype(np.uint16) * 256 + 128, (image / 255 - 3).astype(np.float32)):
        found = run(threshold, moved, rule=rule).labels
        assert np.count_nonzero(found != expected) <= 0.01 * image.size


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_two_flat_parts_are_separated_by_every_rule(rule, dtype):
    image = np.full((12, 12), 50, dtype)
    image[3:9, 3:9] = 200
    result = run(threshold, image, rule=rule, foreground="auto")
    assert int(result.labels.sum()) == 36
    assert result.choices["foreground"] == "bright"


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_constant_image_is_background_with_a_note(rule, dtype):
    result = run(threshold, np.full((3, 4), 7, dtype), rule=rule, foreground="dark")
    assert not result.labels.any()
    assert result.notes == ("every pixel is 7; there is nothing to separate",)


def test_pixels_that_are_not_numbers_or_not_valid_have_no_say():
    image = np.array([[0.0, 1.0, np.nan, 99.0]], np.float32)
    result = run(threshold, image, rule="mean", valid=np.array([[True, True, True, False]]))
    assert result.numbers["threshold"] == pytest.approx(0.5, abs=2e-5)
    assert result.labels.tolist() == [[0, 1, 0, 0]]


def test_rules_read_a_histogram_without_an_image():
    found = Histogram(np.array([9, 1, 1, 1, 9]), np.array([0.0, 2, 4, 6, 8]))
    assert midpoint(found, 2, 0) == (4,)
    assert valley(found, 2, 0) == (4,)
