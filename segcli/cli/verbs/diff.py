"""segcli diff: what changed from some masks to others, for scripts."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.cli.options import check_choice
from segcli.errors import SettingError, UsageError

if TYPE_CHECKING:
    from segcli.files.sinks import Sink
    from segcli.mask_difference import Difference, Pair

EXISTS = ("fail", "overwrite")


def _option(*flags: str, metavar: str | None = None, text: str) -> Any:
    return typer.Option(*flags, metavar=metavar, help=text, show_default=False)


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A mask or label image, or a folder of them.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another one, or a folder with files of the same names.")],
    fail_over: Annotated[
        str,
        _option(
            "--fail-over",
            metavar="X%|PIXELS",
            text="End with 1 if in any picture more has changed, of its pixels; default 0, any change at all.",
        ),
    ] = "0",
    out: Annotated[
        str | None,
        _option(
            "--out",
            "-o",
            metavar="PICTURE|FOLDER",
            text="Draw what changed: gone blue, new orange, other number magenta; of folders only where something did.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        _option("--kind", metavar="mask|classes|instances", text="What the numbers are; default found out."),
    ] = None,
    mask_threshold: Annotated[
        float | None,
        _option("--mask-threshold", metavar="GRAY", text="Compare what is above it, in lossy files too."),
    ] = None,
    recursive: Annotated[bool, _option("--recursive", "-r", text="Look into subfolders.")] = False,
    exists: Annotated[
        str, _option("--exists", metavar="|".join(EXISTS), text="What to do about existing pictures.")
    ] = "fail",
    json: Annotated[bool, _option("--json", text="One JSON object a pair and line on stdout.")] = False,
    quiet: Annotated[bool, _option("--quiet", "-q", text="Print errors only; the exit code tells.")] = False,
    debug: Annotated[bool, _option("--debug", text="Show the traceback of an error.")] = False,
) -> None:
    """Compare masks or label images: changed pixels, objects that appeared, vanished or altered, Dice and IoU.

    Files are paired by name without ending. Objects match where their IoU is above one half, whatever their numbers.
    Ends with 0 where no picture changed by more than --fail-over, else with 1; sizes that differ, a missing
    counterpart and an unreadable file are over every limit.
    """
    from segcli.files.label_kinds import check_kind
    from segcli.mask_difference import differences, find_pairs, read_limit

    try:
        limit = read_limit(fail_over)
    except UsageError as failure:
        raise SettingError("fail_over", str(failure)) from failure
    asked = check_kind(kind)
    pairs = find_pairs(before, after, recursive)
    sink = None if out is None else _sink(out, exists, pairs, os.path.isdir(before))
    counts: Counter[str] = Counter()
    for pair, found in differences(pairs, asked, mask_threshold, draw=sink is not None):
        over = limit.is_exceeded(found)
        counts[found.status] += 1
        counts["over"] += over
        picture = None if sink is None or found.drawn is None else _draw(sink, pair, found)
        if json:
            print(jsonlib.dumps(_as_dict(pair, found, over, picture)), flush=True)
        else:
            _tell(pair, found, picture, quiet, alone=len(pairs) == 1)
    if len(pairs) > 1 and not quiet:
        words = {"same": "the same", "differs": "differ", "size": "of other size", "missing": "without counterpart"}
        words |= {"failed": "failed", "over": "over the limit"}
        said = [f"{counts[status]:,} {word}" for status, word in words.items() if counts[status]]
        print(f"segcli diff: {', '.join(said)}", file=sys.stderr)
    if counts["over"]:
        sys.stdout.flush()
        raise SystemExit(1)


def _sink(out: str, exists: str, pairs: list[Pair], folders: bool) -> Sink:
    """The rules for pictures; every collision is found before any work."""
    from segcli.cli.options import Shared
    from segcli.cli.refusals import check_existing, check_places
    from segcli.files.sinks import STDOUT, Sink, plan

    check_choice("exists", exists, EXISTS)
    if out in ("", STDOUT):
        raise SettingError("out", f"is {out!r}; name a picture, or a folder for several.")
    sink = Sink(out, "{stem}.{method}", ("color",), "diff")
    if folders and sink.is_file:
        raise SettingError("out", f"is {out!r}, one file, for folders; name a folder.")
    planned = tuple((pair.before, ((None, sink.outputs(pair.before)),)) for pair in pairs if pair.before is not None)
    flat = [(item, outputs) for item, pages in planned for _, outputs in pages]
    plan(sink, flat, [pair.after.path for pair in pairs if pair.after is not None])
    shared = Shared(out=out, exists=exists)
    check_places(shared, sink, planned, set())
    check_existing(shared, sink, planned, [], "diff")
    return sink


def _draw(sink: Sink, pair: Pair, found: Difference) -> str:
    """Draw one difference; returns where."""
    from segcli import __version__
    from segcli.figures.mistakes import canvas, draw_classes
    from segcli.files.provenance import portable
    from segcli.files.read import read_bytes
    from segcli.files.write import encode_array, put
    from segcli.segmenter import digest

    assert pair.before is not None
    assert found.drawn is not None
    old, new = found.drawn
    picture = draw_classes(canvas(None, old.shape), new, old, old != old)
    (output,) = sink.outputs(pair.before)
    record = {
        "method": "diff",
        "version": __version__,
        "input": os.path.basename(portable(pair.before.name)),
        "sha256": digest(read_bytes(pair.before.path)),
        "as": output.kind,
    }
    put(output.path, encode_array(picture, os.path.splitext(output.path)[1].lower(), record))
    return output.path


def _tell(pair: Pair, found: Difference, picture: str | None, quiet: bool, alone: bool) -> None:
    """One line about a pair that differs, or about the only one."""
    from segcli.cli.report import printable

    if found.status in ("failed", "size", "missing"):
        print(f"segcli diff: {found.message}.".replace("..", "."), file=sys.stderr, flush=True)
        return
    if quiet:
        return
    for note in found.notes:
        print(f"segcli diff: {pair.name!r}: note: {note}", file=sys.stderr)
    if found.status == "same":
        if alone:
            how = "identical files" if found.identical else "the same in every pixel"
            print(f"{printable(pair.name)}  {how}", flush=True)
        return
    words = [f"{found.changed:,} of {found.pixels:,} pixels changed ({100 * found.share:.3g} %)"]
    words.append(f"Dice {found.dice:.4f}, IoU {found.iou:.4f}")
    if found.objects:
        counts = found.objects
        words.append(f"objects {counts['before']:,} to {counts['after']:,}")
        words += [f"{counts[word]:,} {word}" for word in ("appeared", "vanished", "altered") if counts[word]]
    arrow = "" if picture is None else f" -> {printable(picture)}"
    print(f"{printable(pair.name)}{arrow}  {', '.join(words)}", flush=True)


def _as_dict(pair: Pair, found: Difference, over: bool, picture: str | None) -> dict[str, Any]:
    """A difference as JSON values."""
    said: dict[str, Any] = {
        "name": pair.name,
        "a": None if pair.before is None else pair.before.path,
        "b": None if pair.after is None else pair.after.path,
        "status": found.status,
        "identical": found.identical,
        "over": over,
    }
    if found.pixels:
        said |= {"pixels": found.pixels, "changed": found.changed, "share": found.share}
        said |= {"dice": found.dice, "iou": found.iou, "objects": dict(found.objects) or None}
    if found.message:
        said["message"] = found.message
    return {**said, "picture": picture, "notes": list(found.notes)}
