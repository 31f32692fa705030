"""Segmenters side by side: who takes part, what is kept of each, who agrees, and how they stand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segcli.compare import Contest, Entry, Trial, contest_all, entry_of, named_entries, needs_a_hint, usual_entries
from segcli.compare.panels import Panel, gather, order, standings
from segcli.errors import InputError, UsageError
from segcli.files.sources import Item
from segcli.method import describe
from segcli.methods import all_methods, find
from segcli.segmentation import Segmentation
from segcli.truths import find_truths

Save = Callable[..., Path]


class Fixed:
    """A segmenter that gives what it is told, or fails."""

    name = "fixed"

    def __init__(self, found: Segmentation | Exception) -> None:
        self.found = found
        self.record = {"method": "fixed", "of": id(self)}

    def __call__(self, image: object, hints: object, roi: object = None) -> Segmentation:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def mask(rows: list[list[int]]) -> Segmentation:
    return Segmentation(np.array(rows, np.uint8), "mask")


TRUE = [[1, 1, 0, 0], [1, 1, 0, 0]]
GOOD, FAIR, NOTHING = mask(TRUE), mask([[1, 0, 0, 0], [1, 0, 0, 0]]), mask([[0] * 4] * 2)
REGIONS = Segmentation(np.array([[1, 1, 2, 2], [3, 3, 2, 2]], np.int32), "instances")


def contest(**found: Segmentation | Exception) -> Contest:
    return Contest(tuple(Entry(label, Fixed(one)) for label, one in found.items()), ("dice",))


def panel(save: Save, rivals: Contest, name: str = "a.png", truth: list[list[int]] | None = TRUE) -> Panel:
    item = Item(str(save(name, np.zeros((2, 4), np.uint8))))
    if truth is not None:
        place = save(f"truth/{name}", 255 * np.array(truth, np.uint8))
        rivals = Contest(rivals.entries, rivals.scores, find_truths([item], [str(place)]), rivals.layout)
    return gather(rivals, item, list(contest_all(rivals, [item])))


def test_every_usual_segmenter_begins_by_itself(save: Save) -> None:
    labels = [entry.label for entry in usual_entries()]
    rows = [describe(function) for function in all_methods()]
    assert {row.command for row in rows if needs_a_hint(row)} == {"pixel-classifier", "superpixel-crf"}
    assert {row.command for row in rows} - set(labels) == {"pixel-classifier", "superpixel-crf"}
    assert {"otsu", "grabcut", "unet", "fcn8s"} <= set(labels)


def test_segmenters_are_named_with_settings_and_models_say_what_they_are_for() -> None:
    entry = entry_of("kmeans  classes=3 space=lab")
    assert entry.label == "kmeans classes=3 space=lab"
    assert entry.segmenter.record["settings"]["classes"] == 3
    assert "nuclei" in entry_of("unet").about
    assert entry_of("predict model=unet").segmenter.record["settings"]["instances"] is False
    assert entry_of("unet").segmenter.record["settings"]["instances"] is True
    assert entry_of("canny").lines
    assert not entry_of("regions-from-edges").lines
    assert [one.label for one in named_entries(["otsu", "otsu", "chan_vese"])] == ["otsu", "chan-vese"]
    assert len(named_entries(["all", "otsu classes=3"])) == len(usual_entries()) + 1


def test_a_recipe_takes_part_as_a_method_does(save: Save, tmp_path: Path) -> None:
    place = tmp_path / "dark.toml"
    place.write_text('[[steps]]\nuse = "otsu"\nforeground = "dark"\n')
    rivals = Contest(named_entries([str(place), "otsu foreground=dark"]))
    one, other = contest_all(rivals, [Item(str(save("a.png")))], workers=2)
    assert one.foreground == other.foreground > 0.5


@pytest.mark.parametrize(
    ("words", "said"), [("otsuu", "otsu"), ("pixel-classifier", "needs a fitted model"), ("otsu klasses=3", "klasses")]
)
def test_what_cannot_be_compared_is_refused(words: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        named_entries([words])


def test_a_trial_keeps_scores_regions_share_and_votes(save: Save) -> None:
    found = panel(save, contest(good=GOOD, fair=FAIR, regions=REGIONS, none=NOTHING))
    good, fair, regions, none = found.trials
    assert (good.scores, good.regions, good.foreground) == ({"dice": 1.0}, 1, 0.5)
    assert fair.scores["dice"] == pytest.approx(2 * 2 / 6)
    assert regions.partition
    assert regions.scores == {}
    assert "none is background" in regions.unscored
    assert none.empty
    assert found.voters == ("good", "fair", "none")


def test_a_segmenter_that_fails_is_one_trial_that_says_so(save: Save) -> None:
    found = panel(save, contest(bad=InputError("is too dark."), wrong=ValueError("oh\nno"), good=GOOD, fair=FAIR))
    assert found.trials[0].fault == "is too dark."
    assert found.trials[1].fault == "ValueError: oh no (a fault of segcli)"
    assert not found.trials[2].fault


def test_a_picture_that_cannot_be_read_is_refused_once(tmp_path: Path) -> None:
    rivals, item = contest(good=GOOD, fair=FAIR), Item(str(tmp_path / "nowhere.png"))
    trials = list(contest_all(rivals, [item]))
    assert all("nowhere" in trial.broken for trial in trials)
    with pytest.raises(InputError, match="nowhere"):
        gather(rivals, item, trials)


def test_trials_that_were_not_reached_are_failures(save: Save) -> None:
    rivals, item = contest(good=GOOD, fair=FAIR), Item(str(save("a.png", np.zeros((2, 4), np.uint8))))
    found = gather(rivals, item, list(contest_all(rivals, [item]))[:1])
    assert [trial.fault for trial in found.trials] == ["not reached", ""]
    assert found.voters == ()
    assert math.isnan(found.parted)


def test_the_consensus_is_scored_and_disagreement_is_one_less_mean_dice_of_pairs(save: Save) -> None:
    found = panel(save, contest(good=GOOD, same=GOOD, fair=FAIR))
    assert found.masks["majority"].tolist() == (GOOD.labels == 1).tolist()
    assert {trial.label: trial.scores["dice"] for trial in found.joint} == {"majority": 1.0, "STAPLE": 1.0}
    # Pairs 1, 2/3 and 2/3.
    assert found.parted == pytest.approx(1 - (1 + 2 / 3 + 2 / 3) / 3)
    assert found.agreements["fair"] == pytest.approx(2 / 3)
    assert found.light().masks == {}


def test_lines_partitions_and_many_classes_do_not_vote(save: Save) -> None:
    many = Segmentation(np.array([[0, 1, 2, 0]] * 2, np.uint8), "classes")
    two = Segmentation(np.array(TRUE, np.uint8), "classes")
    rivals = contest(good=GOOD, regions=REGIONS, many=many, two=two)
    lines = Entry("lines", Fixed(FAIR), lines=True)
    found = panel(save, Contest((*rivals.entries, lines), ("dice",)))
    assert found.voters == ("good", "two")


def test_the_standing_counts_failures_as_nothing_right(save: Save) -> None:
    first = panel(save, contest(good=GOOD, weak=FAIR))
    second = panel(save, contest(good=GOOD, weak=InputError("no.")), "b.png")
    third = panel(save, contest(good=GOOD, weak=FAIR), "c.png", truth=None)
    rows = {row.label: row for row in standings([first, second, third], ("dice",))}
    assert next(iter(rows)) == "good"
    assert rows["good"].scores["dice"] == 1
    assert tuple(rows["good"].intervals["dice"]) == (1, 1)
    # Two pictures have truth: 2/3 and a failure.
    assert rows["weak"].scores["dice"] == pytest.approx((2 / 3 + 0) / 2)
    assert (rows["weak"].faults, rows["weak"].pictures, rows["weak"].why) == (1, 3, "no.")


def test_what_was_not_reached_is_held_against_nobody(save: Save) -> None:
    rivals = contest(good=GOOD, weak=FAIR)
    whole = panel(save, rivals)
    item = Item(str(save("b.png", np.zeros((2, 4), np.uint8))))
    rivals = Contest(rivals.entries, rivals.scores, find_truths([item], [str(save("t.png", np.array(TRUE, np.uint8)))]))
    half = gather(rivals, item, list(contest_all(rivals, [item]))[:1])
    rows = {row.label: row for row in standings([whole, half], ("dice",))}
    assert (rows["good"].pictures, rows["good"].faults, rows["good"].scores["dice"]) == (1, 0, 1)
    assert rows["weak"].pictures == 2


def test_order_is_by_score_then_by_agreement_and_failures_come_last() -> None:
    nan = math.nan
    rows = [({}, nan, True), ({"dice": 0.2}, 0.1, False), ({}, 0.9, False), ({"dice": 0.7}, nan, False)]
    assert order(rows, ("dice",)) == [3, 1, 2, 0]
    assert order(rows, ()) == [2, 1, 3, 0]
    assert order([({"vi": 2.0}, nan, False), ({"vi": 1.0}, nan, False)], ("vi",)) == [1, 0]


def test_workers_find_what_this_process_finds(save: Save) -> None:
    items = [Item(str(save("a.png"))), Item(str(save("b.png")))]
    rivals = Contest(named_entries(["otsu", "kmeans", "slic"]))

    def plain(trial: Trial) -> tuple[object, ...]:
        votes = None if trial.votes is None else trial.votes.tolist()
        return trial.picture, trial.label, trial.kind, trial.regions, trial.foreground, votes

    alone = [plain(trial) for trial in contest_all(rivals, items)]
    assert [plain(trial) for trial in contest_all(rivals, items, workers=2)] == alone
    assert len(alone) == 6
    assert find("otsu") is not None
