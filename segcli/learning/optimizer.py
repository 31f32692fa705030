"""Optimizers, and which weights learn how fast."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from segcli.learning.settings import TrainSettings


def make_optimizer(
    network: nn.Module, settings: TrainSettings, rate: float, loaded: Collection[str] = ()
) -> torch.optim.Optimizer:
    """Make the optimizer of a run.

    Parameters
    ----------
    network : whose parameters that need a gradient are learned.
    settings : optimizer, momentum, weight_decay and head_rate.
    rate : of a step whose schedule's share is 1.
    loaded : names of the parameters that came from an encoder; the others learn `head_rate` times as fast.

    Weights of one dimension (biases, scales of normalizations) do not decay.
    """
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            times = settings.head_rate if loaded and name not in loaded else 1.0
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((times, decay), []).append(parameter)
    parts = [
        {"params": parameters, "lr": rate * times, "times": times, "weight_decay": decay}
        for (times, decay), parameters in groups.items()
    ]
    if settings.optimizer == "sgd":
        return torch.optim.SGD(parts, rate, momentum=settings.momentum)
    if settings.optimizer == "rmsprop":
        return torch.optim.RMSprop(parts, rate, alpha=0.99, momentum=0.0)
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(parts, rate, betas=(settings.momentum, 0.999))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of a rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["times"]


def optimizer_arrays(network: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's memory as tensors by the parameters' names, `exp_avg:encoder.0.weight` and the like."""
    found = {}
    for name, parameter in network.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                found[f"{key}:{name}"] = value
    return found


def load_optimizer(network: nn.Module, optimizer: torch.optim.Optimizer, arrays: Mapping[str, Tensor]) -> None:
    """Put back what `optimizer_arrays` gave.

    Raises
    ------
    KeyError, ValueError : it is of another network.
    """
    parameters = dict(network.named_parameters())
    for key, value in arrays.items():
        kind, _, name = key.partition(":")
        parameter = parameters[name]
        if value.shape == parameter.shape:
            # In the layout of the parameter, as the optimizer makes it, and as its kernels like it.
            optimizer.state[parameter][kind] = torch.empty_like(parameter).copy_(value)
        elif value.ndim == 0:
            # Adam's count of steps stays on the CPU, as it makes it.
            optimizer.state[parameter][kind] = value
        else:
            raise ValueError(f"{key} is {tuple(value.shape)}, not {tuple(parameter.shape)}")
