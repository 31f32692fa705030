"""Stacked U-Nets: counts, sizes, dilation in place of poolings."""

import pytest
import torch
from torch import nn

from segcli.errors import SettingError
from segcli.networks.registry import build
from segcli.networks.stacked_unets import SmallUNet, Up


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "classifier", "segmenter"),
    [
        ("sunet64", 6910248, 5906773),
        ("sunet128", 24704360, 22698389),
        ("sunet7_128", 39113832, 36857237),
    ],
)
def test_parameters_are_counted_exactly(name, classifier, segmenter):
    assert parameters(build(f"{name}_classifier", classes=1000, device="meta")) == classifier
    assert parameters(build(name, classes=21, device="meta")) == segmenter


def test_the_degridding_head_has_two_more_convolutions():
    plain, smooth = (build("sunet64", degridding=flag, device="meta") for flag in (False, True))
    kernels = [layer for layer in smooth.head.modules() if isinstance(layer, nn.Conv2d)]
    assert [(layer.kernel_size[0], layer.dilation[0], layer.out_channels) for layer in kernels] == [
        (3, 2, 512),
        (3, 1, 512),
        (1, 1, 21),
    ]
    more = 9 * 1024 * 512 + 512 + 9 * 512 * 512 + 512 + 2 * 2 * 512 + 512 * 21 - 1024 * 21
    assert parameters(smooth) - parameters(plain) == more


def modules(network):
    return [layer for layer in network.features if isinstance(layer, SmallUNet)]


def test_stages_have_their_numbers_of_unets_and_channels():
    found = modules(build("sunet7-128", device="meta"))
    outs = [module.leave[-1].out_channels for module in found]
    assert outs == 2 * [512] + 7 * [1280] + 7 * [2048] + [2304]
    assert [len(module.down) for module in found] == 16 * [2] + [1]
    assert [module.shortcut is not None for module in found] == [True, False, *([True, *[False] * 6] * 2), True]


@torch.no_grad()
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_features_have_the_output_stride_asked_for(output_stride):
    network = build("sunet64", width=1 / 16, output_stride=output_stride).eval()
    assert network.features(rand(1, 3, 64, 128)).shape[-2:] == (64 // output_stride, 128 // output_stride)
    assert network(rand(1, 3, 64, 128)).shape == (1, 21, 64, 128)


def test_dilation_doubles_with_each_step_and_stage_after_the_last_pooling():
    found = modules(build("sunet64", output_stride=8, device="meta"))
    rates = [
        [(down[1].stride[0], down[1].dilation[0], down[3].dilation[0]) for down in found[place].down]
        for place in (2, 6, 10)
    ]
    assert rates == [[(2, 1, 1), (2, 1, 1)], [(1, 2, 4), (1, 4, 8)], [(1, 4, 8)]]
    ways = [(up.raised.stride[0], up.raised.dilation[0], up.body[1].dilation[0]) for up in found[6].up]
    assert ways == [(1, 4, 2), (1, 8, 4)]  # the way down in reverse


def test_weights_fit_every_output_stride():
    weights = build("sunet64", width=1 / 16, output_stride=32).state_dict()
    build("sunet64", width=1 / 16, output_stride=8).load_state_dict(weights)


@torch.no_grad()
@pytest.mark.parametrize("size", [(5, 5), (7, 4), (1, 1)])
def test_a_way_up_returns_to_the_size_before_the_way_down(size):
    for steps in (1, 2):
        module = SmallUNet(6, 8, 4, steps, 0).eval()
        assert module(rand(2, 6, *size)).shape == (2, 8, *size)


@torch.no_grad()
def test_a_small_unet_adds_to_what_came_in():
    module = SmallUNet(8, 8, 4, 2, 0).eval()
    nn.init.zeros_(module.leave[-1].weight)
    nn.init.zeros_(module.leave[-1].bias)
    images = rand(1, 8, 6, 6)
    assert torch.equal(module(images), images)
    assert module.shortcut is None


@torch.no_grad()
def test_the_inner_way_up_is_joined_with_what_went_down_there():
    module, seen = SmallUNet(6, 8, 4, 2, 0).eval(), {}
    module.down[0].register_forward_hook(lambda layer, given, made: seen.update(down=made))
    module.up[1].register_forward_hook(lambda layer, given, made: seen.update(up=made))
    module.up[0].register_forward_pre_hook(lambda layer, given: seen.update(joined=given[0]))
    module(rand(1, 6, 8, 8))
    assert torch.equal(seen["joined"], torch.cat([seen["up"], seen["down"]], 1))
    assert isinstance(module.up[0], Up)


def test_start_values_are_he_normal_by_fan_out():
    network = build("sunet64_classifier")
    weight = modules(network)[2].down[0][1].weight.detach()  # 64 channels, 3 x 3; the stride does not count
    assert float(weight.std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert not any(parameter.any() for name, parameter in network.named_parameters() if name.endswith("bias"))


def test_wrong_settings_are_refused():
    with pytest.raises(SettingError, match="output_stride is 4; it must be 8, 16 or 32"):
        build("sunet64", output_stride=4)
    with pytest.raises(SettingError, match="variant is '256'; it must be one of 64, 128, 7-128"):
        build("sunet64", variant="256")
