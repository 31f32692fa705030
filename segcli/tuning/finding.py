"""What a search found: the recipe, how good it is, and what to compare it with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from segcli.errors import UsageError
from segcli.tuning.budget import Row
from segcli.tuning.candidate import Candidate
from segcli.tuning.choice import Choice, choose
from segcli.tuning.search import Search
from segcli.tuning.trials import mean_score

if TYPE_CHECKING:
    from segcli.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Finding:
    """The end of a search, or of the part of it that was done.

    Attributes
    ----------
    search : what was tried.
    candidate : the one that was taken. choice : how good it is.
    scores : its scores on the pictures, in order.
    """

    search: Search
    candidate: Candidate
    choice: Choice
    scores: tuple[float, ...]

    @property
    def sign(self) -> int:
        """-1 where less is better: inside, greater always is."""
        return 1 if self.search.judge.higher_is_better else -1

    @cached_property
    def defaults(self) -> list[tuple[str, float]]:
        """Every method as it comes, with its mean score; the best first."""
        full = self.search.full
        found = [(one.method.use, mean_score(full[one])) for one in full if one.is_default]
        found.sort(key=lambda pair: -pair[1])
        return [(name.replace("_", "-"), self.sign * score) for name, score in found]

    @cached_property
    def level(self) -> tuple[Candidate, float] | None:
        """The best threshold for all pictures, and its mean score."""
        rows = [row for row in self.search.rows if row.origin == "level" and row.scores]
        if not rows:
            return None
        best = max(rows, key=lambda row: row.mean)
        return best.candidate, self.sign * best.mean

    @property
    def mean(self) -> float:
        """Mean score on the pictures by which it was chosen."""
        return self.sign * mean_score(self.scores)

    @property
    def expected(self) -> float:
        """Mean held-out score."""
        return self.sign * self.choice.score

    @property
    def interval(self) -> tuple[float, float]:
        """Where the mean score of as many new pictures lies."""
        low, high = sorted(self.sign * end for end in self.choice.interval)
        return low, high

    @cached_property
    def recipe(self) -> Recipe:
        """The candidate as a recipe."""
        from segcli.tuning.trials import recipe_of

        return recipe_of(self.candidate)

    @property
    def tried(self) -> list[Row]:
        """What was tried, in order."""
        return self.search.rows


def conclude(search: Search) -> Finding:
    """Take the candidate that will most likely do best on new pictures, from what was tried until now.

    Raises
    ------
    UsageError : no method could do the pictures.
    """
    candidates = list(search.full)
    defaults = np.array([one.is_default for one in candidates], bool)
    if not defaults.any():
        why = search.notes[-1] if search.notes else "nothing was tried in this time"
        raise UsageError(f"no method has a score on these pictures: {why}.")
    scores = np.array([search.full[one] for one in candidates])
    if np.isnan(scores).all():
        raise UsageError(f"{search.judge.name} has nothing to score on these pictures: the truth is empty.")
    complexity = np.array([one.complexity for one in candidates], float)
    # Less is better of errors; they have no upper end, and are negative here.
    ends = (0.0, 1.0) if search.judge.higher_is_better else (-np.inf, 0.0)
    choice = choose(scores, complexity, defaults, ends)
    found = candidates[choice.place]
    return Finding(search, found, choice, search.full[found])
