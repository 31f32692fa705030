"""Objects as COCO writes them: run lengths, plain or packed into a string, and polygons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Mask
from segcli.errors import InputError

FINE = 5
"""Corners of polygons are rounded to a fifth of a pixel, as in COCO's own reader."""

FURTHEST = 1 << 20


def unpack_counts(text: str | bytes) -> NDArray[np.int64]:
    """Unpack the run lengths of a string: five bits a character, from the third run on as differences to the last
    but one.

    Raises
    ------
    InputError : a string that is no such list.
    """
    try:
        codes = np.frombuffer(text.encode("ascii") if isinstance(text, str) else text, np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError as failure:
        raise InputError("has run lengths with characters beyond ASCII; they are packed into 0 to o.") from failure
    if not codes.size:
        return np.zeros(0, np.int64)
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise InputError("has damaged run lengths: characters from 0 to o are expected, and the last ends a number.")
    starts = np.concatenate([[0], np.flatnonzero(codes[:-1] & 32 == 0) + 1])
    lengths = np.diff(np.append(starts, codes.size))
    if lengths.max() > 12:
        raise InputError("has damaged run lengths: one of them takes more than 12 characters.")
    places = np.arange(codes.size) - np.repeat(starts, lengths)
    numbers = np.add.reduceat((codes & 31) << (5 * places), starts)
    last = codes[starts + lengths - 1]
    numbers = np.where(last & 16, numbers - (np.int64(1) << 5 * lengths), numbers)
    # Run 3 is told as a difference to run 1, 4 to 2 and so on.
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return np.asarray(numbers, np.int64)


def pack_counts(counts: Sequence[int]) -> str:
    """Pack run lengths into a string, as COCO's own tools do, byte for byte.

    Examples
    --------
    >>> pack_counts([1, 2, 1])
    '121'
    """
    rest = np.asarray(counts, np.int64).copy()
    rest[3:] -= np.asarray(counts, np.int64)[1:-2]
    codes, kept = [], []
    more = np.ones(rest.size, bool)
    while more.any():
        digits = rest & 31
        rest >>= 5
        kept.append(more)
        # A number ends where what is left repeats the sign of the last five bits.
        more = more & (rest != np.where(digits & 16, -1, 0))
        codes.append(digits | np.where(more, 32, 0))
    packed = np.stack(codes, axis=1)[np.stack(kept, axis=1)] + 48 if codes else np.zeros(0, np.int64)
    return packed.astype(np.uint8).tobytes().decode("ascii")


def encode_runs(mask: Mask, height: int, width: int, *, left: int = 0, top: int = 0) -> list[int]:
    """Run lengths of an object, down the columns of the picture; the first run is of background.

    Parameters
    ----------
    mask : (h, w) bool, the object or the part of the picture that it lies in.
    height, width : of the picture.
    left, top : where the mask's first column and row are in it.

    Examples
    --------
    >>> encode_runs(np.array([[False, True], [True, False]]), 2, 2)
    [1, 2, 1]
    """
    columns, rows = np.nonzero(mask.T)
    places = (columns + left) * height + rows + top
    if not places.size:
        return [height * width]
    breaks = np.flatnonzero(np.diff(places) > 1)
    starts = places[np.concatenate([[0], breaks + 1])]
    stops = places[np.append(breaks, places.size - 1)] + 1
    edges = np.stack([starts, stops], axis=1).ravel()
    counts: list[int] = np.diff(np.concatenate([[0], edges, [height * width]])).tolist()
    return counts if counts[-1] else counts[:-1]


def decode_runs(counts: Any, height: int, width: int) -> Mask:
    """Decode run lengths, which go down the columns and begin with the background.

    Parameters
    ----------
    counts : whole numbers, or a string that packs them.
    height, width : in pixels.

    Returns
    -------
    (H, W) bool

    Raises
    ------
    InputError : runs that are no such list, or that do not add up to the picture.

    Examples
    --------
    >>> decode_runs([1, 2, 1], 2, 2).astype(int).tolist()
    [[0, 1], [1, 0]]
    """
    runs = _checked(counts, height, width)
    values = np.repeat(np.arange(runs.size) % 2 == 1, runs)
    return np.ascontiguousarray(values.reshape(width, height).T)


def decode_object(counts: Any, height: int, width: int) -> tuple[Mask, int, int]:
    """Decode run lengths to the smallest box that holds the object; (0, 0) pixels where there is none.

    Returns
    -------
    mask, left, top : (h, w) bool, and where its first column and row are in the picture.

    Raises
    ------
    InputError : as for `decode_runs`.
    """
    runs = _checked(counts, height, width)
    edges = np.cumsum(runs)
    stops = edges[1::2]
    starts = edges[0::2][: stops.size]
    full = stops > starts
    if not full.any():
        return np.zeros((0, 0), bool), 0, 0
    starts, stops = starts[full], stops[full]
    left, right = int(starts[0]) // height, (int(stops[-1]) - 1) // height + 1
    turns = np.zeros((right - left) * height + 1, np.int8)
    # Runs of length 0 between two of object make one place both an end and a beginning.
    np.add.at(turns, starts - left * height, 1)
    np.add.at(turns, stops - left * height, -1)
    mask = np.cumsum(turns[:-1], dtype=np.int8).reshape(right - left, height).T > 0
    rows = np.flatnonzero(mask.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    return np.ascontiguousarray(mask[top:bottom]), left, top


def _checked(counts: Any, height: int, width: int) -> NDArray[np.int64]:
    """Run lengths as numbers that add up to the picture."""
    if isinstance(counts, (str, bytes)):
        runs = unpack_counts(counts)
    else:
        try:
            runs = np.asarray(counts, np.int64)
        except (TypeError, ValueError, OverflowError) as failure:
            raise InputError(f"has run lengths that are no list of whole numbers: {failure}.") from failure
    total = sum(runs.ravel().tolist())
    if runs.ndim != 1 or (runs.size and runs.min() < 0) or total != height * width:
        raise InputError(
            f"has run lengths that add up to {total}; {height * width} pixels of {width} x {height} are "
            "expected, and no run below 0."
        )
    return runs


def draw_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> Mask:
    """Draw polygons, x and y by turns, filled; where several overlap they unite.

    A pixel counts by its center, after the corners have been rounded to a fifth of a pixel: the same pixels as COCO's
    own reader gives. A polygon that crosses itself is filled by the even-odd rule.

    Returns
    -------
    (H, W) bool

    Raises
    ------
    InputError : fewer than three corners, or corners that are no numbers or far outside.
    """
    mask = np.zeros((height, width), bool)
    for polygon in polygons:
        try:
            corners = np.asarray(polygon, np.float64)
        except (TypeError, ValueError) as failure:
            raise InputError(f"has a polygon that is no list of numbers: {failure}.") from failure
        if corners.ndim != 1 or corners.size < 6 or corners.size % 2:
            raise InputError(f"has a polygon of {corners.size} numbers; three corners or more, as x, y, are expected.")
        if not np.isfinite(corners).all() or np.abs(corners).max() > FURTHEST:
            raise InputError("has a polygon with a corner that is no number, or far outside the picture.")
        mask |= _filled(corners.reshape(-1, 2), height, width)
    return mask


def _filled(corners: NDArray[np.float64], height: int, width: int) -> Mask:
    """One polygon: in each column the inside begins and ends where the outline crosses its middle."""
    fine = np.trunc(FINE * corners + 0.5).astype(np.int64)
    u, v = _outline(fine)
    moved = np.flatnonzero(u[1:] != u[:-1])
    x = (np.minimum(u[moved], u[moved + 1]) + 0.5) / FINE - 0.5
    y = (np.minimum(v[moved], v[moved + 1]) + 0.5) / FINE - 0.5
    # Floats, for whether the sum is whole decides as it does in COCO's reader.
    crossing = (np.floor(x) == x) & (x >= 0) & (x <= width - 1)
    mask = np.zeros((height, width), bool)
    if not crossing.any():
        return mask
    columns = x[crossing].astype(np.int64)
    rows = np.ceil(np.clip(y[crossing], 0, height)).astype(np.int64)
    first, last = int(columns.min()), int(columns.max())
    size = (last + 1 - first) * height
    # A closed outline crosses each column an even number of times, so columns do not disturb each other.
    turns = np.bincount((columns - first) * height + rows, minlength=size + 1)
    inside = np.cumsum(turns[:size]) % 2 == 1
    mask[:, first : last + 1] = inside.reshape(-1, height).T
    return mask


def _outline(corners: Array) -> tuple[Array, Array]:
    """Points along a closed outline, one for each step of the longer side of an edge."""
    following = np.roll(corners, -1, axis=0)
    across, along = [], []
    for (x, y), (next_x, next_y) in zip(corners.tolist(), following.tolist(), strict=True):
        wide, high = abs(next_x - x), abs(next_y - y)
        longer = max(wide, high)
        if not longer:
            continue
        flat = wide >= high
        turned = x > next_x if flat else y > next_y
        # Both directions of an edge give the same points.
        (a, b), (c, d) = ((next_x, next_y), (x, y)) if turned else ((x, y), (next_x, next_y))
        steps = np.arange(longer + 1)[:: -1 if turned else 1]
        if flat:
            across.append(steps + a)
            along.append(np.trunc(b + (d - b) / wide * steps + 0.5).astype(np.int64))
        else:
            across.append(np.trunc(a + (c - a) / high * steps + 0.5).astype(np.int64))
            along.append(steps + b)
    if not across:
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    return np.concatenate(across), np.concatenate(along)
