"""Thin lines, found by the curvature across them."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import filters

from segcli.errors import SettingError
from segcli.method import run
from segcli.methods.edges.ridges import ridges
from segcli.numeric.hessian import curvatures, kernels, line_strength

FILTERS = {"sato": filters.sato, "frangi": filters.frangi, "meijering": filters.meijering}


def cross(bright: bool = False) -> np.ndarray:
    """A dark vertical and a fainter horizontal line, 3 pixels wide, in noise."""
    image = np.full((80, 90), 150.0)
    image[:, 40:43] -= 70
    image[30:33] -= 58
    image += np.random.default_rng(6).normal(0, 3, image.shape)
    return np.clip(255 - image if bright else image, 0, 255).astype(np.uint8)


def test_the_kernels_measure_a_value_a_slope_and_a_bend() -> None:
    places = np.arange(-8, 9)[None].astype(float)
    for sigma in (0.7, 1.5):
        reach = len(kernels(sigma)[0]) // 2
        x = np.arange(-reach, reach + 1)
        plain, slope, bend = kernels(sigma)
        for kernel, answers in ((plain, (1, 0)), (slope, (0, 1)), (bend, (0, 0))):
            assert [(kernel * power).sum() for power in (x**0, x)] == pytest.approx(answers, abs=1e-12)
        assert (bend * x**2 / 2).sum() == pytest.approx(1)
    # A parabola x^2 has the second derivative 2, times sigma^2 = 2.25.
    parabola = np.repeat(places**2, 17, axis=0).astype(np.float32)
    greater, smaller = curvatures(parabola, 1.5)
    assert greater[8, 8] == pytest.approx(4.5, rel=0.01)
    assert smaller[8, 8] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_scikit_image_answers_alike_away_from_the_border(kind: str, sigma: float) -> None:
    # Near the border scikit-image mirrors the first derivative, which changes its sign there. Of the other two
    # filters it scales by the greatest answer, which may lie there.
    image = np.pad(cross().astype(np.float32), 20, mode="edge")
    inner = (slice(20, -20), slice(20, -20))
    ours, theirs = line_strength(image, sigma, kind)[inner], FILTERS[kind](image, sigmas=[sigma])[inner]  # type: ignore[arg-type]
    if kind == "sato":
        assert np.abs(ours - theirs).max() < 0.02 * theirs.max()
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("bright", [False, True])
def test_both_lines_are_found_and_nothing_else(kind: str, bright: bool) -> None:
    result = run(
        ridges, cross(bright), filter=kind, sigma=1.5, widest=1.5, scales=1, foreground="bright" if bright else "dark"
    )
    assert result.labels[5:25, 41].all()
    assert result.labels[31, 60:85].mean() > 0.9
    assert result.labels[50:, 60:].mean() < 0.02


def test_evened_out_contrast_finds_the_same_line_in_a_shadow() -> None:
    light = np.linspace(1, 0.1, 600)
    image = np.full((60, 600), 200.0)
    image[30:33] -= 60
    shaded = np.clip(image * light + np.random.default_rng(1).normal(0, 0.5, (60, 600)), 0, 255).astype(np.uint8)
    bright, dark = slice(20, 60), slice(-60, -20)
    for window, least, most in ((0, 5, 15), (31, 0.7, 1.5)):
        answer = run(ridges, shaded, contrast_window=window).layers["response"][31]
        assert least < answer[bright].mean() / answer[dark].mean() < most


def test_no_line_is_found_along_left_out_pixels() -> None:
    image = np.full((40, 40), 200, np.uint8)
    image[:, 30:] = 20
    image[10, :20] = 90
    valid = np.arange(40)[None].repeat(40, axis=0) < 30
    result = run(ridges, image, valid=valid)
    assert result.labels[10, 2:18].all()
    assert not result.labels[15:, 20:].any()


def test_a_picture_without_lines_says_so() -> None:
    result = run(ridges, np.tile(np.arange(40, dtype=np.uint8), (40, 1)))
    assert not result.labels.any()
    assert result.notes


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"widest": 0.5}, "below sigma"),
        ({"contrast_window": 10}, "must be odd"),
        ({"low": 9.0, "high": 1.0}, "above high"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, float], complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        run(ridges, cross(), **settings)
