"""Pictures of discs, and models that were taught in seconds to find them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 64
RADIUS = 9


def picture(places: Any, size: tuple[int, int] = (SIDE, SIDE), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bright discs around (row, column) places on dark ground with noise, uint8, and which disc a pixel is of."""
    rows, columns = np.indices(size)
    objects = np.zeros(size, np.int32)
    for number, (row, column) in enumerate(places, start=1):
        objects[(rows - row) ** 2 + (columns - column) ** 2 <= RADIUS**2] = number
    noise = np.random.default_rng(seed).normal(0, 8, size)
    return np.clip(60 + 90 * (objects > 0) + noise, 0, 255).astype(np.uint8), objects


class Discs:
    """Pairs of discs that touch, as a part of a data set."""

    def __init__(self, count: int, colors: bool, objects: bool) -> None:
        self.count, self.colors, self.objects = count, colors, objects

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Any:
        from segcli.learning.batches import Example

        random = np.random.default_rng(number)
        row, column = random.integers(14, SIDE - 14, 2)
        angle = random.uniform(0, np.pi)
        other = (row + 2 * RADIUS * np.sin(angle), column + 2 * RADIUS * np.cos(angle))
        image, objects = picture([(row, column), other], seed=number)
        image = np.stack([image, image, 255 - image], -1) if self.colors else image
        return Example(
            f"{number}.png", image, (objects > 0).astype(np.uint8), objects.astype(np.int32) if self.objects else None
        )


def taught(path: Path, *, colors: bool = False, objects: bool = False, seed: int = 0, **changes: Any) -> Path:
    """Teach a U-Net of 2 poolings and a few channels; write its model."""
    from segcli.files.fitted import write_fitted
    from segcli.learning.model import as_fitted
    from segcli.learning.run import prepare
    from segcli.learning.settings import TrainSettings

    settings = TrainSettings(
        "unet",
        width=1 / 8,
        options={"depth": 2},
        epochs=1,
        steps_per_epoch=32,
        batch=4,
        crop=SIDE,
        rate=1e-2,
        seed=seed,
    )
    data = Discs(24, colors, objects)
    trainer = prepare(data, Discs(0, colors, objects), ("ground", "disc"), replace(settings, **changes), threads=0)
    for _ in trainer.run():
        pass
    write_fitted(path, as_fitted(trainer.card, trainer.network))
    return path
