"""Time and memory that are foreseen: how parts are cut, and how measurements are scaled up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from segcli.arrays import Array, Box, Hint, Point
from segcli.errors import InputError
from segcli.estimate import Estimate, estimate, made_up, network_plans, part_of
from segcli.files.image import Image
from segcli.files.memory import image_of
from segcli.segmentation import Segmentation


class Greedy:
    """A segmenter that takes 100 bytes for each pixel."""

    name = "greedy"
    record: Mapping[str, Any] = {"method": "greedy", "settings": {}}

    def __init__(self) -> None:
        self.sides: list[int] = []

    def __call__(self, image: Image, hints: Mapping[str, Hint], roi: Array | None = None) -> Segmentation:
        height, width = image.gray.shape
        self.sides.append(height)
        held = np.ones((100, height, width), np.uint8)
        return Segmentation(held[0], "mask")


def ramp(height: int = 300, width: int = 400) -> np.ndarray:
    """A picture whose pixels tell where they are."""
    return (1000 * np.arange(height)[:, None] % 60_000 + np.arange(width)).astype(np.uint16)


def test_memory_is_what_larger_parts_take_more_than_smaller_ones() -> None:
    greedy = Greedy()
    found = estimate(greedy, image_of(ramp()), {})
    # The picture itself counts twice, with two bytes a pixel.
    assert 100 + 4 <= found.bytes_per_pixel < 100 + 4 + 3
    assert found.sides == (48, 96, 192)
    assert max(greedy.sides) == 192


def test_small_pictures_are_measured_whole() -> None:
    greedy = Greedy()
    found = estimate(greedy, image_of(ramp(30, 20)), {})
    assert found.pixels == 600
    assert set(greedy.sides) == {30, 15}


def test_time_grows_by_a_power_or_by_the_slope_and_stops_at_the_working_size() -> None:
    steep = Estimate(100, 2.0, 1.2, 0.0, 0.0, 5.0, 1000.0, (10,))
    assert steep.seconds_for(200) == pytest.approx(2 * 2**1.2)
    flat = Estimate(100, 2.0, 0.5, 0.01, 0.001, 5.0, 1000.0, (10,), ceiling=300.0)
    assert flat.seconds_for(200) == pytest.approx(2 + 1 + 0.2)
    assert flat.seconds_for(10_000) == pytest.approx(2 + 2 + 10)
    assert flat.memory_for(200) == 2000.0
    assert "10 x 10 pixels of a picture" in flat.how


def test_a_part_lies_in_the_middle_or_around_what_is_pointed_at() -> None:
    image = image_of(ramp())
    part, _, _ = part_of(image, {}, 100)
    np.testing.assert_array_equal(part.native, ramp()[100:200, 150:250])
    markers = np.zeros((300, 400), np.int32)
    markers[20, 30] = 5
    part, given, roi = part_of(image, {"point": (Point(30, 20),), "roi": markers == 5}, 60)
    np.testing.assert_array_equal(part.native, ramp()[0:60, 0:60])
    assert given["point"] == (Point(30, 20),)
    assert np.argwhere(roi).tolist() == [[20, 30]]
    part, given, roi = part_of(image, {"markers": markers, "point": (Point(30, 21),), "roi": markers == 5}, 60)
    np.testing.assert_array_equal(part.native, ramp()[::7, ::7])
    assert np.argwhere(given["markers"]).tolist() == np.argwhere(roi).tolist() == [[20 // 7, 30 // 7]]
    assert given["point"] == (Point(4, 3),)
    _, given, _ = part_of(image, {"box": Box(0, 0, 400, 300)}, 80)
    assert given["box"] == Box(10, 10, 70, 70)


def test_refusals_of_a_part_are_told() -> None:
    from segcli.phrase import segmenter_from_words

    with pytest.raises(InputError, match="gray levels"):
        estimate(segmenter_from_words("otsu classes=9"), image_of(np.eye(90, dtype=np.uint8)), {})


def test_a_large_picture_is_made_up_in_its_type() -> None:
    image = made_up(40_000, 30_000, 3, "uint16")
    assert (image.native.shape, image.native.dtype) == ((192, 192, 3), np.uint16)
    assert image.native.std() > 1000


def test_a_network_says_its_windows(disc_models: Any) -> None:
    from segcli.phrase import segmenter_named

    network = segmenter_named(f"predict model={disc_models['discs']} tile=64 device=cpu")
    (plan,) = network_plans(network, [(50, 50), (200, 100)])
    assert (plan["model"], plan["device"]) == ("discs.safetensors", "cpu")
    assert plan["windows"][0] > plan["windows"][1] > 1
    assert max(plan["window"]) <= 64
    assert plan["bytes"] > 0
    assert network_plans(segmenter_named("otsu"), [(9, 9)]) == []
