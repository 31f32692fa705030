"""SegNet, SegNet-Basic and DeconvNet: sizes, indices, start values, counts, public weights."""

import pytest
import torch
from tools.receptive_decoders import receptive_field
from torch import nn

from segcli.errors import InputError
from segcli.networks import blocks
from segcli.networks.registry import build, find_architecture


def parameters(name, **settings):
    network = build(name, device="meta", **settings)
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


@pytest.mark.parametrize(
    ("classes", "expected"), [(2, 29_444_162), (11, 29_449_355), (12, 29_449_932), (21, 29_455_125), (37, 29_464_357)]
)
def test_segnet_has_the_parameters_of_the_paper(classes, expected):
    assert parameters("segnet", classes=classes) == expected


def test_segnet_basic_has_the_parameters_of_the_paper():
    assert parameters("segnet_basic", classes=11) == 1_416_587


@pytest.mark.parametrize(("classes", "expected"), [(21, 251_805_653), (2, 251_804_418)])
def test_deconvnet_has_the_parameters_of_the_paper(classes, expected):
    assert parameters("deconvnet", classes=classes) == expected


@pytest.fixture
def traffic(monkeypatch):
    """What is pooled and where it is put back: (size, indices) of each, in the order of the calls."""
    pooled, unpooled = [], []
    pool, unpool = blocks.max_pooled, blocks.max_unpooled

    def watched_pool(image, ceil=True):
        maxima, indices = pool(image, ceil)
        pooled.append((tuple(image.shape[-2:]), tuple(maxima.shape[-2:]), indices))
        return maxima, indices

    def watched_unpool(image, indices, like):
        unpooled.append((tuple(like.shape[-2:]), tuple(image.shape[-2:]), indices))
        return unpool(image, indices, like)

    monkeypatch.setattr(blocks, "max_pooled", watched_pool)
    monkeypatch.setattr(blocks, "max_unpooled", watched_unpool)
    return pooled, unpooled


def test_pooling_of_360_x_480_rounds_up_to_12_x_15_and_back(traffic):
    network = build("segnet", device="meta")
    logits = network(torch.empty(1, 3, 360, 480, device="meta"))
    pooled, unpooled = traffic
    sizes = [(360, 480), (180, 240), (90, 120), (45, 60), (23, 30), (12, 15)]
    assert [before for before, _, _ in pooled] == sizes[:-1]
    assert [after for _, after, _ in pooled] == sizes[1:]
    assert [before for before, _, _ in unpooled] == sizes[-2::-1]
    assert logits.shape == (1, 11, 360, 480)


def test_deconvnet_goes_from_224_to_1_and_back(traffic):
    network = build("deconvnet", device="meta").eval()
    hidden = []
    network.fc7.register_forward_hook(lambda module, inputs, output: hidden.append(tuple(output.shape)))
    assert network(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 21, 224, 224)
    pooled, unpooled = traffic
    assert [before[0] for before, _, _ in pooled] == [224, 112, 56, 28, 14]
    assert hidden == [(1, 4096, 1, 1)]
    assert [after[0] for _, after, _ in unpooled] == [7, 14, 28, 56, 112]


@pytest.mark.parametrize("name", ["segnet", "segnet_basic", "deconvnet"])
@torch.no_grad()
def test_each_unpooling_uses_the_indices_of_its_own_stage(name, traffic):
    network = build(name, classes=2, width=1 / 16).eval()
    network(torch.rand(1, 3, 37, 50, generator=torch.Generator().manual_seed(0)))
    pooled, unpooled = traffic
    for (before, after, indices), (target, source, used) in zip(pooled, reversed(unpooled), strict=True):
        assert used is indices
        assert (target, source) == (before, after)


@torch.no_grad()
def test_without_convolutions_segnet_basic_keeps_the_maxima_at_their_places():
    network = build("segnet_basic", in_channels=1, classes=1, width=1 / 64).eval()
    network.contrast = nn.Identity()
    network.encoder = nn.Sequential(*(layer for layer in network.encoder if isinstance(layer, blocks.MaxPooling)))
    network.decoder = nn.ModuleList(nn.Identity() for _ in range(4))
    network.classifier = nn.Identity()
    image = torch.rand(1, 1, 48, 33, generator=torch.Generator().manual_seed(0))
    kept = network(image)
    # Maxima of 16 x 16 squares, each where it was, zeros elsewhere: 3 x 3 of them.
    assert (kept > 0).sum() == 9
    assert torch.equal(kept[kept > 0], image[kept > 0])
    assert kept[..., :16, :16].max() == image[..., :16, :16].max()


@pytest.mark.parametrize("name", ["segnet", "segnet_basic"])
def test_segnet_starts_from_he_normal_with_a_small_shift(name):
    network = build(name, width=0.5)
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 10_000:
            fan = module.weight[0].numel()
            assert module.weight.std().item() == pytest.approx((2 / fan) ** 0.5, rel=0.05)
            assert not module.bias.any()
        if isinstance(module, nn.BatchNorm2d):
            assert (module.weight == 1).all()
            assert (module.bias == 0.001).all()


def test_the_decoder_of_deconvnet_starts_at_a_hundredth():
    network = build("deconvnet", width=1 / 8)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert [layer.kernel_size for layer in layers] == [(7, 7)] + [(3, 3)] * 13
    for layer in layers[:9]:
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert all((module.bias == 0.001).all() for module in network.modules() if isinstance(module, nn.BatchNorm2d))


def test_the_last_convolution_of_segnet_stands_alone_and_the_basic_decoder_has_no_relu():
    assert isinstance(build("segnet", device="meta").classifier, nn.Conv2d)
    basic = build("segnet_basic", device="meta")
    assert not [layer for layer in basic.decoder.modules() if isinstance(layer, nn.ReLU)]
    assert sum(isinstance(layer, nn.ReLU) for layer in basic.encoder) == 4


@torch.no_grad()
def test_dropout_changes_training_alone():
    network = build("segnet", classes=2, width=1 / 16, dropout=0.5)
    image = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    network.train()
    assert not torch.equal(network(image), network(image))
    network.eval()
    assert torch.equal(network(image), network(image))
    assert [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)] == [0, 0] + [0.5] * 6


@pytest.mark.parametrize("name", ["segnet", "deconvnet"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_public_weights_of_vgg16_fill_the_encoder(name, batch_norm):
    state = build("vgg16", device="meta", batch_norm=batch_norm).state_dict()
    network = build(name, device="meta")
    renamed = network.from_public(state)
    missing, unexpected = network.load_state_dict(renamed, strict=False, assign=True)
    assert not unexpected
    convolutions = [key for key in network.state_dict() if key.startswith("features.") and key.endswith("weight")]
    filled = set(convolutions) - set(missing)
    assert len(filled) == (26 if batch_norm else 13)
    hidden = {"fc6.0.weight", "fc6.0.bias", "fc7.0.weight", "fc7.0.bias"} if name == "deconvnet" else set()
    assert {key for key in renamed if key.startswith("fc")} == hidden


@torch.no_grad()
def test_a_hidden_layer_of_vgg_computes_the_same_as_a_convolution():
    vgg, network = build("vgg16", width=1 / 32), build("deconvnet", width=1 / 32)
    network.load_state_dict(network.from_public(vgg.state_dict()), strict=False)
    features = torch.rand(1, 16, 7, 7, generator=torch.Generator().manual_seed(0))
    expected = vgg.classifier[3](vgg.classifier[0](features.flatten(1)))
    torch.testing.assert_close(network.fc7[0](network.fc6[0](features)).flatten(1), expected)


@torch.no_grad()
def test_the_features_of_public_weights_are_those_of_vgg():
    vgg, network = build("vgg16", width=1 / 32, batch_norm=True).eval(), build("segnet", width=1 / 32).eval()
    network.load_state_dict(network.from_public(vgg.state_dict()), strict=False)
    image = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(blocks.encoded(image, network.features)[0], vgg.features(image))


def test_weights_of_something_else_are_refused():
    with pytest.raises(InputError, match=r"no features\.0\.weight"):
        build("segnet", device="meta").from_public({"conv1.weight": torch.zeros(1)})


@pytest.mark.parametrize(("name", "length"), [("segnet", 600), ("segnet_basic", 400), ("deconvnet", 1200)])
def test_an_output_sees_as_far_as_the_table_says(name, length, monkeypatch):
    network = build(name, in_channels=1, classes=1, width=1 / 512)
    assert (
        receptive_field(network, length, monkeypatch, phases=4 if name == "deconvnet" else 32)
        == find_architecture(name).receptive_field
    )
