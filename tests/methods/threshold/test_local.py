"""Thresholds that follow the light: sauvola, niblack, local_mean; and hysteresis."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import filters
from tools.draw_samples import page

from segcli.errors import SettingError
from segcli.method import run
from segcli.methods import find
from segcli.methods.threshold.hysteresis import hysteresis
from segcli.methods.threshold.local_mean import local_mean
from segcli.methods.threshold.niblack import niblack
from segcli.methods.threshold.otsu import otsu
from segcli.methods.threshold.sauvola import sauvola
from segcli.scores.semantic import dice

LOCAL = ("sauvola", "niblack", "local_mean")
PICTURE, INK = page()


def noise(dtype: str) -> np.ndarray:
    values = np.random.default_rng(4).random((50, 61))
    return (values * {"uint8": 255, "uint16": 60000, "float32": 1}[dtype]).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_scikit_image_finds_the_same_thresholds(dtype: str) -> None:
    image = noise(dtype)
    peers = {
        "niblack": (niblack, {"k": 0.3}, filters.threshold_niblack(image.astype(float), 15, 0.3)),
        "local_mean": (
            local_mean,
            {"offset": 0.0},
            filters.threshold_local(image.astype(float), 15, "mean", mode="mirror"),
        ),
    }
    for function, settings, expected in peers.values():
        result = run(function, image, window=15, **settings)
        found = result.layers["local_threshold"]
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-4 * image.max())
        assert np.mean(result.labels == (image <= expected)) > 0.999


def test_scikit_image_finds_the_same_sauvola_thresholds() -> None:
    image = noise("uint8")
    result = run(sauvola, image, window=15, k=0.3, span=100.0)
    assert np.allclose(result.layers["local_threshold"], filters.threshold_sauvola(image, 15, 0.3, 100.0), atol=0.01)


def test_thresholds_of_one_window_by_hand() -> None:
    # The window of 3 around the middle of 0 30 60, repeated in rows: mean 30, deviation sqrt(600) = 24.495.
    image = np.repeat(np.array([[0, 30, 60]], np.uint8), 3, axis=0)
    middle = {name: run(find(name), image, window=3).layers["local_threshold"][1, 1] for name in LOCAL}
    assert middle["niblack"] == pytest.approx(30 - 0.2 * 24.495, abs=1e-3)
    # 30 (1 + 0.2 (24.495 / 128 - 1)) = 30 (0.8 + 0.038273)
    assert middle["sauvola"] == pytest.approx(25.148, abs=1e-3)
    # A twenty-fifth of 8 bits, 255 / 25.5, below the mean.
    assert middle["local_mean"] == pytest.approx(20)


@pytest.mark.parametrize("name", LOCAL)
def test_words_in_the_shadow_are_read(name: str) -> None:
    found = run(find(name), PICTURE, window=41, **({"k": 0.8} if name == "niblack" else {}))
    one = run(otsu, PICTURE, foreground="dark").labels
    assert dice(one > 0, INK > 0) < 0.6
    assert dice(found.labels > 0, INK > 0) > 0.9
    assert found.choices["foreground"] == "dark"


@pytest.mark.parametrize("name", LOCAL)
def test_bright_objects_are_dark_ones_turned_over(name: str) -> None:
    image = PICTURE[:150, :200]
    dark = run(find(name), image, window=41).labels
    bright = run(find(name), 255 - image, window=41, foreground="bright").labels
    assert np.mean(dark == bright) > 0.999


@pytest.mark.parametrize("name", LOCAL)
def test_an_even_window_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="it must be odd, such as 41"):
        run(find(name), PICTURE, window=40)


def test_what_is_faint_and_alone_is_dropped() -> None:
    image = np.array([[0, 60, 90, 0, 60, 0, 0, 0]], np.uint8)
    result = run(hysteresis, image, low=50.0, high=80.0, foreground="bright")
    assert result.labels.tolist() == [[0, 1, 1, 0, 0, 0, 0, 0]]
    assert result.layers["sure"].tolist() == [[False, False, True, *[False] * 5]]
    expected = filters.apply_hysteresis_threshold(PICTURE, 90, 130)
    assert np.array_equal(
        run(hysteresis, PICTURE, low=90.0, high=130.0, connectivity=4, foreground="bright").labels > 0, expected
    )


def test_dark_objects_are_found_below_both_levels() -> None:
    image = np.array([[99, 40, 10, 99, 40, 99, 99, 99]], np.uint8)
    result = run(hysteresis, image, low=20.0, high=50.0, foreground="dark")
    assert result.labels.tolist() == [[0, 1, 1, 0, 0, 0, 0, 0]]


def test_the_levels_of_three_classes_are_found() -> None:
    image = np.repeat(np.array([10, 100, 200], np.uint8), [500, 60, 40])[np.random.default_rng(0).permutation(600)]
    result = run(hysteresis, image.reshape(20, 30))
    assert 10 <= result.numbers["low"] < 100 <= result.numbers["high"] < 200


def test_levels_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(SettingError, match="above high"):
        run(hysteresis, PICTURE, low=90.0, high=50.0)
