"""segcli convert: annotations from one format to another."""

from __future__ import annotations

import json as jsonlib
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.errors import SettingError, UsageError

if TYPE_CHECKING:
    from segcli.convert import Converted
    from segcli.files.datasets.class_names import Classes

KINDS = ("mask", "classes", "instances")


def convert(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Annotation files, folders, quoted globs, or - for stdin.")
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="PATH",
            help="A file, a folder (names are kept), or - for stdout.",
            show_default=False,
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="png, tif, npy, npz: numbers; mask: black and white; masks: a folder of one for each object; voc, "
            "color: classes in colors; coco, yolo, geojson, roi (ImageJ): outlines. Default by the ending of -o.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FORMAT", help="Format of the inputs; default by their contents (masks never)."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="|".join(KINDS),
            help="What numbers mean in what is read and written; default found out, instances for outlines.",
        ),
    ] = None,
    objects: Annotated[
        bool, typer.Option("--objects", help="Number each connected part of masks and classes as an object.")
    ] = False,
    classes: Annotated[
        str | None,
        typer.Option(
            "--classes",
            "--colors",
            metavar="NAMES|FILE",
            help="a,b,c from class 0 on, which is no object if it is called background; voc, camvid or cityscapes; "
            "or a file (txt, csv, json, toml) of names, with "
            "numbers or with red green blue.",
        ),
    ] = None,
    ignore: Annotated[
        int | None, typer.Option("--ignore", metavar="N", help="A number in label pictures that means void.")
    ] = None,
    images: Annotated[
        str | None,
        typer.Option("--images", metavar="FOLDER", help="The pictures, by stem, for names in COCO and for sizes."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option("--size", metavar="WIDTHxHEIGHT", help="Of pictures, where files do not say it (yolo, roi)."),
    ] = None,
    shapes: Annotated[
        str,
        typer.Option(
            "--shapes",
            metavar="auto|polygons|rle|counts",
            help="Of COCO's objects; auto: polygons where exact, or rle.",
        ),
    ] = "auto",
    allow_loss: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-loss",
            metavar="WHAT",
            help="Give up what the format cannot hold, may repeat: empty (outlines without a pixel), void, "
            "overlaps (the smaller is kept), crowds, "
            "classes, names, numbers (anew from 1), holes (filled), parts (objects of their own).",
            show_default=False,
        ),
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into subfolders.")] = False,
    exists: Annotated[
        str, typer.Option("--exists", metavar="fail|skip|overwrite", help="What to do about existing outputs.")
    ] = "fail",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Do all but write: shows what would be refused.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a picture instead of words.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Convert annotations between label pictures, masks, COCO, YOLO, GeoJSON and ImageJ outlines, or refuse.

    Every file is read back and compared before it appears. What a format cannot hold (holes, several parts, overlaps,
    too many objects, names of classes, crowds, void) is refused by name, never lost. Outlines follow the edges of
    pixels, so they give back the same pixels. A folder becomes a folder; many files become one COCO file, and one COCO
    file a folder.
    """
    from segcli.cli.report import progress
    from segcli.convert import convert as work
    from segcli.convert.plan import Request, make_plan, target_format
    from segcli.files.annotations.formats import Reading, find_format

    if kind is not None and kind not in KINDS:
        raise SettingError("kind", f"is {kind!r}; it must be one of {', '.join(KINDS)}.")
    if out == "-" and json:
        raise UsageError("standard output cannot carry both annotations and --json; name a file with -o.")
    told: Any = kind
    request = Request(
        tuple(inputs),
        target_format(to, out),
        out,
        None if source is None else find_format(source),
        Reading(told, _classes(classes), ignore, _size(size)),
        images,
        frozenset(allow_loss or []),
        objects,
        shapes,
        exists,
        recursive,
        dry_run,
    )
    plan = make_plan(request)
    _check_terminal(out, request.target.name)
    counts = {"done": 0, "skipped": 0, "failed": 0}
    notes: set[str] = set()
    start = time.perf_counter()
    with progress(plan.count, not quiet) as advance:
        for one in work(plan):
            counts[one.status] += 1
            if one.picture is not None and not quiet:
                _note(one, notes)
            _show(one, request.target.name, json, quiet, dry_run)
            advance()
    if plan.count > 1 and (not quiet or counts["failed"]):
        parts = ", ".join(f"{count:,} {status}" for status, count in counts.items() if count)
        wrote = "; nothing was written" if dry_run or (counts["failed"] and request.target.name == "coco") else ""
        print(f"segcli convert: {parts}, {time.perf_counter() - start:.1f} s{wrote}", file=sys.stderr)
    elif dry_run and not quiet:
        print("segcli convert: nothing was written", file=sys.stderr)
    if counts["failed"]:
        sys.stdout.flush()
        raise SystemExit(1)


def _classes(text: str | None) -> Classes:
    """What is said of the classes; a single name is that of the one class beside the background."""
    from segcli.files.datasets.class_names import KNOWN, Classes, read_classes

    if text is None:
        return Classes()
    import os

    if text.isidentifier() and text.lower() not in KNOWN and not os.path.isfile(text):
        text = f"background,{text}"
    return read_classes(text, ".")


def _size(text: str | None) -> tuple[int, int] | None:
    """Width and height as numbers.

    Raises
    ------
    SettingError : none.
    """
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isascii() and side.isdigit() and int(side) > 0 for side in sides):
        raise SettingError("size", f"is {text!r}; it must be a width and a height in pixels, such as 640x480.")
    return int(sides[0]), int(sides[1])


def _check_terminal(out: str, target: str) -> None:
    """Refuse to write what is no text to a terminal."""
    if out == "-" and target not in ("coco", "yolo", "geojson") and sys.stdout.isatty():
        raise UsageError("binary data are not written to a terminal; name a file with -o, or redirect with > or |.")


def _show(one: Converted, target: str, json: bool, quiet: bool, dry: bool) -> None:
    """Print what became of a picture."""
    from segcli.cli.report import about, printable

    if one.data is not None and not dry:
        sys.stdout.buffer.write(one.data)
        sys.stdout.buffer.flush()
    if one.status == "failed":
        print(f"segcli convert: {about(one.name, one.message)}", file=sys.stderr)
    if json:
        print(jsonlib.dumps(_row(one, target, dry), allow_nan=False))
    elif one.status != "failed" and not quiet:
        where = "stdout" if one.output == "-" else printable(one.output)
        stream = sys.stderr if one.output == "-" else sys.stdout
        print(f"{printable(one.name)} -> {where}  {_words(one, target)}", file=stream, flush=True)


def _note(one: Converted, told: set[str]) -> None:
    """Print what a file holds besides, once for each file."""
    from segcli.cli.report import printable

    for note in one.picture.notes if one.picture is not None else ():
        line = f"segcli convert: note: {printable(one.name.partition(': ')[0])}: {note}"
        if line not in told:
            told.add(line)
            print(line, file=sys.stderr)


def _words(one: Converted, target: str) -> str:
    """What was converted, in words."""
    if one.picture is None:
        return "in place already"
    width, height = one.picture.size
    what = {"mask": "mask", "classes": f"{one.objects:,} classes", "instances": f"{one.objects:,} object"}
    if one.objects != 1:
        what["instances"] += "s"
    return f"{one.source} to {target}, {what[one.picture.kind]}, {width} x {height}"


def _row(one: Converted, target: str, dry: bool) -> dict[str, Any]:
    """The same as a JSON object."""
    status = "planned" if dry and one.status == "done" else one.status
    row: dict[str, Any] = {
        "input": one.name,
        "status": status,
        "outputs": [one.output],
        "from": one.source,
        "to": target,
    }
    if one.picture is not None:
        names = {str(label): name for label, name in one.picture.names.items()}
        row |= {"kind": one.picture.kind, "size": list(one.picture.size), "objects": one.objects, "names": names}
    if one.message:
        row["error"] = {"code": "bad-input", "exit_code": 1, "message": one.message}
    return row
