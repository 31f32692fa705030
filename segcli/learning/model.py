"""A trained network as a file: its weights and everything that must be known to use them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from segcli.arrays import Array, Fitted
from segcli.errors import InputError
from segcli.learning.card import METHOD as METHOD
from segcli.learning.card import ModelCard as ModelCard

TRAINING = "training/"
"""How the names of arrays begin that only a run that goes on needs."""


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
    found = {name: torch.from_numpy(np.array(values)) for name, values in arrays.items()}
    try:
        network = card.build(device="meta")
    except Exception as failure:
        # Options that a file makes up reach the layers' own checks, which raise what they like.
        raise InputError(f"cannot be built: {' '.join(str(failure).split())[:200]}") from failure
    # Memory is taken once names and shapes are known to fit.
    check_arrays(network, found)
    if any(buffer.is_meta for name, buffer in network.named_buffers() if name not in network.state_dict()):
        network = card.build()
    load_arrays(network, found)
    return card, network.eval()


def load_arrays(network: nn.Module, arrays: Mapping[str, Tensor], keep: bool = False) -> None:
    """Put weights into a network, in place of its tensors, or with `keep` into them, where others refer to them.

    Raises
    ------
    InputError : names or shapes do not fit; the first misfit is named.
    """
    check_arrays(network, arrays)
    expected = network.state_dict()
    typed = {name: arrays[name].to(tensor.dtype) for name, tensor in expected.items()}
    network.load_state_dict(typed, assign=not keep)


def check_arrays(network: nn.Module, arrays: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not those of a network.

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


def logits_to_scores(logits: Tensor) -> Array:
    """Probabilities (K, H, W) float32 of logits (K, H, W): a softmax, or a sigmoid of one as two classes."""
    if logits.shape[0] == 1:
        foreground = logits.float().sigmoid()
        return torch.cat([1 - foreground, foreground]).cpu().numpy()
    return logits.float().softmax(0).cpu().numpy()
