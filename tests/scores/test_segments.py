"""Scores of partitions, worked out by hand and beside scikit-image."""

import numpy as np
import pytest
from skimage import metrics

from segcli.errors import InputError
from segcli.scores.segments import (
    adapted_rand_error,
    boundary_recall,
    covering,
    foreground_information_score,
    foreground_rand_score,
    overlaps,
    probabilistic_rand_index,
    rand_index,
    region_borders,
    undersegmentation_error,
    variation_of_information,
)

TRUTH = np.array([[1, 1, 2, 2], [1, 1, 2, 2]])
FOUND = np.array([[5, 5, 5, 7], [5, 5, 7, 7]])


def random_pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.integers(1, 6, (20, 30)), generator.integers(1, 9, (20, 30))


def test_overlaps_by_hand() -> None:
    # Region 5 has the four pixels of 1 and one of 2, region 7 three of 2.
    assert overlaps(FOUND, TRUTH).tolist() == [[4, 1], [0, 3]]


def test_covering_by_hand() -> None:
    # Region 1 overlaps 5 by 4 of 5 pixels, region 2 overlaps 7 by 3 of 4; each has half of the pixels.
    assert covering(FOUND, TRUTH) == pytest.approx((4 / 5 + 3 / 4) / 2)


def test_the_rand_index_counts_pairs() -> None:
    # Of 28 pairs, together in both: 6 + 0 + 3 = 9; together in FOUND 10 + 3 = 13, in TRUTH 6 + 6 = 12.
    assert rand_index(FOUND, TRUTH) == pytest.approx((28 + 2 * 9 - 13 - 12) / 28)


@pytest.mark.parametrize("seed", range(4))
def test_scikit_image_agrees(seed: int) -> None:
    found, truth = random_pair(seed)
    assert variation_of_information(found, truth) == pytest.approx(sum(metrics.variation_of_information(truth, found)))
    assert adapted_rand_error(found, truth) == pytest.approx(metrics.adapted_rand_error(truth, found)[0])


def test_the_rand_index_agrees_with_every_pair_looked_at() -> None:
    found, truth = (labels.ravel()[:60] for labels in random_pair(9))
    one, two = np.triu_indices(60, 1)
    agree = (found[one] == found[two]) == (truth[one] == truth[two])
    assert rand_index(found[None], truth[None]) == pytest.approx(agree.mean())


def test_the_adapted_rand_error_counts_pairs_of_different_pixels() -> None:
    # Together in both 9 pairs, in FOUND 13, in TRUTH 12: precision 9/13, recall 9/12, F = 2 * 9 / (13 + 12).
    assert adapted_rand_error(FOUND, TRUTH) == pytest.approx(1 - 18 / 25)
    assert adapted_rand_error(TRUTH, TRUTH) == 0


def test_pixels_without_a_prediction_belong_to_nothing_and_those_without_truth_do_not_count() -> None:
    # Of region 7 two pixels are unmarked: together in both are 6 pairs, in FOUND 10, in TRUTH 6 + 6.
    unmarked = FOUND * np.array([[1, 1, 1, 0], [1, 1, 1, 0]])
    assert adapted_rand_error(unmarked, TRUTH) == pytest.approx(1 - 12 / 22)
    # Without the right column's truth: together 6 + 0, in FOUND 10, in TRUTH 6 + 1.
    assert adapted_rand_error(FOUND, TRUTH * np.array([1, 1, 1, 0])) == pytest.approx(1 - 12 / 17)


def test_the_probabilistic_rand_index_is_that_of_agreeing_annotators() -> None:
    # Of each pair of pixels: the share of annotators who agree with FOUND about it.
    truths = [random_pair(seed)[1][:4, :5] for seed in range(3)]
    found = random_pair(9)[0][:4, :5]
    one, two = np.triu_indices(20, 1)
    together = np.mean([(flat[one] == flat[two]) for flat in map(np.ravel, truths)], axis=0)
    own = found.ravel()[one] == found.ravel()[two]
    assert probabilistic_rand_index(found, truths) == pytest.approx(np.mean(np.where(own, together, 1 - together)))
    assert np.isnan(probabilistic_rand_index(found, []))


def test_the_challenges_scores_by_hand() -> None:
    # Shares: 4/8 and 1/8 of region 5 lie on 1 and 2, 3/8 of region 7 on 2; the regions have 5/8 and 3/8, 1/2 and 1/2.
    # Squares: (16 + 1 + 9) of the shares, (25 + 9) of FOUND, (16 + 16) of TRUTH.
    assert foreground_rand_score(FOUND, TRUTH) == pytest.approx(2 * 26 / (34 + 32))
    joint = -(4 / 8 * np.log2(4 / 8) + 1 / 8 * np.log2(1 / 8) + 3 / 8 * np.log2(3 / 8))
    own = -(5 / 8 * np.log2(5 / 8) + 3 / 8 * np.log2(3 / 8))
    assert foreground_information_score(FOUND, TRUTH) == pytest.approx(2 * (own + 1 - joint) / (own + 1))


@pytest.mark.parametrize("seed", range(3))
def test_borders_are_regions_of_a_pixel_where_predicted_and_do_not_count_where_true(seed: int) -> None:
    found, truth = (labels - 1 for labels in random_pair(seed))
    singles = np.where(found == 0, 100 + np.arange(found.size).reshape(found.shape), found)[truth > 0][None]
    counted = truth[truth > 0][None]
    for score in (foreground_rand_score, foreground_information_score):
        assert score(found, truth) == pytest.approx(score(singles, counted))
    shared = overlaps(singles, counted).astype(float)
    sums = [(part**2).sum() for part in (shared, shared.sum(axis=0), shared.sum(axis=1))]
    assert foreground_rand_score(found, truth) == pytest.approx(2 * sums[0] / (sums[1] + sums[2]))
    expected = metrics.variation_of_information(counted, singles)
    entropies = [
        -(part / part.sum() * np.log2(part / part.sum())).sum() for part in (shared.sum(axis=0), shared.sum(1))
    ]
    assert foreground_information_score(found, truth) == pytest.approx(1 - sum(expected) / sum(entropies))


def test_the_challenges_scores_of_nothing_and_of_one_region() -> None:
    for score in (foreground_rand_score, foreground_information_score):
        assert score(FOUND, TRUTH * 0) == score(FOUND * 0 + 3, TRUTH * 0 + 8) == score(FOUND, FOUND) == 1


def test_label_numbers_beyond_any_table_give_the_same_scores() -> None:
    assert overlaps(FOUND * 10**9, TRUTH).tolist() == overlaps(FOUND, TRUTH).tolist()


def test_equal_partitions_are_perfect_whatever_their_numbers() -> None:
    other = np.where(TRUTH == 1, 9, 0)
    assert covering(other, TRUTH) == rand_index(other, TRUTH) == boundary_recall(other, TRUTH) == 1
    assert variation_of_information(other, TRUTH) == pytest.approx(0)
    assert undersegmentation_error(other, TRUTH) == 0


def test_borders_lie_on_the_left_and_upper_side() -> None:
    assert region_borders(TRUTH).tolist() == [[False, True, False, False]] * 2


def test_boundary_recall_within_a_tolerance() -> None:
    assert boundary_recall(FOUND, TRUTH, tolerance=0) == 0.5
    assert boundary_recall(FOUND, TRUTH, tolerance=1) == 1
    assert boundary_recall(FOUND, np.ones_like(TRUTH)) == 1


def test_what_spills_over_is_counted_on_its_smaller_side() -> None:
    # Region 5 lies 4 and 1 on both sides: 1 counts for either true region, 2 of 8.
    assert undersegmentation_error(FOUND, TRUTH) == 2 / 8


def test_sizes_must_agree() -> None:
    with pytest.raises(InputError, match="must be equal"):
        covering(FOUND, TRUTH[:1])
