from __future__ import annotations

import cv2
import numpy as np
import pytest

from segcli.numeric.likeness import SIDE, correlation, find_twins, hash_pictures, turned


def scene(seed: int, side: int = 160) -> np.ndarray:
    """A picture with large and small forms, (side, side) uint8."""
    generator = np.random.default_rng(seed)
    values = np.zeros((side, side), np.float32)
    for grains, share in ((4, 60), (9, 40), (40, 15)):
        values += share * cv2.resize(generator.standard_normal((grains, grains)).astype(np.float32), (side, side))
    return np.clip(120 + values, 0, 255).astype(np.uint8)


def small(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def recompressed(image: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_GRAYSCALE)


def shifted(image: np.ndarray) -> np.ndarray:
    return image[12:, 12:]


KEPT = {
    "recompressed": recompressed,
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "brighter": lambda image: cv2.add(image, np.full_like(image, 25)),
    "less contrast": lambda image: (image * 0.6 + 40).astype(np.uint8),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1.5),
    "noisy": lambda image: np.clip(image + 8 * np.random.default_rng(0).standard_normal(image.shape), 0, 255).astype(
        np.uint8
    ),
    "quarter turn": lambda image: np.rot90(image),
    "half turn": lambda image: np.rot90(image, 2),
    "mirrored": lambda image: image[:, ::-1],
    "mirrored and turned": lambda image: np.rot90(image[:, ::-1]),
}


@pytest.mark.parametrize("change", KEPT)
def test_copies_are_found_and_nothing_else(change: str) -> None:
    originals = [scene(seed) for seed in range(30)]
    copies = [KEPT[change](image) for image in originals]
    pictures = np.stack([small(np.ascontiguousarray(image)) for image in (*originals, *copies)])
    twins = find_twins(pictures, np.repeat([0, 1], 30))
    assert [(first, second) for first, second, _ in twins] == [(place, place + 30) for place in range(30)]


@pytest.mark.parametrize("change", [shifted, lambda image: 255 - image])
def test_cut_and_inverted_copies_are_not_found(change) -> None:  # type: ignore[no-untyped-def]
    originals = [scene(seed) for seed in range(10)]
    pictures = np.stack([small(image) for image in (*originals, *map(change, originals))])
    assert find_twins(pictures, np.repeat([0, 1], 10)) == []


def test_pictures_of_one_part_and_flat_pictures_are_no_twins() -> None:
    same = np.stack([small(scene(1))] * 3)
    assert find_twins(same, np.zeros(3, int)) == []
    assert find_twins(np.full((3, SIDE, SIDE), 7, np.uint8), np.arange(3)) == []


def test_more_pictures_than_one_block_give_the_same_pairs() -> None:
    pictures = np.stack([small(scene(seed, 64)) for seed in range(300)])
    pictures[299] = pictures[0]
    pictures[270] = np.rot90(pictures[130])
    assert [twin[:2] for twin in find_twins(pictures, np.arange(300))] == [(0, 299), (130, 270)]


def test_a_hash_has_one_bit_for_each_slow_wave() -> None:
    # One wave down the picture: bit 8 (row 1, column 0) is set, and no other than those of rounding.
    wave = np.cos(np.pi * (np.arange(SIDE) + 0.5) / SIDE)
    image = np.rint(127 + 100 * np.repeat(wave[:, None], SIDE, axis=1)).astype(np.uint8)
    assert int(hash_pictures(image[None])[0]) & 1 << 8
    assert not int(hash_pictures(255 - image[None])[0]) & 1 << 8
    assert len({one.tobytes() for one in turned(small(scene(3))[None])}) == 8


def test_correlation_is_that_of_numpy() -> None:
    one, other = small(scene(1)), small(scene(2))
    assert correlation(one, other) == pytest.approx(np.corrcoef(one.ravel(), other.ravel())[0, 1])
    assert correlation(one, np.full_like(one, 9)) == 0
