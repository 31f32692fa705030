"""Losses in words: what is understood, and what is said of the rest."""

import subprocess
import sys

import pytest

from segcli.errors import SettingError, UsageError
from segcli.learning.loss_expression import ROWS, parse_loss


def read(text):
    return [(term.weight, term.row.name, dict(term.settings)) for term in parse_loss(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ce", [(1, "ce", {})]),
        ("ce+dice", [(1, "ce", {}), (1, "dice", {})]),
        ("0.5*ce + dice", [(0.5, "ce", {}), (1, "dice", {})]),
        (".5 * CE+1e-2*Focal-Tversky", [(0.5, "ce", {}), (0.01, "focal_tversky", {})]),
        ("tversky(alpha=.3,beta=.7)", [(1, "tversky", {"alpha": 0.3, "beta": 0.7})]),
        ("dice( smooth = 0 , per-image=true )", [(1, "dice", {"smooth": 0.0, "per_image": True})]),
        ("dice(background=False)+boundary()", [(1, "dice", {"background": False}), (1, "boundary", {})]),
        ("ce(mean=pixels)", [(1, "ce", {"mean": "pixels"})]),
        ("focal(gamma=1)+focal(gamma=+2)", [(1, "focal", {"gamma": 1.0}), (1, "focal", {"gamma": 2.0})]),
        ("mse+0.1*bce", [(1, "mse", {}), (0.1, "bce", {})]),
    ],
)
def test_words_become_terms(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cee+dice", "there is no loss 'cee'; did you mean ce?"),
        ("tverski", "there is no loss 'tverski'; did you mean tversky?"),
        ("hinge", f"there is no loss 'hinge'; known are {', '.join(ROWS)}."),
        ("dice(smoth=1)", "dice has no setting 'smoth'; did you mean smooth?"),
        ("mse(gamma=1)", "mse has no setting 'gamma'; known are none."),
        ("focal(gamma=high)", "gamma is 'high'; it must be a number."),
        ("focal(alpha=2)", "alpha is 2.0; it must be between 0 and 1."),
        ("focal(gamma=nan)", "gamma is nan; it must be a number."),
        ("focal(gamma)", "gamma has no value; write SETTING=VALUE."),
        ("focal(gamma=1,gamma=2)", "gamma is given twice to focal."),
        ("dice(squared=yes)", "squared is 'yes'; it must be true or false."),
        ("ce(mean=median)", "mean is 'median'; it must be one of weights, pixels."),
        ("half*ce", "weight is 'half'; it must be a number above 0."),
        ("-1*ce", "weight is '-1'; it must be a number above 0."),
        ("inf*ce", "weight is 'inf'; it must be a number above 0."),
        ("0*ce", "weight is '0'; it must be a number above 0."),
        ("mse+dice", "mse compares values, dice labels; they have no truth in common."),
    ],
)
def test_a_slip_is_refused_with_what_would_do(text, message):
    with pytest.raises(UsageError) as refusal:
        parse_loss(text)
    assert str(refusal.value) == f"loss {text!r}: {message}"


@pytest.mark.parametrize("text", ["", "+", "ce+", "ce++dice", "2*", "ce*2*dice", "ce(", "ce)dice", "ce(a=(1))", "(ce)"])
def test_what_is_no_sum_of_terms_is_refused(text):
    with pytest.raises(UsageError, match="is no term; write"):
        parse_loss(text)


def test_a_setting_error_keeps_to_one_line():
    with pytest.raises(UsageError) as refusal:
        parse_loss("focal(alpha=2)")
    assert "\n" not in str(refusal.value)
    assert not isinstance(refusal.value, SettingError)


def test_a_slip_is_found_without_loading_torch():
    program = (
        "import sys; from segcli.learning.loss_expression import parse_loss; parse_loss('ce'); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "segcli.learning.loss_expression" in run.stdout.split()
    assert "torch" not in run.stdout.split()


def test_every_row_says_what_it_is():
    for name, row in ROWS.items():
        assert row.name == name
        assert row.summary.endswith(".")
        assert all(knob.help for knob in row.knobs)
