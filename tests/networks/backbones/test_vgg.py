"""VGG: counts of its convolutions, names of its layers."""

import pytest
import torch
from torch import nn

from segcli.networks.backbones.vgg import block_ends, vgg_features
from segcli.networks.registry import build

CONVOLUTIONS = {
    "vgg16": [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28],
    "vgg16_bn": [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40],
    "vgg19": [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34],
    "vgg19_bn": [0, 3, 7, 10, 14, 17, 20, 23, 27, 30, 33, 36, 40, 43, 46, 49],
}
FEATURES = {"vgg16": 14_714_688, "vgg16_bn": 14_723_136, "vgg19": 20_024_384, "vgg19_bn": 20_035_392}


@pytest.mark.parametrize("name", FEATURES)
def test_the_convolutions_alone_are_counted_exactly(name):
    features = build(name, device="meta").features
    assert sum(parameter.numel() for parameter in features.parameters()) == FEATURES[name]


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_have_the_numbers_of_the_public_weights(name):
    features = build(name, device="meta").features
    found = [number for number, layer in enumerate(features) if isinstance(layer, nn.Conv2d)]
    assert found == CONVOLUTIONS[name]
    normalized = [number for number, layer in enumerate(features) if isinstance(layer, nn.BatchNorm2d)]
    assert normalized == ([number + 1 for number in found] if name.endswith("bn") else [])


@pytest.mark.parametrize(("depth", "batch_norm"), [(16, False), (16, True), (19, False), (19, True)])
def test_blocks_end_at_their_poolings(depth, batch_norm):
    with torch.device("meta"):
        features = vgg_features(3, depth, batch_norm=batch_norm)
    poolings = [number for number, layer in enumerate(features) if isinstance(layer, nn.MaxPool2d)]
    assert list(block_ends(depth, batch_norm)) == poolings


def test_a_block_of_another_dilation_keeps_its_size():
    features = vgg_features(1, width=1 / 64, dilation=(1, 1, 1, 1, 2), pools=[nn.Identity() for _ in range(5)])
    assert features(torch.zeros(1, 1, 9, 7)).shape[-2:] == (9, 7)
    assert [layer.padding for layer in features[24:] if isinstance(layer, nn.Conv2d)] == [(2, 2)] * 3
