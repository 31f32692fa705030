"""The steps of a recipe, and whether a list of them can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from segcli.errors import SettingError, UsageError
from segcli.knob import check_setting
from segcli.recipe.kinds import IMAGE, INPUT, LONGEST_NAME, SEGMENTING, Kind, Role, Setting, Words, kind_of
from segcli.segmenter import MADE


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
    """Refuse a filter that cannot be read, or asks for what is not measured in pictures of any kind."""
    from segcli.expression import Filter
    from segcli.region_table import column_names

    try:
        Filter(text).check([*column_names("instances", 1), *column_names("instances", 3)])
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
