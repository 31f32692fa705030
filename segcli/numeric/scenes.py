"""Drawn pictures whose truth is known: striped discs and grainy cells that overlap, in uneven light and noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NAMES = ("background", "disc", "cell")
DISC, CELL = 1, 2

SMALLEST = 16
COVER = (0.2, 0.45)
"""Least and greatest share of a picture that objects are to cover."""

TRIES = 60
VISIBLE = 0.6
"""Share of an object that later ones must leave in sight."""

Plane = NDArray[np.float64]


class Scene(NamedTuple):
    """A picture (H, W) uint8, its classes (H, W) uint8, and its objects (H, W) int32 from 1, 0 where none is."""

    image: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    instances: NDArray[np.int32]


def draw_scene(size: int, generator: np.random.Generator) -> Scene:
    """Draw one square scene.

    Discs are round, bright and striped; cells are uneven, of middle gray and grainy, with a dark nucleus. Both are
    shaded from one side and have a dark rim; what is drawn later lies above.

    Parameters
    ----------
    size : height and width in pixels, 16 or more.
    """
    ground = 55 + 12 * _waves(size, 3, generator) + 5 * _waves(size, size // 3, generator)
    classes = np.zeros((size, size), np.uint8)
    instances = np.zeros((size, size), np.int32)
    areas: list[int] = []
    wanted = generator.uniform(*COVER) * size * size
    for _ in range(TRIES):
        if np.count_nonzero(classes) >= wanted:
            break
        depth, label = _outline(size, generator)
        inside = depth > 0
        if not _leaves_in_sight(inside, instances, areas):
            continue
        areas.append(int(inside.sum()))
        classes[inside], instances[inside] = label, len(areas)
        ground = np.where(inside, _surface(depth, label, generator), ground)
    image = _soft(ground) * _light(size, generator)
    image += generator.uniform(3, 7) * generator.standard_normal((size, size))
    return Scene(np.rint(np.clip(image, 0, 255)).astype(np.uint8), classes, instances)


def _outline(size: int, generator: np.random.Generator) -> tuple[Plane, int]:
    """How deep each pixel lies in a new object, 1 at its middle and below 0 outside, and its class."""
    label = int(generator.integers(DISC, CELL + 1))
    radius = size * generator.uniform(0.07, 0.13)
    row, column = generator.uniform(0.02, 0.98, 2) * size
    down, right = np.mgrid[:size, :size] + 0.5
    angle = np.arctan2(down - row, right - column)
    reach = np.full((size, size), radius)
    if label == CELL:
        for waves, most in ((2, 0.22), (3, 0.1), (5, 0.04)):
            reach *= 1 + generator.uniform(0, most) * np.cos(waves * angle + generator.uniform(0, 2 * np.pi))
        reach *= 1.1
    return 1 - np.hypot(down - row, right - column) / reach, label


def _leaves_in_sight(inside: NDArray[np.bool_], instances: NDArray[np.int32], areas: list[int]) -> bool:
    """Whether a new object has pixels, and hides no earlier one for the greater part."""
    if np.count_nonzero(inside) < 12:
        return False
    left = np.bincount(instances[~inside], minlength=len(areas) + 1)[1:]
    return all(seen >= VISIBLE * area for seen, area in zip(left.tolist(), areas, strict=True))


def _surface(depth: Plane, label: int, generator: np.random.Generator) -> Plane:
    """The gray values of an object, as if it filled the picture."""
    size = len(depth)
    slope = np.add.outer(np.linspace(-1, 1, size), np.linspace(-1, 1, size)) * generator.uniform(-12, 12)
    dome = np.sqrt(np.clip(1 - (1 - depth) ** 2, 0, 1))
    if label == DISC:
        turn, width = generator.uniform(0, np.pi), generator.uniform(3.5, 6)
        down, right = np.mgrid[:size, :size]
        stripes = np.sin(2 * np.pi * (down * np.sin(turn) + right * np.cos(turn)) / width)
        surface = 135 + 45 * dome + 14 * stripes
    else:
        nucleus = 1 / (1 + np.exp((0.55 - depth) * 25))
        surface = 118 + 10 * dome + 9 * _waves(size, size // 2, generator) - 48 * nucleus
    rim = np.exp(-((depth / 0.1) ** 2))
    return np.asarray(surface + slope + generator.uniform(-8, 8) - 25 * rim)


def _waves(size: int, grains: int, generator: np.random.Generator) -> Plane:
    """Smooth noise of about mean 0 and deviation 1, with so many grains along a side."""
    grains = max(grains, 2)
    coarse = generator.standard_normal((grains, grains))
    place, grid = np.linspace(0, grains - 1, size), np.arange(grains)
    across = np.stack([np.interp(place, grid, row) for row in coarse])
    return 1.5 * np.stack([np.interp(place, grid, column) for column in across.T], axis=1)


def _soft(values: Plane) -> Plane:
    """Blur by 1 2 1 in both directions."""
    for axis in (0, 1):
        padded = np.pad(values, [(1, 1) if own == axis else (0, 0) for own in (0, 1)], mode="edge")
        first, middle, last = (np.take(padded, np.arange(k, k + values.shape[axis]), axis) for k in (0, 1, 2))
        values = (first + 2 * middle + last) / 4
    return values


def _light(size: int, generator: np.random.Generator) -> Plane:
    """Light that falls off from one side to the other, and from the middle outwards."""
    down, right = np.mgrid[:size, :size] / size - 0.5
    turn = generator.uniform(0, 2 * np.pi)
    fall = generator.uniform(0.1, 0.5) * (down * np.sin(turn) + right * np.cos(turn))
    return np.asarray(generator.uniform(0.85, 1.1) * (1 + fall - generator.uniform(0, 0.5) * (down**2 + right**2)))
