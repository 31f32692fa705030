"""Films a contour while it moves: when to stop, what to show of it, and the segmentation it ends as."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.segmentation import Segmentation

PATIENCE = 10
"""Iterations over which a contour must stand still; even, as morphological smoothing alternates between two orders."""

SHOWN = 6
"""Moments that are shown, the start and the end among them."""

KEPT = 16
"""Moments that are held while the contour moves."""


@dataclass(frozen=True, eq=False)
class Film:
    """How a contour moved.

    Attributes
    ----------
    mask : (H, W) bool
        Its inside at the end.
    moments : (H, W) bool masks by iteration, between which about equal areas changed sides.
    energy, area : (iterations + 1,) float64; the start is the first.
    converged : whether it stood still, rather than being stopped.
    """

    mask: NDArray[np.bool_]
    moments: Mapping[int, NDArray[np.bool_]]
    energy: NDArray[np.float64]
    area: NDArray[np.float64]
    converged: bool

    @property
    def iterations(self) -> int:
        return len(self.energy) - 1


def record(
    states: Iterable[tuple[Array, float]],
    iterations: int,
    tolerance: float,
    valid: Array | None = None,
    *,
    by_area: bool = False,
) -> Film:
    """Follow a contour until it stands still or its iterations are spent.

    Parameters
    ----------
    states : iterable of ((H, W) bool or uint8, float)
        Inside and energy, the start first. A mask may be overwritten by the next.
    iterations : int
        The most steps that are taken.
    tolerance : float
        Stops once at most this share of the pixels that count lies on another side than PATIENCE iterations before.
    valid : (H, W) bool or None
        Pixels that count.
    by_area : bool
        Stops too once the mean area inside of PATIENCE iterations differs by no more from that of those before. For
        contours that flicker where they rest, but whose area changes as long as they move.
    """
    recent: deque[Array] = deque(maxlen=PATIENCE + 1)
    moments: list[tuple[int, Array]] = []
    energies, areas = [], []
    converged = False
    # As a share of all pixels.
    still = tolerance if valid is None else tolerance * valid.mean()
    for iteration, (mask, energy) in enumerate(states):
        packed = np.packbits(mask != 0)
        energies.append(energy)
        areas.append(_count(packed))
        recent.append(packed)
        moments.append((iteration, packed))
        if len(moments) > KEPT:
            _thin(moments, KEPT)
        converged = len(recent) > PATIENCE and _count(recent[0] ^ packed) <= still * mask.size
        if by_area and len(areas) > 2 * PATIENCE:
            drift = sum(areas[-PATIENCE:]) - sum(areas[-2 * PATIENCE : -PATIENCE])
            converged |= abs(drift) <= still * mask.size * PATIENCE
        if converged or iteration == iterations:
            break
    _thin(moments, SHOWN)
    shape = mask.shape

    def unpacked(packed: Array) -> Array:
        return np.unpackbits(packed, count=mask.size).reshape(shape).view(bool)

    shown = {iteration: unpacked(packed) for iteration, packed in moments}
    return Film(mask != 0, shown, np.array(energies, np.float64), np.array(areas, np.float64), bool(converged))


def _count(packed: Array) -> int:
    """Pixels that are set in a packed mask."""
    return int(np.bitwise_count(packed).sum(dtype=np.int64))


def _thin(moments: list[tuple[int, Array]], most: int) -> None:
    """Drop moments, never the first or the last, each time the one that lies closest between its neighbors."""
    changes = [_count(before[1] ^ after[1]) for before, after in pairwise(moments)]
    while len(moments) > most:
        place = min(range(1, len(moments) - 1), key=lambda index: changes[index - 1] + changes[index])
        changes[place - 1 : place + 1] = [_count(moments[place - 1][1] ^ moments[place + 1][1])]
        del moments[place]


def segmentation(
    film: Film,
    *,
    flipped: bool = False,
    numbers: Mapping[str, float] | None = None,
    choices: Mapping[str, str] | None = None,
    layers: Mapping[str, Array] | None = None,
    series: Mapping[str, Array] | None = None,
    notes: tuple[str, ...] = (),
) -> Segmentation:
    """Make the segmentation of a filmed contour.

    Parameters
    ----------
    film : Film
    flipped : bool
        Whether the object is outside the contour.
    numbers, choices, layers, series, notes : what the method wants to say besides.
    """
    mask = film.mask != flipped
    if not mask.any() or mask.all():
        notes = (
            *notes,
            "the contour vanished; nothing is left inside" if not mask.any() else "nothing is left outside",
        )
    contours = {f"contour_{iteration}": inside != flipped for iteration, inside in film.moments.items()}
    area = film.area if not flipped else film.mask.size - film.area
    return Segmentation(
        mask.astype(np.uint8),
        "mask",
        numbers={"iterations": film.iterations, "energy": float(film.energy[-1]), **(numbers or {})},
        choices={"converged": "yes" if film.converged else "no", **(choices or {})},
        layers={**(layers or {}), **contours},
        series={"energy": film.energy, "area": area, **(series or {})},
        notes=notes,
    )


def flat(shape: tuple[int, int]) -> Segmentation:
    """Return background everywhere, and a note, for a picture in which all pixels are equal."""
    note = "every pixel has the same value; there is nothing to separate"
    return Segmentation(np.zeros(shape, np.uint8), "mask", notes=(note,))
