"""The shared layers, on the printed examples of lectures."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segcli.networks.blocks import (
    AtrousPyramid,
    BilinearUpsampling,
    ChainedResidualPooling,
    LocalResponseNorm,
    PooledBatchNorm,
    ResidualUnit,
    bed_of_nails,
    bilinear_kernel,
    freeze_batch_norm,
    max_pooled,
    max_unpooled,
    nearest_unpooled,
    scaled,
)


def plane(rows):
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def test_nearest_unpooling_repeats_each_pixel():
    assert nearest_unpooled(plane([[1, 2], [3, 4]]))[0, 0].tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
        [3, 3, 4, 4],
        [3, 3, 4, 4],
    ]


def test_a_bed_of_nails_has_its_values_at_even_positions():
    assert bed_of_nails(plane([[1, 2], [3, 4]]))[0, 0].tolist() == [
        [1, 0, 2, 0],
        [0, 0, 0, 0],
        [3, 0, 4, 0],
        [0, 0, 0, 0],
    ]


def test_max_unpooling_puts_values_where_the_maxima_were():
    image = plane([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]])
    maxima, indices = max_pooled(image)
    assert maxima[0, 0].tolist() == [[5, 6], [7, 8]]
    unpooled = max_unpooled(plane([[1, 2], [3, 4]]), indices, image)
    assert unpooled[0, 0].tolist() == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]


@pytest.mark.parametrize("size", [(4, 4), (5, 7), (1, 3)])
def test_max_unpooling_agrees_with_torch(size):
    image = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    maxima, indices = max_pooled(image)
    expected = F.max_unpool2d(maxima, indices, 2, 2, output_size=size)
    assert torch.equal(max_unpooled(maxima, indices, image), expected)


def test_a_transposed_convolution_of_stride_2_overlaps_its_kernels():
    # kernel (x, y, z) = (1, 10, 100), input (a, b) = (2, 3): ax, ay, az + bx, by, bz
    made = F.conv_transpose1d(torch.tensor([[[2.0, 3.0]]]), torch.tensor([[[1.0, 10.0, 100.0]]]), stride=2)
    assert made[0, 0].tolist() == [2, 20, 203, 30, 300]


def test_a_bilinear_kernel_of_4_is_a_quarter_and_three_quarters():
    line = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_array_equal(bilinear_kernel(4).numpy(), np.outer(line, line))
    assert bilinear_kernel(4).sum() == 4
    assert bilinear_kernel(3)[1].tolist() == [0.5, 1.0, 0.5]


@pytest.mark.parametrize("weights", ["fixed", "learned", "depthwise"])
def test_bilinear_upsampling_keeps_a_constant_and_its_channels(weights):
    layer = BilinearUpsampling(3, 4, 2, weights)
    image = torch.tensor([1.0, 2.0, 3.0])[None, :, None, None].expand(1, 3, 5, 6)
    inside = layer(image)[..., 2:-2, 2:-2].detach()
    assert inside.shape == (1, 3, 8, 10)
    torch.testing.assert_close(inside, image[..., :1, :1].expand_as(inside))
    assert layer.weight.requires_grad == (weights != "fixed")


def test_upsampling_learns_between_channels_only_if_it_may():
    sizes = {weights: BilinearUpsampling(21, 4, 2, weights).weight.numel() for weights in ("learned", "depthwise")}
    assert sizes == {"learned": 21 * 21 * 16, "depthwise": 21 * 16}


def test_channels_are_scaled_but_never_vanish():
    assert [scaled(64, 0.5), scaled(64, 1), scaled(3, 0.01), scaled(6, 0.5, multiple=2)] == [32, 64, 1, 4]


def filled(module, value=1.0):
    """All convolutions with one weight, all normalizations without effect."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.constant_(layer.weight, value)
        elif isinstance(layer, torch.nn.BatchNorm2d):
            layer.eps = 0
    return module.eval()


def impulse(side):
    image = torch.zeros(1, 1, side, side)
    image[..., side // 2, side // 2] = 1
    return image


@torch.no_grad()
def test_an_atrous_pyramid_sees_one_pixel_through_every_rate_and_in_the_mean():
    made = filled(AtrousPyramid(1, 1, (1, 2)))(impulse(5))[0, 0]
    # the pixel itself, 3 x 3, 3 x 3 taps two apart, and 1 / 25 everywhere; joined by a sum
    taps = torch.tensor(
        [[1.0, 0, 1, 0, 1], [0, 1, 1, 1, 0], [1, 1, 3, 1, 1], [0, 1, 1, 1, 0], [1, 0, 1, 0, 1]],
    )
    torch.testing.assert_close(made, taps + 1 / 25)


def test_an_atrous_pyramid_has_five_branches_and_joins_five_times_its_channels():
    with torch.device("meta"):
        pyramid = AtrousPyramid(2048, 256, (6, 12, 18))
    assert sum(parameter.numel() for parameter in pyramid.parameters()) == 524_800 * 2 + 3 * 4_719_104 + 328_192
    assert [branch[0].dilation[0] for branch in pyramid.convs[:4]] == [1, 6, 12, 18]
    assert pyramid.project[0].in_channels == 1280
    assert all(layer.bias is None for layer in pyramid.modules() if isinstance(layer, torch.nn.Conv2d))


def test_pooled_normalization_of_one_picture_takes_the_running_statistics_and_leaves_them():
    layer = PooledBatchNorm(2).train()
    layer.running_mean.fill_(1)
    layer.running_var.fill_(4)
    made = layer(torch.tensor([3.0, 5.0]).reshape(1, 2, 1, 1))
    torch.testing.assert_close(made.flatten(), torch.tensor([1.0, 2.0]))
    assert layer.running_mean.tolist() == [1, 1]
    made.sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.isfinite().all()


def test_pooled_normalization_of_two_pictures_is_the_plain_one():
    image = torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)
    layer, plain = PooledBatchNorm(1).train(), torch.nn.BatchNorm2d(1).train()
    assert torch.equal(layer(image), plain(image))
    assert torch.equal(layer.running_mean, plain.running_mean)


def test_frozen_normalizations_learn_nothing():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2)).train()
    freeze_batch_norm(network)
    network(torch.rand(2, 1, 3, 3))
    assert network[1].running_mean.tolist() == [0, 0]
    assert [name for name, parameter in network.named_parameters() if parameter.requires_grad] == ["0.weight", "0.bias"]


@torch.no_grad()
def test_a_residual_unit_adds_to_its_untouched_input():
    unit = filled(ResidualUnit(1), 0.0)
    torch.nn.init.dirac_(unit.conv1.weight)
    torch.nn.init.dirac_(unit.conv2.weight)
    unit.conv1.bias.fill_(-1)
    image = plane([[-2, 0.5, 3]])
    # x + relu(relu(x) - 1); the negative number passes the shortcut
    assert unit(image).flatten().tolist() == [-2, 0.5, 5]
    assert image.flatten().tolist() == [-2, 0.5, 3]


def test_a_residual_unit_has_one_bias():
    assert {name: tuple(each.shape) for name, each in ResidualUnit(4).named_parameters()} == {
        "conv1.weight": (4, 4, 3, 3),
        "conv1.bias": (4,),
        "conv2.weight": (4, 4, 3, 3),
    }


@torch.no_grad()
@pytest.mark.parametrize("stages", [2, 4])
def test_chained_pooling_pools_the_link_before_and_sums_all(stages):
    block = ChainedResidualPooling(1, stages)
    for layer in block.convs:
        torch.nn.init.dirac_(layer.weight)
    line = block(impulse(21))[0, 0, 10, 10:].tolist()
    # each link of 5 x 5 reaches two pixels further than the one before
    expected = [stages + 1.0] + [float(max(0, stages - (distance - 1) // 2)) for distance in range(1, 11)]
    assert line == expected


@torch.no_grad()
def test_chained_pooling_by_hand():
    block = ChainedResidualPooling(1, 2)
    block.convs[0].weight.zero_()[0, 0, 1, 1] = 2
    block.convs[1].weight.zero_()[0, 0, 1, 1] = -1
    # the maxima are 5 5 5 5 2 2 and, of twice those, 10 10 10 10 10 10: x + 2 a - b
    assert block(plane([[1, 5, 0, 0, 0, 2]])).flatten().tolist() == [1, 5, 0, 0, -6, -4]


@pytest.mark.parametrize("size", [4, 5])
def test_local_response_normalization_agrees_with_torch(size):
    image = 255 * torch.rand(2, 7, 4, 3, generator=torch.Generator().manual_seed(0))
    expected = F.local_response_norm(image, size, 1e-4, 0.75)
    torch.testing.assert_close(LocalResponseNorm(size)(image), expected)
    assert LocalResponseNorm(size)(image.bfloat16()).dtype == torch.bfloat16
