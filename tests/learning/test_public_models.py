"""Public weights of whole networks become models that give the very same logits."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segcli.errors import InputError, UsageError
from segcli.files.datasets.class_names import VOC
from segcli.learning import public_models
from segcli.learning.model import as_fitted, from_fitted
from segcli.learning.public_files import FILES, digits_in, file_name, find_public
from segcli.learning.public_models import CAFFE_MEAN, import_public
from segcli.networks.registry import build

WIDTH = 1 / 16
PICTURE = np.random.default_rng(0).integers(0, 256, (45, 61, 3), dtype=np.uint8)


def stirred(network):
    """Weights and statistics none of which hides a mistake."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point() and "upscore" not in name:
                fan = max(1, tensor[0].numel()) if tensor.ndim > 1 else 1
                scale = (2 / fan) ** 0.5 if tensor.ndim > 1 else 0.1
                offset = 1.0 if name.endswith("running_var") else 0.0
                drawn = torch.randn(tensor.shape, generator=generator) * scale
                tensor.copy_(drawn.abs() + offset if offset else drawn)
    return network.eval()


def logits(imported, picture=PICTURE):
    """What the model gives for a picture, through its own file and its own scaling."""
    card, network = from_fitted(as_fitted(imported.card, imported.network))
    with torch.inference_mode():
        return network(torch.from_numpy(card.scaling(picture))[None])[0].numpy()


@pytest.mark.parametrize("name", ["fcn_resnet50", "deeplabv3_resnet50"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_weights_of_torchvision_give_the_same_logits(name, prefix):
    network = stirred(build(name, in_channels=3, classes=21, width=WIDTH, aux=True))
    state = {f"{prefix}{key}": tensor for key, tensor in network.state_dict().items()}
    made = import_public(name, state, width=WIDTH)
    unit = (PICTURE / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    with torch.inference_mode():
        expected = network(torch.from_numpy(unit.astype(np.float32)).permute(2, 0, 1)[None])[0].numpy()
    np.testing.assert_allclose(logits(made), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    assert made.card.names == VOC
    assert made.card.segments == "the 20 classes of Pascal VOC in photographs"
    assert {key.partition(".")[0] for key in made.left_out} == {"aux_classifier"}


def caffe_state(network):
    """The state of an FCN of ours as conversions from Caffe have it: names, dense upsampling, blue before red."""
    names = {place: layer for layer, place in public_models._places().items()}
    last = {32: "upscore", 16: "upscore16", 8: "upscore8"}[network.stride]
    state = {}
    for key, tensor in network.state_dict().items():
        layer, _, kind = key.rpartition(".")
        if layer.startswith("upscore"):
            dense = torch.zeros(len(tensor), len(tensor), *tensor.shape[2:])
            for number, kernel in enumerate(tensor[:, 0]):
                dense[number, number] = kernel
            tensor = dense
        layer = last if layer == "upscore" else names.get(layer, layer)
        state[f"{layer}.{kind}"] = tensor.flip(1) if layer == "conv1_1" and kind == "weight" else tensor
    return state


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
def test_weights_from_caffe_give_the_same_logits_for_blue_green_red_less_the_mean(name):
    network = stirred(build(name, in_channels=3, classes=21, width=WIDTH))
    state = caffe_state(network)
    made = import_public(name, state, width=WIDTH)
    plain = torch.from_numpy((PICTURE - np.array(CAFFE_MEAN)).astype(np.float32)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        # What the first layer gives for blue, green, red is what ours gives for red, green, blue.
        turned = F.conv2d(plain.flip(1), state["conv1_1.weight"], state["conv1_1.bias"], padding=100)
        torch.testing.assert_close(turned, network.features[0](plain), rtol=1e-4, atol=1e-3)
        expected = network(plain)[0].numpy()
    assert expected.shape == (21, 45, 61)
    np.testing.assert_allclose(logits(made), expected, rtol=1e-4, atol=2e-5 * np.abs(expected).max())
    assert made.card.options == {}


def test_upsampling_that_joins_classes_is_kept_dense():
    network = stirred(build("fcn16s", in_channels=3, classes=3, width=WIDTH))
    state = caffe_state(network)
    state["upscore2.weight"][0, 1, 0, 0] = 0.5
    made = import_public("fcn16s", state, width=WIDTH)
    assert made.card.options == {"upsampling": "learned"}
    torch.testing.assert_close(made.network.upscore2.weight.data, state["upscore2.weight"])
    assert made.card.names == ("class 0", "class 1", "class 2")


def test_fully_connected_layers_become_convolutions():
    network = stirred(build("fcn32s", in_channels=3, classes=21, width=WIDTH))
    state = caffe_state(network)
    whole = logits(import_public("fcn32s", state, width=WIDTH))
    flat = {key: tensor.flatten(1) if key in ("fc6.weight", "fc7.weight") else tensor for key, tensor in state.items()}
    np.testing.assert_array_equal(logits(import_public("fcn32s", flat, width=WIDTH)), whole)


def test_files_of_before_counters_are_taken():
    state = build("fcn_resnet50", in_channels=3, classes=2, width=WIDTH).state_dict()
    old = {key: tensor for key, tensor in state.items() if not key.endswith("num_batches_tracked")}
    made = import_public("fcn_resnet50", old, width=WIDTH)
    assert made.card.names == ("background", "object")
    assert made.card.segments == ""


def without(state, key):
    return {name: tensor for name, tensor in state.items() if name != key}


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("fcn_resnet50", lambda s: without(s, "classifier.4.weight"), "lacks the weights 'classifier.4.weight'"),
        ("fcn_resnet50", lambda s: without(s, "backbone.conv1.weight"), "lacks the weights 'backbone.conv1.weight'"),
        ("fcn_resnet50", lambda s: {**s, "more": torch.zeros(2)}, "has beside its network the weights 'more'"),
        ("fcn_resnet50", lambda s: {**s, "backbone.conv1.weight": torch.zeros(2)}, r"of shape \(2,\)"),
        ("fcn_resnet50", lambda s: {**s, "classifier.4.weight": torch.zeros(300, 2, 1, 1)}, "1 to 255 classes"),
        ("fcn_resnet50", lambda s: {**s, "classifier.4.bias": torch.full((4,), torch.nan)}, "are not finite"),
        ("deeplabv3_resnet50", lambda s: s, "lacks the weights|has beside"),
        ("fcn8s", lambda s: s, "lacks the weights 'conv1_1.weight', so it is another network's; it has backbone"),
    ],
)
def test_weights_of_other_networks_are_refused_by_name(name, change, complaint):
    state = build("fcn_resnet50", in_channels=3, classes=4, width=WIDTH).state_dict()
    with pytest.raises(InputError, match=complaint):
        import_public(name, change(dict(state)), width=WIDTH)


def test_a_coarser_or_finer_network_of_caffe_is_told():
    state = caffe_state(build("fcn8s", in_channels=3, classes=4, width=WIDTH))
    with pytest.raises(
        InputError, match=r"has beside the network fcn32s the weights 'score_pool4.weight'; try another"
    ):
        import_public("fcn32s", state, width=WIDTH)
    coarse = caffe_state(build("fcn32s", in_channels=3, classes=4, width=WIDTH))
    with pytest.raises(InputError, match="lacks the weights 'score_pool3"):
        import_public("fcn8s", coarse, width=WIDTH)


def test_only_networks_with_known_weights_are_imported():
    with pytest.raises(UsageError, match="--as is 'unet'; it must be one of fcn_resnet50"):
        import_public("unet", {})


def test_a_published_file_is_known_by_its_hash():
    state = build("fcn_resnet50", in_channels=3, classes=21, width=WIDTH).state_dict()
    known = import_public("fcn_resnet50", state, WIDTH, digest="1167a1af" + "0" * 56).card
    assert (known.scores, known.data[:4]) == ({"miou": 0.605}, "COCO")
    other = import_public("fcn_resnet50", state, WIDTH, digest="cd0a2569" + "0" * 56).card
    assert replace(known, scores={}, data="", licence="") == other


def test_the_table_of_public_files_is_whole():
    assert len({file.name for file in FILES}) == len(FILES)
    for file in FILES:
        assert re.fullmatch(r"https://download\.pytorch\.org/models/[a-z0-9_]+-[0-9a-f]{8}\.pth", file.address)
        assert len(digits_in(file.address)) == 8
        assert file_name(file.address).startswith(file.name)
        assert find_public(file.name.upper().replace("_", "-")) == find_public(file.address) == file
    with pytest.raises(UsageError, match="did you mean fcn_resnet50"):
        find_public("fcn_resnet5")


@pytest.mark.parametrize(
    "address", ["https://a.b/", "https://a.b", "https://a.b/x/..", "https://a.b/%2e%2e", "https://a/b%5cc"]
)
def test_addresses_without_a_files_name_are_refused(address):
    with pytest.raises(UsageError, match="names no file"):
        file_name(address)
