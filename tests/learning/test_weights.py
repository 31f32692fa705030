"""Public weights in networks: names, shapes, and what is said of those that do not fit."""

import re

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from segcli.errors import InputError
from segcli.learning.weights import load_encoder
from segcli.networks.backbones.resnet import ResNet
from segcli.networks.backbones.vgg import VGG, vgg_features
from segcli.networks.registry import ARCHITECTURES, build

WIDTH = 1 / 16


def small(name, **options):
    return build(name, **{"width": WIDTH, "classes": 3, **options})


def public(name, **options):
    """What stands for a downloaded file: the tensors of another network of the same name."""
    return small(name, seed=1, **options).state_dict()


def counted(state):
    return {name for name in state if not name.endswith("num_batches_tracked")}


def same(network, state, names):
    own = network.state_dict()
    return all(torch.equal(own[name], state[name]) for name in names)


@pytest.mark.parametrize("name", ["vgg16_bn", "alexnet", "googlenet", "inception_v3", "resnet18", "densenet121"])
@pytest.mark.parametrize("prefix", ["", "module.", "model.backbone."])
def test_every_tensor_is_found_behind_any_prefix(name, prefix):
    network, state = small(name), public(name)
    report = load_encoder(network, {prefix + key: value for key, value in state.items()})
    assert same(network, state, state)
    assert report.matched == tuple(state)
    assert (report.missing, report.unexpected, dict(report.adapted)) == ((), (), {})


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_files_are_read(ending, tmp_path):
    network, state = small("resnet18"), public("resnet18")
    path = tmp_path / f"weights.{ending}"
    if ending == "pth":
        torch.save({"state_dict": state, "epoch": 3}, path)
    else:
        save_file(state, path)
    load_encoder(network, path)
    assert same(network, state, state)


def test_the_old_names_of_densenets_layers_are_understood():
    network, state = small("densenet121"), public("densenet121")
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name): value for name, value in state.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    old = {name: value for name, value in old.items() if not name.endswith("num_batches_tracked")}
    report = load_encoder(network, old)
    assert same(network, state, counted(state))
    assert (report.missing, report.unexpected) == ((), ())


def test_a_last_layer_for_other_classes_is_left_out():
    network, state = small("resnet18", classes=7), public("resnet18")
    before = network.fc.weight.clone()
    report = load_encoder(network, state)
    assert torch.equal(network.fc.weight, before)
    assert dict(report.adapted) == dict.fromkeys(("fc.weight", "fc.bias"), "left out: it is for 3 classes")
    assert report.missing == ()
    assert same(network, state, [name for name in state if not name.startswith("fc.")])


def test_a_trunk_takes_the_backbone_of_a_whole_network():
    state = {f"backbone.{name}": value for name, value in public("resnet18").items() if not name.startswith("fc.")}
    state |= {"classifier.0.weight": torch.zeros(3, 32, 3, 3), "aux_classifier.0.weight": torch.zeros(3, 16, 3, 3)}
    trunk = ResNet(3, None, width=WIDTH, depth=18)
    assert load_encoder(trunk, state).missing == ()
    assert same(trunk, public("resnet18"), trunk.state_dict())


@torch.no_grad()
def test_one_channel_sees_gray_as_three_channels_do():
    gray = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    color, network = small("vgg16").eval(), small("vgg16", in_channels=1).eval()
    report = load_encoder(network, color.state_dict())
    assert dict(report.adapted) == {"features.0.weight": "summed over RGB"}
    torch.testing.assert_close(network.features(gray), color.features(gray.expand(1, 3, 64, 64)))


@torch.no_grad()
def test_six_channels_see_a_doubled_picture_as_three_do():
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    color, network = small("vgg16").eval(), small("vgg16", in_channels=6).eval()
    load_encoder(network, color.state_dict())
    torch.testing.assert_close(network.features(torch.cat([image, image], 1)), color.features(image))


def test_four_channels_get_red_green_blue_and_red_by_three_quarters():
    network, state = small("resnet18", in_channels=4), public("resnet18")
    report = load_encoder(network, state)
    red, green, blue = state["conv1.weight"].unbind(1)
    expected = torch.stack([red, green, blue, red], 1) * 0.75
    torch.testing.assert_close(network.conv1.weight.detach(), expected)
    assert dict(report.adapted) == {"conv1.weight": "RGB repeated for 4 channels"}


class Convolved(nn.Module):
    """VGG with its hidden layers as convolutions under names of its own."""

    def __init__(self):
        super().__init__()
        self.features = vgg_features(3, width=WIDTH)
        self.fc6, self.fc7 = nn.Conv2d(32, 256, 7), nn.Conv2d(256, 256, 1)
        self.score = nn.Conv2d(256, 5, 1)

    @staticmethod
    def from_public(state):
        hidden = {"classifier.0": "fc6", "classifier.3": "fc7"}
        names = {name: name.rpartition(".") for name in state if not name.startswith("classifier.6")}
        return {f"{hidden.get(layer, layer)}.{kind}": state[name] for name, (layer, _, kind) in names.items()}


@torch.no_grad()
def test_fully_connected_layers_become_convolutions_that_compute_the_same():
    source, network = VGG(3, 3, width=WIDTH).eval(), Convolved().eval()
    report = load_encoder(network, source.state_dict())
    assert dict(report.adapted) == dict.fromkeys(("fc6.weight", "fc7.weight"), "made a convolution")
    assert report.missing == ()
    image = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    hidden = network.fc7(network.fc6(network.features(image)).relu()).flatten(1)
    torch.testing.assert_close(hidden, source.classifier[:4](source.features(image).flatten(1)), rtol=1e-4, atol=1e-5)


def test_layers_that_a_renaming_cannot_find_are_missed():
    # Convolutions 2, 21, 24, 26 and 28 of 13, with 2 tensors each.
    state = {name: value for name, value in public("vgg16").items() if not name.startswith("features.2")}
    with pytest.raises(InputError, match=r"fits 20 of 30 tensors of the encoder; .*Missing: features\.2\.weight"):
        load_encoder(Convolved(), state)


def test_a_renaming_that_fails_is_a_foreign_file():
    class Strict(Convolved):
        @staticmethod
        def from_public(state):
            return {"fc6.weight": state["classifier.0.weight"]}

    with pytest.raises(InputError, match=r"weights of another network \('classifier\.0\.weight'\)"):
        load_encoder(Strict(), public("resnet18"))


def test_too_few_tensors_are_an_error_that_lists_them_and_changes_nothing():
    network, state = small("resnet50"), public("resnet34")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(InputError, match=r"fits \d+ of 267 tensors of the encoder; at least 90% must") as failure:
        load_encoder(network, state)
    assert "layer1.0.conv1.weight (is 4 x 4 x 3 x 3, not 4 x 4 x 1 x 1)" in str(failure.value)
    assert re.search(r" and \d+ more\.$", str(failure.value))
    assert "\n" not in str(failure.value)
    assert same(network, before, before)


@pytest.mark.parametrize("prefix", ["", "backbone."])
def test_weights_of_a_deeper_network_are_refused_though_all_would_be_filled(prefix):
    state = {prefix + name: value for name, value in public("resnet101").items()}
    with pytest.raises(InputError, match=r"deeper network; there is no place for layer3\.6\.conv1\.weight"):
        load_encoder(small("resnet50"), state)


class Normalized(nn.Module):
    """A network that normalizes where the public one does not, with weights for its convolutions alone."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))

    @staticmethod
    def from_public(state):
        moved = {"0": "0", "1": "2"}
        return {f"features.{moved[name.split('.')[1]]}.{name.split('.')[2]}": state[name] for name in state}


STANDS_ON = {
    "deconvnet": "vgg16_bn",
    "deeplab_v1": "vgg16",
    "deeplab_v2_resnet101": "resnet101",
    "deeplab_v2_vgg16": "vgg16",
    "deeplab_v3_resnet50": "resnet50",
    "deeplab_v3_plus_resnet101": "resnet101",
    "deeplabv3_resnet50": "resnet50",
    "dilation8": "vgg16",
    "fcn8s": "vgg16",
    "fcn_alexnet": "caffenet",
    "fcn_resnet50": "resnet50",
    "refinenet50": "resnet50",
    "segnet": "vgg16_bn",
}


@pytest.mark.parametrize("name", [row.name for row in ARCHITECTURES if row.name in STANDS_ON])
def test_networks_take_the_backbone_that_they_stand_on_and_no_other(name):
    network, state = small(name), public(STANDS_ON[name])
    assert load_encoder(network, {f"module.{key}": value for key, value in state.items()}).missing == ()
    with pytest.raises(InputError):
        load_encoder(network, public("densenet121"))


def test_convolutions_alone_are_enough_for_a_network_that_normalizes():
    # Its second tensor of a public name, features.1.weight, is a normalization here: another shape altogether.
    state = {
        name: torch.rand(shape)
        for number, channels in enumerate((3, 4))
        for name, shape in ((f"features.{number}.weight", (4, channels, 3, 3)), (f"features.{number}.bias", (4,)))
    }
    report = load_encoder(Normalized(), state)
    assert report.matched == ("features.0.weight", "features.0.bias", "features.2.weight", "features.2.bias")
    assert report.missing == ()


def test_one_missing_tensor_in_ten_is_reported_and_accepted():
    network, state = small("vgg16"), public("vgg16")  # 32 tensors
    for name in ("features.0.bias", "classifier.6.weight", "classifier.6.bias"):
        del state[name]
    state["classifier.9.weight"] = torch.zeros(2)
    report = load_encoder(network, state)
    assert report.missing == ("features.0.bias", "classifier.6.weight", "classifier.6.bias")
    assert report.unexpected == ("classifier.9.weight",)
    del state["features.2.bias"]
    with pytest.raises(InputError, match="fits 28 of 32"):
        load_encoder(network, state)


class Plain(nn.Module):
    """A network of which nothing is called an encoder."""

    def __init__(self):
        super().__init__()
        self.fc6 = nn.Linear(2, 2)

    @staticmethod
    def from_public(state):
        return state


def test_a_file_of_nothing_known_names_what_it_holds():
    with pytest.raises(InputError, match=r"fits 0 of 32 tensors .*Missing: features\.0\.weight"):
        load_encoder(small("vgg16"), {"a.b": torch.zeros(2)})
    with pytest.raises(
        InputError, match=r"holds weights of another network: a\.b\. Expected names such as fc6\.weight"
    ):
        load_encoder(Plain(), {"a.b": torch.zeros(2)})


def test_weights_take_the_type_of_the_network():
    network, state = small("resnet18").bfloat16(), public("resnet18")
    load_encoder(network, state)
    assert network.conv1.weight.dtype == torch.bfloat16
    torch.testing.assert_close(network.conv1.weight.detach().float(), state["conv1.weight"], rtol=0.01, atol=1e-3)
