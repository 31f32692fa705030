"""The search itself, on scores that are made up: how many, in which order, and what it leaves out."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tuning.test_trials import bars

from segcli.judge import Judge
from segcli.tuning.budget import COSTS, Budget
from segcli.tuning.candidate import Candidate, Part
from segcli.tuning.crew import Crew
from segcli.tuning.finding import conclude
from segcli.tuning.search import Search
from segcli.tuning.trials import Examiner, Trial, Tried
from segcli.tuning.words import as_dict, lines, picture, table


def worth(candidate: Candidate) -> float:
    """A score that is best at a window of 41, sigma 2 and methods that begin late in the alphabet."""
    window = candidate.method.given("window") or 25
    smoothed = next((step.given("sigma") or 1.0 for step in candidate.before if step.use == "smooth"), 0.3)
    known = {"otsu": 0.3, "local_mean": 0.4, "sauvola": 0.5, "threshold": 0.2}[candidate.method.use]
    return known + 0.3 * np.exp(-abs(np.log(window / 41))) + 0.15 * np.exp(-abs(np.log(smoothed / 2)))


class Made:
    """Answers trials with made-up scores, and remembers them."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.trials: list[Trial] = []
        self.seconds = seconds

    def __call__(self, trials: Sequence[Trial]) -> Iterator[Tried]:
        for trial in trials:
            self.trials.append(trial)
            variants = [replace(trial.candidate, after=way) for way in trial.cleanings]
            scores = [
                tuple(worth(one) + 0.01 * place - 0.02 * bool(one.after.settings) for place in trial.places)
                for one in (trial.candidate, *variants)
            ]
            pairs = dict(zip((trial.candidate, *variants), scores, strict=True))
            yield Tried(tuple(pairs.items()), self.seconds, 0.01)


class _Deadly(Examiner):
    """Ends its process at the second trial."""

    def __call__(self, trial: Trial) -> Tried:
        if trial.number == 1:
            os._exit(1)
        return super().__call__(trial)


METHOD = Part("otsu")
METHODS = ("otsu", "local_mean", "sauvola", "threshold")


def search(folder: Path, budget: Budget, size: int = 32, seed: int = 0, methods: Sequence[str] = METHODS) -> Search:
    return Search(bars(folder, (200, 180, 160), size), Judge("dice"), methods, budget, seed)


def test_a_number_is_how_many_candidates_are_proposed(tmp_path: Path) -> None:
    found = search(tmp_path, Budget(trials=50))
    rows = list(found.run(Made()))
    assert found.done == 50
    proposed = [row for row in found.rows if row.origin in ("new", "near")]
    assert len(proposed) == 50
    assert [row.origin for row in found.rows[:4]] == ["default"] * 4
    assert len({row.candidate.head for row in proposed}) == 50
    assert len(rows) >= 50 + 4 + 48


def test_the_search_climbs(tmp_path: Path) -> None:
    found = search(tmp_path, Budget(trials=150), size=128)
    list(found.run(Made()))
    best = conclude(found)
    assert best.candidate.method.use == "sauvola"
    assert best.mean > 0.5 + 0.3 * 0.9 + 0.15 * 0.6
    assert best.defaults[0][0] == "sauvola"


def test_what_comes_next_does_not_depend_on_how_long_anything_took(tmp_path: Path) -> None:
    first, second = (search(tmp_path / name, Budget(trials=60)) for name in ("a", "b"))
    list(first.run(Made(0.01)))
    list(second.run(Made(5.0)))
    assert [row.candidate for row in first.rows] == [row.candidate for row in second.rows]


def test_new_candidates_begin_on_few_small_pictures_and_good_ones_reach_all_as_they_are(tmp_path: Path) -> None:
    found, made = search(tmp_path, Budget(trials=48), size=500), Made()
    list(found.run(made))
    assert found.rungs == [(0.5, found.rungs[0][1]), (0.5, (0, 1, 2)), (1.0, (0, 1, 2))]
    assert len(found.rungs[0][1]) == 2
    fresh = {row.number for row in found.rows if row.origin == "new"}
    counts = [
        sum(trial.number in fresh and (trial.factor, trial.places) == rung for trial in made.trials)
        for rung in found.rungs
    ]
    assert counts[0] == len(fresh)
    assert counts[0] > counts[1] > counts[2] > 0


def test_slow_methods_are_left_out_of_a_number_of_candidates_by_what_is_known_of_them(tmp_path: Path) -> None:
    found = search(tmp_path, Budget(trials=0), size=900, methods=("otsu", "distance_regularized"))
    # Three pictures of 0.81 million pixels.
    assert COSTS["distance_regularized"] * 2.43 > 20
    list(found.run(Made()))
    assert found.methods == ["otsu"]
    assert found.notes == [
        "left out as too slow for the budget, with the time for all pictures: distance-regularized (23 s)"
    ]


def test_slow_methods_are_left_out_of_a_time_by_how_long_they_take(tmp_path: Path) -> None:
    class Slow(Made):
        def __call__(self, trials: Sequence[Trial]) -> Iterator[Tried]:
            for trial, tried in zip(trials, super().__call__(trials), strict=True):
                yield replace(tried, pace=1000.0 if trial.candidate.method.use == "sauvola" else 0.01)

    found = search(tmp_path, Budget(seconds=0.5, start=time.perf_counter()))
    list(found.run(Slow()))
    assert "sauvola" not in found.methods
    assert "sauvola (3.1 s)" in found.notes[0]


def test_a_time_ends_the_search(tmp_path: Path) -> None:
    found = search(tmp_path, Budget(seconds=0.4, start=time.perf_counter()))
    list(found.run(Made()))
    assert found.over
    assert conclude(found).candidate


def test_the_table_has_a_row_for_each_candidate_and_the_picture_is_one(tmp_path: Path) -> None:
    found = search(tmp_path, Budget(trials=30))
    list(found.run(Made()))
    best = conclude(found)
    assert len(table(best).splitlines()) == 1 + len(found.rows)
    assert picture(best).startswith(b"\x89PNG")
    assert picture(best) == picture(best)
    told = as_dict(best, 1.0)
    assert told["candidates"] == 30
    assert told["expected"] == pytest.approx(best.expected)
    assert next(lines(best, 1.0)) == f"recipe: {best.candidate.words()}"


def test_a_worker_that_dies_costs_one_trial(tmp_path: Path) -> None:
    pictures = bars(tmp_path)
    crew = Crew(_Deadly(pictures, Judge("dice")), 2)
    trials = [Trial(number, Candidate(METHOD), (), (0,)) for number in range(3)]
    try:
        tried = list(crew(trials))
        again = list(crew(trials[:1]))
    finally:
        crew.close()
    assert [bool(one.variants) for one in tried] == [True, False, True]
    assert tried[1].problem == "its process died (killed by the system, or out of memory)"
    assert again[0].best == 1.0
