"""How long to search, what costs too much for it, and the rows of what was tried."""

from __future__ import annotations

import time
from dataclasses import dataclass

from segcli.tuning.candidate import Candidate
from segcli.tuning.trials import mean_score

COSTS = {
    "split_and_merge": 4.5,
    "mean_shift": 3.0,
    "selective_search": 2.0,
    "grabcut": 2.2,
    "chan_vese": 4.7,
    "geodesic_active_contour": 2.2,
    "snake": 3.5,
    "distance_regularized": 9.5,
    "random_walker": 1.5,
    "crf": 1.8,
    "graphcut": 1.2,
}
"""Seconds a million pixels, of slow methods: with a budget in trials the clock must not decide what is left out."""

MOST_SECONDS = 4.0
"""What one candidate may cost by these on all pictures."""


@dataclass(frozen=True)
class Budget:
    """How long to search: a number of candidates beside the defaults, or seconds from `start` on."""

    trials: int | None = None
    seconds: float | None = None
    start: float = 0.0

    def used(self, done: int) -> float:
        """What share of it is used up."""
        if self.trials is not None:
            return done / self.trials if self.trials else 1.0
        assert self.seconds is not None
        return (time.perf_counter() - self.start) / self.seconds


@dataclass
class Row:
    """One candidate that was tried, as the table tells it.

    Attributes
    ----------
    number : in order, from 0.
    candidate : its best variant on the last rung that it reached.
    origin : default, level (one threshold for all pictures), new (drawn by chance) or near (one of the best).
    scores : of the pictures at `places`, in pictures `factor` times as large.
    seconds : that it took in all.
    problem : why there are no scores, or ''.
    """

    number: int
    candidate: Candidate
    origin: str
    scores: tuple[float, ...] = ()
    places: tuple[int, ...] = ()
    factor: float = 1.0
    seconds: float = 0.0
    problem: str = ""

    @property
    def mean(self) -> float:
        """Mean score."""
        return mean_score(self.scores)
