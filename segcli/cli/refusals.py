"""Impossible requests, refused before any work: words that are no choice, places that take no file, work of others."""

from __future__ import annotations

import os
import stat

from segcli.cleanup import WIDEST, Cleanup
from segcli.cli.options import ALPHA, EXISTS, KINDS, Shared, check_choice
from segcli.cli.report import REPORTS_BEGIN, TABLES_BEGIN
from segcli.errors import SettingError, UsageError
from segcli.files.journal import Journal
from segcli.files.sinks import Output, Sink, foreign_steps, is_own
from segcli.files.sources import Item
from segcli.files.write import check_folder

Pages = tuple[tuple[int | None, tuple[Output, ...]], ...]


def check_words(shared: Shared) -> None:
    """Refuse words that are none of an option's choices, and combinations that cannot be.

    Raises
    ------
    SettingError : the option and what it takes.
    """
    for flag, value, known in (
        ("exists", shared.exists, EXISTS),
        ("alpha", shared.alpha, ALPHA),
        *(("as", kind, KINDS) for kind in shared.kinds),
    ):
        check_choice(flag, value, known)
    if len(set(shared.kinds)) < len(shared.kinds):
        raise SettingError("as", "names a kind twice.")
    if shared.jobs < 0:
        raise SettingError("jobs", f"is {shared.jobs}; it must be at least 0.")
    if shared.out == "":
        raise SettingError("out", "is empty; name a file, a folder or -.")
    for flag, path in (("table", shared.table), ("report", shared.report), ("steps", shared.steps)):
        if path == "":
            raise SettingError(flag, "is empty; leave it out, or name a place.")
    if shared.table is not None and os.path.splitext(shared.table)[1].lower() not in (".csv", ".json"):
        raise SettingError("table", f"is {shared.table!r}; its name must end in .csv or .json.")
    if shared.report == "-":
        raise SettingError("report", "is a file; --json writes the same lines to standard output.")
    if shared.table is not None and shared.exists == "skip":
        raise SettingError("table", "would lack the inputs that --exists skip leaves alone; use --exists resume.")


def check_cleanup(cleanup: Cleanup) -> None:
    """Refuse sizes that are none.

    Raises
    ------
    SettingError : the option and its bounds.
    """
    for name in ("smooth", "opening", "closing", "min_size"):
        value = getattr(cleanup, name)
        if value < 0:
            raise SettingError(name, f"is {value}; it must be at least 0.")
        if value > WIDEST and name != "min_size":
            raise SettingError(name, f"is {value}; it must be at most {WIDEST}.")


def check_places(shared: Shared, sink: Sink, planned: tuple[tuple[Item, Pages], ...], steps: set[str]) -> None:
    """Refuse places where nothing can be written.

    Raises
    ------
    UsageError : a read-only folder, a file where a folder should be, or the other way round.
    """
    files = [path for path in (shared.table, shared.report) if path is not None]
    if not sink.to_stdout:
        files += [output.path for _, pages in planned for _, outputs in pages for output in outputs]
    for folder in sorted({os.path.dirname(path) for path in files} | steps):
        check_folder(folder)
    for path in files:
        if os.path.isdir(path):
            raise UsageError(f"{path!r} is a folder, so no file can be written there; choose another name.")


def check_existing(
    shared: Shared, sink: Sink, planned: tuple[tuple[Item, Pages], ...], steps: list[tuple[Item, str]], method: str
) -> None:
    """Refuse existing files that are not segcli's own work on the same input, unless told otherwise.

    Raises
    ------
    UsageError : the first of them.
    """
    for path, beginnings in ((shared.table, TABLES_BEGIN), (shared.report, REPORTS_BEGIN)):
        if path is not None:
            _check_replaceable(path, beginnings, shared.exists == "overwrite")
    if shared.exists == "overwrite":
        return
    foreign = [(path, item) for item, folder in steps for path in foreign_steps(folder, item, method)]
    if shared.exists != "skip" and not sink.to_stdout:
        paths = ((output.path, item) for item, pages in planned for _, outputs in pages for output in outputs)
        foreign += [(path, item) for path, item in paths if os.path.lexists(path) and not is_own(path, item, method)]
    journal = Journal(sink.folder) if shared.exists == "resume" and not sink.to_stdout else None
    for path, item in foreign:
        if journal is None or not journal.wrote(path):
            raise UsageError(
                f"{path!r} exists and is not segcli's own untouched work on {item.name!r} as it is now. "
                "Choose --exists overwrite or skip, another place, or another --name."
            )


def _check_replaceable(path: str, beginnings: tuple[bytes, ...], overwrite: bool) -> None:
    """Refuse a table or report in the place of anything but an earlier one."""
    if not os.path.lexists(path):
        return
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        raise UsageError(f"{path!r} is no regular file; a table or report needs one (--json writes to a pipe).")
    if overwrite:
        return
    try:
        with open(path, "rb") as stream:
            start = stream.read(16)
    except OSError as failure:
        raise UsageError(f"{path!r} cannot be read: {failure.strerror}.") from failure
    if start and not start.startswith(beginnings):
        raise UsageError(
            f"{path!r} exists and is no table or report of segcli; choose another name, or --exists overwrite."
        )
