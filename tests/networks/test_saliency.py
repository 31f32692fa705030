"""The shallow and the deep saliency network: counts, sizes, maxout, start values."""

import pytest
import torch
import torch.nn.functional as F

from segcli.networks.blocks import LocalResponseNorm, bilinear_kernel
from segcli.networks.registry import build


def learned(network):
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def sizes_of(network, kinds, *size):
    """Rows and columns after each layer of some kinds."""
    sizes = []
    for layer in network.modules():
        if type(layer).__name__ in kinds:
            layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[2:])))
    network(torch.empty(1, 3, *size, device="meta"))
    return sizes


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        # 2,432 + 18,496 + 36,928 + 29,495,808 + 5,310,720
        ("shallow_saliency", {}, 34_864_384),
        ("deep_saliency", {"upsampling": "fixed"}, 25_806_145),
        ("deep_saliency", {}, 25_806_145 + 64),
    ],
)
def test_the_parameters_are_those_of_the_layer_list(name, options, count):
    assert learned(build(name, device="meta", **options)) == count


def test_the_shallow_network_sees_96_pixels_a_side_whatever_the_picture():
    network = build("shallow_saliency", device="meta")
    assert sizes_of(network, {"MaxPool2d"}, 480, 640) == [(46, 46), (22, 22), (10, 10)]


def test_the_deep_network_has_the_sizes_of_the_paper():
    network = build("deep_saliency", device="meta")
    assert sizes_of(network, {"MaxPool2d"}, 480, 640) == [(120, 160), (60, 80)]
    network = build("deep_saliency", device="meta")
    # four rows more than four times as many; two on each side are cut off
    assert sizes_of(network, {"BilinearUpsampling"}, 240, 320) == [(244, 324)]


@pytest.mark.parametrize("size", [(1, 1), (4, 5), (30, 41), (52, 48)])
def test_at_its_own_size_the_deep_network_needs_no_resizing(size, monkeypatch):
    monkeypatch.setattr(F, "interpolate", None)
    network = build("deep_saliency", width=1 / 64, resize=False).eval()
    assert network(picture(1, 3, *size)).shape == (1, 1, *size)


@torch.no_grad()
def test_at_240_by_320_both_ways_of_the_deep_network_agree():
    resized, own = (build("deep_saliency", width=1 / 64, resize=flag).eval() for flag in (True, False))
    image = picture(1, 3, 240, 320)
    torch.testing.assert_close(resized(image), own(image))


@torch.no_grad()
def test_maxout_takes_the_larger_of_each_pair():
    network = build("shallow_saliency", width=1 / 768).eval()
    assert network.hidden.out_features == 6
    network.hidden.weight.zero_()
    network.hidden.bias.copy_(torch.tensor([1.0, 2.0, 9.0, 3.0, -5.0, -4.0]))
    given = []
    network.output.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    network(picture(1, 3, 96, 96))
    assert given[0].tolist() == [[2, 9, -4]]


@torch.no_grad()
def test_a_pair_of_the_shallow_map_is_a_pixel_of_a_picture_of_48():
    network = build("shallow_saliency", width=1 / 64).eval()
    network.output.weight.zero_()
    network.output.bias.copy_(torch.arange(48.0 * 48))
    assert torch.equal(network(picture(1, 3, 48, 48)), torch.arange(48.0 * 48).reshape(1, 1, 48, 48))


def test_start_values_are_glorots_hes_and_bilinear():
    shallow, deep = build("shallow_saliency", width=1 / 2), build("deep_saliency", width=1 / 4)
    # sqrt(2 / (1152 + 2304)); the fan of 32 x 9 channels and taps in, as many out
    assert shallow.output.weight.std().item() == pytest.approx((2 / (1152 + 2304)) ** 0.5, rel=0.01)
    assert shallow.features[6].weight.std().item() == pytest.approx((1 / 288) ** 0.5, rel=0.03)
    # 128 channels of 5 x 5
    assert deep.features[11].weight.std().item() == pytest.approx((2 / (128 * 25)) ** 0.5, rel=0.02)
    assert torch.equal(deep.upsampling.weight[0, 0], bilinear_kernel(8))


def test_response_normalization_is_torchs():
    image = 100 * picture(2, 7, 4, 3)
    torch.testing.assert_close(LocalResponseNorm()(image), F.local_response_norm(image, 5, 1e-4, 0.75, 1.0))
