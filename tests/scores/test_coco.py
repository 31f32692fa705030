"""COCO's average precision, by hand and beside COCO's own code."""

import contextlib
import io

import numpy as np
import pytest

from segcli.errors import InputError, SettingError
from segcli.scores.coco import coco_scores
from segcli.scores.comparison import Comparison, compare_boxes, compare_labels, compare_masks


def strip(*runs):
    """One row of labels: (label, length) pairs."""
    return np.concatenate([np.full(length, label) for label, length in runs])[None]


def test_precision_over_recall_by_hand():
    # By certainty right, wrong, right of three true objects: recall 1/3 at precision 1, then 2/3 at 2/3, never 1.
    # Read at 0 to .33: 34 times 1; at .34 to .66: 33 times 2/3; above: 34 times 0.
    truth = strip((1, 4), (0, 2), (2, 4), (0, 2), (3, 4), (0, 2))
    found = strip((5, 4), (0, 2), (6, 4), (0, 2), (0, 4), (7, 2))
    scores = coco_scores([compare_labels(found, truth, [0.9, 0.3, 0.6])])
    assert scores.ap == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert scores.ar == pytest.approx(2 / 3)


def test_an_iou_of_exactly_the_threshold_is_a_match():
    scores = coco_scores([compare_labels(strip((1, 2), (0, 2)), strip((1, 4)))])
    assert (scores.ap50, scores.mean_precision(iou=0.55)) == (1, 0)
    assert scores.ap == pytest.approx(1 / 10)


def test_the_more_certain_one_is_served_first_even_if_it_fits_worse():
    true = [[0, 0, 10, 10]]
    scores = coco_scores([compare_boxes([[0, 0, 10, 10], [0, 0, 10, 8]], true, [0.5, 0.9])])
    # Up to .80 the first is right and the second a double; above, the first is wrong and the second right.
    assert scores.precision[0, 0].tolist() == pytest.approx([1] * 7 + [0.5] * 3)


def test_what_lies_in_a_crowd_is_neither_right_nor_wrong():
    true, found = [[0, 0, 10, 10], [20, 0, 60, 40]], [[0, 0, 10, 10], [22, 2, 30, 10], [40, 20, 50, 30], [0, 50, 9, 60]]
    scores = coco_scores([compare_boxes(found, true, [0.5, 0.9, 0.8, 0.4], crowd=[False, True])])
    assert scores.ap == scores.ar == 1
    assert coco_scores([compare_boxes(found, true, [0.5, 0.9, 0.8, 0.4])]).ap50 == pytest.approx(51 / 101 / 3)


def test_objects_of_another_size_do_not_count():
    true, found = [[0, 0, 10, 10], [0, 0, 50, 50]], [[0, 0, 50, 50], [200, 200, 300, 300], [0, 0, 10, 10]]
    scores = coco_scores([compare_boxes(found, true, [0.3, 0.2, 0.1])])
    assert [scores.mean_precision(area) for area in ("small", "medium")] == [1, 1]
    assert np.isnan(scores.mean_precision("large"))
    assert scores.ap == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_classes_are_scored_apart_and_those_without_true_objects_left_out():
    truth, found = strip((1, 4), (0, 2), (2, 4)), strip((1, 4), (0, 2), (2, 4))
    scores = coco_scores([compare_labels(found, truth, found_classes=[7, 9], true_classes=[7, 8])])
    assert scores.classes.tolist() == [7, 8, 9]
    assert scores.ap_per_class[:2].tolist() == [1, 0]
    assert np.isnan(scores.ap_per_class[2])
    assert scores.ap == scores.ar == 0.5


def test_only_the_most_certain_ones_count_if_there_are_too_many():
    pairs = [compare_labels(strip((1, 4), (2, 4)), strip((1, 4), (2, 4)))]
    assert [coco_scores(pairs, maximum=maximum).ar for maximum in (1, 2, None)] == [0.5, 1, 1]


def test_labels_masks_and_boxes_agree():
    generator = np.random.default_rng(1)
    pictures = np.zeros((2, 36, 36), int)
    for labels in pictures:
        for label, (top, left, height, width) in enumerate(generator.integers(0, 4, (9, 4)), 1):
            row, column = divmod(label - 1, 3)
            labels[12 * row + top :, 12 * column + left :][: height + 5, : width + 5] = label
    found, true = pictures
    masks = [labels == np.arange(1, 10)[:, None, None] for labels in pictures]
    boxes = []
    for stack in masks:
        corners = [np.argwhere(mask) for mask in stack]
        boxes.append([[*own.min(axis=0)[::-1], *(own.max(axis=0)[::-1] + 1)] for own in corners])
    certainty = generator.random(9)
    expected = coco_scores([compare_labels(found, true, certainty)])
    assert 0 < expected.ap < 1
    for other in (compare_masks(*masks, certainty), compare_boxes(*boxes, certainty)):
        assert (coco_scores([other]).precision[0] == expected.precision[0]).all()


def test_nothing_found_scores_zero_and_nothing_true_not_at_all():
    box, nothing = [[0, 0, 4, 4]], np.zeros((0, 4))
    assert coco_scores([compare_boxes(nothing, box)]).ap == coco_scores([compare_boxes(nothing, box)]).ar == 0
    for empty in ([], [compare_boxes(box, nothing)], [compare_boxes(nothing, nothing)]):
        assert np.isnan(coco_scores(empty).ap)
    assert len(compare_masks(np.zeros((0, 3, 3)), np.zeros((0, 3, 3))).ious) == 0
    assert len(compare_labels(np.zeros((3, 3), int), np.ones((3, 3), int)).ious) == 0


def shapes(generator: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Ellipses that may overlap, of many sizes."""
    rows, columns = np.mgrid[:size, :size]
    middle, radius = generator.uniform(0, size, (count, 2, 1, 1)), generator.uniform(3, size / 2, (count, 2, 1, 1))
    squares = ((rows - middle[:, 0]) / radius[:, 0]) ** 2 + ((columns - middle[:, 1]) / radius[:, 1]) ** 2
    return np.asarray(squares <= 1)


def scene(seed: int) -> tuple[np.ndarray, ...]:
    """True masks, moved and invented ones, certainties with ties, classes, crowds."""
    generator = np.random.default_rng(seed)
    true = shapes(generator, 6, 130)
    moved = [np.roll(mask, generator.integers(-5, 6, 2), (0, 1)) for mask in np.repeat(true, 2, axis=0)]
    found = np.concatenate([moved, shapes(generator, 4, 130)])
    found_classes, true_classes = np.repeat(np.append(np.arange(6) % 3 + 1, [1, 2]), 2), np.arange(6) % 3 + 1
    certainty = np.round(generator.random(len(found)), 1)
    return found, true, certainty, found_classes, true_classes, generator.random(6) < 0.25


def box_of(mask: np.ndarray) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def by_coco(scenes: list[tuple[np.ndarray, ...]], kind: str) -> np.ndarray:
    """The twelve numbers of COCO's own code, and AP per class."""
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    from pycocotools import mask as masks
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    true, found = [], []
    for image, (own, other, certainty, found_classes, true_classes, crowd) in enumerate(scenes):
        for target, stack, classes in ((found, own, found_classes), (true, other, true_classes)):
            for place, (mask, label) in enumerate(zip(stack, classes, strict=True)):
                left, top, right, bottom = box_of(mask)
                row = {
                    "id": len(target) + 1,
                    "image_id": image,
                    "category_id": int(label),
                    "bbox": [left, top, right - left, bottom - top],
                    "segmentation": masks.encode(np.asfortranarray(mask.astype(np.uint8))),
                }
                if target is found:
                    row["score"] = float(certainty[place])
                    # Of a found object with both, COCO's code takes the area of the box.
                    del row["segmentation" if kind == "bbox" else "bbox"]
                else:
                    row |= {"area": int(mask.sum()), "iscrowd": int(crowd[place])}
                target.append(row)
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": image, "height": 130, "width": 130} for image in range(len(scenes))],
        "categories": [{"id": label} for label in (1, 2, 3)],
        "annotations": true,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return np.append(evaluation.stats, evaluation.eval["precision"][:, :, :, 0, 2].mean(axis=(0, 1)))


def twelve(pictures: list[Comparison]) -> np.ndarray:
    scores = coco_scores(pictures)
    sizes = ("small", "medium", "large")
    few = [coco_scores(pictures, maximum=maximum).ar for maximum in (1, 10)]
    return np.array(
        [
            *(scores.ap, scores.ap50, scores.ap75),
            *(scores.mean_precision(size) for size in sizes),
            *(*few, scores.ar),
            *(scores.mean_recall(size) for size in sizes),
            *scores.ap_per_class,
        ]
    )


@pytest.mark.parametrize("kind", ["segm", "bbox"])
@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_cocos_own_code(seed: int, kind: str) -> None:
    scenes = [scene(100 * seed + number) for number in range(4)]
    pictures = []
    for found, true, certainty, found_classes, true_classes, crowd in scenes:
        lists = {"found_classes": found_classes, "true_classes": true_classes, "crowd": crowd}
        if kind == "segm":
            pictures.append(compare_masks(found, true, certainty, **lists))
        else:
            boxes = [[box_of(mask) for mask in stack] for stack in (found, true)]
            pictures.append(compare_boxes(*boxes, certainty, true_areas=true.sum(axis=(1, 2)), **lists))
    found, expected = twelve(pictures), by_coco(scenes, kind)
    assert np.nan_to_num(found, nan=-1) == pytest.approx(expected, abs=1e-12)
    assert 0.05 < found[0] < 0.9


def test_lists_sizes_and_settings_are_checked():
    box = [[0, 0, 4, 4]]
    with pytest.raises(InputError, match=r"scores has the shape \(2,\); there are 1 objects"):
        compare_boxes(box, box, [0.1, 0.2])
    with pytest.raises(InputError, match="prediction is 4 x 3, the truth is 3 x 4"):
        compare_masks(np.ones((1, 3, 4)), np.ones((2, 4, 3)))
    with pytest.raises(SettingError, match=r"thresholds are 0\.5, 0;"):
        coco_scores([], thresholds=(0.5, 0))
    with pytest.raises(SettingError, match="maximum is 0"):
        coco_scores([], maximum=0)
    scores = coco_scores([compare_boxes(box, box)])
    with pytest.raises(SettingError, match="area is 'tiny'; scored were all, small, medium, large"):
        scores.mean_precision("tiny")
    with pytest.raises(SettingError, match=r"iou is 0\.42; scored were 0\.5, 0\.55"):
        scores.mean_recall(iou=0.42)
