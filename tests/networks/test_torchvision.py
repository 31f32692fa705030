"""The same names, shapes and outputs as torchvision's networks, with the same weights."""

import pytest
import torch
from tools.peers import torchvision_models, torchvision_network

from segcli.networks.registry import ARCHITECTURES, build

torchvision_models()  # or skip this module
ROWS = {row.name for row in ARCHITECTURES}
INCEPTIONS = ("googlenet", "inception_v3")
BACKBONES = {
    "alexnet": 224,
    "vgg16": 96,
    "vgg16_bn": 96,
    "vgg19": 96,
    "vgg19_bn": 96,
    "googlenet": 131,
    "inception_v3": 299,
    "resnet18": 97,
    "resnet34": 97,
    "resnet50": 97,
    "resnet101": 97,
    "resnet152": 97,
    "densenet121": 97,
    "densenet161": 97,
    "densenet169": 97,
    "densenet201": 97,
}
SEGMENTATION = ("fcn_resnet50", "fcn_resnet101", "deeplabv3_resnet50", "deeplabv3_resnet101")


def stirred(network):
    """Weights with which the picture reaches the end, statistics that are not 0 and 1: neither hides a mistake."""
    generator = torch.Generator().manual_seed(1)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, generator=generator)
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1, generator=generator)
            layer.running_var.uniform_(0.5, 1.5, generator=generator)
    return network


def close(made, expected):
    """Two pictures that differ, each equal to 1e-5 of the largest value, whatever the scale of untrained logits is."""
    largest = float(expected.abs().max())
    assert float((expected[0] - expected[1]).abs().max()) > 0.001 * largest
    torch.testing.assert_close(made / largest, expected / largest, rtol=0, atol=1e-5)


def pictures(*size):
    noise = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(2))
    return noise * torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)


@pytest.mark.parametrize("name", BACKBONES)
def test_names_and_shapes_are_torchvision_network(name):
    options = {"aux": True} if name in INCEPTIONS else {}
    ours = build(name, device="meta", **options).state_dict()
    expected = torchvision_network(name, "meta").state_dict()
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in expected.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
@torch.no_grad()
def test_the_same_weights_give_the_same_logits(name):
    reference = stirred(torchvision_network(name)).eval()
    network = build(name, **({"aux": True} if name in INCEPTIONS else {})).eval()
    network.load_state_dict(reference.state_dict())
    images = pictures(BACKBONES[name], BACKBONES[name] + 12)
    close(network(images), reference(images))


@pytest.mark.slow
@pytest.mark.parametrize("name", INCEPTIONS)
@torch.no_grad()
def test_the_classifiers_in_the_middle_are_torchvision_network(name):
    side = {"googlenet": 224, "inception_v3": 299}[name]
    reference, network = stirred(torchvision_network(name)), build(name, aux=True)
    network.load_state_dict(reference.state_dict())
    for model in (reference, network):
        model.train()
        for layer in model.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0
    images = pictures(side, side)
    expected, made = reference(images), network.side_outputs(images)
    close(made["main"], expected.logits)
    pairs = {"aux": "aux_logits"} if name == "inception_v3" else {"aux1": "aux_logits1", "aux2": "aux_logits2"}
    for ours, of_theirs in pairs.items():
        close(made[ours], getattr(expected, of_theirs))


@pytest.mark.slow
@pytest.mark.parametrize("name", INCEPTIONS)
@torch.no_grad()
def test_inputs_are_taken_to_the_range_of_the_public_weights(name):
    reference = stirred(torchvision_network(name, transform_input=True)).eval()
    network = build(name, aux=True, transform_input=True).eval()
    network.load_state_dict(reference.state_dict())
    images = pictures(107, 131)
    close(network(images), reference(images))


@pytest.mark.slow
@pytest.mark.parametrize("rate", [(False, False, True), (False, True, True)], ids=["16", "8"])
@torch.no_grad()
def test_dilated_trunks_are_torchvision_network(rate):
    reference = stirred(torchvision_network("resnet50", replace_stride_with_dilation=rate)).eval()
    network = build("resnet50", output_stride=8 if rate[1] else 16, dilate_first=False).eval()
    network.load_state_dict(reference.state_dict())
    images = pictures(97, 65)
    close(network(images), reference(images))


@pytest.mark.parametrize("name", SEGMENTATION)
def test_names_and_shapes_of_segmentation_networks_are_torchvision_network(name):
    if name not in ROWS:
        pytest.skip(f"there is no row {name}")
    ours = build(name, device="meta").state_dict()
    expected = torchvision_network(name, "meta").state_dict()
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in expected.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", SEGMENTATION)
@torch.no_grad()
def test_segmentation_networks_give_the_same_logits(name):
    if name not in ROWS:
        pytest.skip(f"there is no row {name}")
    reference = stirred(torchvision_network(name)).eval()
    network = build(name).eval()
    network.load_state_dict(reference.state_dict())
    images = pictures(97, 131)
    close(network(images), reference(images)["out"])
