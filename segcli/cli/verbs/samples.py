"""segcli samples: a drawn training set."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from segcli.errors import UsageError

ACTIONS = ("make",)


def samples(
    action: Annotated[str, typer.Argument(metavar="make", help="make: draw a training set.")],
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A new folder for train/, val/ and test/.")],
    count: Annotated[int, typer.Option("--count", metavar="N", help="Pictures in all.")] = 200,
    size: Annotated[int, typer.Option("--size", metavar="PIXELS", help="Height and width.")] = 128,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Equal seeds give equal files.")] = 0,
    task: Annotated[
        str,
        typer.Option("--task", metavar="classes|instances", help="Masks of classes, or of numbered objects (16-bit)."),
    ] = "classes",
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Draw a training set: overlapping discs and cells in uneven light, with their classes and numbered objects."""
    from segcli.samples import make_samples

    if action not in ACTIONS:
        raise UsageError(f"{action!r} is no action; it must be {' or '.join(ACTIONS)}.")
    written = sum(1 for _ in make_samples(folder, count=count, size=size, seed=seed, task=task))
    if json:
        print(jsonlib.dumps({"output": folder, "status": "done", "pictures": written, "task": task, "seed": seed}))
    elif not quiet:
        print(f"{folder}  {written:,} pictures of {size} x {size}, {task}")
