"""Weights of whole networks that others published, as models of segcli."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from segcli.errors import InputError, UsageError
from segcli.files.datasets.class_names import VOC
from segcli.learning.card import MOST_CLASSES, ModelCard
from segcli.learning.model import load_arrays
from segcli.learning.public_files import FILES, digits_in
from segcli.learning.scaling import IMAGENET_MEAN, IMAGENET_STD, Scaling
from segcli.learning.weights import COUNTER, Weights, stripped
from segcli.networks.backbones.vgg import CONVOLUTIONS
from segcli.networks.registry import find_architecture

TORCHVISION = ("fcn_resnet50", "fcn_resnet101", "deeplabv3_resnet50", "deeplabv3_resnet101")
CAFFE = ("fcn32s", "fcn16s", "fcn8s")
IMPORTABLE = (*TORCHVISION, *CAFFE)
CAFFE_MEAN = (122.67891434, 116.66876762, 104.00698793)
"""Red, green and blue of ImageNet's pictures from 0 to 255, as the programs in Caffe subtract them."""
LAST = ("upscore", "upscore16", "upscore8")
"""What the last upsampling is called, by the network."""


@dataclass(frozen=True)
class Imported:
    """A model that was made of public weights, and the tensors of the file that it does not need."""

    card: ModelCard
    network: nn.Module
    left_out: tuple[str, ...]


def import_public(name: str, state: Mapping[str, Tensor], width: float = 1.0, digest: str = "") -> Imported:
    """Make a model of the weights of a network that segmented pictures elsewhere.

    Parameters
    ----------
    name : fcn_resnet50, fcn_resnet101, deeplabv3_resnet50 or deeplabv3_resnet101 of torchvision, or fcn32s, fcn16s or
        fcn8s of VGG16 as they are converted from Caffe.
    state : tensors by name.
    width : of the network; public ones have 1.
    digest : SHA-256 of the file, by which published ones are known, with their data and scores.

    Raises
    ------
    UsageError : weights of that network are not known elsewhere.
    InputError : the weights are not that network's; the first misfit is named.
    """
    row = find_architecture(name)
    if row.name not in IMPORTABLE:
        raise UsageError(f"--as is {row.name!r}; it must be one of {', '.join(IMPORTABLE)}.")
    made = _from_torchvision if row.name in TORCHVISION else _from_caffe
    card, arrays, left_out = made(row.name, state, width)
    card = _as_published(card, digest)
    for key, tensor in arrays.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise InputError(f"has weights {key!r} that are not finite.")
    network = card.build()
    own = network.state_dict()
    counters = {key: own[key] for key in own if key.endswith(COUNTER)}
    load_arrays(network, {**counters, **arrays})
    return Imported(card, network.eval(), left_out)


def _with(state: Mapping[str, Tensor], key: str) -> Weights:
    """The state without what programs put before the names, such that it has a name.

    Raises
    ------
    InputError : it has not.
    """
    for names in stripped(dict(state)):
        if key in names:
            return names
    held = ", ".join(list(state)[:3])
    raise InputError(f"lacks the weights {key!r}, so it is another network's; it has {held} and so on.")


def _classes(weight: Tensor) -> int:
    if weight.ndim != 4 or not 1 <= len(weight) <= MOST_CLASSES:
        raise InputError(f"has a last layer of shape {tuple(weight.shape)}; expected are 1 to {MOST_CLASSES} classes.")
    return len(weight)


def _named(classes: int) -> tuple[str, ...]:
    """Those of Pascal VOC where it has as many, for so the public ones were trained."""
    if classes == len(VOC):
        return tuple(VOC)
    return ("background", "object")[-classes:] if classes <= 2 else tuple(f"class {k}" for k in range(classes))


def _as_published(card: ModelCard, digest: str) -> ModelCard:
    """The card with what is known of the published file, if it is one."""
    for file in FILES:
        if file.score is not None and file.name == card.architecture and digest.startswith(digits_in(file.address)):
            return replace(card, data=file.data, licence=file.licence, scores={"miou": file.score / 100})
    return card


def _words(classes: int) -> str:
    return "the 20 classes of Pascal VOC in photographs" if classes == len(VOC) else ""


def _from_torchvision(
    name: str, state: Mapping[str, Tensor], width: float
) -> tuple[ModelCard, Weights, tuple[str, ...]]:
    """Names are the same; the head that helps in training alone is left out."""
    found = _with(state, "classifier.4.weight")
    classes = _classes(found["classifier.4.weight"])
    kept = {key: value for key, value in found.items() if not key.startswith("aux_classifier.")}
    card = ModelCard(
        name,
        3,
        classes,
        _named(classes),
        Scaling("imagenet", IMAGENET_MEAN, IMAGENET_STD),
        width=width,
        crop=480,
        segments=_words(classes),
    )
    return card, kept, tuple(sorted(found.keys() - kept.keys()))


def _from_caffe(name: str, state: Mapping[str, Tensor], width: float) -> tuple[ModelCard, Weights, tuple[str, ...]]:
    """Layers are renamed, and the first one's channels turned from blue, green, red.

    Its inputs were values from 0 to 255 less a mean. The model's scaling gives just those, so that its zeros around the
    picture are the mean color as they were there.
    """
    found = _with(state, "conv1_1.weight")
    row = find_architecture(name)
    places = _places()
    renamed = {}
    for key, value in found.items():
        layer, _, kind = key.rpartition(".")
        renamed[f"{places.get(layer, layer)}.{kind}"] = value
    for last in LAST:
        if f"{last}.weight" in renamed:
            renamed["upscore.weight"] = renamed.pop(f"{last}.weight")
    if "score_fr.weight" not in renamed:
        raise InputError("lacks the weights 'score_fr.weight', so it is another network's.")
    classes = _classes(renamed["score_fr.weight"])
    first = renamed["features.0.weight"]
    if first.ndim != 4 or first.shape[1] != 3:
        raise InputError(f"has weights 'conv1_1.weight' of shape {tuple(first.shape)}; they must take 3 channels.")
    renamed["features.0.weight"] = first.flip(1)
    options = _upsampled(renamed)
    card = ModelCard(
        name,
        3,
        classes,
        _named(classes),
        Scaling("dataset", tuple(value / 255 for value in CAFFE_MEAN), (1 / 255,) * 3),
        width=width,
        options=options,
        crop=500,
        segments=_words(classes),
    )
    network = card.build(device="meta")
    left_out = tuple(key for key in renamed if key not in network.state_dict())
    if left_out:
        raise InputError(f"has beside the network {row.name} the weights {left_out[0]!r}; try another --as.")
    kept = network.from_public(renamed)  # type: ignore[operator]
    return card, kept, ()


def _places() -> dict[str, str]:
    """Where convN_M of VGG16 stands among the layers: two a convolution, one a pooling."""
    found, place = {}, 0
    for block, count in enumerate(CONVOLUTIONS[16], start=1):
        for number in range(1, count + 1):
            found[f"conv{block}_{number}"] = f"features.{place}"
            place += 2
        place += 1
    return found


def _upsampled(weights: Weights) -> dict[str, str]:
    """Take the kernels of the classes out of upsampling that joins none; return the option of one that does."""
    names = [key for key in weights if key.startswith("upscore")]
    for key in names:
        kernel = weights[key]
        if kernel.ndim != 4 or kernel.shape[0] != kernel.shape[1]:
            raise InputError(f"has weights {key!r} of shape {tuple(kernel.shape)}; as many classes go in as come out.")
    diagonal = {key: torch.stack([weights[key][k, k] for k in range(len(weights[key]))])[:, None] for key in names}
    if any(int(torch.count_nonzero(weights[key])) > int(torch.count_nonzero(diagonal[key])) for key in names):
        return {"upsampling": "learned"}
    weights.update(diagonal)
    return {}
