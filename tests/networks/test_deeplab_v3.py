"""DeepLab v3 and v3+: output strides, rates, one picture a batch, start values."""

import pytest
import torch
from torch import nn

from segcli.errors import SettingError
from segcli.networks.registry import build

FORMS = ["deeplab_v3", "deeplab_v3_plus"]


def network(form="deeplab_v3", **options):
    return build(f"{form}_resnet50", **{"width": 1 / 16, "classes": 2, **options}).eval()


@torch.no_grad()
@pytest.mark.parametrize(
    ("output_stride", "side", "cells"), [(16, 513, 33), (8, 513, 65), (16, 512, 32), (8, 512, 64), (16, 1, 1)]
)
def test_a_side_gives_its_part_rounded_up(output_stride, side, cells):
    made = network(width=1 / 64, output_stride=output_stride)
    assert made.scores(torch.rand(1, 3, side, 17)).shape == (1, 2, cells, 1 + 16 // output_stride)


@torch.no_grad()
@pytest.mark.parametrize("output_stride", [16, 8])
def test_v3_plus_scores_a_quarter_of_the_picture(output_stride):
    made = network("deeplab_v3_plus", output_stride=output_stride)
    assert made.scores(torch.rand(1, 3, 65, 97)).shape == (1, 2, 17, 25)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("output_stride", "last", "pyramid"), [(16, 2, [6, 12, 18]), (8, 4, [12, 24, 36])])
def test_rates_double_at_stride_8_and_the_grid_multiplies_the_last_stage_s(form, output_stride, last, pyramid):
    made = network(form, output_stride=output_stride)
    assert [unit.conv2.dilation[0] for unit in made.backbone.layer4] == [last, 2 * last, 4 * last]
    assert [branch[0].dilation[0] for branch in made.pyramid.convs[1:4]] == pyramid


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_weights_learned_at_stride_16_load_at_stride_8(form):
    coarse, fine = network(form, seed=1), network(form, output_stride=8, seed=2)
    fine.load_state_dict(coarse.state_dict())
    assert fine(torch.rand(1, 3, 33, 33)).isfinite().all()


@torch.no_grad()
@pytest.mark.parametrize(("form", "stride"), [("deeplab_v3", 16), ("deeplab_v3_plus", 4)])
def test_cell_i_answers_for_pixel_stride_times_i(form, stride):
    made, image = network(form), torch.rand(1, 3, 33, 49)
    torch.testing.assert_close(made(image)[..., ::stride, ::stride], made.scores(image))


@pytest.mark.parametrize("form", FORMS)
def test_one_picture_can_train_alone(form):
    made = network(form).train()
    logits = made(torch.rand(1, 3, 33, 33))
    logits.square().mean().backward()
    assert logits.isfinite().all()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in made.parameters())
    pooled = made.pyramid.convs[4][2]
    assert float(pooled.running_mean.abs().max()) == 0, "one value a channel is no statistic"
    made(torch.rand(2, 3, 33, 33))
    assert float(pooled.running_mean.abs().max()) > 0


def test_v3_plus_joins_48_fine_channels_with_256():
    made = build("deeplab_v3_plus_resnet101", device="meta")
    assert made.reduce[0].out_channels == 48
    assert made.decoder[0].in_channels == 304
    assert [layer.out_channels for layer in made.decoder if isinstance(layer, nn.Conv2d)] == [256, 256]


@torch.no_grad()
@pytest.mark.parametrize("form", FORMS)
def test_heads_start_by_their_fan_in_and_the_last_layer_small(form):
    made = network(form, width=1 / 2, classes=21)
    assert float(made.classifier.weight.std()) == pytest.approx(0.01, rel=0.1)
    for layer in (made.pyramid.convs[1][0], made.pyramid.project[0]):
        assert float(layer.weight.std()) == pytest.approx((2 / layer.weight[0].numel()) ** 0.5, rel=0.05)
    assert float(made.classifier.bias.abs().max()) == 0


@pytest.mark.parametrize("form", FORMS)
def test_frozen_normalizations_stay_in_evaluation(form):
    made = network(form, freeze_batch_norm=True).train()
    norms = [layer for layer in made.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert made.training
    assert not any(layer.training for layer in norms)
    assert not any(parameter.requires_grad for layer in norms for parameter in layer.parameters())


@pytest.mark.parametrize("form", FORMS)
def test_a_public_resnet_fills_the_whole_backbone(form):
    made = network(form)
    missing, unexpected = made.load_state_dict(
        made.from_public(build("resnet50", width=1 / 16).state_dict()), strict=False
    )
    assert not [name for name in missing if name.startswith("backbone.")]
    assert not unexpected


@pytest.mark.parametrize("form", FORMS)
def test_stride_32_is_refused(form):
    with pytest.raises(SettingError, match="is 32; it must be one of 16, 8"):
        network(form, output_stride=32)
