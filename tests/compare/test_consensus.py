"""Majority, STAPLE and agreement, against numbers worked out by hand and a plain calculation pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segcli.compare.consensus import agreement, count_votes, disagreement, majority, mean_agreement, staple
from segcli.errors import InputError

VOTES = [[1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0]]


def ballots(rows: list[list[int]] = VOTES):  # type: ignore[no-untyped-def]
    return count_votes([np.array([row], bool) for row in rows])


def plain_staple(
    votes: list[list[int]], prior: float, start: float, steps: int
) -> tuple[list[float], list[float], list[float]]:
    """Equations 14, 15, 18 and 19 of the paper as sums and products over pixels and voters."""
    voters, pixels = len(votes), len(votes[0])
    p, q = [start] * voters, [start] * voters
    weights = [0.0] * pixels
    for _ in range(steps):
        for i in range(pixels):
            a = prior * math.prod(p[j] if votes[j][i] else 1 - p[j] for j in range(voters))
            b = (1 - prior) * math.prod(1 - q[j] if votes[j][i] else q[j] for j in range(voters))
            weights[i] = a / (a + b)
        p = [sum(w for w, d in zip(weights, row, strict=True) if d) / sum(weights) for row in votes]
        rest = [1 - w for w in weights]
        q = [sum(w for w, d in zip(rest, row, strict=True) if not d) / sum(rest) for row in votes]
    return weights, p, q


def test_the_first_step_of_staple_is_that_worked_out_by_hand() -> None:
    # Three voters, one of whom says object where the others do not: with p = q = 1 - e the odds of that pixel are
    # prior odds times e / (1 - e), of a pixel where two say object times (1 - e) / e; so the first step is nearly
    # the majority, here pixels 1 to 3 of 6. Sensitivities are then 3/3, 2/3, 2/3; specificities 3/3, 3/3, 2/3.
    found = staple(ballots(), steps=1)
    assert found.sensitivity.round(3).tolist() == [1, 0.667, 0.667]
    assert found.specificity.round(3).tolist() == [1, 1, 0.667]
    assert found.prior == pytest.approx(8 / 18)


@pytest.mark.parametrize("steps", [1, 2, 3, 12])
def test_staple_agrees_with_a_plain_calculation_over_pixels(steps: int) -> None:
    votes = [[1, 1, 1, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 1], [0, 1, 1, 1, 0, 0, 1], [1, 0, 1, 0, 1, 0, 1]]
    found = staple(ballots(votes), prior=0.4, steps=steps)
    weights, p, q = plain_staple(votes, 0.4, 0.99999, found.steps)
    assert found.probability[0] == pytest.approx(weights, abs=1e-5)
    assert found.sensitivity == pytest.approx(p, abs=1e-6)
    assert found.specificity == pytest.approx(q, abs=1e-6)


def test_staple_finds_out_who_is_good() -> None:
    random = np.random.default_rng(0)
    truth = np.zeros((60, 50), bool)
    truth[10:45, 12:40] = True
    rates = [(0.95, 0.97), (0.9, 0.95), (0.85, 0.9), (0.6, 0.7), (0.55, 0.6)]
    votes = [np.where(truth, random.random(truth.shape) < p, random.random(truth.shape) > q) for p, q in rates]
    found = staple(count_votes(votes))
    assert found.steady
    assert found.sensitivity == pytest.approx([p for p, _ in rates], abs=0.03)
    assert found.specificity == pytest.approx([q for _, q in rates], abs=0.03)
    plain = majority(count_votes(votes))
    assert (found.mask != truth).sum() < 0.7 * (plain != truth).sum()


def test_voters_of_one_mind_are_believed() -> None:
    same = staple(ballots([[0, 1, 1, 0]] * 3))
    assert same.mask.tolist() == [[False, True, True, False]]
    assert staple(ballots([[0, 0, 0]] * 2)).mask.sum() == 0
    assert staple(ballots([[1, 1, 1]] * 2)).mask.all()


def test_a_majority_is_more_than_half() -> None:
    assert majority(ballots()).astype(int).tolist() == [[1, 1, 1, 0, 0, 0]]
    assert majority(ballots(VOTES[:2])).astype(int).tolist() == [[1, 1, 0, 0, 0, 0]]


def test_agreement_is_dice_of_each_pair() -> None:
    # Sizes 3, 2, 3; shared 2, 2, 1.
    pairs = agreement(ballots())
    wanted = [[1, 4 / 5, 4 / 6], [4 / 5, 1, 2 / 5], [4 / 6, 2 / 5, 1]]
    assert pairs == pytest.approx(np.array(wanted))
    assert mean_agreement(pairs)[0] == pytest.approx((4 / 5 + 4 / 6) / 2)
    assert agreement(ballots([[0, 0], [0, 0], [1, 0]])).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert np.isnan(mean_agreement(agreement(ballots([[1, 0]])))).all()


def test_disagreement_is_greatest_where_votes_are_even() -> None:
    # Shares 2/3, 1, 2/3, 1/3, 0, 0.
    assert disagreement(ballots())[0] == pytest.approx([8 / 9, 0, 8 / 9, 8 / 9, 0, 0])


def test_seventy_voters_are_counted_as_two_are() -> None:
    random = np.random.default_rng(1)
    votes = random.random((70, 9, 8)) < 0.5
    found = count_votes(list(votes))
    assert (found.patterns[found.places] == np.moveaxis(votes, 0, 2)).all()
    assert found.counts.sum() == 72
    assert (majority(found) == (votes.mean(axis=0) > 0.5)).all()


def test_masks_of_two_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="2 sizes"):
        count_votes([np.zeros((2, 2), bool), np.zeros((2, 3), bool)])
