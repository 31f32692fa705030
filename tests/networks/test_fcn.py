"""FCN-32s, 16s and 8s: counts, sizes, offsets, stages."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segcli.errors import SettingError, UsageError
from segcli.learning.weights import load_encoder
from segcli.networks.fcn import LAST_OFFSET, PAD, POOL3_OFFSET, POOL4_OFFSET
from segcli.networks.registry import build

NAMES = ("fcn32s", "fcn16s", "fcn8s")
each_fcn = pytest.mark.parametrize("name", NAMES)


def learned(network):
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def randomized(network, seed=0):
    """The network with scores that say something."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in network.named_parameters():
        if name.startswith("score"):
            nn.init.normal_(parameter, generator=generator)
    return network.eval()


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({}, (134_346_581, 134_357_354, 134_362_751)),
        ({"upsampling": "learned"}, (136_152_917, 134_815_994, 134_489_759)),
        ({"upsampling": "depthwise"}, (134_432_597, 134_379_194, 134_368_799)),
        ({"depth": 19}, (139_656_277, 139_667_050, 139_672_447)),
        ({"depth": 19, "upsampling": "learned"}, (141_462_613, 140_125_690, 139_799_455)),
        ({"interpolate": True}, (134_346_581, 134_357_354, 134_362_751)),
    ],
    ids=str,
)
def test_every_variant_has_the_parameters_of_its_layer_list(options, counts):
    assert tuple(learned(build(name, device="meta", **options)) for name in NAMES) == counts


def test_fcn8s_for_two_classes_has_fewer():
    assert learned(build("fcn8s", classes=2, device="meta")) == 134_270_278


def halved(side, ceil=True):
    return -(-side // 2) if ceil else side // 2


def leftover(height, ceil=True):
    """Rows beyond each crop's end: of pool4 and pool3 at their scores, of the last upsampling, by stride."""
    pools = [height + 2 * PAD - 2]
    for _ in range(5):
        pools.append(halved(pools[-1], ceil))
    score32 = pools[5] - 6
    score16 = 2 * score32 + 2
    score8 = 2 * score16 + 2
    return (
        pools[4] - POOL4_OFFSET - score16,
        pools[3] - POOL3_OFFSET - score8,
        32 * score32 + 32 - LAST_OFFSET[32] - height,
        16 * score16 + 16 - LAST_OFFSET[16] - height,
        8 * score8 + 8 - LAST_OFFSET[8] - height,
    )


def test_the_offsets_are_in_range_for_every_height_with_poolings_rounded_up():
    assert all(min(leftover(height)) >= 0 for height in range(1, 1200))
    assert any(min(leftover(height, ceil=False)) < 0 for height in range(1, 1200))


@each_fcn
def test_every_remainder_of_the_stride_gives_its_own_size(name):
    # a crop out of range would be cut short, and the sum or the size would not fit
    network = build(name, classes=2, width=1 / 64, device="meta").eval()
    for height in (*range(1, 33), *range(481, 513), 1199):
        assert network(torch.empty(1, 3, height, 3, device="meta")).shape == (1, 2, height, 3)


def test_a_height_of_500_passes_through_the_sizes_worked_out_by_hand():
    for name, expected in (
        ("fcn32s", [349, 175, 88, 44, 22, 16, 544]),
        ("fcn16s", [349, 175, 88, 44, 22, 16, 34, 560]),
        ("fcn8s", [349, 175, 88, 44, 22, 16, 34, 70, 568]),
    ):
        network, heights = build(name, width=1 / 64, device="meta").eval(), []
        for layer in network.modules():
            if isinstance(layer, (nn.MaxPool2d, nn.ConvTranspose2d)) or layer is network.score_fr:
                layer.register_forward_hook(lambda _, __, out, heights=heights: heights.append(out.shape[2]))
        network(torch.empty(1, 3, 500, 7, device="meta"))
        assert heights == expected


def center(layers, position):
    """Where in the input the middle of an output lies: stride x position + (kernel - 1) / 2 - padding, each layer."""
    for layer in reversed(layers):
        kernel, stride, padding = (
            value if isinstance(value, int) else value[0] for value in (layer.kernel_size, layer.stride, layer.padding)
        )
        if isinstance(layer, nn.ConvTranspose2d):
            position = (position + padding - (kernel - 1) / 2) / stride
        else:
            position = stride * position + (kernel - 1) / 2 - padding
    return position


def spatial(layers):
    return [layer for layer in layers if hasattr(layer, "kernel_size")]


@each_fcn
def test_the_crops_put_every_pixel_on_its_own_scores(name):
    network = build(name, width=1 / 64, device="meta")
    features = list(network.features)
    deep = [*spatial(features), network.fc6, network.fc7, network.score_fr]
    branches = {"deep": deep}
    if network.stride < 32:
        deep.append(network.upscore2)
        branches["pool4"] = spatial(features[: network.pool4_end + 1])
    if network.stride < 16:
        deep.append(network.upscore_pool4)
        branches["pool3"] = spatial(features[: network.pool3_end + 1])
    # a pixel is cut from place 100 + offset of the upsampled scores; follow its way back to the picture
    place = center([network.upscore], 100 + network.offset)
    assert center(branches["deep"], place) == 100
    if network.stride == 16:
        assert center(branches["pool4"], place + POOL4_OFFSET) == 100
    if network.stride == 8:
        assert center(branches["pool3"], place + POOL3_OFFSET) == 100
        assert center(branches["pool4"], center([network.upscore_pool4], place) + POOL4_OFFSET) == 100


@each_fcn
def test_new_scores_begin_at_zero_and_hidden_layers_do_not(name):
    network = build(name, width=1 / 4)
    assert not network(picture(1, 3, 9, 9)).any()
    # He: sqrt(2 / (128 x 49)) and sqrt(2 / 1024)
    assert network.fc6.weight.std().item() == pytest.approx(0.017857, rel=0.01)
    assert network.fc7.weight.std().item() == pytest.approx(0.044194, rel=0.01)
    assert not network.fc6.bias.any()


def test_all_at_once_scales_the_finer_poolings():
    staged, at_once = (build("fcn8s", classes=2, width=1 / 32, at_once=flag).eval() for flag in (False, True))
    image = picture(1, 3, 40, 33)
    for name, scale in (("score_pool4", 0.01), ("score_pool3", 0.0001)):
        for network in (staged, at_once):
            for layer in ("score_pool4", "score_pool3"):
                nn.init.constant_(network.get_submodule(layer).weight, float(layer == name))
        torch.testing.assert_close(at_once(image), scale * staged(image))
        assert staged(image).any()


@pytest.mark.parametrize("upsampling", ["fixed", "learned"])
@torch.no_grad()
def test_each_stage_begins_with_the_answers_of_the_coarser_one(upsampling):
    settings = {"classes": 2, "width": 1 / 32, "upsampling": upsampling}
    coarse, middle, fine = (build(name, **settings).eval() for name in NAMES)
    randomized(coarse)
    missing, unexpected = middle.load_state_dict(middle.from_coarser(coarse.state_dict()), strict=False)
    assert missing == ["score_pool4.weight", "score_pool4.bias", "upscore2.weight", "upscore.weight"]
    assert not unexpected
    image = picture(1, 3, 230, 250)
    expected, made = (network(image)[..., 64:-64, 64:-64] for network in (coarse, middle))
    # twice and sixteen times bilinear is all but thirty-two times
    assert (made - expected).abs().mean() < 0.05 * expected.std()
    nn.init.constant_(middle.upscore2.weight, 0.125)
    nn.init.normal_(middle.score_pool4.weight, generator=torch.Generator().manual_seed(1))
    missing, _ = fine.load_state_dict(fine.from_coarser(middle.state_dict()), strict=False)
    assert missing == ["score_pool3.weight", "score_pool3.bias", "upscore_pool4.weight", "upscore.weight"]
    assert torch.equal(fine.upscore2.weight, middle.upscore2.weight)
    assert torch.equal(fine.score_pool4.weight, middle.score_pool4.weight)


@pytest.mark.parametrize("depth", [16, 19])
@torch.no_grad()
def test_fully_connected_weights_of_vgg_become_convolutions_that_agree(depth):
    vgg = build("vgg16", classes=10, width=1 / 32, depth=depth).eval()
    network = build("fcn8s", width=1 / 32, depth=depth).eval()
    missing, unexpected = network.load_state_dict(network.from_public(vgg.state_dict()), strict=False)
    assert not unexpected
    assert all(key.startswith(("score", "upscore")) for key in missing)
    features = picture(2, 16, 7, 7)
    hidden = F.relu(network.fc7(F.relu(network.fc6(features))))
    torch.testing.assert_close(hidden.flatten(1), vgg.classifier[:5](features.flatten(1)))
    image = picture(1, 3, 64, 64)
    torch.testing.assert_close(network.features[2:](image[:, :2]), vgg.features[2:](image[:, :2]))


@pytest.mark.parametrize("channels", [1, 3])
def test_public_weights_are_loaded_into_all_but_the_scores(channels):
    vgg = build("vgg16", width=1 / 32)
    network = build("fcn8s", in_channels=channels, width=1 / 32)
    report = load_encoder(network, {f"module.{name}": tensor for name, tensor in vgg.state_dict().items()})
    assert len(report.matched) == 30
    assert not report.missing
    assert torch.equal(network.fc7.weight.flatten(1), vgg.classifier[3].weight)


@each_fcn
@torch.no_grad()
def test_the_interpolating_mode_pads_by_one_and_has_no_upsampling_weights(name):
    network = randomized(build(name, classes=2, width=1 / 32, interpolate=True))
    assert not [key for key in network.state_dict() if key.startswith("upscore")]
    assert network.features[0].padding == (1, 1)
    sizes = []
    network.score_fr.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[2:])))
    for size in [(1, 1), (64, 96), (65, 97)]:
        assert network(picture(1, 3, *size)).shape == (1, 2, *size)
    assert sizes == [(1, 1), (2, 3), (3, 4)]


@torch.no_grad()
def test_a_constant_score_stays_constant_away_from_the_border():
    # the bias alone: bilinear weights sum to 1 away from the border, where two scores overlap
    for name in NAMES:
        network = build(name, classes=3, width=1 / 64).eval()
        network.score_fr.bias.copy_(torch.tensor([1.0, -2.0, 3.0]))
        logits = network(picture(1, 3, 160, 150))[..., 64:-64, 64:-64]
        torch.testing.assert_close(logits, network.score_fr.bias[None, :, None, None].expand_as(logits))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 17}, "depth is 17; it must be one of 16, 19"),
        ({"stride": 4}, "stride is 4; it must be one of 32, 16, 8"),
        ({"upsampling": "bicubic"}, "upsampling is 'bicubic'; it must be one of fixed, learned, depthwise"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(SettingError, match=message):
        build("fcn8s", **options, device="meta")


def test_interpolation_has_nothing_to_learn():
    with pytest.raises(UsageError, match="interpolate has no weights; upsampling 'learned' has"):
        build("fcn8s", interpolate=True, upsampling="learned", device="meta")
