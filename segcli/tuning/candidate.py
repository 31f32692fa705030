"""A candidate: the steps of one segmenter, hashable, scaled with the picture, written as words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from segcli.knob import Knob

Items = tuple[tuple[str, Any], ...]

AREAS = ("min_region", "min_size")
"""Settings in pixels that count pixels; all others in pixels are lengths."""

NOT_SCALED = ("working_size",)
"""Lengths in a picture that the method has resized by itself."""

ODD = {"window", "contrast_window"}
"""Lengths that must be odd, or 0."""

CLEANING = (
    Knob("smooth", "int", 0, min=0, max=1000, unit="pixels"),
    Knob("opening", "int", 0, min=0, max=1000, unit="pixels"),
    Knob("closing", "int", 0, min=0, max=1000, unit="pixels"),
    Knob("min_size", "int", 0, min=0, unit="pixels"),
    Knob("fill_holes", "bool", False),
    Knob("split", "bool", False),
)
"""The settings of clean-up that are searched."""


@dataclass(frozen=True)
class Part:
    """One step: what it is, and its settings that are not the default, sorted by name."""

    use: str
    settings: Items = ()

    def given(self, name: str) -> Any:
        """The value of a setting, or None."""
        return dict(self.settings).get(name)

    def words(self) -> str:
        """The step as `method name=value`."""
        return " ".join((self.use.replace("_", "-"), *(f"{name}={shown(value)}" for name, value in self.settings)))


@dataclass(frozen=True)
class Candidate:
    """A method with what is done before and after it.

    Attributes
    ----------
    method : the method.
    before : filters, in order.
    classes : which classes of the method are the object; empty: nothing is chosen.
    after : clean-up; without settings: none.
    """

    method: Part
    before: tuple[Part, ...] = ()
    classes: tuple[int, ...] = ()
    after: Part = Part("clean")

    @property
    def head(self) -> Candidate:
        """The same without what comes after the method, and costs little beside it."""
        return replace(self, classes=(), after=Part("clean"))

    @property
    def parts(self) -> tuple[Part, ...]:
        """All steps in order."""
        chosen = (Part("select", (("classes", self.classes),)),) if self.classes else ()
        return (*self.before, self.method, *chosen, *((self.after,) if self.after.settings else ()))

    @property
    def complexity(self) -> int:
        """Steps beside the method, and settings that are not the default."""
        return sum(
            1 + len(part.settings) for part in (*self.before, self.after) if part.settings or part.use != "clean"
        ) + len(self.method.settings)

    @property
    def is_default(self) -> bool:
        """Whether it is a method as it comes."""
        return self == Candidate(Part(self.method.use))

    def words(self) -> str:
        """All steps on one line."""
        return " | ".join(part.words() for part in self.parts)


def part(use: str, settings: Mapping[str, Any], knobs: tuple[Knob, ...]) -> Part:
    """Make a step of settings, without those that are as usual anyway."""
    usual = {knob.name: knob.default for knob in knobs}
    kept = {
        name: value for name, value in settings.items() if type(value) is not type(usual[name]) or value != usual[name]
    }
    return Part(use, tuple(sorted(kept.items())))


def shown(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(shown, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def scaled(knob: Knob, value: Any, factor: float) -> Any:
    """A setting for a picture whose sides are `factor` times as long.

    Lengths and areas in pixels change, all else stays. Whole numbers are rounded, windows to an odd number; what is on
    stays on.
    """
    if knob.unit != "pixels" or knob.name in NOT_SCALED or isinstance(value, (str, bool)) or not value:
        return value
    changed = value * (factor**2 if knob.name in AREAS else factor)
    if knob.kind == "int":
        changed = max(1, round(changed))
        changed += knob.name in ODD and changed % 2 == 0
    low, high = knob.min, knob.max
    changed = changed if low is None else max(type(changed)(low), changed)
    return changed if high is None else min(type(changed)(high), changed)
