"""A segmenter in words, such as `kmeans classes=3 space=lab blur=1`: how one command names another's method."""

from __future__ import annotations

from typing import Any

from segcli.cleanup import Cleanup
from segcli.errors import SettingError, UsageError
from segcli.knob import Knob, check_setting, parse_setting
from segcli.method import Method, describe
from segcli.methods import NAMES, find
from segcli.preparation import Preparation
from segcli.segmenter import MethodSegmenter

BEFORE = (
    Knob("channel", "choice", None),
    Knob("blur", "float", 0.0),
    Knob("nodata", "float", None),
)
AFTER = (
    Knob("smooth", "int", 0, min=0),
    Knob("fill_holes", "bool", False),
    Knob("clear_border", "bool", False),
    Knob("min_size", "int", 0, min=0),
    Knob("largest", "bool", False),
)
"""What may be said of every method: the shared options before and after it."""


def names_a_method(text: str) -> bool:
    """Whether the first word is the name of a method."""
    words = text.split()
    return bool(words) and words[0].replace("-", "_") in NAMES


def segmenter_from_words(text: str) -> MethodSegmenter:
    """Build a segmenter from the name of a method and NAME=VALUE for each knob and shared option.

    Raises
    ------
    UsageError : an unknown method or knob, a value that the knob cannot take; the message quotes the words.
    """
    words = text.split()
    if not words:
        raise UsageError("no method is named; expected words such as 'kmeans classes=3'.")
    method = describe(find(words[0]))
    given: dict[str, dict[str, Any]] = {"knobs": {}, "before": {}, "after": {}}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        name = name.replace("-", "_")
        try:
            if not equals:
                raise SettingError(name, "has no value; write NAME=VALUE.")
            part, knob = _place(method, name)
            if name in given[part]:
                raise SettingError(name, "is given twice.")
            given[part][name] = _value(knob, value)
        except SettingError as refusal:
            raise UsageError(f"{text!r}: {refusal}") from None
    return MethodSegmenter(method.name, given["knobs"], Preparation(**given["before"]), Cleanup(**given["after"]))


def _place(method: Method, name: str) -> tuple[str, Knob]:
    """Whether a name is a knob or a shared option, and what it takes."""
    for part, knobs in (("before", BEFORE), ("after", AFTER)):
        for knob in knobs:
            if knob.name == name:
                return part, knob
    return "knobs", method.knob(name)


def _value(knob: Knob, text: str) -> Any:
    """The value of one word; hints come from files, which words do not name."""
    if knob.is_hint:
        raise SettingError(knob.name, "comes from a file or is drawn, so it cannot stand here.")
    if knob.kind == "bool":
        if text not in ("true", "false"):
            raise SettingError(knob.name, f"is {text!r}; it must be true or false.")
        return text == "true"
    if knob.kind == "choice" and not knob.choices:
        return text
    return check_setting(knob, parse_setting(knob, text.split(",") if knob.kind == "numbers" else text))
