"""What a network is made of and what it costs at a size: layers, multiply-adds, memory. No number is computed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary


@dataclass(frozen=True)
class Layer:
    """One step of a network.

    Attributes
    ----------
    name : the layer's place in the network, such as `down.0.2`; for an operation between layers, that of the module
        in whose `forward` it stands.
    kind : class of the layer, or the operation (`cat`, `upsample_bilinear2d`).
    shape : of the output; empty for weights that the answer does not need (heads used in training alone).
    parameters : elements to be learned; those of a layer that runs twice are counted the first time.
    multiply_adds : products of convolutions and of matrices. Biases, means, maxima are not counted.
    inputs : numbers of the steps whose results it takes; none where it takes the picture.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Summary:
    """All steps of a network in the order in which they run, and what they need together.

    Attributes
    ----------
    layers : in the order of `forward`; weights that it does not reach come last.
    weights : bytes of parameters and of what normalization remembers.
    inference : bytes of the activations that are alive at once, at most, with the weights.
    training : bytes of the weights, their gradients and Adam's two moments, and of all that the way back needs.

    Notes
    -----
    Scratch memory inside an operation (a convolution's unrolled picture, a library's start-up) is not in it.
    """

    layers: tuple[Layer, ...]
    weights: int
    inference: int
    training: int

    @property
    def parameters(self) -> int:
        """Elements to be learned."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Products of convolutions and of matrices for the whole batch."""
        return sum(layer.multiply_adds for layer in self.layers)


def summarize(network: nn.Module, in_channels: int, height: int, width: int, batch: int = 1) -> Summary:
    """Follow a batch of pictures through a network by its shapes alone.

    Parameters
    ----------
    network : of any device; it is left as it was.
    in_channels, height, width, batch : of the pictures.

    Examples
    --------
    >>> summary = summarize(nn.Conv2d(3, 8, 3, padding=1), 3, 10, 10)
    >>> summary.layers[0].shape, summary.parameters, summary.multiply_adds
    ((1, 8, 10, 10), 224, 21600)
    """
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    state = {name: tensor.detach().to("meta").requires_grad_(tensor.requires_grad) for name, tensor in tensors.items()}
    dtype = next((tensor.dtype for tensor in state.values() if tensor.is_floating_point()), torch.float32)
    image = torch.empty(batch, in_channels, height, width, dtype=dtype, device="meta")
    steps = _Steps(network, state.values())
    with _mode(network, training=False), torch.no_grad(), steps.hooked(), steps:
        steps.hold(image)
        functional_call(network, state, (image,))
    weights = sum(tensor.nbytes for tensor in state.values())
    learned = sum(tensor.nbytes for tensor in state.values() if tensor.requires_grad)
    return Summary(
        layers=(*steps.layers, *steps.unreached()),
        weights=weights,
        inference=weights + steps.peak,
        training=weights + 3 * learned + _kept_for_the_way_back(network, state, image),
    )


@contextmanager
def _mode(network: nn.Module, training: bool) -> Iterator[None]:
    """All modules in training or in evaluation, each set back afterwards."""
    before = [(module, module.training) for module in network.modules()]
    try:
        network.train(training)
        yield
    finally:
        for module, was in before:
            module.training = was


def _kept_for_the_way_back(network: nn.Module, state: dict[str, Tensor], image: Tensor) -> int:
    """Bytes that the layers save in training, beside the weights. One picture alone cannot always be normalized."""
    pictures = max(2, len(image))
    counted = WeakIdKeyDictionary({tensor.untyped_storage(): None for tensor in state.values()})
    sizes = []

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage not in counted:
            counted[storage] = None
            sizes.append(storage.nbytes())
        return tensor

    with _mode(network, training=True), _Shapes(), saved_tensors_hooks(keep, lambda tensor: tensor):
        functional_call(network, state, (image.new_empty(pictures, *image.shape[1:]),))
    return sum(sizes) * len(image) // pictures


class _Shapes(TorchDispatchMode):
    """Runs batch normalization by its shapes, which torch takes apart into a dozen operations without numbers."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not torch.ops.aten.native_batch_norm.default:
            return func(*args, **(kwargs or {}))
        image, training = args[0], args[5]
        remembered = image.shape[1] if training else 0
        return torch.empty_like(image), image.new_empty(remembered), image.new_empty(remembered)


class _Steps(_Shapes):
    """Writes down the layers that run, and how many bytes are alive beside the weights."""

    def __init__(self, network: nn.Module, weights: Iterable[Tensor]) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.live = self.peak = 0
        self._network = network
        self._known = WeakIdKeyDictionary({tensor.untyped_storage(): None for tensor in weights})
        self._makers = WeakIdKeyDictionary()
        self._inside: list[tuple[str, nn.Module, tuple[int, ...]]] = []
        self._uncounted = _learned_by_module(network)
        self._products = 0

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """While it lasts, modules say when they begin and end."""
        handles = []
        for name, module in self._network.named_modules():
            handles.append(module.register_forward_pre_hook(partial(self._begin, name)))
            handles.append(module.register_forward_hook(self._end))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _begin(self, name: str, module: nn.Module, given: Any) -> None:
        self._inside.append((name, module, self._makers_of(given)))
        self._products = 0

    def _end(self, module: nn.Module, given: Any, made: Any) -> None:
        name, _, inputs = self._inside.pop()
        if not _has_parts(module):
            shape = next((tuple(tensor.shape) for tensor in tree_leaves(made) if isinstance(tensor, Tensor)), ())
            learned = self._uncounted.pop(name, 0)
            self._add(Layer(name, type(module).__name__, shape, learned, self._products, inputs), made)

    def _add(self, layer: Layer, made: Any) -> None:
        """Write down a step, and that it made these tensors."""
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._makers[tensor.untyped_storage()] = len(self.layers)
        self.layers.append(layer)

    def _makers_of(self, given: Any) -> tuple[int, ...]:
        """Numbers of the steps that made some tensors, each once."""
        storages = (tensor.untyped_storage() for tensor in tree_leaves(given) if isinstance(tensor, Tensor))
        return tuple(dict.fromkeys(self._makers[storage] for storage in storages if storage in self._makers))

    def unreached(self) -> Iterator[Layer]:
        """Modules with parameters that no layer has counted."""
        for name, count in self._uncounted.items():
            yield Layer(name, type(self._network.get_submodule(name)).__name__, (), count, 0)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        inputs = self._makers_of((args, kwargs))
        made = super().__torch_dispatch__(func, types, args, kwargs)
        tensors = [tensor for tensor in tree_leaves(made) if isinstance(tensor, Tensor)]
        for tensor in tensors:
            self.hold(tensor)
        name = func.overloadpacket.__name__
        products = PRODUCTS[name](args, made) if name in PRODUCTS else 0
        module, layer, _ = self._inside[-1] if self._inside else ("", self._network, ())
        if not _has_parts(layer):
            self._products += products
        elif not func.is_view and not name.startswith("new_") and tensors and tensors[0].is_floating_point():
            self._add(Layer(module, name, tuple(tensors[0].shape), 0, products, inputs), made)
        return made

    def hold(self, tensor: Tensor) -> None:
        """Count a tensor's bytes until it is gone; views of what is counted are free."""
        storage = tensor.untyped_storage()
        if storage in self._known:
            return
        size = storage.nbytes()
        self._known[storage] = None
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._release, size)

    def _release(self, size: int) -> None:
        self.live -= size


def _learned_by_module(network: nn.Module) -> dict[str, int]:
    """Elements to be learned of each module's own parameters; shared ones belong to the first."""
    counts: dict[str, int] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            owner = name.rpartition(".")[0]
            counts[owner] = counts.get(owner, 0) + parameter.numel()
    return counts


def _has_parts(module: nn.Module) -> bool:
    return next(module.children(), None) is not None


def _of_convolution(args: Any, made: Tensor) -> int:
    """Each output sums a window of the input; transposed, each input goes into a window of the output."""
    image, weight, transposed = args[0], args[1], args[6]
    return (image if transposed else made).numel() * prod(weight.shape[1:])


def _of_matrices(first: int) -> Callable[[Any, Tensor], int]:
    """Each output sums the products along the last axis of the argument `first`."""
    return lambda args, made: made.numel() * args[first].shape[-1]


PRODUCTS: dict[str, Callable[[Any, Tensor], int]] = {
    "convolution": _of_convolution,
    "mm": _of_matrices(0),
    "bmm": _of_matrices(0),
    "addmm": _of_matrices(1),
    "baddbmm": _of_matrices(1),
}
"""Multiply-adds of an operation, from its arguments and its result."""
