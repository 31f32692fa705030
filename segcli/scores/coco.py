"""Average precision of detected objects, as COCO defines it: precision over recall, as the certainty falls.

The comparisons of all pictures together are scored. Each found object goes, the most certain ones first, to the true
object of its class with the greatest IoU of at least a threshold (*at least*, where `instance` asks for more than it)
that no other has taken. True objects outside a range of areas, and crowds (regions of objects that nobody outlined one
by one), can be taken too, but neither reward nor punish; a crowd can be taken by many, and overlaps by the share of the
found object that lies in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import SettingError
from segcli.scores.comparison import Comparison
from segcli.scores.instance import COCO_THRESHOLDS

AREA_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
)
"""COCO's ranges of areas in pixels; both ends belong to a range."""

RECALLS = np.linspace(0, 1, 101)
"""Recalls at which precision is read."""


@dataclass(frozen=True, eq=False)
class CocoScores:
    """Precision and recall of every class, within every range of areas, at every IoU threshold.

    Attributes
    ----------
    classes : (classes,) their numbers.
    areas : names of the ranges of areas.
    thresholds : of IoU.
    precision : (areas, classes, thresholds) float64
        Mean over 101 recalls of the best precision at that recall or a higher one; NaN without true objects.
    recall : (areas, classes, thresholds) float64
        Share of the true objects that are found at all; NaN without any.
    """

    classes: NDArray[np.int64]
    areas: tuple[str, ...]
    thresholds: tuple[float, ...]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    @property
    def ap(self) -> float:
        """Average precision: mean over classes and thresholds; NaN where no class has a true object."""
        return self.mean_precision()

    @property
    def ap50(self) -> float:
        """Average precision at an IoU of .50."""
        return self.mean_precision(iou=0.5)

    @property
    def ap75(self) -> float:
        """Average precision at an IoU of .75."""
        return self.mean_precision(iou=0.75)

    @property
    def ar(self) -> float:
        """Average recall: mean over classes and thresholds."""
        return self.mean_recall()

    @property
    def ap_per_class(self) -> NDArray[np.float64]:
        """Average precision of each class, mean over thresholds."""
        return np.asarray(self.precision[self.areas.index("all")].mean(axis=1))

    def mean_precision(self, area: str = "all", iou: float | None = None) -> float:
        """Mean precision of the classes that have true objects, in one range of areas, at one threshold or at all."""
        return self._mean(self.precision, area, iou)

    def mean_recall(self, area: str = "all", iou: float | None = None) -> float:
        """Mean recall of the classes that have true objects, in one range of areas, at one threshold or at all."""
        return self._mean(self.recall, area, iou)

    def _mean(self, values: NDArray[np.float64], area: str, iou: float | None) -> float:
        """Mean of what is not NaN."""
        if area not in self.areas:
            raise SettingError("area", f"is {area!r}; scored were {', '.join(self.areas)}.")
        chosen = [place for place, threshold in enumerate(self.thresholds) if iou in (None, threshold)]
        if not chosen:
            raise SettingError("iou", f"is {iou:g}; scored were {', '.join(f'{each:g}' for each in self.thresholds)}.")
        values = values[self.areas.index(area)][:, chosen]
        known = values[~np.isnan(values)]
        return float(known.mean()) if known.size else float("nan")


def coco_scores(
    pictures: Iterable[Comparison],
    *,
    thresholds: Sequence[float] = COCO_THRESHOLDS,
    maximum: int | None = 100,
    areas: Mapping[str, tuple[float, float]] = AREA_RANGES,
) -> CocoScores:
    """Score the objects found in all pictures of a data set.

    Parameters
    ----------
    pictures : one comparison a picture.
    thresholds : of IoU, above 0.
    maximum : found objects of a class that count in a picture, the most certain ones; None for all, which pictures of
        cells need. COCO also gives recall for 1 and for 10.
    areas : ranges by name; objects on both of their ends belong to them.

    Raises
    ------
    SettingError : a threshold is not above 0 or is above 1, or maximum is below 1.

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV, 740-755, 2014.

    Examples
    --------
    >>> from segcli.scores.comparison import compare_boxes
    >>> found = [[0, 0, 10, 10], [50, 50, 60, 60]]
    >>> scores = coco_scores([compare_boxes(found, [[0, 0, 10, 9]], [0.9, 0.4])])
    >>> round(scores.ap, 2), scores.ap50, scores.ar
    (0.9, 1.0, 0.9)
    """
    if not all(0 < threshold <= 1 for threshold in thresholds):
        raise SettingError("thresholds", f"are {', '.join(map(str, thresholds))}; each must be above 0, at most 1.")
    if maximum is not None and maximum < 1:
        raise SettingError("maximum", f"is {maximum}; it must be at least 1, or None.")
    of_class: dict[int, list[Comparison]] = defaultdict(list)
    for picture in pictures:
        for label in np.union1d(picture.found_classes, picture.true_classes):
            of_class[int(label)].append(_selected(picture, label, maximum))
    classes = np.array(sorted(of_class), np.int64)
    results = np.full((2, len(areas), len(classes), len(thresholds)), np.nan)
    for place, label in enumerate(classes):
        parts = of_class[label]
        order = np.argsort(-np.concatenate([part.scores for part in parts]), kind="stable")
        for row, limits in enumerate(areas.values()):
            judged = [_judged(part, limits, thresholds) for part in parts]
            count = sum(true for _, true in judged)
            if count:
                results[:, row, place] = _curves(
                    np.concatenate([found for found, _ in judged], axis=1)[:, order], count
                )
    return CocoScores(classes, tuple(areas), tuple(thresholds), *results)


def _selected(picture: Comparison, label: int, maximum: int | None) -> Comparison:
    """The objects of one class, and of the found ones the most certain."""
    found, true = np.flatnonzero(picture.found_classes == label)[:maximum], picture.true_classes == label
    row, column = np.full(len(picture.scores), -1), np.cumsum(true) - 1
    row[found] = np.arange(len(found))
    kept = (row[picture.rows] >= 0) & true[picture.columns]
    return Comparison(
        row[picture.rows[kept]],
        column[picture.columns[kept]],
        picture.ious[kept],
        picture.scores[found],
        picture.found_classes[found],
        picture.found_areas[found],
        picture.true_classes[true],
        picture.true_areas[true],
        picture.crowd[true],
    )


def _judged(part: Comparison, limits: tuple[float, float], thresholds: Sequence[float]) -> tuple[Array, int]:
    """Each found object at each threshold, 1 right, -1 wrong, 0 not counted; and how many true ones count."""
    outside = [(areas < limits[0]) | (areas > limits[1]) for areas in (part.found_areas, part.true_areas)]
    ignored = part.crowd | outside[1]
    # A found object prefers true ones that count, then the greatest IoU, then the last, as in COCO's own code.
    order = np.lexsort((-part.columns, -part.ious, ignored[part.columns], part.rows))
    rows, columns, ious = part.rows[order], part.columns[order], part.ious[order]
    near = ious >= np.minimum(thresholds, 1 - 1e-10)[:, None]
    taken = np.array([_taken(rows[kept].tolist(), columns[kept].tolist(), part) for kept in near], np.int64)
    judged = np.where(taken >= 0, 1, -1)
    # One more for -1, which takes none.
    judged[np.where(taken >= 0, np.append(ignored, False)[taken], outside[0])] = 0
    return judged, int(np.count_nonzero(~ignored))


def _taken(rows: list[int], columns: list[int], part: Comparison) -> list[int]:
    """The true object that each found one takes, -1 for none; pairs come in the order in which they are tried."""
    taken, free, crowd = [-1] * len(part.scores), [True] * len(part.crowd), part.crowd.tolist()
    for row, column in zip(rows, columns, strict=True):
        if taken[row] < 0 and (free[column] or crowd[column]):
            taken[row] = column
            free[column] = False
    return taken


def _curves(judged: Array, count: int) -> tuple[Array, Array]:
    """Mean of the interpolated precision over the recalls, and the final recall, at each threshold."""
    right, wrong = (np.cumsum(judged == sign, axis=1) for sign in (1, -1))
    recall = right / count
    precision = right / np.maximum(right + wrong, 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    # What lies beyond the last recall reached has precision 0.
    best = np.append(best, np.zeros((len(best), 1)), axis=1)
    read = [own[np.searchsorted(reached, RECALLS)].mean() for own, reached in zip(best, recall, strict=True)]
    return np.array(read), recall[:, -1] if recall.shape[1] else np.zeros(len(recall))
