"""What the steps of a recipe can be, and what settings each kind takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from segcli.cleanup import WIDEST, Cleanup
from segcli.errors import SettingError, UsageError
from segcli.filtering import describe_filter
from segcli.filters import NAMES as FILTERS
from segcli.knob import Knob
from segcli.method import Method, describe
from segcli.methods import NAMES as METHODS
from segcli.methods import find

Role = Literal["filter", "method", "network", "after", "join"]

SEGMENTING: tuple[Role, ...] = ("method", "network", "after", "join")

RULES = ("and", "or", "minus", "xor", "majority")
LONGEST_NAME = 60


@dataclass(frozen=True)
class Words:
    """A setting that is a text, or a list of texts (and of whole numbers, where it is called `classes`)."""

    name: str
    many: bool = False
    needed: bool = False
    choices: tuple[str, ...] = ()
    default: Any = None
    help: str = ""


Setting = Knob | Words

OF = Words("of", help="Name of the step whose segmentation it takes; the latest if nothing is said.")

INPUT = "input"
"""What the picture is called as it came."""

IMAGE = Words("image", help="The picture to look at: 'input', or the name of a filter; the latest if nothing is said.")

NETWORK: tuple[Setting, ...] = (
    Words("model", needed=True, help="Name of a model, or a file."),
    Words("ensemble", many=True, help="More models, whose probabilities are averaged."),
    Knob("instances", "bool", False, help="Number the objects."),
    Knob("split", "bool", False, help="Part objects at their necks."),
    Knob("threshold", "float", None, True, 0, 1, help="Probability above which a pixel is object."),
    Words("refine", help="crf, and its knobs: a random field over picture and scores."),
    Words("tta", many=True, choices=("flip", "scale"), help="More views of the picture."),
    Knob("tile", "int", "auto", False, 32, 16_384, ("auto",), "pixels", "Side of the windows of large pictures."),
    Words("device", default="auto", help="Where to compute."),
    Knob("gray", "bool", False, help="Take the gray of color pictures."),
)
"""What is said of a network in words and in recipes."""

OTHERS: Mapping[str, tuple[Role, str, tuple[Setting, ...]]] = {
    "predict": ("network", "Segment with a trained network.", (*NETWORK, IMAGE)),
    "select": (
        "after",
        "Make a mask of some of the classes or objects.",
        (Words("classes", many=True, needed=True, help="Their numbers or names."), OF),
    ),
    "combine": (
        "join",
        "Join the masks of several steps.",
        (
            Words("of", many=True, needed=True, help="Names of the steps; all that is no background counts."),
            Words("rule", choices=RULES, default="and", help="minus: the first without the others."),
        ),
    ),
    "refine": (
        "after",
        "Improve labels by looking at the picture again.",
        (
            Words("with", needed=True, help="A method that refines, with its knobs."),
            Knob("band", "int", 7, False, 1, 1000, unit="pixels", help="How far a border may move."),
            OF,
            IMAGE,
        ),
    ),
    "measure": (
        "after",
        "Keep the regions whose measurements pass.",
        (Words("filter", needed=True, help="Such as 'area>50 and eccentricity<0.9'."), OF, IMAGE),
    ),
}
"""Steps that are neither a filter nor a method: role, summary and what they take."""

USES = (*FILTERS, *(name.replace("_", "-") for name in METHODS), *OTHERS, "clean")
"""Everything that may stand behind `use`."""


@dataclass(frozen=True)
class Kind:
    """A kind of step: what it does, and with what settings."""

    use: str
    role: Role
    summary: str
    settings: tuple[Setting, ...]
    method: Method | None = None

    def setting(self, name: str) -> Setting:
        """The setting of a name.

        Raises
        ------
        SettingError : there is none; the nearest is suggested, or the step that has it.
        """
        known = [setting.name for setting in self.settings]
        if name in known:
            return self.settings[known.index(name)]
        from difflib import get_close_matches

        elsewhere = next((use for use, names in _ELSEWHERE.items() if name in names and use != self.use), None)
        if close := get_close_matches(name, known, n=1):
            hint = f"did you mean {close[0]}?"
        elif elsewhere is not None:
            hint = f"it belongs to a step of its own, use = {elsewhere!r}."
        else:
            hint = f"it has: {', '.join(known) or 'none'}."
        raise SettingError(name, f"is no setting of {self.use}; {hint}")


def _cleanup_settings() -> tuple[Setting, ...]:
    """The fields of Cleanup as knobs, with their help from its docstring."""
    said: dict[str, str] = {}
    for line in (Cleanup.__doc__ or "").splitlines():
        name, colon, text = line.strip().partition(" : ")
        if colon and name.isidentifier():
            said[name] = text
        elif said and line.strip():
            said[list(said)[-1]] += f" {line.strip()}"
    knobs = []
    for entry in fields(Cleanup):
        kind: Any = type(entry.default).__name__
        least = 0 if kind == "int" else None
        most = WIDEST if entry.name in ("smooth", "opening", "closing") else None
        knobs.append(Knob(entry.name, kind, entry.default, False, least, most, help=said[entry.name]))
    return (*knobs, OF)


_ELSEWHERE = {
    "clean": [entry.name for entry in fields(Cleanup) if entry.name != "smooth"],
    "smooth": ["sigma", "blur"],
    "gray": ["channel"],
}
"""Settings that people look for in a method, and the steps that have them."""


def kind_of(use: str) -> Kind:
    """What stands behind a name.

    Raises
    ------
    UsageError : nothing; the nearest name is suggested.
    """
    name = use.replace("_", "-")
    if name in FILTERS:
        row = describe_filter(name)
        return Kind(name, "filter", row.summary, (*row.knobs, IMAGE), row)
    if use.replace("-", "_") in METHODS:
        row = describe(find(use))
        return Kind(row.command, "method", row.summary, (*row.knobs, IMAGE), row)
    if name == "clean":
        return Kind(name, "after", "Tidy the latest mask or objects.", _cleanup_settings())
    if name in OTHERS:
        return Kind(name, *OTHERS[name])
    from difflib import get_close_matches

    close = get_close_matches(name, USES, n=1)
    hint = (
        f"did you mean {close[0]}?"
        if close
        else "segcli methods lists the methods; other steps are: " + ", ".join((*FILTERS, *OTHERS, "clean."))
    )
    raise UsageError(f"there is no step {use!r}; {hint}")
