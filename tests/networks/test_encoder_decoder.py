"""The encoder and decoder without skip connections."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segcli.networks.registry import build


@pytest.mark.parametrize(("classes", "count"), [(1, 34_475_585), (2, 34_475_714)])
def test_the_parameters_are_those_of_the_layer_list(classes, count):
    network = build("carvana", classes=classes, device="meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_the_graph_joins_nothing():
    network = build("carvana", width=1 / 64).eval()
    graph = torch.export.export(network, (torch.rand(1, 3, 32, 48),)).graph
    called = [str(node.target) for node in graph.nodes if node.op == "call_function"]
    assert sum("conv" in name for name in called) == 15
    assert not [name for name in called if "cat" in name or "stack" in name or "add" in name]


def test_the_sizes_halve_four_times_and_come_back():
    network, sizes = build("carvana", device="meta"), []
    for block in (*network.encoder, *network.decoder):
        block.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:3])))
    network(torch.empty(1, 3, 128, 128, device="meta"))
    encoder = [(64, 128), (128, 64), (256, 32), (512, 16), (1024, 8)]
    # one row more than twice as many, of which the last is left out
    assert sizes == [*encoder, (1024, 17), (512, 33), (256, 65), (128, 129)]


@torch.no_grad()
def test_upsampling_leaves_out_the_last_row_as_tensorflow_does():
    # SAME with stride 2 pads 2 n rows by one below: row r of the small picture sees rows 2 r .. 2 r + 2 of the large
    # one, and the transposed convolution gives back to the same rows
    kernel = np.array([1.0, 10.0, 100.0])
    small = np.array([2.0, 3.0, 5.0])
    large = np.zeros(7)
    for row, value in enumerate(small):
        large[2 * row : 2 * row + 3] += value * kernel
    network = build("carvana", width=1 / 1024)
    layer = network.decoder[0]
    layer.weight.zero_()
    layer.weight[0, 0, :, 0] = torch.from_numpy(kernel)
    made = F.relu(layer(torch.tensor(small, dtype=torch.float32)[None, None, :, None])[..., :-1, :-1])
    assert made[0, 0, :, 0].tolist() == large[:6].tolist()
    assert made[0, 0, :, 1].tolist() == [0] * 6


@pytest.mark.parametrize(("width", "spread"), [(1 / 4, 0.04), (1 / 16, 0.08)])
def test_the_spread_of_the_start_values_makes_up_for_the_width(width, spread):
    network = build("carvana", width=width)
    for layer in (network.encoder[4][2], network.decoder[1]):
        assert layer.weight.std().item() == pytest.approx(spread, rel=0.03)
        assert not layer.bias.any()
