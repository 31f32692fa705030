"""From a data set and settings to a trainer that is ready to run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError, SettingError, UsageError
from segcli.files import datasets as files
from segcli.files.datasets import DataSet
from segcli.learning.augment import augmentation_from
from segcli.learning.batches import Batches, Example
from segcli.learning.class_weights import median_frequency_weights
from segcli.learning.distance_map import signed_distances
from segcli.learning.loss_expression import parse_loss
from segcli.learning.losses import Loss, loss_from_expression
from segcli.learning.memory import fitting_batch
from segcli.learning.model import ModelCard
from segcli.learning.processes import Processes
from segcli.learning.resizing import labels_to_square, to_square
from segcli.learning.scaling import Scaling, fit_scaling
from segcli.learning.settings import TrainSettings
from segcli.learning.targets import BORDER_NAMES, TargetKind, target_of
from segcli.learning.train import Trainer
from segcli.learning.weights import load_encoder
from segcli.learning.windows import DamagedWindows, Frame, Windows, check_task, frame_of
from segcli.networks.architecture import Task
from segcli.networks.registry import build, find_architecture
from segcli.numeric.forms import leave_out
from segcli.numeric.objects import objects_from_classes
from segcli.segmentation import VOID, Segmentation

LOOKED_AT = 64
"""Pictures of the training part that channels, sizes and scaling are read from, evenly spread."""

LARGEST_CROP, CROP_MULTIPLE = 256, 32
UNCHANGED = Scaling("dataset", (0.0,), (1.0,))
CACHE_BYTES = 4 << 30


class Pictures(Protocol):
    """A part of a data set: so many pictures with their truth, each read when asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Example:
        """The picture as it is, (H, W) or (H, W, C); `target` holds classes, `instances` objects or None."""


@dataclass(frozen=True)
class Part:
    """One part of a data set, as pictures with their truth."""

    data: DataSet
    examples: tuple[files.Example, ...]

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, number: int) -> Example:
        example = self.examples[number]
        sample = self.data.read(example)
        return Example(os.path.basename(example.image), sample.image, sample.classes, sample.instances)


def parts_of(data: DataSet) -> tuple[Part, Part]:
    """What a network learns from, and what it is judged by, which may be empty.

    Raises
    ------
    UsageError : there is nothing to learn from.
    """
    training, validation = (Part(data, data.splits.get(name, ())) for name in ("train", "val"))
    if not len(training):
        raise UsageError(f"{data.folder!r} has no training part, only {', '.join(data.splits)}.")
    return training, validation


@dataclass(eq=False)
class Cached:
    """Pictures as the network takes them: gray or color, with its targets; kept in memory as long as they fit.

    size : that they are brought to, square.
    first : the number of the first picture among all of the run's.
    broken : pictures that could not be read, by number, and why. Where one is asked for by its number, the next one
        stands in for it; one after the other, they are left out.
    """

    pictures: Pictures
    channels: int
    target: TargetKind
    keep_instances: bool = False
    size: int | None = None
    limit: int = CACHE_BYTES
    first: int = 0
    broken: dict[int, str] = field(default_factory=dict)
    _kept: dict[int, Example] = field(default_factory=dict)
    _bytes: int = 0

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> Example:
        for shift in range(len(self)):
            found = self._whole((number + shift) % len(self))
            if found is not None:
                return found
        why = self.broken[self.first + number]
        raise InputError(f"none of the {len(self)} pictures can be read; one of them: {why}")

    def __iter__(self) -> Iterator[Example]:
        return (found for number in range(len(self)) if (found := self._whole(number)) is not None)

    def _whole(self, number: int) -> Example | None:
        """The example of a number, None where it cannot be read."""
        if self.first + number in self.broken:
            return None
        try:
            return self._example(number)
        except InputError as failure:
            self.broken[self.first + number] = str(failure)
            return None

    def _example(self, number: int) -> Example:
        if number in self._kept:
            return self._kept[number]
        found = finite(self.pictures[number])
        target = target_of(found.target, found.instances, self.target, VOID)
        instances = None
        if self.keep_instances:
            cells = objects_from_classes(found.target, split=False) if found.instances is None else found.instances
            instances = np.where(found.target == VOID, 0, cells).astype(np.int32)
        made = Example(found.name, in_channels(found.image, self.channels), target, instances)
        made = made if self.size is None else _squared(made, self.size)
        size = made.image.nbytes + target.nbytes + (0 if instances is None else instances.nbytes)
        if self._bytes + size <= self.limit:
            self._kept[number] = made
            self._bytes += size
        return made


def _squared(example: Example, size: int) -> Example:
    image = to_square(example.image, size)
    instances = None if example.instances is None else labels_to_square(example.instances, size)
    return Example(example.name, image, labels_to_square(example.target, size), instances)


def finite(example: Example) -> Example:
    """A picture whose numbers are all finite; where they were not, nobody knows the truth.

    Raises
    ------
    InputError : none is.
    """
    try:
        image, valid, _ = leave_out(example.image, None)
    except InputError as failure:
        raise InputError(f"{example.name!r}: {failure}") from failure
    if valid is None:
        return example
    return replace(example, image=image, target=np.where(valid, example.target, np.uint8(VOID)))


def in_channels(image: Array, channels: int) -> Array:
    """(H, W, channels) of a picture in gray or color, in its own type."""
    from segcli.numeric.forms import as_color, as_gray

    return np.ascontiguousarray(np.atleast_3d(as_gray(image) if channels == 1 else as_color(image)))


def is_gray(image: Array) -> bool:
    """Whether a picture has one channel, or three that are equal."""
    return image.ndim == 2 or image.shape[2] == 1 or bool((image == image[..., :1]).all())


def prepare(
    training: Pictures,
    validation: Pictures,
    names: Sequence[str],
    settings: TrainSettings,
    *,
    device: str = "cpu",
    threads: int = 2,
    processes: Processes = Processes(),
    encoder_weights: str | None = None,
) -> Trainer:
    """Make the trainer of a run: what is not set is found out from the data.

    Parameters
    ----------
    training, validation : parts of a data set. validation may be empty.
    names : of the classes.
    settings : of the run.
    encoder_weights : file of public weights that the network's encoder begins with.
    processes : that share each batch.

    Raises
    ------
    UsageError : the network is no segmenter, or the truth has no objects where borders are wanted.
    InputError : no picture can be read, or the encoder's weights do not fit.
    """
    row = find_architecture(settings.model)
    check_task(row.task, row.name)
    if not len(training):
        raise UsageError("the training part has no pictures.")
    seen = list(_readable(training, np.linspace(0, len(training) - 1, min(LOOKED_AT, len(training)))))
    settings = _settled(settings, seen, row.task)
    channels = settings.channels or 1
    names = BORDER_NAMES if settings.target == "borders" else tuple(names)
    scaling = fit_scaling((in_channels(example.image, channels) for example in seen), settings.scaling)
    card = ModelCard(
        architecture=settings.model,
        channels=channels,
        classes=channels if row.task == "image" else 1 if _takes_one_logit(settings, names) else len(names),
        names=() if row.task == "image" else tuple(names),
        scaling=scaling,
        width=settings.width,
        options=settings.options,
        target=settings.target,
        size=settings.size,
    )
    network = card.build(seed=settings.seed)
    frame = frame_of(network, settings.crop, _usual_side(settings, seen, row.multiple), row.multiple, row.name)
    settings = _paced(replace(settings, crop=frame.side), seen, len(training), frame, card, device, processes.world)
    facts = {"settings": settings.as_dict(), "pictures": len(training), "validation": len(validation)}
    card = replace(card, crop=frame.side, training=facts)
    kind: TargetKind = "borders" if settings.target == "borders" else "classes"
    cached = Cached(training, channels, kind, keep_instances=settings.weight_map, size=settings.size)
    weights = None
    if settings.class_weights == "median-frequency":
        weights = median_frequency_weights(_counts(cached, len(names))).tolist()
    windows = Windows(
        frame, augmentation_from(settings.augment), scaling, settings.sampling == "balanced", settings.weight_map
    )
    maker = DamagedWindows(windows, settings.corruption) if row.task == "image" else windows
    loss = _loss(settings, row.task, card.classes, weights)
    maps = partial(signed_distances, classes=card.classes) if loss.needs_distance_map else None
    shares = processes.rank, processes.world
    batches = Batches(len(cached), cached.__getitem__, maker, settings.batch or 1, settings.seed, *shares, maps)
    judged = Cached(validation, channels, kind, first=len(training), broken=cached.broken)
    loaded: tuple[str, ...] = ()
    if encoder_weights is not None:
        loaded = load_encoder(network, encoder_weights).matched
    trainer = Trainer(
        settings,
        card,
        batches,
        judged,
        loss,
        device=device,
        threads=threads,
        network=network,
        loaded=loaded,
        processes=processes,
    )
    trainer.broken = cached.broken
    return trainer


def _loss(settings: TrainSettings, task: Task, classes: int, class_weights: Sequence[float] | None) -> Loss:
    """The loss of a run, refused where it does not go with masks or with the rest of the settings."""
    loss = loss_from_expression(settings.loss, classes=classes, class_weights=class_weights)
    if task == "segmentation" and any(term.row.name == "mse" for term in loss.terms):
        raise UsageError("the loss mse compares values, and masks hold classes; write ce or ce+dice.")
    if settings.weight_map and not loss.takes_weight_map:
        raise UsageError(f"no term of the loss {settings.loss} takes a weight map; add ce, or leave --weight-map out.")
    return loss


def preview_windows(
    training: Pictures, names: Sequence[str], settings: TrainSettings, count: int = 12
) -> list[tuple[Array, Segmentation]]:
    """Windows as a network would learn from them: (H, W, 3) and their truth."""
    row = find_architecture(settings.model)
    check_task(row.task, row.name)
    seen = list(_readable(training, np.linspace(0, len(training) - 1, min(LOOKED_AT, len(training)))))
    settings = _settled(settings, seen, row.task)
    kind: TargetKind = "borders" if settings.target == "borders" else "classes"
    cached = Cached(training, settings.channels or 1, kind, size=settings.size)
    network = build(
        row.name, in_channels=settings.channels or 1, width=settings.width, device="meta", **settings.options
    )
    frame = frame_of(network, settings.crop, _usual_side(settings, seen, row.multiple), row.multiple, row.name)
    cut = Windows(frame, augmentation_from(settings.augment), UNCHANGED, balanced=settings.sampling == "balanced").cut
    windows = []
    for number in range(count):
        window = cut(cached[number % len(cached)], np.random.default_rng((settings.seed, 1, number)))
        image = np.broadcast_to(window.image, (*window.target.shape, 3))
        windows.append((image, Segmentation(window.target, "classes", names=tuple(names))))
    return windows


def _readable(pictures: Pictures, places: Array) -> Iterator[Example]:
    """Those of some pictures that can be read; the training itself names the others.

    Raises
    ------
    InputError : none can; the first's failure.
    """
    first, found = None, False
    for place in places:
        try:
            example = finite(pictures[int(place)])
        except InputError as failure:
            first = first or failure
            continue
        found = True
        yield example
    if first is not None and not found:
        raise first


def _settled(settings: TrainSettings, seen: Sequence[Example], task: Task) -> TrainSettings:
    """Settings with what the pictures and the network decide: channels, target, loss and augmentation."""
    channels = settings.channels or (1 if all(is_gray(example.image) for example in seen) else 3)
    target = settings.target
    if target == "auto":
        numbered = task == "segmentation" and all(example.instances is not None for example in seen)
        target = "borders" if numbered else "classes"
    augment = settings.augment
    if augment == "auto":
        augment = "unet" if target == "borders" else "standard" if task == "segmentation" else "light"
    if task == "segmentation":
        if settings.best_by == "psnr":
            raise UsageError("--best-by psnr is for networks that make pictures; masks have miou, dice and accuracy.")
        return replace(settings, channels=channels, target=target, augment=augment)
    best_by: Any = "loss" if settings.best_by == "loss" else "psnr"
    loss = settings.loss if settings.loss != TrainSettings.loss else "mse"
    scaling: Any = "unit" if settings.scaling == "auto" else settings.scaling
    return replace(
        settings, channels=channels, target=target, augment=augment, loss=loss, best_by=best_by, scaling=scaling
    )


def _takes_one_logit(settings: TrainSettings, names: Sequence[str]) -> bool:
    """Whether the loss is that of one logit, which parts two classes."""
    return len(names) == 2 and any(term.row.name == "bce" for term in parse_loss(settings.loss))


def _usual_side(settings: TrainSettings, seen: Sequence[Example], multiple: int) -> int:
    """The side of windows where none is asked for: that of most pictures, within reason."""
    sides = [settings.size or min(example.target.shape) for example in seen]
    step = math.lcm(CROP_MULTIPLE, multiple)
    return max(
        step, min(LARGEST_CROP if settings.size is None else settings.size, int(np.median(sides))) // step * step
    )


def _paced(
    settings: TrainSettings, seen: Sequence[Example], count: int, frame: Frame, card: ModelCard, device: str, world: int
) -> TrainSettings:
    """Settings with windows a step that fit into memory, and so many steps an epoch that pixels are seen about once."""
    batch = settings.batch or -(-fitting_batch(card, frame.side, device) // world) * world
    if batch % world:
        near = -(-batch // world) * world
        raise SettingError("batch", f"is {batch}; {world} processes need a multiple of {world}, such as {near}.")
    steps = settings.steps_per_epoch
    if steps is None:
        inside = frame.side - frame.before - frame.after
        areas = [settings.size**2 if settings.size else example.target.size for example in seen]
        windows = float(np.clip(np.array(areas) / inside**2, 1, 16).mean())
        steps = max(1, math.ceil(count * windows / batch))
    return replace(settings, batch=batch, steps_per_epoch=steps)


def _counts(examples: Cached, classes: int) -> Array:
    """(pictures, classes) pixels of each class, as far as they are known."""
    counted = (np.bincount(example.target[example.target != VOID], minlength=classes) for example in examples)
    return np.array([counts[:classes] for counts in counted])
