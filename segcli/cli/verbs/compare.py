"""segcli compare: which of many segmenters fits these pictures."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from segcli.errors import InputError, SettingError

if TYPE_CHECKING:
    from segcli.compare import Contest
    from segcli.compare.run import Outputs
    from segcli.compare.words import Told
    from segcli.files.sources import Item
    from segcli.truths import Truths

WHO, TRUTH, OUTPUT = "Who is compared", "Truth and scores", "Output"
EXISTS = ("fail", "overwrite")
GROUNDS = ("zero", "border")


def _option(flag: str, panel: str, metavar: str | None, text: str, *more: str) -> typer.models.OptionInfo:
    """An option of a panel; flags take no metavar."""
    found: typer.models.OptionInfo = typer.Option(
        flag, *more, metavar=metavar, help=text, show_default=False, rich_help_panel=panel
    )
    return found


def compare(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Files, folders or quoted globs.")],
    methods: Annotated[
        str | None,
        _option(
            "--methods",
            WHO,
            "A,B,...",
            "Methods, models and recipes by name; all is the usual ones. Default: every method that needs no hint, and "
            "the networks that come along.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        _option("--with", WHO, "WORDS", "A method with settings, such as 'kmeans classes=3 space=lab'; may repeat."),
    ] = None,
    truth: Annotated[
        list[str] | None,
        _option("--truth", TRUTH, "FILE|FOLDER", "True masks, paired by name as segcli eval does; may repeat."),
    ] = None,
    score: Annotated[
        list[str] | None,
        _option(
            "--score",
            TRUTH,
            "NAME",
            "dice, iou, pixel-accuracy, miou, boundary-f, f1-instance, ap-instance, pq, covering, rand or vi; may "
            "repeat, the first ranks. Default: dice of masks, miou of classes, f1-instance of objects.",
        ),
    ] = None,
    ground: Annotated[
        str,
        _option(
            "--ground",
            TRUTH,
            "|".join(GROUNDS),
            "What scores take for background: class 0 (zero, the default), or the class and the regions that hold the "
            "picture's border, which gives partitions an object, too.",
        ),
    ] = "zero",
    truth_suffix: Annotated[
        str | None, _option("--truth-suffix", TRUTH, "TEXT", "What names of masks end in, such as _mask.")
    ] = None,
    classes: Annotated[
        str | None, _option("--classes", TRUTH, "N|NAMES|FILE", "Of the truth, as in segcli check.")
    ] = None,
    kind: Annotated[
        str | None, _option("--kind", TRUTH, "mask|classes|instances", "What true masks are; default found out.")
    ] = None,
    ignore: Annotated[
        int | None, _option("--ignore", TRUTH, "N", "A number in the truth that means void, besides 255.")
    ] = None,
    mask_threshold: Annotated[
        float | None, _option("--mask-threshold", TRUTH, "GRAY", "True masks of what is above it.")
    ] = None,
    out: Annotated[
        str | None,
        _option(
            "--out",
            OUTPUT,
            "PATH",
            "The contact sheet, a PNG; of several pictures it shows the 8 on which methods part most. A folder: one "
            "page a picture. Default: STEM.compare.png, of several pictures compare.png.",
            "-o",
        ),
    ] = None,
    table: Annotated[
        str | None, _option("--table", OUTPUT, "FILE.csv|json", "A row for each picture and segmenter, and means.")
    ] = None,
    consensus: Annotated[
        str | None,
        _option(
            "--consensus",
            OUTPUT,
            "FOLDER",
            "Masks that most agree on (STEM.majority.png, STEM.staple.png), where they part (STEM.disagreement.png) "
            "and who agrees with whom (agreement.csv).",
        ),
    ] = None,
    seconds: Annotated[
        bool,
        typer.Option(
            "--seconds/--no-seconds",
            help="Say how long each takes. They differ from run to run; without them equal runs give equal files.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = True,
    exists: Annotated[
        str, _option("--exists", OUTPUT, "|".join(EXISTS), "What to do about existing files; default fail.")
    ] = "fail",
    recursive: Annotated[bool, _option("--recursive", WHO, None, "Look into subfolders.", "-r")] = False,
    jobs: Annotated[int, _option("--jobs", OUTPUT, "N", "Worker processes; default 0, one a core.", "-j")] = 0,
    json: Annotated[bool, _option("--json", OUTPUT, None, "One JSON object instead of words.")] = False,
    quiet: Annotated[bool, _option("--quiet", OUTPUT, None, "Print errors only.", "-q")] = False,
    debug: Annotated[bool, _option("--debug", OUTPUT, None, "Show the traceback of an error.")] = False,
) -> None:
    """Try many segmenters on pictures: a contact sheet, a table, and what they agree on.

    With truth the best comes first. Without, segmenters are ordered by how far they agree with the others, and
    pictures by how far they do not: annotate those next. A segmenter that fails is a tile that says so. Ends with 1
    where a picture or its truth cannot be read.
    """
    _check(jobs, exists, ground, table)
    asked = _asked(score or [], bool(truth))
    from segcli.compare import Contest, named_entries, usual_entries
    from segcli.files.sources import find_items

    items = find_items(images, recursive=recursive)
    names = [word.strip() for word in (methods or "").split(",") if word.strip()] + (settings or [])
    entries = named_entries(names) if methods is not None or settings else usual_entries()
    truths = None
    if truth:
        from segcli.truths import find_truths

        meaning: Any = {"classes": classes, "kind": kind, "ignore": ignore, "mask_threshold": mask_threshold}
        truths = find_truths(items, truth, suffix=truth_suffix, **meaning)
    _tell_missing(items, truths, quiet)
    contest = Contest(entries, _scores(asked, truths, items), truths, ground=cast(Any, ground))
    from segcli.compare.run import Outputs

    outputs = Outputs.of(items, out, table, consensus, overwrite=exists == "overwrite", seconds=seconds)
    told, faults, stopped = _run(contest, items, outputs, jobs, quiet)
    if told is not None:
        _say(told, outputs, json, quiet)
    if stopped:
        raise KeyboardInterrupt
    if faults:
        raise SystemExit(1)


def _check(jobs: int, exists: str, ground: str, table: str | None) -> None:
    """Refuse words and numbers that cannot be."""
    if not 0 <= jobs <= 1024:
        raise SettingError("jobs", f"is {jobs}; it must be between 0 and 1024.")
    for name, word, known in (("exists", exists, EXISTS), ("ground", ground, GROUNDS)):
        if word not in known:
            raise SettingError(name, f"is {word!r}; it must be one of {', '.join(known)}.")
    if table is not None and not table.lower().endswith((".csv", ".json")):
        raise SettingError("table", f"is {table!r}; its name must end in .csv or .json.")


def _asked(names: Sequence[str], with_truth: bool) -> tuple[str, ...]:
    """Scores that are asked for, by their own names."""
    if names and not with_truth:
        raise SettingError("score", f"is {names[0]!r}; it needs the truth, --truth.")
    from segcli.judge import Judge

    return tuple(dict.fromkeys(Judge(name).name for name in names))


def _scores(asked: tuple[str, ...], truths: Truths | None, items: Sequence[Item]) -> tuple[str, ...]:
    """Names of the scores; the usual one of the truth by default."""
    from segcli.judge import usual_score

    if truths is None or asked:
        return asked
    first = next((item for item in items if item.name in truths.examples), None)
    try:
        true = None if first is None else truths.of(first)
    except InputError:
        true = None
    if true is None:
        return ("dice",)
    return (usual_score(true.kind, true.count, true.is_partition),)


def _tell_missing(items: Sequence[Item], truths: Truths | None, quiet: bool) -> None:
    """Say which pictures have no truth, and which masks no picture."""
    if truths is None or quiet:
        return
    from segcli.files.datasets.example import listed

    missing = [item.name for item in items if item.name not in truths.examples]
    if missing:
        print(f"segcli compare: no truth for {listed(missing)}; nothing is scored there", file=sys.stderr)
    if truths.spare:
        print(f"segcli compare: masks without a picture here: {listed(list(truths.spare))}", file=sys.stderr)


def _run(
    contest: Contest, items: Sequence[Item], outputs: Outputs, jobs: int, quiet: bool
) -> tuple[Told | None, int, bool]:
    """Try everything and write what is asked for; what was told, how many pictures are at fault, whether by Ctrl-C."""
    from segcli.batch import worker_count
    from segcli.cli.report import progress
    from segcli.compare.run import Progress, finish, run

    faults, stopped = 0, False
    state = Progress()
    workers = min(worker_count(jobs), len(items) * len(contest.entries))
    with progress(len(items) * len(contest.entries), not quiet) as advance:
        try:
            for fault in run(contest, items, outputs, state, workers, advance):
                faults += 1
                print(f"segcli compare: {fault}", file=sys.stderr)
        except KeyboardInterrupt:
            # What is done is kept, also of the picture that was under way.
            stopped = True
    return finish(outputs, state), faults, stopped


def _say(told: Told, outputs: Outputs, json: bool, quiet: bool) -> None:
    """Print the standings."""
    from segcli.compare.words import as_dict, closing, columns, title

    if json:
        print(jsonlib.dumps({**as_dict(told), "outputs": list(outputs.written)}))
        return
    if quiet:
        return
    print(title(told))
    names, rows = columns(told)
    if sys.stdout.isatty():
        _print_rich(names, rows)
    else:
        _print_plain(names, rows)
    from segcli.cli.report import printable

    for line in closing(told):
        print(line)
    if outputs.written:
        shown = [printable(path) for path in outputs.written]
        print("-> " + ", ".join(shown[:6]) + (f" and {len(shown) - 6:,} more" if len(shown) > 6 else ""))


def _print_plain(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns of words; all but the segmenter's name and the last are set to the right."""
    widths = [max(len(row[place]) for row in (names, *rows)) for place in range(len(names))]
    for row in (names, *rows):
        cells = [
            word.ljust(width) if place in (1, len(names) - 1) else word.rjust(width)
            for place, (word, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _print_rich(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The same on a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(names):
        side: Any = "left" if place in (1, len(names) - 1) else "right"
        shown.add_column(name, justify=side, no_wrap=place < len(names) - 1)
    for row in rows:
        shown.add_row(*(Text(word) for word in row))
    Console(soft_wrap=False).print(shown)
