"""Partition of weighted points into classes around centers: k-means and k-medians."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.errors import InputError
from segcli.numeric.clouds import Cloud, clouds, distinct, values_of

Points = NDArray[np.float32]
Reals = NDArray[np.float64]
Distance = Literal["l2", "l1"]
Start = Literal["k-means++", "random"]

_REFINED = 3
"""How many of the starts are refined on the finer grid."""

_DRAWS = 8
"""Draws for each starting center of k-means++, of which the best is kept."""


@dataclass(frozen=True, eq=False)
class Partition:
    """Points in classes.

    Attributes
    ----------
    labels : (points,) uint8
        The nearest center of each point, the first of equals.
    centers : (classes, features) float64
    objective : float
        Weighted sum of the points' distances to their centers: squared Euclidean (l2) or city-block (l1).
    iterations : int
        Iterations of the best start, on the grids and over all points.
    history : (iterations,) float64
        The objective after each of them; for l1 after those over all points alone.
    starts : (restarts,) float64
        The objective that each start had reached where they were compared; for l1 on a grid, that of its cells' means.
    rests : bool
        Whether it came to rest before the iterations were used up.
    """

    labels: NDArray[np.uint8]
    centers: Reals
    objective: float
    iterations: int
    history: Reals
    starts: Reals
    rests: bool


def partition(
    points: Points,
    weights: Reals,
    classes: int,
    *,
    distance: Distance = "l2",
    seeding: Start = "k-means++",
    restarts: int = 10,
    iterations: int = 300,
    tolerance: float = 0.0,
    seed: int = 0,
) -> Partition:
    """Partition points so that the sum of the distances to the classes' centers is small: Lloyd's iteration.

    Many points are first pooled into the cells of a grid, as wide in every feature: the starts are run on the cells'
    means, the best of them is refined on a finer grid, and the best of those is iterated over all points. An
    iteration skips the points whose nearest center cannot have changed, by the triangle inequality; nothing in it is
    approximate. With tolerance 0 the result is a fixed point over all points: every point is at its nearest center,
    and every center is the mean (l1: the lower median) of its class. A class that becomes empty is started again from
    the point farthest from its center.

    Parameters
    ----------
    points : (features, points) float32
        C-contiguous.
    weights : (points,) float64, or (1,) where every point counts the same
    classes : int
        2 to 255.
    distance : l2 or l1
        Squared Euclidean distance and means, or city-block distance and medians.
    seeding : k-means++ or random
        Starting points drawn in proportion to their distance from those already drawn, the best of eight draws each
        time; or in proportion to their weight alone.
    restarts : int
    iterations : int
        Most iterations of a start, on the grids and over all points together.
    tolerance : float
        A start ends when no center moves farther than this.
    seed : int

    Raises
    ------
    InputError
        Fewer distinct points than classes.

    References
    ----------
    S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans. Information Theory 28(2), 129-137, 1982.
    D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, 1027-1035.
    G. Hamerly, "Making k-means even faster", SIAM Data Mining 2010, 130-140.

    Examples
    --------
    >>> found = partition(np.array([[0, 1, 10, 12]], np.float32), np.ones(1), 2)
    >>> sorted(found.centers[:, 0].tolist()), found.objective
    ([0.5, 11.0], 2.5)
    """
    stages, places = clouds(points, weights, classes), None
    if len(stages) == 1:
        # No grid tells the points apart well enough: look for equal ones, and count how many differ.
        cloud, places = distinct(stages[0])
        if cloud.count < classes:
            raise InputError(
                f"the image has {cloud.count} distinct colors; {classes} classes need as many. "
                f"Ask for {cloud.count} or fewer."
            )
        stages = [cloud]
    generator = np.random.default_rng(seed)
    lloyd = _Lloyd.over(stages[-1], iterations, tolerance, distance == "l1")
    descents = [
        lloyd.descend(stages[0], _Descent(lloyd.start(stages[0], classes, seeding, generator))) for _ in range(restarts)
    ]
    starts = np.array([descent.objective for descent in descents])
    for stage in stages[1:]:
        kept = _best(descents, 1 if stage is stages[-1] else _REFINED)
        descents = [lloyd.descend(stage, descent) for descent in kept]
    (best,) = _best(descents, 1)
    labels, objective = lloyd.settle(best)
    return Partition(
        labels=labels if places is None else labels[places],
        centers=best.centers,
        objective=objective,
        iterations=best.iterations,
        history=np.array(best.history[best.comparable :]),
        starts=starts,
        rests=best.rests,
    )


@dataclass(frozen=True, eq=False)
class _Descent:
    """How far one start has come; its history can be compared with the result from `comparable` on."""

    centers: Reals
    history: tuple[float, ...] = ()
    comparable: int = 0
    rests: bool = False

    @property
    def iterations(self) -> int:
        return len(self.history)

    @property
    def objective(self) -> float:
        return self.history[-1]


def _best(descents: list[_Descent], most: int) -> list[_Descent]:
    """Choose the lowest objectives; starts that came to the same end are chosen once."""
    differing = {f"{descent.objective:.9g}": descent for descent in reversed(descents)}
    return sorted(differing.values(), key=lambda descent: descent.objective)[:most]


@dataclass(frozen=True, eq=False)
class _Lloyd:
    """Lloyd's iteration: when it ends, the distance it goes by, and the moments of all points."""

    whole: Cloud
    iterations: int
    tolerance: float
    city_block: bool
    mean: Reals
    deviation: float

    @classmethod
    def over(cls, whole: Cloud, iterations: int, tolerance: float, city_block: bool) -> _Lloyd:
        """Measure the points once."""
        from segcli.numeric import _cluster_kernels as kernels

        total, weight = whole.moments
        mean = total / weight
        labels = np.zeros(whole.count, np.uint8)
        deviation = kernels.total_distance(whole.points, whole.weights, mean[None], labels, False)
        return cls(whole, iterations, tolerance, city_block, mean, deviation)

    def start(self, cloud: Cloud, classes: int, seeding: Start, generator: np.random.Generator) -> Reals:
        """Draw starting centers from the points."""
        from segcli.numeric import _cluster_kernels as kernels

        if seeding == "k-means++":
            draws = generator.random((classes, _DRAWS))
            chosen = kernels.spread(cloud.points, cloud.weights, draws, self.city_block)
        else:
            shares = np.broadcast_to(cloud.weights, cloud.count)
            chosen = generator.choice(cloud.count, classes, replace=False, p=shares / shares.sum())
        return np.ascontiguousarray(cloud.points[:, chosen].T, np.float64)

    def descend(self, cloud: Cloud, descent: _Descent) -> _Descent:
        """Iterate over a cloud until nothing changes, the centers hardly move, or the iterations are used up."""
        from segcli.numeric import _cluster_kernels as kernels

        comparable = descent.iterations if self.city_block else 0
        if descent.iterations >= self.iterations:
            return replace(descent, comparable=comparable, rests=False)
        centers, history, rests = descent.centers.copy(), list(descent.history), False
        traveled = np.zeros(len(centers))
        labels, gaps = np.zeros(cloud.count, np.uint8), np.full(cloud.count, -np.inf, np.float32)
        sums, totals = np.zeros(centers.shape), np.zeros(len(centers))
        # Everything starts in class 0; the first iteration looks at every point, because of the gaps.
        sums[0], totals[0] = cloud.moments
        while len(history) < self.iterations and not rests:
            changed = kernels.assign(
                cloud.points, cloud.weights, centers, traveled, labels, gaps, sums, totals, self.city_block
            )
            moved = self._centers(cloud, labels, sums, totals, centers)
            history.append(self._objective(cloud, moved, labels, totals))
            empty = np.flatnonzero(totals == 0)
            self._seed_again(cloud, moved, labels, empty)
            steps = self._lengths(moved - centers)
            rests = len(empty) == 0 and (changed == 0 or bool(steps.max() <= self.tolerance))
            # A gap shrinks by the move of its own center and by the longest move of any other.
            others = np.where(np.arange(len(steps)) == steps.argmax(), np.sort(steps)[-2], steps.max())
            traveled += (steps + others) * (1 + 1e-9)
            centers = moved
        return _Descent(centers, tuple(history), comparable, rests)

    def settle(self, descent: _Descent) -> tuple[NDArray[np.uint8], float]:
        """Give every point to its nearest center, without skipping any, and add up the distances."""
        from segcli.numeric import _cluster_kernels as kernels

        cloud, centers = self.whole, descent.centers
        labels, gaps = np.zeros(cloud.count, np.uint8), np.full(cloud.count, -np.inf, np.float32)
        spare = np.zeros(centers.shape), np.zeros(len(centers))
        kernels.assign(
            cloud.points, cloud.weights, centers, np.zeros(len(centers)), labels, gaps, *spare, self.city_block
        )
        return labels, kernels.total_distance(cloud.points, cloud.weights, centers, labels, self.city_block)

    def _centers(self, cloud: Cloud, labels: NDArray[np.uint8], sums: Reals, totals: Reals, before: Reals) -> Reals:
        """Means of the classes, for l1 their lower medians; an empty class keeps its center."""
        filled = totals > 0
        if not self.city_block:
            return np.where(filled[:, None], sums / np.where(filled, totals, 1)[:, None], before)
        from segcli.numeric import _cluster_kernels as kernels

        keys = kernels.medians(cloud.keys, cloud.weights, labels, totals)
        return np.where(filled[:, None], values_of(keys).astype(np.float64), before)

    def _objective(self, cloud: Cloud, centers: Reals, labels: NDArray[np.uint8], totals: Reals) -> float:
        """Sum of the distances to the classes' own centers; l2 by the variance between the classes, over all points."""
        if not self.city_block:
            between = totals @ np.sum((centers - self.mean) ** 2, axis=1)
            return max(self.deviation - float(between), 0.0)
        from segcli.numeric import _cluster_kernels as kernels

        return float(kernels.total_distance(cloud.points, cloud.weights, centers, labels, True))

    def _lengths(self, offsets: Reals) -> Reals:
        """Lengths of (n, features) offsets."""
        return np.asarray(np.linalg.norm(offsets, 1 if self.city_block else 2, axis=1))

    def _seed_again(self, cloud: Cloud, centers: Reals, labels: NDArray[np.uint8], empty: NDArray[np.intp]) -> None:
        """Put each empty class's center on the point that is then farthest from its own, in place."""
        if len(empty) == 0:
            return
        distances = self._lengths(cloud.points.T - centers[labels])
        for label in empty:
            farthest = int(distances.argmax())
            centers[label] = cloud.points[:, farthest]
            distances = np.minimum(distances, self._lengths(cloud.points.T - centers[label]))
