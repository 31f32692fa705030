"""segcli recipe: what recipes are made of, and what one does."""

from __future__ import annotations

import json as jsonlib
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.cli.options import check_choice
from segcli.cli.report import printable
from segcli.errors import SettingError

if TYPE_CHECKING:
    from segcli.recipe.flow import Stage
    from segcli.recipe.kinds import Setting

EXAMPLE = """[[steps]]
use = "median"
radius = 2

[[steps]]
use = "otsu"

[[steps]]
use = "clean"
min_size = 30
"""


def recipe(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print all kinds of steps and their settings as JSON.")] = False,
) -> None:
    """List what the steps of a recipe can be; `segcli recipe show FILE` says what one does.

    A recipe is a text file, NAME.toml, with a table [[steps]] for each step: use = "median", perhaps name = "calm",
    and a line for each setting; segcli recipe make writes one. segcli run NAME.toml PICTURES works by it.
    """
    if context.invoked_subcommand is not None:
        return
    from segcli.recipe.kinds import USES, kind_of

    kinds = [kind_of(use) for use in USES]
    if json:
        rows = [
            {
                "use": kind.use,
                "role": kind.role,
                "summary": kind.summary,
                "settings": [_setting(setting) for setting in kind.settings],
            }
            for kind in kinds
        ]
        print(jsonlib.dumps(rows, indent=2, default=str))
        return
    for role, heading in (
        ("filter", "change the picture:"),
        ("network", "segment (and so does every method of segcli methods, with its knobs):"),
        ("after", "change the latest segmentation, or the one that of = NAME says:"),
        ("join", "join several:"),
    ):
        print(heading)
        for kind in kinds:
            if kind.role == role:
                print(f"  {kind.use:<11} {kind.summary}")
                names = ", ".join(_words(setting) for setting in kind.settings if setting.name not in ("of", "image"))
                print(f"  {'':<11} {names}" if names else "", end="\n" if names else "")
    print('\nname = "..." lets other steps call a step: of = "...", image = "..." (or "input"), markers = "...".\n')
    print(EXAMPLE, end="")


def _setting(setting: Setting) -> dict[str, Any]:
    """A setting as JSON."""
    return {name: value for name, value in vars(setting).items() if value not in (None, "", ())}


def _words(setting: Setting) -> str:
    """A setting in short: its name, and what it takes."""
    if setting.choices:
        return f"{setting.name} ({'|'.join(map(str, setting.choices))})"
    low, high = getattr(setting, "min", None), getattr(setting, "max", None)
    if low is not None and high is not None:
        return f"{setting.name} ({low:g} to {high:g})"
    return setting.name


def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A recipe, NAME.toml.")],
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="PICTURE", help="Draw the steps: NAME.png or NAME.svg.")
    ] = None,
    exists: Annotated[
        str, typer.Option("--exists", metavar="fail|overwrite", help="What to do about an existing picture.")
    ] = "fail",
    json: Annotated[bool, typer.Option("--json", help="Print the steps with every setting as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Check a recipe and print its steps: what each works on, and what it is told."""
    if out is not None and os.path.splitext(out)[1].lower() not in (".png", ".svg"):
        raise SettingError("out", f"is {out!r}; the picture's name must end in .png or .svg.")
    check_choice("exists", exists, ("fail", "overwrite"))
    from segcli.recipe import RecipeSegmenter, load_recipe
    from segcli.recipe.flow import stages

    found = load_recipe(file)
    segmenter = RecipeSegmenter(found)
    steps = stages(found)
    if out is not None:
        _draw(steps, found.name, out, exists == "overwrite")
    if json:
        print(jsonlib.dumps(segmenter.record, indent=2))
        return
    rows = [("step", "does", "works on", "settings")]
    for number, step in enumerate(steps, 1):
        reads = ", ".join("input" if place < 0 else f"{place + 1} {steps[place].label}" for place in step.reads)
        rows.append((f"{number} {step.label}", step.use, reads, ", ".join(step.settings)))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip())


def make(
    steps: Annotated[
        list[str],
        typer.Argument(metavar="STEP...", help="Each in quotes: 'smooth sigma=1.5' 'otsu' 'clean min_size=30'."),
    ],
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE.toml", help="Where to write it; default: print it.")
    ] = None,
    exists: Annotated[
        str, typer.Option("--exists", metavar="fail|overwrite", help="What to do about an existing file.")
    ] = "fail",
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write a recipe from steps in words; a method as compare takes it, 'otsu blur=1 min_size=30', gives three."""
    if out is not None and not out.lower().endswith(".toml"):
        raise SettingError("out", f"is {out!r}; a recipe's name must end in .toml.")
    check_choice("exists", exists, ("fail", "overwrite"))
    from segcli.errors import UsageError
    from segcli.files.write import put
    from segcli.recipe import Recipe, recipe_text
    from segcli.recipe.words import steps_from_words

    recipe = Recipe(tuple(step for words in steps for step in steps_from_words(words)))
    if out is None:
        print(recipe_text(recipe), end="")
        return
    if os.path.lexists(out) and exists == "fail":
        raise UsageError(f"{out!r} exists; --exists overwrite replaces it, or choose another name.")
    put(out, recipe_text(recipe).encode())
    print(f"{printable(out)}  {' | '.join(step.label for step in recipe.steps)}")


def _draw(steps: tuple[Stage, ...], name: str, out: str, overwrite: bool) -> None:
    """Draw the steps into a file."""
    from segcli.errors import UsageError
    from segcli.figures.flow_plot import FlowBox, flow_plot
    from segcli.files.write import put

    if os.path.lexists(out) and not overwrite:
        raise UsageError(f"{out!r} exists; --exists overwrite replaces it, or choose another name.")
    columns: Any = {"filter": "picture", "method": "segmentation", "network": "segmentation"}
    boxes = [FlowBox("input", ("the picture",), "picture")]
    for number, step in enumerate(steps, 1):
        named = (step.use,) if step.label != step.use else ()
        reads = tuple(place + 1 for place in step.reads)
        title = f"{number} {step.label}"
        boxes.append(FlowBox(title, (*named, *step.settings), columns.get(step.role, "change"), reads))
    put(out, flow_plot(boxes, f"Recipe {name}", "svg" if out.lower().endswith(".svg") else "png"))


SUBCOMMANDS = {"show": show, "make": make}
