"""Random changes of a picture and its truth, together, so that a network sees more than there is.

One map of coordinates carries flips, turns, scale and elastic deformation, so that a window is resampled once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import SettingError, UsageError
from segcli.learning.batches import Example, window_of

GRID = 3
"""Points of the coarse grid of an elastic deformation, across and down."""

FULL = {"uint8": 255.0, "uint16": 65535.0}


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a window, and how much of it.

    Attributes
    ----------
    flip, flip_vertical, quarter_turns : each of the ways equally likely.
    rotation : turned by up to so many degrees either way.
    scale : enlarged or made smaller by up to this factor, such as 1.25.
    elastic : deviation in pixels of the shifts on a grid of 3 x 3 points, bicubic between (Ronneberger et al. 2015).
    brightness, contrast : shift by up to this share of the range; gain between 1 / (1 + c) and 1 + c.
    gamma : exponent between 1 / (1 + g) and 1 + g.
    noise : greatest deviation of Gaussian noise, as a share of the range.
    blur : greatest deviation of a Gaussian, in pixels.
    color : gain of each channel by itself, as contrast.
    cutout : greatest side of a square that is made gray, as a share of the window.
    """

    flip: bool = False
    flip_vertical: bool = False
    quarter_turns: bool = False
    rotation: float = 0.0
    scale: float = 1.0
    elastic: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    color: float = 0.0
    cutout: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingError(name, f"is {value:g}; it must be between {low:g} and {high:g}.")

    def __call__(
        self, example: Example, side: int, generator: np.random.Generator, corner: tuple[int, int] | None = None
    ) -> Example:
        """A window of side x side pixels, changed; the same generator state gives the same window.

        corner : row and column of its upper left pixel before anything is turned; None: anywhere.
        """
        if self.rotation or self.scale != 1 or self.elastic:
            window = self._warped(example, side, generator, corner)
        else:
            window = window_of(example, side, generator, corner)
        window = self._turned(window, generator)
        return replace(window, image=self._recolored(window.image, generator))

    def _warped(
        self, example: Example, side: int, generator: np.random.Generator, corner: tuple[int, int] | None
    ) -> Example:
        """A window that is turned, scaled and deformed; beyond the picture it goes on mirrored, as does the truth."""
        angle = np.deg2rad(generator.uniform(-self.rotation, self.rotation))
        factor = np.exp(generator.uniform(-1, 1) * np.log(self.scale))
        reach = side / factor
        height, width = example.target.shape
        center = [
            generator.uniform(reach / 2, length - reach / 2) if length > reach else length / 2
            for length in (width, height)
        ]
        if corner is not None:
            center = [first + side / 2 for first in reversed(corner)]
        place = (np.arange(side, dtype=np.float32) - (side - 1) / 2) / np.float32(factor)
        sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
        across = cosine * place[None, :] - sine * place[:, None] + np.float32(center[0] - 0.5)
        down = sine * place[None, :] + cosine * place[:, None] + np.float32(center[1] - 0.5)
        if self.elastic:
            across += _shifts(side, self.elastic, generator)
            down += _shifts(side, self.elastic, generator)
        return _resampled(example, across, down)

    def _turned(self, example: Example, generator: np.random.Generator) -> Example:
        """Flips and quarter turns, exact."""
        flips = [axis for axis, may in ((1, self.flip), (0, self.flip_vertical)) if may and generator.random() < 0.5]
        turns = int(generator.integers(4)) if self.quarter_turns else 0
        if not flips and not turns:
            return example

        def turned(plane: Array) -> Array:
            return np.ascontiguousarray(np.rot90(np.flip(plane, tuple(flips)), turns))

        instances = None if example.instances is None else turned(example.instances)
        return Example(example.name, turned(example.image), turned(example.target), instances)

    def _recolored(self, image: Array, generator: np.random.Generator) -> Array:
        """Intensities changed, in the picture's own type."""
        amounts = (self.brightness, self.contrast, self.gamma, self.noise, self.blur, self.color, self.cutout)
        if not any(amounts):
            return image
        kind = image.dtype
        full = FULL.get(kind.name) or float(max(np.ptp(image), 1e-6))
        start = 0.0 if kind.name in FULL else float(image.min())
        unit = (image.astype(np.float32) - np.float32(start)) / np.float32(full)
        unit = self._blurred(unit, generator)
        if self.gamma:
            unit = np.clip(unit, 0, 1) ** np.float32(_gain(self.gamma, generator))
        gains = [_gain(self.contrast, generator)] * unit.shape[2]
        gains = [gain * _gain(self.color, generator) for gain in gains] if self.color else gains
        middle = unit.mean(axis=(0, 1))
        shift = generator.uniform(-self.brightness, self.brightness)
        unit = (unit - middle) * np.asarray(gains, np.float32) + middle + np.float32(shift)
        if self.noise:
            unit += np.float32(generator.uniform(0, self.noise)) * generator.standard_normal(unit.shape, np.float32)
        if self.cutout:
            _cut_out(unit, self.cutout, generator)
        changed = unit * np.float32(full) + np.float32(start)
        if kind.kind == "u":
            return np.clip(np.rint(changed), 0, full).astype(kind)
        return changed.astype(kind)

    def _blurred(self, unit: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
        from segcli.opencv import cv2

        sigma = generator.uniform(0, self.blur) if self.blur else 0.0
        if sigma < 0.2:
            return unit
        return np.asarray(cv2.GaussianBlur(unit, (0, 0), sigma), np.float32).reshape(unit.shape)


def _gain(amount: float, generator: np.random.Generator) -> float:
    return float(np.exp(generator.uniform(-1, 1) * np.log1p(amount)))


def _cut_out(unit: NDArray[np.float32], share: float, generator: np.random.Generator) -> None:
    """Fill a random square with the window's mean, in place."""
    side = int(generator.uniform(0, share) * min(unit.shape[:2]))
    top, left = (int(generator.integers(0, length - side + 1)) for length in unit.shape[:2])
    unit[top : top + side, left : left + side] = unit.mean(axis=(0, 1))


def _shifts(side: int, deviation: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Smooth random shifts in pixels, (side, side)."""
    from segcli.opencv import cv2

    coarse = generator.normal(0, deviation, (GRID, GRID)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)


def _resampled(example: Example, across: NDArray[np.float32], down: NDArray[np.float32]) -> Example:
    """The picture at coordinates, linear between pixels; labels are those of the nearest pixel."""
    from segcli.opencv import cv2

    # OpenCV's remap takes sides up to 32,767 only, so it sees no more than the window needs.
    height, width = example.target.shape
    left, top = max(0, int(across.min()) - 2), max(0, int(down.min()) - 2)
    right, bottom = min(width, int(across.max()) + 3), min(height, int(down.max()) + 3)
    if right - left < 2 or bottom - top < 2:
        left, top, right, bottom = 0, 0, width, height
    region = np.s_[top:bottom, left:right]
    across, down = across - np.float32(left), down - np.float32(top)

    def remapped(plane: Array, how: int) -> Array:
        part = np.ascontiguousarray(plane[region])
        found = cv2.remap(part, across, down, how, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(found).reshape(*across.shape, *plane.shape[2:])

    image = remapped(example.image, cv2.INTER_LINEAR)
    target = remapped(example.target, cv2.INTER_NEAREST)
    instances = None
    if example.instances is not None:
        instances = remapped(example.instances.astype(np.float32), cv2.INTER_NEAREST).astype(np.int32)
    return Example(example.name, image, target, instances)


_BOUNDS = {
    "rotation": (0, 180),
    "scale": (1, 8),
    "elastic": (0, 200),
    "brightness": (0, 1),
    "contrast": (0, 8),
    "gamma": (0, 8),
    "noise": (0, 1),
    "blur": (0, 20),
    "color": (0, 8),
    "cutout": (0, 1),
}

SETS: Mapping[str, Augmentation] = {
    "none": Augmentation(),
    "flip": Augmentation(flip=True),
    "light": Augmentation(flip=True, scale=1.1),
    "standard": Augmentation(
        flip=True, rotation=15, scale=1.33, brightness=0.1, contrast=0.25, gamma=0.25, noise=0.02, blur=0.8, color=0.1
    ),
    "turns": Augmentation(flip=True, flip_vertical=True, rotation=180),
    "unet": Augmentation(
        flip=True, flip_vertical=True, rotation=180, scale=1.1, elastic=10, brightness=0.1, contrast=0.25, gamma=0.25
    ),
}
"""By name: none; flip; light; standard, for photographs; turns and unet, for what has no upper side, such as tissue."""


def augmentation_from(text: str) -> Augmentation:
    """The augmentation of a name, or of a TOML file with the attributes of `Augmentation` as keys.

    Raises
    ------
    UsageError : an unknown name or key, or a file that cannot be read; the message has the nearest.
    SettingError : a value out of range.
    """
    if text in SETS:
        return SETS[text]
    if not text.endswith(".toml"):
        raise UsageError(f"there is no augmentation {text!r}; known are {', '.join(SETS)}, or a file NAME.toml.")
    return _from_table(_table(text), text)


def _table(path: str) -> Mapping[str, Any]:
    import tomllib

    from segcli.errors import InputError
    from segcli.files.read import read_bytes

    try:
        return tomllib.loads(read_bytes(path).decode())
    except (InputError, UnicodeDecodeError, tomllib.TOMLDecodeError) as failure:
        raise UsageError(f"{path!r}: {' '.join(str(failure).split())}") from failure


def _from_table(table: Mapping[str, Any], path: str) -> Augmentation:
    from difflib import get_close_matches

    known = {field.name: field.type for field in fields(Augmentation)}
    for name, value in table.items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}."
            raise UsageError(f"{path!r}: there is no augmentation {name!r}; {hint}")
        wanted = bool if known[name] == "bool" else (int, float)
        if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            kind = "true or false" if wanted is bool else "a number"
            raise UsageError(f"{path!r}: {name} is {value!r}; it must be {kind}.")
    return Augmentation(**table)
