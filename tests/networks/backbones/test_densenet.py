"""DenseNet: counts without its last layer, widths before the transitions."""

import pytest
import torch
from torch import nn

from segcli.errors import SettingError
from segcli.networks.registry import build

FEATURES = {121: 6_953_856, 161: 26_472_000, 169: 12_484_480, 201: 18_092_928}
WIDTHS = {
    121: [256, 512, 1024, 1024],
    161: [384, 768, 2112, 2208],
    169: [256, 512, 1280, 1664],
    201: [256, 512, 1792, 1920],
}


@pytest.mark.parametrize("depth", FEATURES)
def test_features_are_counted_exactly_and_as_wide_as_in_the_paper(depth):
    features = build(f"densenet{depth}", device="meta").features
    assert sum(parameter.numel() for parameter in features.parameters()) == FEATURES[depth]
    norms = [features.transition1.norm, features.transition2.norm, features.transition3.norm, features.norm5]
    assert [norm.num_features for norm in norms] == WIDTHS[depth]


@pytest.mark.parametrize("depth", FEATURES)
def test_as_many_layers_have_weights_as_the_name_says(depth):
    network = build(f"densenet{depth}", device="meta")
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in network.modules()) == depth


@torch.no_grad()
def test_a_block_hands_its_input_on_in_front_of_the_new_maps():
    block = build("densenet121", width=1 / 16).eval().features.denseblock1
    image = torch.rand(1, 4, 5, 3, generator=torch.Generator().manual_seed(0))
    made = block(image)
    assert made.shape == (1, 4 + 6 * 2, 5, 3)
    assert torch.equal(made[:, :4], image)


def test_the_linear_layer_begins_without_biases():
    assert not build("densenet121", width=1 / 16).classifier.bias.any()


def test_an_unknown_depth_is_refused_with_the_known_ones():
    with pytest.raises(SettingError, match="depth is 264; it must be one of 121, 161, 169, 201"):
        build("densenet121", depth=264)
