"""AlexNet and CaffeNet: counts, sizes, groups, biases."""

import torch
from torch import nn

from segcli.networks.backbones.alexnet import caffenet_features
from segcli.networks.registry import build


def sides(features, side):
    """Side of the map after each convolution and pooling."""
    image, found = torch.zeros(1, 3, side, side), []
    for layer in features:
        image = layer(image)
        found += [image.shape[-1]] if isinstance(layer, nn.Conv2d | nn.MaxPool2d) else []
    return found


def test_the_convolutions_alone_are_counted_exactly():
    features = build("alexnet", device="meta").features
    assert sum(parameter.numel() for parameter in features.parameters()) == 2_469_696


@torch.no_grad()
def test_a_picture_of_the_papers_size_ends_as_6_by_6():
    assert sides(build("alexnet", width=1 / 32).features, 224) == [55, 27, 27, 13, 13, 13, 13, 6]
    assert sides(build("caffenet", width=1 / 32).features, 227) == [55, 27, 27, 13, 13, 13, 13, 6]


def test_the_second_fourth_and_fifth_convolution_of_caffenet_have_two_groups():
    with torch.device("meta"):
        features = caffenet_features(3, first_padding=100)
    convolutions = [layer for layer in features if isinstance(layer, nn.Conv2d)]
    assert [layer.groups for layer in convolutions] == [1, 2, 1, 2, 2]
    assert [layer.out_channels for layer in convolutions] == [96, 256, 384, 384, 256]
    assert convolutions[0].padding == (100, 100)


@torch.no_grad()
def test_caffenet_begins_with_the_biases_of_the_paper():
    network = build("caffenet", width=1 / 8)
    biases = [float(layer.bias.mean()) for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert biases == [0, 1, 0, 1, 1, 1, 1, 0]
    assert abs(float(network.features[8].weight.std()) - 0.01) < 5e-4
    assert abs(float(network.classifier[0].weight.std()) - 0.005) < 1e-4
