"""A look into a network at one pixel: what its layers answer, and which pixels its verdict depends on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segcli.arrays import Array, Point
from segcli.learning.member import Member
from segcli.learning.predict import window_at
from segcli.learning.resizing import to_square
from segcli.learning.tiles import Span

WINDOW = 512
"""Side of the part of a large picture that is looked at, in pixels."""

LAYERS = 6
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


@dataclass(frozen=True, eq=False)
class Activation:
    """What one layer answers: its name, its number of channels, and the channel that varies most, (h, w) float32."""

    layer: str
    channels: int
    channel: int
    plane: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Look:
    """What went on in a network.

    Attributes
    ----------
    left, top, width, height : of the part of the picture that was looked at, in its pixels.
    activations : of some layers, from the first to the last.
    influence : (h, w) float32 of that part, how much the score of the winning class depends on each pixel; None
        where the network does not tell.
    """

    left: int
    top: int
    width: int
    height: int
    activations: tuple[Activation, ...]
    influence: NDArray[np.float32] | None


def look_inside(member: Member, picture: Array, at: Point) -> Look:
    """Send the part of a picture around a pixel through a network and keep what its layers answer.

    Parameters
    ----------
    member : of torch; one of ONNX has no layers to look into.
    picture : (H, W) or (H, W, 3), of as many channels as the network takes, in its own units.
    at : the pixel whose verdict is asked for.
    """
    planes = np.atleast_3d(picture)
    height, width = planes.shape[:2]
    scaled = member.card.scaling.of(planes)
    if member.card.size is not None:
        planes = to_square(planes, member.card.size)
    shown = planes.shape[:2]
    row, column = (place * now // was for place, now, was in zip((at.y, at.x), shown, (height, width), strict=True))
    rows, columns = (_around(place, side, member.multiple) for place, side in zip((row, column), shown, strict=True))
    window = scaled(np.ascontiguousarray(window_at(planes, member.reads(rows), member.reads(columns))))
    image = torch.from_numpy(window[None]).to(member.device)
    order = _convolutions(member.network, image)
    found: dict[str, Tensor] = {}
    influence = None
    if order:
        chosen = [order[place] for place in np.unique(np.linspace(0, len(order) - 1, LAYERS).round().astype(int))]
        image.requires_grad_(True)
        with torch.enable_grad(), _kept(member.network, chosen, found):
            logits = member.network(image).float()
        influence = _influence(logits, image, row - rows.start, column - columns.start, member.margin)
        influence = influence[: shown[0] - rows.start, : shown[1] - columns.start]
    up, across = height / shown[0], width / shown[1]
    return Look(
        left=round(columns.start * across),
        top=round(rows.start * up),
        width=round(min(columns.stop, shown[1]) * across) - round(columns.start * across),
        height=round(min(rows.stop, shown[0]) * up) - round(rows.start * up),
        activations=tuple(_activation(name, values) for name, values in found.items()),
        influence=influence,
    )


def _around(place: int, side: int, multiple: int) -> Span:
    """The window around a place: the whole side where it is short, else a part on the network's strides."""
    if side <= WINDOW:
        return _whole(0, -(-side // multiple) * multiple)
    length = max(multiple, WINDOW // multiple * multiple)
    start = min(max(place - length // 2, 0), side - length) // multiple * multiple
    return _whole(start, start + length)


def _whole(start: int, stop: int) -> Span:
    """A window of which everything counts."""
    return Span(start, stop, start, stop)


@torch.no_grad()
def _convolutions(network: nn.Module, image: Tensor) -> list[str]:
    """Names of the convolutions in the order in which they run."""
    order: list[str] = []
    if not any(isinstance(module, CONVOLUTIONS) for module in network.modules()):
        return order
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, _output, name=name: order.append(name))
        for name, module in network.named_modules()
        if isinstance(module, CONVOLUTIONS)
    ]
    try:
        network(image)
    finally:
        for hook in hooks:
            hook.remove()
    return list(dict.fromkeys(order))


@contextmanager
def _kept(network: nn.Module, names: list[str], found: dict[str, Tensor]) -> Iterator[None]:
    """Keep what some layers answer; a copy, as the next layer may work in place."""

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            found[name] = output.detach().clone()

        return hook

    modules = dict(network.named_modules())
    hooks = [modules[name].register_forward_hook(keep(name)) for name in names]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _influence(logits: Tensor, image: Tensor, row: int, column: int, margin: int) -> NDArray[np.float32]:
    """Gradient of the winning logit by the pixels, its greatest amount over the channels."""
    scores = logits[0, :, row, column]
    (gradient,) = torch.autograd.grad(scores[int(scores.argmax())], image)
    amount = gradient[0].abs().amax(0).cpu().numpy()
    # What was read beyond the window, for networks whose logits are smaller, is no part of it.
    inner = amount[margin : amount.shape[0] - margin, margin : amount.shape[1] - margin] if margin else amount
    return np.asarray(inner, np.float32)


def _activation(name: str, values: Tensor) -> Activation:
    """The channel that varies most."""
    planes = values[0].float().reshape(values.shape[1], *values.shape[2:])
    channel = int(planes.flatten(1).var(1, unbiased=False).argmax())
    return Activation(name, planes.shape[0], channel, planes[channel].cpu().numpy())
