"""LeNet-5: its activation, sizes and start values."""

import torch

from segcli.networks.backbones.lenet import ScaledTanh
from segcli.networks.registry import build


def test_the_activation_keeps_1_and_minus_1():
    made = ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0, 100.0]))
    torch.testing.assert_close(made, torch.tensor([-1.0, 0.0, 1.0, 1.7159]), rtol=0, atol=1e-4)


@torch.no_grad()
def test_32_pixels_become_16_maps_of_5_by_5():
    network = build("lenet5").eval()
    features = network.features(torch.zeros(1, 1, 32, 32))
    assert features.shape == (1, 16, 5, 5)
    assert torch.equal(network.avgpool(features), features)


@torch.no_grad()
def test_weights_begin_within_2_4_by_the_fan_in():
    # The second convolution sums 6 channels of 5 x 5.
    weight = build("lenet5").features[3].weight
    assert 0.98 * 2.4 / 150 < float(weight.abs().max()) <= 2.4 / 150
