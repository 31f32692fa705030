"""How often `choose_side` finds the objects, beside the two simple rules that it weighs.

Run by hand: pytest tests/benchmarks/test_foreground_rule.py -s
Nuclei come from the folder named by SEGCLI_DATA; coins from scikit-image; discs are drawn.
Every picture is cut by Otsu's threshold; the right side is the one with the higher Dice against the truth.
"""

import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from segcli.numeric.foreground import choose_side
from segcli.numeric.histogram import histogram, otsu_threshold
from segcli.opencv import cv2

DATA = os.environ.get("SEGCLI_DATA")
COVERS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def covers_less(bright):
    return "bright" if bright.mean() <= 0.5 else "dark"


def off_the_border(bright):
    border = np.concatenate([bright[0], bright[-1], bright[1:-1, 0], bright[1:-1, -1]])
    return "bright" if border.mean() <= 0.5 else "dark"


RULES = {"covers less": covers_less, "off the border": off_the_border, "choose_side": choose_side}


def bright_and_truth(image, truth):
    """Return the bright side after Otsu and the side that agrees better with the truth."""
    bright = (image > otsu_threshold(histogram(image))).astype(np.uint8)
    dice = [2 * np.count_nonzero(side & truth) / (side.sum() + truth.sum()) for side in (bright == 1, bright == 0)]
    return bright, "bright" if dice[0] > dice[1] else "dark"


def random_discs(random, size, cover, framed):
    """Return discs at random places, many of them touching, ever smaller ones where no more fit."""
    rows, columns = np.mgrid[:size, :size]
    taken = np.zeros((size, size), bool)
    radius = random.uniform(14, 26)
    while taken.mean() < cover and radius >= 4:
        room = cv2.distanceTransform((~taken).astype(np.uint8), cv2.DIST_L2, 5)
        fits = room >= radius
        if framed:
            margin = int(np.ceil(radius)) + 1
            inner = np.zeros_like(fits)
            inner[margin:-margin, margin:-margin] = True
            fits &= inner
        places = np.flatnonzero(fits)
        if len(places) == 0:
            radius *= 0.85
            continue
        if random.random() < 0.5:
            # Among the tightest places, so that discs touch.
            places = places[np.argsort(room.ravel()[places])[: max(1, len(places) // 20)]]
        row, column = divmod(int(random.choice(places)), size)
        taken |= (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    return taken


def packed_discs(random, size, cover, framed):
    """Return equal discs on a turned and shaken hexagonal lattice."""
    rows, columns = np.mgrid[:size, :size]
    taken = np.zeros((size, size), bool)
    pitch = random.uniform(24, 48)
    radius = pitch / 2 * np.sqrt(cover / (np.pi / np.sqrt(12)))
    angle, shift, reach = random.uniform(0, np.pi / 3), random.uniform(0, pitch, 2), int(2 * size / pitch) + 3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    low, high = (radius + 1, size - radius - 1) if framed else (-radius, size + radius)
    for i in range(-reach, reach):
        for j in range(-reach, reach):
            x, y = turn @ [(i + j % 2 / 2) * pitch, j * pitch * np.sqrt(3) / 2] + size / 2 + shift
            x, y = (x, y) + random.uniform(-0.7, 0.7, 2) * (pitch / 2 - radius)
            if low < x < high and low < y < high:
                taken |= (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    return taken


def drawn(seed, size=256, repeats=6):
    """Yield noisy, shaded pictures of bright and of dark discs, inside the picture or cut by its border."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(-1, 1, size)
    for cover in COVERS:
        for draw in (random_discs, packed_discs):
            for framed in (False, True) * repeats:
                truth = draw(random, size, cover, framed)
                for sign in (1, -1):
                    angle = random.uniform(0, 2 * np.pi)
                    light = random.uniform(0, 20) * (np.cos(angle) * ramp + np.sin(angle) * ramp[:, None])
                    noise = random.normal(0, random.uniform(2, 18), truth.shape)
                    image = 115 + sign * 35 * np.where(truth, 1.0, -1.0) + light + noise
                    yield f"discs {cover:.0%}", np.clip(np.rint(image), 0, 255).astype(np.uint8), truth


def coins():
    data = pytest.importorskip("skimage.data")
    image = data.coins()
    # No truth is at hand: the coins are the bright side of the cut, the dark one of the negative.
    truth = image > otsu_threshold(histogram(image))
    yield "coins", image, truth
    yield "coins", 255 - image, truth


def nuclei():
    for file in sorted(Path(DATA or "", "nuclei").glob("*/images/*.webp")):
        image = cv2.cvtColor(cv2.imread(str(file), cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
        mask = cv2.imread(str(file.parent.parent / "masks" / f"{file.stem}.png"), cv2.IMREAD_UNCHANGED)
        yield f"nuclei {file.parent.parent.name}", image, mask > 0


def rates(pictures):
    """Return, for each set and rule, how many sides were right, and how many pictures there are."""
    table = defaultdict(lambda: [0] * (len(RULES) + 1))
    for name, image, truth in pictures:
        bright, right = bright_and_truth(image, truth)
        for column, rule in enumerate(RULES.values()):
            table[name][column] += rule(bright) == right
        table[name][-1] += 1
    return table


def show(table):
    """Print the table and return the share of right sides of choose_side over all of it."""
    print(f"\n{'set':14s}" + "".join(f"{name:>16s}" for name in RULES) + f"{'pictures':>10s}")
    for name, (*right, count) in table.items():
        print(f"{name:14s}" + "".join(f"{number / count:16.3f}" for number in right) + f"{count:10d}")
    sums = np.sum([*table.values()], axis=0)
    print(f"{'all':14s}" + "".join(f"{number / sums[-1]:16.3f}" for number in sums[:-1]) + f"{sums[-1]:10d}")
    return sums[2] / sums[3]


@pytest.mark.skipif(not DATA, reason="SEGCLI_DATA is not set")
def test_the_side_is_right_on_all_nuclei_but_one():
    # The one has a Dice below .31 on either side: Otsu's cut itself fails there.
    assert show(rates(nuclei())) >= 350 / 351


def test_the_side_is_right_on_coins():
    assert show(rates(coins())) == 1


@pytest.mark.parametrize("seed", [11, 12])
def test_the_side_is_right_on_drawn_discs_of_any_cover(seed):
    # The weights were set on other seeds.
    assert show(rates(drawn(seed))) >= 0.99
