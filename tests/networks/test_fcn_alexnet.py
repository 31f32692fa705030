"""FCN-AlexNet: counts, sizes, its offset, CaffeNet's weights."""

import pytest
import torch
from torch import nn

from segcli.networks.fcn_alexnet import OFFSET, PAD
from segcli.networks.registry import build


def learned(network):
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def test_the_parameters_are_those_of_the_layer_list():
    assert learned(build("fcn_alexnet", device="meta")) == 56_954_261
    assert learned(build("fcn_alexnet", upsampling="learned", device="meta")) == 58_704_590
    # 63 x 63 a class
    assert learned(build("fcn_alexnet", upsampling="depthwise", device="meta")) == 56_954_261 + 21 * 3969


def test_the_offset_is_in_range_for_every_height():
    for height in range(1, 1200):
        side = (height + 2 * PAD - 11) // 4 + 1
        for _ in range(3):
            side = -(-(side - 3) // 2) + 1
        assert 32 * (side - 6) + 63 >= OFFSET + height


def test_every_remainder_of_the_stride_gives_its_own_size():
    network = build("fcn_alexnet", classes=2, width=1 / 32, device="meta").eval()
    for height in (*range(1, 33), *range(481, 513), 1199):
        assert network(torch.empty(1, 3, height, 3, device="meta")).shape == (1, 2, height, 3)


def test_the_offset_puts_every_pixel_on_its_own_scores():
    # from the scores back: fc6 + 2.5, poolings 2 x + 1, conv1 4 x + 5 - 100: 32 x + 13; upsampled 32 x + 31
    position = 0.0
    position += 2.5
    for _ in range(3):
        position = 2 * position + 1
    position = 4 * position + 5 - PAD
    assert 31 - position == OFFSET


def test_three_layers_are_grouped_and_the_scores_begin_at_zero():
    network = build("fcn_alexnet", width=1 / 8)
    assert [network.features[number].groups for number in (0, 4, 8, 10, 12)] == [1, 2, 1, 2, 2]
    assert not network(torch.rand(1, 3, 20, 20)).any()
    # He: sqrt(2 / (32 x 36))
    assert network.fc6.weight.std().item() == pytest.approx((2 / 1152) ** 0.5, rel=0.01)


def caffenet():
    """The hidden layers of a CaffeNet of 1/32 of the width, under Caffe's names."""
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "conv1": (4, 3, 11, 11),
        "conv2": (8, 2, 5, 5),
        "conv3": (12, 8, 3, 3),
        "conv4": (12, 6, 3, 3),
        "conv5": (8, 6, 3, 3),
        "fc6": (128, 8 * 36),
        "fc7": (128, 128),
        "fc8": (1000, 128),
    }
    state = {f"{name}.weight": torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return state | {f"{name}.bias": torch.randn(shape[0], generator=generator) for name, shape in shapes.items()}


NUMBERED = {
    "conv1": "features.0",
    "conv2": "features.4",
    "conv3": "features.8",
    "conv4": "features.10",
    "conv5": "features.12",
    "fc6": "classifier.0",
    "fc7": "classifier.3",
    "fc8": "classifier.6",
}


@pytest.mark.parametrize("numbered", [False, True])
@torch.no_grad()
def test_weights_of_caffenet_are_taken_under_both_kinds_of_names(numbered):
    state = caffenet()
    given = {(NUMBERED[key.split(".")[0]] + "." + key.split(".")[1] if numbered else key): state[key] for key in state}
    network = build("fcn_alexnet", width=1 / 32).eval()
    missing, unexpected = network.load_state_dict(network.from_public(given), strict=False)
    assert missing == ["score_fr.weight", "score_fr.bias", "upscore.weight"]
    assert not unexpected
    assert torch.equal(network.features[10].weight, state["conv4.weight"])
    features = torch.rand(2, 8, 6, 6, generator=torch.Generator().manual_seed(1))
    expected = nn.functional.linear(features.flatten(1), state["fc6.weight"], state["fc6.bias"])
    torch.testing.assert_close(network.fc6(features).flatten(1), expected)


@torch.no_grad()
def test_a_caffenet_of_the_table_starts_it():
    caffenet = build("caffenet", classes=10, width=1 / 32).eval()
    network = build("fcn_alexnet", width=1 / 32).eval()
    network.load_state_dict(network.from_public(caffenet.state_dict()), strict=False)
    network.features[0].padding = (0, 0)
    image = torch.rand(1, 3, 227, 227, generator=torch.Generator().manual_seed(0))
    hidden = network.fc7(nn.functional.relu(network.fc6(network.features(image)))).flatten(1)
    torch.testing.assert_close(hidden, caffenet.classifier[:4](caffenet.features(image).flatten(1)))
