"""The global minimum cut as a method, and why the normalized one was needed."""

import numpy as np

from segcli.method import run
from segcli.methods.graphs.minimum_cut import minimum_cut
from segcli.methods.graphs.normalized_cut import normalized_cut


def halves(seed=0, spot=False):
    """A dark and a bright half under noise; with a spot, a small bright square lies in a corner of the dark one."""
    random = np.random.default_rng(seed)
    image = np.repeat(np.array([[70.0, 180.0]]), 20, axis=1).repeat(24, axis=0) + random.normal(0, 3, (24, 40))
    if spot:
        image[:5, :5] = 250
    return image.astype(np.uint8)


def test_two_halves_are_cut_between_them():
    result = run(minimum_cut, halves(), superpixels=12)
    assert (result.labels[:, :19] == 1).all()
    assert (result.labels[:, 21:] == 2).all()
    assert result.numbers["smaller"] in range(24 * 19, 24 * 20 + 1)


def test_the_least_cut_is_an_island_where_the_normalized_one_is_not():
    image = halves(spot=True)
    least = run(minimum_cut, image, superpixels=60)
    normalized = run(normalized_cut, image, superpixels=60, regions=2)
    assert least.numbers["cut"] <= normalized.numbers["cut"]
    assert least.numbers["ncut"] >= normalized.numbers["ncut"]
    assert least.numbers["smaller"] < 0.05 * image.size
    assert "try normalized_cut" in least.notes[0]
    assert np.bincount(normalized.labels.ravel())[1:].min() > 0.4 * image.size


def test_parts_that_do_not_touch_are_cut_for_nothing():
    valid = np.ones((24, 40), bool)
    valid[:, 9:12] = False
    result = run(minimum_cut, halves(), valid=valid, superpixels=30)
    assert result.numbers["cut"] == 0
    assert set(np.unique(result.labels[:, :9])) == {1}


def test_one_superpixel_cannot_be_cut():
    result = run(minimum_cut, np.array([[3, 200]], np.uint8))
    assert result.labels.tolist() == [[1, 1]]
    assert result.notes == ("the picture is a single superpixel",)
