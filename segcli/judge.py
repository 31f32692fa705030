"""One number for one result against one truth: what `compare` ranks by and `tune` climbs.

A score takes one of four forms of both sides. Each kind of labels is brought to it by one rule, written down in
`Judge.score`; where there is none the answer is an error, never a number that means something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError, UsageError
from segcli.predictions import as_classes, as_objects, as_regions
from segcli.scores import boundary, instance, segments, semantic
from segcli.scores.pairs import same_size
from segcli.scores.tallies import SemanticTally, mean
from segcli.segmentation import VOID, Kind, Segmentation

Ground = Literal["zero", "border"]
Form = Literal["mask", "classes", "objects", "regions"]


@dataclass(frozen=True)
class Row:
    """A score: the form of both sides, what it is, and whether less is better."""

    form: Form
    words: str
    lower: bool = False


SCORES: Mapping[str, Row] = MappingProxyType(
    {
        "dice": Row("mask", "overlap of object and object: twice the shared pixels over the sum of both"),
        "iou": Row("mask", "overlap of object and object: shared pixels over those of either"),
        "pixel-accuracy": Row("classes", "share of the pixels that are right"),
        "miou": Row("classes", "overlap (IoU), mean over the classes"),
        "boundary-f": Row("classes", "outlines within .75 % of the diagonal, mean over the true classes"),
        "f1-instance": Row("objects", "F1 of objects found with an overlap (IoU) above .5"),
        "ap-instance": Row("objects", "found over found, invented and missed objects, mean over IoU .50 to .95"),
        "pq": Row("objects", "panoptic quality of objects of one class"),
        "covering": Row("regions", "best overlap of any region with a true one, mean over pixels"),
        "rand": Row("regions", "share of the pairs of pixels that are together or apart as in truth"),
        "vi": Row("regions", "bits that either partition lacks about the other", lower=True),
    }
)
"""The scores by name; `segcli eval` has the same ones under their long names."""


@dataclass(frozen=True, eq=False)
class TrueLabels:
    """The truth of one picture.

    Attributes
    ----------
    labels : (H, W) uint8 of kinds mask and classes (255 is void), int32 of kind instances.
    kind : what they are.
    count : number of classes; 2 of masks and instances.
    void : (H, W) bool, pixels that do not count; or None.
    """

    labels: Array
    kind: Kind
    count: int = 2
    void: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, labels: Array) -> TrueLabels:
        """Take labels for what their type says, as a Segmentation has them.

        bool, or nothing above 1, is a mask; uint8 is classes with 255 void (0, 1 and 255: a mask); any other type of
        whole numbers holds objects, 0 is background.

        Raises
        ------
        InputError : labels that are no whole numbers from 0.
        """
        labels = np.asarray(labels)
        if labels.ndim != 2 or labels.dtype.kind not in "bui" or (labels.size and int(labels.min()) < 0):
            raise InputError(f"the truth is {labels.dtype} of shape {labels.shape}; expected (H, W) whole numbers.")
        if labels.dtype not in (np.bool_, np.uint8) and labels.max(initial=0) > 1:
            return cls(labels.astype(np.int32), "instances")
        labels = labels.astype(np.uint8)
        void = labels == VOID
        count = int(labels[~void].max(initial=0)) + 1
        return cls(labels, "mask" if count <= 2 else "classes", max(count, 2), void if void.any() else None)

    @property
    def is_partition(self) -> bool:
        """Whether every pixel lies in one of several regions, so that there is no background."""
        return is_partition(Segmentation(self.labels, self.kind))


def is_partition(found: Segmentation) -> bool:
    """Whether labels number several regions that leave no background."""
    return found.kind == "instances" and found.labels.size > 0 and bool(found.labels.min() > 0 < np.ptp(found.labels))


@dataclass(frozen=True)
class Judge:
    """One score.

    Attributes
    ----------
    name : of `SCORES`; underscores and capitals do as well.
    ground : which numbers of classes and of partitions are background where an object is asked for. zero: class 0,
        as everywhere in segcli, and none of a partition, which then has no such score. border: the class that has
        most of the picture's border, and the regions that touch it. Neither looks at the truth, so that a score
        can be had again without it: to choose the numbering that fits the truth best would flatter classes that are
        merely dark and bright.

    Raises
    ------
    UsageError : there is no such score.

    Examples
    --------
    >>> half = Segmentation(np.array([[0, 1, 1]], np.uint8), "mask")
    >>> Judge("dice").score(half, np.array([[0, 0, 1]], np.uint8)) == 2 / 3
    True
    """

    name: str
    ground: Ground = "zero"

    def __post_init__(self) -> None:
        name = self.name.lower().replace("_", "-")
        if name not in SCORES:
            from difflib import get_close_matches

            close = get_close_matches(name, SCORES, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(SCORES)}."
            raise UsageError(f"there is no score {self.name!r}; {hint}")
        object.__setattr__(self, "name", name)

    @property
    def higher_is_better(self) -> bool:
        """Whether the greater of two scores is the better one."""
        return not SCORES[self.name].lower

    @property
    def worst(self) -> float:
        """The score of nothing right; NaN where scores have no end."""
        return 0.0 if self.higher_is_better else float("nan")

    def score(self, found: Segmentation, truth: TrueLabels | Array) -> float:
        """Score a result.

        mask (dice, iou): object against background. Of masks and instances everything above 0 is object, of classes
        what `ground` says. A truth of more than two classes, and a partition without background, have no object.
        classes (pixel-accuracy, miou, boundary-f): against a truth of two classes as a mask; against more the numbers
        are compared as they are, a mask being class 1. A pixel that the result leaves out (VOID) is wrong.
        objects (f1-instance, ap-instance, pq): instances as they are; of masks and classes above 0 the connected
        parts (8 neighbors), on both sides.
        regions (covering, rand, vi): instances and classes as they are, each number a region; of masks the connected
        parts (4 neighbors) and, as one more region, the ground between them, on both sides. Two classes against a
        true mask are a mask too.

        Parameters
        ----------
        found : Segmentation
        truth : TrueLabels, or (H, W) labels for `TrueLabels.of`
            Its void pixels are taken out of both.

        Returns
        -------
        float, NaN where there is nothing to score.

        Raises
        ------
        InputError : sizes that differ, or kinds that cannot be compared.
        """
        true = truth if isinstance(truth, TrueLabels) else TrueLabels.of(truth)
        same_size(found.labels, true.labels)
        form = SCORES[self.name].form
        pair = {"mask": self._masks, "classes": self._classes, "objects": self._objects, "regions": self._regions}[
            form
        ](found, true)
        if self.name in ("pixel-accuracy", "miou"):
            tally = SemanticTally(tuple(map(str, range(true.count))))
            return float(tally.scores(tally.count(*pair))[_LONG[self.name]])
        if self.name == "boundary-f":
            return _boundary_f(*pair, true.count)
        return _FUNCTIONS[self.name](*pair)

    def _masks(self, found: Segmentation, true: TrueLabels) -> tuple[Array, Array]:
        """Object and true object of the pixels that count."""
        if true.count > 2:
            raise InputError(
                f"the truth has {true.count} classes, and {self.name} takes an object; score miou instead."
            )
        self._refuse_partition(true.is_partition, "the truth")
        pair = self._object(found) == 1, (true.labels > 0)
        return pair if true.void is None else (pair[0][~true.void], pair[1][~true.void])

    def _classes(self, found: Segmentation, true: TrueLabels) -> tuple[Array, Array]:
        """Classes and true classes, VOID where the truth is."""
        if true.count > 2:
            self._refuse_partition(is_partition(found), "the result")
            return as_classes(found, true.count), _voided(true)
        self._refuse_partition(true.is_partition, "the truth")
        return self._object(found), _voided(true)

    def _objects(self, found: Segmentation, true: TrueLabels) -> tuple[Array, Array]:
        """Objects and true objects, 0 on void."""
        if true.kind == "classes" and true.count > 2:
            raise InputError(f"the truth has {true.count} classes, and {self.name} takes objects of one.")
        if is_partition(found) and not true.is_partition:
            found = Segmentation(np.where(self._object(found) == 1, found.labels, 0), "instances")
        elif found.kind == "classes" and self.ground == "border":
            found = Segmentation(self._object(found), "mask")
        pair = as_objects(found), as_objects(Segmentation(_voided(true), true.kind if true.void is None else "classes"))
        if true.kind == "instances":
            pair = pair[0], true.labels
        return pair if true.void is None else (np.where(true.void, 0, pair[0]), np.where(true.void, 0, pair[1]))

    def _regions(self, found: Segmentation, true: TrueLabels) -> tuple[Array, Array]:
        """Regions and true regions of the pixels that count."""
        if true.kind == "mask" and found.kind == "classes" and found.labels.max(initial=0) <= 1:
            found = Segmentation(self._object(found), "mask")
        whole = true.labels if true.void is None else np.where(true.void, 0, true.labels)
        pair = as_regions(found), as_regions(Segmentation(whole, true.kind))
        return pair if true.void is None else (pair[0][~true.void], pair[1][~true.void])

    def _object(self, found: Segmentation) -> NDArray[np.uint8]:
        """1 on the object, 0 on background, VOID where the result leaves out."""
        labels = found.labels
        if found.kind == "mask":
            return np.asarray(labels > 0, np.uint8)
        left_out = (labels == VOID) & (found.kind == "classes")
        edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        if self.ground == "border" and is_partition(found):
            ground = np.isin(labels, edge)
        elif self.ground == "border" and found.kind == "classes":
            ground = labels == np.bincount(edge[edge != VOID], minlength=1).argmax()
        else:
            self._refuse_partition(is_partition(found), "the result")
            ground = labels == 0
        return np.where(left_out, np.uint8(VOID), (~ground).view(np.uint8))

    def _refuse_partition(self, partition: bool, side: str) -> None:
        if partition:
            raise InputError(
                f"{side} parts the whole picture into regions, of which none is background, so it has no {self.name}; "
                "score covering, rand or vi."
            )


def usual_score(kind: Kind, count: int = 2, partition: bool = False) -> str:
    """The score that suits a truth: dice of masks, miou of classes, f1-instance of objects, covering of partitions."""
    if partition:
        return "covering"
    return "f1-instance" if kind == "instances" else "dice" if count <= 2 else "miou"


def _voided(true: TrueLabels) -> Array:
    """Classes of the truth, VOID where it is void."""
    labels = (true.labels > 0).astype(np.uint8) if true.count <= 2 else true.labels
    return labels if true.void is None else np.where(true.void, np.uint8(VOID), labels)


def _boundary_f(predicted: Array, true: Array, count: int) -> float:
    """Mean over the true classes of the F-score of their outlines, as `segcli eval --task boundary` has it."""
    labels = np.where(predicted == VOID, predicted.dtype.type(count), predicted)
    return float(mean(boundary.boundary_f1(labels, true, count + 1, ignore=VOID)[:count]))


_LONG = {"pixel-accuracy": "pixel_accuracy", "miou": "mean_iou"}

_FUNCTIONS: Mapping[str, Callable[[Array, Array], float]] = {
    "dice": semantic.dice,
    "iou": semantic.iou,
    "f1-instance": instance.f1,
    "ap-instance": instance.average_precision,
    "pq": lambda found, true: instance.panoptic_quality(found, true).quality,
    "covering": segments.covering,
    "rand": segments.rand_index,
    "vi": segments.variation_of_information,
}
