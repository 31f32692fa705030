"""Panoptic quality over classes, by hand and beside loops over every pair of masks."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.scores.instance import Matches, Panoptic
from segcli.scores.panoptic import mean_panoptic_quality, panoptic_matches


def strip(*runs):
    """One row of labels: (label, length) pairs."""
    return np.concatenate([np.full(length, label) for label, length in runs])[None]


def test_two_matches_one_extra_and_one_miss():
    # Ten true pixels and eight of them predicted: IoU .8; the same with six: .6. One is invented, one missed; the
    # ground is one segment of class 2 (stuff).
    truth = strip((1, 10), (9, 5), (2, 10), (9, 5), (3, 4), (9, 4))
    prediction = strip((5, 8), (6, 7), (7, 6), (6, 13), (8, 4))
    matches = panoptic_matches(prediction, truth, {5: 1, 6: 2, 7: 1, 8: 1}, {1: 1, 2: 1, 3: 1, 9: 2})
    assert matches[1] == Matches(2, 1, 1, pytest.approx(1.4))
    # The ground: 10 of 14 true pixels (5 + 5 of the gaps; the last four went to the invented thing), 20 predicted.
    assert matches[2] == Matches(0, 1, 1, 0)
    things = mean_panoptic_quality([matches], classes={1})
    assert things == pytest.approx((0.466667, 0.7, 0.666667), abs=5e-7)
    assert mean_panoptic_quality([matches], classes={2}) == (0, 0, 0)
    assert mean_panoptic_quality([matches]) == pytest.approx((1.4 / 6, 0.35, 1 / 3))


def test_void_pixels_count_in_no_union():
    # Eight pixels are right, four lie in void: IoU 8/8. Label 4 has no class and is void as well.
    for void in (0, 4):
        assert panoptic_matches(strip((1, 12)), strip((2, 8), (void, 4)), {1: 1}, {2: 1}) == {1: Matches(1, 0, 0, 1.0)}


@pytest.mark.parametrize(("inside", "wrong"), [(4, 1), (5, 0)])
def test_a_segment_more_than_half_in_void_is_not_wrong(inside, wrong):
    truth, prediction = strip((0, inside), (2, 20)), strip((1, 8), (0, 12 + inside))
    matches = panoptic_matches(prediction, truth, {1: 3}, {2: 1})
    assert matches.get(3, Matches()).false_positives == wrong


def test_a_segment_in_a_crowd_of_its_class_is_not_wrong_and_the_crowd_is_never_missed():
    truth = strip((0, 2), (9, 10), (2, 10))
    prediction = strip((0, 1), (1, 8), (0, 13))
    classes = {9: 1, 2: 1}
    assert panoptic_matches(prediction, truth, {1: 1}, classes, crowd=[9]) == {1: Matches(0, 0, 1, 0)}
    assert panoptic_matches(prediction, truth, {1: 2}, classes, crowd=[9])[2] == Matches(0, 1, 0, 0)
    # Even if it would match: of eight pixels one is void, seven of the crowd's ten.
    assert panoptic_matches(prediction, truth, {1: 1}, classes)[1] == Matches(1, 0, 1, pytest.approx(7 / 10))


def test_the_class_has_to_agree():
    assert panoptic_matches(strip((1, 4)), strip((1, 4)), {1: 1}, {1: 2}) == {
        1: Matches(0, 1, 0, 0),
        2: Matches(0, 0, 1, 0),
    }


def by_loops(prediction, truth, predicted_classes, true_classes, crowd):
    """The rule, segment by segment."""
    void = ~np.isin(truth, list(true_classes))
    counts = {label: [0, 0, 0, 0.0] for label in range(1, 4)}
    matched = set()
    for label, own in predicted_classes.items():
        mask = prediction == label
        hit = None
        for other, kind in true_classes.items():
            area = truth == other
            iou = (mask & area).sum() / (mask | area)[~(mask & void)].sum()
            if kind == own and other not in crowd and iou > 0.5:
                hit = other
                counts[own][3] += iou
        if hit is not None:
            counts[own][0] += 1
            matched.add(hit)
            continue
        excused = void | np.isin(truth, [each for each in crowd if true_classes[each] == own])
        counts[own][1] += (mask & excused).sum() <= mask.sum() / 2
    for other, kind in true_classes.items():
        counts[kind][2] += other not in matched and other not in crowd
    return {label: Matches(*each) for label, each in counts.items() if any(each)}


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_loops_over_every_pair(seed):
    generator = np.random.default_rng(seed)
    truth = np.kron(generator.integers(0, 12, (6, 6)), np.ones((4, 4), int))
    prediction = np.where(generator.random(truth.shape) < 0.85, truth, generator.integers(0, 12, truth.shape))
    prediction[:, :4] = np.where(prediction[:, :4] == 0, 3, prediction[:, :4])
    true_classes = {int(label): label % 3 + 1 for label in np.unique(truth) if label not in (0, 5)}
    predicted_classes = {int(label): label % 3 + 1 for label in np.unique(prediction[prediction > 0])}
    crowd = [label for label in (4, 7, 8) if label in true_classes]
    found = panoptic_matches(prediction, truth, predicted_classes, true_classes, crowd=crowd)
    expected = by_loops(prediction, truth, predicted_classes, true_classes, crowd)
    assert found.keys() == expected.keys()
    for label, matches in expected.items():
        assert vars(found[label]) == pytest.approx(vars(matches))


def test_matches_of_pictures_are_added_before_the_mean_over_classes():
    pictures = [{1: Matches(1, 0, 0, 0.9), 2: Matches(0, 0, 2, 0)}, {1: Matches(1, 2, 0, 0.7)}]
    # Class 1: 1.6 / (2 + 1), 1.6 / 2, 2 / 3; class 2: nothing.
    assert mean_panoptic_quality(pictures) == pytest.approx((1.6 / 3 / 2, 0.4, 1 / 3))
    assert np.isnan(mean_panoptic_quality(pictures, classes=[5])).all()
    assert isinstance(mean_panoptic_quality([]), Panoptic)


def test_a_predicted_segment_without_a_class_is_refused():
    with pytest.raises(InputError, match="the predicted segment 3 has no class"):
        panoptic_matches(strip((3, 2)), strip((1, 2)), {}, {1: 1})
