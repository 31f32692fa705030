"""RefineNet: cascades, sizes, start values."""

import pytest
import torch
from tools.receptive import receptive_field

from segcli.networks.blocks import ChainedResidualPooling, ResidualUnit
from segcli.networks.registry import build, find_architecture


def network(depth=50, **options):
    return build(f"refinenet{depth}", **{"width": 1 / 16, "classes": 2, **options}).eval()


@torch.no_grad()
@pytest.mark.parametrize(("side", "cells"), [(321, 81), (320, 80), (33, 9), (1, 1)])
def test_scores_are_a_quarter_of_the_picture(side, cells):
    assert network().scores(torch.rand(1, 3, side, 65)).shape == (1, 2, cells, 17)


@torch.no_grad()
def test_cell_i_answers_for_pixel_4_i():
    made, image = network(), torch.rand(1, 3, 33, 65)
    torch.testing.assert_close(made(image)[..., ::4, ::4], made.scores(image))


def test_cascades_go_from_512_channels_to_256_with_five_units_each():
    made = build("refinenet101", device="meta")
    assert [cascade.reduce.in_channels for cascade in made.cascades] == [2048, 1024, 512, 256]
    assert [cascade.reduce.out_channels for cascade in made.cascades] == [512, 256, 256, 256]
    for cascade in made.cascades:
        assert sum(isinstance(layer, ResidualUnit) for layer in cascade.modules()) == 5
        assert [len(layer.convs) for layer in cascade.modules() if isinstance(layer, ChainedResidualPooling)] == [4]
    assert len(made.cascades[0].fuse) == 0
    assert [layer.in_channels for layer in made.cascades[1].fuse] == [256, 512]


def test_links_of_the_chain_are_an_option():
    four, two = (build("refinenet50", pooling_stages=stages, device="meta") for stages in (4, 2))
    counts = [sum(parameter.numel() for parameter in made.parameters()) for made in (four, two)]
    assert counts[0] - counts[1] == 2 * 9 * (512**2 + 3 * 256**2)


@torch.no_grad()
def test_every_stage_of_the_backbone_is_refined():
    made, image = network(), torch.rand(1, 3, 65, 65)
    before = made.scores(image)
    for stage in (1, 2, 3, 4):
        other = network()
        other.cascades[4 - stage].reduce.weight.zero_()
        assert not torch.allclose(other.scores(image), before, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("depth", "side"), [(50, 4001), (101, 5001), (152, 5601)])
def test_the_receptive_field_is_the_row_s(depth, side):
    made = network(depth, width=1 / 64)
    assert receptive_field(made, side, places=32) == find_architecture(f"refinenet{depth}").receptive_field


@torch.no_grad()
def test_layers_outside_of_the_backbone_start_as_a_narrow_gaussian():
    made = network(width=1 / 4)
    for layer in (made.cascades[0].reduce, made.cascades[3].refine[0].conv1, made.classifier):
        assert float(layer.weight.std()) == pytest.approx(0.01, rel=0.1)


def test_one_picture_can_train_alone():
    made = network().train()
    made(torch.rand(1, 3, 65, 65)).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in made.parameters())


def test_a_public_resnet_fills_the_whole_backbone():
    made = network()
    given = made.from_public(build("resnet50", width=1 / 16).state_dict())
    missing, unexpected = made.load_state_dict(given, strict=False)
    assert not [name for name in missing if name.startswith("backbone.")]
    assert not unexpected
