"""The options that every segmenter shares, once; `Shared` is what a command line said of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Optional, get_type_hints

import typer

from segcli.errors import SettingError
from segcli.files.write import ENDINGS

KINDS = tuple(ENDINGS)
EXISTS = ("fail", "skip", "overwrite", "resume")
ALPHA = ("white", "keep", "mask")


@dataclass(frozen=True, eq=False, repr=False)
class Shared:
    """Values of the shared options of one command line."""

    inputs: tuple[str, ...] = ()
    files_from: str | None = None
    null: bool = False
    recursive: bool = False
    page: str | None = None
    out: str | None = None
    name: str = "{stem}.{method}"
    kinds: tuple[str, ...] = ()
    exists: str = "fail"
    jobs: int = 1
    channel: str | None = None
    blur: float = 0.0
    roi: str | None = None
    nodata: float | None = None
    alpha: str = "white"
    no_limits: bool = False
    smooth: int = 0
    fill_holes: bool = False
    clear_border: bool = False
    min_size: int = 0
    largest: bool = False
    dry_run: bool = False
    table: str | None = None
    steps: str | None = None
    show: bool = False
    json: bool = False
    report: str | None = None
    quiet: bool = False
    debug: bool = False

    @classmethod
    def take(cls, values: dict[str, Any]) -> Shared:
        """Take the shared values out of all of a command line's values."""
        found: dict[str, Any] = {}
        for field in fields(cls):
            value = values.pop(field.name, None)
            if value is None or value == []:
                continue
            found[field.name] = tuple(value) if isinstance(value, list) else value
        return cls(**found)


def _words(*words: str) -> Any:
    """Completion of a fixed set of words."""
    return lambda incomplete: [word for word in words if word.startswith(incomplete)]


def _option(panel: str, *flags: str, **settings: Any) -> Any:
    return typer.Option(*flags, rich_help_panel=panel, show_default=False, **settings)


INPUT, OUTPUT, BEFORE, AFTER, SHOWN = "Input", "Output", "Before the method", "Clean-up", "Reports"

SHARED: Mapping[str, Any] = {
    "inputs": Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads Optional at run time
        typer.Argument(metavar="[INPUT]...", help="Files, folders, quoted globs, or - for standard input."),
    ],
    "files_from": Annotated[
        str,
        _option(INPUT, "--files-from", metavar="FILE", help="Take inputs from a list, one path a line; - is stdin."),
    ],
    "null": Annotated[
        bool, _option(INPUT, "-0", help="The paths of --files-from end in NUL, as find -print0 writes them.")
    ],
    "recursive": Annotated[bool, _option(INPUT, "--recursive", "-r", help="Look into subfolders.")],
    "page": Annotated[
        str,
        _option(INPUT, "--page", metavar="N|all", help="Page of a TIFF, GIF or WebP file, from 1; default the first."),
    ],
    "alpha": Annotated[
        str,
        _option(
            INPUT,
            "--alpha",
            metavar="|".join(ALPHA),
            autocompletion=_words(*ALPHA),
            help="Transparent pixels: composite on white (default), keep the colors, or leave them out (mask).",
        ),
    ],
    "no_limits": Annotated[bool, _option(INPUT, "--no-limits", help="Lift the limits on size, pages and metadata.")],
    "out": Annotated[
        str,
        _option(
            OUTPUT,
            "--out",
            "-o",
            metavar="PATH",
            help="A file (its ending decides the format), a folder (input folders are mirrored), or - for stdout.",
        ),
    ],
    "name": Annotated[
        str,
        _option(
            OUTPUT,
            "--name",
            metavar="TEMPLATE",
            help="Names in a folder: {stem} {method} {page} {ext} {parent}; default '{stem}.{method}'.",
        ),
    ],
    "kinds": Annotated[
        list[str],
        _option(
            OUTPUT,
            "--as",
            metavar="KIND",
            autocompletion=_words(*KINDS),
            help=f"What to write, may repeat: {', '.join(KINDS)}; default mask, boxes for -o NAME.json.",
        ),
    ],
    "exists": Annotated[
        str,
        _option(
            OUTPUT,
            "--exists",
            metavar="|".join(EXISTS),
            autocompletion=_words(*EXISTS),
            help="What to do about existing outputs; default fail, before any work.",
        ),
    ],
    "jobs": Annotated[
        int, _option(OUTPUT, "--jobs", "-j", metavar="N", help="Worker processes; default 1, 0 is one a core.")
    ],
    "dry_run": Annotated[bool, _option(OUTPUT, "--dry-run", "-n", help="Print the plan, write nothing.")],
    "channel": Annotated[
        str,
        _option(BEFORE, "--channel", metavar="C", help="Work on one channel: r g b h s v L a b* or a number from 0."),
    ],
    "blur": Annotated[float, _option(BEFORE, "--blur", metavar="SIGMA", help="Gaussian blur, in pixels.")],
    "roi": Annotated[
        str,
        _option(BEFORE, "--roi", metavar="MASK", help="Only pixels inside this mask (a file, or a folder by stem)."),
    ],
    "nodata": Annotated[float, _option(BEFORE, "--nodata", metavar="VALUE", help="Pixels of this value are left out.")],
    "smooth": Annotated[
        int, _option(AFTER, "--smooth", metavar="RADIUS", help="Smooth outlines by majority, in pixels.")
    ],
    "fill_holes": Annotated[bool, _option(AFTER, "--fill-holes", help="Fill holes inside objects.")],
    "clear_border": Annotated[bool, _option(AFTER, "--clear-border", help="Drop objects that touch the border.")],
    "min_size": Annotated[int, _option(AFTER, "--min-size", metavar="N", help="Drop objects of fewer pixels.")],
    "largest": Annotated[bool, _option(AFTER, "--largest", help="Keep the largest object alone.")],
    "table": Annotated[
        str,
        _option(SHOWN, "--table", metavar="FILE", help="Measure regions into one CSV (or .json) file for all inputs."),
    ],
    "steps": Annotated[
        str, _option(SHOWN, "--steps", metavar="FOLDER", help="Numbered pictures of how each result came about.")
    ],
    "show": Annotated[bool, _option(SHOWN, "--show", help="Show the result in the terminal.")],
    "json": Annotated[bool, _option(SHOWN, "--json", help="One JSON object a line on stdout instead of words.")],
    "report": Annotated[str, _option(SHOWN, "--report", metavar="FILE", help="The same JSON lines into a file.")],
    "quiet": Annotated[bool, _option(SHOWN, "--quiet", "-q", help="Print errors only.")],
    "debug": Annotated[bool, _option(SHOWN, "--debug", help="Show the traceback of an error.")],
}
"""Each shared option as Typer wants it, by its name in `Shared`."""


def sharing(function: Callable[..., None], without: Collection[str] = ()) -> Callable[..., None]:
    """Give a function the inputs and shared options, but for some, behind its own; it gets them as `shared`."""

    def callback(**values: Any) -> None:
        shared = Shared.take(values)
        function(**values, shared=shared)

    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name != "shared"
    ]
    parameters = [*own, *(one for one in shared_parameters() if one.name not in without)]
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    callback.__doc__ = function.__doc__
    return callback


def shared_parameters() -> list[inspect.Parameter]:
    """The shared options as parameters of a command's callback."""
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if hint.__origin__ is bool else None,
            annotation=hint,
        )
        for name, hint in SHARED.items()
    ]


def check_choice(option: str, word: str, known: Collection[str]) -> None:
    """Refuse a word that is none of an option's choices.

    Raises
    ------
    SettingError : the option and what it takes.
    """
    if word not in known:
        raise SettingError(option, f"is {word!r}; it must be one of {', '.join(known)}.")
