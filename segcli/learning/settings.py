"""What a training run is told, without torch: the command line checks it before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from segcli.errors import SettingError
from segcli.learning.loss_expression import parse_loss
from segcli.networks.registry import find_architecture

OPTIMIZERS = ("adamw", "adam", "sgd", "rmsprop")
SCHEDULES = ("cosine", "poly", "step", "exponential", "constant", "plateau")
SCORES = ("miou", "dice", "accuracy", "loss", "psnr")
TARGETS = ("auto", "classes", "borders")
WEIGHTINGS = ("none", "median-frequency")
SCALINGS = ("auto", "dataset", "picture", "imagenet", "unit")
SAMPLINGS = ("uniform", "balanced")
AMPS = ("off", "auto", "bfloat16", "float16")


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides the weights besides the data; all values are JSON's.

    Attributes
    ----------
    model, width, options : network of the registry, its width and the arguments of its class.
    channels : of the pictures the network sees, 1 or 3; None: 1 if all are gray.
    target : classes, or borders made of numbered objects; auto takes borders where the truth numbers objects.
    loss : an expression of `segcli.learning.loss_expression`.
    class_weights : none, or by median frequency.
    weight_map : learn the gaps between touching objects with more weight, see `segcli.learning.weight_map`.
    epochs, steps_per_epoch, max_seconds : how long; steps_per_epoch None: so many that about each pixel is seen once.
    batch, accumulate : windows a step, and steps whose gradients are summed up before one update; batch None: 8, or
        fewer where memory is short.
    crop : side in pixels of the windows that are learned from; None: chosen by the sizes of the pictures.
    size : pictures are brought to size x size pixels first, in prediction too; None: they stay as they are.
    sampling : windows anywhere, or balanced: around pixels of all classes of a picture equally often.
    corruption : damage that a network for pictures is to undo, KIND=AMOUNT of `segcli.learning.corruption`.
    optimizer, rate, momentum, weight_decay : rate None: found by a range test.
    schedule, warmup, decay : of the rate; warmup in steps, decay of the exponential schedule, an epoch.
    head_rate : times the rate for what is not loaded from an encoder.
    clip : greatest norm of the gradient; 0 is no limit.
    ema : decay of the moving average of weights that is judged and kept; 0 is none.
    patience : epochs without a better score after which it stops; 0 is never.
    best_by : score of the validation part that decides which weights are the best.
    freeze_norm : keep the statistics and the affine parts of batch normalization.
    augment : name of a set of augmentations, or a TOML table's path; auto: unet for objects, else standard.
    scaling : of the pictures, see `segcli.learning.scaling`.
    amp : numbers of half precision inside; auto: on a graphics card.
    seed : of everything that chance plays a part in.
    """

    model: str
    width: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    channels: int | None = None
    target: Literal["auto", "classes", "borders"] = "auto"
    loss: str = "ce+dice"
    class_weights: Literal["none", "median-frequency"] = "none"
    weight_map: bool = False
    epochs: int = 40
    steps_per_epoch: int | None = None
    max_seconds: float | None = None
    batch: int | None = None
    accumulate: int = 1
    crop: int | None = None
    size: int | None = None
    sampling: Literal["uniform", "balanced"] = "uniform"
    corruption: str = "gaussian=0.1"
    optimizer: Literal["adamw", "adam", "sgd", "rmsprop"] = "adamw"
    rate: float | None = None
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Literal["cosine", "poly", "step", "exponential", "constant", "plateau"] = "cosine"
    warmup: int = 0
    decay: float = 0.95
    head_rate: float = 1.0
    clip: float = 0.0
    ema: float = 0.0
    patience: int = 0
    best_by: Literal["miou", "dice", "accuracy", "loss", "psnr"] = "miou"
    freeze_norm: bool = False
    augment: str = "auto"
    scaling: Literal["auto", "dataset", "picture", "imagenet", "unit"] = "auto"
    amp: Literal["off", "auto", "bfloat16", "float16"] = "off"
    seed: int = 0

    def __post_init__(self) -> None:
        find_architecture(self.model)
        parse_loss(self.loss)
        parse_corruption(self.corruption)
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise SettingError(name, f"is {getattr(self, name)!r}; it must be one of {', '.join(known)}.")
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise SettingError(name, f"is {value:g}; it must be between {low:g} and {high:g}.")

    def as_dict(self) -> dict[str, Any]:
        """All settings, as JSON values."""
        return asdict(self)


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "target": TARGETS,
    "sampling": SAMPLINGS,
    "class_weights": WEIGHTINGS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "best_by": SCORES,
    "scaling": SCALINGS,
    "amp": AMPS,
}
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "width": (1 / 64, 16),
    "channels": (1, 3),
    "epochs": (1, 1_000_000),
    "steps_per_epoch": (1, 1_000_000),
    "max_seconds": (1, 1e8),
    "batch": (1, 65_536),
    "accumulate": (1, 65_536),
    "crop": (8, 16_384),
    "size": (8, 16_384),
    "decay": (0.5, 1),
    "rate": (1e-12, 100),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 10),
    "warmup": (0, 1_000_000),
    "head_rate": (0.001, 1000),
    "clip": (0, 1e6),
    "ema": (0, 0.99999),
    "patience": (0, 1_000_000),
    "seed": (0, 2**32 - 1),
}

CORRUPTIONS: Mapping[str, float] = {"gaussian": 10.0, "masking": 1.0, "salt-and-pepper": 1.0}
"""Kinds of damage, and the most that there can be of each."""


def parse_corruption(text: str) -> tuple[str, float]:
    """Return kind and amount of a damage such as gaussian=0.1.

    Raises
    ------
    SettingError : an unknown kind, or an amount that cannot be.
    """
    kind, _, amount = text.partition("=")
    try:
        value = float(amount)
        if 0 <= value <= CORRUPTIONS[kind]:
            return kind, value
    except (KeyError, ValueError):
        pass
    raise SettingError(
        "corruption", f"is {text!r}; write one of {', '.join(CORRUPTIONS)} with its amount, such as gaussian=0.1."
    )
