"""segcli rerun: make an output again from what it says of itself."""

from __future__ import annotations

import json as jsonlib
import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from segcli.cli.options import check_choice
from segcli.cli.report import about, printable
from segcli.errors import EnvironmentFailure, SettingError, UsageError

if TYPE_CHECKING:
    from segcli.rerun import Made, Rerun

EXISTS = ("fail", "overwrite")


def rerun(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Masks, overlays, scores, steps that segcli wrote, or folders of them."),
    ],
    picture: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="PICTURE|FOLDER",
            help="What they were made from; looked for beside them and in the current folder.",
        ),
    ] = None,
    look_in: Annotated[
        list[str] | None,
        typer.Option("--look-in", metavar="PATH", help="Where hints and models are, a file or a folder; may repeat."),
    ] = None,
    command: Annotated[
        bool, typer.Option("--print", help="Print the command that makes each, for the shell, and run nothing.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="PATH", help="Write what was made: a file, or a folder for several."),
    ] = None,
    exists: Annotated[
        str, typer.Option("--exists", metavar="|".join(EXISTS), help="What to do about an existing file of -o.")
    ] = "fail",
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Lift the limits on the size of pictures.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of words.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is not byte-identical.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Make results again from what they say of themselves, and say whether they are byte-identical.

    Every file that segcli writes carries the method, all settings, and the hashes of its picture, hints and models.
    Ends with 0 where all are identical, 1 where one differs, 2 where one cannot be made again; nothing is written
    without -o.
    """
    check_choice("exists", exists, EXISTS)
    from segcli.rerun import as_row, read_made, shell_words, written_in
    from segcli.rerun import rerun as make_again

    files = [path for place in files for path in written_in(place)]
    targets = _targets(files, out, exists)
    more = tuple(look_in or ())
    for path in more:
        if not os.path.exists(path):
            raise SettingError("look-in", f"{path!r} does not exist.")
    worst = 0
    printed: set[str] = set()
    for path in files:
        try:
            made = read_made(path)
            words = shell_words(made, picture, more) if command else []
        except UsageError as failure:
            worst = 2
            _say_impossible(path, str(failure), json)
            continue
        if command:
            script = _script(made, words)
            # All steps of a picture are made by one command.
            if script not in printed:
                print(script)
            printed.add(script)
            continue
        found = make_again(made, picture, more, no_limits)
        worst = max(worst, {"identical": 0, "differs": 1, "impossible": 2}[found.status])
        if path in targets and found.data is not None:
            _put(targets[path], found.data)
        if json:
            print(jsonlib.dumps(as_row(made, found)), flush=True)
        else:
            _say(made, found, quiet)
    if worst:
        raise SystemExit(worst)


def _say(made: Made, found: Rerun, quiet: bool) -> None:
    """One line about a file."""
    if found.status == "impossible":
        _say_impossible(made.path, found.words, False)
    elif found.status == "differs" or not quiet:
        print(f"{printable(made.path)}  {found.words}", flush=True)


def _say_impossible(path: str, words: str, json: bool) -> None:
    """One line about a file that cannot be made again."""
    if json:
        print(jsonlib.dumps({"file": path, "status": "impossible", "message": words}), flush=True)
        return
    sys.stdout.flush()
    words = words.removeprefix(f"{path!r} ")
    print(f"segcli rerun: {about(path, words)}", file=sys.stderr)


def _targets(files: list[str], out: str | None, exists: str) -> dict[str, str]:
    """Where each file's remake goes.

    Raises
    ------
    UsageError : several for one file, an existing file, the file itself.
    """
    if out is None:
        return {}
    folder = out.endswith(("/", os.sep)) or os.path.isdir(out) or len(files) > 1
    if folder and os.path.isfile(out):
        raise UsageError(f"{len(files)} files cannot all be written to {out!r}; name a folder with -o.")
    targets = {path: os.path.join(out, os.path.basename(path)) if folder else out for path in files}
    if len(set(targets.values())) < len(targets):
        raise UsageError(f"two of the files have one name, so both would be written to one file in {out!r}.")
    for path, target in targets.items():
        if os.path.exists(target) and os.path.exists(path) and os.path.samefile(path, target):
            raise UsageError(f"{target!r} is the file that is checked; choose another place with -o.")
        if os.path.lexists(target) and exists == "fail":
            raise UsageError(f"{target!r} exists; --exists overwrite replaces it.")
    return targets


def _put(target: str, data: bytes) -> None:
    """Write a remake."""
    from segcli.files.write import make_parent, write_bytes

    make_parent(target)
    try:
        write_bytes(target, data)
    except EnvironmentFailure as failure:
        raise EnvironmentFailure(f"{target!r} {failure}") from failure


def _script(made: Made, words: list[str]) -> str:
    """A command for the shell; a recipe that is not at hand is written down first."""
    if "recipe" not in made.record:
        return shlex.join(words)
    from segcli.recipe import RecipeSegmenter, load_recipe, recipe_text
    from segcli.rerun.remake import recipe_of

    recipe = recipe_of(made.record)
    for folder in (".", os.path.dirname(made.path) or "."):
        path = os.path.normpath(os.path.join(folder, words[2]))
        try:
            same = os.path.isfile(path) and RecipeSegmenter(load_recipe(path)).record["recipe"] == made.record["recipe"]
        except UsageError:
            same = False
        if same:
            return shlex.join([*words[:2], path, *words[3:]])
    place = words[2] if not os.path.lexists(words[2]) else f"rerun/{words[2]}"
    lines = [] if place == words[2] else ["mkdir -p rerun"]
    lines += [f"cat > {shlex.quote(place)} <<'END_OF_RECIPE'", recipe_text(recipe) + "END_OF_RECIPE"]
    return "\n".join([*lines, shlex.join([*words[:2], place, *words[3:]])])
