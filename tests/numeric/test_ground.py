"""The foreground that a method takes apart."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.numeric.ground import given_ground, otsu_ground

SCENE = np.repeat(np.array([10, 60, 90, 200], np.uint8), [60, 8, 8, 24]).reshape(10, 10)


def test_the_threshold_moves_along_the_way_from_the_backgrounds_median() -> None:
    # Otsu puts the 90s with the dark side: the threshold is 90; the dark side's median is 10.
    assert otsu_ground(SCENE, foreground="bright").numbers == {"threshold": 90}
    halved = otsu_ground(SCENE, foreground="bright", correction=0.5)
    assert halved.numbers == {"threshold": 50}
    assert np.array_equal(halved.mask > 0, SCENE > 50)


def test_dark_objects_move_it_from_the_bright_backgrounds_median() -> None:
    # The mirror image, 200 150 120 10: the cut is 10, the bright side's median 200, and half way is 105.
    mirrored = (210 - SCENE).astype(np.uint8)
    found = otsu_ground(mirrored, foreground="dark", correction=0.5)
    assert found.numbers == {"threshold": 105}
    assert found.choices == {"foreground": "dark"}
    assert np.array_equal(found.mask > 0, mirrored <= 105)


def test_two_levels_are_a_mask_and_one_is_nothing() -> None:
    assert otsu_ground(np.array([[3, 7, 7, 7]], np.uint8)).mask.tolist() == [[0, 1, 1, 1]]
    assert otsu_ground(np.array([[3, 7, 7, 7]], np.uint8), foreground="dark").mask.tolist() == [[1, 0, 0, 0]]
    assert otsu_ground(np.array([[7, 7]], np.uint8)).notes == ("every pixel is 7; there is nothing to separate",)


@pytest.mark.parametrize(("mask", "side"), [(SCENE > 100, "bright"), (SCENE < 20, "dark"), (SCENE < 0, "bright")])
def test_a_given_mask_is_called_by_its_own_brightness(mask: np.ndarray, side: str) -> None:
    assert given_ground(SCENE, mask, "auto").choices == {"foreground": side}
    assert given_ground(SCENE, mask, "dark").choices == {"foreground": "dark"}
