"""What the user sees of a run: lines, JSON, a table, a progress bar, a summary."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, Protocol

from segcli import __version__
from segcli.errors import EnvironmentFailure, UsageError
from segcli.files.write import make_parent, temporary_name
from segcli.job import Outcome

TABLES_BEGIN = (b"input,", b"[]\n", b'[\n{"input":')
REPORTS_BEGIN = (b'{"input":',)
"""How files begin that may be replaced by a new table or report."""


def printable(path: str) -> str:
    """A path as it may stand on one line of a terminal: quoted and escaped where it holds anything odd."""
    return path if path.isprintable() and path else repr(path)


def about(name: str, message: str) -> str:
    """A message about a file as one phrase: "'a.pdf' is not an image", "'a.png': no box for it"."""
    verb = message.partition(" ")[0] in ("is", "has", "holds", "does", "cannot", "says", "was", "ends", "needs")
    return f"{name!r}{'' if verb else ':'} {message}"


def line(outcome: Outcome) -> str:
    """One line about an input that was done: input, outputs, numbers, regions, share of foreground, time."""
    page = "" if outcome.page is None else f" page {outcome.page + 1}"
    target = ", ".join(printable(path) for path in outcome.outputs) or "stdout"
    if outcome.status == "skipped":
        return f"{printable(outcome.name)}{page} -> {target}  in place already"
    facts = [f"{name} {_number(value)}" for name, value in outcome.numbers.items()]
    facts += [f"{name} {word}" for name, word in outcome.choices.items()]
    if outcome.kind == "classes":
        facts.append(f"classes {outcome.regions}")
    else:
        if not {"objects", "regions"} & set(outcome.numbers):
            facts.append(f"regions {outcome.regions}")
        facts.append(f"covers {100 * (outcome.foreground or 0):.1f} %")
    return f"{printable(outcome.name)}{page} -> {target}  {', '.join(facts)}, {outcome.seconds:.2f} s"


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def as_json(outcome: Outcome, settings: Mapping[str, Any]) -> str:
    """One JSON object about an input; NaN becomes null, and the line is plain ASCII."""
    found: dict[str, Any] = {
        "input": outcome.name,
        "status": outcome.status,
        "outputs": list(outcome.outputs),
        **settings,
        "version": __version__,
        "seconds": round(outcome.seconds, 4),
    }
    if outcome.page is not None:
        found["page"] = outcome.page + 1
    if outcome.status == "failed":
        found["error"] = {"code": outcome.code, "exit_code": outcome.exit_code, "message": outcome.message}
    if outcome.kind is not None:
        found |= {
            "kind": outcome.kind,
            "size": list(outcome.size or ()),
            "numbers": {name: finite(value) for name, value in outcome.numbers.items()},
            "choices": dict(outcome.choices),
            "regions": outcome.regions,
            "foreground": finite(outcome.foreground),
            "notes": list(outcome.notes),
        }
    return json.dumps(found, allow_nan=False)


def finite(value: Any) -> Any:
    """A value as JSON can hold it: None for what is no finite number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Writable(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> object: ...


class Text:
    """A text file being written; what the disk refuses is an EnvironmentFailure that names it."""

    def __init__(self, path: str, stream: IO[str]) -> None:
        self.path = path
        self.stream = stream

    def write(self, text: str) -> None:
        """Write some text."""
        with self.checked():
            self.stream.write(text)

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Name the file in what goes wrong with it."""
        try:
            yield
        except OSError as failure:
            raise EnvironmentFailure(f"{self.path!r} cannot be written: {failure.strerror}.") from failure


@contextmanager
def appearing(path: str | None) -> Iterator[Text | None]:
    """A text file that appears under its name when the block ends well, and not at all otherwise.

    Raises
    ------
    UsageError : it cannot be created.
    EnvironmentFailure : the disk is full.
    """
    if path is None:
        yield None
        return
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, temporary_name(name))
    try:
        make_parent(path)
        stream = open(temporary, "w", encoding="utf-8", newline="", errors="backslashreplace")  # noqa: SIM115
    except OSError as failure:
        raise UsageError(f"{path!r} cannot be written: {failure.strerror}.") from failure
    except EnvironmentFailure as failure:
        raise UsageError(str(failure)) from failure
    text = Text(path, stream)
    try:
        yield text
        with text.checked():
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
            os.replace(temporary, path)
    finally:
        with suppress(OSError):
            stream.close()
        if os.path.exists(temporary):
            os.unlink(temporary)


class Table:
    """Region measurements of all inputs, written as they come: CSV, or a JSON array of objects."""

    def __init__(self, stream: Writable, as_json: bool) -> None:
        self.stream = stream
        self.as_json = as_json
        self.columns: list[str] | None = None
        self.rows = 0

    def add(self, outcome: Outcome) -> None:
        """Write the rows of one input."""
        if outcome.rows is not None:
            page = {"page": outcome.page + 1} if outcome.page is not None else {}
            self.add_rows({"input": outcome.name, **page}, outcome.rows)

    def add_rows(self, named: Mapping[str, Any], rows: Mapping[str, list[Any]]) -> None:
        """Write rows, given by columns, that begin with the same values."""
        import csv

        columns = [*named, *rows]
        if self.columns is None:
            self.columns = columns
            if not self.as_json:
                csv.writer(self.stream, lineterminator="\n").writerow(columns)
        for values in zip(*rows.values(), strict=True):
            row = [*named.values(), *values]
            if self.as_json:
                cells = dict(zip(columns, map(finite, row), strict=True))
                self.stream.write(("[\n" if self.rows == 0 else ",\n") + json.dumps(cells))
            else:
                csv.writer(self.stream, lineterminator="\n").writerow(map(_cell, row))
            self.rows += 1

    def close(self) -> None:
        """End the array."""
        if self.as_json:
            self.stream.write("[]\n" if self.rows == 0 else "\n]\n")


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


@contextmanager
def progress(total: int, wanted: bool) -> Iterator[Any]:
    """A bar on stderr where that is a terminal; yields a function to call once for each input."""
    if not wanted or total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    # Lines printed meanwhile must go above the bar, but only if they go to this terminal at all.
    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, soft_wrap=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
    with bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


@contextmanager
def training_progress(total: int, done: int, wanted: bool) -> Iterator[Any]:
    """A bar of steps on stderr where that is a terminal; yields a function to call with each step."""
    if not wanted or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, soft_wrap=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=total, completed=done)
        yield lambda step: bar.update(
            task, completed=step.step, description=f"loss {step.loss:.4f}, {step.speed:.1f} images/s"
        )
