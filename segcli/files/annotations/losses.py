"""What a format cannot hold of a picture's annotations, said by name, and the plain ways to do without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from segcli.errors import InputError
from segcli.files.annotations.annotated import (
    NO_CLASS,
    Annotated,
    OverlapError,
    Thing,
    as_things,
    class_name,
    filled,
    in_parts,
    own_names,
    painted,
    things_of,
    united,
    with_void,
)
from segcli.files.annotations.formats import FORMATS, Format
from segcli.files.annotations.roi import FARTHEST, LARGEST_GROUP
from segcli.files.annotations.shapes import outlines
from segcli.segmentation import VOID, Kind

LOSSES = {
    "empty": "outlines too small for a pixel are left out",
    "void": "void becomes background",
    "overlaps": "where objects overlap, the smaller one is kept",
    "crowds": "crowds become ordinary objects",
    "classes": "objects lose their classes",
    "names": "classes lose their names",
    "numbers": "objects are numbered anew, from 1, in their order",
    "holes": "holes are filled",
    "parts": "each part becomes an object",
}
"""What can be given up (--allow-loss), and what then becomes of it; done in this order."""


class LossError(InputError):
    """A format cannot hold something; nothing was written."""


def shaped(picture: Annotated, form: Format, kind: Kind | None, allowed: frozenset[str]) -> Annotated:
    """Bring a picture into the form that a format is written from, as labels or things.

    Parameters
    ----------
    kind : what the result is to mean; None: what the picture means.
    allowed : which of `LOSSES` may be given up.

    Raises
    ------
    LossError : something else would be lost; the message names it, and formats that hold it.
    """
    kind = kind or picture.kind
    if kind not in form.kinds:
        raise LossError(_wrong_kind(kind, form))
    picture = _without_empty(picture, allowed)
    picture = _of_kind(picture, form, kind, allowed)
    if form.things:
        picture = as_things(picture)
    missing = [word for word in _CHECKS if word not in form.holds]
    _refuse({word: _CHECKS[word](picture, form) for word in missing if word not in allowed}, form.name, kind)
    for word in (word for word in missing if word in allowed):
        if _CHECKS[word](picture, form):
            picture = _GIVEN_UP[word](picture)
    for said, others in _bounds(picture, form, kind):
        raise LossError(f"{said}; {others} hold that.")
    if form.things:
        return in_parts(as_things(picture)) if form.name == "yolo" and kind != "instances" else as_things(picture)
    void = [thing for thing in picture.things or () if thing.label == NO_CLASS] if kind == "instances" else []
    flat = replace(painted(picture, kind), names=_kept_names(picture, form))
    return with_void(flat, united(void, picture.size)) if void else flat


def _without_empty(picture: Annotated, allowed: frozenset[str]) -> Annotated:
    """The picture without objects that have no pixel, which no format holds."""
    if picture.things is None:
        return picture
    empty = [thing.number for thing in picture.things if not thing.mask.size]
    if empty and "empty" not in allowed:
        raise LossError(
            f"has {len(empty)} outline{'s' * (len(empty) > 1)} in which no pixel has its center (object {empty[0]}). "
            f"Mend them, or --allow-loss empty: {LOSSES['empty']}."
        )
    return replace(picture, things=tuple(thing for thing in picture.things if thing.mask.size)) if empty else picture


def _refuse(said: dict[str, str], name: str, kind: Kind) -> None:
    """Refuse what would be lost, by word.

    Raises
    ------
    LossError : something would; the message names it, the formats that hold it all, and what giving it up means.
    """
    lost = {word: text for word, text in said.items() if text}
    if not lost:
        return
    holding = [row.name for row in FORMATS.values() if {*lost} <= {*row.holds} and kind in row.kinds]
    words = " ".join(f"--allow-loss {word}" for word in lost)
    means = ", ".join(LOSSES[word] for word in lost)
    told = " and ".join(lost.values())
    raise LossError(f"has {told}, which {name} cannot hold. Use {', '.join(holding)}, or {words}: {means}.")


def _wrong_kind(kind: Kind, form: Format) -> str:
    """What to say where a format is for something else."""
    what = {"mask": "one mask", "classes": "classes", "instances": "numbered objects"}
    means = " or ".join(what[one] for one in form.kinds)
    hint = {"mask": "--kind mask unites them", "masks": "--objects numbers the connected parts"}
    return f"holds {what[kind]}; {form.name} ({form.title}) holds {means}: {hint.get(form.name, 'use png, or --kind')}."


def _of_kind(picture: Annotated, form: Format, kind: Kind, allowed: frozenset[str]) -> Annotated:
    """The picture with another meaning, where one is asked for."""
    if kind == picture.kind:
        return picture
    if kind == "instances":
        return replace(as_things(picture), kind=kind)
    first = {"crowds": _crowds(picture, form), "void": _void(picture, FORMATS["yolo"]) if kind == "mask" else ""}
    if kind == "classes":
        for said, others in _high_class(picture.things or ()):
            raise LossError(f"{said}; {others} hold that.")
        first["overlaps"] = _overlaps(replace(picture, kind=kind), form)
    _refuse({word: text for word, text in first.items() if word not in allowed}, f"kind {kind}", picture.kind)
    changed = painted(picture, kind, larger_below=True)
    return replace(changed, names={} if kind == "mask" else picture.names)


def _numbered(picture: Annotated) -> list[Thing]:
    """The numbered objects, without void and without looking at labels."""
    return [thing for thing in picture.things or () if thing.label != NO_CLASS]


def _overlaps(picture: Annotated, form: Format) -> str:
    if picture.things is None:
        return ""
    try:
        painted(picture, picture.kind)
    except OverlapError as failure:
        return f"overlaps ({failure})"
    return ""


def _crowds(picture: Annotated, form: Format) -> str:
    crowds = [thing.number for thing in picture.things or () if thing.crowd]
    return f"{len(crowds)} crowd{'s' * (len(crowds) > 1)} (object {crowds[0]})" if crowds else ""


def _classes(picture: Annotated, form: Format) -> str:
    labels = sorted({thing.label for thing in _numbered(picture)}) if picture.kind == "instances" else []
    told = ", ".join(class_name(picture.names, label) for label in labels[:3])
    return f"objects of {len(labels)} classes ({told})" if len(labels) > 1 else ""


def _names(picture: Annotated, form: Format) -> str:
    names = list(picture.names.values())
    if not names and picture.kind == "instances":
        # One class other than 1 is kept as the only one that has a name.
        names = [class_name({}, thing.label) for thing in _numbered(picture)[:1] if thing.label != 1]
    return f"names of classes ({', '.join(names[:3])}{', ...' * (len(names) > 3)})" if names else ""


def _numbers(picture: Annotated, form: Format) -> str:
    numbers = [thing.number for thing in things_of(picture)] if picture.kind == "instances" else []
    gap = next((number for place, number in enumerate(numbers, start=1) if number != place), 0)
    return f"{len(numbers)} objects whose numbers are not 1 to {len(numbers)} (there is {gap})" if gap else ""


def _holes(picture: Annotated, form: Format) -> str:
    things = things_of(picture)
    rings = outlines(things, picture.size, 8)
    found = [thing for thing, outline in zip(things, rings, strict=True) if any(ring.hole for ring in outline)]
    return f"{len(found)} object{'s' * (len(found) > 1)} with holes (object {found[0].number})" if found else ""


def _parts(picture: Annotated, form: Format) -> str:
    if picture.kind != "instances":
        # Of masks and classes each part is an outline of its own, and nothing is lost.
        return ""
    things = things_of(picture)
    rings = outlines(things, picture.size, 8)
    found = [thing for thing, one in zip(things, rings, strict=True) if sum(not ring.hole for ring in one) > 1]
    return f"{len(found)} object{'s' * (len(found) > 1)} of several parts (object {found[0].number})" if found else ""


def _void(picture: Annotated, form: Format) -> str:
    if picture.labels is not None and not (form.things and picture.kind == "classes"):
        # 255 among classes is void in every label picture, and labels of other kinds have none.
        return ""
    pixels = sum(int(thing.mask.sum()) for thing in things_of(picture) if thing.label == NO_CLASS)
    return f"{pixels} void pixels" if pixels else ""


_CHECKS: dict[str, Callable[[Annotated, Format], str]] = {
    "void": _void,
    "overlaps": _overlaps,
    "crowds": _crowds,
    "classes": _classes,
    "names": _names,
    "numbers": _numbers,
    "holes": _holes,
    "parts": _parts,
}


def _each(change: Callable[[Thing], Thing]) -> Callable[[Annotated], Annotated]:
    """A change of every object as one of the picture."""
    return lambda picture: replace(picture, labels=None, things=tuple(change(thing) for thing in things_of(picture)))


def _renumbered(picture: Annotated) -> Annotated:
    things = tuple(replace(thing, number=place) for place, thing in enumerate(things_of(picture), start=1))
    return replace(picture, labels=None, things=things)


def _without_overlaps(picture: Annotated) -> Annotated:
    """Objects as far as smaller ones do not cover them, with their classes."""
    things = {thing.number: thing for thing in things_of(picture)}
    seen = painted(replace(picture, kind="instances"), "instances", larger_below=True)
    left = [replace(things[thing.number], mask=thing.mask, left=thing.left, top=thing.top) for thing in things_of(seen)]
    return replace(picture, labels=None, things=tuple(left))


def _unbroken(thing: Thing, size: tuple[int, int]) -> Thing:
    """An object without its holes."""
    outer = [ring.corners for ring in outlines([thing], size, 8)[0] if not ring.hole]
    mask = thing.mask.copy()
    for corners in outer:
        part, left, top = filled([corners], *size)
        box = np.s_[top - thing.top :, left - thing.left :]
        mask[box][: part.shape[0], : part.shape[1]] |= part
    return replace(thing, mask=mask)


_GIVEN_UP: dict[str, Callable[[Annotated], Annotated]] = {
    "overlaps": _without_overlaps,
    "crowds": _each(lambda thing: replace(thing, crowd=False)),
    "classes": lambda picture: replace(_each(lambda thing: replace(thing, label=1))(picture), names={}),
    "names": lambda picture: (
        replace(_each(lambda thing: replace(thing, label=1))(picture), names={})
        if picture.kind == "instances"
        else replace(picture, names={})
    ),
    "numbers": _renumbered,
    "holes": lambda picture: replace(
        picture, labels=None, things=tuple(_unbroken(thing, picture.size) for thing in things_of(picture))
    ),
    "parts": in_parts,
    "void": lambda picture: replace(
        picture, labels=None, things=tuple(thing for thing in things_of(picture) if thing.label != NO_CLASS)
    ),
}


def _kept_names(picture: Annotated, form: Format) -> dict[int, str]:
    """Names as a label picture keeps them; of numbered objects that of their only class."""
    if picture.kind != "instances" or picture.things is None:
        return dict(picture.names)
    labels = sorted({thing.label for thing in _numbered(picture)})
    if not labels or labels == [1]:
        return own_names({1: picture.names.get(1, "object")})
    return {labels[0]: class_name(picture.names, labels[0])}


def _high_class(things: Sequence[Thing]) -> Iterator[tuple[str, str]]:
    """A class that cannot be a number beside that of void."""
    highest = max((thing.label for thing in things), default=0)
    if highest >= VOID:
        yield f"has class {highest}, label pictures have classes up to {VOID - 1}", "coco, geojson and yolo by objects"


def _bounds(picture: Annotated, form: Format, kind: Kind) -> Iterator[tuple[str, str]]:
    """What is out of a format's bounds, and which formats have wider ones."""
    things = picture.things or ()
    if kind == "instances":
        labels = picture.labels
        highest = (
            int(labels.max()) if labels is not None else max((one.number for one in _numbered(picture)), default=0)
        )
        if highest > form.most:
            wider = [row.name for row in FORMATS.values() if row.most >= highest and kind in row.kinds]
            yield f"has object {highest}, {form.name} numbers {form.most:,} at most", ", ".join(wider)
    elif kind == "classes" and not form.things:
        yield from _high_class(things)
    if form.name in ("yolo", "roi") and any(thing.label == 0 for thing in things_of(picture)):
        named = class_name(picture.names, 0)
        yield f"has a class 0, {named!r}, and in {form.name} 0 is background", "coco, geojson, png"
    if form.name == "roi":
        label = max((thing.label for thing in things_of(picture)), default=0)
        if label > LARGEST_GROUP:
            yield f"has class {label}, groups of ImageJ go to {LARGEST_GROUP}", "coco, geojson, yolo"
        if max(picture.size) > FARTHEST:
            yield f"is {picture.size[0]} x {picture.size[1]}, ImageJ's corners go to {FARTHEST:,}", "coco, geojson"
