"""Start values of weights, by name of the papers that use them. All draw from torch's current generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Convolution = nn.Conv2d | nn.ConvTranspose2d


class Undrawn(TorchFunctionMode):
    """A context in which start values are left undrawn, for networks that have shapes alone.

    On the meta device torch would load its compiler to draw nothing, which takes the better part of a second.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init" or func in (Tensor.normal_, Tensor.uniform_):
            return args[0] if args else given["tensor"]
        return func(*args, **given)


def gaussian(module: nn.Module, std: float) -> None:
    """Weights of all convolutions and linear layers from N(0, std), biases 0."""
    for layer in _weighted(module):
        nn.init.normal_(layer.weight, std=std)
        _zero(layer.bias)


def he_normal(module: nn.Module, fan: str = "fan_in") -> None:
    """Weights from N(0, sqrt(2 / fan)), biases 0 (He et al., "Delving deep into rectifiers", ICCV 2015).

    The fan of a transposed convolution is its input channels times the taps that reach one output pixel.
    """
    for layer in _weighted(module):
        nn.init.normal_(layer.weight, std=(2 / _fan(layer, fan)) ** 0.5)
        _zero(layer.bias)


def he_uniform(module: nn.Module) -> None:
    """Weights from U(-b, b) with b = sqrt(6 / fan in), biases 0."""
    for layer in _weighted(module):
        bound = (6 / _fan(layer, "fan_in")) ** 0.5
        nn.init.uniform_(layer.weight, -bound, bound)
        _zero(layer.bias)


def lecun_uniform(module: nn.Module) -> None:
    """Weights from U(-b, b) with b = 2.4 / fan in (LeCun et al. 1998, appendix A), biases 0."""
    for layer in _weighted(module):
        bound = 2.4 / _fan(layer, "fan_in")
        nn.init.uniform_(layer.weight, -bound, bound)
        _zero(layer.bias)


def xavier_uniform(module: nn.Module, bias: float = 0.0) -> None:
    """Weights from U(-b, b) with b = sqrt(3 / fan in), which Caffe calls Xavier; biases constant."""
    for layer in _weighted(module):
        bound = (3 / _fan(layer, "fan_in")) ** 0.5
        nn.init.uniform_(layer.weight, -bound, bound)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, bias)


def glorot_uniform(module: nn.Module) -> None:
    """Weights from U(-b, b) with b = sqrt(6 / (fan in + fan out)), biases 0 (Glorot, Bengio, AISTATS 2010)."""
    for layer in _weighted(module):
        nn.init.xavier_uniform_(layer.weight)
        _zero(layer.bias)


def zeros(module: nn.Module) -> None:
    """Weights and biases 0: a layer that begins without a say in a sum."""
    for layer in _weighted(module):
        nn.init.zeros_(layer.weight)
        _zero(layer.bias)


def normalization_shift(module: nn.Module, shift: float) -> None:
    """The shift of all batch normalizations, their scale left at 1."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.constant_(layer.bias, shift)


def _weighted(module: nn.Module) -> list[Convolution | nn.Linear]:
    """The layers with weights that are to be learned."""
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    return [layer for layer in module.modules() if isinstance(layer, kinds) and layer.weight.requires_grad]


def _fan(layer: Convolution | nn.Linear, fan: str) -> float:
    """Products that are summed into one output (fan_in), or that one input goes into (fan_out).

    The stride of a plain convolution is left out, as in the paper and in torch.
    """
    if isinstance(layer, nn.Linear):
        return layer.in_features if fan == "fan_in" else layer.out_features
    taps = layer.kernel_size[0] * layer.kernel_size[1] / layer.groups
    strides = layer.stride[0] * layer.stride[1]
    transposed = isinstance(layer, nn.ConvTranspose2d)
    if fan == "fan_in":
        return layer.in_channels * (max(taps / strides, 1 / layer.groups) if transposed else taps)
    return layer.out_channels * taps


def _zero(bias: Tensor | None) -> None:
    if bias is not None:
        nn.init.zeros_(bias)
