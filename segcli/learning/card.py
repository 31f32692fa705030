"""What a model file says of itself, checked before anything is built from it; torch is not needed for that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from segcli.errors import InputError, SegcliError
from segcli.learning.scaling import SCALINGS, Scaling
from segcli.networks.registry import build, find_architecture

if TYPE_CHECKING:
    from torch import nn

METHOD = "network"
"""What the file's record says it was made by, as other fitted models name their method."""

WORDS = ("segments", "data", "licence")
"""What a card says for people alone."""
_LATER = ("size", *WORDS)
"""What older files do not have."""

TARGETS = ("classes", "borders")
MOST_CLASSES = 255
"""Labels are 8 bits, of which 255 means left out."""
MOST = 4096
"""Above this no number among a network's options is meant seriously."""
LONGEST, MOST_SCORES = 300, 64
"""Letters of what is said of a model in words, and how many scores it may name."""


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of itself.

    Attributes
    ----------
    architecture, width, options : arguments of `segcli.networks.registry.build`.
    channels : of the pictures, 1 or 3. classes : channels of the logits.
    names : of the classes.
    scaling : of the pictures.
    target : classes, or borders (background, interior and border of objects).
    crop : side in pixels of the windows it was trained on.
    size : side to which pictures are brought before, and what is found brought back from; None: they stay as they are.
    training : settings and data, in words and numbers.
    scores : on the validation part.
    segments, data, licence : in words: what it finds, what it was trained on, on what terms it may be used.
    """

    architecture: str
    channels: int
    classes: int
    names: tuple[str, ...]
    scaling: Scaling
    width: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    target: str = "classes"
    crop: int = 256
    size: int | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    segments: str = ""
    data: str = ""
    licence: str = ""

    @property
    def planes(self) -> int:
        """Classes of the probabilities: one logit parts two."""
        return max(2, self.classes)

    @property
    def makes_labels(self) -> bool:
        """Whether it labels pixels; auto-encoders make pictures."""
        return find_architecture(self.architecture).task == "segmentation"

    def build(self, device: str = "cpu", seed: int = 0) -> nn.Module:
        """The network with start values."""
        return build(
            self.architecture,
            in_channels=self.channels,
            classes=self.classes,
            width=self.width,
            seed=seed,
            device=device,
            **self.options,
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        values = dict(vars(self))
        return {**values, "names": list(self.names), "scaling": self.scaling.as_dict(), "options": dict(self.options)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelCard:
        """Read what `as_dict` wrote.

        Raises
        ------
        InputError : something is missing or of another kind, or the network is none of segcli's.
        """
        try:
            # Files of before have neither words nor a size.
            known = {name: values[name] for name in cls.__dataclass_fields__ if name in values or name not in _LATER}
            names, scaling = tuple(known["names"]), Scaling.from_dict(known["scaling"])
            card = cls(**{**known, "names": names, "scaling": scaling})
            faults = list(card._faults())
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as failure:
            raise InputError(f"is no model of a network: {failure!s} is missing or broken.") from failure
        if faults:
            raise InputError(f"is no model of a network: {faults[0]}.")
        return card

    def _faults_of_architecture(self) -> list[str]:
        try:
            row = find_architecture(self.architecture)
        except SegcliError as failure:
            return [str(failure).rstrip(".")]
        known = row.task in ("segmentation", "image")
        return [] if known else [f"{row.name} is not for segmentation but for {row.task}"]

    def _faults(self) -> list[str]:
        """What cannot be, in words."""
        found = self._faults_of_architecture()
        for name, low, high in (
            ("channels", 1, 3),
            ("classes", 1, MOST_CLASSES),
            ("crop", 1, 1 << 20),
            ("size", 1, 1 << 14),
        ):
            value = getattr(self, name)
            if name == "size" and value is None:
                continue
            if not _is_whole(value) or not low <= value <= high:
                found.append(f"{name} is {_short(value)}, not a number from {low} to {high}")
        if found:
            return found
        if self.channels == 2:
            found.append("channels is 2; pictures have 1 or 3")
        if isinstance(self.width, bool) or not 0 < float(self.width) <= 16:
            found.append(f"width is {_short(self.width)}")
        if not all(isinstance(name, str) and name.isprintable() for name in self.names):
            found.append("names of classes are no words")
        if len(self.names) not in (self.classes, self.planes) and self.makes_labels:
            found.append(f"it names {len(self.names)} classes and has {self.classes}")
        if self.target not in TARGETS or (self.target == "borders" and self.classes != 3):
            found.append(f"target is {_short(self.target)} with {self.classes} classes")
        found += self._faults_of_scaling()
        for option, value in self.options.items():
            if not _is_modest(value):
                found.append(f"its option {option!r} is {_short(value)}")
        for name in WORDS:
            words = getattr(self, name)
            if not isinstance(words, str) or len(words) > LONGEST or not words.isprintable():
                found.append(f"{name} is {_short(words)}, not a line of at most {LONGEST} letters")
        if not isinstance(self.scores, Mapping) or len(self.scores) > MOST_SCORES:
            found.append(f"scores is {_short(self.scores)}, not a table of at most {MOST_SCORES} numbers")
        return found

    def _faults_of_scaling(self) -> list[str]:
        scaling = self.scaling
        numbers = [*map(float, scaling.mean), *map(float, scaling.std)]
        lengths = {len(scaling.mean), len(scaling.std)}
        if scaling.kind not in SCALINGS or lengths != {self.channels} or not all(map(math.isfinite, numbers)):
            return [f"its scaling does not fit {self.channels} channels"]
        return [] if min(map(float, scaling.std)) > 0 else ["its scaling divides by 0"]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_modest(value: Any, depth: int = 0) -> bool:
    """Whether an option is a word, a number of reason, or a short list of such."""
    if isinstance(value, list):
        return depth < 2 and len(value) <= 64 and all(_is_modest(part, depth + 1) for part in value)
    if isinstance(value, (int, float)):
        return abs(value) <= MOST
    return value is None or (isinstance(value, str) and len(value) <= 64)


def _short(value: Any) -> str:
    """A value as it may stand in a message."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
