"""segcli tune: find the method, its settings and its clean-up that fit pictures with a truth."""

from __future__ import annotations

import json as jsonlib
import os
import re
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from segcli.cli.options import check_choice
from segcli.errors import SettingError, UsageError

if TYPE_CHECKING:
    from segcli.judge import Judge
    from segcli.tuning.budget import Budget
    from segcli.tuning.finding import Finding
    from segcli.tuning.pictures import Pictures
    from segcli.tuning.search import Search

DATA, SEARCH, OUTPUT = "Pictures", "Search", "Output"
MOST_TRIALS, MOST_SECONDS = 1_000_000, 7 * 86_400
MOST_PICTURES = 32
"""More pictures would only leave less time for what is tried on them."""

UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def _option(flag: str, panel: str, metavar: str | None, text: str, *more: str) -> typer.models.OptionInfo:
    """An option of a panel; flags take no metavar."""
    found: typer.models.OptionInfo = typer.Option(
        flag, *more, metavar=metavar, help=text, show_default=False, rich_help_panel=panel
    )
    return found


def tune(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGES...", help="Pictures: files, folders, quoted globs. Five will do; of many, 32 are used."
        ),
    ],
    truth: Annotated[
        list[str] | None,
        _option("--truth", DATA, "MASKS", "Their true masks by name: a folder, or files (may repeat)."),
    ] = None,
    truth_suffix: Annotated[
        str | None,
        _option("--truth-suffix", DATA, "TEXT", "What names of masks end in, such as _mask; default: found out."),
    ] = None,
    recursive: Annotated[bool, _option("--recursive", DATA, None, "Look into subfolders.", "-r")] = False,
    kind: Annotated[
        str | None, _option("--kind", DATA, "mask|classes|instances", "What the masks are; default: found out.")
    ] = None,
    classes: Annotated[
        str | None, _option("--classes", DATA, "N|NAMES|FILE", "Of the masks, as in segcli check.")
    ] = None,
    ignore: Annotated[
        int | None, _option("--ignore", DATA, "N", "A number in the masks that means void, besides 255.")
    ] = None,
    mask_threshold: Annotated[
        float | None, _option("--mask-threshold", DATA, "GRAY", "True masks of what is above it.")
    ] = None,
    methods: Annotated[
        str | None,
        _option("--methods", SEARCH, "A,B,...", "Methods to search, such as otsu,kmeans; default: all that are quick."),
    ] = None,
    budget: Annotated[
        str,
        _option("--budget", SEARCH, "60s|5m|200", "Time, or a number of candidates beside the defaults; default 60s."),
    ] = "60s",
    score: Annotated[
        str | None,
        _option(
            "--score",
            SEARCH,
            "NAME",
            "dice, iou, f1-instance, ap-instance, pq, covering, boundary-f, miou, ...; default: what suits the masks.",
        ),
    ] = None,
    seed: Annotated[int, _option("--seed", SEARCH, "N", "Of the search; default 0.")] = 0,
    jobs: Annotated[
        int,
        _option(
            "--jobs",
            SEARCH,
            "N",
            "Worker processes; default 0: one a core. They change how far a time gets, no more.",
            "-j",
        ),
    ] = 0,
    out: Annotated[
        str,
        _option("--out", OUTPUT, "FILE.toml", "The recipe; default recipe.toml. Table and picture go beside.", "-o"),
    ] = "recipe.toml",
    exists: Annotated[
        str, _option("--exists", OUTPUT, "fail|overwrite", "What to do about existing files; default fail.")
    ] = "fail",
    json: Annotated[bool, _option("--json", OUTPUT, None, "One JSON object instead of words.")] = False,
    quiet: Annotated[bool, _option("--quiet", OUTPUT, None, "Print errors only.", "-q")] = False,
    debug: Annotated[bool, _option("--debug", OUTPUT, None, "Show the traceback of an error.")] = False,
) -> None:
    """Search methods, their settings, filters before and clean-up after them for what fits a few pictures with truth.

    Writes a recipe for segcli run, NAME.tried.csv and NAME.png. The score it tells is for new pictures: each picture is
    scored by what would have been chosen without it. Ctrl-C ends the search and keeps the best so far.
    """
    start = time.perf_counter()
    _check_numbers(seed, jobs, exists)
    limit = _budget(budget, start)
    names = _methods(methods)
    paths = _outputs(out, exists)
    options = {"suffix": truth_suffix, "kind": kind, "classes": classes, "ignore": ignore}
    pictures, judge = _pictures(images, truth, recursive, score, {**options, "mask_threshold": mask_threshold}, quiet)
    _refuse_inputs(paths, pictures)
    from segcli.batch import worker_count
    from segcli.tuning.search import Search

    search = Search(pictures, judge, names, limit, seed, worker_count(jobs), methods is not None)
    _run(search, quiet or json)
    from segcli.tuning.finding import conclude

    found = conclude(search)
    for note in [] if quiet else search.notes:
        print(f"segcli tune: {note}", file=sys.stderr)
    _write(found, paths)
    _tell(found, paths, time.perf_counter() - start, json, quiet)
    if search.stopped:
        raise KeyboardInterrupt


def _check_numbers(seed: int, jobs: int, exists: str) -> None:
    """Refuse numbers and words that cannot be."""
    for name, value, most in (("jobs", jobs, 1024), ("seed", seed, 2**32 - 1)):
        if not 0 <= value <= most:
            raise SettingError(name, f"is {value}; it must be between 0 and {most}.")
    check_choice("exists", exists, ("fail", "overwrite"))


def _budget(text: str, start: float) -> Budget:
    """A number of candidates, or a time."""
    from segcli.tuning.budget import Budget

    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|min|h)?", text.strip())
    if found is None:
        raise SettingError("budget", f"is {text!r}; it must be a time such as 60s or 5m, or a number such as 200.")
    number, unit = found.groups()
    if unit is None:
        if "." in number or int(number) > MOST_TRIALS:
            raise SettingError("budget", f"is {text!r}; a number of candidates is whole and at most {MOST_TRIALS:,}.")
        return Budget(trials=int(number), start=start)
    seconds = float(number) * UNITS[unit]
    if not 1 <= seconds <= MOST_SECONDS:
        raise SettingError("budget", f"is {text!r}; it must be between 1 second and a week.")
    return Budget(seconds=seconds, start=start)


def _methods(text: str | None) -> list[str]:
    """Names of the methods to search."""
    from segcli.compare import needs_a_hint
    from segcli.method import describe
    from segcli.methods import NAMES, find

    if text is None:
        return [name for name in NAMES if not needs_a_hint(describe(find(name)))]
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise SettingError("methods", "names none; write such as otsu,kmeans.")
    for word in words:
        if needs_a_hint(describe(find(word))):
            raise UsageError(f"{word!r} needs a fitted model, so it cannot be searched.")
    return list(dict.fromkeys(word.replace("-", "_") for word in words))


def _outputs(out: str, exists: str) -> tuple[str, str, str]:
    """Places of recipe, table and picture; refuses what stands there."""
    from segcli.files.write import check_folder

    stem, ending = os.path.splitext(out)
    if ending.lower() != ".toml":
        raise SettingError("out", f"is {out!r}; the recipe's name must end in .toml.")
    paths = (out, f"{stem}.tried.csv", f"{stem}.png")
    for path in paths:
        if os.path.isdir(path) or (os.path.lexists(path) and not os.path.isfile(path)):
            raise SettingError("out", f"needs {path!r}, which is no regular file; choose another name.")
        if os.path.lexists(path) and exists != "overwrite":
            raise UsageError(f"{path!r} exists; choose another name with -o, or --exists overwrite.")
    check_folder(os.path.dirname(out))
    return paths


def _pictures(
    images: Sequence[str],
    truth: Sequence[str] | None,
    recursive: bool,
    score: str | None,
    options: dict[str, str | int | float | None],
    quiet: bool,
) -> tuple[Pictures, Judge]:
    """The pictures that have a truth, and the score that suits it."""
    from segcli.files.sources import find_items
    from segcli.judge import Judge, usual_score
    from segcli.truths import find_truths
    from segcli.tuning.pictures import Pictures

    if not truth:
        raise UsageError("--truth is missing; name the folder of the true masks.")
    judge = Judge(score) if score is not None else None
    items = find_items(images, recursive=recursive)
    for item in items:
        if item.data is not None:
            raise UsageError("pictures are read again and again, so they must be files; - is none.")
        if not os.path.exists(item.path):
            raise UsageError(f"the picture {item.path!r} does not exist.")
    truths = find_truths(items, truth, **options)  # type: ignore[arg-type]
    missing = [item.name for item in items if item.name not in truths.examples]
    if missing and not quiet:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        print(f"segcli tune: no truth for {missing[0]!r}{more}; not used", file=sys.stderr)
    examples = list(truths.examples.values())
    if len(examples) > MOST_PICTURES:
        if not quiet:
            print(f"segcli tune: of {len(examples):,} pictures {MOST_PICTURES} are used, evenly", file=sys.stderr)
        examples = [examples[place * len(examples) // MOST_PICTURES] for place in range(MOST_PICTURES)]
    pictures = Pictures(tuple(examples), truths.meaning)
    for place in range(len(pictures)):
        _, labels = pictures.read(place)
    usual = usual_score(labels.kind, labels.count, labels.is_partition)
    return pictures, judge or Judge(usual)


def _refuse_inputs(paths: Sequence[str], pictures: Pictures) -> None:
    """Refuse to write over a picture or a mask."""
    read = {os.path.realpath(path) for one in pictures.examples for path in (one.image, *one.masks)}
    for path in paths:
        if os.path.realpath(path) in read:
            raise UsageError(f"{path!r} is one of the pictures or masks; choose another name with -o.")


def _run(search: Search, silent: bool) -> None:
    """Run a search to its end, or until it is interrupted with something to show."""
    from segcli.cli.report import progress
    from segcli.tuning.crew import Crew
    from segcli.tuning.trials import Examiner

    crew = Crew(Examiner(search.pictures, search.judge), search.workers)
    shown = 0
    try:
        with progress(100, not silent) as advance:
            for _ in search.run(crew):
                while shown < min(100, int(100 * search.budget.used(search.done))):
                    advance()
                    shown += 1
    except KeyboardInterrupt:
        if not search.has_default:
            raise
        search.stopped = True
    finally:
        crew.close()


def _write(found: Finding, paths: tuple[str, str, str]) -> None:
    """Write recipe, table and picture."""
    from segcli.files.write import put
    from segcli.tuning.words import picture, recipe_file, table

    recipe, tried, drawn = paths
    put(recipe, recipe_file(found).encode("utf-8", "backslashreplace"))
    put(tried, table(found).encode("utf-8", "backslashreplace"))
    put(drawn, picture(found))


def _tell(found: Finding, paths: tuple[str, str, str], seconds: float, json: bool, quiet: bool) -> None:
    """Print the outcome."""
    from segcli.cli.report import printable
    from segcli.tuning.words import as_dict, lines

    if json:
        print(jsonlib.dumps({**as_dict(found, seconds), "outputs": list(paths)}))
    elif not quiet:
        for line in lines(found, seconds):
            print(printable(line) if not line.isprintable() else line)
        print(f"{', '.join(map(printable, paths))}")
