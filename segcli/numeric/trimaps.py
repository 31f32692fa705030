"""What a user's box, strokes and trimap say about each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcli.arrays import Array, Box
from segcli.errors import InputError

BACKGROUND, OPEN, OBJECT = 0, 128, 255
"""Values of a trimap."""

NEITHER = 2
"""Beside 0 (background) and 1 (object), what a pixel may teach at first."""


@dataclass(frozen=True, eq=False)
class Hints:
    """Hints of all kinds, merged.

    Attributes
    ----------
    trimap : (H, W) uint8
        BACKGROUND, OPEN or OBJECT.
    open_side : what open pixels teach at first: 0 background, 1 object, 2 neither.
    box : the box that the object fills, drawn or assumed.
    drawn : whether the user drew that box, beside something outside it.
    notes : what was assumed.
    """

    trimap: Array
    open_side: int
    box: Box | None
    drawn: bool
    notes: tuple[str, ...]


def read_hints(
    shape: tuple[int, int], box: Box | None, scribbles: Array | None, trimap: Array | None, valid: Array | None
) -> Hints:
    """Merge hints: a pixel outside the box is background, the trimap overrules the box, and scribbles both.

    Raises
    ------
    InputError
        A trimap with other values than 0, 128 and 255, or scribbles with others than 0, 1 and 2.
    """
    notes = []
    merged = np.full(shape, OPEN, np.uint8)
    if trimap is not None:
        _check("the trimap holds", trimap, {BACKGROUND: "background", OPEN: "unknown", OBJECT: "object"})
        merged[...] = trimap
    if scribbles is not None:
        _check("scribbles hold", scribbles, {0: "none", 1: "object", 2: "background"})
        merged[scribbles == 1], merged[scribbles == 2] = OBJECT, BACKGROUND
    if box is None and (merged == OPEN).all():
        left, top, right, bottom = extent_of(valid, shape)
        across, down = round(0.05 * (right - left)), round(0.05 * (bottom - top))
        box = Box(left + across, top + down, right - across, bottom - down)
        empty = "" if trimap is None and scribbles is None else "the hints mark nothing; "
        notes.append(f"{empty}the object is looked for in the whole picture less a margin of 5 % on each side")
    drawn = box is not None and not notes
    if box is not None:
        outside = merged == OPEN
        outside[box.top : box.bottom, box.left : box.right] = False
        merged[outside] = BACKGROUND
    given = merged if valid is None else merged[valid]
    marked = ((given == BACKGROUND).any(), (given == OBJECT).any())
    if box is not None:
        open_side = 1
    else:
        open_side = {(True, True): NEITHER, (False, True): 0}.get(marked, 1)
    return Hints(merged, open_side, box, drawn, tuple(notes))


def extent_of(valid: Array | None, shape: tuple[int, ...]) -> Box:
    """The smallest box around the pixels that count; the whole picture where all do or none does."""
    if valid is None or not valid.any():
        return Box(0, 0, shape[1], shape[0])
    rows, columns = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _check(who: str, array: Array, meanings: dict[int, str]) -> None:
    """Refuse values without a meaning."""
    wrong = ~np.isin(array, list(meanings))
    if wrong.any():
        known = ", ".join(f"{value} ({meaning})" for value, meaning in meanings.items())
        raise InputError(f"{who} the value {array[wrong][0]}; expected {known}.")


def shrink(trimap: Array, shape: tuple[int, int]) -> Array:
    """Reduce a trimap; a cell is given where any of its pixels is, by the more frequent of both sides.

    So thin strokes survive. Where both sides are equally frequent, object wins.
    """
    from segcli.opencv import cv2

    if trimap.shape == shape:
        return trimap
    size = (shape[1], shape[0])
    shares = [
        cv2.resize((trimap == side).astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        for side in (BACKGROUND, OBJECT)
    ]
    result = np.full(shape, OPEN, np.uint8)
    result[shares[0] > shares[1]] = BACKGROUND
    result[(shares[1] >= shares[0]) & (shares[1] > 0)] = OBJECT
    return result


def first_sides(trimap: Array, open_side: int, valid: Array | None) -> tuple[Array, bool]:
    """What each pixel teaches at first, and whether a frame stood in for a background that is marked nowhere.

    It runs inside the smallest box around the pixels that count, 2 % of its shorter side wide and at least a pixel.
    Its pixels teach background, but stay open.
    """
    sides = np.select([trimap == BACKGROUND, trimap == OBJECT], [0, 1], open_side).astype(np.uint8)
    if valid is not None:
        sides[~valid] = NEITHER
    if (sides == 0).any():
        return sides, False
    left, top, right, bottom = extent_of(valid, trimap.shape)
    border = max(1, round(0.02 * min(bottom - top, right - left)))
    frame = np.ones(trimap.shape, bool)
    spans = ((top, bottom), (left, right))
    rows, columns = (slice(a + border, b - border) if b - a > 2 * border else slice(a, b) for a, b in spans)
    frame[rows, columns] = False
    sides[frame & (trimap == OPEN) & (sides != NEITHER)] = 0
    return sides, bool((sides == 0).any())
