"""VGG16 of stride 8, as DeepLab begins: pools of 3 x 3 that keep pixels aligned, hidden layers of spread taps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.backbones.vgg import vgg_features


def atrous_features(in_channels: int, width: float = 1.0) -> nn.Sequential:
    """Make VGG16's convolutions with poolings of 3 x 3; the last two do not stride, after them rates are 2.

    A side of n pixels gives ceil(n / 8) cells. Names are those of the public weights.
    """
    pools = [nn.MaxPool2d(3, stride, padding=1) for stride in (2, 2, 2, 1, 1)]
    features = vgg_features(in_channels, 16, width=width, dilation=(1, 1, 1, 1, 2), pools=pools)
    initial.he_normal(features, "fan_out")
    return features


def field_of_view(
    in_channels: int, hidden: int, classes: int, *, kernel: int, rate: int, dropout: float = 0.5
) -> nn.Sequential:
    """Make VGG's three fully connected layers as convolutions, numbered as there: one of spread taps, two of 1 x 1.

    The first has kernel x kernel taps, rate cells apart. The size is kept. The last layer starts as N(0, 0.01).
    """
    border = rate * (kernel - 1) // 2
    layers = nn.Sequential(
        nn.Conv2d(in_channels, hidden, kernel, padding=border, dilation=rate),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Conv2d(hidden, hidden, 1),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Conv2d(hidden, classes, 1),
    )
    initial.he_normal(layers[:6])
    initial.gaussian(layers[6:], 0.01)
    return layers


def sampled(state: Mapping[str, Tensor], *, taps: Sequence[int], hidden: int, seed: int = 0) -> dict[str, Tensor]:
    """Take some outputs and taps of the two hidden layers of a public VGG, for `field_of_view`.

    Parameters
    ----------
    state : weights with the names classifier.0.weight and so on, of layers for 7 x 7 cells.
    taps : rows and columns of the 7 x 7 that are kept.
    hidden : outputs that are kept of each layer, drawn without replacement; as many as there are keeps their order.
    seed : of the draw.

    Returns
    -------
    dict of str to Tensor
        By the names 0.weight, 0.bias, 3.weight, 3.bias. The second layer takes the outputs kept of the first.
        Empty where the weights have no hidden layers.
    """
    if "classifier.0.weight" not in state or "classifier.3.weight" not in state:
        return {}
    generator = torch.Generator().manual_seed(seed)
    first, second = state["classifier.0.weight"], state["classifier.3.weight"]
    rows, kept = (torch.randperm(len(weight), generator=generator)[:hidden].sort()[0] for weight in (first, second))
    # A row of the linear layer runs over channels, rows, columns.
    squares = first.reshape(len(first), -1, 7, 7)[rows][:, :, taps][..., taps]
    return {
        "0.weight": squares.contiguous(),
        "0.bias": state["classifier.0.bias"][rows],
        "3.weight": second[kept][:, rows, None, None],
        "3.bias": state["classifier.3.bias"][kept],
    }
