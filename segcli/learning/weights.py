"""Public ImageNet weights in networks of any head, channels and names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn

from segcli.errors import InputError
from segcli.files.checkpoints import read_checkpoint

Weights = dict[str, Tensor]

LEAST_SHARE = 0.9
NAMED = 8
"""Names that an error lists in full."""
PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "net.", "backbone.", "encoder.", "base_model.")
"""What programs put before the names of a network's weights."""
ENCODERS = ("backbone", "features", "encoder")
"""Submodules that public weights are for, in networks that have a decoder or a head of their own."""
RENAMED = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$")
"""DenseNet's layers in its published files: norm.1.weight is norm1.weight today."""
COUNTER = ".num_batches_tracked"
"""Of batch normalization; files of before 2018 have none, and nothing is computed with it."""


@dataclass(frozen=True)
class Report:
    """What became of a checkpoint's tensors; names are the network's own.

    Attributes
    ----------
    matched : tensors of the network that were filled, the adapted ones among them.
    missing : tensors of the encoder that kept their start values.
    unexpected : tensors of the file that the network has no place for.
    adapted : what was done to tensors of another shape, or that a layer for other classes was left out.
    """

    matched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    adapted: Mapping[str, str] = field(default_factory=dict)


def load_encoder(network: nn.Module, file_or_state: str | os.PathLike[str] | Mapping[str, Tensor]) -> Report:
    """Fill a network with the weights of a public backbone, as far as it has a place for them.

    Prefixes such as `module.` and `backbone.` and the old names of DenseNet's layers are understood, in files of the
    backbone alone and of whole networks. A first convolution for another number of channels gets the sum over RGB
    (one channel), or RGB again and again times 3 / channels. Fully connected weights become convolutions where the
    network has those. A last layer for another number of classes is left out.

    Parameters
    ----------
    network : torch.nn.Module
        It may define `from_public(state) -> dict`, which takes the public backbone's tensors by their public names
        (`features.0.weight`, `layer1.0.conv1.weight`) and returns what fits the network by its own names: renamed,
        reshaped or sampled. Names that the network has not are reported as unexpected; tensors that the state lacks
        are to be left out. It may raise InputError if the state is of another backbone.
    file_or_state : path of a .pth, .pt or .safetensors file, or tensors by name. Nothing is ever downloaded.

    Returns
    -------
    Report
        The network's tensors keep their type and device.

    Raises
    ------
    InputError
        No checkpoint, a damaged one, or one with less than 90 % of the encoder's tensors; the network is as it was.
        The encoder of a network with `from_public` is what that returns and all layers of the same kinds in its
        submodules backbone, features or encoder; of one without, its submodule backbone, or if it has none, all of
        it but a last layer for other classes. Also: weights of a deeper network, of which more than 10 % would be
        left over within the encoder.
    """
    state = dict(file_or_state) if isinstance(file_or_state, Mapping) else read_checkpoint(file_or_state)
    refusal: InputError | None = None
    fits = []
    for reading in _readings(network, state):
        try:
            fits.append(_fit(network, reading()))
        except InputError as failure:
            refusal = refusal or failure
    best = max(fits, key=lambda fit: len(fit.encoder & fit.weights.keys()))
    complaint = best.complaint()
    if complaint:
        raise refusal or InputError(complaint)
    network.load_state_dict(best.weights, strict=False)
    return best.report


@dataclass(frozen=True)
class _Fit:
    """One way to understand a file: tensors that fit, names of the encoder's, tensors of wrong shapes."""

    weights: Weights
    encoder: frozenset[str]
    wrong: Weights
    own: Weights
    report: Report

    def complaint(self) -> str:
        """What is wrong with it, empty if it is good enough."""
        matched = len(self.encoder & self.weights.keys())
        if not self.encoder:
            held = _listed(list(self.report.unexpected))
            return f"holds weights of another network: {held}. Expected names such as {_listed(list(self.own))}."
        if matched >= LEAST_SHARE * len(self.encoder):
            return self._surplus()
        missing = [self._described(name) for name in self.report.missing]
        return (
            f"fits {matched} of {len(self.encoder)} tensors of the encoder; at least {LEAST_SHARE:.0%} must. "
            f"Missing: {_listed(missing)}."
        )

    def _surplus(self) -> str:
        """What is wrong if the encoder's parts have many more layers in the file, as those of ResNet-101 for -50."""
        parts = {name.partition(".")[0] for name in self.weights}
        more = [name for name in self.report.unexpected if name.partition(".")[0] in parts]
        if len(self.weights) >= LEAST_SHARE * (len(self.weights) + len(more)):
            return ""
        return f"holds weights of a deeper network; there is no place for {_listed(more)}."

    def _described(self, name: str) -> str:
        """A name, with its shapes if they differ."""
        if name not in self.wrong:
            return name
        given, wanted = (" x ".join(map(str, tensor.shape)) for tensor in (self.wrong[name], self.own[name]))
        return f"{name} (is {given}, not {wanted})"


def share_that_fits(name: str, state: Mapping[str, Tensor]) -> float:
    """Share of the tensors of a network's encoder that a checkpoint fills; 0 where it is refused."""
    from warnings import catch_warnings, filterwarnings

    from segcli.networks.registry import build

    with catch_warnings():
        # Only the report is wanted, so the network has no memory for the weights.
        filterwarnings("ignore", "for .*copying from a non-meta parameter")
        try:
            report = load_encoder(build(name, device="meta"), state)
        except InputError:
            return 0.0
    return len(report.matched) / max(1, len(report.matched) + len(report.missing))


def _listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest if names else "none"


def _readings(network: nn.Module, state: Weights) -> Iterator[Callable[[], Weights]]:
    """The ways to understand a file's names: as they are, without what stands before them, after renaming."""
    state = {"".join(match.groups()) if (match := RENAMED.match(name)) else name: state[name] for name in state}
    rename = getattr(network, "from_public", None)
    for names in stripped(state):
        yield partial(dict, names)
        if rename is not None:
            yield partial(_renamed, rename, names)
        elif isinstance(getattr(network, "backbone", None), nn.Module):
            yield partial(dict, {f"backbone.{name}": names[name] for name in names})


def stripped(state: Weights) -> Iterator[Weights]:
    """A state, and what of it begins with a prefix, without it; again and again."""
    yield state
    for prefix in PREFIXES:
        inside = {name.removeprefix(prefix): state[name] for name in state if name.startswith(prefix)}
        if inside:
            yield from stripped(inside)


def _renamed(rename: Callable[[Weights], Weights], state: Weights) -> Weights:
    """A network's own renaming; what breaks it is a foreign file."""
    try:
        return rename(state)
    except (KeyError, IndexError, RuntimeError, ValueError) as failure:
        reason = " ".join(str(failure).split())[:100]
        raise InputError(f"holds weights of another network ({reason}).") from failure


def _fit(network: nn.Module, offered: Weights) -> _Fit:
    """Put offered tensors into the network's shapes, and say what becomes of each."""
    own: Weights = dict(network.state_dict())
    weights: Weights = {}
    adapted: dict[str, str] = {}
    wrong: Weights = {}
    for name in own:
        if name in offered:
            made, how = _adapted(offered[name], own[name])
            if made is None:
                wrong[name] = offered[name]
            else:
                weights[name] = made
                adapted |= {name: how} if how else {}
    heads = {name for name in wrong if _is_head(name, own, wrong)}
    adapted |= {name: f"left out: it is for {len(wrong[name])} classes" for name in heads}
    encoder = frozenset(_encoder(network, own, offered) - heads)
    missing = tuple(name for name in own if name in encoder and name not in weights)
    unexpected = tuple(name for name in offered if name not in own)
    return _Fit(weights, encoder, wrong, own, Report(tuple(weights), missing, unexpected, adapted))


def _adapted(given: Tensor, wanted: Tensor) -> tuple[Tensor | None, str]:
    """A tensor in the wanted shape and what was done to it, or None if it cannot be had."""
    if given.shape == wanted.shape:
        return given, ""
    if {given.ndim, wanted.ndim} == {2, 4} and len(given) == len(wanted) and given.numel() == wanted.numel():
        # A row of a fully connected layer runs over channels, rows, columns.
        return given.reshape(wanted.shape), "made a convolution" if wanted.ndim == 4 else "made fully connected"
    if given.ndim == 4 == wanted.ndim and given.shape[1] == 3 and given[:, :1].shape == wanted[:, :1].shape:
        channels = wanted.shape[1]
        if channels == 1:
            return given.sum(1, keepdim=True), "summed over RGB"
        # Together the copies answer to a gray picture as RGB does.
        repeated = given.repeat(1, -(-channels // 3), 1, 1)[:, :channels]
        return repeated * (3 / channels), f"RGB repeated for {channels} channels"
    return None, ""


def _is_head(name: str, own: Weights, wrong: Weights) -> bool:
    """Whether a tensor of a wrong shape is of a layer that differs in its classes alone."""
    weight = f"{name.rpartition('.')[0]}.weight"
    if weight not in wrong or min(wrong[weight].ndim, own[weight].ndim) < 2:
        return False
    given, wanted = wrong[weight].flatten(1), own[weight].flatten(1)
    return given.shape[1:] == wanted.shape[1:] and own[weight][0, 0].numel() == 1


def _encoder(network: nn.Module, own: Weights, offered: Weights) -> set[str]:
    """Names of the tensors that public weights are to fill."""
    counted = {name for name in own if not name.endswith(COUNTER)}
    if not hasattr(network, "from_public"):
        return {name for name in counted if name.startswith("backbone.")} or counted
    touched = counted & offered.keys()
    inside = {name for name in counted if set(ENCODERS) & set(name.split("."))}
    # Weights without batch normalization leave its layers as they are.
    kinds = {_kind(network, name) for name in touched & inside}
    return touched | {name for name in inside if not kinds or _kind(network, name) in kinds}


def _kind(network: nn.Module, name: str) -> type[nn.Module]:
    """Class of the layer that a tensor belongs to."""
    return type(network.get_submodule(name.rpartition(".")[0]))
