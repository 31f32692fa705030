"""Where results go: every output of every input is known, and every collision found, before any work."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from segcli.errors import InputError, UsageError
from segcli.files.provenance import portable, read_provenance
from segcli.files.read import read_bytes
from segcli.files.sources import Item
from segcli.files.write import ENDINGS, check_ending

Exists = Literal["fail", "skip", "overwrite", "resume"]
STDOUT = "-"
PICTURE_FORMATS = {ending for endings in ENDINGS.values() for ending in endings} | {".bmp", ".gif", ".webp"}
FIELDS = ("stem", "method", "page", "ext", "parent")
LONGEST_NAME = 255
"""Bytes that file systems take for one name."""


@dataclass(frozen=True, slots=True)
class Output:
    """One file to write: what kind of output (`--as`), and where."""

    kind: str
    path: str


@dataclass(frozen=True)
class Sink:
    """Rules that turn an input into its output files.

    Attributes
    ----------
    out : a file, a folder, '-' for standard output, or None for the current folder.
    name : template of file names; {stem} {method} {page} {ext} {parent}.
    kinds : the kinds of output, in order; the first has no suffix of its own.
    method : name of the segmenter, for the template.
    """

    out: str | None
    name: str
    kinds: tuple[str, ...]
    method: str

    def __post_init__(self) -> None:
        try:
            fields = {field for _, field, _, _ in string.Formatter().parse(self.name) if field is not None}
        except ValueError as failure:
            raise UsageError(f"--name {self.name!r} is not a template: {failure}.") from None
        if unknown := sorted(fields - set(FIELDS)):
            known = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise UsageError(f"--name has {{{unknown[0]}}}; known are {known}.")
        if self.is_file:
            check_ending(self.kinds[0], str(self.out))
        elif _template_ending(self.name):
            check_ending(self.kinds[0], self.name)

    @property
    def to_stdout(self) -> bool:
        return self.out == STDOUT

    @property
    def is_file(self) -> bool:
        """Whether `out` names one file: it has an ending and is no folder."""
        if self.out is None or self.to_stdout or self.out.endswith(("/", os.sep)) or os.path.isdir(self.out):
            return False
        return os.path.splitext(self.out)[1] != ""

    @property
    def folder(self) -> str:
        """The folder at the top of all outputs."""
        if self.out is None or self.to_stdout:
            return "."
        return (os.path.dirname(self.out) or ".") if self.is_file else self.out

    def outputs(self, item: Item, page: int | None = None) -> tuple[Output, ...]:
        """The files that one input (or one page of it) gives."""
        if self.to_stdout:
            return (Output(self.kinds[0], STDOUT),)
        if self.is_file:
            stem, ending = os.path.splitext(str(self.out))
            stem += "" if page is None else f".page{page + 1}"
        else:
            stem, ending = self._filled(item, page)
        found = []
        for place, kind in enumerate(self.kinds):
            suffix = "" if place == 0 else f".{kind}"
            fitting = ending if ending.lower() in ENDINGS[kind] else ENDINGS[kind][0]
            found.append(Output(kind, f"{stem}{suffix}{fitting}"))
        return tuple(found)

    def _filled(self, item: Item, page: int | None) -> tuple[str, str]:
        """Fill the template; a page's number follows the stem unless the template places it."""
        ending = _template_ending(self.name)
        try:
            name = self.name.removesuffix(ending).format(
                stem=item.stem if page is None or "{page" in self.name else f"{item.stem}.page{page + 1}",
                method=self.method,
                page=1 if page is None else page + 1,
                ext=os.path.splitext(item.path)[1].lstrip("."),
                parent=os.path.basename(os.path.dirname(os.path.abspath(item.path))),
            )
        except (ValueError, LookupError, AttributeError) as failure:
            raise UsageError(f"--name {self.name!r} is not a template: {failure}.") from None
        if not os.path.basename(name) or (name.startswith(".") and name == os.path.basename(self.name)):
            raise UsageError(f"--name {self.name!r} gives {item.name!r} no name; use {{stem}} in it.")
        return os.path.normpath(os.path.join(self.folder, item.below, name)), ending


def _template_ending(template: str) -> str:
    """The ending of a template where it names a picture format, such as '.tif' in '{stem}_mask.tif'."""
    ending = os.path.splitext(template)[1]
    return ending if ending.lower() in PICTURE_FORMATS else ""


def steps_folder(top: str, item: Item, page: int | None) -> str:
    """The folder for the pictures of how the result of one input (or page) came about."""
    stem = item.stem if page is None else f"{item.stem}.page{page + 1}"
    return os.path.join(top, item.below, stem)


def place(path: str) -> str:
    """A key that is equal for two names of one file: links resolved, case folded."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name).casefold()


def plan(
    sink: Sink,
    planned: Sequence[tuple[Item, tuple[Output, ...]]],
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    steps: Iterable[tuple[Item, str]] = (),
) -> None:
    """Find every collision before any work.

    Parameters
    ----------
    sink : the rules the outputs came from.
    planned : each input (or page of one) with its outputs.
    reads : other files that the run reads (lists, masks, scribbles); no output may replace them.
    writes : other files that the run writes (table, report).
    steps : each input (or page of one) with the folder for the pictures of its steps.

    Raises
    ------
    UsageError : one output for two inputs, an output that is an input, several results for one file or stream.
    """
    items = {item.path: item for item, _ in planned}
    _check_single(sink, len(planned), len(items))
    read = [item.path for item in items.values() if item.data is None] + list(reads)
    inputs = {place(path) for path in read} | {os.path.realpath(path).casefold() for path in read}
    identities: set[tuple[int, int] | None] = set()
    taken: dict[str, str] = {}
    for path in writes:
        if place(path) in inputs:
            raise UsageError(f"{path!r} would be written over one of the inputs; choose another name.")
        if place(path) in taken:
            raise UsageError(f"{path!r} is named for two things (--table, --report); choose another name for one.")
        taken[place(path)] = path
    for item, outputs in () if sink.to_stdout else planned:
        for output in outputs:
            key = place(output.path)
            if key in taken:
                raise UsageError(
                    f"{item.name!r} and {taken[key]!r} would both be written to {output.path!r}. "
                    "Choose names with --name (such as '{stem}.{ext}.{method}') or folders with -o."
                )
            taken[key] = item.name
            if len(os.fsencode(os.path.basename(output.path))) > LONGEST_NAME:
                raise UsageError(
                    f"{output.path!r} is a name of more than {LONGEST_NAME} bytes; choose a shorter one with --name."
                )
            if os.path.lexists(output.path) and not identities:
                identities = {_identity(path) for path in read} | {None}
            identity = _identity(output.path) if identities else None
            if key in inputs or (identity is not None and identity in identities):
                raise UsageError(f"{output.path!r} is an input of this run; choose another place with -o or --name.")
    _check_steps(steps, {place(path) for path in read}, taken)


def _check_steps(steps: Iterable[tuple[Item, str]], inputs: set[str], taken: dict[str, str]) -> None:
    """Refuse one folder of steps for two inputs, and one that holds an input or takes an output."""
    owners: dict[str, str] = {}
    read = {os.path.dirname(path) for path in inputs}
    written = {os.path.dirname(path) for path in taken}
    for item, folder in steps:
        key = place(folder)
        if key in owners:
            raise UsageError(
                f"the steps of {item.name!r} and {owners[key]!r} would both go to {folder!r}; "
                "run them one by one with two folders for --steps."
            )
        owners[key] = item.name
        if key in read:
            raise UsageError(f"{folder!r} holds what is an input of this run; choose another folder with --steps.")
        if key in written:
            raise UsageError(f"{folder!r} would take both outputs and steps; choose another folder with --steps.")


def _check_single(sink: Sink, results: int, inputs: int) -> None:
    """Refuse several results for one file or for standard output."""
    if results > 1 and (sink.to_stdout or (sink.is_file and inputs > 1)):
        where = "standard output" if sink.to_stdout else repr(sink.out)
        raise UsageError(f"{results} pictures cannot all be written to {where}; name a folder with -o.")
    if sink.to_stdout and len(sink.kinds) > 1:
        raise UsageError(f"standard output takes one picture, --as asks for {len(sink.kinds)}; name a folder with -o.")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_own(path: str, item: Item, method: str) -> bool:
    """Whether a file is segcli's own, untouched, made from this input (by name and contents) by this method."""
    try:
        with open(path, "rb") as stream:
            record = read_provenance(stream.read())
    except OSError:
        return False
    if record is None or not record["untouched"]:
        return False
    if record.get("method") != method or record.get("input") != os.path.basename(portable(item.name)):
        return False
    try:
        data = item.data if item.data is not None else read_bytes(item.path)
    except InputError:  # nothing will be written for it
        return True
    return record.get("sha256") == sha256(data).hexdigest()


def foreign_steps(folder: str, item: Item, method: str) -> list[str]:
    """The pictures in a folder of steps that are not segcli's own work on this input."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if re.fullmatch(r"\d\d_.*\.png", name)]
    return [path for path in paths if not is_own(path, item, method)]
