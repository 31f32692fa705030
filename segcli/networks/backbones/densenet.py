"""DenseNet, in which every layer sees the maps of all layers before it."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import known, scaled
from segcli.networks.shapes import padded

LAYOUTS = {
    121: (32, 64, (6, 12, 24, 16)),
    161: (48, 96, (6, 12, 36, 24)),
    169: (32, 64, (6, 12, 32, 32)),
    201: (32, 64, (6, 12, 48, 32)),
}
"""Maps that a layer adds, maps of the first convolution, layers of the four blocks, by depth."""
LEAST = 29
"""Pixels a side that leave one at the end."""


class DenseLayer(nn.Module):
    """Add `growth` maps, made by a 3 x 3 convolution behind a 1 x 1 one of four times as many."""

    def __init__(self, in_channels: int, growth: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, image: Tensor) -> Tensor:
        """The new maps alone."""
        inner = self.conv1(F.relu(self.norm1(image), inplace=True))
        return self.dropout(self.conv2(F.relu(self.norm2(inner), inplace=True)))


class DenseBlock(nn.Module):
    """Layers that each take the block's input and all maps made so far."""

    def __init__(self, in_channels: int, layers: int, growth: int, dropout: float) -> None:
        super().__init__()
        for number in range(layers):
            layer = DenseLayer(in_channels + number * growth, growth, dropout)
            self.add_module(f"denselayer{number + 1}", layer)

    def forward(self, image: Tensor) -> Tensor:
        """The input and all new maps."""
        maps = [image]
        for layer in self.children():
            maps.append(layer(torch.cat(maps, 1)))
        return torch.cat(maps, 1)


def _transition(in_channels: int, channels: int) -> nn.Sequential:
    """Fewer maps, of half the size."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(in_channels),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(in_channels, channels, 1, bias=False),
            pool=nn.AvgPool2d(2),
        )
    )


class DenseNet(nn.Module):
    """Four dense blocks with transitions that halve maps and size, a mean and one linear layer (DenseNet-BC).

    Start values are the paper's: He et al. with the fan in, the linear layer's biases 0.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : 121, 161, 169 or 201 layers with weights.
    dropout : share of each layer's new values that training leaves out; the paper has 0.2 where it trains without
        augmentation.

    References
    ----------
    G. Huang, Z. Liu, L. van der Maaten, K. Weinberger, "Densely connected convolutional networks", CVPR, 2017.
    """

    def __init__(
        self, in_channels: int, classes: int, *, width: float = 1.0, depth: int = 121, dropout: float = 0.0
    ) -> None:
        super().__init__()
        growth, channels, blocks = known("depth", depth, LAYOUTS)
        growth, channels = scaled(growth, width), scaled(channels, width)
        self.features = nn.Sequential(
            OrderedDict(
                conv0=nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(channels),
                relu0=nn.ReLU(inplace=True),
                pool0=nn.MaxPool2d(3, 2, padding=1),
            )
        )
        for number, layers in enumerate(blocks, 1):
            self.features.add_module(f"denseblock{number}", DenseBlock(channels, layers, growth, dropout))
            channels += layers * growth
            if number < len(blocks):
                self.features.add_module(f"transition{number}", _transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        initial.he_normal(self, "fan_in")
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); smaller ones than 29 x 29 are enlarged by mirroring."""
        features = F.relu(self.features(padded(image, 1, LEAST)), inplace=True)
        return self.classifier(self.avgpool(features).flatten(1))
