"""The largest square of pixels that one output sees, by gradients, against the table."""

import pytest
import torch
import torch.nn.functional as F

from segcli.networks.registry import build, find_architecture


def mean_pooled(image, kernel, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """A mean in place of a maximum, so that no pixel is left out."""
    if ceil_mode:
        return F.avg_pool2d(image, kernel, stride, padding, ceil_mode=True)
    taps = torch.full((image.shape[1], 1, kernel, kernel), kernel**-2.0, dtype=image.dtype)
    return F.conv2d(image, taps, stride=stride or kernel, padding=padding, dilation=dilation, groups=image.shape[1])


def rows_seen(network, height, places):
    """The most rows that have a share in one output row, over as many rows from the middle on."""
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            spread = 0 if name.endswith("bias") else 1 / parameter[0].numel()
            torch.nn.init.constant_(parameter, spread)
    image = torch.ones(1, 1, height, 1, dtype=torch.double, requires_grad=True)
    column = network.eval().double()(image)[0, 0, :, 0]
    seen = []
    for row in range(height // 2, height // 2 + places):
        (gradient,) = torch.autograd.grad(column[row], image, retain_graph=True)
        rows = gradient[0, 0, :, 0].nonzero()
        assert 0 < int(rows[0]) <= int(rows[-1]) < height - 1, "the picture is too small"
        seen.append(int(rows[-1] - rows[0]) + 1)
    return max(seen)


@pytest.mark.parametrize(
    ("name", "height", "places", "options"),
    [
        ("full_resolution_fcn", 20, 1, {}),
        ("patch_classifier", 200, 1, {}),
        ("fcn32s", 800, 32, {}),
        ("fcn16s", 800, 32, {}),
        ("fcn8s", 800, 32, {}),
        ("fcn_alexnet", 700, 32, {}),
        ("carvana", 256, 16, {}),
        ("deep_saliency", 320, 4, {"resize": False}),
        ("conv_autoencoder", 32, 4, {}),
    ],
)
def test_the_table_says_what_gradients_say(name, height, places, options, monkeypatch):
    monkeypatch.setattr(F, "max_pool2d", mean_pooled)
    network = build(name, in_channels=1, classes=1, width=1 / 256, **options)
    assert rows_seen(network, height, places) == find_architecture(name).receptive_field


def test_a_dense_auto_encoder_sees_its_own_tile_alone():
    network = build("dense_autoencoder", width=1 / 50)
    image = torch.zeros(1, 1, 56, 84, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(image)[0, 0, 30, 30], image)
    rows, columns = gradient[0, 0].nonzero().T
    assert [rows.min(), rows.max(), columns.min(), columns.max()] == [28, 55, 28, 55]
    assert find_architecture("dense_autoencoder").receptive_field == 28
