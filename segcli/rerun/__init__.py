"""Makes an output of segcli again from what it says of itself, and compares byte for byte."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segcli import __version__
from segcli.arrays import Array
from segcli.errors import InputError, SegcliError, UsageError
from segcli.files.image import Image
from segcli.files.limits import Limits
from segcli.files.provenance import read_provenance
from segcli.files.read import read_bytes, read_image
from segcli.files.sinks import Output
from segcli.job import Work, counted_pixels, drawn_steps, encoded
from segcli.rerun.remake import PICTURE, Finder, Missing, Record, command_of, hints_of, segmenter_of
from segcli.segmentation import Segmentation

Status = Literal["identical", "differs", "impossible"]

FORMATS = {
    b"\x89PNG": ".png",
    b"\xff\xd8": ".jpg",
    b"PK": ".npz",
    b"II": ".tif",
    b"MM": ".tif",
    b"{": ".json",
}
"""How the files that carry a record begin, and the ending that their format has."""


@dataclass(frozen=True)
class Made:
    """An output of segcli as it is on the disk.

    Attributes
    ----------
    path : of the file. data : its bytes.
    record : what it says of itself. untouched : whether it is as segcli wrote it.
    """

    path: str
    data: bytes
    record: Record
    untouched: bool

    @property
    def version(self) -> str:
        """Of the segcli that wrote it."""
        return str(self.record.get("version"))

    @property
    def ending(self) -> str:
        """The format, by what the file holds."""
        return next(ending for start, ending in FORMATS.items() if self.data.startswith(start))


@dataclass(frozen=True)
class Rerun:
    """How making a file again went.

    Attributes
    ----------
    status : identical, differs or impossible. words : what to say of it.
    changed : pixels that differ, of `pixels`; None where they cannot be counted.
    data : the bytes that were made; None if none were.
    input_path : the picture that was found.
    """

    status: Status
    words: str
    changed: int | None = None
    pixels: int | None = None
    data: bytes | None = None
    input_path: str | None = None


def written_in(place: str) -> list[str]:
    """A file, or those of a folder that carry a record, in order of their names.

    Raises
    ------
    UsageError : a folder has none.
    """
    if not os.path.isdir(place):
        return [place]
    paths = [os.path.join(place, name) for name in sorted(os.listdir(place)) if not name.startswith(".")]
    found = [path for path in paths if os.path.isfile(path) and read_provenance(read_bytes(path)) is not None]
    if not found:
        raise UsageError(f"the folder {place!r} holds no file with a record of how segcli made it.")
    return found


def read_made(path: str) -> Made:
    """Read an output with its record.

    Raises
    ------
    UsageError : it cannot be read, or carries none.
    """
    try:
        data = read_bytes(path)
    except InputError as failure:
        raise UsageError(f"{path!r} {failure}") from failure
    record = read_provenance(data)
    if record is None:
        why = "NPY has no room for one" if data.startswith(b"\x93NUMPY") else "it was not written by segcli, or changed"
        raise UsageError(f"{path!r} carries no record of how it was made; {why}.")
    untouched = bool(record.pop("untouched"))
    if not all(isinstance(record.get(name), str) for name in ("method", "sha256", "input", "as")):
        made_by = record.get("method") or record.get("command") or "another command"
        raise UsageError(f"{path!r} was made by segcli {made_by}, which does not segment; rerun knows segmenters.")
    if record["as"] == "explanation":
        raise UsageError(f"{path!r} is a page of segcli explain; rerun makes results again, not pages about methods.")
    return Made(path, data, record, untouched)


def places(made: Made, given: str | None, more: tuple[str, ...] = ()) -> Finder:
    """Where the input, hints and models of an output are looked for.

    Parameters
    ----------
    given : the input, or a folder that it lies in; None: not said.
    more : files and folders that are looked at besides.
    """
    named = [path for path in (given, *more) if path is not None]
    files = tuple(path for path in named if not os.path.isdir(path))
    folders = [path for path in named if os.path.isdir(path)]
    folders += [os.path.dirname(path) or "." for path in files]
    return Finder(tuple(dict.fromkeys([*folders, os.path.dirname(made.path) or ".", "."])), files)


def find_input(made: Made, given: str | None, finder: Finder) -> str:
    """The picture that an output was made from, by its hash.

    Raises
    ------
    Missing : it is not there, or not as it was.
    """
    if given is not None and not os.path.exists(given):
        raise Missing(f"--input {given!r} does not exist.")
    return finder.find(str(made.record["input"]), str(made.record["sha256"]), PICTURE)


def rerun(made: Made, given: str | None = None, more: tuple[str, ...] = (), unlimited: bool = False) -> Rerun:
    """Make an output again and compare; what cannot be done is told, not raised.

    Parameters
    ----------
    made : the output.
    given, more : where its input, its hints and its models are, as for `places`.
    unlimited : lift the limits on pictures.
    """
    path = None
    try:
        finder = places(made, given, more)
        path = find_input(made, given, finder)
        data = _again(made, path, finder, Limits(unlimited=unlimited))
    except SegcliError as failure:
        return Rerun("impossible", str(failure), input_path=path)
    except (KeyError, TypeError, ValueError, AttributeError) as failure:
        return Rerun("impossible", f"its record is damaged: {type(failure).__name__} {failure}.", input_path=path)
    if data == made.data:
        return Rerun("identical", _alike(made), 0, data=data, input_path=path)
    changed, pixels, words = _differences(made, data)
    return Rerun("differs", words, changed, pixels, data, path)


def _again(made: Made, path: str, finder: Finder, limits: Limits) -> bytes:
    """The bytes of the output, made anew, with the record that it has."""
    record = made.record
    kind = str(record["as"])
    segmenter = segmenter_of(record, finder, scores=kind == "scores", layers=kind == "step")
    alpha = record.get("alpha", "white")
    image = read_image(read_bytes(path), name=path, page=record.get("page"), alpha=alpha, limits=limits)
    hints: dict[str, Any] = hints_of(record, finder)
    roi = counted_pixels(hints.pop("roi", None), image, Work(segmenter, alpha=alpha))
    result = segmenter(image, hints, roi)
    if kind == "step":
        return _step(made, result, image)
    return encoded(Output(kind, f"output{made.ending}"), result, image, _bare(record))


def _bare(record: Record) -> dict[str, Any]:
    """A record as it is before an output of some kind is made of it."""
    return {name: value for name, value in record.items() if name != "as"}


def _step(made: Made, result: Segmentation, image: Image) -> bytes:
    """The picture of a step: the one of this number, or else of equal bytes."""
    drawn = drawn_steps("", result, image, _bare(made.record))
    for _, data in drawn:
        if data == made.data:
            return data
    number = re.match(r"\d\d_", os.path.basename(made.path))
    for output, data in drawn:
        if number and os.path.basename(output.path).startswith(number[0]):
            return data
    raise UsageError(f"it is none of the {len(drawn)} pictures of how the result came about.")


def _alike(made: Made) -> str:
    """What is said of equal bytes."""
    return "byte-identical" if made.version == __version__ else f"byte-identical; segcli {made.version} made it"


def _differences(made: Made, data: bytes) -> tuple[int | None, int | None, str]:
    """How much differs: pixels, of how many, in words."""
    by = f"segcli {made.version} made it" + (f", this is {__version__}" if made.version != __version__ else "")
    by += "" if made.untouched else "; the file was changed since"
    try:
        before, after = pixels_of(made.data, made.ending), pixels_of(data, made.ending)
    except (InputError, ValueError, KeyError) as failure:
        return None, None, f"differs, and its pixels cannot be read: {failure} ({by})"
    if before is None or after is None:
        return None, None, f"differs ({by})"
    if before.shape[:2] != after.shape[:2] or before.ndim != after.ndim:
        sizes = [f"{array.shape[-1]} x {array.shape[-2]}" for array in (before, after)]
        return None, None, f"differs: it is {sizes[0]} in the file, {sizes[1]} now ({by})"
    unlike = before != after
    axis = 2 if made.ending != ".npz" else 0
    changed = int(np.count_nonzero(unlike.any(axis=axis) if unlike.ndim == 3 else unlike))
    pixels = unlike.size // (unlike.shape[axis] if unlike.ndim == 3 else 1)
    if changed == 0:
        return 0, pixels, f"differs in how it is written, in no pixel ({by})"
    return changed, pixels, f"differs in {changed:,} of {pixels:,} pixels ({by})"


def pixels_of(data: bytes, ending: str) -> Array | None:
    """The numbers of an output; None of boxes."""
    if ending == ".json":
        return None
    if ending == ".npz":
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            return np.asarray(held[held.files[0]])
    image = read_image(data, name="output", alpha="keep")
    channels = image.channels
    return channels if image.alpha is None else np.dstack([channels, image.alpha])


def shell_words(made: Made, given: str | None, more: tuple[str, ...] = ()) -> list[str]:
    """The command line that makes an output, with the picture where it is found, else as it was called.

    Raises
    ------
    UsageError : there is no such command.
    """
    finder = places(made, given, more)
    try:
        path = find_input(made, given, finder)
    except Missing:
        path = given or str(made.record["input"])
    path = os.path.normpath(path)
    return command_of(made.record, path if not path.startswith("-") else f"./{path}", made.path)


def as_row(made: Made, found: Rerun) -> Mapping[str, Any]:
    """The outcome as JSON values."""
    return {
        "file": made.path,
        "status": found.status,
        "message": found.words,
        "input": found.input_path,
        "changed": found.changed,
        "pixels": found.pixels,
        "untouched": made.untouched,
        "made_by": made.version,
        "version": __version__,
    }
