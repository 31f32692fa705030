"""Outlines along the edges of pixels: traced from numbers, and filled again to the same pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from segcli.arrays import Array, Labels, Mask

TOP, RIGHT, BOTTOM, LEFT = range(4)


class Ring(NamedTuple):
    """One closed outline: the number it belongs to, its (N, 2) corners x, y, and whether it goes around a hole."""

    number: int
    corners: Array
    hole: bool


def equal_parts(labels: Array) -> Labels:
    """Number the parts of equal labels that are connected by sides, in reading order; 0 stays 0.

    Parameters
    ----------
    labels : (H, W) whole numbers.

    Examples
    --------
    >>> equal_parts(np.array([[7, 7, 0], [5, 0, 7]])).tolist()
    [[1, 1, 0], [2, 0, 3]]
    """
    from segcli.numeric.components import connected_components

    height, width = labels.shape
    # Between two pixels lies one more, which is set where they are equal.
    links = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    links[::2, ::2] = labels > 0
    links[::2, 1::2] = (labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] > 0)
    links[1::2, ::2] = (labels[1:] == labels[:-1]) & (labels[1:] > 0)
    return np.ascontiguousarray(connected_components(links, 4)[0][::2, ::2])


def trace(numbers: Array) -> list[Ring]:
    """Trace the outlines of all numbers above 0, along the edges of their pixels.

    An outline keeps its number on its right, so it goes clockwise as pictures are shown, and around a hole the other
    way. Where two pixels of one number share only a corner, the outline goes on to the other one. If each number is
    connected by sides (`equal_parts`), it has one outline besides those of its holes, and none meets itself.

    Parameters
    ----------
    numbers : (H, W) whole numbers.

    Returns
    -------
    Outlines in reading order of their first pixels; corners only where the outline turns, from 0 to W and 0 to H.

    Examples
    --------
    >>> trace(np.array([[0, 1, 1]]))[0].corners.tolist()
    [[1, 0], [3, 0], [3, 1], [1, 1]]
    """
    padded = np.pad(numbers, 1)
    width = padded.shape[1]
    flat = padded.ravel()
    inside = np.flatnonzero(flat)
    # An edge is a pixel and one of its sides; TOP is walked to the right, RIGHT down and so on.
    outward, ahead = (-width, 1, width, -1), (1, width, -1, -width)
    edges, followers = [], []
    for side in (TOP, RIGHT, BOTTOM, LEFT):
        pixels = inside[flat[inside] != flat[inside + outward[side]]]
        straight = pixels + ahead[side]
        across = straight + outward[side]
        turned = np.where(flat[straight] == flat[pixels], 4 * straight + side, 4 * pixels + (side + 1) % 4)
        edges.append(4 * pixels + side)
        followers.append(np.where(flat[across] == flat[pixels], 4 * across + (side + 3) % 4, turned))
    codes = np.concatenate(edges)
    order = np.argsort(codes)
    codes = codes[order]
    following = np.searchsorted(codes, np.concatenate(followers)[order])
    rings = _cycles(following, codes % 4)
    pixels, sides = codes // 4, codes % 4
    x = pixels % width - 1 + ((sides == RIGHT) | (sides == BOTTOM))
    y = pixels // width - 1 + ((sides == BOTTOM) | (sides == LEFT))
    corners = np.stack([x, y], axis=1).astype(np.int32)
    # The first edge of an outline is above its first pixel, that of a hole below the pixel over the hole.
    return [Ring(int(flat[pixels[ring[0]]]), corners[ring[1:]], bool(sides[ring[0]] != TOP)) for ring in rings]


def _cycles(following: Array, sides: Array) -> list[list[int]]:
    """Follow each edge to the next; a ring is its first edge, and then those where it turns."""
    before = np.empty_like(following)
    before[following] = np.arange(len(following))
    turns, steps = (sides != sides[before]).tolist(), following.tolist()
    seen = bytearray(len(steps))
    rings = []
    for first in range(len(steps)):
        if seen[first]:
            continue
        ring, edge = [first], first
        while not seen[edge]:
            seen[edge] = 1
            if turns[edge]:
                ring.append(edge)
            edge = steps[edge]
        rings.append(ring)
    return rings


def fill(rings: Iterable[Array], height: int, width: int) -> Mask:
    """Fill outlines by the even-odd rule: a pixel counts by its center, (column + 0.5, row + 0.5).

    What `trace` gives is filled to the same pixels. A center on an outline counts where the inside is to its right, or
    below it.

    Parameters
    ----------
    rings : (N, 2) corners x, y each; the last is joined to the first.

    Examples
    --------
    >>> fill([np.array([[1, 0], [3, 0], [3, 1], [1, 1]])], 1, 3).astype(int).tolist()
    [[0, 1, 1]]
    """
    places = [np.zeros(0, np.int64)]
    for ring in rings:
        corners = np.asarray(ring, np.float64).reshape(-1, 2)
        following = np.roll(corners, -1, axis=0)
        down = following[:, 1] > corners[:, 1]
        upper, lower = np.where(down[:, None], corners, following), np.where(down[:, None], following, corners)
        first = np.clip(np.ceil(upper[:, 1] - 0.5), 0, height).astype(np.int64)
        last = np.clip(np.ceil(lower[:, 1] - 0.5), 0, height).astype(np.int64)
        counts = last - first
        edge = np.repeat(np.arange(len(counts)), counts)
        if not edge.size:
            continue
        rows = np.arange(edge.size) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
        rise = lower[edge, 1] - upper[edge, 1]
        x = upper[edge, 0] + (rows + 0.5 - upper[edge, 1]) * (lower[edge, 0] - upper[edge, 0]) / rise
        columns = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
        places.append(rows * (width + 1) + columns)
    turns = np.bincount(np.concatenate(places), minlength=height * (width + 1))
    return np.asarray(np.cumsum(turns.reshape(height, -1), axis=1)[:, :width] % 2 == 1)
