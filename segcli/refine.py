"""Makes a mask, labels or a probability map of any origin better, by a method that looks at the picture again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from segcli.arrays import Array, Hint
from segcli.errors import InputError, UsageError
from segcli.files.image import Image
from segcli.numeric.components import connected_components
from segcli.numeric.distance import distance_to_background
from segcli.numeric.trimaps import BACKGROUND, OBJECT, OPEN
from segcli.segmentation import VOID, Segmentation
from segcli.segmenter import MethodSegmenter

Holds = Literal["auto", "mask", "labels", "probability"]

SURE = 0.9
"""Probability of one side from which its pixels count as sure, where they lie deep enough."""

MOST_CLASSES = 64
"""Labels that a dense random field is asked to tell apart."""


@dataclass(frozen=True, eq=False)
class Given:
    """What is to be refined: labels, and probabilities where there are any.

    Attributes
    ----------
    labels : (H, W) int32; 0 is background.
    scores : (K, H, W) float32 or None.
    notes : what was assumed.
    """

    labels: Array
    scores: Array | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_mask(self) -> bool:
        return int(self.labels.max()) <= 1


def interpret(values: Array, holds: Holds) -> Given:
    """Find out what the numbers of a file mean.

    Parameters
    ----------
    values : (H, W), or (K, H, W) scores of classes.
    holds : mask (everything above 0 is object), labels, probability (of object, full scale is 1), or auto: planes are
        scores, fractions probabilities, two values a mask; whole numbers up to the full scale of 8 or 16 bits with
        more than two values are probabilities, all others labels.

    Raises
    ------
    InputError : numbers that cannot mean that.
    """
    if values.ndim == 3:
        if values.shape[0] < 2:
            return interpret(values[0], holds)
        scores = values.astype(np.float32)
        return Given(scores.argmax(axis=0).astype(np.int32), scores)
    if not np.isfinite(values).all() or values.min() < 0:
        raise InputError("the mask holds numbers that are negative or not finite; it needs 0 and more.")
    meaning = _guess(values) if holds == "auto" else holds
    if meaning == "probability":
        return _probability(values, holds == "auto")
    if values.dtype.kind == "f" and (values != np.floor(values)).any():
        raise InputError(f"the mask holds fractions, which are no {meaning}; say --holds probability.")
    return Given((values > 0).astype(np.int32) if meaning == "mask" else values.astype(np.int32))


def _guess(values: Array) -> Holds:
    """What numbers most likely mean; see `interpret`."""
    if values.dtype.kind == "f":
        return "probability" if (values != np.floor(values)).any() else _guess(values.astype(np.int64))
    highest = int(values.max())
    if values.dtype.kind == "b" or not ((values > 0) & (values < highest)).any():
        return "mask"
    return "probability" if highest in (255, 65535) else "labels"


def _probability(values: Array, guessed: bool) -> Given:
    """A probability of object, with the mask it makes."""
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    share = values.astype(np.float32) / np.float32(full)
    if share.max() > 1:
        raise InputError(f"the mask goes up to {share.max():g}; a probability is at most 1.")
    notes = ("the mask was read as probabilities of object; --holds labels overrules that",) if guessed else ()
    return Given((share > 0.5).astype(np.int32), np.stack([1 - share, share]), notes)


def sure_parts(given: Given, band: int) -> tuple[Array, Array]:
    """Pixels that keep their label: (H, W) bool of objects, and of the background.

    They lie more than `band` pixels from where their object or the background ends; where that leaves nothing of an
    object, or of the background, its deeper half does. Probabilities must agree.
    """
    labels, depth = given.labels, _depth(given.labels)
    objects = connected_components(labels > 0)[0] if given.is_mask else labels
    deepest = np.zeros(int(objects.max()) + 1, np.float32)
    np.maximum.at(deepest, objects.ravel(), depth.ravel())
    deep = depth >= np.minimum(band, 0.5 * deepest)[objects]
    if given.scores is not None and given.scores.shape[0] == 2:
        agree = np.take_along_axis(given.scores, labels[None].clip(0, 1), axis=0)[0] >= SURE
        deep &= agree
    return deep & (labels > 0), deep & (labels == 0)


def _depth(labels: Array) -> Array:
    """Distance of each pixel to the nearest that lies beside another label."""
    # A pixel beside another object lies at its own object's border too.
    border = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        change = np.diff(labels, axis=axis) != 0
        ahead, behind = ([slice(None)] * 2 for _ in range(2))
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        border[tuple(ahead)] |= change
        border[tuple(behind)] |= change
    return distance_to_background(~border)


def _for_crf(given: Given, band: int) -> dict[str, Hint]:
    if given.scores is not None:
        return {"scores": given.scores}
    classes = max(2, int(given.labels.max()) + 1)
    if classes > MOST_CLASSES:
        raise InputError(
            f"the mask holds labels up to {int(given.labels.max())}; crf refines {MOST_CLASSES - 1} at most, "
            "random-walker any number."
        )
    # A label is as good as any at the border, and surer the deeper a pixel lies.
    sure = 0.5 + (SURE - 0.5) * np.minimum(_depth(given.labels) / band, 1)
    own = given.labels == np.arange(classes)[:, None, None]
    return {"scores": np.where(own, sure, (1 - sure) / (classes - 1)).astype(np.float32)}


def _for_grabcut(given: Given, band: int) -> dict[str, Hint]:
    inside, outside = sure_parts(given, band)
    return {"trimap": np.select([inside, outside], [OBJECT, BACKGROUND], OPEN).astype(np.int32)}


def _for_strokes(given: Given, band: int) -> dict[str, Hint]:
    inside, outside = sure_parts(given, band)
    return {"scribbles": np.select([inside, outside], [1, 2], 0).astype(np.int32)}


def _for_random_walker(given: Given, band: int) -> dict[str, Hint]:
    if given.is_mask:
        return _for_strokes(given, band)
    inside, outside = sure_parts(given, band)
    ground = int(given.labels.max()) + 1
    return {"markers": np.select([inside, outside], [given.labels, ground], 0).astype(np.int32)}


def _for_chan_vese(given: Given, band: int) -> dict[str, Hint]:
    return {"init": given.labels > 0}


REFINERS: dict[str, Callable[[Given, int], dict[str, Hint]]] = {
    "crf": _for_crf,
    "grabcut": _for_grabcut,
    "graphcut": _for_strokes,
    "random_walker": _for_random_walker,
    "chan_vese": _for_chan_vese,
}
"""Methods that refine, and how each is told what is given."""

NEAR = 2
"""Bands on both sides of the border in which a level set looks for the means of object and ground."""

TAKES_LABELS = ("crf", "random_walker")
"""Those that keep several labels apart."""


@dataclass(frozen=True)
class Refiner:
    """A segmenter that improves what it is given as the hint `mask`.

    Attributes
    ----------
    segmenter : the method that looks again.
    band : pixels on both sides of the given border that may change; of no meaning for crf, which weighs every pixel.
    holds : what the numbers of the mask mean.
    """

    segmenter: MethodSegmenter
    band: int = 7
    holds: Holds = "auto"

    def __post_init__(self) -> None:
        if self.segmenter.function not in REFINERS:
            known = ", ".join(name.replace("_", "-") for name in REFINERS)
            raise UsageError(f"{self.segmenter.name} does not refine masks; these do: {known}.")

    @property
    def name(self) -> str:
        return "refine"

    @cached_property
    def record(self) -> dict[str, Any]:
        """The method with its settings, and how the mask is used."""
        return {"method": "refine", "with": self.segmenter.record, "band": self.band, "holds": self.holds}

    def __call__(self, image: Image, hints: Mapping[str, Hint], roi: Array | None = None) -> Segmentation:
        values = np.asarray(hints["mask"])
        shape = image.gray.shape
        if values.shape[-2:] != shape:
            raise InputError(
                f"the mask is {values.shape[-1]} x {values.shape[-2]}, the image is {shape[1]} x {shape[0]}; "
                "they need the same size."
            )
        given = interpret(values, self.holds)
        method = self.segmenter.function
        if not given.is_mask and method not in TAKES_LABELS:
            raise InputError(
                f"the mask holds labels up to {int(given.labels.max())}; {self.segmenter.name} refines one object, "
                "crf and random-walker several."
            )
        if (given.labels == given.labels.flat[0]).all() and given.scores is None:
            note = "the mask is the same everywhere, so there is no border to refine"
            return Segmentation(given.labels.astype(np.uint8), "mask", notes=(*given.notes, note))
        if method == "chan_vese":
            # Its two means tell object from ground near the border; those of the whole picture need not.
            near = np.asarray(_depth(given.labels) <= NEAR * self.band)
            roi = near if roi is None else near & roi
        result = self.segmenter(image, REFINERS[method](given, self.band), roi)
        return _settled(given, result, method, self.band)


def _settled(given: Given, result: Segmentation, method: str, band: int) -> Segmentation:
    """The result with what the method had to be told and the user did not ask for taken back."""
    labels = result.labels
    if method == "random_walker" and not given.is_mask:
        labels = np.where(labels > given.labels.max(), 0, labels).astype(np.int32)
    if method == "chan_vese":
        inside, outside = sure_parts(given, band)
        labels = np.where(inside, 1, np.where(outside, 0, labels)).astype(labels.dtype)
    before = np.where(given.labels == VOID, 0, given.labels) if result.kind == "classes" else given.labels
    layers = {"given": before.astype(np.int32), **result.layers}
    numbers = {**result.numbers, "changed": float(np.mean(labels != before))}
    return replace(result, labels=labels, layers=layers, numbers=numbers, notes=(*given.notes, *result.notes))
