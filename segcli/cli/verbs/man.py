"""segcli man: manual pages."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from segcli.cli.options import check_choice
from segcli.errors import UsageError


def man(
    command: Annotated[
        str | None,
        typer.Argument(metavar="[COMMAND]", help="A method or another command; without one, segcli itself."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE|FOLDER",
            help="Write the page into a file such as segcli.1, or all pages into a folder.",
            show_default=False,
        ),
    ] = None,
    exists: Annotated[
        str, typer.Option("--exists", metavar="fail|overwrite", help="What to do about existing files of others.")
    ] = "fail",
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write manual pages, as man reads them.

    To read one: segcli man otsu | man -l -   To install all: segcli man -o ~/.local/share/man/man1 and then man
    segcli-otsu. Pages of an earlier version are replaced.
    """
    from segcli.cli.manual import manual_page, page_file, page_names

    check_choice("exists", exists, ("fail", "overwrite"))
    if out in (None, "-"):
        sys.stdout.write(manual_page(command or ""))
        return
    assert out is not None
    if not os.path.isdir(out) and not out.endswith(("/", os.sep)) and os.path.splitext(out)[1]:
        pages = {out: command or ""}
    elif command is None:
        pages = {os.path.join(out, page_file(name)): name for name in page_names()}
    else:
        pages = {os.path.join(out, page_file(command)): command}
    _check(list(pages), exists == "overwrite")
    from segcli.files.write import put

    for path, name in pages.items():
        put(path, manual_page(name).encode("ascii"))
    print(f"{out}  {len(pages)} page{'s' if len(pages) > 1 else ''}")


def _check(paths: list[str], overwrite: bool) -> None:
    """Refuse to write over anything but earlier pages, and where nothing can be written."""
    from segcli.files.write import check_folder

    for folder in {os.path.dirname(path) for path in paths}:
        check_folder(folder)
    for path in paths:
        if not os.path.lexists(path) or overwrite:
            continue
        try:
            with open(path, "rb") as stream:
                start = stream.read(11)
        except OSError as failure:
            raise UsageError(f"{path!r} cannot be read: {failure.strerror}.") from failure
        if start != b".TH SEGCLI\\" and start != b".TH SEGCLI ":
            raise UsageError(f"{path!r} exists and is no page of segcli; choose another name, or --exists overwrite.")
