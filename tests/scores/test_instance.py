import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from segcli.errors import InputError, SettingError
from segcli.scores.instance import Matches, average_precision, f1, match, overlaps, panoptic_quality


def strip(*runs):
    """One row of labels: (label, length) pairs."""
    return np.concatenate([np.full(length, label) for label, length in runs])[None]


# Ten true pixels and eight of them predicted: IoU .8; the same with six: .6. One object is invented, one is missed.
TRUTH = strip((1, 10), (0, 5), (2, 10), (0, 5), (3, 4), (0, 4))
PREDICTION = strip((5, 8), (0, 7), (9, 6), (0, 9 + 4), (7, 4))


def test_panoptic_quality_of_two_matches_one_extra_one_miss():
    # sum of IoU 1.4; / (2 + 1/2 + 1/2) = .466667; mean IoU .7; F1 = 4 / 6.
    quality = panoptic_quality(PREDICTION, TRUTH)
    assert quality == pytest.approx((1.4 / 3, 0.7, 2 / 3))


def test_matches_fall_away_as_the_threshold_rises():
    found = [match(PREDICTION, TRUTH, iou).true_positives for iou in (0.5, 0.59, 0.6, 0.79, 0.8, 1.0)]
    assert found == [2, 2, 1, 1, 0, 0]
    assert match(PREDICTION, TRUTH, 0.7) == Matches(1, 2, 2, pytest.approx(0.8))


def test_average_precision_is_the_mean_over_ten_thresholds():
    # .50 and .55: 2 TP, 1 FP, 1 FN = 1/2; .60 to .75: 1 TP, 2, 2 = 1/5; .80 and above: 0.
    assert average_precision(PREDICTION, TRUTH) == pytest.approx((2 * 1 / 2 + 4 * 1 / 5) / 10)


def test_an_iou_of_exactly_one_half_is_no_match():
    # Both true objects are half of the predicted one: with >= it would match twice.
    assert match(strip((1, 4)), strip((1, 2), (2, 2))) == Matches(0, 1, 2, 0.0)


def test_below_one_half_as_many_match_as_can():
    # 6 overlaps 1 by 2 of 7 and 2 by 3 of 7, 5 overlaps 1 by 3 of 5: 5 goes to 1, and 6 to 2. At .5 only the first.
    truth = strip((1, 5), (2, 5))
    prediction = strip((5, 3), (6, 5), (0, 2))
    assert match(prediction, truth, 0.2) == Matches(2, 0, 0, pytest.approx(3 / 5 + 3 / 7))
    assert match(prediction, truth) == Matches(1, 1, 1, pytest.approx(3 / 5))


def test_more_matches_count_for_more_than_a_better_one():
    # 8 overlaps 1 by 4 of 6 and 2 by 1 of 5, 9 overlaps 1 by 1 of 5 alone: 8 takes 2 to leave 1 to 9.
    truth, prediction = strip((1, 5), (2, 1), (0, 2)), strip((9, 1), (8, 5), (0, 2))
    assert match(prediction, truth, 0.1) == Matches(2, 0, 0, pytest.approx(1 / 5 + 1 / 5))
    assert match(prediction, truth, 0.3) == Matches(1, 1, 1, pytest.approx(4 / 6))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("iou", [0, 0.05, 0.1, 0.3])
def test_low_thresholds_agree_with_an_assignment_over_all_pairs(seed, iou):
    generator = np.random.default_rng(seed)
    truth = np.kron(generator.integers(0, 12, (5, 6)), np.ones((4, 4), int))
    prediction = np.roll(np.where(generator.random(truth.shape) < 0.5, truth, truth[::-1]), (1, 2), (0, 1))
    own, other = (np.unique(labels[labels > 0])[:, None, None] == labels for labels in (prediction, truth))
    shared = (own[:, None] & other).sum(axis=(2, 3))
    table = shared / (own[:, None] | other).sum(axis=(2, 3))
    weights = np.where(table > iou, 1 + table / 100, 0)
    expected = table[linear_sum_assignment(weights, maximize=True)]
    expected = expected[expected > iou]
    found = match(prediction, truth, iou)
    assert found.true_positives == len(expected)
    assert found.iou_sum == pytest.approx(expected.sum())
    assert found.false_positives + found.true_positives == len(own)


def test_nothing_found_where_nothing_is_true_is_full_agreement():
    nothing, something = np.zeros((3, 3), int), np.eye(3, dtype=int)
    assert f1(nothing, nothing) == average_precision(nothing, nothing) == 1.0
    assert panoptic_quality(nothing, nothing) == (1.0, 1.0, 1.0)
    assert f1(something, nothing) == f1(nothing, something) == average_precision(something, nothing) == 0.0
    assert panoptic_quality(nothing, something) == (0.0, 0.0, 0.0)
    assert match(nothing, something, 0.1) == Matches(0, 0, 1, 0)
    assert match(something, nothing, 0.1) == Matches(0, 1, 0, 0)


def test_ignored_pixels_count_in_neither_picture():
    # Without the two last pixels, which the truth leaves open, the outline is right.
    prediction, truth = strip((1, 6)), strip((1, 4), (255, 2))
    assert match(prediction, truth, ignore=255) == Matches(1, 0, 0, 1.0)
    assert match(prediction, truth).false_negatives == 1


def test_matches_of_pictures_add_up():
    total = sum([match(PREDICTION, TRUTH), match(TRUTH, TRUTH)], Matches())
    assert (total.true_positives, total.false_positives, total.false_negatives) == (5, 1, 1)
    assert (total.precision, total.recall, total.f1) == (5 / 6, 5 / 6, 10 / 12)


def test_numbers_of_objects_do_not_matter():
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 40, (30, 30))
    prediction = np.where(generator.random((30, 30)) < 0.8, truth, generator.integers(0, 40, (30, 30)))
    names = np.concatenate([[0], generator.choice(2_000_000_000, 39, replace=False) + 1])
    few, many = overlaps(prediction, truth), overlaps(names[prediction], np.append(0, names[:0:-1])[truth])
    assert (few.predicted, few.true) == (many.predicted, many.true)
    assert sorted(few.ious) == sorted(many.ious)


def test_agrees_with_counting_every_pair_of_masks():
    generator = np.random.default_rng(5)
    truth = np.kron(generator.integers(0, 9, (6, 6)), np.ones((5, 5), int)).astype(np.uint16)
    prediction = np.where(generator.random(truth.shape) < 0.75, truth, 0).astype(np.int32)
    expected = 0
    for own in np.unique(prediction[prediction > 0]):
        for other in np.unique(truth[truth > 0]):
            shared = np.sum((prediction == own) & (truth == other))
            expected += shared / np.sum((prediction == own) | (truth == other)) > 0.7
    assert match(prediction, truth, 0.7).true_positives == expected > 0


def test_sizes_types_signs_and_thresholds_are_checked():
    square = np.ones((2, 3), int)
    with pytest.raises(InputError, match="prediction is 3 x 2, the truth is 2 x 3"):
        match(square, square.T)
    with pytest.raises(InputError, match="the truth holds float64"):
        match(square, square / 2)
    with pytest.raises(InputError, match="the prediction holds the label -1"):
        match(-square, square)
    with pytest.raises(SettingError, match=r"iou is -0\.1"):
        match(square, square, -0.1)
