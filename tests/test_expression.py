"""Filters: what they keep, how they bind, and what they say of mistakes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segcli.errors import UsageError
from segcli.expression import DEEPEST, MOST_WORDS, Filter

TABLE = {
    "area": np.array([10, 60, 60, 200]),
    "eccentricity": np.array([0.2, 0.95, 0.5, math.nan]),
    "centroid-0": np.array([0.0, 5.0, 10.0, 15.0]),
    "file": np.array(["a", "b", "c", "d"]),
}


def kept(text: str) -> list[int]:
    """Numbers of the rows that a filter keeps."""
    return np.flatnonzero(Filter(text).keep(TABLE)).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("area>50", [1, 2, 3]),
        ("area>50 and eccentricity<0.9", [2]),
        ("area < 50 or area >= 200", [0, 3]),
        ("area = 60", [1, 2]),
        ("area == 60 AND not eccentricity > .9", [2]),
        ("area != 60", [0, 3]),
        ("10 < area <= 60", [1, 2]),
        ("centroid-0>=10", [2, 3]),
        ("area - 0 > 60", [3]),
        ("1 < 2", [0, 1, 2, 3]),
        ("2e2 <= area", [3]),
    ],
)
def test_rows_are_kept_by_comparisons(text, rows) -> None:
    assert kept(text) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # and before or: 10 alone, or both of 60 and below 0.9
        ("area == 10 or area == 60 and eccentricity < 0.9", [0, 2]),
        ("(area == 10 or area == 60) and eccentricity < 0.9", [0, 2]),
        ("(area == 10 or area == 60) and eccentricity > 0.9", [1]),
        ("not area == 10 and area < 100", [1, 2]),
        ("not (area == 10 and area < 100)", [1, 2, 3]),
        # 2 + 3 * 4 = 14, (2 + 3) * 4 = 20, 20 - 4 - 6 = 10, 40 / 2 / 2 = 10
        ("area < 2 + 3 * 4", [0]),
        ("area * 2 == (2 + 3) * 4", [0]),
        ("area == 20 - 4 - 6", [0]),
        ("area == 40 / 2 / 2", [0]),
        ("-area > -20", [0]),
        ("area == - -10", [0]),
    ],
)
def test_words_bind_as_in_arithmetic(text, rows) -> None:
    assert kept(text) == rows


def test_what_is_not_a_number_fails_every_comparison_and_not_keeps_it() -> None:
    for sign in ("<", "<=", ">", ">=", "==", "!="):
        assert 3 not in kept(f"eccentricity {sign} 0.5")
    assert kept("not eccentricity < 0.5") == [1, 2, 3]
    # 0/0 is not a number, 5/0 is infinite.
    assert kept("centroid-0 / 0 > 1e300") == [1, 2, 3]
    assert kept("centroid-0 / 0 <= 1e300") == []


def test_a_table_without_rows_keeps_none() -> None:
    assert Filter("area > 1").keep({"area": np.empty(0)}).tolist() == []


def test_whole_numbers_do_not_overflow() -> None:
    big = {"area": np.array([2**31 - 1], np.int32)}
    assert Filter("area * area > 4e18").keep(big).tolist() == [True]


def test_names_are_the_columns_in_order_of_mention() -> None:
    assert Filter("b > 1 and a < b").names == ("b", "a")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "'': expected a column or a number, found nothing more at the end."),
        ("area >", "'area >': expected a column or a number, found nothing more at the end."),
        ("area > and 3", "'area > and 3': expected a column or a number, found 'and' at character 8."),
        ("area", "'area': expected a comparison such as area > 50, found only a number at character 1."),
        ("area and 3 > 2", "expected a comparison such as area > 50, found only a number at character 1."),
        ("(area > 3) + 1 > 2", "expected a number, found a comparison at character 2."),
        ("area > 3 4", "'area > 3 4': '4' is not expected at character 10."),
        ("(area > 3", "the parenthesis of character 1 is not closed at the end."),
        ("area > 3)", "')' is not expected at character 9."),
        ("area > 3 & area < 9", "'&' at character 10 means nothing here; write and."),
        ("area > 3 || area", "'|' at character 10 means nothing here; write or."),
        ("!area", "'!' at character 1 means nothing here; write not or !=."),
        ("area > $3", "'$' at character 8 means nothing here."),
        ("area > 5um", "'um' is not expected at character 9."),
        ("__import__(os)", "'(' is not expected at character 11."),
    ],
)
def test_a_mistake_is_one_line_that_says_where(text, complaint) -> None:
    with pytest.raises(UsageError) as refusal:
        Filter(text)
    assert str(refusal.value).endswith(complaint)
    assert "\n" not in str(refusal.value)


def test_an_unknown_column_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'eccentricty' at character 11 is no column; did you mean 'eccentricity'\?"):
        kept("area>5 or eccentricty < 1")
    with pytest.raises(UsageError, match="'zzz' at character 1 is no column; there are area, eccentricity, centroid-0"):
        kept("zzz > 1")
    with pytest.raises(UsageError, match="the column 'file' holds no numbers"):
        kept("file > 1")


def test_endless_expressions_are_refused() -> None:
    with pytest.raises(UsageError, match=f"more than {DEEPEST} parentheses"):
        Filter("(" * 400 + "1")
    with pytest.raises(UsageError, match=f"more than {DEEPEST} parentheses"):
        Filter("not " * 400 + "1 < 2")
    with pytest.raises(UsageError, match=f"more than {MOST_WORDS} words"):
        Filter("1" + "+1" * 10_000 + "> 2")
    # As long as it may be, it computes.
    assert Filter("area" + "+1" * (MOST_WORDS // 2 - 2) + "> 2").keep({"area": np.ones(1)}).all()
