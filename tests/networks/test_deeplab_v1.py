"""DeepLab v1: heads, sizes, alignment, start values, weights of a public VGG16."""

import pytest
import torch
from tools.receptive import receptive_field

from segcli.errors import SettingError
from segcli.networks.registry import build, find_architecture


def network(**options):
    return build("deeplab_v1", **{"width": 1 / 16, "classes": 2, **options}).eval()


@pytest.mark.parametrize(("head", "count"), [("7x7", 134_346_581), ("4x4", 65_140_565), ("large_fov", 20_505_429)])
def test_heads_have_the_paper_s_parameters(head, count):
    made = build("deeplab_v1", head=head, device="meta")
    assert sum(parameter.numel() for parameter in made.parameters()) == count


@torch.no_grad()
@pytest.mark.parametrize("head", ["7x7", "4x4", "large_fov"])
@pytest.mark.parametrize(("side", "cells"), [(321, 41), (513, 65), (320, 40), (1, 1)])
def test_a_side_gives_an_eighth_of_it_rounded_up(head, side, cells):
    assert network(head=head, width=1 / 64).scores(torch.rand(1, 3, side, 9)).shape == (1, 2, cells, 2)


@torch.no_grad()
def test_cell_i_answers_for_pixel_8_i():
    made, image = network(), torch.rand(1, 3, 17, 33)
    torch.testing.assert_close(made(image)[..., ::8, ::8], made.scores(image))


@torch.no_grad()
def test_a_mirrored_picture_gives_the_mirrored_answer():
    # only if no layer shifts: kernels made symmetric, sides of 8 k + 1 pixels
    made, image = network(), torch.rand(1, 3, 41, 25)
    for parameter in made.parameters():
        if parameter.ndim == 4:
            parameter.copy_((parameter + parameter.flip(-1)) / 2)
    torch.testing.assert_close(made(image.flip(-1)), made(image).flip(-1))


def test_the_receptive_field_is_the_row_s():
    made = network(width=1 / 64)
    # features 227, their mean 16, 24 cells of the taps, all 8 pixels apart
    assert receptive_field(made, 801, outputs=made.scores) == 227 + 16 + 24 * 8
    # a pixel between two cells sees both
    assert receptive_field(made, 801) == 435 + 8 == find_architecture("deeplab_v1").receptive_field


@torch.no_grad()
def test_the_last_layer_starts_small_and_the_others_by_their_fan_in():
    layers = build("deeplab_v1", width=1 / 4).classifier
    assert float(layers[6].weight.std()) == pytest.approx(0.01, rel=0.05)
    assert float(layers[0].weight.std()) == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    assert all(float(layers[number].bias.abs().max()) == 0 for number in (0, 3, 6))


def public_vgg(classes=10):
    """Weights of few hidden units that say where they come from: row x 100 + tap."""
    state = {name: each for name, each in build("vgg16", width=1 / 16).state_dict().items() if "features" in name}
    rows, channels, taps = torch.arange(256), torch.zeros(32), torch.arange(49)
    first = rows[:, None, None] * 100 + channels[:, None] + taps
    return state | {
        "classifier.0.weight": first.float().flatten(1),
        "classifier.0.bias": rows.float(),
        "classifier.3.weight": rows[:, None] * 1000.0 + rows,
        "classifier.3.bias": rows.float(),
        "classifier.6.weight": torch.zeros(classes, 256),
    }


def test_large_fov_starts_from_a_seeded_draw_of_rows_and_taps_0_3_6():
    made = network()
    state = public_vgg()
    given = made.from_public(state)
    rows = given["classifier.0.bias"].long()
    assert len(set(rows.tolist())) == 64
    expected_taps = [[0, 3, 6], [21, 24, 27], [42, 45, 48]]
    assert given["classifier.0.weight"][:, 5].tolist() == [
        [[row * 100.0 + tap for tap in line] for line in expected_taps] for row in rows.tolist()
    ]
    kept = given["classifier.3.bias"].long()
    assert torch.equal(given["classifier.3.weight"][..., 0, 0].long(), kept[:, None] * 1000 + rows)
    again, other = made.from_public(state), made.from_public(state, seed=1)
    assert torch.equal(given["classifier.0.bias"], again["classifier.0.bias"])
    assert not torch.equal(given["classifier.0.bias"], other["classifier.0.bias"])
    missing, unexpected = made.load_state_dict(given, strict=False)
    assert missing == ["classifier.6.weight", "classifier.6.bias"]
    assert not unexpected


@pytest.mark.parametrize(("head", "taps"), [("4x4", [0, 2, 4, 6]), ("7x7", list(range(7)))])
def test_wide_heads_keep_all_rows_in_their_order(head, taps):
    made = network(head=head)
    given = made.from_public(public_vgg())
    assert given["classifier.0.weight"].shape == (256, 32, len(taps), len(taps))
    assert given["classifier.0.weight"][3, 0, 0].tolist() == [300 + tap for tap in taps]
    assert given["classifier.3.weight"][5, 7, 0, 0] == 5007
    assert made.load_state_dict(given, strict=False).missing_keys == ["classifier.6.weight", "classifier.6.bias"]


def test_weights_without_hidden_layers_fill_the_convolutions():
    state = {name: each for name, each in public_vgg().items() if "features" in name}
    assert network().from_public(state).keys() == state.keys()


def test_an_unknown_head_is_refused_with_those_there_are():
    with pytest.raises(SettingError, match="'5x5'; it must be one of 7x7, 4x4, large_fov"):
        network(head="5x5")
