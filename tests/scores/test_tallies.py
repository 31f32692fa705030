"""What is counted of pictures, and the scores of sums: by hand, and beside scikit-learn and segcli's own scores."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score, precision_score, recall_score

from segcli.scores import boundary, instance, saliency, segments, semantic
from segcli.scores.tallies import (
    BoundaryTally,
    InstanceTally,
    PartitionTally,
    SaliencyTally,
    SemanticTally,
    score_names,
)
from segcli.segmentation import VOID

NAMES = ("ground", "cell", "debris")


def labels(seed: int, classes: int = 3, shape: tuple[int, int] = (12, 10)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, shape).astype(np.uint8)


def test_two_by_two_pixels_are_scored_as_by_hand() -> None:
    tally = SemanticTally(("ground", "object"))
    predicted, true = np.array([[1, 1], [0, 0]], np.uint8), np.array([[1, 0], [0, 0]], np.uint8)
    counts = tally.count(predicted, true)
    # right, true, predicted pixels of both classes; Dice 2 / 3 and IoU 1 / 2 of the object; one picture.
    assert counts.tolist() == [2, 1, 3, 1, 2, 2, 2 / 3, 1 / 2, 1]
    scores = tally.scores(counts)
    assert scores["iou.ground"] == 2 / 3
    assert scores["iou"] == scores["iou.object"] == 1 / 2
    assert scores["mean_iou"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scores["pixel_accuracy"] == 3 / 4
    assert (scores["precision"], scores["recall"], scores["dice"]) == (1 / 2, 1, 2 / 3)
    assert scores["mean_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert tally.matrix(predicted, true).tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_scores_of_pixels_are_those_of_scikit_learn() -> None:
    tally, pairs = SemanticTally(NAMES), [(labels(seed), labels(seed + 9)) for seed in range(4)]
    scores = tally.scores(np.sum([tally.count(*pair) for pair in pairs], axis=0))
    predicted, true = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    for name, function in (("iou", jaccard_score), ("dice", f1_score), ("precision", precision_score)):
        expected = function(true, predicted, average=None)
        assert [scores[f"{name}.{one}"] for one in NAMES] == pytest.approx(expected.tolist())
        assert scores[f"mean_{name}"] == pytest.approx(expected.mean())
    assert scores["mean_recall"] == pytest.approx(recall_score(true, predicted, average="macro"))
    matrix = np.sum([tally.matrix(*pair) for pair in pairs], axis=0)
    assert (matrix[:3, :3] == confusion_matrix(true, predicted)).all()


def test_scores_of_pixels_are_those_of_the_table_of_scores() -> None:
    tally, (predicted, true) = SemanticTally(NAMES), (labels(1), labels(2))
    true[:3] = VOID
    predicted[predicted == 2] = 1
    matrix, scores = semantic.confusion(predicted, true, 3), tally.scores(tally.count(predicted, true))
    for name in ("mean_iou", "mean_dice", "pixel_accuracy", "mean_accuracy", "mean_precision", "mean_recall"):
        assert scores[name] == pytest.approx(getattr(semantic, name)(matrix)), name
    assert scores["frequency_weighted_iou"] == pytest.approx(semantic.frequency_weighted_iou(matrix))


def test_a_predicted_pixel_without_a_class_is_wrong_and_a_true_one_does_not_count() -> None:
    tally = SemanticTally(("ground", "object"))
    predicted, true = np.array([[1, VOID, 1]], np.uint8), np.array([[1, 1, VOID]], np.uint8)
    scores = tally.scores(tally.count(predicted, true))
    assert scores["pixel_accuracy"] == 1 / 2
    assert scores["iou.object"] == 1 / 2
    assert tally.matrix(predicted, true)[1].tolist() == [0, 1, 1]


def test_as_many_classes_as_there_can_be_leave_room_for_none() -> None:
    tally = SemanticTally(tuple(f"c{number}" for number in range(255)))
    predicted, true = np.array([[254, VOID, 3]], np.uint8), np.array([[254, 254, VOID]], np.uint8)
    matrix = tally.matrix(predicted, true)
    assert matrix.sum() == 2
    assert matrix[254, [254, 255]].tolist() == [1, 1]


def test_many_sums_at_once_give_what_each_gives() -> None:
    found, true = labels(3, 6), labels(4, 6)
    maps = np.random.default_rng(5).random((12, 10)).astype(np.float32)
    for tally, pair in (
        (SemanticTally(NAMES), (labels(1), labels(2))),
        (SemanticTally(("a", "b")), (labels(1, 2), labels(2, 2))),
        (InstanceTally(), (found, true)),
        (BoundaryTally(NAMES), (labels(1), labels(2))),
        (SaliencyTally(), (maps, labels(2, 2))),
        (PartitionTally(), (found, true)),
    ):
        counts = tally.count(*pair)
        stack = tally.scores(np.stack([counts, 3 * counts, counts]))
        for name, value in tally.scores(counts).items():
            assert stack[name][0] == pytest.approx(float(value), nan_ok=True), name
        assert list(stack) == score_names(tally)


def test_objects_are_pooled_and_their_precision_is_a_mean_of_pictures() -> None:
    tally = InstanceTally()
    true = np.zeros((10, 20), np.int32)
    true[:4, :4], true[:4, 8:12], true[6:, :4] = 1, 2, 3
    found = np.zeros_like(true)
    # One object whole, one of which three quarters are found (IoU .75), one invented.
    found[:4, :4], found[:3, 8:12], found[6:, 12:] = 5, 6, 7
    first, nothing = tally.count(found, true), tally.count(np.zeros_like(true), np.zeros_like(true))
    assert first.tolist()[:13] == [2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 3, 3, 1.75]
    assert first[13] == pytest.approx((5 * 2 / 4 + 5 * 1 / 5) / 10)
    assert first[13] == pytest.approx(instance.average_precision(found, true))
    scores = tally.scores(first + nothing)
    assert scores["f1"] == pytest.approx(2 / 3)
    assert scores["picture_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["average_precision"] == pytest.approx((0.35 + 1) / 2)
    assert scores["pooled_average_precision"] == pytest.approx(0.35)
    assert (scores["precision"], scores["recall"]) == (2 / 3, 2 / 3)
    assert scores["panoptic_quality"] == pytest.approx(instance.panoptic_quality(found, true).quality)
    assert scores["segmentation_quality"] == pytest.approx(1.75 / 2)


def test_nothing_found_where_nothing_is_agrees_entirely() -> None:
    tally = InstanceTally()
    scores = tally.scores(tally.count(np.zeros((4, 4), np.int32), np.zeros((4, 4), np.int32)))
    assert {name: float(value) for name, value in scores.items()} == dict.fromkeys(scores, 1.0)


def test_outlines_are_scored_as_by_their_own_functions() -> None:
    tally = BoundaryTally(("ground", "object"))
    true, found = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8)
    true[5:15, 3:13], found[5:15, 5:15] = 1, 1
    scores = tally.scores(tally.count(found, true))
    assert scores["hausdorff95"] == 2
    assert scores["average_surface_distance"] == 1
    assert scores["boundary_f1.object"] == pytest.approx(boundary.boundary_f1(found, true)[1])
    assert scores["boundary_f1"] == pytest.approx(boundary.mean_boundary_f1(found, true))


def test_an_object_that_is_missed_is_as_far_as_the_picture_is_long() -> None:
    tally = BoundaryTally(("ground", "object"))
    true = np.zeros((3, 4), np.uint8)
    counts = tally.count(true, true)
    assert np.isnan(tally.scores(counts)["hausdorff95"])
    one = true.copy()
    one[1, 1] = 1
    scores = tally.scores(counts + tally.count(true, one))
    assert scores["hausdorff95"] == 5
    assert scores["boundary_f1.object"] == 0


def test_maps_are_scored_by_the_mean_of_their_curves() -> None:
    tally, random = SaliencyTally(), np.random.default_rng(0)
    pairs = [(random.random((8, 9)).astype(np.float32), random.integers(0, 2, (8, 9)).astype(np.uint8)) for _ in "abc"]
    empty = (pairs[0][0], np.zeros((8, 9), np.uint8))
    scores = tally.scores(np.sum([tally.count(*pair) for pair in (*pairs, empty)], axis=0))
    curves = [saliency.precision_recall(*pair) for pair in pairs]
    precision, recall = (np.mean([curve[side] for curve in curves], axis=0) for side in (0, 1))
    assert scores["max_f_measure"] == pytest.approx(saliency.f_measure(precision, recall).max())
    assert scores["best_f_measure"] == pytest.approx(np.mean([saliency.best_f_measure(*pair) for pair in pairs]))
    errors = [saliency.mean_absolute_error(*pair) for pair in (*pairs, empty)]
    assert scores["mean_absolute_error"] == pytest.approx(np.mean(errors))
    assert scores["correlation"] == pytest.approx(np.mean([saliency.correlation(*pair) for pair in pairs]))


def test_void_leaves_pixels_out_of_maps() -> None:
    tally, truth = SaliencyTally(), np.array([[0, 1, VOID]], np.uint8)
    scores = tally.scores(tally.count(np.array([[0.0, 1.0, 0.5]], np.float32), truth))
    assert (scores["mean_absolute_error"], scores["max_f_measure"]) == (0, 1)


def test_partitions_are_scored_as_by_their_own_functions() -> None:
    found, true = labels(1, 5), labels(2, 4)
    scores = PartitionTally(masks=True).scores(PartitionTally(masks=True).count(found, true))
    assert scores["covering"] == pytest.approx(segments.covering(found, true))
    assert scores["variation_of_information"] == pytest.approx(segments.variation_of_information(found, true))
    assert scores["pixel_error"] == pytest.approx(np.mean((found > 0) != (true > 0)))
    assert "warping_error" not in PartitionTally().scores(PartitionTally().count(found, true))
