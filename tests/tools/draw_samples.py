"""Draws pictures of discs whose true labels are known: apart, touching or overlapping, shaded and noisy.

Used by tests and benchmarks; run as a program it writes the drawn files of a sample folder:

    python tests/tools/draw_samples.py sample_images
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

SEED = 7
SHAPE = (420, 560)

# Strokes over astronaut.jpg as (x, y) corners: the woman, and all that she is not.
OBJECT_STROKES = (
    ((175, 60), (215, 35), (270, 50), (290, 90)),
    ((200, 105), (225, 130), (245, 105)),
    ((225, 160), (222, 200), (190, 210), (245, 235)),
    ((130, 190), (160, 240), (215, 270), (280, 262)),
    ((150, 190), (200, 243)),
    ((70, 290), (110, 270), (200, 320), (320, 270), (335, 320)),
    ((45, 370), (60, 450), (130, 455), (220, 435), (215, 360), (110, 330)),
    ((245, 310), (247, 470)),
    ((260, 345), (266, 495)),
    ((150, 370), (190, 400)),
    ((270, 400), (290, 350)),
    ((130, 500), (170, 485)),
)
BACKGROUND_STROKES = (
    ((10, 20), (40, 70), (20, 180), (60, 215), (15, 280), (8, 480)),
    ((90, 20), (110, 110), (105, 175)),
    ((210, 5), (310, 20), (330, 110), (320, 200), (345, 260)),
    ((415, 15), (405, 150), (415, 250)),
    ((385, 300), (490, 300), (480, 350)),
    ((300, 450), (350, 390), (440, 440), (358, 442), (370, 490)),
    ((380, 352), (440, 365), (480, 420), (500, 480)),
)
# Five columns by seven rows a letter, each row as a number of five bits.
LETTERS = {
    "A": (14, 17, 17, 31, 17, 17, 17),
    "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "D": (30, 17, 17, 17, 17, 17, 30),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16),
    "G": (14, 17, 16, 23, 17, 17, 14),
    "H": (17, 17, 17, 31, 17, 17, 17),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "K": (17, 18, 20, 24, 20, 18, 17),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "N": (17, 25, 21, 19, 17, 17, 17),
    "O": (14, 17, 17, 17, 17, 17, 14),
    "P": (30, 17, 17, 30, 16, 16, 16),
    "R": (30, 17, 17, 30, 20, 18, 17),
    "S": (15, 16, 16, 14, 1, 1, 30),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "W": (17, 17, 17, 21, 21, 27, 17),
}
TEXT = (
    "A THRESHOLD FOR",
    "ALL OF THE PAGE",
    "LOSES WORDS IN",
    "ITS SHADOW. ONE",
    "THAT FOLLOWS THE",
    "LIGHT KEEPS THEM",
)
BOXES = {"astronaut": [18, 8, 366, 512], "coffee": [70, 12, 486, 396]}


class Disc(NamedTuple):
    """Center and radius, in pixels."""

    row: float
    column: float
    radius: float


def place_discs(shape, *, radius=(16.0, 26.0), cover=0.45, heaped=0.8, gap=0.0, seed=0):
    """Place discs until they cover a share of the picture, or no more fit.

    Parameters
    ----------
    shape : (height, width)
    radius : smallest and largest radius, in pixels.
    cover : share of the picture to cover, 0 to about 0.6.
    heaped : share of the discs that are laid against another one; the others keep 4 pixels away.
    gap : pixels between the rims of heaped discs; 0 touches, below 0 overlaps.
    seed : seed of the generator.
    """
    generator = np.random.default_rng(seed)
    discs: list[Disc] = []
    covered, failures = 0.0, 0
    while covered < cover * shape[0] * shape[1] and failures < 500:
        size = generator.uniform(*radius)
        heap = bool(discs) and generator.random() < heaped
        if heap:
            neighbor = discs[generator.integers(len(discs))]
            angle, reach = generator.uniform(0, 2 * np.pi), neighbor.radius + size + gap
            disc = Disc(neighbor.row + reach * np.sin(angle), neighbor.column + reach * np.cos(angle), size)
        else:
            disc = Disc(generator.uniform(0, shape[0]), generator.uniform(0, shape[1]), size)
        if _fits(disc, discs, shape, gap if heap else 4):
            discs.append(disc)
            covered += np.pi * size**2
            failures = 0
        else:
            failures += 1
    return discs


def _fits(disc, discs, shape, gap):
    """Whether a disc lies inside the picture and no nearer to another than the gap."""
    if min(disc.row, disc.column, shape[0] - disc.row, shape[1] - disc.column) < disc.radius + 3:
        return False
    if not discs:
        return True
    others = np.array(discs)
    distance = np.hypot(others[:, 0] - disc.row, others[:, 1] - disc.column)
    return bool(np.all(distance >= others[:, 2] + disc.radius + gap - 1e-9))


def draw_labels(shape, discs):
    """Draw discs as (H, W) int32 labels 1..n; where two overlap, a pixel belongs to the one it is deeper in."""
    labels, depths = np.zeros(shape, np.int32), np.zeros(shape)
    for number, disc in enumerate(discs, start=1):
        window, distance = _window(shape, disc)
        depth = disc.radius - distance
        deeper = depth > depths[window]
        labels[window][deeper] = number
        depths[window][deeper] = depth[deeper]
    return labels


def _window(shape, disc):
    """The window around a disc, and each of its pixels' distance to the center."""
    (top, left), reach = (int(disc.row), int(disc.column)), int(disc.radius) + 3
    rows = slice(max(top - reach, 0), min(top + reach + 1, shape[0]))
    columns = slice(max(left - reach, 0), min(left + reach + 1, shape[1]))
    row, column = np.ogrid[rows, columns]
    return (rows, columns), np.hypot(row - disc.row, column - disc.column)


def paint(labels, discs, *, contrast=90.0, shading=0.25, texture=6.0, light=25.0, noise=4.0, seed=0):
    """Paint labels as a uint8 grey picture of bright domes on a dark ground.

    Parameters
    ----------
    contrast : grey levels between ground and discs.
    shading : share of the contrast that a disc loses from its lit side to its far rim.
    texture : amplitude of the relief on discs and ground, in grey levels.
    light : grey levels by which the light falls off from the top left to the bottom right corner.
    noise : standard deviation of the noise, in grey levels.
    seed : seed of the generator.
    """
    generator = np.random.default_rng(seed)
    shape = labels.shape
    picture = np.full(shape, 60.0)
    for number, disc in enumerate(discs, start=1):
        window, distance = _window(shape, disc)
        row, column = np.ogrid[window]
        lit = 1 - shading * (0.5 + ((row - disc.row) + (column - disc.column)) / (2.83 * disc.radius))
        ring = np.exp(-(((distance - 0.8 * disc.radius) / 1.5) ** 2))
        dome = contrast * generator.uniform(0.9, 1.15) * lit + 2 * texture * ring
        own = labels[window] == number
        picture[window][own] += dome[own]
    relief = _smooth(generator.standard_normal(shape), 2)
    fall = np.add.outer(np.linspace(0.5, -0.5, shape[0]), np.linspace(0.5, -0.5, shape[1])) / 2
    picture += texture * relief / relief.std() * np.where(labels > 0, 1, 0.4) + light * fall
    picture = _smooth(picture, 1) + noise * generator.standard_normal(shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _smooth(values, times):
    """Blur by 1 2 1 in both directions, a number of times."""
    for _ in range(times):
        for axis in (0, 1):
            padded = np.pad(values, [(1, 1) if own == axis else (0, 0) for own in (0, 1)], mode="edge")
            first, middle, last = (np.take(padded, np.arange(k, k + values.shape[axis]), axis) for k in (0, 1, 2))
            values = (first + 2 * middle + last) / 4
    return values


def touching_discs(shape=SHAPE, *, seed=SEED, **how):
    """Draw heaps of discs that overlap by two pixels: a uint8 picture and its true int32 labels."""
    discs = place_discs(shape, gap=-2.0, seed=seed)
    labels = draw_labels(shape, discs)
    return paint(labels, discs, seed=seed, **how), labels


def page(scale=4, seed=SEED):
    """Draw dark text on paper that lies half in a shadow: a uint8 picture and its true uint8 mask of ink."""
    generator = np.random.default_rng(seed)
    ink = np.zeros((len(TEXT) * 13 + 5, max(map(len, TEXT)) * 6 + 7))
    for row, line in enumerate(TEXT):
        for column, letter in enumerate(line):
            top, left = 6 + 13 * row, 4 + 6 * column
            for down, bits in enumerate(LETTERS.get(letter, (0,) * 7)):
                ink[top + down, left : left + 5] = [bits >> (4 - place) & 1 for place in range(5)]
            if letter == ".":
                ink[top + 6, left + 1] = 1
    ink = np.kron(ink, np.ones((scale, scale)))
    height, width = ink.shape
    row, column = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    shadow = 1 / (1 + np.exp(-(row - 0.75 * column - 0.12) * 9))
    paper = (225 - 40 * column) * (1 - 0.72 * shadow)
    picture = _smooth(paper * (1 - 0.45 * _smooth(ink, 2)), 1)
    picture += 2.5 * generator.standard_normal(ink.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), ink.astype(np.uint8)


def draw_strokes(labels, strokes, label, width=5):
    """Draw polylines of (x, y) corners into labels."""
    row, column = np.indices(labels.shape)
    for stroke in strokes:
        for (x, y), (next_x, next_y) in itertools.pairwise(stroke):
            along_x, along_y = next_x - x, next_y - y
            share = ((column - x) * along_x + (row - y) * along_y) / (along_x**2 + along_y**2)
            share = np.clip(share, 0, 1)
            labels[np.hypot(column - x - share * along_x, row - y - share * along_y) <= width / 2] = label


def astronaut_scribbles():
    """Draw the scribbles for the astronaut: 1 object, 2 background, 0 neither."""
    labels = np.zeros((512, 512), np.uint8)
    draw_strokes(labels, OBJECT_STROKES, 1)
    draw_strokes(labels, BACKGROUND_STROKES, 2)
    return labels


def main(folder):
    """Write the drawn sample files."""
    from skimage import io

    picture, labels = touching_discs()
    io.imsave(folder / "touching_discs.png", picture, check_contrast=False)
    io.imsave(folder / "touching_discs_labels.png", labels.astype(np.uint16), check_contrast=False)
    io.imsave(folder / "page.png", page()[0], check_contrast=False)
    io.imsave(folder / "astronaut_scribbles.png", astronaut_scribbles(), check_contrast=False)
    (folder / "boxes.json").write_text(json.dumps(BOXES, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
