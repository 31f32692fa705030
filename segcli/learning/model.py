"""A trained network as a file: its weights and everything that must be known to use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from segcli.arrays import Array, Fitted
from segcli.errors import InputError, SegcliError
from segcli.learning.scaling import Scaling
from segcli.networks.registry import build

METHOD = "network"
"""What the file's record says it was made by, as other fitted models name their method."""

TRAINING = "training/"
"""How the names of arrays begin that only a run that goes on needs."""


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
    training : settings, data and licence, in words and numbers.
    scores : on the validation part.
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
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

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
        InputError : something is missing or of another kind.
        """
        try:
            known = {name: values[name] for name in cls.__dataclass_fields__}
            return cls(**{**known, "names": tuple(known["names"]), "scaling": Scaling.from_dict(known["scaling"])})
        except (KeyError, TypeError, ValueError) as failure:
            raise InputError(f"is no model of a network: {failure!s} is missing or broken.") from failure


def as_fitted(card: ModelCard, network: nn.Module, half: bool = False) -> Fitted:
    """Weights and card, ready to be written by `segcli.files.fitted.write_fitted`; half keeps 16 bits a weight."""
    arrays = {}
    for name, tensor in network.state_dict().items():
        values = tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()
        arrays[name] = values.half().cpu().numpy() if half and values.is_floating_point() else values.cpu().numpy()
    return Fitted(METHOD, arrays, card.as_dict())


def from_fitted(fitted: Fitted) -> tuple[ModelCard, nn.Module]:
    """Build the network of a file, in evaluation mode.

    Raises
    ------
    InputError : it is a model of another kind, or its weights do not fit the network that it names.
    """
    if fitted.method != METHOD:
        raise InputError(f"is a model of {fitted.method.replace('_', '-')}, not of a network; use that command.")
    card = ModelCard.from_dict(fitted.facts)
    arrays = {name: values for name, values in fitted.arrays.items() if not name.startswith(TRAINING)}
    try:
        network = card.build(device="meta")
        if any(buffer.is_meta for name, buffer in network.named_buffers() if name not in network.state_dict()):
            network = card.build()
    except SegcliError as failure:
        raise InputError(f"cannot be built: {failure}") from failure
    load_arrays(network, {name: torch.from_numpy(np.array(values)) for name, values in arrays.items()})
    return card, network.eval()


def load_arrays(network: nn.Module, arrays: Mapping[str, Tensor], keep: bool = False) -> None:
    """Put weights into a network, in place of its tensors, or with `keep` into them, where others refer to them.

    Raises
    ------
    InputError : names or shapes do not fit; the first misfit is named.
    """
    expected = network.state_dict()
    for name in sorted(expected.keys() ^ arrays.keys()):
        what = "lacks" if name in expected else "has beside its network"
        raise InputError(f"{what} the weights {name!r}; it was written for another version of the network.")
    for name, tensor in expected.items():
        if tensor.shape != arrays[name].shape:
            found, wanted = tuple(arrays[name].shape), tuple(tensor.shape)
            raise InputError(f"has weights {name!r} of shape {found}; the network needs {wanted}.")
    typed = {name: arrays[name].to(tensor.dtype) for name, tensor in expected.items()}
    network.load_state_dict(typed, assign=not keep)


def logits_to_scores(logits: Tensor) -> Array:
    """Probabilities (K, H, W) float32 of logits (K, H, W): a softmax, or a sigmoid of one as two classes."""
    if logits.shape[0] == 1:
        foreground = logits.float().sigmoid()
        return torch.cat([1 - foreground, foreground]).cpu().numpy()
    return logits.float().softmax(0).cpu().numpy()
