"""The stack of convolutions at the picture's size."""

import pytest
import torch

from segcli.networks.registry import build


@pytest.mark.parametrize(("classes", "count"), [(2, 186_562), (21, 187_797)])
def test_the_parameters_are_those_of_the_layer_list(classes, count):
    network = build("full_resolution_fcn", classes=classes, device="meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_weights_begin_with_hes_spread():
    network = build("full_resolution_fcn")
    # sqrt(2 / 576) for the five inner layers
    inner = torch.cat([layer.weight.flatten() for layer in network.features[2::2]])
    assert inner.std().item() == pytest.approx(0.058926, rel=0.01)
    assert not any(layer.bias.any() for layer in network.features[::2])


@torch.no_grad()
def test_no_layer_is_smaller_than_the_picture():
    network, sizes = build("full_resolution_fcn", width=1 / 16).eval(), set()
    for layer in network.features:
        layer.register_forward_hook(lambda _, __, out: sizes.add(tuple(out.shape[2:])))
    network(torch.rand(1, 3, 7, 5))
    assert sizes == {(7, 5)}
