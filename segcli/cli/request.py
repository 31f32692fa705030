"""From a command line to a run: what is read, what is written, and every collision found first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from segcli.cleanup import Cleanup
from segcli.cli.options import ALPHA, EXISTS, KINDS, Shared
from segcli.errors import InputError, SettingError, UsageError
from segcli.files.hints import Hints, find_hints
from segcli.files.journal import Journal
from segcli.files.limits import Limits
from segcli.files.read import open_source
from segcli.files.sinks import STDOUT, Exists, Output, Sink, is_own, plan
from segcli.files.sources import Item, find_items
from segcli.files.write import make_folder, sweep
from segcli.job import Job, Outcome, Work
from segcli.method import Method
from segcli.preparation import Preparation
from segcli.segmenter import MethodSegmenter, Segmenter

Pages = tuple[tuple[int | None, tuple[Output, ...]], ...]


@dataclass(frozen=True)
class Request:
    """Everything a run needs, checked; nothing has been written yet."""

    work: Work
    sink: Sink
    items: tuple[tuple[Item, Pages], ...]
    hints: tuple[Hints, ...]
    exists: Exists

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
        """Remove temporary files of this run's outputs whose writers are dead."""
        names: dict[str, set[str]] = {}
        for _, pages in self.items if not self.sink.to_stdout else ():
            for _, outputs in pages:
                for output in outputs:
                    folder, name = os.path.split(output.path)
                    names.setdefault(folder or ".", set()).add(name)
        for folder, expected in names.items():
            sweep(folder, expected)

    def jobs(self) -> Iterator[Job]:
        """The jobs in order; what is in place already comes with its Outcome."""
        journal = Journal(self.work.journal) if self.work.journal is not None else None
        for item, pages in self.items:
            ready, left = [], []
            for page, outputs in pages:
                outcome = self._in_place(item, page, outputs, journal)
                if outcome is None:
                    left.append((page, outputs))
                else:
                    ready.append(outcome)
            try:
                found = tuple((hints.name, hints.kind, hints.of(item)) for hints in self.hints)
            except InputError as failure:
                yield Job(item, (), problem=str(failure))
            else:
                yield Job(item, tuple(left), tuple(ready), found)

    def _in_place(
        self, item: Item, page: int | None, outputs: tuple[Output, ...], journal: Journal | None
    ) -> Outcome | None:
        """The Outcome of a page whose outputs need no work, or None."""
        paths = tuple(output.path for output in outputs)
        if self.exists == "skip" and not self.sink.to_stdout and all(map(os.path.lexists, paths)):
            return Outcome(item.name, "skipped", page, paths)
        if journal is None or item.data is not None:
            return None
        entry = journal.finished(item.path, paths, self.work.fingerprint())
        if entry is None or (self.work.table and entry["rows"] is None):
            return None
        return Outcome(item.name, "skipped", page, paths, rows=entry["rows"], **entry.get("summary", {}))


def make_request(method: Method, settings: dict[str, Any], hints: dict[str, str], shared: Shared) -> Request:
    """Check a command line from end to end.

    Raises
    ------
    UsageError : anything that cannot be; exit code 2, before any work.
    """
    _check_words(shared)
    cleanup = Cleanup(shared.smooth, shared.fill_holes, shared.clear_border, shared.min_size, shared.largest)
    for name, value in asdict(cleanup).items():
        if value < 0:
            raise SettingError(name, f"is {value}; it must be at least 0.")
    preparation = Preparation(shared.channel, shared.blur, shared.nodata)
    segmenter = MethodSegmenter(method.name, settings, preparation, cleanup)
    items = find_items(
        shared.inputs, files_from=shared.files_from, null_separated=shared.null, recursive=shared.recursive
    )
    found = [find_hints(name, method.knob(name).kind, value) for name, value in hints.items()]
    if shared.roi is not None:
        found.append(find_hints("roi", "mask", shared.roi))
    limits = Limits(unlimited=shared.no_limits)
    sink = Sink(_out(shared, items), shared.name, shared.kinds, method.command)
    planned = tuple((item, _pages(shared, sink, item, limits)) for item in items)
    reads = [file for hint in found for file in hint.files]
    reads += [shared.files_from] if shared.files_from not in (None, "-") else []
    writes = [path for path in (shared.table, shared.report) if path is not None]
    plan(sink, [(item, outputs) for item, pages in planned for _, outputs in pages], reads, writes)
    _check_existing(shared, sink, planned, method.command)
    resumable = shared.exists == "resume" and not sink.to_stdout
    work = Work(
        cast(Segmenter, segmenter),
        limits=limits,
        alpha=cast(Any, shared.alpha),
        steps=shared.steps,
        table=shared.table is not None,
        journal=sink.folder if resumable else None,
    )
    if shared.show:
        from segcli.figures.terminal import terminal_color

        size = os.get_terminal_size() if sys.stdout.isatty() else os.terminal_size((80, 42))
        work = replace(work, columns=size.columns, rows=size.lines - 2, colors=terminal_color(os.environ))
    return Request(work, sink, planned, tuple(found), cast(Exists, shared.exists))


def _check_words(shared: Shared) -> None:
    """Refuse words that are none of an option's choices, and combinations that cannot be."""
    for flag, value, known in (
        ("exists", shared.exists, EXISTS),
        ("alpha", shared.alpha, ALPHA),
        *(("as", kind, KINDS) for kind in shared.kinds),
    ):
        if value not in known:
            raise SettingError(flag, f"is {value!r}; it must be one of {', '.join(known)}.")
    if len(set(shared.kinds)) < len(shared.kinds):
        raise SettingError("as", "names a kind twice.")
    if shared.jobs < 0:
        raise SettingError("jobs", f"is {shared.jobs}; it must be at least 0.")
    if shared.out == "":
        raise SettingError("out", "is empty; name a file, a folder or -.")
    if shared.table is not None and not shared.table.lower().endswith((".csv", ".json")):
        raise SettingError("table", f"is {shared.table!r}; its name must end in .csv or .json.")


def _out(shared: Shared, items: list[Item]) -> str | None:
    """Where results go; a picture piped in goes to standard output unless -o says otherwise.

    Raises
    ------
    UsageError : standard output is a terminal, or is asked to carry two things.
    """
    out = STDOUT if shared.out is None and items[0].data is not None else shared.out
    if out == STDOUT:
        if shared.dry_run:
            return out
        if shared.json:
            raise UsageError("standard output cannot carry both a picture and --json; name a file with -o.")
        if sys.stdout.isatty():
            raise UsageError("a picture is not written to a terminal; name a file with -o, or redirect with > or |.")
    return out


def _pages(shared: Shared, sink: Sink, item: Item, limits: Limits) -> Pages:
    """The pages of one input with their outputs; a file that cannot be read counts as one page and fails later."""
    if shared.page is None:
        return ((None, sink.outputs(item)),)
    if shared.page != "all":
        if not shared.page.isdigit() or int(shared.page) < 1:
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


def _check_existing(shared: Shared, sink: Sink, planned: tuple[tuple[Item, Pages], ...], method: str) -> None:
    """Refuse existing files that are not segcli's own work on the same input, unless told otherwise."""
    if shared.exists in ("skip", "overwrite") or sink.to_stdout:
        return
    journal = Journal(sink.folder) if shared.exists == "resume" else None
    for item, pages in planned:
        for _, outputs in pages:
            for output in outputs:
                if not os.path.lexists(output.path) or is_own(output.path, item, method):
                    continue
                if journal is None or not journal.wrote(output.path):
                    raise UsageError(
                        f"{output.path!r} exists and is not segcli's own mask of {item.name!r}. "
                        "Choose --exists overwrite or skip, another -o, or another --name."
                    )
