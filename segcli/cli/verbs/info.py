"""segcli info: what a file holds."""

from __future__ import annotations

import json as jsonlib
import sys
from typing import Annotated

import typer

from segcli.cli.report import about
from segcli.errors import InputError


def info(
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE...", help="Files, folders or quoted globs; - is stdin.")
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into subfolders.")] = False,
) -> None:
    """Say what image files hold: size, type, pages, range, whether they look like labels, how they were made."""
    from segcli.files.info import image_info
    from segcli.files.sources import find_items

    failed = False
    for item in find_items(images, recursive=recursive):
        try:
            found = image_info(item.data if item.data is not None else item.path)
        except InputError as failure:
            failed = True
            print(f"segcli info: {about(item.name, str(failure))}", file=sys.stderr)
            continue
        if json:
            print(jsonlib.dumps({"input": item.name, **found}, allow_nan=False))
        else:
            print(item.name if item.name.isprintable() else repr(item.name))
            for name, value in found.items():
                if value is not None and value != "" and value != []:
                    print(f"  {name.replace('_', ' '):<12} {value}")
    if failed:
        raise SystemExit(1)
