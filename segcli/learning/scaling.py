"""From a picture's own numbers to what networks like: zero mean and deviation one, more or less."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError

ScalingKind = Literal["dataset", "picture", "imagenet"]
SCALINGS = ("dataset", "picture", "imagenet")

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LOW, HIGH = 0.1, 99.9
"""Percentiles of a picture that become 0 and 1 where each is scaled by itself."""

LEAST, MOST = -1.0, 3.0
"""What lies beyond is cut off: in a picture with a few bright pixels they would drown all others' statistics."""

FULL = {"uint8": 255.0, "uint16": 65535.0}


@dataclass(frozen=True)
class Scaling:
    """How pictures are scaled; part of a model, since it must be the same at training and after.

    Attributes
    ----------
    kind : dataset and imagenet subtract a mean and divide by a deviation of each channel, of values from 0 to 1;
        picture stretches each picture between two of its own percentiles first.
    mean, std : one a channel.
    """

    kind: ScalingKind
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, image: Array) -> NDArray[np.float32]:
        """Scale a picture (H, W) or (H, W, C); return (C, H, W) float32.

        Raises
        ------
        InputError : another number of channels.
        """
        return self.of(image)(image)

    def of(self, image: Array) -> Callable[[Array], NDArray[np.float32]]:
        """What scales windows of a picture as the whole of it is scaled.

        Raises
        ------
        InputError : another number of channels.
        """
        planes = np.atleast_3d(image)
        if planes.shape[2] != len(self.mean):
            raise InputError(f"has {planes.shape[2]} channels; the model takes {len(self.mean)}.")
        low, high = _range(planes, self.kind)
        mean, std = (np.asarray(values, np.float32) for values in (self.mean, self.std))

        def scaled(window: Array) -> NDArray[np.float32]:
            unit = (np.asarray(np.atleast_3d(window), np.float32) - np.float32(low)) / np.float32(high - low)
            unit = np.clip(unit, LEAST, MOST) if self.kind == "picture" else unit
            return np.ascontiguousarray(np.moveaxis((unit - mean) / std, 2, 0))

        return scaled

    def as_dict(self) -> dict[str, Any]:
        """What a model file keeps of it."""
        return {"kind": self.kind, "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Scaling:
        """Read what `as_dict` wrote."""
        return cls(values["kind"], tuple(values["mean"]), tuple(values["std"]))


def _range(planes: Array, kind: ScalingKind) -> tuple[float, float]:
    """The values that become 0 and 1: of the type's range, or of the picture's own; floats are taken as they are."""
    if kind != "picture":
        return 0.0, FULL.get(planes.dtype.name, 1.0)
    # A megapixel's percentiles are those of every few pixels, to a thousandth.
    step = max(1, planes.shape[0] * planes.shape[1] // 250_000)
    low, high = np.percentile(planes.reshape(-1, planes.shape[2])[::step], (LOW, HIGH))
    return float(low), float(max(high, low + 1e-6))


def fit_scaling(images: Iterable[Array], kind: ScalingKind | Literal["auto", "unit"] = "auto") -> Scaling:
    """Find the scaling of a set of pictures.

    Parameters
    ----------
    images : (H, W) or (H, W, C) each, all with as many channels.
    kind : unit leaves pictures between 0 and 1; auto takes picture where pictures differ more from each other in
        brightness than pixels do within them, as exposures and stains do, else dataset.

    Raises
    ------
    InputError : no pictures, or imagenet with another number of channels than 3.
    """
    if kind == "imagenet":
        return Scaling("imagenet", IMAGENET_MEAN, IMAGENET_STD)
    sums = [_moments(image, "dataset") for image in images]
    if not sums:
        raise InputError("there are no pictures to scale by.")
    if kind == "unit":
        channels = len(sums[0][0])
        return Scaling("dataset", (0.0,) * channels, (1.0,) * channels)
    means, deviations = np.array([mean for mean, _ in sums]), np.array([std for _, std in sums])
    if kind == "auto":
        kind = "picture" if means.mean(axis=1).std() > deviations.mean() else "dataset"
    if kind == "picture":
        channels = means.shape[1]
        return Scaling("picture", (0.5,) * channels, (0.5,) * channels)
    spread = np.sqrt((deviations**2).mean(axis=0) + means.var(axis=0))
    return Scaling("dataset", _rounded(means.mean(axis=0)), _rounded(np.maximum(spread, 1e-3)))


def _moments(image: Array, kind: ScalingKind) -> tuple[Array, Array]:
    """Mean and deviation of each channel."""
    planes = np.atleast_3d(image)
    low, high = _range(planes, kind)
    unit = (planes.astype(np.float64) - low) / (high - low)
    return unit.mean(axis=(0, 1)), unit.std(axis=(0, 1))


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
