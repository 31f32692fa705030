"""Inception V3: sizes, counts with and without its side classifier."""

import torch

from segcli.networks.registry import build

SMALL = {"classes": 2, "width": 1 / 16}


def test_the_network_without_its_side_classifier_is_smaller_by_its_layers():
    # 768 x 128, 128 x 768 x 25, their two normalizations, 768 x 1000 and biases.
    side = 768 * 128 + 2 * 128 + 128 * 768 * 25 + 2 * 768 + 768 * 1000 + 1000
    whole, bare = (build("inception_v3", aux=aux, device="meta") for aux in (True, False))
    counts = [sum(parameter.numel() for parameter in network.parameters()) for network in (whole, bare)]
    assert counts == [27_161_264, 27_161_264 - side]


def test_modules_give_the_channels_of_the_paper():
    network = build("inception_v3", device="meta")
    channels = {name: module.channels for name, module in network.named_children() if name.startswith("Mixed")}
    assert list(channels.values()) == [256, 288, 288, 768, 768, 768, 768, 768, 1280, 2048, 2048]
    assert network.Mixed_7c.branch3x3_2b.bn.eps == 1e-3


@torch.no_grad()
def test_299_pixels_end_as_8_by_8_and_pass_the_side_at_17():
    network = build("inception_v3", **SMALL).eval()
    middle, last = network._maps(torch.zeros(1, 3, 299, 299))
    assert (middle.shape[-2:], last.shape[-2:]) == ((17, 17), (8, 8))
    assert network.features(torch.zeros(1, 3, 75, 75)).shape[-2:] == (1, 1)


@torch.no_grad()
def test_side_outputs_are_one_tensor_a_classifier():
    network = build("inception_v3", **SMALL).eval()
    images = torch.rand(2, 3, 80, 75, generator=torch.Generator().manual_seed(0))
    made = network.side_outputs(images)
    assert {key: logits.shape for key, logits in made.items()} == {"main": (2, 2), "aux": (2, 2)}
    assert torch.equal(made["main"], network(images))
    assert list(build("inception_v3", aux=False, **SMALL).side_outputs(images)) == ["main"]
