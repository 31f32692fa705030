"""ResNet: counts without its last layer, sizes, strides and dilations."""

import pytest
import torch
from torch import nn

from segcli.errors import SettingError
from segcli.networks.backbones.resnet import ResNet
from segcli.networks.registry import build

TRUNKS = {18: 11_176_512, 34: 21_284_672, 50: 23_508_032, 101: 42_500_160, 152: 58_143_808}


def trunk(**options):
    torch.manual_seed(0)
    return ResNet(3, None, **{"width": 1 / 16, **options}).eval()


def rates(network, stage):
    """Dilation of each 3 x 3 convolution of a stage."""
    layers = getattr(network, f"layer{stage}").modules()
    return [layer.dilation[0] for layer in layers if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)]


@pytest.mark.parametrize("depth", TRUNKS)
def test_a_trunk_is_the_network_without_its_linear_layer(depth):
    with torch.device("meta"):
        network = ResNet(3, None, depth=depth)
    assert sum(parameter.numel() for parameter in network.parameters()) == TRUNKS[depth]
    assert network.fc is None
    assert network.channels == ((64, 128, 256, 512) if depth < 50 else (256, 512, 1024, 2048))


@pytest.mark.parametrize(
    ("output_stride", "sides"), [(32, [129, 65, 33, 17]), (16, [129, 65, 33, 33]), (8, [129, 65, 65, 65])]
)
@pytest.mark.parametrize("depth", [18, 50])
@torch.no_grad()
def test_four_maps_of_513_pixels_are_rounded_up(depth, output_stride, sides):
    network = trunk(depth=depth, output_stride=output_stride)
    maps = network.stages(torch.zeros(1, 3, 513, 1))
    assert [made.shape[-2] for made in maps] == sides
    assert [made.shape[1] for made in maps] == list(network.channels)


@torch.no_grad()
def test_a_pixel_gives_four_maps_and_the_last_is_the_features():
    network = trunk(depth=18)
    maps = network.stages(torch.ones(1, 3, 1, 1))
    assert [made.shape[-2:] for made in maps] == [(1, 1)] * 4
    assert torch.equal(network.features(torch.ones(1, 3, 1, 1)), maps[-1])
    assert torch.equal(network(torch.ones(1, 3, 1, 1)), maps[-1])


@pytest.mark.parametrize(
    "options",
    [
        {"depth": 18, "dilate_first": False},
        {"depth": 50, "dilate_first": False},
        {"depth": 50, "stride_on": "1x1", "dilate_first": True},
    ],
)
@torch.no_grad()
def test_dilation_computes_what_strides_leave_out(options):
    # Every fourth row and column of the dilated map has seen exactly the taps of the strided one.
    image = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    strided, dilated = trunk(**options), trunk(**options, output_stride=8)
    dilated.load_state_dict(strided.state_dict())
    torch.testing.assert_close(dilated.features(image)[..., ::4, ::4], strided.features(image), rtol=1e-4, atol=1e-4)


def test_the_last_stages_are_dilated_by_2_and_4():
    network = trunk(output_stride=8)
    assert [rates(network, stage) for stage in (2, 3, 4)] == [[1] * 4, [2] * 6, [4] * 3]
    assert rates(trunk(output_stride=16), 4) == [2, 2, 2]


def test_the_first_unit_can_stay_at_the_dilation_before_it():
    network = trunk(output_stride=8, dilate_first=False)
    assert [rates(network, stage) for stage in (3, 4)] == [[1] + [2] * 5, [2, 4, 4]]
    assert rates(trunk(output_stride=16, dilate_first=False), 4) == [1, 2, 2]


def test_a_multi_grid_multiplies_the_last_stage_alone():
    assert rates(trunk(output_stride=16, multi_grid=(1, 2, 4)), 4) == [2, 4, 8]
    network = trunk(output_stride=8, multi_grid=(1, 2, 4))
    assert (rates(network, 3), rates(network, 4)) == ([2] * 6, [4, 8, 16])


@pytest.mark.parametrize(("stride_on", "strides"), [("1x1", [2, 1, 1]), ("3x3", [1, 2, 1])])
def test_the_paper_strides_on_the_first_convolution_and_torchvision_on_the_second(stride_on, strides):
    unit = trunk(stride_on=stride_on).layer2[0]
    assert [layer.stride[0] for layer in (unit.conv1, unit.conv2, unit.conv3)] == strides
    assert unit.downsample[0].stride == (2, 2)


@torch.no_grad()
def test_convolutions_begin_as_in_torchvision():
    # He et al. with the fan out: 64 channels of 7 x 7, whatever the stride.
    network = build("resnet18", classes=2)
    assert abs(float(network.conv1.weight.std()) / (2 / (64 * 49)) ** 0.5 - 1) < 0.03
    assert float(network.fc.weight.abs().max()) <= 512**-0.5
    assert float(network.fc.bias.abs().max()) > 0


@pytest.mark.parametrize("options", [{"depth": 51}, {"output_stride": 4}, {"stride_on": "7x7"}])
def test_an_unknown_choice_is_refused_with_the_known_ones(options):
    with pytest.raises(SettingError, match="it must be one of"):
        trunk(**options)
