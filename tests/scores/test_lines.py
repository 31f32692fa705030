"""Scores of thin structures, worked out by hand."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.scores.lines import line_scores
from segcli.scores.semantic import dice

TRUTH = np.zeros((5, 8), int)
TRUTH[:, 3] = 1
FOUND = np.zeros((5, 8), int)
FOUND[:3, 3], FOUND[3:, 4], FOUND[0, 7] = 1, 1, 1


def test_without_a_tolerance_each_pixel_counts() -> None:
    # Three of the six found pixels are right, three of the five true ones are found.
    assert line_scores(FOUND, TRUTH) == (0.5, 0.6, pytest.approx(2 * 0.5 * 0.6 / 1.1))
    assert line_scores(FOUND, TRUTH)[2] == pytest.approx(dice(FOUND > 0, TRUTH > 0))


def test_a_pixel_beside_the_line_is_right_within_the_tolerance() -> None:
    # The two a column to the right count now; the one far off does not. Every true pixel is found.
    assert line_scores(FOUND, TRUTH, tolerance=1) == (pytest.approx(5 / 6), 1.0, pytest.approx(10 / 11))


def test_nothing_is_precise_and_finds_all_of_nothing() -> None:
    nothing = np.zeros((5, 8), bool)
    assert line_scores(nothing, nothing) == (1, 1, 1)
    assert line_scores(nothing, TRUTH) == (1, 0, 0)


def test_sizes_must_agree() -> None:
    with pytest.raises(InputError, match="must be equal"):
        line_scores(FOUND, TRUTH[:, 1:])
