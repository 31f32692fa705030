"""One picture to one page: read, explain, draw, write, say so."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from segcli.cli.options import Shared, check_choice
from segcli.errors import InputError, SettingError, UsageError

if TYPE_CHECKING:
    from segcli.files.hints import Hints
    from segcli.files.image import Image
    from segcli.files.sources import Item
    from segcli.segmenter import Segmenter


def draw_page(
    segmenter: Segmenter,
    image: str,
    hints: list[Hints],
    explained: Callable[..., Any],
    name: str,
    out: str | None,
    exists: str,
    shared: Shared,
) -> None:
    """Read the picture, draw the page, write it, say so."""
    from segcli import __version__
    from segcli.cli.report import about, as_json, line
    from segcli.explanation import page_bytes
    from segcli.files.hints import find_hints, hint_record, read_hint
    from segcli.files.provenance import portable
    from segcli.files.write import put
    from segcli.job import Outcome
    from segcli.measure import foreground_share, region_count

    start = time.perf_counter()
    item = _single(image)
    path = out if out is not None else f"{item.stem}.{name}.explained.png"
    ending = _check_place(path, item, hints, segmenter.name, exists)
    roi_hint = [] if shared.roi is None else [find_hints("roi", "mask", shared.roi)]
    try:
        found = tuple((hint.name, hint.kind, hint.of(item)) for hint in (*hints, *roi_hint))
        given = {hint: read_hint(hint, kind, value) for hint, kind, value in found}
        picture = _read(item, shared)
        result, sheet = explained(picture, given, given.pop("roi", None))
    except InputError as failure:
        raise InputError(about(item.name, str(failure))) from failure
    said = hint_record(found)
    record = {
        **segmenter.record,
        **({"hints": said} if said else {}),
        "version": __version__,
        "input": os.path.basename(portable(item.name)),
        "sha256": picture.digest,
        "kind": result.kind,
        **({"page": int(shared.page) - 1} if shared.page is not None else {}),
        "as": "explanation",
    }
    put(path, page_bytes(sheet, ending, record))
    height, width = result.labels.shape
    outcome = Outcome(
        item.name,
        "done",
        outputs=(path,),
        seconds=time.perf_counter() - start,
        size=(width, height),
        kind=result.kind,
        numbers=dict(result.numbers),
        choices=dict(result.choices),
        regions=region_count(result),
        foreground=foreground_share(result),
        notes=(*picture.notes, *result.notes),
    )
    if not shared.quiet:
        for note in outcome.notes:
            print(f"segcli explain: {item.name!r}: note: {note}", file=sys.stderr)
    if shared.json:
        print(as_json(outcome, segmenter.record))
    elif not shared.quiet:
        print(line(outcome))


def _single(image: str) -> Item:
    """The one picture.

    Raises
    ------
    UsageError : a folder, or a pattern that fits several.
    """
    from segcli.files.sources import find_items

    items = find_items([image])
    if len(items) != 1 or os.path.isdir(image):
        raise UsageError(f"{image!r} holds {len(items)} pictures; explain takes one.")
    return items[0]


def _read(item: Item, shared: Shared) -> Image:
    """The picture, or the page of it that is asked for.

    Raises
    ------
    InputError : it cannot be read.
    """
    from segcli.files.limits import Limits
    from segcli.files.read import read_bytes, read_image

    page = None
    if shared.page is not None:
        if not (shared.page.isascii() and shared.page.isdigit()) or int(shared.page) < 1:
            raise SettingError("page", f"is {shared.page!r}; it must be a page number from 1.")
        page = int(shared.page) - 1
    data = item.data if item.data is not None else read_bytes(item.path)
    limits = Limits(unlimited=shared.no_limits)
    return read_image(data, name=item.name, page=page, limits=limits)


def _check_place(path: str, item: Item, hints: list[Hints], method: str, exists: str) -> str:
    """Find out before any work whether the page can be written; its ending.

    Raises
    ------
    UsageError : another ending, a folder that takes no files, an input, a file of somebody else.
    """
    from segcli.explanation import check_ending
    from segcli.files.sinks import is_own, place
    from segcli.files.write import check_folder

    check_choice("exists", exists, ("fail", "overwrite"))
    ending = check_ending(path)
    check_folder(os.path.dirname(path))
    if os.path.isdir(path):
        raise UsageError(f"{path!r} is a folder, so no file can be written there; choose another name.")
    read = [*([] if item.data is not None else [item.path]), *(file for hint in hints for file in hint.files([item]))]
    if place(path) in {place(file) for file in read}:
        raise UsageError(f"{path!r} is an input of this run; choose another place with -o.")
    if os.path.lexists(path) and exists != "overwrite" and not is_own(path, item, method):
        raise UsageError(
            f"{path!r} exists and is not segcli's own untouched work on {item.name!r} as it is now. "
            "Choose --exists overwrite, or another place with -o."
        )
    return ending
