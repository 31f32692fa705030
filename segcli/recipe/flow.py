"""A recipe as people read it: its steps, what each works on, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass

from segcli.knob import Knob
from segcli.recipe.file import Recipe, toml_value
from segcli.recipe.kinds import IMAGE, INPUT, Role
from segcli.recipe.kitchen import START
from segcli.recipe.steps import Step, find_step
from segcli.segmenter import MADE


@dataclass(frozen=True)
class Stage:
    """One step.

    Attributes
    ----------
    label, use : what it is called, and what it does.
    role : what kind of step it is.
    reads : places of the steps whose picture or segmentation it works on; START is the input.
    settings : what differs from the defaults, as the recipe's file has it, one text each.
    """

    label: str
    use: str
    role: Role
    reads: tuple[int, ...]
    settings: tuple[str, ...]


def stages(recipe: Recipe) -> tuple[Stage, ...]:
    """Every step of a recipe with what it works on."""
    found = []
    for place, step in enumerate(recipe.steps):
        settings = tuple(
            f"{name} = {toml_value(value)}" for name, value in step.settings.items() if name not in _JOINTS
        )
        found.append(Stage(step.label, step.use, step.kind.role, _reads(recipe.steps[:place], step), settings))
    return tuple(found)


_JOINTS = ("of", IMAGE.name)
"""Settings that say what a step works on, which the stages tell in their own way."""


def _reads(before: tuple[Step, ...], step: Step) -> tuple[int, ...]:
    """The places of what a step works on."""
    role = step.kind.role
    found: list[int] = []
    if role in ("filter", "method", "network") or step.use in ("refine", "measure"):
        named = step.settings.get(IMAGE.name)
        filters = [place for place, earlier in enumerate(before) if earlier.kind.role == "filter"]
        if named is None:
            found.append(filters[-1] if filters else START)
        else:
            found.append(START if named == INPUT else find_step(before, named, IMAGE.name, ("filter",)))
    if role in ("after", "join"):
        named = step.settings.get("of")
        made = [place for place, earlier in enumerate(before) if earlier.kind.role != "filter"]
        names = named if isinstance(named, tuple) else (named,)
        found += [made[-1] if name is None else find_step(before, name, "of") for name in names]
    for name, value in step.settings.items():
        setting = step.kind.setting(name)
        if isinstance(setting, Knob) and setting.kind in MADE:
            found.append(find_step(before, value, name))
    return tuple(dict.fromkeys(found))
