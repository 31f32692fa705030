"""segcli check: what is wrong with a data set."""

from __future__ import annotations

import json as jsonlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from segcli.errors import SettingError

if TYPE_CHECKING:
    from segcli.check import Report
    from segcli.files.datasets import Finding

SHOWN = 10
"""Findings of one kind that are printed; --json has them all."""

MANY = 400
"""Pictures from which worker processes are worth their start."""


def check(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A folder, a CSV of pairs, or a COCO JSON file.")],
    images: Annotated[
        str | None, typer.Option("--images", metavar="FOLDER", help="The pictures, below DATA or anywhere.")
    ] = None,
    masks: Annotated[
        str | None, typer.Option("--masks", metavar="FOLDER", help="The masks, below DATA or anywhere.")
    ] = None,
    suffix: Annotated[
        str | None, typer.Option("--suffix", metavar="TEXT", help="What masks' names end in, such as _mask.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            "--classes",
            metavar="N|NAMES|FILE",
            help="How many; a,b,c; voc, camvid or cityscapes; or a file of lines 'name', 'name number' or "
            "'name red green blue'.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="mask|classes|instances", help="What masks are; default found out.")
    ] = None,
    ignore: Annotated[
        int | None, typer.Option("--ignore", metavar="N", help="A number in masks that means void, besides 255.")
    ] = None,
    mask_threshold: Annotated[
        float | None,
        typer.Option("--mask-threshold", metavar="GRAY", help="Masks of what is above it, lossy files too."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="REGEX", help="Part of a name that pictures of one origin share."),
    ] = None,
    val_share: Annotated[
        float, typer.Option("--val-share", metavar="SHARE", help="Set apart as val where the data have none.")
    ] = 0.2,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of that draw.")] = 0,
    fix: Annotated[
        str | None, typer.Option("--fix", metavar="FOLDER", help="Write a corrected copy into a new folder.")
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", help="Worker processes; default 0 is one a core.")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of words.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Look through a training set: pairs, sizes, labels, classes, and pictures that are in two parts.

    Ends with 1 where something is an error, that is where training would fail or learn something false.
    """
    from segcli.batch import worker_count
    from segcli.check import as_dict, gather_all
    from segcli.check import check as judge
    from segcli.cli.report import printable, progress
    from segcli.files.datasets import find_dataset
    from segcli.files.datasets.mend import check_target, mend

    if jobs < 0:
        raise SettingError("jobs", f"is {jobs}; it must be at least 0.")
    start = time.perf_counter()
    if fix is not None:
        check_target(fix, data)
    found = find_dataset(
        data,
        images=images,
        masks=masks,
        suffix=suffix,
        classes=classes,
        kind=kind,
        ignore=ignore,
        mask_threshold=mask_threshold,
        val_share=val_share,
        group=group,
        seed=seed,
    )
    workers = worker_count(jobs) if len(found.examples) >= MANY or jobs else 1
    facts = []
    with progress(len(found.examples), not quiet) as advance:
        for one in gather_all(found, workers):
            facts.append(one)
            advance()
    report = judge(found, facts)
    done = None if fix is None else mend(report.data, report.facts, report.twins, fix)
    seconds = time.perf_counter() - start
    failed = report.count("error") > 0 if done is None else bool(done.lost)
    if json:
        more = {} if done is None else {"fixed": fix, "done": list(done.done), "left_out": list(done.lost)}
        print(jsonlib.dumps({**as_dict(report), **more, "seconds": round(seconds, 4)}, allow_nan=False))
    else:
        for line in _lines(report, seconds, quiet):
            print(printable(line))
        for line in () if done is None else (*done.done, *done.lost, f"{fix}  {done.written:,} pairs written"):
            print(printable(line))
    if failed:
        sys.stdout.flush()
        raise SystemExit(1)


def _lines(report: Report, seconds: float, quiet: bool) -> Iterator[str]:
    """A report in words."""
    if not quiet:
        yield report.data.describe()
        yield from _classes(report)
        sizes = [f"{width} x {height} ({count:,})" for (width, height), count in report.sizes.items()]
        more = f" and {len(sizes) - 4:,} more" if len(sizes) > 4 else ""
        forms = ", ".join(f"{form} ({count:,})" for form, count in report.forms.items())
        yield f"sizes {', '.join(sizes[:4])}{more}; {forms}"
    findings = [one for one in report.findings if not quiet or one.level == "error"]
    yield from _told(findings)
    if not quiet:
        errors, warnings = report.count("error"), report.count("warning")
        count = len(report.data.examples)
        yield f"{errors:,} errors, {warnings:,} warnings in {count:,} pairs, {seconds:.1f} s"


def _classes(report: Report) -> Iterator[str]:
    """How often each class occurs."""
    from segcli.files.datasets.example import shown

    width = max(len(shown(one.name)) for one in report.classes)
    for one in report.classes:
        yield f"  {shown(one.name):<{width}}  {one.share:7.2%} of pixels, in {one.pictures:,} pictures"
    if report.void:
        yield f"  {'(void)':<{width}}  {report.void:7.2%}"


def _told(findings: list[Finding]) -> Iterator[str]:
    """Findings, a line each, and of each kind no more than a few."""
    told: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        told[finding.level, finding.code] += 1
        if told[finding.level, finding.code] <= SHOWN:
            yield f"{finding.level}: {finding.words}"
    for (level, code), count in told.items():
        if count > SHOWN:
            yield f"{level}: {count - SHOWN:,} more of the kind '{code}' (--json lists all)"
