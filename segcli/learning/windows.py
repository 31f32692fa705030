"""Windows of pictures as networks learn from them: cut, changed, scaled, with what is to be said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from segcli.arrays import Array
from segcli.errors import SettingError, UsageError
from segcli.learning.augment import Augmentation
from segcli.learning.batches import Example
from segcli.learning.corruption import gaussian_noise, masking_noise, salt_and_pepper
from segcli.learning.scaling import Scaling
from segcli.learning.settings import parse_corruption
from segcli.learning.weight_map import weight_map
from segcli.networks.patch_classifier import PatchClassifier
from segcli.networks.unet import valid_input, valid_output
from segcli.segmentation import VOID

CORRUPT: dict[str, Callable[[Tensor, float, torch.Generator | None], Tensor]] = {
    "gaussian": gaussian_noise,
    "masking": masking_noise,
    "salt-and-pepper": salt_and_pepper,
}


@dataclass(frozen=True)
class Frame:
    """The windows a network learns from: it is told of their inside, and sees what lies around it too.

    Attributes
    ----------
    side : of the whole window, in pixels.
    before, after : pixels above and to the left of the inside, and below and to the right.
    """

    side: int
    before: int = 0
    after: int = 0

    @property
    def inside(self) -> slice:
        """Rows, or columns, that the network is told of."""
        return slice(self.before, self.side - self.after)


def frame_of(network: nn.Module, crop: int | None, usual: int, multiple: int, name: str) -> Frame:
    """The windows of a network.

    Parameters
    ----------
    crop : side that was asked for, in pixels; None: about `usual`.
    multiple : that sides of windows must be of.
    name : of the network, for messages.

    Raises
    ------
    SettingError, InputError : the network cannot take such windows.
    """
    if isinstance(network, PatchClassifier):
        window = network.window
        if crop not in (None, window):
            raise SettingError("crop", f"is {crop}; {name} looks at windows of {window}; see --option window={crop}.")
        return Frame(window, window // 2, window - window // 2 - 1)
    margin = int(getattr(network, "margin", 0))
    if margin:
        depth = int(network.depth)  # type: ignore[arg-type]
        side = valid_input(usual, depth) if crop is None else crop
        valid_output(side, depth)
        return Frame(side, margin, margin)
    if crop is not None and crop % multiple:
        near = max(multiple, round(crop / multiple) * multiple)
        raise SettingError("crop", f"is {crop}; {name} needs a multiple of {multiple}, such as {near}.")
    return Frame(usual if crop is None else crop)


def learned_outputs(network: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
    """All outputs of a network that are learned from, the main one first."""
    if isinstance(network, PatchClassifier):
        return (network.patch_logits(images)[..., None, None],)
    if hasattr(network, "side_outputs"):
        return tuple(network.side_outputs(images).values())  # type: ignore[operator]
    return (network(images),)


@dataclass(frozen=True, eq=False)
class Windows:
    """Makes windows and their truth.

    Attributes
    ----------
    frame : of the windows.
    augmentation : what happens to them.
    scaling : of pictures; a window is scaled as its whole picture is.
    balanced : draw them around pixels of all classes of a picture equally often.
    weighted : weigh pixels by the gaps between objects.
    """

    frame: Frame
    augmentation: Augmentation
    scaling: Scaling
    balanced: bool = False
    weighted: bool = False

    def __call__(self, example: Example, generator: np.random.Generator) -> tuple[Array, Array, Array | None]:
        """The picture (C, H, W) float32, its truth and its weights, both of the window's inside."""
        window, inside = self.cut(example, generator), self.frame.inside
        weights = None
        if self.weighted and window.instances is not None:
            weights = weight_map(window.instances)[inside, inside]
        # The whole picture's range, as in prediction: a window of background alone has none.
        image = self.scaling.of(example.image)(window.image)
        return image, window.target[inside, inside], weights

    def cut(self, example: Example, generator: np.random.Generator) -> Example:
        """The window as a picture, with the truth of all of it."""
        side = self.frame.side
        around = surrounded(example, self.frame.before, self.frame.after)
        corner = None
        if self.balanced:
            row, column = _balanced_place(example.target, generator)
            corner = row + self.frame.before - side // 2, column + self.frame.before - side // 2
        return self.augmentation(around, side, generator, corner)


@dataclass(frozen=True, eq=False)
class DamagedWindows:
    """Makes damaged windows, whose truth is what they were before.

    Attributes
    ----------
    windows : of undamaged pictures.
    corruption : KIND=AMOUNT.
    """

    windows: Windows
    corruption: str

    def __call__(self, example: Example, generator: np.random.Generator) -> tuple[Array, Array, None]:
        """The picture (C, H, W) float32 damaged, and as it was."""
        clean, _, _ = self.windows(example, generator)
        return damaged(clean, self.corruption, int(generator.integers(1 << 62))), clean, None


def damaged(clean: Array, corruption: str, seed: int) -> Array:
    """A picture with values between 0 and 1, damaged as KIND=AMOUNT says; the seed decides."""
    kind, amount = parse_corruption(corruption)
    generator = torch.Generator().manual_seed(seed)
    found: Array = CORRUPT[kind](torch.from_numpy(clean), amount, generator).numpy()
    return found


def surrounded(example: Example, before: int, after: int) -> Example:
    """A picture that goes on mirrored beyond its borders, and its truth with it."""
    if not before and not after:
        return example
    borders = ((before, after), (before, after))

    def grown(plane: Array) -> Array:
        return np.pad(plane, (*borders, (0, 0))[: plane.ndim], mode="reflect")

    instances = None if example.instances is None else grown(example.instances)
    return Example(example.name, grown(example.image), grown(example.target), instances)


def _balanced_place(target: Array, generator: np.random.Generator) -> tuple[int, int]:
    """Row and column of a pixel of one of the classes that are there, each equally likely."""
    counts = np.bincount(target.ravel(), minlength=VOID + 1)
    counts[VOID] = 0
    present = np.flatnonzero(counts)
    if not len(present):
        return int(generator.integers(target.shape[0])), int(generator.integers(target.shape[1]))
    chosen = present[generator.integers(len(present))]
    places = np.flatnonzero(target.ravel() == chosen)
    row, column = divmod(int(places[generator.integers(len(places))]), target.shape[1])
    return row, column


def check_task(task: str, name: str) -> None:
    """Refuse networks that nothing here can teach.

    Raises
    ------
    UsageError
    """
    if task not in ("segmentation", "image"):
        what = "classifies whole pictures" if task == "classification" else "predicts where people look"
        raise UsageError(f"{name} is no network that segcli trains: it {what}; segcli models lists all.")
