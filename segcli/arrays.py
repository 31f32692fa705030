"""The vocabulary of annotations: what an array means and what a parameter may be.

A method's signature is written in these words and `segcli.method` reads it back:
the first parameter's form decides what the method is handed, `Param` bounds a knob.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Form:
    """The meaning of an array, attached to its type by `Annotated`."""

    name: str


Array: TypeAlias = NDArray[Any]

Gray = Annotated[NDArray[Any], Form("gray")]
"""(H, W) uint8, uint16 or float32, in the file's own units."""

Color = Annotated[NDArray[Any], Form("color")]
"""(H, W, 3) RGB, uint8, uint16 or float32, in the file's own units."""

Labels = Annotated[NDArray[np.int32], Form("labels")]
"""(H, W) int32; 0 is background."""

Mask = Annotated[NDArray[np.bool_], Form("mask")]
"""(H, W) bool; True is foreground."""

Scores = Annotated[NDArray[np.float32], Form("scores")]
"""(K, H, W) float32; one plane a class."""

Valid = Annotated[NDArray[np.bool_] | None, Form("valid")]
"""(H, W) bool, True where a pixel counts; None when every pixel does. Never a knob."""


class Box(NamedTuple):
    """A rectangle in pixels; right and bottom lie just outside it."""

    left: int
    top: int
    right: int
    bottom: int


class Point(NamedTuple):
    """A pixel: x to the right, y down, from 0."""

    x: int
    y: int


Points: TypeAlias = tuple[Point, ...]
"""Pixels that the user pointed at; at least one."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a method learned from examples, as `segcli fit` wrote it.

    Attributes
    ----------
    method : name of the method that it belongs to.
    arrays : what was learned, by name.
    facts : everything else: names of the classes, settings of the features; JSON values.
    """

    method: str
    arrays: Mapping[str, Array]
    facts: Mapping[str, Any] = field(default_factory=dict)


Hint: TypeAlias = Array | Box | Points | Fitted
"""What comes beside the image: a label image, mask or scores, a box, points, or what was learned."""


@dataclass(frozen=True)
class Param:
    """Bounds (inclusive) and unit of a number; also the range a search may try."""

    min: float | None = None
    max: float | None = None
    unit: str = ""
