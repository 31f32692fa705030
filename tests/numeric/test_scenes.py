from __future__ import annotations

import numpy as np
import pytest

from segcli.numeric.scenes import CELL, DISC, Scene, draw_scene


def scenes(count: int = 12, size: int = 96) -> list[Scene]:
    return [draw_scene(size, np.random.default_rng([3, number])) for number in range(count)]


@pytest.mark.parametrize("size", [16, 33, 128])
def test_a_scene_has_a_picture_classes_and_objects_of_its_size(size: int) -> None:
    scene = draw_scene(size, np.random.default_rng(0))
    assert [(plane.shape, plane.dtype.name) for plane in scene] == [
        ((size, size), "uint8"),
        ((size, size), "uint8"),
        ((size, size), "int32"),
    ]


def test_each_object_is_of_one_class_and_the_ground_is_none() -> None:
    for scene in scenes():
        assert np.array_equal(scene.instances > 0, scene.classes > 0)
        for number in np.unique(scene.instances)[1:]:
            assert len(np.unique(scene.classes[scene.instances == number])) == 1


def test_scenes_hold_both_kinds_and_objects_that_touch() -> None:
    drawn = scenes()
    assert {label for scene in drawn for label in np.unique(scene.classes)} == {0, DISC, CELL}
    touching = 0
    for scene in drawn:
        left, right = scene.instances[:, :-1], scene.instances[:, 1:]
        touching += bool(((left != right) & (left > 0) & (right > 0)).any())
    assert touching >= len(drawn) / 2
    cover = [float(np.mean(scene.classes > 0)) for scene in drawn]
    assert 0.15 < np.mean(cover) < 0.5


def test_no_threshold_parts_the_two_kinds_from_the_ground() -> None:
    scene = Scene(*(np.stack(planes) for planes in zip(*scenes(), strict=True)))
    best = max(float(np.mean((scene.image > level) == (scene.classes > 0))) for level in range(256))
    assert best < 0.98
    discs, cells = (float(scene.image[scene.classes == label].mean()) for label in (DISC, CELL))
    assert discs > cells > scene.image[scene.classes == 0].mean()
