"""The shared layers, on the printed examples of lectures."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segcli.networks.blocks import (
    BilinearUpsampling,
    bed_of_nails,
    bilinear_kernel,
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
