"""Trying one candidate on some pictures, in any process: head once, then several ways to clean up its result."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segcli.errors import SegcliError
from segcli.files.image import Image
from segcli.files.memory import image_of
from segcli.judge import Judge, TrueLabels
from segcli.segmentation import VOID, Segmentation
from segcli.tuning.candidate import Candidate, Part, scaled
from segcli.tuning.dimensions import row_of
from segcli.tuning.pictures import Pictures

if TYPE_CHECKING:
    from segcli.recipe import Recipe

MOST_CLASSES = 6
"""Classes of a method up to which it is tried which of them are the object."""


WARM = 32
"""Side of the piece of a picture on which a method loads its parts."""

_warm: set[str] = set()
"""Methods that this process has used."""

SETS = 2
"""Sets of classes that are gone on with."""


@dataclass(frozen=True)
class Trial:
    """What to try.

    Attributes
    ----------
    number : of the candidate.
    candidate : its head is computed once.
    cleanings : ways to clean up; each makes a variant.
    places : of the pictures.
    factor : size of the pictures, 1 as they are.
    limit : seconds after which it is given up, or None.
    """

    number: int
    candidate: Candidate
    cleanings: tuple[Part, ...]
    places: tuple[int, ...]
    factor: float = 1.0
    limit: float | None = None


@dataclass(frozen=True)
class Tried:
    """What came of a trial.

    Attributes
    ----------
    variants : candidates, each with a score for every picture; the first is the candidate as it was given.
    seconds : all in all. pace : seconds of the quickest picture for a million pixels.
    numbers : what the method chose by itself, means over the pictures.
    problem : why there are no variants, or ''.
    """

    variants: tuple[tuple[Candidate, tuple[float, ...]], ...] = ()
    seconds: float = 0.0
    pace: float = 0.0
    numbers: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""

    @property
    def best(self) -> float:
        """The mean score of the best variant; -inf where there is none."""
        return max((mean_score(scores) for _, scores in self.variants), default=float("-inf"))


def mean_score(scores: Sequence[float]) -> float:
    """Mean over the pictures that have a score; -inf where none has."""
    known = [score for score in scores if not np.isnan(score)]
    return float(np.mean(known)) if known else float("-inf")


class _TooSlow(BaseException):
    """The limit of a trial has passed; no method may hold it for a fault of its own."""


@dataclass(frozen=True)
class Examiner:
    """Does trials; all that a worker needs."""

    pictures: Pictures
    judge: Judge

    def __call__(self, trial: Trial) -> Tried:
        """Try a candidate; whatever goes wrong is said in the answer."""
        self._warm_up(trial)
        start = time.perf_counter()
        paces: list[float] = []
        try:
            with _limited(trial.limit):
                found = self._tried(trial, paces)
        except _TooSlow:
            found = Tried(problem=f"takes more than {trial.limit:.3g} s")
        except SegcliError as failure:
            found = Tried(problem=str(failure))
        except MemoryError:
            found = Tried(problem="needs more memory than there is")
        except Exception as failure:
            found = Tried(problem=f"{type(failure).__name__}: {failure} (a fault of segcli)")
        return replace(found, seconds=time.perf_counter() - start, pace=min(paces, default=0.0))

    def _warm_up(self, trial: Trial) -> None:
        """Have a method load its parts on a piece of a picture before its time is taken."""
        method = trial.candidate.method.use
        if trial.limit is None or method in _warm:
            return
        _warm.add(method)
        with suppress(Exception):
            image, _ = self.pictures.read(trial.places[0], trial.factor)
            run_head(Candidate(Part(method)), image_of(image.native[:WARM, :WARM]), 1.0)

    def _tried(self, trial: Trial, paces: list[float]) -> Tried:
        """Segment all pictures, then clean up in every way."""
        results, truths = [], []
        for place in trial.places:
            image, truth = self.pictures.read(place, trial.factor)
            start = time.perf_counter()
            results.append(run_head(trial.candidate, image, trial.factor))
            paces.append((time.perf_counter() - start) / truth.labels.size * 1e6)
            truths.append(truth)
        variants = [(trial.candidate, self._scores(trial.candidate, results, truths, trial.factor))]
        for classes in self._choices(trial.candidate, results, truths):
            for cleaning in trial.cleanings:
                candidate = replace(trial.candidate, classes=classes, after=cleaning)
                # Classes cannot be cleaned up before some are chosen.
                fits = not cleaning.settings or classes or results[0].kind != "classes"
                if fits and candidate != trial.candidate:
                    variants.append((candidate, self._scores(candidate, results, truths, trial.factor)))
        sign = 1 if self.judge.higher_is_better else -1
        told = tuple((candidate, tuple(sign * score for score in scores)) for candidate, scores in variants)
        numbers = {
            name: float(np.mean([one.numbers.get(name, np.nan) for one in results])) for name in results[0].numbers
        }
        return Tried(told, numbers=numbers)

    def _scores(
        self, candidate: Candidate, results: Sequence[Segmentation], truths: Sequence[TrueLabels], factor: float
    ) -> list[float]:
        """The score of each picture."""
        pairs = zip(results, truths, strict=True)
        return [self.judge.score(run_tail(candidate, result, factor), truth) for result, truth in pairs]

    def _choices(
        self, candidate: Candidate, results: Sequence[Segmentation], truths: Sequence[TrueLabels]
    ) -> list[tuple[int, ...]]:
        """Which classes may be the object: nothing to choose, or the two best sets by their overlap."""
        if results[0].kind != "classes" or truths[0].count != 2:
            return [()]
        if candidate.classes:
            return [candidate.classes]
        return best_classes(results, [truth.labels > 0 for truth in truths])[:SETS]


def best_classes(results: Sequence[Segmentation], truths: Sequence[NDArray[np.bool_]]) -> list[tuple[int, ...]]:
    """Sets of classes by their mean overlap (Dice) with the objects, the best first.

    Where there are too many classes to try all sets, nothing is chosen.
    """
    count = 1 + max(int(result.labels[result.labels != VOID].max(initial=0)) for result in results)
    if not 2 <= count <= MOST_CLASSES:
        return [()]
    areas = np.array([np.bincount(one.labels.ravel(), minlength=256)[:count] for one in results], float)
    inside = np.array(
        [
            np.bincount(one.labels[truth].ravel(), minlength=256)[:count]
            for one, truth in zip(results, truths, strict=True)
        ],
        float,
    )
    true = np.array([np.count_nonzero(truth) for truth in truths], float)
    sets = [chosen for size in range(1, count) for chosen in combinations(range(count), size)]
    overlap = [
        float(np.mean(2 * inside[:, chosen].sum(axis=1) / np.maximum(areas[:, chosen].sum(axis=1) + true, 1)))
        for chosen in map(list, sets)
    ]
    return [sets[place] for place in sorted(range(len(sets)), key=lambda place: (-overlap[place], place))]


def recipe_of(candidate: Candidate, factor: float = 1.0) -> Recipe:
    """The steps of a candidate as a recipe, for pictures `factor` times as large."""
    from segcli.recipe import Recipe, Step

    steps = (Step(step.use.replace("_", "-"), settings_of(step, factor)) for step in candidate.parts)
    return Recipe(tuple(steps))


def run_head(candidate: Candidate, image: Image, factor: float) -> Segmentation:
    """Segment a picture by the filters and the method of a candidate."""
    from segcli.recipe import RecipeSegmenter

    return RecipeSegmenter(recipe_of(candidate.head, factor))(image, {})


def run_tail(candidate: Candidate, result: Segmentation, factor: float) -> Segmentation:
    """Choose classes and clean up as a candidate says."""
    from segcli.cleanup import Cleanup, clean
    from segcli.recipe.kitchen import selected

    if candidate.classes:
        result = selected(result, candidate.classes)
    if not candidate.after.settings:
        return result
    return Segmentation(*clean(result.labels, result.kind, Cleanup(**settings_of(candidate.after, factor))))


def settings_of(step: Part, factor: float) -> dict[str, Any]:
    """The settings of a step for pictures `factor` times as large."""
    if factor == 1 or step.use == "select":
        return dict(step.settings)
    knobs = {knob.name: knob for knob in row_of(step.use)}
    found = {name: scaled(knobs[name], value, factor) for name, value in step.settings}
    for name, knob in knobs.items():
        if name not in found and (changed := scaled(knob, knob.default, factor)) != knob.default:
            found[name] = changed
    return found


@contextmanager
def _limited(seconds: float | None) -> Iterator[None]:
    """Raise _TooSlow in the block after some seconds, at the next step of Python; elsewhere than on Unix, never."""
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _give_up(number: int, frame: Any) -> None:
    raise _TooSlow
