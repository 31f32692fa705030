"""Scores of predictions against the truth, picture by picture: counts, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.batch import each, process_pool
from segcli.errors import InputError, UsageError
from segcli.evaluate.plan import Plan
from segcli.files.datasets.example import Example
from segcli.files.datasets.meaning import Meaning
from segcli.files.datasets.truth import open_image, read_truth, read_values
from segcli.predictions import Source, as_classes, as_map, as_objects, as_regions
from segcli.scores.resampling import RESAMPLES, Difference, Interval, differences, intervals
from segcli.scores.tallies import Numbers, SemanticTally, Tally
from segcli.segmentation import VOID, Kind, Segmentation

TOGETHER = 8
"""Pictures that travel to a worker together."""


@dataclass(frozen=True, eq=False)
class Counted:
    """What was counted of one picture.

    counts : (counts,) of each tally; empty where there is a fault.
    matrix : of classes, where they are scored.
    fault : why it could not be scored, with the file's name.
    """

    name: str
    counts: tuple[Numbers, ...] = ()
    matrix: NDArray[np.int64] | None = None
    fault: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """Scores of one task.

    Attributes
    ----------
    tally : what was counted.
    counts : (pictures, counts).
    scores : of all pictures. intervals : where they would lie with other pictures; empty with fewer than two.
    pictures : (pictures,) of each score.
    matrix : pixels by true class (rows) and predicted class; the last ones are pixels without a class. Or None.
    """

    tally: Tally
    counts: Numbers
    scores: dict[str, float]
    intervals: dict[str, Interval]
    pictures: dict[str, Numbers]
    matrix: NDArray[np.int64] | None = None

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.tally.task


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of predictions.

    Attributes
    ----------
    plan : what was scored.
    names : of the pictures that were scored.
    results : one for each task; empty where there are faults.
    faults : why pictures could not be scored.
    """

    plan: Plan
    names: tuple[str, ...]
    results: tuple[Result, ...]
    faults: tuple[str, ...] = ()

    def worst(self, count: int) -> list[tuple[int, float]]:
        """Places and scores of the worst pictures by the first task's main score, the worst first."""
        first = self.results[0]
        values = first.pictures[first.tally.main]
        known = [place for place in np.argsort(values, kind="stable").tolist() if not np.isnan(values[place])]
        return [(place, float(values[place])) for place in known[:count]]


@dataclass(frozen=True)
class Scorer:
    """Counts one picture; all that a worker needs."""

    source: Source
    meaning: Meaning
    names: tuple[str, ...]
    tallies: tuple[Tally, ...]

    def __call__(self, job: tuple[Example, str]) -> Counted:
        example, path = job
        try:
            truth, found = self.read(example, path)
            counts, matrix = [], None
            for tally in self.tallies:
                pair = self.forms(tally, truth, found)
                counts.append(tally.count(*pair))
                if isinstance(tally, SemanticTally):
                    matrix = tally.matrix(*pair)
        except InputError as failure:
            return Counted(example.name, fault=str(failure))
        return Counted(example.name, tuple(counts), matrix)

    def read(self, example: Example, path: str) -> tuple[tuple[NDArray[np.uint8], Array | None], Segmentation]:
        """Classes and objects of the truth, and the prediction.

        Raises
        ------
        InputError : a file that cannot be read, sizes that differ, numbers that are no class; it is named.
        """
        if example.image:
            truth = read_truth(example, self.meaning, open_image(example))
        else:
            values = read_values(example.masks[0], self.meaning.threshold)
            truth = self.meaning.apply(values, example.masks[0])
        found = self.source.predict(example, path)
        if found.labels.shape != truth[0].shape:
            sizes = [f"{shape[1]} x {shape[0]}" for shape in (found.labels.shape, truth[0].shape)]
            where = self.source.where(example, path)
            raise InputError(f"{where} is {sizes[0]}, truth {example.masks[0]!r} is {sizes[1]}; they must be equal.")
        try:
            if any(tally.needs == "classes" for tally in self.tallies):
                as_classes(found, len(self.names))
        except InputError as failure:
            raise InputError(f"{self.source.where(example, path)} {failure}") from failure
        return truth, found

    def forms(
        self, tally: Tally, truth: tuple[NDArray[np.uint8], Array | None], found: Segmentation
    ) -> tuple[Array, Array]:
        """Prediction and truth as a tally takes them."""
        classes, objects = truth
        if tally.needs == "classes":
            return as_classes(found, len(self.names)), classes
        if tally.needs == "map":
            return as_map(found), classes
        if tally.needs == "objects":
            assert objects is not None
            void = classes == VOID
            pair = as_objects(found), objects
            return (np.where(void, 0, pair[0]), np.where(void, 0, pair[1])) if void.any() else pair
        true = Segmentation(classes if objects is None else objects, _kind_of(self.meaning, objects))
        return as_regions(found), as_regions(true)


def _kind_of(meaning: Meaning, objects: Array | None) -> Kind:
    """What a truth's labels are."""
    return "instances" if objects is not None else "mask" if meaning.kind == "mask" else "classes"


def scorer(plan: Plan) -> Scorer:
    """What counts the pictures of a plan."""
    return Scorer(plan.source, plan.truth.data.meaning, plan.truth.data.names, plan.tallies)


def count_all(plan: Plan, workers: int = 1) -> Iterator[Counted]:
    """Count every picture in order: in this process, by two threads of it, or in `workers` others.

    Raises
    ------
    EnvironmentFailure : workers keep dying.
    """
    jobs = [(example, plan.paths.get(example.name, "")) for example in plan.examples]
    count = scorer(plan)
    if plan.threads:
        from concurrent.futures import ThreadPoolExecutor

        yield from each(count, jobs, lambda: ThreadPoolExecutor(2, "segcli"), 2, _died)
    elif workers == 1:
        yield from map(count, jobs)
    else:
        yield from each(count, jobs, lambda: process_pool(workers), workers, _died, lambda: TOGETHER)


def _died(job: tuple[Example, str]) -> Counted:
    """A picture that ended its worker."""
    example, path = job
    return Counted(example.name, fault=f"{path or example.image!r} crashed the process that scored it; try --jobs 1.")


def judge(plan: Plan, counted: Iterable[Counted], *, resamples: int = RESAMPLES, seed: int = 0) -> Evaluation:
    """Add up what was counted of all pictures.

    Parameters
    ----------
    plan : what was scored. counted : of each picture, in order; taken one by one.
    resamples, seed : of the bootstrap; 0 resamples for none.
    """
    names: list[str] = []
    faults: list[str] = []
    rows: list[tuple[Numbers, ...]] = []
    matrix: NDArray[np.int64] | None = None
    for one in counted:
        if one.fault:
            faults.append(one.fault)
            continue
        names.append(one.name)
        rows.append(one.counts)
        if one.matrix is not None:
            matrix = one.matrix if matrix is None else matrix + one.matrix
    if faults or not rows:
        return Evaluation(plan, tuple(names), (), tuple(faults) or ("there is no picture to score.",))
    results = []
    for place, tally in enumerate(plan.tallies):
        counts = np.stack([row[place] for row in rows])
        scores = {name: float(value) for name, value in tally.scores(counts.sum(axis=0)).items()}
        drawn = intervals(counts, tally.scores, resamples=resamples, seed=seed)
        held = matrix if isinstance(tally, SemanticTally) else None
        results.append(Result(tally, counts, scores, drawn, tally.scores(counts), held))
    return Evaluation(plan, tuple(names), tuple(results))


def compare(
    first: Evaluation, second: Evaluation, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[tuple[str, ...], dict[str, dict[str, Difference]]]:
    """Differences of two evaluations, the first less the second, on the pictures that both have.

    Returns
    -------
    Names of those pictures; differences by task and score.

    Raises
    ------
    UsageError : they have no picture in common.
    """
    places = {name: place for place, name in enumerate(second.names)}
    shared = [(place, places[name]) for place, name in enumerate(first.names) if name in places]
    if not shared:
        raise UsageError("the two sets of predictions have no picture in common.")
    own, other = (list(side) for side in zip(*shared, strict=True))
    found = {}
    for one, two in zip(first.results, second.results, strict=True):
        pair = one.counts[own], two.counts[other]
        found[one.task] = differences(*pair, one.tally.scores, resamples=resamples, seed=seed)
    return tuple(first.names[place] for place in own), found


def look_again(plan: Plan, name: str) -> tuple[tuple[NDArray[np.uint8], Array | None], Segmentation]:
    """Read the truth of a picture and its prediction once more, to draw them."""
    example = next(one for one in plan.truth.examples if one.name == name)
    return scorer(plan).read(example, plan.paths.get(name, ""))
