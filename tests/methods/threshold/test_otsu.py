"""Otsu's threshold as a method."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segcli.errors import InputError, SettingError
from segcli.method import run
from segcli.methods.threshold.otsu import otsu
from segcli.opencv import cv2

DATA = os.environ.get("SEGCLI_DATA")


def humps(seed, centers, size=(60, 70), spread=12.0):
    random = np.random.default_rng(seed)
    values = random.normal(random.choice(centers, size), spread)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def variance_between(image, labels):
    """Return the variance of the class means, weighted by the classes' shares."""
    values = image.astype(np.float64)
    classes = [values[labels == label] for label in np.unique(labels)]
    return sum(len(part) / values.size * (part.mean() - values.mean()) ** 2 for part in classes)


def test_two_flat_halves_are_cut_between_them():
    # Shares 1/2 and 1/2, means 50 and 200: 1/4 * 150^2 = 5625.
    result = run(otsu, np.array([[50, 200], [50, 200]], np.uint8))
    assert result.kind == "mask"
    assert result.labels.dtype == np.uint8
    assert result.labels.tolist() == [[0, 1], [0, 1]]
    assert dict(result.numbers) == {"threshold": 50, "objective": pytest.approx(5625, rel=1e-14)}
    assert result.choices["foreground"] == "bright"
    assert result.notes == ()


def test_four_pixels_are_cut_where_the_variance_is_largest():
    # Levels 0, 1, 2, 2: cut above 0: 3/16 * (5/3)^2 = 25/48; cut above 1: 1/4 * (3/2)^2 = 27/48.
    result = run(otsu, np.array([[0, 1], [2, 2]], np.uint8))
    assert result.numbers["threshold"] == 1
    assert result.numbers["objective"] == pytest.approx(27 / 48, rel=1e-14)
    curve = result.series["between_class_variance"]
    np.testing.assert_allclose(curve[:3], [25 / 48, 27 / 48, 0], rtol=1e-14)
    assert result.series["histogram"][:3].tolist() == [1, 1, 2]


def test_three_flat_parts_make_three_classes():
    # Mean 100; (10 - 100)^2 / 3 + 0 + 90^2 / 3 = 5400.
    result = run(otsu, np.array([[10, 100, 190]], np.uint8), classes=3)
    assert result.kind == "classes"
    assert result.labels.tolist() == [[0, 1, 2]]
    assert (result.numbers["threshold_1"], result.numbers["threshold_2"]) == (10, 100)
    assert result.numbers["objective"] == pytest.approx(5400, rel=1e-14)


@pytest.mark.parametrize("seed", range(8))
def test_the_mask_is_opencvs(seed):
    image = humps(seed, (70, 150 + 5 * seed))
    level, mask = cv2.threshold(image, 0, 1, cv2.THRESH_OTSU)
    result = run(otsu, image)
    np.testing.assert_array_equal(result.labels, mask)
    assert image[image <= level].max() == result.numbers["threshold"]


@pytest.mark.skipif(not DATA, reason="SEGCLI_DATA is not set")
def test_the_mask_is_opencvs_on_nuclei():
    files = sorted(Path(DATA or "", "nuclei", "test", "images").glob("*.webp"))[:25]
    assert files
    for file in files:
        image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        level, mask = cv2.threshold(image, 0, 1, cv2.THRESH_OTSU)
        result = run(otsu, image)
        np.testing.assert_array_equal(result.labels, mask, err_msg=file.name)
        assert image[image <= level].max() == result.numbers["threshold"]


def test_a_lone_pixel_counts_where_opencv_ignores_it():
    # OpenCV never leaves less than 1.2e-7 of the pixels on a side; one of 9 million is 1.1e-7.
    image = np.full((3000, 3000), 10, np.uint8)
    image[7, 7] = 250
    assert int(run(otsu, image).labels.sum()) == 1


@pytest.mark.parametrize("classes", [3, 4])
def test_the_objective_is_the_one_of_scikit_image(classes):
    filters = pytest.importorskip("skimage.filters")
    for seed in range(3):
        image = humps(seed, (40, 90, 140, 200), spread=14) // 2
        levels = filters.threshold_multiotsu(image, classes)
        expected = variance_between(image, np.searchsorted(levels, image))
        found = run(otsu, image, classes=classes).numbers["objective"]
        assert found == pytest.approx(expected, rel=1e-12)


def test_five_classes_are_never_worse_than_scikit_image():
    filters = pytest.importorskip("skimage.filters")
    for seed in range(3):
        image = humps(seed, (40, 90, 140, 200), spread=14) // 5
        theirs = variance_between(image, np.searchsorted(filters.threshold_multiotsu(image, 5), image))
        assert run(otsu, image, classes=5).numbers["objective"] >= theirs * (1 - 1e-12)


@pytest.mark.parametrize("classes", [2, 3, 5, 16])
def test_the_objective_is_the_variance_of_the_labels(classes):
    image = humps(3, (30, 120, 220), spread=25)
    result = run(otsu, image, classes=classes)
    assert len(np.unique(result.labels)) == classes
    assert result.numbers["objective"] == pytest.approx(variance_between(image, result.labels), rel=1e-12)


def test_16_bit_levels_are_not_merged():
    # Two levels one apart, far below a 256th of the range; the third pixel widens the range.
    image = np.array([[30_000] * 9 + [30_001] * 9 + [65_535]], np.uint16)
    assert run(otsu, image, classes=3).labels.tolist() == [[0] * 9 + [1] * 9 + [2]]
    assert run(otsu, image[:, :18]).numbers["threshold"] == 30_000
    wide = (humps(4, (60, 160)).astype(np.uint16) << 8) + np.random.default_rng(4).integers(0, 256, (60, 70))
    wide = wide.astype(np.uint16)
    assert run(otsu, wide).numbers["objective"] >= max(
        variance_between(wide, wide > level) for level in range(int(wide.min()), int(wide.max()), 97)
    )


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("scale", [1.0, 1 / 255, 1e6])
def test_a_change_of_scale_changes_no_label(classes, scale):
    image = humps(5, (50, 110, 190))
    image.flat[:2] = 0, 255
    expected = run(otsu, image, classes=classes)
    moved = (image * scale - 3 * scale).astype(np.float32)
    found = run(otsu, moved, classes=classes)
    np.testing.assert_array_equal(found.labels, expected.labels)
    assert found.numbers["objective"] == pytest.approx(expected.numbers["objective"] * scale**2, rel=1e-6)
    twice = run(otsu, image.astype(np.uint16) * 200 + 9, classes=classes)
    np.testing.assert_array_equal(twice.labels, expected.labels)


def test_pixels_that_are_not_numbers_are_left_out():
    image = np.array([[0.1, 0.9, np.nan], [0.1, 0.9, np.inf]], np.float32)
    result = run(otsu, image)
    assert result.labels.tolist() == [[0, 1, 0], [0, 1, 0]]
    assert 0.1 <= result.numbers["threshold"] < 0.101
    assert "2 pixels" in result.notes[0]


def test_only_valid_pixels_make_the_threshold():
    image = np.array([[10, 20, 255, 255, 255]], np.uint8)
    valid = np.array([[True, True, False, False, False]])
    result = run(otsu, image, valid=valid)
    assert result.numbers["threshold"] == 10
    assert result.labels.tolist() == [[0, 1, 0, 0, 0]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("classes", [2, 5])
def test_a_constant_image_is_background_with_a_note(dtype, classes):
    result = run(otsu, np.full((4, 5), 90, dtype), classes=classes)
    assert not result.labels.any()
    assert result.kind == ("mask" if classes == 2 else "classes")
    assert result.notes == ("every pixel is 90; there is nothing to separate",)


def test_more_classes_than_levels_are_refused():
    image = np.array([[1, 2, 3, 3]], np.uint8)
    with pytest.raises(InputError, match=r"has 3 gray levels; 5 classes need as many. Ask for 3 or fewer"):
        run(otsu, image, classes=5)
    assert run(otsu, image, classes=3).labels.tolist() == [[0, 1, 2, 2]]


def test_the_other_side_may_be_the_foreground():
    image = np.full((20, 20), 200, np.uint8)
    image[5:9, 5:9] = 50
    dark = run(otsu, image, foreground="dark")
    assert int(dark.labels.sum()) == 16
    chosen = run(otsu, image, foreground="auto")
    np.testing.assert_array_equal(chosen.labels, dark.labels)
    assert chosen.choices["foreground"] == "dark"
    assert "ask for foreground dark" in run(otsu, image).notes[0]
    with pytest.raises(SettingError, match="foreground is auto"):
        run(otsu, np.arange(9, dtype=np.uint8).reshape(3, 3), classes=3, foreground="auto")


def test_a_binary_cut_loads_numpy_and_opencv_alone():
    program = (
        "import numpy as np, sys; from segcli.method import run; from segcli.methods.threshold.otsu import otsu;"
        "run(otsu, np.array([[1, 9], [1, 200]], np.uint8), classes={});"
        "print(sorted({{'scipy', 'skimage', 'sklearn', 'numba', 'torch', 'matplotlib', 'PIL'}} & set(sys.modules)))"
    )
    for classes in (2, 3):
        done = subprocess.run(
            [sys.executable, "-c", program.format(classes)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"
