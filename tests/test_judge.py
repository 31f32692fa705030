"""One score for one result: how each kind is brought to the truth's form, and that eval agrees."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segcli.errors import InputError, UsageError
from segcli.evaluate import Scorer
from segcli.files.datasets.meaning import Meaning
from segcli.judge import SCORES, Judge, TrueLabels, is_partition, usual_score
from segcli.predictions import FilePredictions
from segcli.scores.tallies import BoundaryTally, InstanceTally, PartitionTally, SemanticTally
from segcli.segmentation import VOID, Kind, Segmentation


def of(rows: list[list[int]], kind: Kind = "mask") -> Segmentation:
    return Segmentation(np.array(rows, np.int32 if kind == "instances" else np.uint8), kind)


def random_pair(seed: int, top: int, kind: Kind) -> tuple[Segmentation, Segmentation]:
    """A truth of blocks, and the same with a fifth of the pixels drawn anew."""
    random = np.random.default_rng(seed)
    type_ = np.int32 if kind == "instances" else np.uint8
    truth = np.kron(random.integers(0, top, (6, 5)), np.ones((4, 4))).astype(type_)
    noisy = np.where(random.random(truth.shape) < 0.2, random.integers(0, top, truth.shape), truth).astype(type_)
    return Segmentation(noisy, kind), Segmentation(truth, kind)


def test_overlap_of_masks_is_that_of_a_calculation_by_hand() -> None:
    # Found 3 pixels, true 2, shared 2: dice 2 * 2 / 5, IoU 2 / 3, 5 of 6 pixels right.
    found, truth = of([[1, 1, 1], [0, 0, 0]]), np.array([[1, 1, 0], [0, 0, 0]], np.uint8)
    assert Judge("dice").score(found, truth) == pytest.approx(4 / 5)
    assert Judge("iou").score(found, truth) == pytest.approx(2 / 3)
    assert Judge("pixel-accuracy").score(found, truth) == pytest.approx(5 / 6)
    # Background: 3 of 4 pixels either calls background.
    assert Judge("miou").score(found, truth) == pytest.approx((2 / 3 + 3 / 4) / 2)


def test_a_mask_truth_takes_instances_as_one_object_and_classes_above_0_too() -> None:
    truth = np.array([[1, 1, 1, 0]], np.uint8)
    assert Judge("dice").score(of([[4, 4, 9, 0]], "instances"), truth) == 1
    assert Judge("dice").score(of([[1, 1, 2, 0]], "classes"), truth) == 1
    # The numbers of classes count as they are: nobody turns dark and bright over to fit.
    assert Judge("dice").score(of([[0, 0, 0, 1]], "classes"), truth) == 0


def test_the_border_says_which_class_is_background_without_a_look_at_the_truth() -> None:
    found = of([[1, 1, 1], [1, 0, 1], [1, 1, 1]], "classes")
    truth = np.zeros((3, 3), np.uint8)
    truth[1, 1] = 1
    assert Judge("dice", "border").score(found, truth) == 1
    assert Judge("dice").score(found, truth) == 0
    regions = of([[1, 1, 1], [1, 2, 1], [3, 3, 3]], "instances")
    assert Judge("dice", "border").score(regions, truth) == 1
    assert Judge("f1-instance", "border").score(regions, truth) == 1
    assert Judge("f1-instance", "border").score(found, truth) == 1


def test_connected_parts_of_a_mask_are_its_objects_on_both_sides() -> None:
    # Two true objects, of which one is found and one missed: F1 = 2 / 3, AP = 1 / 2 at all ten thresholds.
    truth = np.array([[1, 1, 0, 0, 1, 1]], np.uint8)
    for found in (of([[1, 1, 0, 0, 0, 0]]), of([[5, 5, 0, 0, 0, 0]], "instances"), of([[2, 2, 0, 0, 0, 0]], "classes")):
        assert Judge("f1-instance").score(found, truth) == pytest.approx(2 / 3)
        assert Judge("ap-instance").score(found, truth) == pytest.approx(1 / 2)
        assert Judge("pq").score(found, truth) == pytest.approx(1 / 1.5)


def test_objects_that_touch_stay_apart_in_numbered_truth() -> None:
    truth = np.array([[1, 1, 2, 2]], np.int32)
    whole = np.concatenate([truth, np.zeros((1, 4), np.int32)])
    assert Judge("f1-instance").score(Segmentation(whole, "instances"), whole) == 1
    assert Judge("f1-instance").score(of([[1, 1, 1, 1], [0, 0, 0, 0]]), whole) == 0


def test_regions_compare_partitions_whatever_their_numbers() -> None:
    found, truth = of([[1, 1, 2, 2]], "instances"), np.array([[7, 7, 7, 7]], np.int32)
    assert Judge("covering").score(found, truth) == pytest.approx(1 / 2)
    assert Judge("vi").score(found, truth) == pytest.approx(1)
    # Pairs: 6, of which those in one half agree: 1 + 1.
    assert Judge("rand").score(found, truth) == pytest.approx(2 / 6)


def test_two_classes_are_a_mask_where_the_truth_is_one() -> None:
    truth = np.array([[1, 0, 1]], np.uint8)
    for name in ("covering", "rand"):
        assert Judge(name).score(of([[1, 0, 1]], "classes"), truth) == 1
        # Against classes each number is one region, wherever it is.
        assert Judge(name).score(of([[1, 0, 1]], "classes"), TrueLabels(truth, "classes")) == 1
        assert Judge(name).score(of([[1, 0, 1]]), TrueLabels(truth, "classes")) < 1


def test_a_partition_has_no_object_and_says_so() -> None:
    regions, truth = of([[1, 2, 3]], "instances"), np.array([[0, 1, 1]], np.uint8)
    assert is_partition(regions)
    assert not is_partition(of([[1, 1, 1]], "instances"))
    for name in ("dice", "iou", "miou", "pixel-accuracy", "boundary-f", "f1-instance", "pq"):
        with pytest.raises(InputError, match="none is background"):
            Judge(name).score(regions, truth)
    assert 0 < Judge("covering").score(regions, truth) < 1


def test_many_true_classes_have_no_object_and_no_instances() -> None:
    truth = np.array([[0, 1, 2]], np.uint8)
    for name in ("dice", "iou", "f1-instance"):
        with pytest.raises(InputError, match="the truth has 3 classes"):
            Judge(name).score(of([[0, 1, 1]]), truth)
    assert Judge("miou").score(of([[0, 1, 2]], "classes"), truth) == 1
    # A mask is class 1: right on 0 and 1, and wrong on the third pixel.
    assert Judge("pixel-accuracy").score(of([[0, 1, 1]]), truth) == pytest.approx(2 / 3)
    with pytest.raises(InputError, match="holds 4; the 3 classes are 0 to 2"):
        Judge("miou").score(of([[0, 1, 4]], "classes"), truth)


@pytest.mark.parametrize("name", SCORES)
def test_void_pixels_of_the_truth_do_not_count(name: str) -> None:
    found, (_, truth) = random_pair(3, 2, "mask")[0], random_pair(3, 2, "mask")
    true = TrueLabels(truth.labels, "mask", 2, np.zeros(truth.labels.shape, bool))
    assert Judge(name).score(found, true) == pytest.approx(Judge(name).score(found, truth.labels))
    wrong = found.labels != truth.labels
    if SCORES[name].form in ("mask", "classes"):
        # Of parts and regions void may still join or divide what is on its two sides.
        assert Judge(name).score(found, TrueLabels(truth.labels, "mask", 2, wrong)) == 1
    marked = np.where(wrong, np.uint8(VOID), truth.labels)
    assert Judge(name).score(found, marked) == pytest.approx(
        Judge(name).score(found, TrueLabels(truth.labels, "mask", 2, wrong)), nan_ok=True
    )


def test_pixels_that_a_result_leaves_out_are_wrong() -> None:
    truth = np.array([[1, 1, 0, 0]], np.uint8)
    assert Judge("pixel-accuracy").score(of([[1, VOID, 0, 0]], "classes"), truth) == pytest.approx(3 / 4)
    assert Judge("dice").score(of([[1, VOID, 0, 0]], "classes"), truth) == pytest.approx(2 / 3)


LONG = {
    "dice": (SemanticTally(("a", "b")), "picture_dice"),
    "iou": (SemanticTally(("a", "b")), "picture_iou"),
    "pixel-accuracy": (SemanticTally(("a", "b")), "pixel_accuracy"),
    "miou": (SemanticTally(("a", "b")), "mean_iou"),
    "boundary-f": (BoundaryTally(("a", "b")), "boundary_f1"),
    "f1-instance": (InstanceTally(), "f1"),
    "ap-instance": (InstanceTally(), "average_precision"),
    "pq": (InstanceTally(), "panoptic_quality"),
    "covering": (PartitionTally(), "covering"),
    "rand": (PartitionTally(), "rand_index"),
    "vi": (PartitionTally(), "variation_of_information"),
}


@pytest.mark.parametrize("name", SCORES)
def test_eval_gives_the_same_number(name: str) -> None:
    tally, long = LONG[name]
    kind: Kind = "instances" if tally.needs == "objects" else "mask"
    found, truth = random_pair(5, 4 if kind == "instances" else 2, kind)
    if kind == "instances":
        # One of three objects is missed, the others are moved by a pixel.
        found = Segmentation(np.roll(np.where(truth.labels == 1, 0, truth.labels), 1, axis=1), kind)
    meaning = Meaning("instances" if kind == "instances" else "mask", 2, {0: 0, 1: 1})
    scorer = Scorer(FilePredictions("mask", meaning), meaning, ("a", "b"), (tally,))
    classes = (truth.labels > 0).astype(np.uint8)
    pair = scorer.forms(tally, (classes, truth.labels if kind == "instances" else None), found)
    wanted = float(tally.scores(tally.count(*pair))[long])
    assert 0 < wanted != 1
    assert Judge(name).score(found, truth.labels) == pytest.approx(wanted, abs=1e-12)


def test_the_type_of_labels_says_what_a_truth_is() -> None:
    assert TrueLabels.of(np.array([[True, False]])).kind == "mask"
    assert TrueLabels.of(np.array([[0, 1, VOID]], np.uint8)).kind == "mask"
    assert TrueLabels.of(np.array([[0, 1, 2]], np.uint8)).count == 3
    assert TrueLabels.of(np.array([[0, 1, 2]], np.uint16)).kind == "instances"
    with pytest.raises(InputError, match="whole numbers"):
        TrueLabels.of(np.array([[0.5]]))


def test_each_truth_has_a_usual_score() -> None:
    assert usual_score("mask") == "dice"
    assert usual_score("classes", 5) == "miou"
    assert usual_score("instances") == "f1-instance"
    assert usual_score("instances", partition=True) == "covering"


def test_names_are_forgiving_and_unknown_ones_refused() -> None:
    assert Judge("F1_instance").name == "f1-instance"
    assert Judge("dice").higher_is_better
    assert not Judge("vi").higher_is_better
    assert math.isnan(Judge("vi").worst)
    with pytest.raises(UsageError, match="did you mean dice"):
        Judge("dise")


def test_sizes_that_differ_are_named() -> None:
    with pytest.raises(InputError, match=r"2 x 1.*3 x 1"):
        Judge("dice").score(of([[0, 1]]), np.array([[0, 1, 1]], np.uint8))
