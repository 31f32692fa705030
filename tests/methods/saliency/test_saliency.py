"""What stands out is found by each of the four; what each is made of."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.method import run
from segcli.methods import find
from segcli.methods.saliency.gbvs import gbvs
from segcli.methods.saliency.spectral_residual import spectral_residual
from segcli.numeric.saliency import middle, opponents, unit

METHODS = ("spectral_residual", "itti", "gbvs", "bms")
each_method = pytest.mark.parametrize("name", METHODS)


def field(row: int, column: int, side: int = 24) -> np.ndarray:
    """A pale red square on a green lawn with a little noise."""
    noise = np.random.default_rng(1).normal(0, 4, (160, 200, 3))
    image = np.full((160, 200, 3), (50, 120, 40.0))
    image[row : row + side, column : column + side] = (240, 130, 120)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@each_method
def test_a_red_square_on_a_lawn_stands_out(name: str) -> None:
    result = run(find(name), field(70, 90))
    saliency = result.layers["saliency"]
    assert saliency[82, 102] > 0.7
    assert saliency[10:40, 10:40].max() < 0.3
    assert result.labels[82, 102] == 1
    assert np.allclose(result.scores[1], saliency)
    assert np.allclose(result.scores.sum(axis=0), 1)


@each_method
def test_the_maps_that_it_is_made_of_are_layers_of_the_pictures_size(name: str) -> None:
    layers = dict(run(find(name), field(70, 90)).layers)
    del layers["saliency"]
    assert layers
    for part in layers.values():
        assert part.shape == (160, 200)
        assert (part.min(), part.max()) == (0, 1)
    # The square is pale red on green: at least one of them sees it, where it is.
    assert max(float(part[66:98, 86:118].max()) for part in layers.values()) == 1


@each_method
def test_without_the_pull_of_the_middle_the_place_does_not_matter(name: str) -> None:
    # What touches no border is as salient near a corner as in the middle.
    saliency = run(find(name), field(20, 30), center=0.0).layers["saliency"]
    row, column = np.unravel_index(saliency.argmax(), saliency.shape)
    assert 12 <= row <= 52
    assert 22 <= column <= 62


@each_method
def test_sixteen_bits_are_seen_as_eight(name: str) -> None:
    image = field(70, 90)
    eight, sixteen = (run(find(name), pixels).labels for pixels in (image, image.astype(np.uint16) * 257))
    assert np.mean(eight == sixteen) > 0.97


def test_the_pull_of_the_middle_is_a_gaussian_of_a_fifth() -> None:
    pull = middle((101, 201))
    assert pull[50, 100] == pytest.approx(1)
    # One standard deviation from the middle: 0.2 of 101 rows are 20.2.
    assert pull[50 + 20, 100] == pytest.approx(np.exp(-0.5 * (20 / 20.2) ** 2))
    assert np.allclose(pull, pull[::-1, ::-1])


def test_opponent_colors_of_pure_colors() -> None:
    colors = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [120, 120, 120]]], np.float32)
    found = opponents(colors)
    # Red has the intensity 1/3, so its hue is (3, 0, 0): R = 3, G = 0, Y = 3/2 - 3/2 - 0 = 0, B = -1.5, so 0.
    assert found.red_green.tolist() == [[pytest.approx(3), pytest.approx(-3), 0, pytest.approx(0, abs=1e-6)]]
    assert found.blue_yellow[0, 2] == pytest.approx(3)
    assert found.blue_yellow[0, [0, 3]] == pytest.approx([0, 0], abs=1e-6)


def test_a_map_is_scaled_to_one_and_a_flat_one_to_nothing() -> None:
    assert unit(np.array([[2, 4, 3]], np.float32)).tolist() == [[0, 1, 0.5]]
    assert unit(np.full((2, 2), 7, np.float32)).tolist() == [[0, 0], [0, 0]]


def test_the_equilibrium_of_the_chains_is_that_of_a_long_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    from segcli.methods.saliency import gbvs as module

    def walked(start: np.ndarray, weights: np.ndarray) -> np.ndarray:
        steps = weights / weights.sum(axis=0)
        for _ in range(20_000):
            start = steps @ start
        return start

    generator = np.random.default_rng(3)
    cells = generator.random(20)
    near, nearer = (module._closeness((4, 5), reach) for reach in (2.0, 1.0))
    even = np.full(20, 1 / 20)
    unlike = np.abs(cells[:, None] - cells) * near
    first = module._share(unlike.sum(axis=1))
    assert np.allclose(first, walked(even, unlike), atol=1e-10)
    # Steps to i in proportion to its activation, equation 4 of the paper.
    second = module._share(first * (nearer @ first))
    assert np.allclose(second, walked(even, first[:, None] * nearer), atol=1e-10)


def test_a_spectrum_without_surprise_has_no_peaks() -> None:
    # A single impulse has a flat spectrum: its residual is 0 everywhere, so what comes back is the impulse.
    image = np.zeros((64, 64, 3), np.uint8)
    image[20, 41] = 255
    saliency = run(spectral_residual, image, sigma=0.0, center=0.0).layers["saliency"]
    assert np.unravel_index(saliency.argmax(), saliency.shape) == (20, 41)
    assert np.sort(saliency.ravel())[-2] < 1e-3


def test_left_out_pixels_bound_the_picture() -> None:
    image = field(70, 90)
    valid = np.zeros((160, 200), bool)
    valid[40:130, 60:160] = True
    inside = run(gbvs, image[40:130, 60:160])
    assert np.array_equal(run(gbvs, image, valid=valid).labels[40:130, 60:160], inside.labels)
