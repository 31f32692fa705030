"""ONNX files: what goes in, what comes out and what they say of themselves, without running anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from segcli.errors import InputError, UsageError
from segcli.files.read import read_bytes

ONNX = ".onnx"
MISSING = "ONNX files need packages that are not installed: pip install 'segcli[onnx]'."
MOST_BYTES = 2**31 - 1
"""What the format holds in one piece."""
DEEPEST = 16
"""Graphs inside of graphs, as loops and choices have them."""
PASSING = ("Identity", "Cast", "Resize", "Upsample", "Transpose", "Slice", "Pad")
"""Operations behind which scores are still scores, and logits still logits."""


@dataclass(frozen=True)
class Port:
    """What goes into a network or comes out: NumPy's name of its type, and its sides, None where they vary."""

    name: str
    type: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class OnnxFile:
    """A network as ONNX has it.

    Attributes
    ----------
    data : the whole of it in one piece, weights from other files included.
    inputs, outputs : without the weights, which older files list as inputs.
    last : name of the operation that makes the first output, such as Conv or Softmax.
    metadata : texts by name.
    """

    data: bytes
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    last: str
    metadata: dict[str, str]


def is_onnx(path: str) -> bool:
    """Whether a file's name says that it is an ONNX file."""
    return path.lower().endswith(ONNX)


def need_onnx() -> None:
    """Find out whether the packages for ONNX are installed.

    Raises
    ------
    UsageError : they are not.
    """
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("onnx", "onnxruntime")):
        raise UsageError(MISSING)


def read_onnx(path: str) -> OnnxFile:
    """Read a network.

    Raises
    ------
    InputError : it is no ONNX file, a damaged one, or one whose weights are elsewhere than beside it.
    UsageError : the packages for it are not installed.
    """
    need_onnx()
    if os.path.lexists(path) and not os.path.isfile(path):
        raise InputError("is no regular file; a network is one.")
    data = read_bytes(path)
    if len(data) > MOST_BYTES:
        raise InputError(f"has {len(data)} bytes, more than an ONNX file may have ({MOST_BYTES}).")
    return decode_onnx(data, os.path.dirname(path) or ".")


def decode_onnx(data: bytes, folder: str = "") -> OnnxFile:
    """Take the bytes of a file apart; `folder` is where files of weights may lie beside it.

    Raises
    ------
    InputError : as for `read_onnx`.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(data)
    except Exception as failure:
        # The parser raises errors of its own of several versions.
        raise InputError("is no ONNX file, or a damaged one. Export or copy it again.") from failure
    if not model.graph.node or not model.opset_import:
        raise InputError("is no ONNX file, or a damaged one: it has no network. Export or copy it again.")
    elsewhere = [tensor for tensor in _tensors(model.graph) if tensor.data_location == onnx.TensorProto.EXTERNAL]
    if elsewhere:
        _fetch(model, elsewhere, folder)
        data = model.SerializeToString()
    return _taken_apart(model, data)


def _tensors(graph: Any, depth: int = 0) -> Iterator[Any]:
    """All weights of a graph and of those inside it."""
    if depth > DEEPEST:
        raise InputError(f"has graphs inside of graphs more than {DEEPEST} deep.")
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _tensors(inner, depth + 1)


def _fetch(model: Any, tensors: list[Any], folder: str) -> None:
    """Take weights in from files beside the network.

    Raises
    ------
    InputError : such a file is not in the network's folder, missing or too short.
    """
    from onnx.external_data_helper import load_external_data_for_model

    places = {entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location"}
    total = 0
    for place in sorted(places) or [""]:
        path = os.path.join(folder, place)
        inside = place and os.path.basename(place) == place and "\\" not in place and place not in (".", "..")
        if not inside or os.path.islink(path):
            raise InputError(f"keeps weights in {place[:80]!r}; only files of its own folder are read.")
        if not os.path.isfile(path):
            raise InputError(f"keeps weights in {place[:80]!r}, which is not beside it. Copy that file too.")
        total += os.path.getsize(path)
    if total > MOST_BYTES:
        raise InputError(f"has {total} bytes of weights, more than an ONNX file may have ({MOST_BYTES}).")
    try:
        load_external_data_for_model(model, folder or ".")
    except Exception as failure:
        reason = " ".join(str(failure).split())[:100]
        raise InputError(f"has weights in {sorted(places)[0]!r} that cannot be read: {reason}.") from failure


def _taken_apart(model: Any, data: bytes) -> OnnxFile:
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = tuple(_port(value) for value in graph.input if value.name not in weights)
    outputs = tuple(_port(value) for value in graph.output)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return OnnxFile(data, inputs, outputs, _last(graph) if outputs else "", metadata)


def _port(value: Any) -> Port:
    from onnx.helper import tensor_dtype_to_np_dtype

    held = value.type.tensor_type
    try:
        kind = str(tensor_dtype_to_np_dtype(held.elem_type))
    except (KeyError, ValueError, TypeError):
        kind = "nothing known"
    sides = tuple(side.dim_value if side.dim_value > 0 else None for side in held.shape.dim)
    return Port(value.name, kind, sides)


def _last(graph: Any) -> str:
    """The operation whose result the first output is, whatever its size and type become afterwards."""
    makers = {name: node for node in graph.node for name in node.output}
    node = makers.get(graph.output[0].name)
    for _ in range(len(graph.node)):
        if node is None or node.op_type not in PASSING or not node.input:
            break
        node = makers.get(node.input[0])
    return str(node.op_type) if node is not None else ""
