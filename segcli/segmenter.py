"""A segmenter: anything that turns an image into a Segmentation, with its settings fixed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from segcli.arrays import Array, Hint
from segcli.cleanup import Cleanup
from segcli.errors import InputError
from segcli.files.image import Image
from segcli.method import Method, describe, run
from segcli.preparation import Preparation
from segcli.segmentation import VOID, Segmentation

if TYPE_CHECKING:
    from segcli.network_segmenter import NetworkSegmenter

MADE = ("labels", "mask", "scores")
"""Kinds of hints that another segmenter can make."""


class Segmenter(Protocol):
    """What batch, evaluation and comparison are written against."""

    @property
    def name(self) -> str: ...

    @property
    def record(self) -> dict[str, Any]:
        """Everything that decides the result besides the image, as JSON values."""

    def __call__(self, image: Image, hints: Mapping[str, Hint], roi: Array | None = None) -> Segmentation: ...


@dataclass(frozen=True)
class MethodSegmenter:
    """A classical method with its knobs, what is done before it and what is tidied after it.

    `made` holds the segmenters that make a hint of the method for every picture, by the hint's name.
    """

    function: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    preparation: Preparation = Preparation()
    cleanup: Cleanup = Cleanup()
    made: Mapping[str, Segmenter] = field(default_factory=dict)

    @cached_property
    def method(self) -> Method:
        from segcli.methods import find

        return describe(find(self.function))

    @property
    def name(self) -> str:
        return self.method.command

    @cached_property
    def record(self) -> dict[str, Any]:
        """Method, every knob's value, preparation and clean-up."""
        knobs = {knob.name: self.settings.get(knob.name, knob.default) for knob in self.method.knobs}
        found: dict[str, Any] = {
            "method": self.name,
            "settings": {name: value for name, value in knobs.items() if not self.method.knob(name).is_hint},
        }
        found |= asked_of(self.preparation, self.cleanup)
        if self.made:
            found["made"] = {name: segmenter.record for name, segmenter in self.made.items()}
        return found

    def __call__(self, image: Image, hints: Mapping[str, Hint], roi: Array | None = None) -> Segmentation:
        pixels, valid, notes = self.preparation.apply(image, self.method.form, roi)
        made = {name: as_hint(self.method.knob(name).kind, by(image, {}, roi)) for name, by in self.made.items()}
        result = run(self.method, pixels, valid=valid, cleanup=self.cleanup, **self.settings, **hints, **made)
        if not notes:
            return result
        from dataclasses import replace

        return replace(result, notes=(*notes, *result.notes))


def networks_in(segmenter: Any) -> list[NetworkSegmenter]:
    """The networks that a segmenter is, or that a recipe holds."""
    if hasattr(segmenter, "models"):
        return [segmenter]
    return list(segmenter.networks()) if hasattr(segmenter, "networks") else []


def asked_of(preparation: Preparation, cleanup: Cleanup) -> dict[str, Any]:
    """What of preparation and clean-up is not as usual, for a record."""
    found = {}
    parts = (("preparation", preparation, Preparation()), ("cleanup", cleanup, Cleanup()))
    for part, values, defaults in parts:
        usual = asdict(defaults)
        if asked := {name: _json(value) for name, value in asdict(values).items() if value != usual[name]}:
            found[part] = asked
    return found


def as_hint(kind: str, result: Segmentation) -> Array:
    """What one segmenter found, as the hint that another wants."""
    if kind == "mask":
        return np.asarray((result.labels > 0) & ((result.labels != VOID) | (result.kind != "classes")))
    if kind == "labels" or result.scores is not None:
        return result.labels.astype(np.int32) if kind == "labels" else np.asarray(result.scores)
    if result.kind == "instances":
        raise InputError("objects are no classes; scores are made by a method that gives a mask or classes.")
    classes = np.arange(max(2, int(result.labels[result.labels != VOID].max(initial=0)) + 1))
    return np.asarray(result.labels == classes[:, None, None], np.float32)


def _json(value: Any) -> Any:
    """A value as JSON can hold it: NaN and infinity as words."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
