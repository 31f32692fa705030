"""From a command line to a run: what is read, what is written, and every collision found first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from segcli.cleanup import Cleanup
from segcli.cli.options import Shared
from segcli.cli.refusals import Pages, check_cleanup, check_existing, check_places, check_words
from segcli.errors import InputError, SettingError, UsageError
from segcli.files.hints import Found, Hints, find_hints, hint_record
from segcli.files.journal import Journal
from segcli.files.limits import Limits
from segcli.files.read import open_source
from segcli.files.sinks import STDOUT, Exists, Output, Sink, plan, steps_folder
from segcli.files.sources import Item, find_items
from segcli.files.write import make_folder, sweep
from segcli.job import Job, Outcome, Work
from segcli.method import Method
from segcli.phrase import names_a_method, segmenter_from_words
from segcli.preparation import Preparation
from segcli.segmenter import MADE, MethodSegmenter, Segmenter


@dataclass(frozen=True, eq=False, repr=False)
class Request:
    """Everything a run needs, checked; nothing has been written yet."""

    work: Work
    sink: Sink
    items: tuple[tuple[Item, Pages], ...]
    hints: tuple[Hints, ...]
    exists: Exists
    reports: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Make the top folder and clear away what a killed run left.

        Raises
        ------
        UsageError : the folder cannot be made or takes no files.
        """
        if not self.sink.to_stdout:
            make_folder(self.sink.folder)
            if self.exists == "resume":
                self.sweep()

    def sweep(self) -> None:
        """Remove temporary files of this run's outputs, steps and reports whose writers are dead."""
        paths = list(self.reports)
        for item, pages in self.items:
            for page, outputs in pages:
                paths += [] if self.sink.to_stdout else [output.path for output in outputs]
                if self.work.steps is not None:
                    sweep(steps_folder(self.work.steps, item, page), None)
        names: dict[str, set[str]] = {}
        for path in paths:
            folder, name = os.path.split(path)
            names.setdefault(folder or ".", set()).add(name)
        for folder, expected in names.items():
            sweep(folder, expected)

    def jobs(self) -> Iterator[Job]:
        """The jobs in order; what is in place already comes with its Outcome."""
        journal = Journal(self.work.journal) if self.work.journal is not None else None
        for item, pages in self.items:
            try:
                found = tuple((hints.name, hints.kind, hints.of(item)) for hints in self.hints)
            except InputError as failure:
                yield Job(item, (), problem=str(failure))
                continue
            ready, left = [], []
            for page, outputs in pages:
                outcome = self._in_place(item, page, outputs, found, journal)
                if outcome is None:
                    left.append((page, self._missing(outputs)))
                else:
                    ready.append(outcome)
            yield Job(item, tuple(left), tuple(ready), found)

    def _missing(self, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        """The outputs to write: all, but with --exists skip none that is there."""
        if self.exists != "skip" or self.sink.to_stdout:
            return outputs
        return tuple(output for output in outputs if not os.path.lexists(output.path))

    def _in_place(
        self, item: Item, page: int | None, outputs: tuple[Output, ...], found: Found, journal: Journal | None
    ) -> Outcome | None:
        """The Outcome of a page whose outputs need no work, or None."""
        paths = tuple(output.path for output in outputs)
        if not self._missing(outputs):
            return Outcome(item.name, "skipped", page, paths)
        if journal is None or item.data is not None:
            return None
        try:
            work = self.work.identity(hint_record(found), page)
        except InputError:  # the job will say so
            return None
        steps = None if self.work.steps is None else steps_folder(self.work.steps, item, page)
        entry = journal.finished(item.path, outputs, work, steps)
        if entry is None or (self.work.table and entry["rows"] is None):
            return None
        return Outcome(item.name, "skipped", page, paths, rows=entry["rows"], **entry.get("summary", {}))


def method_segmenter(
    method: Method, settings: dict[str, Any], hints: dict[str, str], shared: Shared
) -> tuple[MethodSegmenter, list[Hints]]:
    """The segmenter that a method's command line asks for, and the hints that come from files.

    Raises
    ------
    UsageError : settings before or after the method that cannot be, a hint that is not there.
    """
    check_words(shared)
    made = {name: segmenter_from_words(value) for name, value in hints.items() if _is_made(method, name, value)}
    found = [find_hints(name, method.knob(name).kind, value) for name, value in hints.items() if name not in made]
    return MethodSegmenter(method.name, settings, preparation(shared), cleanup(shared), made), found


def preparation(shared: Shared) -> Preparation:
    """What the shared options say is done before the method."""
    return Preparation(shared.channel, shared.blur, shared.nodata)


def cleanup(shared: Shared) -> Cleanup:
    """What they say is tidied after it.

    Raises
    ------
    SettingError : a size that is none.
    """
    found = Cleanup(shared.smooth, shared.fill_holes, shared.clear_border, shared.min_size, shared.largest)
    check_cleanup(found)
    return found


def make_request(segmenter: Segmenter, found: list[Hints], shared: Shared) -> Request:
    """Check a command line from end to end.

    Raises
    ------
    UsageError : anything that cannot be; exit code 2, before any work.
    """
    check_words(shared)
    items = find_items(
        shared.inputs, files_from=shared.files_from, null_separated=shared.null, recursive=shared.recursive
    )
    if shared.roi is not None:
        found = [*found, find_hints("roi", "mask", shared.roi)]
    limits = Limits(unlimited=shared.no_limits)
    sink = Sink(_out(shared, items), shared.name, _kinds(shared), segmenter.name)
    planned = tuple((item, _pages(shared, sink, item, limits)) for item in items)
    steps = _steps(shared, planned)
    reads = [file for hint in found for file in hint.files(items)]
    reads += [shared.files_from] if shared.files_from not in (None, "-") else []
    writes = [path for path in (shared.table, shared.report) if path is not None]
    plan(sink, [(item, outputs) for item, pages in planned for _, outputs in pages], reads, writes, steps)
    check_places(shared, sink, planned, {folder for _, folder in steps})
    check_existing(shared, sink, planned, steps, segmenter.name)
    resumable = shared.exists == "resume" and not sink.to_stdout
    work = Work(
        segmenter,
        limits=limits,
        alpha=cast(Any, shared.alpha),
        steps=shared.steps,
        table=shared.table is not None,
        count=not shared.quiet or shared.json or shared.report is not None or shared.exists == "resume",
        journal=sink.folder if resumable else None,
    )
    if shared.show:
        from segcli.figures.terminal import terminal_color

        size = os.get_terminal_size() if sys.stdout.isatty() else os.terminal_size((80, 42))
        colors = terminal_color(os.environ) if _shows_blocks() else "none"
        work = replace(work, columns=size.columns, rows=size.lines - 2, colors=colors)
    return Request(work, sink, planned, tuple(found), cast(Exists, shared.exists), tuple(writes))


def _shows_blocks() -> bool:
    """Whether standard output can carry the characters that pictures are made of."""
    try:
        "\u2580".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _steps(shared: Shared, planned: tuple[tuple[Item, Pages], ...]) -> list[tuple[Item, str]]:
    """Each page of each input with the folder for its steps, if they are asked for."""
    if shared.steps is None:
        return []
    return [(item, steps_folder(shared.steps, item, page)) for item, pages in planned for page, _ in pages]


def _out(shared: Shared, items: list[Item]) -> str | None:
    """Where results go; a picture piped in goes to standard output unless -o says otherwise.

    Raises
    ------
    UsageError : standard output is a terminal, or is asked to carry two things.
    """
    out = STDOUT if shared.out is None and any(item.data is not None for item in items) else shared.out
    if out == STDOUT:
        if shared.dry_run:
            return out
        if shared.json:
            raise UsageError("standard output cannot carry both a picture and --json; name a file with -o.")
        if sys.__stdout__ is None:
            raise UsageError("standard output is closed, so it takes no picture; name a file with -o.")
        if sys.stdout.isatty():
            raise UsageError("a picture is not written to a terminal; name a file with -o, or redirect with > or |.")
    return out


def _is_made(method: Method, name: str, value: str) -> bool:
    """Whether a hint is the words of a segmenter that makes it, and no file."""
    return method.knob(name).kind in MADE and names_a_method(value) and not os.path.lexists(value)


def _kinds(shared: Shared) -> tuple[str, ...]:
    """The kinds of output asked for; without a word on it the ending of a file name decides."""
    if shared.kinds:
        return shared.kinds
    named = (shared.out or "", shared.name)
    return ("boxes",) if any(name.lower().endswith(".json") for name in named) else ("mask",)


def _pages(shared: Shared, sink: Sink, item: Item, limits: Limits) -> Pages:
    """The pages of one input with their outputs; a file that cannot be read counts as one page and fails later."""
    if shared.page is None:
        return ((None, sink.outputs(item)),)
    if shared.page != "all":
        if not (shared.page.isascii() and shared.page.isdigit()) or int(shared.page) < 1:
            raise SettingError("page", f"is {shared.page!r}; it must be a page number from 1, or all.")
        page = int(shared.page) - 1
        return ((page, sink.outputs(item)),)
    try:
        count = open_source(item.data if item.data is not None else item.path, limits=limits)[0].pages
    except InputError:
        count = 1
    if count == 1:
        return ((0, sink.outputs(item)),)
    return tuple((page, sink.outputs(item, page)) for page in range(count))
