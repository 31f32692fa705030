"""A recipe as text: TOML with a table `[[steps]]` for each step."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from segcli.errors import InputError, UsageError
from segcli.recipe.steps import Mistake, Step, check_steps

ENDING = ".toml"
LONGEST = 1 << 20
"""Bytes of a recipe; anything longer is none."""


@dataclass(frozen=True)
class Recipe:
    """Named steps that make a segmentation of a picture.

    Attributes
    ----------
    steps : checked, in order.
    name : what the recipe is called: its file's name without the ending.
    folder : where its file lies; models that it names by a path are looked for there too.

    Raises
    ------
    Mistake : a step that cannot be.
    """

    steps: tuple[Step, ...]
    name: str = field(default="recipe", compare=False)
    folder: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", check_steps(self.steps))


def load_recipe(path: str) -> Recipe:
    """Read a recipe's file.

    Raises
    ------
    UsageError : it cannot be read, or cannot be; the message names file and line.
    """
    from segcli.files.read import read_bytes

    if not os.path.lexists(path):
        raise UsageError(f"{path!r} does not exist; {_nearest(path)}")
    try:
        data = read_bytes(path)
        text = data.decode("utf-8") if len(data) <= LONGEST else ""
    except InputError as failure:
        raise UsageError(f"{path!r} {failure}") from failure
    except UnicodeDecodeError:
        raise UsageError(f"{path!r} is no recipe: it is no text in UTF-8.") from None
    if len(data) > LONGEST:
        raise UsageError(f"{path!r} is no recipe: it has {len(data):,} bytes.")
    return read_recipe(text, path)


def _nearest(path: str) -> str:
    """What may have been meant by a recipe that is not there."""
    from difflib import get_close_matches

    from segcli.methods import NAMES

    if path.replace("-", "_") in NAMES:
        return f"a recipe is a file, NAME{ENDING}; segcli {path} runs the method."
    folder, name = os.path.split(path)
    try:
        stems = [entry.removesuffix(ENDING) for entry in os.listdir(folder or ".") if entry.endswith(ENDING)]
    except OSError:
        stems = []
    close = get_close_matches(os.path.splitext(name)[0], stems, n=1)
    return (
        f"did you mean {os.path.join(folder, close[0] + ENDING)!r}?" if close else f"a recipe is a file, NAME{ENDING}."
    )


def read_recipe(text: str, path: str) -> Recipe:
    """Take the text of a recipe apart and check every step.

    Parameters
    ----------
    text : TOML, one table `[[steps]]` a step: `use`, perhaps `name`, and a key for each setting.
    path : of its file, for messages and for the recipe's name.

    Raises
    ------
    UsageError : a mistake, in one line with file, line number and the nearest known name.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise UsageError(_syntax(path, text, str(failure))) from None
    for key in found:
        if key != "steps":
            hint = "did you mean [[steps]]?" if key.startswith(("step", "Step")) else "expected [[steps]] alone."
            raise _at(path, _line_of(text, key, 0), f"there is no {key!r} in a recipe; {hint}")
    tables = found.get("steps")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise _at(path, 1, "a recipe needs steps: tables [[steps]] with use = 'NAME' in each.")
    lines = _starts(text, len(tables))
    steps = []
    for table, start in zip(tables, lines, strict=True):
        settings = dict(table)
        use, name = settings.pop("use", None), settings.pop("name", None)
        if not isinstance(use, str) or not use:
            said = "a step lacks use = 'NAME'." if use is None else f"use is {use!r}; it must be a name in quotes."
            raise _at(path, _line_of(text, "use", start), said)
        steps.append(Step(use, settings, name))
    folder, file = os.path.split(path)
    try:
        return Recipe(tuple(steps), os.path.splitext(file)[0] or "recipe", folder)
    except Mistake as mistake:
        line = _line_of(text, mistake.key, lines[mistake.step])
        raise _at(path, line, mistake.complaint) from None


def recipe_text(recipe: Recipe, comment: str = "") -> str:
    """The recipe as TOML that reads back equal, with a comment above it."""
    above = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    tables = []
    for step in recipe.steps:
        named = {"use": step.use, **({} if step.name is None else {"name": step.name})}
        values = named | {key: value for key, value in step.settings.items() if value is not None}
        tables.append("[[steps]]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in values.items()))
    return "\n".join([*([above] if above else []), *tables])


def toml_value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's strings are TOML's, but for one character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml_value(part) for part in value)}]"
    return repr(value)


def _at(path: str, line: int, complaint: str) -> UsageError:
    """A mistake and where it is."""
    return UsageError(f"{path!r}, line {line}: {complaint}")


def _syntax(path: str, text: str, failure: str) -> str:
    """What is no TOML, with its line; the parser says where, or that it was at the end."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", failure, re.DOTALL)
    if found is None:
        return f"{path!r} is no TOML: {failure}."
    line = int(found[2]) if found[2] else max(len(text.splitlines()), 1)
    return f'{path!r}, line {line}: no TOML: {" ".join(found[1].split())}; expected lines such as use = "otsu".'


def _starts(text: str, count: int) -> list[int]:
    """Index of the line with which each step begins; all the same where steps are written in another way."""
    lines = text.splitlines()
    starts = [
        place for place, line in enumerate(lines) if re.match(r"\s*\[\[\s*(\"steps\"|'steps'|steps)\s*\]\]", line)
    ]
    if len(starts) == count:
        return starts
    return [next((place for place, line in enumerate(lines) if "steps" in line), 0)] * count


def _line_of(text: str, key: str, start: int) -> int:
    """Number, from 1, of the line of a key at or after the line of index `start`; else that line's own."""
    lines = text.splitlines()
    spelled = "|".join({re.escape(key), re.escape(key.replace("_", "-"))})
    pattern = re.compile(rf"""(?:^|[\[{{,])\s*["']?({spelled})["']?\s*(=|\]|\.)""")
    for place, line in enumerate(lines[start:], start):
        if place > start and line.lstrip().startswith("[["):
            break
        if key and pattern.search(line):
            return place + 1
    return min(start + 1, max(len(lines), 1))
