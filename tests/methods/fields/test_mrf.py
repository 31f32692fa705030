"""The Markov random field as a method."""

import math

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.method import run
from segcli.methods.fields.mrf import mrf

OPTIMIZERS = ("icm", "annealing", "expansion", "belief_propagation")


def stripes(seed=0, dtype=np.uint8, color=False):
    """Three noisy vertical stripes from dark to bright, and their truth."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), 10)[None].repeat(20, axis=0)
    gray = 60 + 60 * truth + random.normal(0, 22, truth.shape)
    values = gray[..., None] + random.normal(0, 5, (*truth.shape, 3)) if color else gray
    scale = {"uint8": 1, "uint16": 200, "float32": 1 / 255}[np.dtype(dtype).name]
    return (np.clip(values, 0, 255) * scale).astype(dtype), truth


def test_energy_of_two_flat_halves_by_hand():
    # Levels 10 and 20, two pixels each, no spread but that of rounding, 1/12: every pixel lies on its class's mean and
    # costs ln(2 pi / 12) / 2; one link of weight 3 is cut.
    result = run(mrf, np.array([[10, 10, 20, 20]], np.uint8), weight=3.0, connectivity=4)
    assert result.labels.tolist() == [[0, 0, 1, 1]]
    assert result.numbers["energy"] == pytest.approx(4 * 0.5 * math.log(2 * math.pi / 12) + 3, rel=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_noise_that_the_start_is_full_of_is_gone(optimizer):
    image, truth = stripes()
    result = run(mrf, image, classes=3, optimizer=optimizer)
    assert np.mean(result.layers["start"] != truth) > 0.05
    assert np.mean(result.labels != truth) < 0.03
    assert result.series["energy"][-1] == pytest.approx(result.numbers["energy"])


def test_expansion_is_never_above_icm():
    for seed in range(10):
        image, _ = stripes(seed)
        energies = [run(mrf, image, classes=3, optimizer=name, weight=1.0).numbers["energy"] for name in OPTIMIZERS]
        assert energies[2] <= energies[0] + 1e-4


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("color", [False, True])
def test_the_pixel_type_makes_no_difference(dtype, color):
    eight = run(mrf, stripes(1, color=color)[0], classes=3).labels
    assert np.mean(run(mrf, stripes(1, dtype, color)[0], classes=3).labels == eight) > 0.99


def test_without_weight_each_pixel_goes_by_its_own_color():
    result = run(mrf, stripes()[0], classes=3, weight=0.0)
    assert np.array_equal(result.labels, result.layers["start"])


def test_more_rounds_learn_from_the_labels():
    image, truth = stripes(4)
    once, often = (run(mrf, image, classes=3, rounds=rounds) for rounds in (1, 4))
    assert often.numbers["energy"] < once.numbers["energy"]
    errors = [np.abs(result.series["means"].ravel() - (60, 120, 180)).max() for result in (once, often)]
    assert errors[1] < errors[0]
    assert np.mean(often.labels != truth) < 0.03


def test_a_class_that_dies_out_is_said():
    result = run(mrf, stripes()[0], classes=6, weight=60.0, rounds=5)
    assert any("died out" in note for note in result.notes)


def test_left_out_pixels_link_nothing():
    # A wall of left-out pixels: the halves have no links between them, so no weight can join them.
    image = np.array([[10, 12, 99, 200, 202], [11, 12, 99, 201, 203]], np.uint8)
    valid = np.tile([True, True, False, True, True], (2, 1))
    labels = run(mrf, image, valid=valid, weight=10000.0).labels
    assert labels[valid].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_more_classes_than_colors_are_refused():
    with pytest.raises(InputError, match="2 distinct"):
        run(mrf, np.array([[1, 1, 5]], np.uint8), classes=3)
