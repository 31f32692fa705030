"""Bottom-up merging of regions as a method."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.method import run
from segcli.methods.regions import hierarchical as module
from segcli.methods.regions.hierarchical import hierarchical


def quarters(size=24, noise=6.0, seed=0):
    """Four flat quarters of different colors under noise, and their truth."""
    truth = np.array([[1, 2], [3, 4]], np.int32).repeat(size, axis=0).repeat(size, axis=1)
    colors = np.array([[0, 0, 0], [200, 60, 60], [60, 200, 60], [60, 60, 200], [220, 220, 90]], np.float64)
    picture = colors[truth] + np.random.default_rng(seed).normal(0, noise, (*truth.shape, 3))
    return np.clip(picture, 0, 255).astype(np.uint8), truth


def agreement(labels, truth):
    """Share of pixels whose region's most frequent truth is their own."""
    return sum(np.bincount(truth[labels == label]).max() for label in np.unique(labels)) / truth.size


def test_three_merges_of_a_strip_by_hand():
    # L* of 10, 12, 90, 94, 200 is about 2.7, 3.3, 38.2, 39.9 and 80.6: 1|2 merge at 0.5, 3|4 at 1.6, then
    # (2.7 + 3.3) / 2 and (38.2 + 39.9) / 2 are 36 apart, and that one's mean of 21 is 59.6 from 80.6.
    strip = np.array([[10, 12, 90, 94, 200]], np.uint8)
    result = hierarchical(strip, regions=2, linkage="mean_color", superpixels="off")
    assert result.labels.tolist() == [[1, 1, 1, 1, 2]]
    assert result.series["tree"].tolist() == [[0, 1], [2, 3], [0, 2], [0, 4]]
    assert result.series["heights"] == pytest.approx([0.58, 1.7, 36.1, 59.6], abs=0.2)
    assert result.numbers["height"] == result.series["heights"][2]
    assert result.numbers["next_height"] == result.series["heights"][3]


@pytest.mark.parametrize("linkage", ["ward_boundary", "ward", "mean_color"])
@pytest.mark.parametrize("superpixels", [40, "off"])
def test_four_quarters_are_found(linkage, superpixels):
    image, truth = quarters()
    if superpixels == "off" and linkage == "mean_color":
        image, _ = quarters(noise=0)
    result = run(hierarchical, image, regions=4, linkage=linkage, superpixels=superpixels)
    assert result.numbers["regions"] == result.labels.max() == 4
    assert agreement(result.labels, truth) > 0.97


def test_levels_of_the_tree_are_nested():
    image, _ = quarters(noise=30)
    fine, coarse = (run(hierarchical, image, regions=regions, superpixels=60).labels for regions in (12, 5))
    pairs = set(zip(fine.ravel().tolist(), coarse.ravel().tolist(), strict=True))
    assert len(pairs) == 12
    assert len(set(coarse.ravel().tolist())) == 5


def test_the_threshold_stops_before_the_number_of_regions():
    image, _ = quarters()
    # Ward's heights never fall, so that the last four merges are the four highest.
    heights = run(hierarchical, image, regions=1, linkage="ward", superpixels=40).series["heights"]
    result = run(hierarchical, image, regions=1, threshold=float(heights[-4]), linkage="ward", superpixels=40)
    assert result.numbers["regions"] == 4
    assert result.numbers["next_height"] > heights[-4]
    assert run(hierarchical, image, regions=9, threshold=1e9, superpixels=40).numbers["regions"] == 9


def test_boundaries_carry_the_height_that_removes_them():
    image, _ = quarters()
    result = run(hierarchical, image, regions=4, superpixels=40)
    heights = result.layers["boundary_height"]
    between = result.labels[:, :-1] != result.labels[:, 1:]
    assert heights[:, :-1][between].min() > result.numbers["height"]
    inside = (heights > 0) & (heights <= result.numbers["height"])
    assert inside.sum() > between.sum()


def test_parts_that_do_not_touch_stay_apart_and_it_says_so():
    image, _ = quarters()
    valid = np.ones(image.shape[:2], bool)
    valid[:, 20:26] = False
    result = run(hierarchical, image, valid=valid, regions=1, superpixels=40)
    assert result.numbers["regions"] == 2
    assert "2 regions are left, which do not touch" in result.notes
    assert set(np.unique(result.labels[valid])) == {1, 2}


def test_more_regions_than_superpixels_are_noted():
    image, _ = quarters()
    result = run(hierarchical, image, regions=500, superpixels=10)
    assert result.numbers["merges"] == 0
    assert "raise superpixels" in result.notes[0]


def test_too_many_single_pixels_are_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(module, "ANY_PIXELS", 100)
    with pytest.raises(InputError, match="Set a number of superpixels"):
        run(hierarchical, quarters()[0], superpixels="off")
