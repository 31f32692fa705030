"""ONNX networks of other programs, built by hand: a few convolutions and what comes after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def convolution(
    path: Path,
    *,
    channels: int = 1,
    classes: int = 2,
    sides: tuple[Any, Any] = ("height", "width"),
    batch: Any = "batch",
    end: str | None = None,
    stride: int = 1,
    inputs: int = 1,
    kind: int = TensorProto.FLOAT,
    metadata: dict[str, str] | None = None,
    unknown: bool = False,
) -> Path:
    """A 1 x 1 convolution: class k's logit is (k + 1) (mean of the channels - 0.5), of the even ones the opposite.

    Parameters
    ----------
    sides, batch : numbers, or words where any will do.
    end : an operation behind it, such as Softmax.
    inputs : of the network; those beyond the first are not used.
    kind : of the numbers that go in.
    unknown : how many classes come out stands nowhere.
    """
    scale = np.array([(-1.0) ** (k + 1) * (k + 1) for k in range(classes)], np.float32)
    weight = np.repeat(scale[:, None, None, None], channels, 1) / channels
    weights = [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(-0.5 * scale, "bias")]
    nodes = [helper.make_node("Conv", ["picture", "weight", "bias"], ["made"], strides=[stride, stride])]
    if kind != TensorProto.FLOAT:
        nodes[0].input[0] = "floats"
        nodes.insert(0, helper.make_node("Cast", ["picture"], ["floats"], to=TensorProto.FLOAT))
    if end == "ArgMax":
        nodes.append(helper.make_node(end, ["made"], ["out"], axis=1))
    elif end is not None:
        settings = {"axis": 1} if end == "Softmax" else {}
        nodes.append(helper.make_node(end, ["made"], ["out"], **settings))
    out, given = ("made", TensorProto.FLOAT) if end is None else ("out", TensorProto.FLOAT)
    given = TensorProto.INT64 if end == "ArgMax" else given
    taken = [
        helper.make_tensor_value_info(name, kind, [batch, channels, *sides])
        for name in ("picture", "more", "yet_more")[:inputs]
    ]
    depth = "classes" if unknown else 1 if end == "ArgMax" else classes
    graph = helper.make_graph(
        nodes, "net", taken, [helper.make_tensor_value_info(out, given, [batch, depth, "h", "w"])], weights
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


def scattered(path: Path, place: str, length: int | None = None) -> Path:
    """The network with its weights in another file, whose name is written down as `place`."""
    model = onnx.load(convolution(path))
    data = b""
    for tensor in model.graph.initializer:
        raw = tensor.raw_data
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", place), ("offset", len(data)), ("length", length or len(raw))):
            tensor.external_data.add(key=key, value=str(value))
        data += raw
    path.write_bytes(model.SerializeToString())
    (path.parent / "weights.bin").write_bytes(data)
    return path
