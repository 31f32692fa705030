"""Watershed: touching objects come apart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.cleanup import Cleanup
from segcli.errors import InputError, SettingError
from segcli.method import run
from segcli.methods.regions.watershed import watershed
from segcli.opencv import cv2


def two_discs(dtype: Any = np.uint8, dark: int = 40, bright: int = 200) -> Any:
    """Two touching discs of radius 9 with centers at (15, 14) and (15, 30), with a little noise."""
    rows, columns = np.mgrid[:31, :46]
    discs = np.minimum((columns - 14) ** 2, (columns - 30) ** 2) + (rows - 15) ** 2 <= 81
    noise = np.random.default_rng(0).integers(-5, 6, discs.shape)
    return (np.where(discs, bright, dark) + noise).astype(dtype)


def test_two_touching_rectangles_come_apart_at_their_neck() -> None:
    # Distances in row 2: 1 2 1, neck 1, 1 2 1. The middles, columns 2 and 6, are flooded first (level -4), then
    # the rest (level -1) row by row from both sides: column 4 lies half way, and the left middle comes first.
    image = np.zeros((5, 9), np.uint8)
    image[1:4, 1:4] = image[1:4, 5:8] = image[2, 4] = 255
    found = run(watershed, image, min_distance=2)
    assert found.labels[2].tolist() == [0, 1, 1, 1, 1, 2, 2, 2, 0]
    assert found.kind == "instances"
    assert found.numbers == {"objects": 2, "threshold": 0}
    assert np.argwhere(found.layers["markers"]).tolist() == [[2, 2], [2, 6]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("on", ["distance", "gradient", "intensity"])
def test_touching_discs_become_two_objects(dtype: Any, on: str) -> None:
    found = run(watershed, two_discs(dtype), on=on)
    assert found.numbers["objects"] == 2
    assert found.labels[15, 14] == 1
    assert found.labels[15, 30] == 2
    assert np.array_equal(found.labels > 0, found.layers["mask"])
    assert found.choices["foreground"] == "bright"


def test_dark_objects_are_found_by_themselves_and_the_other_side_on_request() -> None:
    found = run(watershed, 255 - two_discs())
    assert found.choices["foreground"] == "dark"
    assert np.array_equal(found.labels, run(watershed, two_discs()).labels)
    assert run(watershed, two_discs(), foreground="dark").labels[0, 0] > 0


@pytest.mark.parametrize("values", [(0, 255), (0, 1)])
def test_a_picture_with_two_levels_is_the_mask(values: tuple[int, int]) -> None:
    disc = np.full((12, 12), values[1], np.uint8)
    disc[0] = values[0]
    found = run(watershed, disc)
    # Most of it is foreground, and still the larger value is the object.
    assert found.choices == {"foreground": "bright", "mask": "given picture"}
    assert np.array_equal(found.labels, (disc == values[1]).astype(np.int32))


def test_specks_near_a_large_object_are_kept_as_objects() -> None:
    image = np.zeros((30, 30), np.uint8)
    image[3:20, 3:20] = 1
    image[21:23, 10:12] = 1
    # The speck lies within min_distance of the square's middle, so it has no marker of its own.
    found = run(watershed, image, min_distance=12)
    assert len(np.argwhere(found.layers["markers"])) == 1
    assert found.numbers["objects"] == 2
    assert found.labels[21, 10] == 2


def test_given_markers_keep_their_labels_and_unmarked_objects_go() -> None:
    markers = np.zeros((31, 46), np.int32)
    markers[15, 14] = 7
    markers[15, 30] = 3
    image = two_discs()
    found = run(watershed, image, markers=markers)
    assert (found.labels[15, 10], found.labels[15, 34]) == (7, 3)
    assert found.numbers["objects"] == 2
    one = run(watershed, image, markers=np.where(markers == 7, 7, 0))
    assert np.unique(one.labels).tolist() == [0, 7]
    nowhere = np.zeros_like(markers)
    nowhere[0, 0] = 1
    assert run(watershed, image, markers=nowhere).notes == ("no marker lies on the foreground",)


def test_markers_share_out_the_whole_picture_on_the_gradient() -> None:
    markers = np.zeros((31, 46), np.int32)
    markers[0, 0] = 1
    markers[15, 10:35] = 2
    found = run(watershed, two_discs(), markers=markers, on="gradient")
    truth = 1 + (two_discs() > 120)
    assert found.labels.min() == 1
    assert np.mean(found.labels == truth) > 0.9
    assert found.choices == {}


def test_a_given_mask_replaces_the_threshold() -> None:
    mask = np.zeros((31, 46), bool)
    mask[10:20, 5:40] = True
    found = run(watershed, np.full((31, 46), 9, np.uint8), mask=mask)
    assert np.array_equal(found.labels > 0, mask)
    assert found.numbers == {"objects": 1}
    bright = run(watershed, two_discs(), mask=mask, on="intensity")
    assert bright.choices == {"foreground": "bright"}


def test_lines_part_the_objects_and_nothing_else_changes() -> None:
    whole = run(watershed, two_discs())
    parted = run(watershed, two_discs(), lines=True)
    lines = parted.layers["lines"]
    assert lines.any()
    assert np.array_equal(parted.labels, np.where(lines, 0, whole.labels))
    assert cv2.connectedComponents((parted.labels > 0).astype(np.uint8), connectivity=8)[0] - 1 == 2


def test_smoothing_joins_the_crumbs_of_a_ragged_object() -> None:
    image = two_discs()
    image[np.random.default_rng(4).random(image.shape) < 0.1] = 40
    rough = run(watershed, image, min_distance=3)
    smooth = run(watershed, image, min_distance=3, sigma=3.0)
    assert len(np.argwhere(smooth.layers["markers"])) < len(np.argwhere(rough.layers["markers"]))


def test_a_lower_correction_takes_in_fainter_pixels() -> None:
    # Levels 0 (median of the background), 50, 100, 200: of 1000, 40, 40, 300 pixels. Otsu cuts above 50.
    image = np.repeat(np.array([0, 50, 100, 200], np.uint8), [1000, 40, 40, 300]).reshape(60, 23)
    assert run(watershed, image).numbers["threshold"] == 50
    low = run(watershed, image, correction=0.8)
    assert low.numbers["threshold"] == 40
    assert np.count_nonzero(low.labels) == 380


def test_left_out_pixels_neither_count_nor_carry_labels() -> None:
    image = two_discs()
    image[:, 40:] = 255
    valid = np.ones(image.shape, bool)
    valid[:, 40:] = False
    found = run(watershed, image, valid=valid)
    assert found.numbers["objects"] == 2
    assert not found.labels[:, 40:].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (6, 7)])
def test_a_flat_picture_is_background_with_a_note(shape: tuple[int, int]) -> None:
    found = run(watershed, np.full(shape, 7, np.uint8))
    assert not found.labels.any()
    assert found.notes == ("every pixel is 7; there is nothing to separate",)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(SettingError, match="min_distance is 0; it must be between 1 and 500"):
        run(watershed, two_discs(), min_distance=0)
    with pytest.raises(InputError, match="markers is 3 x 2, the image is 46 x 31"):
        run(watershed, two_discs(), markers=np.ones((2, 3), np.int32))


@pytest.mark.parametrize("connectivity", [4, 8])
def test_the_steps_of_scikit_image_give_the_same_labels(connectivity: Any) -> None:
    segmentation = pytest.importorskip("skimage.segmentation")
    ndimage = pytest.importorskip("scipy.ndimage")
    random = np.random.default_rng(8)
    image = np.full((200, 240), 50, np.uint8)
    for column, row in random.integers(10, 200, (70, 2)).tolist():
        cv2.circle(image, (column, row), int(random.integers(8, 14)), 180, -1)
    found = run(watershed, image, connectivity=connectivity)
    mask = image > 100
    expected = segmentation.watershed(
        -ndimage.distance_transform_edt(mask), found.layers["markers"], mask=mask, connectivity=connectivity // 4
    )
    # scikit-image leaves components without a marker empty.
    marked = expected > 0
    assert np.mean(found.labels[marked] == expected[marked]) >= 0.999


# Centers and radii of the coins, in pixels, read off the picture by eye.
COINS = """44,54,22 100,56,19 156,51,23 216,52,24 276,53,20 335,44,29 46,124,20 103,126,18 154,127,20 206,125,20
271,120,25 336,124,19 44,197,19 102,196,22 154,198,19 213,193,24 274,194,22 347,187,32 46,260,28 114,266,22
172,262,28 245,264,24 301,264,25 358,268,23"""


def test_the_24_coins_are_found_and_nothing_else() -> None:
    skimage_data = pytest.importorskip("skimage.data")
    image = cv2.GaussianBlur(skimage_data.coins(), (0, 0), 1)
    tidy = Cleanup(min_size=100, clear_border=True, fill_holes=True)
    found = run(watershed, image, min_distance=25, correction=1.1, cleanup=tidy).labels
    coins = [tuple(int(number) for number in coin.split(",")) for coin in COINS.split()]
    assert len(coins) == 24
    assert found.max() == 24
    matched = set()
    for column, row, radius in coins:
        disc = cv2.circle(np.zeros(found.shape, np.uint8), (column, row), radius, 1, -1) > 0
        label = int(np.argmax(np.bincount(found[disc], minlength=25)))
        region = found == label
        assert np.count_nonzero(region & disc) / np.count_nonzero(region | disc) > 0.8
        matched.add(label)
    assert matched == set(range(1, 25))


NUCLEI = Path(os.environ.get("SEGCLI_DATA", ".")) / "nuclei" / "val"


@pytest.mark.skipif(
    not ("SEGCLI_DATA" in os.environ and NUCLEI.is_dir()), reason="needs SEGCLI_DATA with nuclei/val in it"
)
def test_settings_from_the_train_part_raise_the_scores_of_nuclei() -> None:
    from segcli.scores.instance import average_precision

    tidy = Cleanup(min_size=30, fill_holes=True)
    tuned, plain = [], []
    for path in sorted((NUCLEI / "images").iterdir())[:12]:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        truth = cv2.imread(str(NUCLEI / "masks" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        settings = {"correction": 0.8, "sigma": 2.5, "min_distance": 6}
        tuned.append(average_precision(run(watershed, image, cleanup=tidy, **settings).labels, truth))
        joined = cv2.connectedComponents(run(watershed, image).layers["mask"].view(np.uint8))[1]
        plain.append(average_precision(joined, truth))
    assert np.mean(tuned) > np.mean(plain) + 0.05
