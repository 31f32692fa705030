"""DeepLab v2: summed branches, several scales, frozen normalizations, public weights."""

import pytest
import torch
from tools.receptive import receptive_field

from segcli.networks.registry import build, find_architecture

BACKBONES = ["vgg16", "resnet101"]


def network(backbone="resnet101", **options):
    return build(f"deeplab_v2_{backbone}", **{"width": 1 / 16, "classes": 2, **options}).eval()


@torch.no_grad()
@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize(("side", "cells"), [(321, 41), (513, 65), (1, 1)])
def test_a_side_gives_an_eighth_of_it_rounded_up(backbone, side, cells):
    assert network(backbone, width=1 / 64).scores(torch.rand(1, 3, 9, side)).shape == (1, 2, 2, cells)


@torch.no_grad()
@pytest.mark.parametrize("backbone", BACKBONES)
def test_scores_are_the_sum_of_the_four_branches(backbone):
    made, image = network(backbone), torch.rand(1, 3, 33, 33)
    features = made.backbone(image)
    torch.testing.assert_close(made.scores(image), sum(branch(features) for branch in made.branches))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_branches_have_rates_of_6_12_18_24_and_keep_the_size(backbone):
    branches = network(backbone).branches
    layers = [branch[0] if backbone == "vgg16" else branch for branch in branches]
    assert [layer.dilation[0] for layer in layers] == [layer.padding[0] for layer in layers] == [6, 12, 18, 24]


def test_the_resnet_halves_in_1_x_1_and_dilates_whole_stages():
    trunk = build("deeplab_v2_resnet101", device="meta").backbone
    assert trunk.layer2[0].conv1.stride == (2, 2)
    assert {unit.conv2.dilation for unit in trunk.layer3} == {(2, 2)}
    assert {unit.conv2.dilation for unit in trunk.layer4} == {(4, 4)}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_receptive_field_is_the_row_s(backbone):
    made = network(backbone, width=1 / 64)
    assert receptive_field(made, 2001) == find_architecture(f"deeplab_v2_{backbone}").receptive_field


@torch.no_grad()
@pytest.mark.parametrize("backbone", BACKBONES)
def test_class_layers_start_small(backbone):
    for branch in network(backbone, width=1 / 4).branches:
        layer = branch[6] if backbone == "vgg16" else branch
        assert float(layer.weight.std()) == pytest.approx(0.01, rel=0.1)
        assert float(layer.bias.abs().max()) == 0


@torch.no_grad()
def test_several_scales_are_fused_by_the_largest_logit_of_each_cell():
    made, plain = network(multi_scale=True), network()
    image = torch.rand(1, 3, 33, 65)
    sides = made.side_outputs(image)
    assert list(sides) == ["main", "1", "0.75", "0.5"]
    assert torch.equal(sides["main"], made(image))
    torch.testing.assert_close(sides["1"], plain(image))
    largest = torch.stack([scores[..., ::8, ::8] for name, scores in sides.items() if name != "main"]).amax(0)
    torch.testing.assert_close(sides["main"][..., ::8, ::8], largest)
    assert not torch.equal(largest, sides["1"][..., ::8, ::8])


@torch.no_grad()
def test_the_reduced_picture_keeps_its_corners():
    made = network(multi_scale=True)
    seen = []
    made.backbone.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    image = torch.rand(1, 3, 321, 65)
    made(image)
    assert [tuple(each.shape[-2:]) for each in seen] == [(321, 65), (241, 49), (161, 33)]
    # at half size every second pixel is taken as it is
    torch.testing.assert_close(seen[2], image[..., ::2, ::2])


def test_one_scale_has_one_output():
    assert list(network().side_outputs(torch.rand(1, 3, 9, 9))) == ["main"]


def test_frozen_normalizations_stay_in_evaluation_and_out_of_training():
    made = network(freeze_batch_norm=True).train()
    before = made.backbone.bn1.running_mean.clone()
    made(torch.rand(2, 3, 33, 33)).sum().backward()
    assert torch.equal(made.backbone.bn1.running_mean, before)
    assert made.branches[0].training
    learned = [name for name, parameter in made.named_parameters() if parameter.requires_grad]
    assert not [name for name in learned if ".bn" in name or "downsample.1" in name]
    assert "backbone.layer4.2.conv3.weight" in learned


@pytest.mark.parametrize(("frozen", "count"), [(False, 44_048_532), (True, 44_048_532 - 105_344)])
def test_frozen_normalizations_are_not_counted(frozen, count):
    made = build("deeplab_v2_resnet101", freeze_batch_norm=frozen, device="meta")
    assert sum(parameter.numel() for parameter in made.parameters() if parameter.requires_grad) == count


def test_a_public_resnet_fills_the_whole_backbone():
    made = network()
    given = made.from_public(build("resnet101", width=1 / 16).state_dict())
    missing, unexpected = made.load_state_dict(given, strict=False)
    assert all(name.startswith("branches.") for name in missing)
    assert not unexpected


@torch.no_grad()
def test_a_public_vgg_fills_the_features_and_all_branches_alike():
    made = network("vgg16")
    given = made.from_public(build("vgg16", width=1 / 16).state_dict())
    missing, unexpected = made.load_state_dict(given, strict=False)
    assert missing == [f"branches.{branch}.6.{each}" for branch in range(4) for each in ("weight", "bias")]
    assert not unexpected
    assert made.branches[0][0].weight.shape == (64, 32, 3, 3)
    assert all(torch.equal(branch[0].weight, made.branches[0][0].weight) for branch in made.branches)
