"""A network that is ready to predict, made of a model's file, of torch or ONNX, or in the middle of its training."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256

import torch
from torch import Tensor, nn

from segcli.errors import InputError
from segcli.files.fitted import decode_fitted
from segcli.files.onnx_file import is_onnx
from segcli.files.read import read_bytes
from segcli.learning.card import ModelCard
from segcli.learning.folding import fold_norms
from segcli.learning.model import from_fitted
from segcli.learning.onnx_card import open_onnx
from segcli.learning.tiles import Span
from segcli.networks.registry import find_architecture
from segcli.networks.unet import valid_input

HARMLESS = ("dropout", "batch_norm", "root", "width", "growth")
"""Options of networks that leave alone how far they see."""

PROBE = 256
"""Side of the picture on which a network's need of memory is read off its shapes."""

CHANGED = "has changed since the run began; start it again."

_LOADING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Member:
    """A network that is ready to predict, in evaluation mode on its device.

    Attributes
    ----------
    field : side of what an output sees at most, in pixels; None where that is unknown or everything.
    multiple : of its strides; windows begin at multiples of it.
    margin : pixels that the logits lack on each side of the picture, as those of the valid U-Net do.
    largest : side of the largest picture that it takes, if there is one.
    need : bytes of activations a pixel; None: found out from the network.
    """

    card: ModelCard
    network: nn.Module
    device: str
    field: int | None
    multiple: int
    margin: int = 0
    largest: int | None = None
    need: float | None = None

    def probabilities(self, images: Tensor) -> Tensor:
        """Probabilities (N, K, height, width) of pictures (N, C, H, W)."""
        logits = self.network(images).float()
        if logits.shape[1] == 1:
            foreground = logits.sigmoid()
            return torch.cat([1 - foreground, foreground], 1)
        return logits.softmax(1)

    def reads(self, span: Span) -> tuple[int, int]:
        """The first pixel that is looked at for a window, and the one after the last."""
        if not self.margin:
            return span.start, span.stop
        length = valid_input(span.stop - span.start, int(math.log2(self.multiple)))
        return span.start - self.margin, span.start - self.margin + length

    @cached_property
    def bytes_per_pixel(self) -> float:
        """Memory of the activations that are alive at once."""
        if self.need is not None:
            return self.need
        from segcli.networks.summary import summarize

        side = valid_input(PROBE, int(math.log2(self.multiple))) if self.margin else PROBE
        with torch.inference_mode(False):
            summary = summarize(self.network, self.card.channels, side, side)
        return (summary.inference - summary.weights) / side**2


def load_member(path: str, digest: str, device: str, strict: bool = True) -> Member:
    """Read a model for a device; once in a process.

    Parameters
    ----------
    digest : SHA-256 of the file, in hexadecimal.
    strict : no other device will do; else ONNX files may be computed on the processor.

    Raises
    ------
    InputError : it is no model, is damaged or has changed. The message begins after the file's name.
    SettingError : an ONNX file cannot be computed there.
    """
    with _LOADING:
        return _load_onnx(path, digest, device, strict) if is_onnx(path) else _load(path, digest, device)


@lru_cache(maxsize=8)
def _load_onnx(path: str, digest: str, device: str, strict: bool) -> Member:
    model = open_onnx(path)
    if model.digest != digest:
        raise InputError(CHANGED)
    from segcli.learning.onnx_network import OnnxNetwork, computes_on

    device = device if strict or computes_on(device) else "cpu"
    network = OnnxNetwork(model, device)
    sides = [side for side in model.sides if side]
    # Windows of one size are blended, wherever they begin.
    largest, multiple = (min(sides), 1) if sides else (None, model.multiple)
    return Member(model.card, network, device, model.field, multiple, model.margin, largest, model.bytes_per_pixel)


@lru_cache(maxsize=8)
def _load(path: str, digest: str, device: str) -> Member:
    data = read_bytes(path)
    if sha256(data).hexdigest() != digest:
        raise InputError(CHANGED)
    card, network = from_fitted(decode_fitted(data))
    del data
    if not card.makes_labels:
        raise InputError(f"is a model of {card.architecture}, which makes pictures and no labels.")
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise InputError(f"has weights {name!r} that are not finite, so it says nothing; train it again.")
    # Where the channels of a pixel lie together, convolutions take two thirds of the time on processors.
    network = fold_norms(network).requires_grad_(False).to(device)
    if device != "mps":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return member_of(card, network, device)


def member_of(card: ModelCard, network: nn.Module, device: str) -> Member:
    """A network that lies on its device, with what must be known to lay windows for it."""
    multiple = int(getattr(network, "multiple", find_architecture(card.architecture).multiple))
    return Member(card, network, device, field_of(card, network), multiple, int(getattr(network, "margin", 0)))


def field_of(card: ModelCard, network: nn.Module) -> int | None:
    """How far a network sees at most: as it says itself, or as the table says where its options change nothing."""
    own = getattr(network, "field", None)
    if own is not None:
        return int(own)
    row = find_architecture(card.architecture)
    changed = {name for name, value in card.options.items() if value != row.options.get(name)}
    return row.receptive_field if changed <= set(HARMLESS) else None
