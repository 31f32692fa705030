"""segcli methods: the table of methods."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated, Any

import typer

from segcli.method import Method, describe


def methods(
    json: Annotated[bool, typer.Option("--json", help="Print the whole table with knobs as JSON.")] = False,
) -> None:
    """List the segmentation methods, and with --json everything about their knobs."""
    from segcli.methods import all_methods

    rows = [describe(function) for function in all_methods()]
    if json:
        print(jsonlib.dumps([as_dict(row) for row in rows], indent=2))
        return
    width = max(len(row.command) for row in rows)
    for row in rows:
        print(f"{row.command:<{width}}  {row.family:<10}  {row.summary}")


def as_dict(method: Method) -> dict[str, Any]:
    """A method's row as JSON values."""
    return {
        "name": method.command,
        "family": method.family,
        "image": method.form,
        "summary": method.summary,
        "paper": method.paper,
        "knobs": [
            {
                "name": knob.name,
                "kind": knob.kind,
                "default": knob.default,
                "optional": knob.optional,
                "min": knob.min,
                "max": knob.max,
                "choices": list(knob.choices),
                "unit": knob.unit,
                "help": knob.help,
            }
            for knob in method.knobs
        ],
    }
