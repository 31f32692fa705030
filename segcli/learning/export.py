"""A network as an ONNX file, compared with what torch computes before anybody relies on it."""

from __future__ import annotations

import io
import json
import logging
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from segcli.errors import InputError
from segcli.files.onnx_file import need_onnx
from segcli.learning.member import Member
from segcli.learning.onnx_card import KEY, own_model
from segcli.learning.onnx_network import OnnxNetwork

OPSET = 18
"""Of ONNX; onnxruntime knows it from 1.14 on, of February 2023."""
LARGEST_DIFFERENCE = 1e-3
"""As a share of the greatest logit."""
TRIES = 3
"""Pictures of each size. Maxima of two that are all but equal may fall either way, though seldom three times."""


@dataclass(frozen=True)
class Exported:
    """A network as ONNX.

    Attributes
    ----------
    data : of the file.
    difference : the greatest between a logit of torch and of onnxruntime.
    largest : the greatest logit.
    sizes : pictures, height and width of what was compared.
    """

    data: bytes
    difference: float
    largest: float
    sizes: tuple[tuple[int, int, int], ...]


def export_onnx(member: Member) -> Exported:
    """Write a network down as ONNX, for any number of pictures of any size, and compare.

    Parameters
    ----------
    member : of the CPU. What its card says is written into the file's metadata.

    Raises
    ------
    UsageError : the packages for ONNX are not installed.
    InputError : the network cannot be written so, or gives something else then.
    """
    need_onnx()
    import onnx

    network = member.network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    sizes = _sizes(member)
    model = onnx.load_model_from_string(_traced(network, _noise(member, sizes[0], 0)))
    facts = {
        "card": member.card.as_dict(),
        "field": member.field,
        "multiple": member.multiple,
        "margin": member.margin,
        "bytes_per_pixel": round(member.bytes_per_pixel, 3),
    }
    model.metadata_props.add(key=KEY, value=json.dumps(facts, sort_keys=True))
    model.doc_string = _words(member)
    data = model.SerializeToString()
    copy = OnnxNetwork(own_model(data))
    apart, most = zip(*(_difference(member, network, copy, size) for size in sizes), strict=True)
    return Exported(data, max(apart), max(most), sizes)


def _sizes(member: Member) -> tuple[tuple[int, int, int], ...]:
    """What is compared: a size off the network's strides, by which it is written down, one on them, and two pictures.

    The valid U-Net takes no others than on them.
    """
    step, least = member.multiple, getattr(member.network, "least", None)
    if least is not None:
        return (1, least + step, least + 2 * step), (1, least, least + step), (2, least + 3 * step, least)
    return (1, 53, 77), (1, -(-64 // step) * step, -(-96 // step) * step), (2, 131, 41)


def _difference(member: Member, network: nn.Module, copy: nn.Module, size: tuple[int, int, int]) -> tuple[float, float]:
    """The greatest difference at a size, and the greatest logit.

    Raises
    ------
    InputError : they are too far apart.
    """
    for seed in range(TRIES):
        apart, most = _compared(network, copy, _noise(member, size, seed))
        if apart <= LARGEST_DIFFERENCE * max(1.0, most):
            return apart, most
    shape = " x ".join(map(str, size[1:]))
    raise InputError(f"gives other logits as ONNX: {apart:.2g} apart at {shape} pixels, of up to {most:.2g}.")


def _noise(member: Member, size: tuple[int, int, int], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size[0], member.card.channels, *size[1:], generator=generator)


@torch.no_grad()
def _traced(network: nn.Module, images: Tensor) -> bytes:
    """The network as ONNX, written down while a picture goes through it.

    torch's older exporter needs one package less than the newer and half a second in place of ten; what it cannot
    see, choices by a picture's size, shows in the comparison.
    """
    stream = io.BytesIO()
    axes = {0: "batch", 2: "height", 3: "width"}
    before = logging.root.manager.disable
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
            torch.onnx.export(
                network,
                (images,),
                stream,  # type: ignore[arg-type]
                dynamo=False,
                opset_version=OPSET,
                input_names=["image"],
                output_names=["logits"],
                dynamic_axes={"image": axes, "logits": axes},
            )
    except Exception as failure:
        # What an operation that ONNX lacks raises differs from torch to torch.
        reason = " ".join(str(failure).split())[:200]
        raise InputError(f"cannot be written as ONNX: {reason}") from failure
    finally:
        logging.disable(before)
    return stream.getvalue()


@torch.no_grad()
def _compared(network: nn.Module, copy: nn.Module, images: Tensor) -> tuple[float, float]:
    """The greatest difference of two networks' logits, and the greatest logit."""
    expected, found = network(images).float(), copy(images)
    if expected.shape != found.shape:
        return float("inf"), float(expected.abs().max())
    return float((expected - found).abs().max()), float(expected.abs().max())


def _words(member: Member) -> str:
    """What a person who opens the file elsewhere must know."""
    card = member.card
    mean, std = (", ".join(f"{value:g}" for value in values) for values in (card.scaling.mean, card.scaling.std))
    stretched = "each picture stretched from its percentiles 0.1 and 99.9 to"
    start = stretched if card.scaling.kind == "picture" else "values of"
    channels = "gray" if card.channels == 1 else "RGB"
    names = ", ".join(card.names)
    return (
        f"{card.architecture}. Takes float32 (N, {card.channels}, height, width): {channels}, {start} 0 to 1, less "
        f"{mean}, divided by {std}. Gives logits (N, {card.classes}, height, width) of {names}."
    )
