"""Mean shift in place and color."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from segcli.method import run
from segcli.methods.regions.mean_shift import mean_shift
from segcli.numeric.mean_shift import mode_regions, modes_of


def climbed(planes: np.ndarray, radius: int, reach: float) -> np.ndarray:
    """Every pixel's mode by plain means over all pixels, without a short cut."""
    places = np.indices(planes.shape[:2]).reshape(2, -1).T
    colors = planes.reshape(len(places), -1)
    found = np.empty_like(colors)
    for number, (place, shade) in enumerate(zip(places.astype(float), colors, strict=True)):
        for _ in range(100):
            near = (((places - place) ** 2).sum(axis=1) <= radius**2) & (
                ((colors - shade) ** 2).sum(axis=1) <= reach**2
            )
            after = places[near].mean(axis=0), colors[near].mean(axis=0)
            moved = np.abs(after[0] - place).max() + np.abs(after[1] - shade).max()
            place, shade = after
            if moved < 1e-3:
                break
        found[number] = shade
    return found.reshape(planes.shape)


def two_halves() -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, 1.0, (14, 18, 3))
    return (np.where(np.arange(18)[:, None] < 9, (40.0, 10, -5), (70.0, -8, 9)) + noise).astype(np.float32)


def test_modes_agree_with_plain_means_over_all_pixels() -> None:
    planes = two_halves()
    ours, plain = modes_of(planes, 5, 8.0), climbed(planes, 5, 8.0)
    # Ours stop a little before the mode, and share it along the way.
    assert np.abs(ours - plain).max() < 1.0
    assert np.abs(ours[:, :9] - (40, 10, -5)).max() < 1.0
    assert np.abs(ours[:, 9:] - (70, -8, 9)).max() < 1.0


def test_two_noisy_halves_are_two_regions() -> None:
    image = np.clip(two_halves() * 2 + 60, 0, 255).astype(np.uint8)
    result = run(mean_shift, image, radius=6, min_region=5)
    assert np.array_equal(result.labels, np.where(np.arange(18) < 9, 1, 2)[None].repeat(14, axis=0))


def test_one_pixel_steps_to_the_mean_by_hand() -> None:
    # Within 1 pixel and 5 units of the middle lie 10, 12 and 14: all come to 12; 50 is too unlike to be followed.
    planes = np.array([[[10.0], [12.0], [14.0], [50.0]]], np.float32)
    modes = modes_of(planes, 3, 5.0)[0, :, 0]
    assert modes == pytest.approx([12, 12, 12, 50], abs=1.01)
    assert mode_regions(modes_of(planes, 3, 5.0), 5.0, 1).tolist() == [[1, 1, 1, 2]]
    assert mode_regions(modes_of(planes, 3, 5.0), 5.0, 2).tolist() == [[1, 1, 1, 1]]


def test_wider_colors_give_fewer_regions() -> None:
    image = data.astronaut()[::5, ::5]
    counts = [
        run(mean_shift, image, radius=6, color_radius=reach, min_region=5).numbers["regions"] for reach in (4.0, 20.0)
    ]
    assert counts[0] > 2 * counts[1]
