"""A knob: one setting of a method, and what it takes."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segcli.arrays import Box, Fitted, Point, Points
from segcli.errors import SettingError

KnobKind = Literal["int", "float", "bool", "choice", "numbers", "labels", "mask", "scores", "box", "points", "model"]

HINTS = ("labels", "mask", "scores", "box", "points", "model")
"""Kinds of knobs that come from files or may differ from picture to picture."""

METAVARS = {
    "int": "N",
    "float": "X",
    "numbers": "X",
    "labels": "FILE",
    "mask": "FILE",
    "scores": "FILE",
    "box": "L,T,R,B",
    "points": "X,Y",
    "model": "FILE",
}
"""What stands for the value of each kind of knob."""


@dataclass(frozen=True)
class Knob:
    """One setting of a method, as its signature and docstring state it."""

    name: str
    kind: KnobKind
    default: Any
    optional: bool = False
    min: float | None = None
    max: float | None = None
    choices: tuple[Any, ...] = ()
    unit: str = ""
    help: str = ""

    @property
    def is_hint(self) -> bool:
        return self.kind in HINTS


def knob_takes(knob: Knob) -> str:
    """What is written behind the name of a knob, such as N, X|auto or FILE; nothing behind that of a flag."""
    if knob.kind == "bool":
        return ""
    words = [str(choice) for choice in knob.choices]
    return "|".join(words if knob.kind == "choice" else [METAVARS[knob.kind], *words])


def knob_facts(knob: Knob) -> str:
    """Bounds, unit and default in brackets, as help shows them; nothing where there are none."""
    facts = []
    if knob.min is not None and knob.max is not None:
        facts.append(f"{knob.min:g} to {knob.max:g}")
    elif knob.min is not None or knob.max is not None:
        facts.append(f"at least {knob.min:g}" if knob.min is not None else f"at most {knob.max:g}")
    if knob.unit:
        facts.append(f"{facts.pop()} {knob.unit}" if facts else knob.unit)
    if knob.kind != "bool" and knob.default is not None:
        facts.append(f"default {knob.default}")
    return f" [{', '.join(facts)}]" if facts else ""


def parse_setting(knob: Knob, text: Any) -> Any:
    """Turn what a user typed (for a list of numbers: a list of texts) into a value, yet to be checked.

    Raises
    ------
    SettingError : a text that is no number where there should be one.
    """
    if knob.kind == "numbers":
        return tuple(_parse_number(knob, part) for part in text)
    for choice in knob.choices:
        if text == str(choice):
            return choice
    return _parse_number(knob, text) if knob.kind in ("int", "float") else text


def _parse_number(knob: Knob, text: str) -> float:
    try:
        return int(text) if knob.kind == "int" else float(text)
    except ValueError:
        noun = "a whole number" if knob.kind == "int" else "a number"
        words = f" or {', '.join(map(str, knob.choices))}" if knob.choices else ""
        raise SettingError(knob.name, f"is {text!r}; it must be {noun}{words}.") from None


def check_setting(knob: Knob, value: Any) -> Any:
    """Return the value in the knob's own type, or raise SettingError naming both."""
    if value is None:
        if knob.optional:
            return None
        raise SettingError(knob.name, "is None; it needs a value.")
    if knob.kind == "choice" or (knob.choices and isinstance(value, str)):
        if value in knob.choices and not isinstance(value, bool):
            return value
        listed = ", ".join(str(choice) for choice in knob.choices)
        raise SettingError(knob.name, f"is {value!r}; it must be one of {listed}.")
    if knob.kind == "bool":
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        raise SettingError(knob.name, f"is {value!r}; it must be true or false.")
    if knob.kind in ("int", "float"):
        return _number(knob, value)
    if knob.kind == "numbers":
        values = value if isinstance(value, Sequence) or hasattr(value, "tolist") else (value,)
        return tuple(_number(knob, item) for item in values)
    if knob.kind == "box":
        return _box(knob, value)
    if knob.kind == "points":
        return _points(knob, value)
    if knob.kind == "model" and not isinstance(value, Fitted):
        raise SettingError(knob.name, f"is a {type(value).__name__}; it must be a fitted model.")
    return value


def _number(knob: Knob, value: Any) -> float:
    """Check one number against the knob's type and bounds."""
    wanted: Any = numbers.Integral if knob.kind == "int" else numbers.Real
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, wanted) or not _is_finite(value):
        noun = "a whole number" if knob.kind == "int" else "a number"
        raise SettingError(knob.name, f"is {value!r}; it must be {noun}.")
    number = int(value) if isinstance(value, numbers.Integral) else float(value)
    low, high = knob.min, knob.max
    if (low is not None and number < low) or (high is not None and number > high):
        if low is None or high is None:
            bounds = f"at most {high:g}" if low is None else f"at least {low:g}"
        else:
            bounds = f"between {low:g} and {high:g}"
        raise SettingError(knob.name, f"is {value}; it must be {bounds}.")
    return number if knob.kind == "int" else float(number)


def _is_finite(value: Any) -> bool:
    """Whether a number is finite; whole numbers are, however large."""
    return isinstance(value, numbers.Integral) or bool(np.isfinite(value))


def _box(knob: Knob, value: Any) -> Box:
    """Check that four whole numbers enclose at least one pixel."""
    try:
        box = Box(*(int(item) for item in value))
    except (TypeError, ValueError):
        raise SettingError(knob.name, f"is {value!r}; it must be LEFT,TOP,RIGHT,BOTTOM in pixels.") from None
    if box.right <= box.left or box.bottom <= box.top:
        raise SettingError(
            knob.name, f"is {','.join(map(str, box))}, which has no area; right and bottom lie outside the box."
        )
    return box


def _points(knob: Knob, value: Any) -> Points:
    """Check that there is at least one pair of whole numbers."""
    try:
        points = tuple(Point(*(int(part) for part in point)) for point in value)
    except (TypeError, ValueError):
        points = ()
    if not points:
        raise SettingError(knob.name, f"is {value!r}; it must be pairs X,Y in pixels, at least one.")
    return points


def value_of_word(knob: Knob, text: str) -> Any:
    """The value that one word has for a knob; hints come from files, which words do not name.

    Raises
    ------
    SettingError : it is none.
    """
    if knob.is_hint:
        raise SettingError(knob.name, "comes from a file or is drawn, so it cannot stand here.")
    if knob.kind == "bool":
        if text not in ("true", "false"):
            raise SettingError(knob.name, f"is {text!r}; it must be true or false.")
        return text == "true"
    if knob.kind == "choice" and not knob.choices:
        return text
    return check_setting(knob, parse_setting(knob, text.split(",") if knob.kind == "numbers" else text))
