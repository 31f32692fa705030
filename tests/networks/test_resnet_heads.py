"""torchvision's FCN and DeepLab v3: counts, names, the auxiliary head."""

import pytest
import torch
from tools.receptive import receptive_field

from segcli.networks.registry import build, find_architecture

COUNTS = {
    "fcn_resnet50": (32_957_013, 35_322_218),
    "fcn_resnet101": (51_949_141, 54_314_346),
    "deeplabv3_resnet50": (39_638_869, 42_004_074),
    "deeplabv3_resnet101": (58_630_997, 60_996_202),
}


def network(name, **options):
    return build(name, **{"width": 1 / 16, "classes": 2, **options}).eval()


@pytest.mark.parametrize("aux", [False, True])
@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_torchvision_s_with_and_without_the_auxiliary_head(name, aux):
    made = build(name, aux=aux, device="meta")
    assert sum(parameter.numel() for parameter in made.parameters()) == COUNTS[name][aux]


def heads(name):
    """Names of weights outside of the backbone, without their last part."""
    names = build(name, aux=True, device="meta").state_dict()
    return {each.rpartition(".")[0] for each in names if not each.startswith("backbone.")}


def test_names_are_torchvision_s():
    auxiliary = {f"aux_classifier.{number}" for number in (0, 1, 4)}
    assert heads("fcn_resnet50") == auxiliary | {f"classifier.{number}" for number in (0, 1, 4)}
    branches = {f"classifier.0.convs.{branch}.{number}" for branch in range(4) for number in (0, 1)}
    pooled = {f"classifier.0.convs.4.{number}" for number in (1, 2)}
    joined = {f"classifier.0.project.{number}" for number in (0, 1)}
    last = {f"classifier.{number}" for number in (1, 2, 4)}
    assert heads("deeplabv3_resnet50") == auxiliary | branches | pooled | joined | last


def test_the_backbone_has_the_names_of_the_resnet():
    expected = {f"backbone.{name}" for name in build("resnet50", device="meta").state_dict() if "fc." not in name}
    given = build("fcn_resnet50", device="meta").state_dict()
    assert {name for name in given if name.startswith("backbone.")} == expected


@torch.no_grad()
def test_the_auxiliary_head_looks_at_the_third_stage():
    made, image = network("fcn_resnet50", aux=True), torch.rand(1, 3, 32, 40)
    side = made.side_outputs(image)
    assert list(side) == ["main", "aux"]
    assert torch.equal(side["main"], made(image))
    assert side["aux"].shape == (1, 2, 32, 40)
    assert made.aux_classifier[0].in_channels == made.backbone.channels[2]
    for parameter in made.backbone.layer4.parameters():
        parameter.zero_()
    assert torch.equal(made.side_outputs(image)["aux"], side["aux"])
    assert not torch.equal(made(image), side["main"])


def test_without_it_there_is_one_output():
    assert list(network("fcn_resnet50").side_outputs(torch.rand(1, 3, 8, 8))) == ["main"]


@torch.no_grad()
@pytest.mark.parametrize(("side", "cells"), [(512, 64), (513, 65), (1, 1)])
def test_the_stride_is_8(side, cells):
    made = network("deeplabv3_resnet50", width=1 / 64)
    assert made.classifier(made.backbone(torch.rand(1, 3, side, 8))).shape == (1, 2, cells, 1)


@pytest.mark.parametrize("name", ["fcn_resnet50", "fcn_resnet101"])
def test_the_receptive_field_is_the_row_s(name):
    made = network(name, width=1 / 64)
    assert receptive_field(made, 1601) == find_architecture(name).receptive_field


@pytest.mark.parametrize("name", ["fcn_resnet50", "deeplabv3_resnet50"])
def test_one_picture_can_train_alone(name):
    made = network(name).train()
    made(torch.rand(1, 3, 33, 33)).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in made.parameters())


def test_public_weights_load_of_the_backbone_or_of_the_whole():
    made = network("fcn_resnet50")
    backbone = made.from_public(build("resnet50", width=1 / 16).state_dict())
    assert all(name.startswith("classifier.") for name in made.load_state_dict(backbone, strict=False).missing_keys)
    made.load_state_dict(made.from_public(network("fcn_resnet50", seed=1).state_dict()))
