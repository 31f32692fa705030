"""segcli eval: how well predictions agree with the truth."""

from __future__ import annotations

import json as jsonlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.errors import EnvironmentFailure, SettingError, UsageError

if TYPE_CHECKING:
    from segcli.evaluate import Counted, Evaluation
    from segcli.evaluate.plan import Choices, Plan
    from segcli.scores.conditions import Condition
    from segcli.scores.resampling import Difference

TASKS = "semantic|instance|boundary|saliency|partition"
DATA, SCORING, OUTPUT = "What is scored", "Scoring", "Output"
SHOWN = 10
"""Faults that are told one by one."""

MANY_FILES, MANY_PICTURES = 1000, 32
"""Predictions in files, and pictures to segment, from which worker processes are worth their start."""


def _option(flag: str, panel: str, metavar: str | None, text: str) -> typer.models.OptionInfo:
    """An option of a panel; flags take no metavar."""
    found: typer.models.OptionInfo = typer.Option(
        flag, metavar=metavar, help=text, show_default=False, rich_help_panel=panel
    )
    return found


def eval(  # noqa: A001
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="[PREDICTIONS] TRUTH",
            help="A folder of predictions and the truth: masks, or a data set as segcli train takes it; or two files. "
            "With --model or --method the data set alone.",
        ),
    ],
    model: Annotated[
        str | None, _option("--model", DATA, "NAME|FILE", "A network, as segcli predict takes it.")
    ] = None,
    method: Annotated[
        str | None,
        _option("--method", DATA, "NAME", "A method in words, such as 'kmeans classes=3', or a recipe's file."),
    ] = None,
    settings: Annotated[
        list[str] | None, _option("--set", DATA, "NAME=VALUE", "A knob or shared option of the method; may repeat.")
    ] = None,
    vs: Annotated[
        str | None,
        _option(
            "--vs",
            DATA,
            "OTHER",
            "Compare with other predictions of the same pictures: a folder, a model, or a method in words such as "
            "'kmeans classes=2', or a recipe's file.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        _option("--split", DATA, "PART", "test, val, train or all; default: test if there is one, else val, else all."),
    ] = None,
    images: Annotated[
        str | None, _option("--images", DATA, "FOLDER", "The pictures, below TRUTH or anywhere; the report shows them.")
    ] = None,
    masks: Annotated[str | None, _option("--masks", DATA, "FOLDER", "The masks, below TRUTH or anywhere.")] = None,
    suffix: Annotated[
        str | None, _option("--suffix", DATA, "TEXT", "What names of true masks end in, such as _mask.")
    ] = None,
    prediction_suffix: Annotated[
        str | None,
        _option("--prediction-suffix", DATA, "TEXT", "What names of predictions end in; default: found out."),
    ] = None,
    allow_missing: Annotated[
        bool, _option("--allow-missing", DATA, None, "Score the pictures that have a prediction, and say how many not.")
    ] = False,
    task: Annotated[
        list[str] | None, _option("--task", SCORING, TASKS, "What to score, may repeat; default: what suits the truth.")
    ] = None,
    classes: Annotated[
        str | None, _option("--classes", SCORING, "N|NAMES|FILE", "Of the truth, as in segcli check.")
    ] = None,
    kind: Annotated[
        str | None, _option("--kind", SCORING, "mask|classes|instances", "What true masks are; default found out.")
    ] = None,
    ignore: Annotated[
        int | None, _option("--ignore", SCORING, "N", "A number in the truth that means void, besides 255.")
    ] = None,
    mask_threshold: Annotated[
        float | None, _option("--mask-threshold", SCORING, "GRAY", "True masks of what is above it.")
    ] = None,
    threshold: Annotated[
        float | None, _option("--threshold", SCORING, "X", "Predictions are probabilities; objects are above it.")
    ] = None,
    resamples: Annotated[
        int, _option("--resamples", SCORING, "N", "Draws of pictures for the intervals, default 2000; 0 for none.")
    ] = 2000,
    seed: Annotated[int, _option("--seed", SCORING, "N", "Of the draws; default 0.")] = 0,
    device: Annotated[
        str, _option("--device", SCORING, "auto|cpu|cuda|cuda:N|mps", "Where a network computes.")
    ] = "auto",
    gray: Annotated[
        bool, _option("--gray", SCORING, None, "A network that takes gray takes that of color pictures.")
    ] = False,
    fail_under: Annotated[
        list[str] | None,
        _option("--fail-under", OUTPUT, "NAME=VALUE", "End with 1 if a score is worse, such as miou=0.7; may repeat."),
    ] = None,
    table: Annotated[str | None, _option("--table", OUTPUT, "FILE.csv|json", "The scores of each picture.")] = None,
    report: Annotated[
        str | None, _option("--report", OUTPUT, "FILE.html", "A page with scores, curves and the worst pictures.")
    ] = None,
    jobs: Annotated[int, _option("--jobs", OUTPUT, "N", "Worker processes; default 0: as many as are worth it.")] = 0,
    json: Annotated[bool, _option("--json", OUTPUT, None, "One JSON object instead of words.")] = False,
    quiet: Annotated[bool, _option("--quiet", OUTPUT, None, "Print errors and missed conditions only.")] = False,
    debug: Annotated[bool, _option("--debug", OUTPUT, None, "Show the traceback of an error.")] = False,
) -> None:
    """Score predictions against the truth: folders paired by name, a network, or a classical method.

    Scores with 95 % intervals (bootstrap over pictures), of each class and picture. Ends with 1 where a picture
    cannot be scored or --fail-under is missed; a missing prediction is an error.
    """
    _check(jobs, resamples, seed, threshold, table, report)
    start = time.perf_counter()
    predictions, place = _places(places, model, method)
    from segcli.evaluate.plan import find_truth

    options: dict[str, Any] = {"images": images, "masks": masks, "suffix": suffix, "classes": classes, "kind": kind}
    options |= {"ignore": ignore, "mask_threshold": mask_threshold}
    truth = find_truth(place, split, with_pictures=not predictions, options=options)
    from segcli.evaluate.plan import Choices, plan_words

    chosen = Choices(prediction_suffix, threshold, allow_missing, device, gray)
    plans = [_first(truth, predictions, model, method, settings or [], task or [], chosen)]
    if vs is not None:
        tasks = [tally.task for tally in plans[0].tallies]
        plans.append(plan_words(vs, truth, tasks, replace(chosen, suffix=None)))
    conditions = _conditions(fail_under or [], plans[0])
    for plan in plans:
        for note in plan.notes if not quiet else ():
            print(f"segcli eval: {note}", file=sys.stderr)
    found = [_evaluated(plan, jobs, resamples, seed, quiet, json) for plan in plans]
    differences = None
    if len(found) > 1:
        from segcli.evaluate import compare

        differences = compare(*found, resamples=resamples, seed=seed)
    seconds = time.perf_counter() - start
    _write(found, differences, table, report)
    missed = _missed(conditions, found[0])
    if json:
        from segcli.evaluate.words import as_dict

        print(jsonlib.dumps({**as_dict(found, differences), "missed": missed, "seconds": round(seconds, 4)}))
    elif not quiet:
        from segcli.cli.report import printable
        from segcli.evaluate.words import lines

        for line in lines(found, differences, seconds):
            print(printable(line) if line else "")
    sys.stdout.flush()
    for line in missed:
        print(f"segcli eval: {line}", file=sys.stderr)
    if missed:
        raise SystemExit(1)


def _check(
    jobs: int, resamples: int, seed: int, threshold: float | None, table: str | None, report: str | None
) -> None:
    """Refuse numbers and places that cannot be."""
    for name, value, most in (("jobs", jobs, 1024), ("resamples", resamples, 1_000_000), ("seed", seed, 2**32 - 1)):
        if not 0 <= value <= most:
            raise SettingError(name, f"is {value}; it must be between 0 and {most}.")
    if threshold is not None and not 0 < threshold < 1:
        raise SettingError("threshold", f"is {threshold:g}; it must be between 0 and 1.")
    from segcli.files.write import check_folder

    for flag, path, endings in (("table", table, (".csv", ".json")), ("report", report, (".html", ".htm"))):
        if path is None:
            continue
        if not path.lower().endswith(endings):
            raise SettingError(flag, f"is {path!r}; its name must end in {' or '.join(endings)}.")
        if os.path.isdir(path):
            raise SettingError(flag, f"is {path!r}, which is a folder; name a file.")
        check_folder(os.path.dirname(path))
        _check_replaceable(flag, path)


def _check_replaceable(flag: str, path: str) -> None:
    """Refuse to write over anything but an earlier table or page."""
    if not os.path.lexists(path):
        return
    from segcli.evaluate.words import BEGINNINGS

    try:
        with open(path, "rb") as stream:
            start = stream.read(64)
    except OSError as failure:
        raise UsageError(f"{path!r} cannot be read: {failure.strerror}.") from failure
    if start and not start.startswith(BEGINNINGS):
        raise SettingError(flag, f"is {path!r}, which exists and is not of segcli eval; choose another name.")


def _places(places: list[str], model: str | None, method: str | None) -> tuple[str, str]:
    """Predictions ('' where they are made) and truth."""
    if model is not None and method is not None:
        raise UsageError("--model and --method are given; score one, and compare with the other by --vs.")
    made = model is not None or method is not None
    if made and len(places) != 1:
        raise UsageError(f"{len(places)} places are given; with --model or --method name the data set alone.")
    if not made and len(places) != 2:
        raise UsageError(
            f"{len(places)} place{'s are' if len(places) > 1 else ' is'} given; name predictions and truth, or the "
            "data set with --model or --method."
        )
    return ("", places[0]) if made else (places[0], places[1])


def _first(
    truth: Any,
    predictions: str,
    model: str | None,
    method: str | None,
    settings: list[str],
    tasks: list[str],
    chosen: Choices,
) -> Plan:
    """What is scored first, or alone."""
    from segcli.evaluate.plan import plan_files, plan_model, plan_named

    if settings and method is None:
        raise SettingError("set", f"is {settings[0]!r}; it goes with --method.")
    if model is not None:
        return plan_model(model, truth, tasks, chosen)
    if method is not None:
        return plan_named(" ".join((method, *settings)), truth, tasks)
    return plan_files(predictions, truth, tasks, chosen)


def _conditions(texts: list[str], plan: Plan) -> list[Condition]:
    """What scores must reach."""
    from segcli.scores.conditions import read_condition
    from segcli.scores.tallies import score_names

    known = {tally.task: score_names(tally) for tally in plan.tallies}
    return [read_condition(text, known) for text in texts]


def _missed(conditions: list[Condition], found: Evaluation) -> list[str]:
    """What is to be said of conditions that are not met."""
    scores = {result.task: result.scores for result in found.results}
    said = [one.complaint(scores[one.task][one.score]) for one in conditions]
    return [words for words in said if words]


def _evaluated(plan: Plan, jobs: int, resamples: int, seed: int, quiet: bool, json: bool) -> Evaluation:
    """Count all pictures of a plan and add up; pictures at fault end the command."""
    from segcli.batch import worker_count
    from segcli.cli.report import progress
    from segcli.evaluate import count_all, judge

    many = len(plan.examples) >= (MANY_FILES if plan.paths else MANY_PICTURES)
    workers = worker_count(jobs) if jobs or many else 1
    with progress(len(plan.examples), not quiet) as advance:
        found = judge(plan, _told(count_all(plan, workers), advance), resamples=resamples, seed=seed)
    if found.faults:
        for fault in found.faults[:SHOWN]:
            print(f"segcli eval: {fault}", file=sys.stderr)
        more = len(found.faults) - SHOWN
        if more > 0:
            print(f"segcli eval: {more:,} more pictures cannot be scored", file=sys.stderr)
        if json:
            print(jsonlib.dumps({"predictions": plan.label, "faults": found.faults}))
        sys.stdout.flush()
        raise SystemExit(1)
    return found


def _told(counted: Iterable[Counted], advance: Any) -> Iterator[Counted]:
    """Pictures as they come, each told to the bar."""
    for one in counted:
        yield one
        advance()


def _write(
    found: list[Evaluation],
    differences: tuple[tuple[str, ...], dict[str, dict[str, Difference]]] | None,
    table: str | None,
    report: str | None,
) -> None:
    """Write the table and the page."""
    from segcli.files.write import put

    if table is not None:
        from segcli.evaluate.words import table_text

        put(table, table_text(found[0], table.lower().endswith(".json")).encode("utf-8", "backslashreplace"))
    if report is not None:
        from segcli.evaluate.page import page

        try:
            text = page(found, differences)
        except MemoryError as failure:
            raise EnvironmentFailure("the report needs more memory than this machine has free.") from failure
        put(report, text.encode("utf-8", "backslashreplace"))
