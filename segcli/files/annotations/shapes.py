"""Objects as outlines along the edges of their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from segcli.arrays import Array
from segcli.files.annotations.annotated import Thing
from segcli.numeric.outlines import Ring, equal_parts, trace


def outlines(things: Sequence[Thing], size: tuple[int, int], connectivity: Literal[4, 8]) -> list[list[Ring]]:
    """The outlines of each object, in the picture's coordinates.

    Parameters
    ----------
    connectivity : whether pixels that share only a corner lie in one outline (8), which then meets itself there, or in
        two. With 4 the rings of one part have one number, and the outer one comes first.
    """
    canvas = np.zeros(size[::-1], np.int32)
    for place, thing in enumerate(things, start=1):
        height, width = thing.mask.shape
        box = canvas[thing.top : thing.top + height, thing.left : thing.left + width]
        if (box[thing.mask] > 0).any():
            # One canvas cannot hold what overlaps.
            return [_alone(thing, connectivity) for thing in things]
        box[thing.mask] = place
    found: list[list[Ring]] = [[] for _ in things]
    parts = equal_parts(canvas) if connectivity == 4 else canvas
    owner = np.zeros(int(parts.max()) + 1, np.int32)
    owner[parts.ravel()] = canvas.ravel()
    for ring in trace(parts):
        found[owner[ring.number] - 1].append(ring)
    return found


def _alone(thing: Thing, connectivity: Literal[4, 8]) -> list[Ring]:
    """The outlines of one object."""
    numbers = equal_parts(thing.mask.astype(np.int32)) if connectivity == 4 else thing.mask.astype(np.int32)
    place = np.array([thing.left, thing.top], np.int32)
    return [Ring(ring.number, ring.corners + place, ring.hole) for ring in trace(numbers)]


def by_parts(rings: Sequence[Ring]) -> list[list[Array]]:
    """The corners of an object's outlines, part by part, the outer one before its holes."""
    found: dict[int, list[Array]] = {}
    for ring in rings:
        found.setdefault(ring.number, []).append(ring.corners)
    return list(found.values())


def is_stepped(corners: Array, width: int, height: int) -> bool:
    """Whether an outline goes along the edges of pixels, inside a picture, with whole corners."""
    if (corners != np.floor(corners)).any() or (corners < 0).any() or (corners > (width, height)).any():
        return False
    moved = corners != np.roll(corners, 1, axis=0)
    return not bool((moved[:, 0] & moved[:, 1]).any())
