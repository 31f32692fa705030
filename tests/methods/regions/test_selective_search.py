"""Selective search as a method."""

import numpy as np
import pytest
from PIL import Image

from segcli.errors import SettingError
from segcli.method import run
from segcli.methods.regions.selective_search import selective_search


def scene():
    """A red disc and a blue bar on speckled gray, and their boxes."""
    random = np.random.default_rng(0)
    image = np.full((60, 80, 3), 128.0)
    rows, columns = np.indices((60, 80))
    image[(rows - 20) ** 2 + (columns - 22) ** 2 <= 12**2] = (200, 60, 50)
    image[38:50, 44:74] = (40, 80, 190)
    return (image + random.normal(0, 4, image.shape)).astype(np.uint8), np.array([[10, 8, 35, 33], [44, 38, 74, 50]])


def overlap(boxes, truth):
    """IoU of each box with each true one."""
    low = np.maximum(boxes[:, None, :2], truth[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], truth[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(some[:, 2:] - some[:, :2], axis=1) for some in (boxes, truth)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)


@pytest.mark.parametrize("mode", ["single", "fast", "quality"])
def test_two_objects_are_among_the_proposals(mode):
    image, truth = scene()
    result = run(selective_search, image, mode=mode)
    assert overlap(result.boxes, truth).max(axis=0).min() > 0.8
    assert result.boxes.dtype == np.int32
    assert len(np.unique(result.boxes, axis=0)) == len(result.boxes) == result.numbers["proposals"]
    assert (np.diff(result.ranks) >= 0).all()
    assert result.numbers["groupings"] == {"single": 1, "fast": 8, "quality": 80}[mode]
    assert (result.boxes[:, :2] >= 0).all()
    assert (result.boxes[:, 2:] <= (80, 60)).all()


def test_labels_are_as_many_regions_as_asked_for():
    image, _ = scene()
    for regions in (1, 2, 3):
        labels = run(selective_search, image, regions=regions).labels
        assert np.unique(labels).tolist() == list(range(1, regions + 1))
    three = run(selective_search, image, regions=3).labels
    assert len({three[2, 2], three[20, 22], three[44, 60]}) == 3


def test_fewer_proposals_are_the_first_of_more():
    image, _ = scene()
    many, few = (run(selective_search, image, proposals=count) for count in (1000, 7))
    assert np.array_equal(few.boxes, many.boxes[:7])
    assert np.array_equal(few.ranks, many.ranks[:7])


def test_the_seed_orders_the_boxes_and_changes_none():
    image, _ = scene()
    first, second = (run(selective_search, image, seed=seed).boxes for seed in (0, 1))
    assert not np.array_equal(first, second)
    assert sorted(map(tuple, first)) == sorted(map(tuple, second))


def test_no_box_reaches_into_what_is_left_out():
    image, truth = scene()
    valid = np.ones((60, 80), bool)
    valid[:, 40:] = False
    result = run(selective_search, image, valid=valid)
    assert (result.boxes[:, 2] <= 40).all()
    assert overlap(result.boxes, truth[:1]).max() > 0.85


def test_a_constant_picture_has_no_proposals():
    result = run(selective_search, np.full((9, 9), 7, np.uint8))
    assert result.boxes is None
    assert "nothing to propose" in result.notes[0]


def test_an_unknown_mode_is_refused():
    with pytest.raises(SettingError, match="must be one of fast, single, quality"):
        run(selective_search, scene()[0], mode="slow")


def test_photographs_of_one_object_have_it_among_1000_boxes(data):
    found = []
    for path in sorted((data / "salient/images").iterdir())[::20]:
        truth = np.array(Image.open(data / f"salient/masks/{path.stem}.png").convert("L")) > 127
        rows, columns = np.nonzero(truth)
        box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])
        boxes = run(selective_search, np.array(Image.open(path).convert("RGB")), proposals=1000).boxes
        found.append(overlap(boxes, box).max())
    assert np.mean(found) > 0.75
