"""Annotations from one format to another: checked for what would be lost, written, read back, compared."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from segcli.convert.plan import Plan, Request, listing, origin
from segcli.errors import EnvironmentFailure, InputError
from segcli.files.annotations import coco, yolo
from segcli.files.annotations.annotated import Annotated, class_name, fingerprint, in_parts, ranked, things_of
from segcli.files.annotations.formats import Format, Reading, Writing, module_of
from segcli.files.annotations.losses import shaped
from segcli.files.annotations.sources import Pictures, Source, settled
from segcli.files.datasets.class_names import Classes
from segcli.files.sinks import STDOUT
from segcli.files.write import put


@dataclass(frozen=True)
class Converted:
    """What became of one picture.

    Attributes
    ----------
    name : of the input, with that of its picture where it has many.
    status : done, skipped or failed.
    output : where it is now.
    source : the format that it had.
    picture : what was written; None where nothing was.
    message : what was wrong.
    objects : how many things or numbers it has.
    data : what is for standard output.
    """

    name: str
    status: Literal["done", "skipped", "failed"]
    output: str = ""
    source: str = ""
    picture: Annotated | None = None
    message: str = ""
    objects: int = 0
    data: bytes | None = None


def convert(plan: Plan) -> Iterator[Converted]:
    """Do what was planned; every file is read back and compared before it appears under its name.

    Yields
    ------
    What became of each picture. Of several that go into one COCO file none is written if one fails.

    Raises
    ------
    EnvironmentFailure : the disk is full, or a file did not come back as it was written.
    """
    request = plan.request
    reading = settled(plan.sources, request.reading)
    pictures = Pictures(request.images) if request.images is not None else None
    if request.target.name == "coco":
        yield from _bound(plan, reading, pictures)
        return
    names: dict[int, str] = {}
    for source, outputs in zip(plan.sources, plan.outputs, strict=True):
        read = source.pictures(reading, pictures)
        for output, (name, picture) in zip(outputs, read, strict=False):
            shown = _shown(source, name)
            if output in plan.skipped:
                yield Converted(shown, "skipped", output, source.form.name)
                continue
            try:
                done, data = _one(plan, source, picture, names)
            except InputError as failure:
                yield Converted(shown, "failed", output, source.form.name, message=str(failure))
                continue
            if not request.dry and output != STDOUT:
                _put(output, data)
            piped = data if output == STDOUT and isinstance(data, bytes) else None
            yield Converted(shown, "done", output, source.form.name, done, objects=_count(done), data=piped)
    if listing(request) and not request.dry and listing(request) not in plan.skipped:
        put(listing(request), yolo.encode_names(names))


def _shown(source: Source, name: str) -> str:
    """What an input is called: its file, and the picture where a file has many."""
    path = "stdin" if source.data is not None else source.path
    return f"{path}: {name}" if source.form.name == "coco" else path


def _put(output: str, data: bytes | dict[str, bytes]) -> None:
    """Write a file, or a folder of them."""
    if isinstance(data, bytes):
        put(output, data)
        return
    for stem, held in data.items():
        put(os.path.join(output, f"{stem}.png"), held)


def _ready(request: Request, picture: Annotated | InputError, form: Format) -> Annotated:
    """A picture in the form that a format is written from.

    Raises
    ------
    InputError : it could not be read, or something would be lost.
    """
    if isinstance(picture, InputError):
        raise picture
    if request.objects:
        picture = replace(in_parts(picture), kind="instances")
    return shaped(picture, form, request.reading.kind, request.allowed)


def _record(plan: Plan, source: Source, picture: Annotated | None) -> dict[str, Any]:
    """How a file came about."""
    from segcli import __version__

    request = plan.request
    settings = {
        "to": request.target.name,
        "allow_loss": sorted(request.allowed),
        "objects": request.objects,
        "shapes": request.shapes,
    }
    record: dict[str, Any] = {"method": "convert", "settings": settings, "version": __version__}
    record |= origin(plan, source)
    if picture is not None:
        record["kind"] = picture.kind
        # COCO has the names of all its pictures in categories.
        if picture.names and request.target.name != "coco":
            record["names"] = {str(label): picture.names[label] for label in sorted(picture.names)}
    return record


def _writing(plan: Plan, source: Source, picture: Annotated | None) -> Writing:
    """How to write a picture, or a file of many."""
    request = plan.request
    ending = os.path.splitext(request.out)[1].lower()
    ending = ending if ending in request.target.endings else request.target.endings[0]
    record = _record(plan, source, picture)
    return Writing(ending, record, request.reading.classes.colors, request.shapes)


def _one(
    plan: Plan, source: Source, picture: Annotated | InputError, names: dict[int, str]
) -> tuple[Annotated, bytes | dict[str, bytes]]:
    """Encode one picture, and see to it that the same comes back.

    Raises
    ------
    InputError : it could not be read, or something would be lost.
    EnvironmentFailure : something else came back.
    """
    request, form = plan.request, plan.request.target
    if form.name == "yolo" and not listing(request):
        # A single file has no list of names beside it.
        form = replace(form, holds=tuple(word for word in form.holds if word != "names"))
    ready = _ready(request, picture, form)
    again = Reading(ready.kind, size=ready.size)
    if form.name == "yolo":
        _agree(names, ready)
        again = replace(again, classes=Classes(names=yolo.decode_names(yolo.encode_names(dict(ready.names)))))
    module: Any = module_of(form)
    data: bytes | dict[str, bytes] = module.encode(ready, _writing(plan, source, ready))
    back = module.decode(data, ready.name, again)
    if fingerprint(back) != fingerprint(ready):
        raise EnvironmentFailure(f"{ready.name!r} did not come back from {form.name} as it was; nothing was written.")
    return ready, data


def _agree(names: dict[int, str], picture: Annotated) -> None:
    """Refuse a picture whose classes are called otherwise than those before it."""
    for label in {*picture.names, *(thing.label for thing in things_of(picture))}:
        name = class_name(picture.names, label)
        if names.setdefault(label, name) != name:
            raise InputError(f"calls class {label} {name!r}, others call it {names[label]!r}.")


def _bound(plan: Plan, reading: Reading, pictures: Pictures | None) -> Iterator[Converted]:
    """Put all pictures into one COCO file."""
    request = plan.request
    output = plan.outputs[0][0] if plan.count else request.out
    if output in plan.skipped:
        yield Converted(plan.sources[0].path, "skipped", output, plan.sources[0].form.name)
        return
    book: coco.Book | None = None
    written: list[tuple[Converted, str]] = []
    failed = 0
    for source in plan.sources:
        for name, picture in source.pictures(reading, pictures):
            try:
                ready = _ready(request, picture, request.target)
                book = book or coco.Book(_writing(plan, plan.sources[0], ready))
                book.add(ready)
            except InputError as failure:
                failed += 1
                yield Converted(_shown(source, name), "failed", output, source.form.name, message=str(failure))
                continue
            done = Converted(_shown(source, name), "done", output, source.form.name, objects=_count(ready))
            done = replace(done, picture=replace(ready, things=None, labels=None))
            written.append((done, fingerprint(replace(ready, names={}))))
    if failed or book is None:
        return
    data = book.encode()
    back = coco.decode_all(data, Reading())
    for (_, digest), (name, picture) in zip(written, back, strict=True):
        if isinstance(picture, InputError) or fingerprint(replace(picture, names={})) != digest:
            raise EnvironmentFailure(f"{name!r} did not come back from COCO as it was; nothing was written.")
    if not request.dry and output != STDOUT:
        put(output, data)
    piped = data if output == STDOUT else None
    for done, _ in written:
        yield replace(done, data=piped)
        piped = None


def _count(picture: Annotated) -> int:
    """How many things a picture has, or numbers besides that of what nothing covers."""
    if picture.labels is None:
        return len(picture.things or ())
    found, _ = ranked(picture.labels)
    return int((found != picture.uncovered).sum())
