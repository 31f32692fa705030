"""From a data set and settings to a trainer that is ready to run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError, SettingError, UsageError
from segcli.files import datasets as files
from segcli.files.datasets import DataSet
from segcli.learning.augment import Augmentation, augmentation_from
from segcli.learning.batches import Batches, Example
from segcli.learning.class_weights import median_frequency_weights
from segcli.learning.losses import loss_from_expression
from segcli.learning.model import ModelCard
from segcli.learning.processes import Processes
from segcli.learning.scaling import Scaling, fit_scaling
from segcli.learning.settings import TrainSettings
from segcli.learning.targets import BORDER_NAMES, TargetKind, target_of
from segcli.learning.train import Trainer
from segcli.learning.weight_map import weight_map
from segcli.learning.weights import load_encoder
from segcli.networks.registry import find_architecture
from segcli.segmentation import VOID, Segmentation

LOOKED_AT = 64
"""Pictures of the training part that channels, sizes and scaling are read from, evenly spread."""

LARGEST_CROP, CROP_MULTIPLE = 256, 32
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
        return Example(example.name, sample.image, sample.classes, sample.instances)


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

    broken : names of pictures that could not be read, and why. The next one stands in for them.
    """

    pictures: Pictures
    channels: int
    target: TargetKind
    keep_instances: bool = False
    limit: int = CACHE_BYTES
    broken: dict[int, str] = field(default_factory=dict)
    _kept: dict[int, Example] = field(default_factory=dict)
    _bytes: int = 0

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> Example:
        for shift in range(len(self)):
            place = (number + shift) % len(self)
            if place in self.broken:
                continue
            try:
                return self._example(place)
            except InputError as failure:
                self.broken[place] = str(failure)
        raise InputError(f"none of the {len(self)} pictures can be read; the first: {next(iter(self.broken.values()))}")

    def __iter__(self) -> Iterator[Example]:
        return (self[number] for number in range(len(self)))

    def _example(self, number: int) -> Example:
        if number in self._kept:
            return self._kept[number]
        found = self.pictures[number]
        target = target_of(found.target, found.instances, self.target, VOID)
        instances = found.instances if self.keep_instances else None
        made = Example(found.name, in_channels(found.image, self.channels), target, instances)
        size = made.image.nbytes + target.nbytes + (0 if instances is None else instances.nbytes)
        if self._bytes + size <= self.limit:
            self._kept[number] = made
            self._bytes += size
        return made


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
    if row.task != "segmentation":
        raise UsageError(f"{row.name} is no network for segmentation but for {row.task}; segcli models lists all.")
    if not len(training):
        raise UsageError("the training part has no pictures.")
    seen = list(_readable(training, np.linspace(0, len(training) - 1, min(LOOKED_AT, len(training)))))
    settings = _settled(settings, seen, len(training), row.multiple)
    channels, crop = settings.channels or 1, settings.crop or LARGEST_CROP
    names = BORDER_NAMES if settings.target == "borders" else tuple(names)
    scaling = fit_scaling((in_channels(example.image, channels) for example in seen), settings.scaling)
    card = ModelCard(
        architecture=settings.model,
        channels=channels,
        classes=len(names),
        names=tuple(names),
        scaling=scaling,
        width=settings.width,
        options=settings.options,
        target=settings.target,
        crop=crop,
        training={"settings": settings.as_dict(), "pictures": len(training), "validation": len(validation)},
    )
    kind: TargetKind = "borders" if settings.target == "borders" else "classes"
    cached = Cached(training, channels, kind, keep_instances=settings.weight_map)
    weights = None
    if settings.class_weights == "median-frequency":
        weights = median_frequency_weights(_counts(cached, len(names))).tolist()
    window = _preparation(augmentation_from(settings.augment), scaling, crop)
    shares = processes.rank, processes.world
    batches = Batches(len(cached), cached.__getitem__, window, settings.batch, settings.seed, *shares)
    judged = Cached(validation, channels, kind)
    loss = loss_from_expression(settings.loss, classes=len(names), class_weights=weights)
    network = card.build(seed=settings.seed)
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


def preview_windows(
    training: Pictures, names: Sequence[str], settings: TrainSettings, count: int = 12
) -> list[tuple[Array, Segmentation]]:
    """Windows as a network would learn from them: (H, W, 3) and their truth."""
    row = find_architecture(settings.model)
    seen = list(_readable(training, np.linspace(0, len(training) - 1, min(LOOKED_AT, len(training)))))
    settings = _settled(settings, seen, len(training), row.multiple)
    kind: TargetKind = "borders" if settings.target == "borders" else "classes"
    cached = Cached(training, settings.channels or 1, kind)
    augmentation = augmentation_from(settings.augment)
    windows = []
    for number in range(count):
        generator = np.random.default_rng((settings.seed, 1, number))
        window = augmentation(cached[number % len(cached)], settings.crop or LARGEST_CROP, generator)
        image = np.broadcast_to(window.image, (*window.target.shape, 3))
        windows.append((image, Segmentation(window.target, "classes", names=tuple(names))))
    return windows


def _preparation(
    augmentation: Augmentation, scaling: Scaling, crop: int
) -> Callable[[Example, np.random.Generator], tuple[Array, Array, Array | None]]:
    """What makes a window for the network of an example."""

    def prepare_window(example: Example, generator: np.random.Generator) -> tuple[Array, Array, Array | None]:
        window = augmentation(example, crop, generator)
        weights = None if window.instances is None else weight_map(window.instances)
        # the whole picture's range, as in prediction: a window of background alone has none
        return scaling.of(example.image)(window.image), window.target, weights

    return prepare_window


def _readable(pictures: Pictures, places: Array) -> Iterator[Example]:
    """Those of some pictures that can be read; the training itself names the others.

    Raises
    ------
    InputError : none can; the first's failure.
    """
    first, found = None, False
    for place in places:
        try:
            example = pictures[int(place)]
        except InputError as failure:
            first = first or failure
            continue
        found = True
        yield example
    if first is not None and not found:
        raise first


def _settled(settings: TrainSettings, seen: Sequence[Example], count: int, multiple: int) -> TrainSettings:
    """Settings with what the pictures decide: channels, target, crop and steps an epoch."""
    channels = settings.channels or (1 if all(is_gray(example.image) for example in seen) else 3)
    target = settings.target
    if target == "auto":
        target = "borders" if all(example.instances is not None for example in seen) else "classes"
    if settings.weight_map and any(example.instances is None for example in seen):
        raise UsageError("a weight map needs a truth that numbers the objects; this one has classes.")
    sides = np.array([example.target.shape for example in seen])
    crop = settings.crop
    if crop is None:
        usual = int(np.median(sides.min(axis=1)))
        step = math.lcm(CROP_MULTIPLE, multiple)
        crop = max(step, min(LARGEST_CROP, usual) // step * step)
    elif crop % multiple:
        near = max(multiple, round(crop / multiple) * multiple)
        raise SettingError("crop", f"is {crop}; {settings.model} needs a multiple of {multiple}, such as {near}.")
    steps = settings.steps_per_epoch
    if steps is None:
        windows = float(np.clip(sides.prod(axis=1) / crop**2, 1, 16).mean())
        steps = max(1, math.ceil(count * windows / settings.batch))
    augment = settings.augment
    if augment == "auto":
        augment = "unet" if target == "borders" else "standard"
    return replace(settings, channels=channels, target=target, crop=crop, steps_per_epoch=steps, augment=augment)


def _counts(examples: Cached, classes: int) -> Array:
    """(pictures, classes) pixels of each class, as far as they are known."""
    counted = (np.bincount(example.target[example.target != VOID], minlength=classes) for example in examples)
    return np.array([counts[:classes] for counts in counted])
