"""The public weights of VGG, renamed for networks that begin with its convolutions."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from segcli.errors import InputError
from segcli.networks.backbones.vgg import CONVOLUTIONS


def numbers_of_convolutions(depth: int, batch_norm: bool) -> list[int]:
    """Where the convolutions stand in `vgg_features`; each is followed by its normalization, if there is one."""
    numbers, number = [], 0
    for count in CONVOLUTIONS[depth]:
        for _ in range(count):
            numbers.append(number)
            number += 3 if batch_norm else 2
        number += 1
    return numbers


def public_features(
    state: Mapping[str, Tensor], *, depth: int = 16, batch_norm: bool, to: str = "features."
) -> dict[str, Tensor]:
    """Rename the convolutions of a public VGG for features with or without batch normalization.

    Parameters
    ----------
    state : weights with the names features.0.weight, features.0.bias, ...
    depth : of the VGG.
    batch_norm : whether the features normalize. Weights without it fill their convolutions alone.
    to : what the names begin with in the network.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    InputError : weights with normalization, for features that have none; or no convolutions of VGG at all.
    """
    given_norm = "features.1.running_mean" in state
    if given_norm and not batch_norm:
        raise InputError("the weights are of VGG with batch normalization, this network has none; give those without.")
    given, wanted = (numbers_of_convolutions(depth, normalizes) for normalizes in (given_norm, batch_norm))
    moved = dict(zip(given, wanted, strict=True))
    if given_norm:
        moved |= {old + 1: new + 1 for old, new in moved.items()}
    renamed = {}
    for name, tensor in state.items():
        part, _, rest = name.partition(".")
        number, _, leaf = rest.partition(".")
        if part == "features" and number.isdigit() and int(number) in moved:
            renamed[f"{to}{moved[int(number)]}.{leaf}"] = tensor
    if not renamed:
        raise InputError(f"the weights hold no features.0.weight; expected those of a public VGG{depth}.")
    return renamed


def public_hidden(state: Mapping[str, Tensor], fc6: str, fc7: str) -> dict[str, Tensor]:
    """The two hidden layers of a public VGG as convolutions of 7 x 7 and 1 x 1, under the names of a network's layers.

    Weights without them (features alone) give an empty dict.
    """
    renamed = {}
    for number, layer, side in ((0, fc6, 7), (3, fc7, 1)):
        if f"classifier.{number}.weight" in state:
            weight = state[f"classifier.{number}.weight"]
            # A row of the linear layer runs over channels, rows, columns.
            renamed[f"{layer}.weight"] = weight.reshape(len(weight), -1, side, side)
            renamed[f"{layer}.bias"] = state[f"classifier.{number}.bias"]
    return renamed
