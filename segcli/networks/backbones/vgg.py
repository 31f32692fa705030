"""VGG, and its convolutions for the networks that are built on them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import known, scaled
from segcli.networks.shapes import padded

CHANNELS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions between two poolings, by depth."""


def vgg_features(
    in_channels: int,
    depth: int = 16,
    *,
    width: float = 1.0,
    batch_norm: bool = False,
    padding: Sequence[int] = (1, 1, 1, 1, 1),
    dilation: Sequence[int] = (1, 1, 1, 1, 1),
    first_padding: int | None = None,
    pools: Sequence[nn.Module] | None = None,
) -> nn.Sequential:
    """Make the convolutions of VGG with the numbering of the public weights, whatever the poolings are.

    Parameters
    ----------
    in_channels : int
    depth : 11, 13, 16 or 19
    width : scales all channels.
    batch_norm : normalize before each ReLU.
    padding, dilation : of the convolutions of each of the five blocks; a padding of 1 becomes the block's dilation.
    first_padding : of the very first convolution, if another.
    pools : five layers that close the blocks; 2 x 2 maxima by default. nn.Identity leaves one out.
    """
    pools = [nn.MaxPool2d(2, 2) for _ in CHANNELS] if pools is None else pools
    layers: list[nn.Module] = []
    for block, count in enumerate(known("depth", depth, CONVOLUTIONS)):
        out_channels, rate = scaled(CHANNELS[block], width), dilation[block]
        for _ in range(count):
            border = padding[block] * rate if layers or first_padding is None else first_padding
            layers.append(nn.Conv2d(in_channels, out_channels, 3, padding=border, dilation=rate))
            layers += [nn.BatchNorm2d(out_channels)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
            in_channels = out_channels
        layers.append(pools[block])
    return nn.Sequential(*layers)


def block_ends(depth: int = 16, batch_norm: bool = False) -> tuple[int, ...]:
    """Where each block of `vgg_features` ends: its pooling layer's number."""
    ends, end = [], -1
    for count in CONVOLUTIONS[depth]:
        end += count * (3 if batch_norm else 2) + 1
        ends.append(end)
    return tuple(ends)


class VGG(nn.Module):
    """Blocks of 3 x 3 convolutions and three fully connected layers.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : 11, 13, 16 or 19 layers with weights.
    batch_norm : normalize after each convolution.
    dropout : share of the hidden units of the fully connected layers that training leaves out.

    References
    ----------
    K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR, 2015.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        depth: int = 16,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        hidden = scaled(4096, width)
        self.features = vgg_features(in_channels, depth, width=width, batch_norm=batch_norm)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(scaled(512, width) * 49, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )
        initial.he_normal(self.features, "fan_out")
        initial.gaussian(self.classifier, 0.01)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); smaller ones than 32 x 32 are enlarged by mirroring."""
        features = self.features(padded(image, 1, 32))
        return self.classifier(self.avgpool(features).flatten(1))
