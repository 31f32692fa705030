"""The warping error, by hand, and beside flips that are checked by counting components."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from segcli.errors import InputError, SettingError
from segcli.scores.warping import simple_neighborhoods, warping_error

CROSS, ALL = ndimage.generate_binary_structure(2, 1), np.ones((3, 3))
RING = [(1, 2), (0, 2), (0, 1), (0, 0), (1, 0), (2, 0), (2, 1), (2, 2)]


def picture(text: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in line] for line in text.split()])


def cells(wall: int = 3, width: int = 8, height: int = 6) -> np.ndarray:
    """Two cells and the wall of one pixel between them."""
    mask = np.ones((height, width), bool)
    mask[:, wall] = False
    return mask


@cache
def is_simple(pixels: bytes, connectivity: int) -> bool:
    """Whether the middle of a 3 x 3 patch touches one object and one background, each within the patch."""
    patch = np.frombuffer(pixels, bool).reshape(3, 3)
    own, other = (CROSS, ALL) if connectivity == 4 else (ALL, CROSS)
    touching = []
    for side, structure in ((patch, own), (~patch, other)):
        side = side.copy()
        side[1, 1] = False
        parts = ndimage.label(side, structure)[0]
        beside = parts[structure.astype(bool)] if structure is CROSS else parts
        touching.append(len(np.unique(beside[beside > 0])))
    return touching == [1, 1]


def flips(mask: np.ndarray, target: np.ndarray, connectivity: int) -> list[tuple[int, int]]:
    """Pixels that differ and may be flipped."""
    padded = np.pad(mask, 1)
    return [
        (row, column)
        for row, column in np.argwhere(mask != target)
        if is_simple(padded[row : row + 3, column : column + 3].tobytes(), connectivity)
    ]


def least_error(truth: np.ndarray, prediction: np.ndarray, connectivity: int) -> tuple[int, int]:
    """Fewest and most pixels that still differ at the end, over every order of flips."""
    seen, waiting, ends = {truth.tobytes()}, [truth], []
    while waiting:
        mask = waiting.pop()
        possible = flips(mask, prediction, connectivity)
        if not possible:
            ends.append(int((mask != prediction).sum()))
        for place in possible:
            after = mask.copy()
            after[place] = prediction[place]
            if after.tobytes() not in seen:
                seen.add(after.tobytes())
                waiting.append(after)
    return min(ends), max(ends)


@pytest.mark.parametrize("connectivity", [4, 8])
def test_simple_neighborhoods_agree_with_counting_components(connectivity: int) -> None:
    for code, bits in enumerate(product([False, True], repeat=8)):
        patch = np.zeros((3, 3), bool)
        for place, bit in zip(RING, reversed(bits), strict=True):
            patch[place] = bit
        assert simple_neighborhoods(connectivity)[code] == is_simple(patch.tobytes(), connectivity)


def test_a_wall_that_lies_a_pixel_beside_the_true_one_is_no_error() -> None:
    for wall in (2, 3, 4, 5):  # at 0 the wall would be one with what is beside the picture
        assert warping_error(cells(wall), cells(wall - 1)) == warping_error(cells(wall - 1), cells(wall)) == 0
    thick = cells(3) & cells(4)
    assert warping_error(thick, cells(3)) == warping_error(cells(3), thick) == 0


def test_a_gap_in_the_wall_merges_two_cells_at_the_cost_of_one_pixel() -> None:
    merged = cells()
    merged[2, 3] = True
    assert warping_error(merged, cells()) == 1 / 48


def test_a_wall_that_is_missing_costs_all_of_its_pixels() -> None:
    # The true wall goes from edge to edge: opened anywhere, it would join the cells.
    assert warping_error(np.ones((6, 8), bool), cells()) == 6 / 48


def test_a_wall_that_is_invented_splits_a_cell_at_the_cost_of_one_pixel() -> None:
    # The true cell is worn away along the wall, from its ends, until the last pixel would part it.
    split = cells()
    assert warping_error(split, np.ones_like(split)) == 1 / 48


def test_a_hole_costs_one_pixel() -> None:
    truth = np.ones((7, 7), bool)
    hole = truth.copy()
    hole[2:5, 3] = False
    # Its three pixels cannot be opened in the middle of a cell, nor filled: not one of them is simple.
    assert warping_error(hole, truth) == 3 / 49
    # The other way round two of them are filled, and the last one would close the hole.
    assert warping_error(truth, hole) == 1 / 49


def test_an_object_too_many_costs_all_of_its_pixels_and_one_too_few_its_last() -> None:
    speck = np.zeros((6, 6), bool)
    speck[2:4, 2:4] = True
    assert warping_error(speck, np.zeros_like(speck)) == 4 / 36
    assert warping_error(np.zeros_like(speck), speck) == 1 / 36


def test_a_bent_outline_is_no_error() -> None:
    truth = picture(".......  .####..  .####..  .####..  .......".replace("  ", "\n"))
    bent = picture(".......  .######  .#.....  .####..  ....##.".replace("  ", "\n"))
    assert warping_error(bent, truth) == 0
    assert (bent != truth).sum() == 7


def test_objects_that_touch_at_a_corner_are_one_only_if_eight_connected() -> None:
    apart, corner = picture("##. ##. ..."), picture("##. ##. ..#")
    truth = picture("##. ### ..#")
    assert warping_error(corner, truth) == 1 / 9  # two objects for one
    assert warping_error(corner, truth, connectivity=8) == 0
    assert warping_error(corner, apart) == 1 / 9
    assert warping_error(corner, apart, connectivity=8) == 0


@pytest.mark.parametrize("connectivity", [4, 8])
def test_agrees_with_every_order_of_flips_on_tiny_pictures(connectivity: int) -> None:
    generator = np.random.default_rng(11)
    best = 0
    for _ in range(60):
        truth, prediction = generator.random((2, 3, 4)) < 0.6
        least, most = least_error(truth, prediction, connectivity)
        found = round(12 * warping_error(prediction, truth, connectivity=connectivity))
        assert least <= found <= most
        best += found == least
    assert best >= 55


def test_a_larger_picture_is_bent_until_no_flip_is_left() -> None:
    noise = np.random.default_rng(1).standard_normal((2, 40, 50))
    truth, prediction = (ndimage.gaussian_filter(plane, 2) > 0 for plane in (noise[0], noise[0] + 0.5 * noise[1]))
    mask = truth.copy()
    while possible := flips(mask, prediction, 4):
        mask[possible[0]] = prediction[possible[0]]
    found = warping_error(prediction, truth)
    assert found == pytest.approx((mask != prediction).mean(), abs=0.01)
    assert 0 < found < (truth != prediction).mean() / 3


def test_sizes_and_connectivity_are_checked() -> None:
    with pytest.raises(InputError, match="must be equal"):
        warping_error(cells(), cells().T)
    with pytest.raises(SettingError, match="connectivity is 6"):
        warping_error(cells(), cells(), connectivity=6)
