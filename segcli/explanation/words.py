"""A method or a network in a page of words: idea, formulas, when it fails, knobs and paper."""

from __future__ import annotations

import ast
import re
import textwrap
from importlib.resources import files
from typing import TYPE_CHECKING

from segcli.knob import Knob, knob_facts, knob_takes
from segcli.method import Method, docstring_sections
from segcli.methods import FAMILIES, NAMES, summary
from segcli.networks.registry import ARCHITECTURES, Architecture

if TYPE_CHECKING:
    from segcli.recipe.file import Recipe

COLUMNS = 100
"""Letters to a line of a page."""


def listing() -> str:
    """Families and methods, each with its idea in a line, then the networks by their papers."""
    lines = []
    width = max(map(len, NAMES)) + 2
    for family, names in FAMILIES.items():
        lines.append(f"{family}")
        lines += [f"  {name.replace('_', '-'):<{width}}{summary(name)}" for name in names]
    networks = ", ".join(row.name for row in ARCHITECTURES if row.task == "segmentation")
    lines += ["networks", *textwrap.wrap(networks, COLUMNS - 2, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join(lines)


def method_page(method: Method) -> str:
    """A method in words."""
    sections = docstring_sections(method.function)
    idea, works, fails = split_prose(method.description)
    parts = [f"{method.command}, of the family {method.family}\n{method.summary}"]
    parts += [_section("Idea", idea), _section("When it works", works), _section("When it fails", fails)]
    parts += [_section("In formulas", sections.get("Notes", ""))]
    parts.append("Knobs\n" + "\n".join(map(_knob_lines, method.knobs)))
    parts.append(_section("Paper", sections.get("References", "")))
    parts.append(_section("Try", f"  segcli explain {method.command} -o {method.command}.png"))
    return "\n\n".join(part for part in parts if part)


def split_prose(text: str) -> tuple[str, str, str]:
    """What a description says of the idea, of when a method works, and of when it fails; by how sentences begin."""
    found: dict[str, list[str]] = {"idea": [], "Works": [], "Fails": []}
    for sentence in re.split(r"(?<=[.)])\s+(?=[A-Z])", " ".join(text.split())):
        start = sentence.split(" ", 1)[0]
        found[start if start in found else "idea"].append(sentence)
    return " ".join(found["idea"]), " ".join(found["Works"]), " ".join(found["Fails"])


def _section(title: str, text: str) -> str:
    """A heading and its text, prose broken to lines, indented lines as they are; nothing of nothing."""
    from segcli.figures.lettering import paragraphs

    if not text.strip():
        return ""
    lines = [title]
    for line in paragraphs(text):
        if line.startswith(" "):
            lines.append(line if title == "Try" else f"  {line}")
        else:
            lines += textwrap.wrap(line, COLUMNS - 2, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def _knob_lines(knob: Knob) -> str:
    """A knob with its bounds and unit."""
    head = f"  --{knob.name.replace('_', '-')} {knob_takes(knob)}".rstrip()
    text = textwrap.wrap(knob.help + knob_facts(knob), COLUMNS - 6, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join([head, *text])


def network_page(row: Architecture) -> str:
    """A network in words, from its row and the docstring of its class, without loading it."""
    prose, notes = _class_words(row)
    field = "the whole picture" if row.receptive_field is None else f"{row.receptive_field:,} pixels"
    facts = [
        f"  parameters       {row.parameters:,} ({row.in_channels} channels, {row.classes} classes)",
        f"  receptive field  {field}",
    ]
    facts += [f"  padded to        multiples of {row.multiple} pixels"] if row.multiple > 1 else []
    facts += [f"  published        {row.published}"] if row.published else []
    facts += [f"  made with        {', '.join(f'{k}={v}' for k, v in row.options.items())}"] if row.options else []
    parts = [
        f"{row.name}, a network of {row.year} for {row.task}",
        _section("Idea", prose),
        "In numbers\n" + "\n".join(facts),
        _section("Notes", notes),
        _section("Paper", row.paper),
        _section("Try", f"  segcli models show {row.name}\n  segcli explain {row.name} IMAGE --model NAME -o page.png"),
    ]
    return "\n\n".join(part for part in parts if part)


def recipe_page(recipe: Recipe) -> str:
    """A recipe in words: every step with its settings and what it does."""
    return "\n".join([f"{recipe.name}, a recipe of {len(recipe.steps)} steps", "", *recipe_lines(recipe)])


def recipe_lines(recipe: Recipe) -> list[str]:
    """A line for each step: its number, name and settings, and what it does."""
    from segcli.recipe.flow import stages

    found = []
    for number, (stage, step) in enumerate(zip(stages(recipe), recipe.steps, strict=True), start=1):
        settings = f" ({', '.join(stage.settings)})" if stage.settings else ""
        found.append(f"{number}  {stage.label}{settings}: {step.kind.summary}")
    return found


def _class_words(row: Architecture) -> tuple[str, str]:
    """The opening prose and the notes of a network's docstring, read from its source."""
    source = files("segcli.networks").joinpath(*row.module.split("."))
    tree = ast.parse(source.with_suffix(".py").read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    (node,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == row.cls]
    sections = docstring_sections_of(ast.get_docstring(node) or "")
    return "\n\n".join(text for text in (ast.get_docstring(tree) or "", sections[""]) if text), sections.get(
        "Notes", ""
    )


def docstring_sections_of(text: str) -> dict[str, str]:
    """The sections of a docstring that is at hand as text."""

    def holder() -> None: ...

    holder.__doc__ = text
    return docstring_sections(holder)


def nearest(name: str) -> str:
    """A refusal of a name that is no method, network or model, with the nearest that is."""
    from difflib import get_close_matches

    from segcli.learning.model_places import list_models

    known = [known.replace("_", "-") for known in NAMES]
    known += [row.name for row in ARCHITECTURES] + [model.name for model in list_models()]
    close = get_close_matches(name.replace("_", "-"), known, n=1)
    hint = f"did you mean {close[0]}?" if close else "segcli explain, without a name, lists them."
    return f"there is no method or network {name!r}; {hint}"
