"""The search: every method as it comes, then cycles of new candidates that must prove themselves on ever more.

References
----------
K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS, 2016.
L. Li et al., "A system for massively parallel hyperparameter tuning", MLSys, 2020.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segcli.judge import Judge
from segcli.tuning.budget import COSTS, MOST_SECONDS, Budget, Row
from segcli.tuning.candidate import Candidate, Part
from segcli.tuning.dimensions import Random
from segcli.tuning.pictures import Pictures, find_facts, small_factor, spread_places
from segcli.tuning.space import Space, at_levels
from segcli.tuning.trials import Trial, Tried, mean_score

TOGETHER = 24
"""Candidates of a cycle: what is proposed together knows nothing of each other, whatever the number of workers."""

KEEP = 3
"""One in so many goes on to the next rung."""

FEW = 2
"""Pictures of the first rung."""

WAYS = 6
"""Ways to clean up that are tried on each result."""

LEVELS = 24
PARENTS = 10
MOST_OF_ONE = 4
"""Parents of one method at most."""

Map = Callable[[Sequence[Trial]], Iterable[Tried]]
"""Does trials in order, wherever."""


@dataclass
class Search:
    """A search and what it has found so far.

    Attributes
    ----------
    pictures, judge, methods, seed : as given.
    rows : all that was tried. full : variants tried on all pictures as they are, with their scores.
    paces : seconds a million pixels of each method. done : candidates proposed.
    stopped : whether somebody ended it before its budget was used up.
    failures : methods that cannot do the pictures, by what they said.
    """

    pictures: Pictures
    judge: Judge
    methods: Sequence[str]
    budget: Budget
    seed: int = 0
    workers: int = 1
    named: bool = False
    rows: list[Row] = field(default_factory=list)
    full: dict[Candidate, tuple[float, ...]] = field(default_factory=dict)
    paces: dict[str, float] = field(default_factory=dict)
    slow: str = ""
    failures: dict[str, list[str]] = field(default_factory=dict)
    done: int = 0
    stopped: bool = False

    def __post_init__(self) -> None:
        self.factor = small_factor(self.pictures)
        self.everything = tuple(range(len(self.pictures)))
        few = spread_places(self.pictures, FEW)
        form = self.judge.name in ("f1-instance", "ap-instance", "pq")
        self.space = Space(find_facts(self.pictures, form))
        rungs = [(self.factor, few), (self.factor, self.everything), (1.0, self.everything)]
        self.rungs = [rung for place, rung in enumerate(rungs) if rung not in rungs[:place]]
        self.history: list[list[float]] = [[] for _ in self.rungs]
        self.pixels = sum(self.pictures.read(place)[1].labels.size for place in self.everything) / 1e6
        self.best_of: dict[str, float] = {}

    def run(self, do: Map) -> Iterator[Row]:
        """Search until the budget is used up; yields what was tried, as it comes."""
        yield from self._defaults(do)
        yield from self._levels(do)
        cycle = 0
        while self.methods and self.budget.used(self.done) < 1:
            yield from self._cycle(do, cycle)
            cycle += 1

    @property
    def notes(self) -> list[str]:
        """What a user should know."""
        told = [f"{', '.join(sorted(names))} left out: {problem}" for problem, names in self.failures.items()]
        return [*told, *([self.slow] if self.slow else [])]

    @property
    def has_default(self) -> bool:
        """Whether at least one method stands as it comes."""
        return any(candidate.is_default for candidate in self.full)

    @property
    def over(self) -> bool:
        """Whether the time is up; a number of candidates ends with its last cycle."""
        return self.budget.seconds is not None and self.budget.used(self.done) >= 1

    def random(self, *place: int) -> Random:
        """Chance of its own for each thing that is drawn."""
        return np.random.default_rng([self.seed, *place])

    def _limit(self, share: float) -> float | None:
        """Seconds that a trial may take; with a budget of trials the clock decides nothing."""
        return None if self.budget.seconds is None else max(1.0, share * self.budget.seconds)

    def _defaults(self, do: Map) -> Iterator[Row]:
        """Every method as it comes: on a small picture first, then on all, if that is affordable or promising."""
        if self.budget.seconds is None and not self.named:
            slow = [name for name in self.methods if COSTS.get(name, 0) * self.pixels > MOST_SECONDS]
            self._leave_out({name: COSTS[name] * self.pixels for name in slow})
        small: dict[str, float] = {}
        factor, places = self.rungs[0]
        if self.budget.seconds is not None:
            first = places[:1]
            trials = [Trial(0, Candidate(Part(name)), (), first, factor, self._limit(0.02)) for name in self.methods]
            for trial, tried in zip(trials, do(trials), strict=False):
                name = trial.candidate.method.use
                small[name] = tried.best
                self.paces[name] = tried.pace
                if tried.problem:
                    self._fail(name, tried.problem)
                    row = Row(len(self.rows), trial.candidate, "default", problem=tried.problem, seconds=tried.seconds)
                    self.rows.append(row)
            self._too_slow(small)
        names = sorted(self.methods, key=lambda name: -small.get(name, 0.0)) if small else list(self.methods)
        yield from self._first(do, names)

    def _too_slow(self, small: dict[str, float]) -> None:
        """Leave out what would eat the budget."""
        assert self.budget.seconds is not None
        cost = {name: self.paces[name] * self.pixels for name in self.methods}
        most = max((small[name] for name in self.methods), default=0.0)
        share = 0.1 * self.budget.seconds
        out = {name: cost[name] for name in self.methods if cost[name] > share}
        left = self.budget.seconds * self.workers * 0.25 - sum(cost[name] for name in self.methods if name not in out)
        for name in sorted(set(self.methods) - set(out), key=lambda name: (small[name], name)):
            if left < 0 and small[name] < most - 0.1 and cost[name] > 0.01 * self.budget.seconds:
                out[name] = cost[name]
                left += cost[name]
        self._leave_out(out)

    def _leave_out(self, costs: dict[str, float]) -> None:
        """Say what is not tried as it takes too long."""
        if costs:
            words = ", ".join(f"{name.replace('_', '-')} ({seconds:.2g} s)" for name, seconds in sorted(costs.items()))
            self.slow = f"left out as too slow for the budget, with the time for all pictures: {words}"
            self.methods = [name for name in self.methods if name not in costs]

    def _fail(self, name: str, problem: str) -> None:
        """Leave out a method that cannot do the pictures."""
        self.failures.setdefault(problem, []).append(name.replace("_", "-"))
        self.methods = [method for method in self.methods if method != name]

    def _first(self, do: Map, names: Sequence[str]) -> Iterator[Row]:
        """Methods as they come on all pictures, with ways to clean up."""
        trials = []
        for place, name in enumerate(names):
            candidate = Candidate(Part(name))
            ways = tuple(self.space.cleaned(candidate, WAYS, self.random(0, place)))
            trials.append(Trial(len(self.rows) + place, candidate, ways, self.everything, 1.0, self._limit(0.12)))
        numbers = {}
        for trial, tried in zip(trials, do(trials), strict=False):
            name = trial.candidate.method.use
            yield self._add(trial, tried, "default")
            if self.over and self.has_default:
                return
            if tried.problem:
                self._fail(name, tried.problem)
            numbers[name] = tried.numbers
            self.paces[name] = tried.pace
        self.space = Space(replace(self.space.facts, numbers=numbers))

    def _levels(self, do: Map) -> Iterator[Row]:
        """One threshold for all pictures."""
        candidates = at_levels(self.space.facts, LEVELS)
        first = len(self.rows)
        trials = [Trial(first + place, one, (), self.everything) for place, one in enumerate(candidates)]
        for trial, tried in zip(trials, do(trials), strict=False):
            yield self._add(trial, tried, "level")
            if self.over:
                return

    def _add(self, trial: Trial, tried: Tried, origin: str) -> Row:
        """Keep what came of a trial on all pictures as they are."""
        row = Row(trial.number, trial.candidate, origin, seconds=tried.seconds, problem=tried.problem)
        self.rows.append(row)
        self._note(row, trial, tried)
        return row

    def _note(self, row: Row, trial: Trial, tried: Tried) -> None:
        """Enter a result into its row, and among those on all pictures."""
        if not tried.variants:
            return
        candidate, scores = max(tried.variants, key=lambda variant: mean_score(variant[1]))
        row.candidate, row.scores, row.places, row.factor = candidate, scores, trial.places, trial.factor
        name = candidate.method.use
        self.best_of[name] = max(self.best_of.get(name, -math.inf), row.mean)
        if (trial.factor, trial.places) == (1.0, self.everything):
            self.full.update(tried.variants)

    def _cycle(self, do: Map, cycle: int) -> Iterator[Row]:
        """Propose candidates, and let the better ones climb the rungs."""
        random = self.random(1, cycle)
        count = self._count()
        entering = self._proposals(count, random)
        self.done += len(entering)
        current: list[tuple[Row, tuple[Part, ...]]] = []
        for rung, (factor, places) in enumerate(self.rungs):
            last = rung == len(self.rungs) - 1
            for candidate, origin in [one for one in entering if self._entry(one[1]) == rung]:
                row = Row(len(self.rows), candidate, origin)
                self.rows.append(row)
                ways = self.space.cleaned(candidate, WAYS, self.random(2, cycle, row.number))
                current.append((row, tuple(ways)))
            limit = self._limit(0.08 if last else 0.04)
            trials = [Trial(row.number, row.candidate, ways, places, factor, limit) for row, ways in current]
            scored: list[tuple[float, Row, tuple[Part, ...]]] = []
            for trial, tried in zip(trials, do(trials), strict=False):
                row = self.rows[trial.number]
                row.seconds += tried.seconds
                row.problem = tried.problem
                self._note(row, trial, tried)
                if tried.variants:
                    scored.append((tried.best, row, _best_ways(tried)))
                    self.history[rung].append(tried.best)
                yield row
                if self.over:
                    return
            current = [] if last else self._climbing(rung, scored)

    def _count(self) -> int:
        """How many candidates a cycle has."""
        if self.budget.trials is not None:
            return min(TOGETHER, self.budget.trials - self.done)
        recent = [row.seconds for row in self.rows[-TOGETHER:] if row.seconds]
        assert self.budget.seconds is not None
        affordable = 0.06 * self.budget.seconds * self.workers / max(np.mean(recent) if recent else 0.1, 1e-3)
        return int(min(2 * TOGETHER, max(2 * self.workers, affordable)))

    def _entry(self, origin: str) -> int:
        """The rung at which a proposal begins: what comes of good ones skips the few pictures."""
        if origin == "new":
            return 0
        return next(place for place, (_, places) in enumerate(self.rungs) if places == self.everything)

    def _climbing(
        self, rung: int, scored: list[tuple[float, Row, tuple[Part, ...]]]
    ) -> list[tuple[Row, tuple[Part, ...]]]:
        """Those that go on: among the best third of all that ever stood here, and at least one."""
        if not scored:
            return []
        cut = np.quantile(self.history[rung], 1 - 1 / KEEP)
        scored = sorted(scored, key=lambda one: (-one[0], one[1].number))
        going = [one for place, one in enumerate(scored) if one[0] >= cut or not place]
        return [(row, ways) for _, row, ways in going]

    def _proposals(self, count: int, random: Random) -> list[tuple[Candidate, str]]:
        """New candidates, and ones near the best so far; ever fewer new ones."""
        parents = self._parents()
        used = min(1.0, self.budget.used(self.done))
        fresh = max(0.2, 1 - 1.5 * used) if parents else 1.0
        known = {row.candidate.head for row in self.rows}
        found: list[tuple[Candidate, str]] = []
        for _ in range(20 * count):
            if len(found) == count:
                break
            if random.random() < fresh:
                candidate, origin = self.space.draw(self._method(random), random), "new"
            else:
                candidate, origin = self._child(parents, random), "near"
            if candidate.head not in known:
                known.add(candidate.head)
                found.append((candidate, origin))
        return found

    def _child(self, parents: Sequence[Candidate], random: Random) -> Candidate:
        """A candidate near one of the best, sometimes with the filters of another."""
        place = min(int(random.geometric(0.25)) - 1, len(parents) - 1)
        child = parents[place]
        if random.random() < 0.15:
            child = replace(child, before=parents[int(random.integers(len(parents)))].before)
        return self.space.near(child, random)

    def _parents(self) -> list[Candidate]:
        """The best candidates on all pictures, one for each head and no method too often."""
        order = sorted(self.full, key=lambda one: (-mean_score(self.full[one]), one.complexity))
        found: dict[Candidate, Candidate] = {}
        counts: dict[str, int] = {}
        for one in order:
            name = one.method.use
            if one.head in found or counts.get(name, 0) >= MOST_OF_ONE:
                continue
            found[one.head] = one
            counts[name] = counts.get(name, 0) + 1
            if len(found) == PARENTS:
                break
        return list(found.values())

    def _method(self, random: Random) -> str:
        """A method by chance; those that did well and those that cost little more often."""
        names = list(self.methods)
        best = np.array([self.best_of.get(name, -math.inf) for name in names])
        top = best.max() if np.isfinite(best).any() else 0.0
        weights = np.exp(np.clip((best - top) / 0.12, -3, 0))
        if self.budget.seconds is not None:
            cost = np.array([self.paces.get(name, 0.0) * self.pixels for name in names])
            weights /= np.sqrt(1 + cost / (0.005 * self.budget.seconds))
        return names[int(random.choice(len(names), p=weights / weights.sum()))]


def _best_ways(tried: Tried) -> tuple[Part, ...]:
    """The three best ways to clean up."""
    order = sorted(tried.variants, key=lambda variant: -mean_score(variant[1]))
    return tuple(dict.fromkeys(candidate.after for candidate, _ in order))[:3]
