"""A drawn training set, so that training runs anywhere: the same files for the same seed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import numpy as np

from segcli.arrays import Array
from segcli.errors import SettingError, UsageError
from segcli.files.write import encode_array, encode_labels, make_folder, put
from segcli.numeric.scenes import NAMES, SMALLEST, draw_scene

Task = Literal["classes", "instances"]
TASKS = ("classes", "instances")

PARTS = ("train",) * 14 + ("val",) * 3 + ("test",) * 3
"""Part of each of twenty pictures in turn, so that more pictures change nothing about the first ones."""

MOST, LARGEST = 1_000_000, 4096


def make_samples(
    folder: str, *, count: int = 200, size: int = 128, seed: int = 0, task: str = "classes"
) -> Iterator[str]:
    """Draw a training set into a new folder, and give the name of each picture when it is there.

    `PART/images/` holds 8-bit gray pictures. With task classes `PART/masks/` holds their classes (0 background,
    1 disc, 2 cell) and `PART/instances/` the numbered objects in 16 bits; with task instances `PART/masks/` holds
    those.

    Parameters
    ----------
    count : of pictures; 14 of 20 go to train, 3 to val and 3 to test.
    size : height and width in pixels.
    seed : equal seeds give equal files, and a greater count the same first ones.
    task : what the masks are.

    Raises
    ------
    UsageError : a folder that holds something, or numbers out of bounds.
    """
    for name, value, low, high in (
        ("count", count, 1, MOST),
        ("size", size, SMALLEST, LARGEST),
        ("seed", seed, 0, 2**32 - 1),
    ):
        if not low <= value <= high:
            raise SettingError(name, f"is {value}; it must be between {low} and {high}.")
    if task not in TASKS:
        raise SettingError("task", f"is {task!r}; it must be one of {', '.join(TASKS)}.")
    if os.path.lexists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise UsageError(f"{folder!r} exists and is not an empty folder; name a new one.")
    return _drawn(folder, count, size, (seed, task))


def _drawn(folder: str, count: int, size: int, how: tuple[int, str]) -> Iterator[str]:
    """Draw and write one picture after the other."""
    seed, task = how
    make_folder(folder)
    if task == "classes":
        put(os.path.join(folder, "classes.txt"), "".join(f"{name}\n" for name in NAMES).encode())
    for number in range(count):
        scene = draw_scene(size, np.random.default_rng([seed, number]))
        part, name = PARTS[number % len(PARTS)], f"sample_{number:04d}.png"
        objects = encode_labels(_in_a_row(scene.instances), "instances", ".png", {})
        files = {"images": encode_array(scene.image, ".png", {}), "masks": objects}
        if task == "classes":
            files = {**files, "masks": encode_labels(scene.classes, "classes", ".png", {}, plain=True)}
            files["instances"] = objects
        for place, data in files.items():
            put(os.path.join(folder, part, place, name), data)
        yield name


def _in_a_row(instances: Array) -> Array:
    """Objects numbered without gaps."""
    found, places = np.unique(instances, return_inverse=True)
    start = 0 if found[0] == 0 else 1
    return np.asarray(places.reshape(instances.shape) + start, np.int32)
