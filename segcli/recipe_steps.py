"""The steps that a recipe can be made of: what each takes, and whether a list of them can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from segcli.cleanup import WIDEST, Cleanup
from segcli.errors import SettingError, UsageError
from segcli.filtering import describe_filter
from segcli.filters import NAMES as FILTERS
from segcli.knob import Knob, check_setting
from segcli.method import Method, describe
from segcli.methods import NAMES as METHODS
from segcli.methods import find
from segcli.segmenter import MADE

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


@dataclass(frozen=True)
class Step:
    """One step of a recipe.

    Attributes
    ----------
    use : a filter, a method by its command's name, or predict, select, clean, combine, refine, measure.
    settings : by name, what differs from the defaults.
    name : what other steps call it by; without one they call it by its `use`.
    """

    use: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @property
    def label(self) -> str:
        """What it is called."""
        return self.name or self.use

    @property
    def kind(self) -> Kind:
        """What it does."""
        return kind_of(self.use)

    @property
    def knobs(self) -> dict[str, Any]:
        """Its settings without the picture that it looks at."""
        return {name: value for name, value in self.settings.items() if name != IMAGE.name}

    @property
    def complete(self) -> dict[str, Any]:
        """All its settings, also those that nothing was said of."""
        return {setting.name: self.settings.get(setting.name, setting.default) for setting in self.kind.settings}


class Mistake(UsageError):
    """A step that cannot be. `step` counts from 0; `key` is where in it the mistake is, '' for the step as a whole."""

    def __init__(self, step: int, key: str, complaint: str, use: str = "") -> None:
        super().__init__(f"step {step + 1}{f' ({use})' if use else ''}: {complaint}")
        self.step = step
        self.key = key
        self.complaint = complaint


def check_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with their settings in the knobs' own types.

    Raises
    ------
    Mistake : the first that cannot be.
    """
    found: list[Step] = []
    for place, step in enumerate(steps):
        try:
            kind = kind_of(step.use)
        except UsageError as failure:
            raise Mistake(place, "use", str(failure)) from None
        try:
            _check_name(step.name, found)
            settings = {}
            for name, value in step.settings.items():
                setting = kind.setting(name.replace("-", "_"))
                settings[setting.name] = _value(setting, value)
            for setting in kind.settings:
                if isinstance(setting, Words) and setting.needed and not settings.get(setting.name):
                    raise SettingError(setting.name, f"is missing; {kind.use} needs it. {setting.help}")
            checked = Step(kind.use, settings, step.name)
            _check_references(checked, kind, found)
        except SettingError as failure:
            raise Mistake(place, failure.name, str(failure), kind.use) from None
        found.append(checked)
    if not any(step.kind.role != "filter" for step in found):
        raise Mistake(max(len(found) - 1, 0), "", "no step segments; add a method, such as use = 'otsu'.")
    return tuple(found)


def _check_name(name: str | None, before: list[Step]) -> None:
    """Refuse names that are none, or are taken."""
    if name is None:
        return
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise SettingError("name", f"is {name!r}; it must be a text of 1 to {LONGEST_NAME} characters.")
    if any(step.name == name for step in before):
        raise SettingError("name", f"is {name!r}, which another step has already; names must differ.")


def _value(setting: Setting, value: Any) -> Any:
    """A value in the type of its setting."""
    if isinstance(setting, Words):
        return _words(setting, value)
    if setting.kind in (*MADE, "model"):
        if isinstance(value, str) and value:
            return value
        what = "the file of a fitted model" if setting.kind == "model" else "the name of an earlier step"
        raise SettingError(setting.name, f"is {value!r}; it must be {what}.")
    if setting.kind == "numbers" and isinstance(value, str):
        raise SettingError(setting.name, f"is {value!r}; it must be a list of numbers.")
    return check_setting(setting, value)


def _words(setting: Words, value: Any) -> Any:
    """A text, or texts; of classes also numbers."""
    values = value if setting.many and isinstance(value, (list, tuple)) else [value]
    for one in values:
        number = setting.name == "classes" and isinstance(one, int) and not isinstance(one, bool) and one >= 0
        if not number and (not isinstance(one, str) or not one):
            noun = "a list of texts" if setting.many else "a text"
            noun = "a list of numbers or names" if setting.name == "classes" else noun
            raise SettingError(setting.name, f"is {value!r}; it must be {noun}.")
        if setting.choices and one not in setting.choices:
            raise SettingError(setting.name, f"is {one!r}; it must be {_listed(one, setting.choices)}")
    return tuple(values) if setting.many else value


def _listed(word: str, known: tuple[str, ...]) -> str:
    """The choices, and the nearest of them."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    return f"one of {', '.join(known)}." + (f" Did you mean {close[0]}?" if close else "")


def _check_references(step: Step, kind: Kind, before: list[Step]) -> None:
    """Refuse names of steps that are not there, are two, or give no segmentation."""
    for setting in kind.settings:
        value = step.settings.get(setting.name)
        if setting is IMAGE and value not in (None, INPUT):
            find_step(before, value, IMAGE.name, ("filter",))
        names = setting.name == "of" if isinstance(setting, Words) else setting.kind in MADE
        if value is None or not names:
            continue
        for name in value if isinstance(value, tuple) else (value,):
            find_step(before, name, setting.name)
    if kind.role == "after" and not any(earlier.kind.role != "filter" for earlier in before):
        raise SettingError("use", f"is {step.use!r}, and no step before it segments.")
    if step.use == "combine" and len(step.settings["of"]) < 2:
        raise SettingError("of", "names one step; two or more are joined.")
    if step.use == "refine":
        from segcli.phrase import segmenter_from_words
        from segcli.refine import Refiner

        try:
            Refiner(segmenter_from_words(step.settings["with"]))
        except UsageError as failure:
            raise SettingError("with", f"is {step.settings['with']!r}: {failure}") from None
    if step.use == "measure":
        _check_filter(step.settings["filter"])


def _check_filter(text: str) -> None:
    """Refuse a filter that cannot be read, or asks for what is not measured."""
    import numpy as np

    from segcli.expression import Filter
    from segcli.measure import measure
    from segcli.segmentation import Segmentation

    try:
        Filter(text).check(measure(Segmentation(np.ones((2, 2), np.int32), "instances"), np.zeros((2, 2), np.uint8)))
    except UsageError as failure:
        raise SettingError("filter", f"is no filter: {failure}") from None


def find_step(steps: Iterable[Step], name: str, key: str, roles: tuple[Role, ...] = SEGMENTING) -> int:
    """The place of the one step of a name that has one of these roles.

    Raises
    ------
    SettingError : there is none, or several; `key` is where the name stands.
    """
    steps = list(steps)
    labels = [step.label for step in steps]
    places = [place for place, label in enumerate(labels) if label == name]
    wanted = "changes the picture" if roles == ("filter",) else "segments"
    if not places:
        from difflib import get_close_matches

        known = list(dict.fromkeys(step.label for step in steps if step.kind.role in roles))
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"before it are: {', '.join(known) or f'none that {wanted}'}."
        raise SettingError(key, f"is {name!r}, and no step before it is called so; {hint}")
    if len(places) > 1:
        raise SettingError(key, f"is {name!r}, and {len(places)} steps are called so; give them names.")
    if steps[places[0]].kind.role not in roles:
        raise SettingError(key, f"is {name!r}, and that is no step that {wanted}.")
    return places[0]
