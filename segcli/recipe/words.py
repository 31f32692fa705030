"""Steps in words, such as `watershed min_distance=20 blur=1 min_size=30`: how a command line names them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from segcli.cleanup import Cleanup
from segcli.errors import SettingError, UsageError
from segcli.knob import value_of_word
from segcli.recipe.kinds import Kind, Setting, Words, kind_of
from segcli.recipe.steps import Step
from segcli.segmenter import MADE

BESIDE: Mapping[str, tuple[str, str]] = {
    "channel": ("gray", "channel"),
    "blur": ("smooth", "sigma"),
    **{entry.name: ("clean", entry.name) for entry in fields(Cleanup)},
}
"""What is said of every method though a step of its own does it: that step, and its setting."""


def steps_from_words(text: str) -> tuple[Step, ...]:
    """One step, and those before and behind it for what its words say besides; not yet checked beside others.

    Parameters
    ----------
    text : a step's use, and NAME=VALUE for each setting, quoted where there are blanks in it; name=NAME names it.
        Behind a method also what may be said of every method, such as blur=1 and min_size=30.

    Raises
    ------
    UsageError : an unknown step or setting, a value that it cannot take; the message quotes the words.

    Examples
    --------
    >>> [(step.use, dict(step.settings)) for step in steps_from_words("otsu blur=1.5 min_size=30")]
    [('smooth', {'sigma': 1.5}), ('otsu', {}), ('clean', {'min_size': 30})]
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError(f"{text!r}: a quote is not closed.") from None
    if not words:
        raise UsageError("a step is empty; expected words such as 'smooth sigma=1.5'.")
    kind = kind_of(words[0])
    given: dict[str, dict[str, Any]] = {}
    label = None
    try:
        for name, value in _pairs(words[1:]):
            if name == "name":
                label = value
                continue
            use, setting = _place(kind, name)
            if setting.name in given.setdefault(use, {}):
                raise SettingError(name, "is given twice.")
            given[use][setting.name] = _value(setting, value)
    except SettingError as refusal:
        raise UsageError(f"{text!r}: {refusal}") from None
    own = given.pop(kind.use, {})
    made = {use: Step(use, settings) for use, settings in given.items()}
    around = [made.get(use) for use in ("gray", "smooth", "clean")]
    steps = (*around[:2], Step(kind.use, own, label), around[2])
    return tuple(step for step in steps if step is not None)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Names and values."""
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise SettingError(name, "has no value; write NAME=VALUE.")
        yield name.replace("-", "_"), value


def _place(kind: Kind, name: str) -> tuple[str, Setting]:
    """The step that has a setting, and the setting."""
    own = any(setting.name == name for setting in kind.settings)
    if not own and name in BESIDE and kind.role in ("method", "network"):
        use, name = BESIDE[name]
        return use, kind_of(use).setting(name)
    return kind.use, kind.setting(name)


def _value(setting: Setting, text: str) -> Any:
    """The value of one word; whether it names a step or a model that is there is seen later."""
    if isinstance(setting, Words):
        if not setting.many:
            return text
        return [int(part) if setting.name == "classes" and part.isdigit() else part for part in text.split(",")]
    return text if setting.kind in (*MADE, "model") else value_of_word(setting, text)
