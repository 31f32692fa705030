"""Losses in words, such as `0.5*ce+dice(smooth=0)`: the table of terms and the parser. Nothing here imports torch.

`segcli.learning.losses` makes the terms into functions; a misspelled one is refused before torch is loaded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from segcli.errors import SettingError, UsageError
from segcli.knob import Knob, check_setting, parse_setting


@dataclass(frozen=True)
class LossRow:
    """One kind of term.

    Attributes
    ----------
    name : what users call it, and the function's key in `segcli.learning.losses.LOSSES`.
    summary : one line.
    paper : where it comes from; empty for what every textbook has.
    takes : of ignore, class_weights, weight_map and distance_map, those that it looks at.
    knobs : its settings.
    values : whether its truth may be values of any kind (saliency, pictures) in place of labels.
    """

    name: str
    summary: str
    paper: str = ""
    takes: tuple[str, ...] = ("ignore",)
    knobs: tuple[Knob, ...] = ()
    values: bool = False


@dataclass(frozen=True)
class Term:
    """A row of the table with a weight and the settings that differ from its own."""

    weight: float
    row: LossRow
    settings: Mapping[str, Any] = field(default_factory=dict)


_PIXELS = ("ignore", "class_weights", "weight_map")
_PER_IMAGE = Knob("per_image", "bool", False, help="whether each picture has its own ratio; else the batch has one")
_OVERLAP = (
    Knob("smooth", "float", 1.0, min=0, help="added above and below; 0 leaves out classes that the truth lacks"),
    Knob(
        "background", "bool", None, optional=True, help="whether class 0 counts; by default unless there is one logit"
    ),
    _PER_IMAGE,
)
_ERRORS = (
    Knob("alpha", "float", 0.3, min=0, max=10, help="price of a false positive"),
    Knob("beta", "float", 0.7, min=0, max=10, help="price of a false negative"),
)

ROWS: Mapping[str, LossRow] = {
    row.name: row
    for row in (
        LossRow(
            "ce",
            "Cross-entropy; weighted where classes have weights.",
            takes=_PIXELS,
            knobs=(
                Knob("mean", "choice", "weights", choices=("weights", "pixels"), help="what the sum is divided by"),
            ),
        ),
        LossRow(
            "bce",
            "Cross-entropy of one logit; positives may weigh more, the truth may lie between 0 and 1.",
            takes=("ignore", "weight_map"),
            knobs=(Knob("pos_weight", "float", 1.0, min=0, help="weight of the pixels of class 1"),),
            values=True,
        ),
        LossRow(
            "focal",
            "Cross-entropy that forgets the easy pixels.",
            "Lin et al., Focal loss for dense object detection, ICCV 2017",
            takes=_PIXELS,
            knobs=(
                Knob("gamma", "float", 2.0, min=0, max=10, help="how fast easy pixels are forgotten"),
                Knob("alpha", "float", None, optional=True, min=0, max=1, help="weight of classes above 0"),
            ),
        ),
        LossRow(
            "dice",
            "One minus the soft Dice coefficient.",
            "Milletari et al., V-Net, 3DV 2016",
            knobs=(*_OVERLAP, Knob("squared", "bool", False, help="whether probabilities are squared below")),
        ),
        LossRow(
            "jaccard",
            "One minus the soft intersection over union.",
            "Rahman, Wang, Optimizing intersection-over-union in deep neural networks, ISVC 2016",
            knobs=_OVERLAP,
        ),
        LossRow(
            "tversky",
            "One minus the soft Tversky index: misses may cost more than false alarms.",
            "Salehi et al., Tversky loss function for image segmentation, MLMI 2017",
            knobs=(*_ERRORS, *_OVERLAP),
        ),
        LossRow(
            "focal_tversky",
            "A power of the Tversky loss of each class.",
            "Abraham, Khan, A novel focal Tversky loss function, ISBI 2019",
            knobs=(*_ERRORS, Knob("gamma", "float", 0.75, min=0.1, max=10, help="the power"), *_OVERLAP),
        ),
        LossRow(
            "generalized_dice",
            "Dice over all classes at once, each weighted by the inverse square of its size.",
            "Sudre et al., Generalised Dice overlap as a deep learning loss function, DLMIA 2017",
            knobs=(_PER_IMAGE,),
        ),
        LossRow(
            "boundary",
            "Probabilities times signed distances to the true contour; its share grows with the epochs.",
            "Kervadec et al., Boundary loss for highly unbalanced segmentation, MIDL 2019",
            takes=("ignore", "distance_map"),
            knobs=(Knob("background", "bool", False, help="whether class 0 counts"),),
        ),
        LossRow("mse", "Mean squared error of values.", takes=(), values=True),
    )
}
"""Every kind of term, in the order of the lectures."""

_TERM = re.compile(r"(?:(?P<weight>[^*()]*)\*)?\s*(?P<name>[^*()]*?)\s*(?:\((?P<settings>[^()]*)\))?")
_PLUS = re.compile(r"\+(?![^(]*\))")


def parse_loss(text: str) -> tuple[Term, ...]:
    """Read a loss from words: [WEIGHT*]NAME[(SETTING=VALUE,...)], joined by +.

    Raises
    ------
    UsageError : an unknown loss or setting, a value that it cannot take, words that are no loss. The text is quoted.

    Examples
    --------
    >>> [(term.weight, term.row.name, dict(term.settings)) for term in parse_loss("0.5*ce + dice(smooth=0)")]
    [(0.5, 'ce', {}), (1.0, 'dice', {'smooth': 0.0})]
    """
    try:
        terms = tuple(_term(part.strip()) for part in _PLUS.split(text))
        values = [term.row.name for term in terms if term.row.name == "mse"]
        labels = [term.row.name for term in terms if not term.row.values]
        if values and labels:
            raise UsageError(f"mse compares values, {labels[0]} labels; they have no truth in common.")
    except UsageError as refusal:
        raise UsageError(f"loss {text!r}: {refusal}") from None
    return terms


def _term(text: str) -> Term:
    found = _TERM.fullmatch(text)
    if found is None or not found["name"]:
        raise UsageError(f"{text!r} is no term; write [WEIGHT*]NAME[(SETTING=VALUE,...)], such as 0.5*dice(smooth=0).")
    weight = 1.0 if found["weight"] is None else _weight(found["weight"].strip())
    row = _row(found["name"])
    settings: dict[str, Any] = {}
    for word in (found["settings"] or "").split(","):
        if word.strip():
            name, value = _setting(row, word)
            if name in settings:
                raise SettingError(name, f"is given twice to {row.name}.")
            settings[name] = value
    return Term(weight, row, settings)


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = 0.0
    if not 0 < weight < math.inf:
        raise SettingError("weight", f"is {text!r}; it must be a number above 0.")
    return weight


def _row(name: str) -> LossRow:
    key = name.lower().replace("-", "_").replace(" ", "_")
    if key not in ROWS:
        raise UsageError(f"there is no loss {name!r}; {_nearest(key, ROWS)}")
    return ROWS[key]


def _setting(row: LossRow, word: str) -> tuple[str, Any]:
    name, equals, text = (part.strip() for part in word.partition("="))
    knobs = {knob.name: knob for knob in row.knobs}
    key = name.replace("-", "_")
    if key not in knobs:
        raise UsageError(f"{row.name} has no setting {name!r}; {_nearest(key, knobs)}")
    if not equals:
        raise SettingError(key, "has no value; write SETTING=VALUE.")
    value: Any = text
    if knobs[key].kind == "bool":
        value = {"true": True, "false": False}.get(text.lower(), text)
    return key, check_setting(knobs[key], parse_setting(knobs[key], value))


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known) or 'none'}."
