"""Which annotation files become which: inputs, outputs and their collisions, found before any work."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from segcli.errors import InputError, SettingError, UsageError
from segcli.files.annotations import masks, yolo
from segcli.files.annotations.formats import FORMATS, SHAPES, Format, Reading, find_format, format_of_ending
from segcli.files.annotations.losses import LOSSES
from segcli.files.annotations.sources import Source, find_sources
from segcli.files.provenance import portable, read_provenance
from segcli.files.sinks import STDOUT, place
from segcli.files.write import check_folder

EXISTS = ("fail", "skip", "overwrite")
BOOK = "instances.json"
"""The name of a COCO file where a folder is named for it."""


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes
    ----------
    inputs : files, folders, quoted globs, '-'.
    target : the format to write.
    out : a file, a folder, or '-'.
    source : the format of the inputs; None: found out.
    reading : what is said of the inputs; its kind is also what is written.
    images : where the pictures are that the annotations are of.
    allowed : which of `losses.LOSSES` may be given up.
    objects : each connected part becomes an object.
    shapes : of COCO's objects.
    exists : fail, skip or overwrite.
    recursive : look into subfolders.
    dry : do all but write.
    """

    inputs: tuple[str, ...]
    target: Format
    out: str
    source: Format | None = None
    reading: Reading = field(default_factory=Reading)
    images: str | None = None
    allowed: frozenset[str] = frozenset()
    objects: bool = False
    shapes: str = "auto"
    exists: str = "fail"
    recursive: bool = False
    dry: bool = False


@dataclass(frozen=True)
class Plan:
    """A request whose files are known: each source with the pictures in it and where they go."""

    request: Request
    sources: tuple[Source, ...]
    outputs: tuple[tuple[str, ...], ...]
    skipped: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return sum(map(len, self.outputs))


def target_format(name: str | None, out: str) -> Format:
    """The format to write: by its name, or by the ending of the output.

    Raises
    ------
    UsageError : neither says it.
    """
    if name is not None:
        return find_format(name)
    found = format_of_ending(out)
    if found is None:
        raise UsageError(f"{out!r} does not say which format to write; name it with --to: {', '.join(FORMATS)}.")
    return found


def make_plan(request: Request) -> Plan:
    """Find the inputs and every output, before any work.

    Raises
    ------
    UsageError : nothing to do, one output for two pictures, an existing file, an output that is an input.
    """
    _check(request)
    sources = tuple(find_sources(request.inputs, request.source, request.recursive))
    _check_said(request, sources)
    names = [_names(source) for source in sources]
    total = sum(map(len, names))
    outputs = tuple(tuple(_output(request, name, total) for name in one) for one in names)
    plan = Plan(request, sources, outputs)
    if request.out == STDOUT:
        if (total > 1 and request.target.name != "coco") or request.target.name == "masks":
            raise UsageError(f"standard output takes one file, and there are {total} pictures; name a folder with -o.")
        return plan
    _check_distinct(plan, names)
    return replace(plan, skipped=_check_existing(plan))


def _check_said(request: Request, sources: Sequence[Source]) -> None:
    """Refuse words about the inputs that none of them would heed."""
    if all(source.form.name in ("coco", "geojson", "roi") for source in sources):
        own = "/".join(sorted({source.form.name for source in sources}))
        if request.reading.ignore is not None:
            raise SettingError("ignore", f"is for label pictures; {own} names its classes itself.")
        if request.reading.classes.names and request.target.name != "color":
            raise SettingError("classes", f"is for label pictures and YOLO; {own} names its classes itself.")


def _names(source: Source) -> list[str]:
    """Names of the pictures of a source; of one that cannot be read its own, for its failure is told in its turn."""
    try:
        return source.names()
    except InputError:
        return [source.name]


def _check(request: Request) -> None:
    """Refuse words that are none of an option's choices."""
    for flag, value, known in (
        ("exists", request.exists, EXISTS),
        ("shapes", request.shapes, SHAPES),
        *(("allow-loss", word, tuple(LOSSES)) for word in sorted(request.allowed)),
    ):
        if value not in known:
            raise SettingError(flag, f"is {value!r}; it must be one of {', '.join(known)}.")
    if request.shapes != "auto" and request.target.name != "coco":
        raise SettingError("shapes", f"is for COCO; --to is {request.target.name}.")


def _is_file(out: str, target: Format) -> bool:
    """Whether an output is one file: its ending is one of the format's.

    Raises
    ------
    UsageError : its ending is that of another format.
    """
    ending = os.path.splitext(out)[1].lower()
    if out.endswith(("/", os.sep)) or os.path.isdir(out) or target.name == "masks":
        return False
    if ending in target.endings:
        return True
    if format_of_ending(out) is not None or ending in (".jpg", ".jpeg", ".roi"):
        raise UsageError(f"{out!r}: {target.name} is written as {' or '.join(target.endings)}.")
    return False


def _output(request: Request, name: str, total: int) -> str:
    """Where the annotations of a picture go."""
    out, target = request.out, request.target
    if out == STDOUT:
        return STDOUT
    if _is_file(out, target):
        if total > 1 and target.name != "coco":
            raise UsageError(f"{total} pictures cannot all be written to {out!r}; name a folder with -o.")
        return out
    if target.name == "coco":
        return os.path.join(out, BOOK)
    if target.name == "masks":
        return os.path.join(out, *name.split("/"), masks.FOLDER)
    return os.path.join(out, *name.split("/")) + target.endings[0]


def listing(request: Request) -> str:
    """Where the names of YOLO's classes go, beside files in a folder; '' where there is no place for them."""
    folder = request.out != STDOUT and not _is_file(request.out, request.target)
    return os.path.join(request.out, yolo.NAMES) if request.target.name == "yolo" and folder else ""


def _check_distinct(plan: Plan, names: Sequence[Sequence[str]]) -> None:
    """Refuse one output, or one place in a COCO file, for two pictures."""
    together = plan.request.target.name == "coco"
    keys = [
        [name if together else place(path) for path, name in zip(*pair, strict=True)]
        for pair in zip(plan.outputs, names, strict=True)
    ]
    counts = Counter(key for own in keys for key in own)
    for source, paths, own, known in zip(plan.sources, plan.outputs, names, keys, strict=True):
        for path, name, key in zip(paths, own, known, strict=True):
            if counts[key] > 1:
                raise UsageError(
                    f"two pictures are called {name!r} (one in {source.path!r}) and would both be written to {path!r}; "
                    "convert them one after the other, to two places."
                )


def _check_existing(plan: Plan) -> frozenset[str]:
    """Refuse outputs in the place of inputs and of the work of others; those that are to be skipped."""
    request = plan.request
    inputs = {os.path.realpath(path) for source in plan.sources for path in (source.path, *source.files.values())}
    paths = [path for one in plan.outputs for path in one] + ([listing(request)] if listing(request) else [])
    for folder in sorted({os.path.dirname(path) for path in paths}):
        check_folder(folder)
    owners = {path: source for source, one in zip(plan.sources, plan.outputs, strict=True) for path in one}
    skipped = set()
    for path in dict.fromkeys(paths):
        if os.path.realpath(path) in inputs:
            raise UsageError(f"{path!r} is an input of this run; choose another place with -o.")
        is_folder = os.path.isdir(path)
        if not os.path.lexists(path) or (is_folder and request.target.name == "masks" and not os.listdir(path)):
            continue
        if is_folder:
            raise UsageError(f"{path!r} is a folder that holds something; choose another place with -o.")
        if request.exists == "skip":
            skipped.add(path)
        elif request.exists != "overwrite" and not _is_own(path, plan, owners.get(path)):
            raise UsageError(
                f"{path!r} exists and is not segcli's own untouched work on the same input. Choose --exists overwrite "
                "or skip, or another place."
            )
    return frozenset(skipped)


def _is_own(path: str, plan: Plan, source: Source | None) -> bool:
    """Whether a file is segcli's own, untouched, converted from the same contents."""
    with open(path, "rb") as stream:
        record = read_provenance(stream.read()) or {}
    if not record.get("untouched") or record.get("method") != "convert" or source is None:
        return False
    try:
        made_from = origin(plan, source)
    except InputError:
        return False
    return all(record.get(key) == value for key, value in made_from.items())


def origin(plan: Plan, source: Source) -> dict[str, str]:
    """Name and hash of what an output is made from."""
    if plan.request.target.name != "coco" or len(plan.sources) == 1:
        return {
            "input": "stdin" if source.data is not None else os.path.basename(portable(source.path)),
            "sha256": source.digest,
        }
    whole = sha256()
    for one in plan.sources:
        whole.update(f"{portable(one.name)} {one.digest}\n".encode())
    return {"input": f"{len(plan.sources)} files", "sha256": whole.hexdigest()}
