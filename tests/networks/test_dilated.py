"""DilatedNet: counts, sizes, the identity that the context modules start as, what an output sees."""

import pytest
import torch
from tools.receptive_decoders import receptive_field
from torch import nn

from segcli.errors import InputError, SettingError
from segcli.networks.blocks import BilinearUpsampling
from segcli.networks.dilated import Context, DilatedNet, FrontEnd, dilated_convolutions, identity_start
from segcli.networks.registry import build, find_architecture

PICTURE = torch.rand(2, 6, 70, 40, generator=torch.Generator().manual_seed(0)) - 0.5


def learned(network):
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


@pytest.mark.parametrize(("classes", "expected"), [(11, 134_305_611), (19, 134_338_387), (21, 134_346_581)])
def test_the_front_end_has_the_parameters_of_the_paper(classes, expected):
    with torch.device("meta"):
        assert learned(FrontEnd(3, classes)) == expected
    assert learned(build("dilated_front_end", classes=classes, device="meta")) == expected


@pytest.mark.parametrize(
    ("classes", "layers", "large", "expected"),
    [
        (11, 8, False, 7_832),
        (19, 8, False, 23_256),
        (21, 8, False, 28_392),
        (19, 10, False, 29_792),
        (11, 8, True, 1_867_129),
        (19, 8, True, 5_569_185),
        (21, 8, True, 6_803_139),
    ],
)
def test_context_modules_have_the_parameters_of_the_paper(classes, layers, large, expected):
    with torch.device("meta"):
        assert learned(Context(classes, layers=layers, large=large)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("dilation8", 141_149_720), ("dilation8_camvid", 134_313_443), ("dilation10", 134_368_179)],
)
def test_whole_networks_have_the_parameters_of_the_paper(name, expected):
    assert learned(build(name, device="meta")) == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [(7, [1, 1, 2, 4, 8, 1, 1]), (8, [1, 1, 2, 4, 8, 16, 1, 1]), (10, [1, 1, 2, 4, 8, 16, 32, 64, 1, 1])],
)
def test_dilation_doubles(layers, expected):
    convolutions = [layer for layer in Context(2, layers=layers).modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.dilation[0] for layer in convolutions] == expected
    assert [layer.kernel_size[0] for layer in convolutions] == [3] * (layers - 1) + [1]


def test_the_large_module_widens_to_32_times_the_classes():
    convolutions = [layer for layer in Context(3, large=True).modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [6, 6, 12, 24, 48, 96, 96, 3]
    assert [layer.padding[0] for layer in convolutions] == [33] + [0] * 7


@pytest.mark.parametrize("side", [(500, 16), (628, 32), (900, 66), (1396, 128), (1400, 128)])
def test_the_front_end_takes_186_pixels_away_on_each_side(side):
    with torch.device("meta"):
        scores = FrontEnd(3, 21)(torch.empty(1, 3, side[0], 380))
    assert scores.shape == (1, 21, side[1], 1)


def test_the_front_end_has_no_padding_and_three_poolings():
    network = build("dilated_front_end", device="meta")
    convolutions = [layer for layer in network.front.modules() if isinstance(layer, nn.Conv2d)]
    assert {layer.padding for layer in convolutions} == {(0, 0)}
    assert [layer.dilation[0] for layer in convolutions] == [1] * 10 + [2] * 3 + [4, 1, 1]
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in network.front.features) == 3


@torch.no_grad()
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("layers", [7, 8, 10])
def test_without_noise_a_context_module_hands_on_the_positive_part(layers, large):
    # Scores of 24 bits in numbers of 53: sums of up to 128 shares of them are not rounded.
    context, scores = Context(6, layers=layers, large=large, noise=0).double(), PICTURE[..., :20].double()
    assert torch.equal(context(scores), scores.relu())


@torch.no_grad()
def test_the_noise_is_a_hundredth_of_what_is_handed_on():
    layer = nn.Conv2d(40, 80, 3)
    torch.manual_seed(0)
    identity_start(layer, 20, 0.01)
    # 80 outputs for 20 classes: each gets a quarter of the two inputs of its class.
    center = layer.weight[:, :, 1, 1].clone()
    own = torch.arange(80)[:, None] // 4 == torch.arange(40)[None, :] // 2
    assert center[own].mean().item() == pytest.approx(0.25, abs=0.001)
    layer.weight[:, :, 1, 1] -= 0.25 * own
    assert layer.weight.std().item() == pytest.approx(0.0025, rel=0.02)
    assert not layer.bias.any()


@torch.no_grad()
def test_padding_ahead_differs_near_the_borders_alone():
    rates = (1, 2, 4)
    each, ahead = (dilated_convolutions(6, [6] * 3, rates, pad_ahead=pad_ahead) for pad_ahead in (False, True))
    ahead.load_state_dict(each.state_dict())
    expected, made = each(PICTURE), ahead(PICTURE)
    assert made.shape == expected.shape
    torch.testing.assert_close(made[..., 7:-7, 7:-7], expected[..., 7:-7, 7:-7])
    assert not torch.allclose(made, expected)


@torch.no_grad()
def test_scores_lie_in_the_middle_of_their_squares_of_8_pixels():
    network = build("dilated_front_end", in_channels=1, classes=1, width=1 / 64)
    cells = torch.arange(12.0).expand(1, 1, 12, 12)
    network.front.forward = lambda image: cells
    logits = network(torch.zeros(1, 1, 90, 93))[0, 0]
    assert logits.shape == (90, 93)
    # The middle of cell k, between pixels 8 k + 3 and 8 k + 4, is where the score is k.
    expected = (torch.arange(93) - 3.5) / 8
    torch.testing.assert_close(logits[40, 4:88], expected[4:88])


def test_start_values_of_the_classifier_are_small_and_upsampling_is_fixed():
    network = build("dilated_front_end", width=1 / 4)
    assert network.front.final.weight.std().item() == pytest.approx(0.001, rel=0.02)
    assert isinstance(network.upsampling, BilinearUpsampling)
    assert network.upsampling.weight.shape == (21, 1, 16, 16)
    assert not network.upsampling.weight.requires_grad


def test_public_weights_of_vgg16_fill_the_front_end():
    network = build("dilation8", device="meta")
    state = build("vgg16", device="meta").state_dict()
    missing, unexpected = network.load_state_dict(network.from_public(state), strict=False, assign=True)
    assert not unexpected
    assert [key for key in missing if key.startswith("front")] == ["front.final.weight", "front.final.bias"]


def test_weights_with_normalization_are_refused():
    state = build("vgg16", device="meta", batch_norm=True).state_dict()
    with pytest.raises(InputError, match="give those without"):
        DilatedNet.from_public(state)


def test_wrong_options_are_refused():
    with pytest.raises(SettingError, match="one of none, basic, large"):
        build("dilation8", context="huge")
    with pytest.raises(SettingError, match="at least 4"):
        build("dilation8", layers=3)


@pytest.mark.parametrize(("kernel", "growth", "count"), [(3, 1, 1), (3, 1, 5), (5, 1, 4), (3, 2, 4), (5, 2, 3)])
def test_a_stack_of_growing_dilation_sees_what_the_formula_says(kernel, growth, count, monkeypatch):
    rates = [(growth + 1) ** layer for layer in range(count)]
    network = dilated_convolutions(1, [1] * count, rates, kernel=kernel)
    formula = 1 + (kernel - 1) * ((growth + 1) ** count - 1) // growth
    assert receptive_field(network, 4 * formula, monkeypatch, phases=1) == formula
    assert formula == 2 ** (count + 1) - 1 or (kernel, growth) != (3, 1)


@pytest.mark.parametrize(("layers", "expected"), [(8, 67), (10, 259)])
@pytest.mark.parametrize("large", [False, True])
def test_a_context_module_sees_67_or_259_pixels(layers, large, expected, monkeypatch):
    network = Context(1, layers=layers, large=large, width=1 / 64)
    assert receptive_field(network, 2 * expected + 20, monkeypatch, phases=1) == expected


@pytest.mark.parametrize(
    ("name", "length"),
    [("dilated_front_end", 450), ("dilation8", 1100), ("dilation8_camvid", 1100), ("dilation10", 2700)],
)
def test_an_output_sees_as_far_as_the_table_says(name, length, monkeypatch):
    network = build(name, in_channels=1, classes=1, width=1 / 512)
    assert receptive_field(network, length, monkeypatch, phases=8) == find_architecture(name).receptive_field
