"""The largest square of pixels that one output of a U-Net sees, by gradients, against the table."""

import pytest
import torch
from torch import nn

from segcli.networks.registry import build, find_architecture


def without_luck(network):
    """The network with means for maxima and positive weights: no path to a pixel is closed, none cancels another."""
    for module in list(network.modules()):
        for name, layer in module.named_children():
            if isinstance(layer, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(layer.kernel_size, layer.stride))
    for name, parameter in network.named_parameters():
        spread = 1 / parameter[0].numel() if parameter.ndim > 1 else float(name.endswith("weight"))
        nn.init.constant_(parameter, spread)
    return network.eval().double()


def rows_seen(network, height, width, places):
    """The most rows of the picture that have a share in one output row, over as many rows from the middle on."""
    image = torch.ones(1, 1, height, width, dtype=torch.double, requires_grad=True)
    column = network(image)[0, 0, :, 0]
    seen = []
    for row in range(len(column) // 2, len(column) // 2 + places):
        (gradient,) = torch.autograd.grad(column[row], image, retain_graph=True)
        rows = gradient.abs().amax((0, 1, 3)).nonzero()
        assert 0 < int(rows[0]) <= int(rows[-1]) < height - 1, "the picture is too small"
        seen.append(int(rows[-1] - rows[0]) + 1)
    return max(seen)


@pytest.mark.parametrize(
    ("name", "height", "width", "places"),
    [
        ("unet", 512, 16, 16),
        ("unet_valid", 508, 188, 16),
        ("unet_plus_plus", 512, 16, 16),
        ("sunet64", 4096, 16, 64),
        pytest.param("sunet128", 4096, 16, 64, marks=pytest.mark.slow),
        pytest.param("sunet7_128", 6144, 16, 64, marks=pytest.mark.slow),
        pytest.param("cunet", 4096, 64, 64, marks=pytest.mark.slow),
    ],
)
def test_the_table_says_what_gradients_say(name, height, width, places):
    network = without_luck(build(name, in_channels=1, classes=1, width=1 / 256))
    assert rows_seen(network, height, width, places) == find_architecture(name).receptive_field


def test_two_coupled_unets_see_384_pixels_more_than_one():
    sizes = [
        rows_seen(
            without_luck(build("cunet", in_channels=1, classes=1, width=1 / 256, unets=n, order=n - 1)), s, 64, 64
        )
        for n, s in ((1, 1536), (2, 2048))
    ]
    assert sizes == [445, 445 + 384]
    assert find_architecture("cunet").receptive_field == 445 + 7 * 384
