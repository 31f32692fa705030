"""Pictures that show the same: a hash of 64 bits to find them among many, and a correlation to be sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 32
"""Height and width of the small pictures that are compared."""

FREQUENCIES = 8
RADIUS = 10
"""Bits of 64 in which two hashes of one picture may differ."""

SAME = 0.982
"""Correlation of the small pictures from which two count as one."""

FLAT = 1.0
"""Deviation in gray values below which a small picture shows nothing to compare."""

ROWS = 256

Twin = tuple[int, int, float]
"""Two places, the first one lower, and the correlation of what is there."""


def hash_pictures(small: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash small gray pictures by the signs of their slowest 8 x 8 waves, the mean left out.

    Parameters
    ----------
    small : (N, 32, 32)

    Returns
    -------
    (N,) uint64
        Brightness, contrast, size, noise and compression hardly change it.

    References
    ----------
    C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", thesis, Upper Austria University of
    Applied Sciences, 2010 (the hash of the cosine transform; here with signs instead of a median).
    """
    place, wave = np.arange(SIDE), np.arange(FREQUENCIES)[:, None]
    cosines = np.cos(np.pi * (2 * place + 1) * wave / (2 * SIDE)).astype(np.float32)
    waves = cosines @ small.astype(np.float32) @ cosines.T
    bits = waves.reshape(len(small), -1) > 0
    # The mean's place would always be 1.
    bits[:, 0] = False
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").ravel().astype(np.uint64)


def turned(small: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Pictures in all eight positions of a square: as they are, turned by quarters, and mirrored."""
    mirrored = small[:, :, ::-1]
    return [np.rot90(one, quarter, axes=(1, 2)) for one in (small, mirrored) for quarter in range(4)]


def find_twins(small: NDArray[np.uint8], parts: NDArray[np.int64]) -> list[Twin]:
    """Find pictures of different parts that show the same.

    Found are copies that were compressed, resized, made brighter, darker or paler, blurred, noisy, turned by quarters
    or mirrored. Not found are inverted ones, and mostly those that were cut or tilted by a few percent or degrees.

    Parameters
    ----------
    small : (N, 32, 32) gray.
    parts : (N,) number of the part that each is in.

    Returns
    -------
    Pairs, by the first place and then the second. Time grows with the square of N, memory with N.
    """
    hashes = hash_pictures(small)
    shows = small.reshape(len(small), -1).std(axis=1) >= FLAT
    best: dict[tuple[int, int], float] = {}
    for position in turned(small):
        others = hash_pictures(position)
        for start in range(0, len(small), ROWS):
            rows = slice(start, start + ROWS)
            near = np.bitwise_count(hashes[rows, None] ^ others[None]) <= RADIUS
            near &= (parts[rows, None] != parts[None]) & shows[rows, None] & shows[None]
            for row, column in np.argwhere(near).tolist():
                first, second = start + row, column
                if first > second:
                    continue
                likeness = correlation(small[first], position[second])
                if likeness >= SAME:
                    best[first, second] = max(likeness, best.get((first, second), 0.0))
    return [(*pair, likeness) for pair, likeness in sorted(best.items())]


def correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Pearson's correlation of two pictures; 0 where one is flat."""
    first, second = (values.astype(np.float64) - values.mean() for values in (one, other))
    length = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / length) if length else 0.0
