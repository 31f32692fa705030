"""Batches of windows for training: which windows, by the number of the step alone, and their preparation ahead of time.

Nothing is drawn from a generator that lives on from batch to batch, so a run that was killed goes on with the very
batches that it would have had.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segcli.arrays import Array

AHEAD = 3
"""Batches that are made while the network works on one."""


@dataclass(frozen=True, eq=False)
class Example:
    """One picture and what is to be said of it.

    name : of the picture's file, for messages.
    image : (H, W, C) in the file's own type.
    target : (H, W) uint8, 255 where nobody knows.
    instances : (H, W) int32, or None where they are not needed.
    """

    name: str
    image: Array
    target: Array
    instances: Array | None = None


class Examples(Protocol):
    """Examples one after the other, and how many there are."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Example]: ...


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows as the network takes them.

    names : of the pictures.
    images : (N, C, H, W) float32.
    targets : (N, H, W) int64, or (N, C, H, W) float32 pictures.
    weights : (N, H, W) float32, or None.
    distances : (N, classes, H, W) float32 to the contours of classes, or None.
    """

    names: tuple[str, ...]
    images: Tensor
    targets: Tensor
    weights: Tensor | None = None
    distances: Tensor | None = None

    def to(self, device: str) -> Batch:
        """The same on a device, channels last."""
        images = self.images.to(device, memory_format=torch.channels_last, non_blocking=True)
        weights, distances = (
            None if tensor is None else tensor.to(device, non_blocking=True)
            for tensor in (self.weights, self.distances)
        )
        return Batch(self.names, images, self.targets.to(device, non_blocking=True), weights, distances)


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of a run.

    Attributes
    ----------
    count : pictures in the training part.
    load : gives the example of a number; called from threads.
    prepare : makes (image (C, H, W) float32, target, weights or None) of an example and a generator; the target is
        (H, W) labels, or (C, H, W) float32 for a network that makes pictures.
    batch : windows a step, over all processes.
    seed : of the order and of the generators.
    rank, world : this process's number among those that share each batch.
    distances : makes (classes, H, W) float32 of a window's target, where the loss looks at distances.
    """

    count: int
    load: Callable[[int], Example]
    prepare: Callable[[Example, np.random.Generator], tuple[Array, Array, Array | None]]
    batch: int
    seed: int
    rank: int = 0
    world: int = 1
    distances: Callable[[Array], Array] | None = None

    def places(self, step: int) -> list[tuple[int, int]]:
        """(window's number in the run, picture's number) of a step; every picture comes once before any comes again."""
        first = step * self.batch
        windows = range(first + self.rank, first + self.batch, self.world)
        return [(window, int(self._order(window // self.count)[window % self.count])) for window in windows]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return _permutation(self.seed, epoch, self.count)

    def at(self, step: int) -> Batch:
        """The batch of a step."""
        names, images, targets, weights, distances = [], [], [], [], []
        for window, number in self.places(step):
            example = self.load(number)
            image, target, weight = self.prepare(example, np.random.default_rng((self.seed, 1, window)))
            names.append(example.name)
            images.append(torch.from_numpy(image))
            targets.append(torch.from_numpy(target if target.dtype.kind == "f" else target.astype(np.int64)))
            weights += [] if weight is None else [torch.from_numpy(weight)]
            distances += [] if self.distances is None else [torch.from_numpy(self.distances(target))]
        maps = (torch.stack(made) if made else None for made in (weights, distances))
        return Batch(tuple(names), torch.stack(images), torch.stack(targets), *maps)

    def between(self, steps: Sequence[int], threads: int) -> Iterator[Batch]:
        """The batches of steps in order, made ahead of their use by threads, or when they are asked for."""
        if threads == 0:
            yield from map(self.at, steps)
            return
        waiting: deque[Future[Batch]] = deque()
        with ThreadPoolExecutor(threads, "segcli-batches") as pool:
            try:
                for step in steps:
                    waiting.append(pool.submit(self.at, step))
                    if len(waiting) > AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """The order of the pictures in an epoch."""
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def window_of(
    example: Example, side: int, generator: np.random.Generator, corner: tuple[int, int] | None = None
) -> Example:
    """A square window, at a corner that is moved inside or anywhere; small pictures go on mirrored."""
    room = [max(0, length - side) for length in example.target.shape]
    if corner is None:
        top, left = (int(generator.integers(0, most + 1)) for most in room)
    else:
        top, left = (min(max(0, first), most) for first, most in zip(corner, room, strict=True))
    rows, columns = slice(top, top + side), slice(left, left + side)
    image, target = example.image[rows, columns], example.target[rows, columns]
    instances = None if example.instances is None else example.instances[rows, columns]
    below, right = side - target.shape[0], side - target.shape[1]
    if below or right:
        borders = ((0, below), (0, right))
        image = np.pad(image, (*borders, (0, 0)), mode="symmetric")
        target = np.pad(target, borders, mode="symmetric")
        instances = None if instances is None else np.pad(instances, borders, mode="symmetric")
    return Example(example.name, image, target, instances)
