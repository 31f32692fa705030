"""What scores must reach, in words."""

from __future__ import annotations

import pytest

from segcli.errors import SettingError
from segcli.scores.conditions import ALIASES, Condition, read_condition
from segcli.scores.tallies import (
    BoundaryTally,
    InstanceTally,
    PartitionTally,
    SaliencyTally,
    SemanticTally,
    score_names,
)

KNOWN = {"semantic": ["mean_iou", "recall", "iou.big cell"], "instance": ["f1", "recall"], "boundary": ["hausdorff95"]}


def test_short_names_prefixes_and_classes_are_understood() -> None:
    assert read_condition("miou=0.7", KNOWN) == Condition("semantic", "mean_iou", 0.7)
    assert read_condition("Mean-IoU=.7", KNOWN) == Condition("semantic", "mean_iou", 0.7)
    assert read_condition("iou.big cell=.5", KNOWN) == Condition("semantic", "iou.big cell", 0.5)
    assert read_condition("instance.recall=.5", KNOWN) == Condition("instance", "recall", 0.5)


def test_short_names_are_names_of_scores() -> None:
    tallies = (SemanticTally(("a", "b")), InstanceTally(), BoundaryTally(("a", "b")), SaliencyTally(), PartitionTally())
    assert set(ALIASES.values()) <= {name for tally in tallies for name in score_names(tally)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("miou", "write NAME=VALUE"),
        ("miou=much", "write NAME=VALUE"),
        ("miou=nan", "write NAME=VALUE"),
        ("mean_io=.5", "did you mean mean_iou?"),
        ("recall=.5", "say semantic.recall or instance.recall"),
        ("zzz=1", "scores are mean_iou, recall, f1"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, words: str) -> None:
    with pytest.raises(SettingError, match=words.replace("?", r"\?")):
        read_condition(text, KNOWN)


def test_complaints_say_which_score_was_what() -> None:
    assert Condition("semantic", "mean_iou", 0.7).complaint(0.7) == ""
    assert Condition("semantic", "mean_iou", 0.7).complaint(0.61234) == "mean_iou is 0.6123, under 0.7."
    assert Condition("boundary", "hausdorff95", 5).complaint(7.5) == "hausdorff95 is 7.5000, above 5."
    assert Condition("boundary", "hausdorff95", 5).complaint(5) == ""
    assert "is unknown" in Condition("semantic", "iou.x", 0.5).complaint(float("nan"))
