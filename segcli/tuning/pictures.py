"""The pictures that candidates are tried on, at several sizes, with their truth and what is known of its objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.datasets.example import Example
from segcli.files.datasets.meaning import Meaning
from segcli.files.datasets.truth import open_image
from segcli.files.image import Image
from segcli.files.memory import image_of
from segcli.judge import TrueLabels
from segcli.truths import true_labels
from segcli.tuning.dimensions import Facts

FACTORS = (0.25, 1 / 3, 0.5)
"""How much smaller pictures may be looked at first."""

LEAST_PIXELS = 60_000
"""A picture is not made smaller than this."""

KEPT = 0.9
"""Overlap that a truth must keep when it is made smaller and large again."""

HELD = 120_000_000
"""Pixels that a process keeps in memory."""


@dataclass(frozen=True)
class Pictures:
    """Pictures with their truth, as files; a process reads those that it needs and keeps them.

    Attributes
    ----------
    examples : the pictures.
    meaning : of the numbers in their masks.
    """

    examples: tuple[Example, ...]
    meaning: Meaning

    def __len__(self) -> int:
        return len(self.examples)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the pictures."""
        return tuple(example.name for example in self.examples)

    @cached_property
    def key(self) -> str:
        """What tells these pictures from others."""
        return sha256(repr([(one.name, one.image, one.masks) for one in self.examples]).encode()).hexdigest()

    def read(self, place: int, factor: float = 1.0) -> tuple[Image, TrueLabels]:
        """Read a picture and its truth, `factor` times as large.

        Raises
        ------
        InputError : a file that cannot be read, sizes that differ, numbers that are no class; it is named.
        """
        held = (self.key, place, factor)
        if held not in _held:
            found = self._whole(place) if factor == 1 else _smaller(*self.read(place), factor)
            while _held and _pixels() + found[1].labels.size > HELD:
                del _held[next(iter(_held))]
            _held[held] = found
        return _held[held]

    def _whole(self, place: int) -> tuple[Image, TrueLabels]:
        """A picture as it is stored."""
        example = self.examples[place]
        image = open_image(example)
        return image, true_labels(example, self.meaning, image)


_held: dict[tuple[str, int, float], tuple[Image, TrueLabels]] = {}
"""What this process has read."""


def _pixels() -> int:
    return sum(truth.labels.size for _, truth in _held.values())


def _smaller(image: Image, truth: TrueLabels, factor: float) -> tuple[Image, TrueLabels]:
    """A picture and its truth made smaller: the picture by areas, the truth by its nearest pixel."""
    from segcli.opencv import cv2

    height, width = truth.labels.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    pixels = cv2.resize(image.native, size, interpolation=cv2.INTER_AREA)
    void = None if truth.void is None else _nearest(truth.void.astype(np.uint8), size) > 0
    return image_of(pixels, image.name), TrueLabels(_nearest(truth.labels, size), truth.kind, truth.count, void)


def _nearest(labels: Array, size: tuple[int, int]) -> Array:
    """Labels of the pixels that lie nearest to those of a picture of another size."""
    height, width = labels.shape
    rows = np.minimum((np.arange(size[1]) + 0.5) * height / size[1], height - 1).astype(int)
    columns = np.minimum((np.arange(size[0]) + 0.5) * width / size[0], width - 1).astype(int)
    return np.ascontiguousarray(labels[rows][:, columns])


def small_factor(pictures: Pictures) -> float:
    """How small pictures may become without losing what is to be found; 1 where they must not.

    The objects of every truth must survive: made smaller and large again they overlap the truth by `KEPT` on average.
    """
    truths = [pictures.read(place)[1] for place in range(min(len(pictures), 8))]
    for factor in FACTORS:
        if min(truth.labels.size for truth in truths) * factor**2 < LEAST_PIXELS:
            continue
        if np.mean([_survival(truth.labels > 0, factor) for truth in truths]) >= KEPT:
            return factor
    return 1.0


def _survival(mask: NDArray[np.bool_], factor: float) -> float:
    """Overlap (Dice) of a mask with itself after it was made smaller."""
    from segcli.scores.semantic import dice

    height, width = mask.shape
    small = _nearest(mask, (max(1, round(width * factor)), max(1, round(height * factor))))
    return float(dice(_nearest(small, (width, height)), mask))


def find_facts(pictures: Pictures, split: bool) -> Facts:
    """What is known of the pictures and of the true objects, from eight of them.

    split : whether touching objects are to be told apart.
    """
    from segcli.numeric.objects import objects_from_classes
    from segcli.opencv import cv2

    levels, sides, areas, thick, bright, colored = [], [], [], [], [], []
    for place in range(min(len(pictures), 8)):
        image, truth = pictures.read(place)
        gray, mask = np.asarray(image.gray, np.float32), truth.labels > 0
        sides.append(min(mask.shape))
        levels.append(np.nanpercentile(gray, (1, 99)))
        colored.append(image.native.ndim == 3 and not (image.native == image.native[:, :, :1]).all())
        objects = truth.labels if truth.kind == "instances" else objects_from_classes(mask.astype(np.uint8))
        areas.append(np.bincount(objects.ravel())[1:])
        if mask.any() and not mask.all():
            # Membranes are thin and what they enclose is not; lengths that matter are those of the thinner.
            thick.append(min(_thickness(mask), _thickness(~mask)))
            near = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool) & ~mask
            bright.append(float(np.nanmean(gray[mask])) > float(np.nanmean(gray[near if near.any() else ~mask])))
    sizes = np.concatenate(areas)
    sizes = sizes[sizes > 0] if (sizes > 0).any() else np.array([100])
    return Facts(
        side=min(sides),
        colored=any(colored),
        low=float(np.median([low for low, _ in levels])),
        high=float(np.median([high for _, high in levels])),
        thickness=float(np.median(thick)) if thick else 8.0,
        area=float(np.median(sizes)),
        least=float(np.percentile(sizes, 10)),
        bright=sum(bright) * 2 >= len(bright),
        split=split,
    )


def _thickness(mask: NDArray[np.bool_]) -> float:
    """How thick a mask is: over a strip of thickness t the distances to the border lie evenly up to t / 2."""
    from segcli.opencv import cv2

    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    return 4 * float(np.median(depth[mask]))


def spread_places(pictures: Pictures, count: int) -> tuple[int, ...]:
    """Places of a few pictures that differ: evenly among all, ordered by their mean gray."""
    means = [float(np.nanmean(pictures.read(place)[0].gray)) for place in range(len(pictures))]
    order = sorted(range(len(pictures)), key=lambda place: (means[place], place))
    count = min(count, len(order))
    chosen = ((np.arange(count) + 0.5) * len(order) / count).astype(int)
    return tuple(sorted(order[place] for place in chosen.tolist()))


def record(pictures: Pictures) -> Sequence[dict[str, Any]]:
    """Names and hashes of all pictures and their masks."""
    from segcli.files.read import read_bytes

    found = []
    for example in pictures.examples:
        try:
            masks = [sha256(read_bytes(path)).hexdigest() for path in example.masks]
            found.append({"name": example.name, "picture": open_image(example).digest, "masks": masks})
        except InputError as failure:
            raise InputError(f"{example.name!r}: {failure}") from failure
    return found
