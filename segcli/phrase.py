"""A segmenter in words, such as `kmeans classes=3 space=lab blur=1`: how one command names another's method."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from segcli.cleanup import WIDEST, Cleanup
from segcli.errors import SettingError, UsageError
from segcli.knob import Knob, value_of_word
from segcli.method import Method, describe
from segcli.methods import NAMES, find
from segcli.preparation import Preparation
from segcli.segmenter import MethodSegmenter, Segmenter

if TYPE_CHECKING:
    from segcli.network_segmenter import NetworkSegmenter

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
    Knob("opening", "int", 0, min=0, max=WIDEST),
    Knob("closing", "int", 0, min=0, max=WIDEST),
    Knob("hull", "bool", False),
    Knob("split", "bool", False),
)
"""What may be said of every method: the shared options before and after it, and what segcli clean can do besides."""


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
            given[part][name] = value_of_word(knob, value)
        except SettingError as refusal:
            raise UsageError(f"{text!r}: {refusal}") from None
    return MethodSegmenter(method.name, given["knobs"], Preparation(**given["before"]), Cleanup(**given["after"]))


def segmenter_named(text: str) -> Segmenter:
    """Build a segmenter from what a user calls it.

    Parameters
    ----------
    text : a method in words, such as 'kmeans classes=3'; the file of a recipe, NAME.toml; a network in words, such as
        'predict model=unet instances=true threshold=0.6'; or the name or file of a model alone.

    Raises
    ------
    UsageError : it is none of these, or cannot be.
    """
    from segcli.recipe.file import ENDING

    if text.endswith(ENDING):
        from segcli.recipe import RecipeSegmenter, load_recipe

        return RecipeSegmenter(load_recipe(text))
    first, *rest = text.split() or [""]
    if first == "predict":
        return _network_from_words(text)
    if names_a_method(text):
        return segmenter_from_words(text)
    if rest and not os.path.exists(text):
        raise _unknown(text, first)
    from segcli.recipe import network_segmenter

    try:
        return network_segmenter({"model": text})
    except UsageError as failure:
        if "no model" not in str(failure) or os.sep in text:
            raise
        raise _unknown(text, first) from failure


def _unknown(text: str, first: str) -> UsageError:
    """Why a name stands for nothing, with the nearest of all names."""
    from difflib import get_close_matches

    from segcli.learning.model_places import list_models

    known = ["predict", *(name.replace("_", "-") for name in NAMES), *(model.name for model in list_models())]
    close = get_close_matches(first.replace("_", "-"), known, n=1)
    hint = (
        f"did you mean {close[0]}?" if close else "segcli methods and segcli models list both; a recipe is NAME.toml."
    )
    return UsageError(f"{text!r}: there is no method or model {first!r}; {hint}")


def _network_from_words(text: str) -> NetworkSegmenter:
    """A network from NAME=VALUE for each of its settings."""
    from segcli.recipe import network_segmenter
    from segcli.recipe.steps import Mistake, check_steps
    from segcli.recipe.words import steps_from_words

    try:
        steps = check_steps(steps_from_words(text))
    except Mistake as mistake:
        raise UsageError(f"{text!r}: {mistake.complaint}") from None
    if len(steps) > 1:
        raise UsageError(f"{text!r}: {steps[1].use} takes a recipe: segcli recipe make {text!r} -o NAME.toml.")
    return network_segmenter(steps[0].settings)


def _place(method: Method, name: str) -> tuple[str, Knob]:
    """Whether a name is a knob or a shared option, and what it takes."""
    for part, knobs in (("before", BEFORE), ("after", AFTER)):
        for knob in knobs:
            if knob.name == name:
                return part, knob
    return "knobs", method.knob(name)
