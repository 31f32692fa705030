"""GoogLeNet: counts with side classifiers, the two layouts, the range of its inputs."""

import pytest
import torch

from segcli.errors import SettingError
from segcli.networks.blocks import InputRange
from segcli.networks.registry import build

SMALL = {"classes": 2, "width": 1 / 16}


def test_two_side_classifiers_are_counted_exactly():
    network = build("googlenet", aux=True, device="meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == 13_004_888


@pytest.mark.parametrize("name", ["googlenet", "googlenet_paper"])
@torch.no_grad()
def test_side_outputs_are_one_tensor_a_classifier(name):
    network = build(name, aux=True, **SMALL).eval()
    images = torch.rand(2, 3, 40, 33, generator=torch.Generator().manual_seed(0))
    made = network.side_outputs(images)
    assert {key: logits.shape for key, logits in made.items()} == dict.fromkeys(("main", "aux1", "aux2"), (2, 2))
    assert torch.equal(made["main"], network(images))
    assert list(build(name, **SMALL).side_outputs(images)) == ["main"]


@pytest.mark.parametrize("name", ["googlenet", "googlenet_paper"])
def test_every_parameter_of_the_side_classifiers_gets_a_gradient(name):
    network = build(name, aux=True, **SMALL)
    sum(logits.sum() for logits in network.side_outputs(torch.rand(2, 3, 64, 32)).values()).backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.parameters())


def test_a_5_by_5_convolution_is_one_in_the_paper_alone():
    kernels = {
        name: build(name, **SMALL).inception4c.branch3[1].conv.kernel_size for name in ("googlenet", "googlenet_paper")
    }
    assert kernels == {"googlenet": (3, 3), "googlenet_paper": (5, 5)}
    assert all("bn" not in name for name, _ in build("googlenet_paper", **SMALL).named_parameters())


@pytest.mark.parametrize("name", ["googlenet", "googlenet_paper"])
@torch.no_grad()
def test_224_pixels_end_as_7_by_7_and_pass_the_sides_at_14(name):
    network = build(name, **SMALL).eval()
    maps = network._maps(torch.zeros(1, 3, 224, 224))
    assert [maps[module].shape[-1] for module in ("3b", "4a", "4d", "5b")] == [28, 14, 14, 7]
    assert network.features(torch.zeros(1, 3, 224, 224)).shape[-2:] == (7, 7)


@torch.no_grad()
def test_black_is_minus_1_and_white_1_where_the_public_weights_want_it_so():
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    colors = torch.stack([-mean / deviation, (1 - mean) / deviation], 1).reshape(1, 3, 1, 2)
    made = InputRange(3)(colors)
    torch.testing.assert_close(made, torch.tensor([-1.0, 1.0]).expand(1, 3, 1, 2))


def test_another_range_is_for_color_alone():
    with pytest.raises(SettingError, match="transform_input is for 3 channels"):
        build("googlenet", in_channels=1, transform_input=True, width=1 / 16)
    network = build("googlenet", transform_input=True, **SMALL)
    assert network.state_dict().keys() == build("googlenet", **SMALL).state_dict().keys()


def test_an_unknown_layout_is_refused_with_the_known_ones():
    with pytest.raises(SettingError, match="layout is 'caffe'; it must be one of torchvision, paper"):
        build("googlenet", layout="caffe", **SMALL)
