"""Folded networks say what they said before."""

import pytest
import torch
from torch import nn

from segcli.learning.folding import fold_norms
from segcli.networks.registry import ARCHITECTURES, build


def lived_in(network):
    """A network whose normalizations have seen something."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low in ((module.running_mean, -0.2), (module.running_var, 0.5), (module.weight, 0.5)):
                tensor.data.uniform_(low, low + 1, generator=generator)
    return network.eval()


@pytest.mark.parametrize("name", [row.name for row in ARCHITECTURES if row.task in ("segmentation", "image")])
@torch.inference_mode()
def test_every_network_gives_the_same_logits(name):
    with torch.inference_mode(False):
        network = lived_in(build(name, in_channels=3, classes=3, width=1 / 16)).requires_grad_(False)
    side = 188 if name == "unet_valid" else 64
    images = torch.rand((1, 3, side, side), generator=torch.Generator().manual_seed(0))
    before = network(images)
    after = fold_norms(network)(images)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-4 * float(before.abs().max()))


def test_a_normalization_behind_a_convolution_is_gone():
    network = lived_in(build("unet", width=1 / 16))
    assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    fold_norms(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_what_is_used_twice_stays():
    convolution = nn.Conv2d(1, 1, 1)
    network = nn.ModuleList([nn.Sequential(convolution, nn.BatchNorm2d(1)), nn.Sequential(convolution)]).eval()
    fold_norms(network)
    assert network[0][0] is convolution
    assert isinstance(network[0][1], nn.BatchNorm2d)
