"""What is tried of each knob: ranges and words, derived from the rows of methods, filters and clean-up.

A knob's own bounds are what it can take, far more than is worth a try. The range that is searched lies around the
default, or around a length that the true objects have; it never leaves the bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from segcli.knob import Knob
from segcli.tuning.candidate import AREAS, CLEANING

AROUND = 8.0
"""How far from its default a positive number is searched, as a factor."""

FROZEN = {
    *("seed", "iterations", "restarts", "rounds", "proposals", "seeding", "superpixels", "histogram_sigma", "scales"),
    *("curvature_steps", "working_size", "grid", "optimizer", "position_weight", "distance", "inside_weight", "lines"),
    *("outside_weight", "components", "span", "form"),
}
"""Settings of how a result is computed rather than what it is, and those that cost far more than they change."""

CLASSES = (2, 6)
"""How many classes are tried."""

SINGLE = "threshold"
"""The method of a threshold that is given."""

Random = np.random.Generator


@dataclass(frozen=True)
class Facts:
    """What is known of the pictures and their truth.

    Attributes
    ----------
    side : shorter side of the smallest picture, in pixels.
    colored : whether the pictures have colors.
    low, high : gray levels between which 98 % of the pixels lie.
    thickness : typical thickness of a true object, or of the ground between them where that is thinner, in pixels.
    area : typical area of a true object; least : of the small ones (a tenth is smaller).
    bright : whether true objects are brighter than what is around them.
    numbers : what each method said it had chosen by itself, by method and setting.
    split : whether touching objects are to be told apart.
    """

    side: int = 256
    colored: bool = False
    low: float = 0.0
    high: float = 255.0
    thickness: float = 8.0
    area: float = 100.0
    least: float = 20.0
    bright: bool = True
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    split: bool = False


@dataclass(frozen=True)
class Range:
    """Numbers from low to high.

    log : evenly by ratio instead of difference. whole : whole numbers. words : values besides, such as 'auto' or 0;
    anchor : a number near which half of the draws lie, or 0.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    words: tuple[Any, ...] = ()
    anchor: float = 0.0

    def draw(self, random: Random) -> Any:
        """A value by chance."""
        if self.words and random.random() < 0.3:
            return self.words[int(random.integers(len(self.words)))]
        if self.anchor and random.random() < 0.5:
            return self._held(self.anchor * math.exp(random.normal(0, 0.7)))
        if self.log:
            return self._held(math.exp(random.uniform(math.log(self.low), math.log(self.high))))
        return self._held(random.uniform(self.low, self.high))

    def near(self, value: Any, random: Random) -> Any:
        """A value not far from another."""
        if isinstance(value, (str, type(None))) or value in self.words or random.random() < 0.05:
            return self.draw(random)
        if self.log:
            changed = self._held(value * math.exp(random.normal(0, 0.3)))
        else:
            changed = self._held(value + random.normal(0, 0.12) * (self.high - self.low))
        if self.whole and changed == value:
            changed = self._held(value + (1 if random.random() < 0.5 else -1))
        return changed

    def _held(self, value: float) -> float:
        """A value within the range, of its type and of few digits."""
        value = min(self.high, max(self.low, value))
        return round(value) if self.whole else float(f"{value:.3g}")


@dataclass(frozen=True)
class Words:
    """A few values; `likely` is drawn so often."""

    values: tuple[Any, ...]
    likely: Any = None
    share: float = 0.5

    def draw(self, random: Random) -> Any:
        """A value by chance."""
        if self.likely is not None and random.random() < self.share:
            return self.likely
        return self.values[int(random.integers(len(self.values)))]

    def near(self, value: Any, random: Random) -> Any:
        """Another value."""
        others = [other for other in self.values if other != value]
        return others[int(random.integers(len(others)))] if others else value


@dataclass(frozen=True)
class Levels:
    """One gray level from a range, as the list that a threshold takes."""

    span: Range

    def draw(self, random: Random) -> Any:
        """A level by chance."""
        return (self.span.draw(random),)

    def near(self, value: Any, random: Random) -> Any:
        """A level not far from another."""
        return (self.span.near(value[0], random),) if value else self.draw(random)


Dimension = Range | Words | Levels


@cache
def row_of(use: str) -> tuple[Knob, ...]:
    """The knobs of a method, a filter, or of clean-up."""
    if use == "clean":
        return CLEANING
    from segcli.filters import NAMES as FILTERS

    if use in FILTERS:
        from segcli.filtering import describe_filter

        return describe_filter(use).knobs
    from segcli.method import describe
    from segcli.methods import find

    return describe(find(use)).knobs


def dimension(use: str, knob: Knob, facts: Facts) -> Dimension | None:
    """What is tried of a knob, or None where it stays as it is."""
    if knob.name in FROZEN or knob.is_hint or (knob.name == "tolerance" and not isinstance(knob.default, str)):
        return None
    if (use, knob.name) in SPECIAL:
        return SPECIAL[use, knob.name](facts)
    if knob.kind == "bool":
        return Words((False, True))
    if knob.kind == "choice":
        return _choice(knob, facts)
    if knob.kind not in ("int", "float"):
        return None
    if knob.name == "classes":
        return Range(max(CLASSES[0], knob.min or 0), min(CLASSES[1], knob.max or CLASSES[1]), whole=True)
    if isinstance(knob.default, (str, type(None))):
        return _found(use, knob, facts)
    return _number(knob, facts)


def _choice(knob: Knob, facts: Facts) -> Dimension | None:
    """Words to choose from; bright or dark are mostly as the truth says."""
    if knob.name == "foreground":
        return Words(("bright", "dark"), "bright" if facts.bright else "dark", 0.8)
    if knob.name == "space" and not facts.colored:
        return None
    if knob.name == "features" and not facts.colored:
        return None
    values = (None, *knob.choices) if knob.optional else knob.choices
    return Words(values, knob.default) if len(values) > 1 else None


def _found(use: str, knob: Knob, facts: Facts) -> Dimension | None:
    """Around what the method found by itself, and that once more."""
    found = facts.numbers.get(use, {}).get(knob.name)
    if found is None or not found > 0:
        return None
    words = (knob.default,)
    return Range(*_bounded(knob, found / AROUND, found * AROUND, facts), True, knob.kind == "int", words, found)


def _number(knob: Knob, facts: Facts) -> Dimension | None:
    """A range around the default, by ratio where that makes sense."""
    default, low, high = float(knob.default), knob.min, knob.max
    whole = knob.kind == "int"
    if knob.unit == "pixels" and knob.name not in FROZEN:
        return _length(knob, facts)
    if low is not None and high is not None and (high - low <= 4 or 0 < high <= 100 * low):
        return Range(low, high, False, whole)
    if low is not None and low < 0:
        reach = 4 * max(abs(default), 0.1)
        return Range(*_bounded(knob, default - reach, default + reach, facts), False, whole)
    if not default:
        return None
    return Range(*_bounded(knob, default / AROUND / 2, default * AROUND, facts), True, whole)


def _length(knob: Knob, facts: Facts) -> Dimension:
    """Lengths and areas: around the default, and around those of true objects."""
    default, whole = float(knob.default), knob.kind == "int"
    if knob.name in AREAS:
        return Range(2, max(3.0, 4 * facts.area), True, whole, (0,) if not default else (), facts.least)
    wide = knob.name in ("window", "radius", "contrast_window") and knob.max is not None and knob.max > 100
    anchor = facts.thickness * (4 if wide else 0.5)
    center = default or anchor
    low, high = _bounded(knob, min(center, anchor) / 3, max(center * 4, anchor * 4), facts)
    low, high = (max(low, 1 if whole else 0.3), high)
    return Range(low, max(high, low + 1), True, whole, (0,) if not default else (), min(max(anchor, low), high))


def _bounded(knob: Knob, low: float, high: float, facts: Facts) -> tuple[float, float]:
    """The part of a range that the knob takes; lengths end where the picture does."""
    low = low if knob.min is None else max(low, knob.min)
    high = high if knob.max is None else min(high, knob.max)
    if knob.unit == "pixels":
        high = max(low, min(high, facts.side / 2))
    return low, high


def _offset(facts: Facts) -> Dimension:
    """How far from the mean of its surroundings a pixel must lie."""
    spread = max(facts.high - facts.low, 1e-6)
    return Range(spread / 250, spread / 3, True, False, ("auto",))


def _level(facts: Facts) -> Dimension:
    """One gray level."""
    return Levels(Range(facts.low, max(facts.high, facts.low + 1e-6)))


def _sato(facts: Facts) -> Dimension:
    """Lines are as wide as true objects are thick."""
    return Range(0.5, max(2.0, 2 * facts.thickness), True, False, (), max(0.5, facts.thickness / 3))


SPECIAL: Mapping[tuple[str, str], Callable[[Facts], Dimension | None]] = {
    (SINGLE, "at"): _level,
    (SINGLE, "classes"): lambda facts: None,
    ("local_mean", "offset"): _offset,
    ("sauvola", "k"): lambda facts: Range(0.01, 0.6, True),
    ("niblack", "k"): lambda facts: Range(0.05, 2.0, True),
    ("ridges", "sigma"): _sato,
    ("ridges", "widest"): _sato,
    ("canny", "thin"): lambda facts: None,
    ("background", "radius"): lambda facts: Range(
        max(2, facts.thickness), max(4, facts.side / 3), True, True, (), max(3, 3 * facts.thickness)
    ),
    ("background", "foreground"): lambda facts: Words(("bright" if facts.bright else "dark",)),
    ("smooth", "sigma"): lambda facts: Range(
        0.4, max(1.5, facts.side / 40), True, False, (), max(0.5, facts.thickness / 6)
    ),
    ("median", "radius"): lambda facts: Range(1, max(2, min(50, facts.side // 60)), True, True),
    ("clahe", "tiles"): lambda facts: Range(2, 16, True, True),
    ("clean", "smooth"): lambda facts: _radius(facts),
    ("clean", "opening"): lambda facts: _radius(facts),
    ("clean", "closing"): lambda facts: _radius(facts),
    ("clean", "split"): lambda facts: Words((False, True)) if facts.split else None,
}
"""Where the rule would search too much, too little or in the wrong place."""


def _radius(facts: Facts) -> Dimension:
    """Radius of a clean-up; beyond half their thickness objects vanish."""
    return Range(1, max(2.0, facts.thickness / 2), True, True, (0,))
