"""FC-DenseNet: counts of layers, maps and parameters, start values, sizes, statistics."""

import pytest
import torch
from tools.receptive_decoders import receptive_field
from torch import nn

from segcli.errors import SettingError
from segcli.networks.registry import build, find_architecture

LAYERS = {
    "fc_densenet56": (4,) * 11,
    "fc_densenet67": (5,) * 11,
    "fc_densenet103": (4, 5, 7, 10, 12, 15, 12, 10, 7, 5, 4),
}
each_depth = pytest.mark.parametrize("name", LAYERS)


def normalizations(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.mark.parametrize(
    ("name", "classes", "learned", "with_averages"),
    [
        ("fc_densenet56", 11, 1_376_795, 1_397_963),
        ("fc_densenet67", 11, 3_463_243, 3_502_923),
        ("fc_densenet103", 11, 9_322_091, 9_425_163),
        ("fc_densenet103", 12, 9_322_348, None),
    ],
)
def test_parameters_are_those_that_the_authors_count(name, classes, learned, with_averages):
    network = build(name, classes=classes, device="meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == learned
    averages = sum(2 * layer.num_features for layer in normalizations(network))
    assert with_averages in (learned + averages, None)


@each_depth
def test_the_number_in_the_name_is_that_of_convolutions(name):
    network = build(name, device="meta")
    convolutions = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
    assert f"fc_densenet{len(convolutions)}" == name
    assert sum(isinstance(layer, nn.ConvTranspose2d) for layer in convolutions) == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fc_densenet56", [96, 144, 192, 240, 288, 336, 384, 336, 288, 240, 192]),
        ("fc_densenet67", [128, 208, 288, 368, 448, 528, 608, 528, 448, 368, 288]),
        ("fc_densenet103", [112, 192, 304, 464, 656, 896, 1088, 816, 576, 384, 256]),
    ],
)
def test_the_stack_has_the_sizes_that_the_authors_correct_their_table_to(name, expected):
    network = build(name, device="meta")
    sizes = []
    for block in (*network.down, network.bottleneck, *network.up):
        block.register_forward_hook(lambda module, inputs, output: sizes.append(output.shape[1]))
    network(torch.empty(2, 3, 224, 224, device="meta"))
    assert sizes == expected
    assert network.classifier.in_channels == expected[-1]


def test_odd_sizes_are_pooled_down_and_cut_from_the_larger():
    network = build("fc_densenet56", device="meta")
    before, after = [], []
    for block in (*network.down, network.bottleneck):
        block.register_forward_hook(lambda module, inputs, output: before.append(tuple(output.shape[-2:])))
    for layer in network.transitions_up:
        layer.register_forward_hook(lambda module, inputs, output: after.append(tuple(output.shape[-2:])))
    assert network(torch.empty(2, 3, 360, 370, device="meta")).shape[-2:] == (360, 370)
    # 46 is pooled to 23, which is enlarged to 47 and cut to 46.
    assert before == [(360, 370), (180, 185), (90, 92), (45, 46), (22, 23), (11, 11)]
    assert after == [(23, 23), (45, 47), (91, 93), (181, 185), (361, 371)]


def test_only_the_new_maps_of_a_block_are_enlarged():
    network = build("fc_densenet103", device="meta")
    assert [layer.in_channels for layer in network.transitions_up] == [240, 192, 160, 112, 80]
    assert [layer.out_channels for layer in network.transitions_up] == [240, 192, 160, 112, 80]


def test_start_values_are_uniform_within_the_bound_of_he():
    network = build("fc_densenet56", width=0.5)
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            taps = layer.kernel_size[0] ** 2
            assert layer.in_channels == layer.out_channels or isinstance(layer, nn.Conv2d)
            bound = (6 / (layer.in_channels * taps)) ** 0.5
            assert layer.weight.abs().max() <= bound
            assert layer.weight.abs().max() > 0.9 * bound
            assert not layer.bias.any()


def test_each_picture_is_normalized_by_itself_as_in_a_batch_of_one():
    # Training with one picture and no dropout is the authors' evaluation with batches of one.
    network = build("fc_densenet56", classes=2, width=1 / 16, dropout=0.0)
    images = torch.rand(2, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        alone = torch.cat([network.train()(image[None]) for image in images])
        torch.testing.assert_close(network.eval()(images), alone, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_running_averages_are_kept_and_used_on_request():
    image = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    networks = [
        build("fc_densenet56", classes=2, width=1 / 16, dropout=0.0, batch_statistics=own) for own in (True, False)
    ]
    trained = [network.train()(image) for network in networks]
    assert torch.equal(*trained)
    own, averaged = (network.state_dict() for network in networks)
    assert all(torch.equal(own[key], averaged[key]) for key in own)
    assert all(layer.num_batches_tracked == 1 for layer in normalizations(networks[0]))
    evaluated = [network.eval()(image) for network in networks]
    assert not torch.allclose(*evaluated, atol=1e-2)


def test_a_wrong_number_of_blocks_is_refused():
    with pytest.raises(SettingError, match="it must be 11 numbers"):
        build("fc_densenet56", layers=(4, 4))


def seen_by(pixel, layers):
    """First and last column that a logit sees along the longest path, layer by layer from the end."""
    first = last = pixel
    for block in layers[:5:-1]:
        first, last = first - block, last + block
        # Output q of the transposed convolution is the sum over inputs n with q = 2 n + 0, 1 or 2.
        first, last = (first - 1) // 2, last // 2
    first, last = first - layers[5], last + layers[5]
    for block in layers[4::-1]:
        first, last = 2 * first - block, 2 * last + 1 + block
    return first - 1, last + 1


@each_depth
def test_an_output_sees_as_far_as_the_table_says(name):
    seen = [seen_by(pixel, LAYERS[name]) for pixel in range(32)]
    assert max(last - first + 1 for first, last in seen) == find_architecture(name).receptive_field


@pytest.mark.slow
def test_gradients_reach_as_far_as_the_table_says(monkeypatch):
    network = build("fc_densenet56", in_channels=1, classes=1, width=1 / 512, batch_statistics=False)
    assert receptive_field(network, 1200, monkeypatch, phases=2) == find_architecture("fc_densenet56").receptive_field
