"""LeNet-5, the first convolutional network in wide use."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import scaled
from segcli.networks.shapes import padded


class ScaledTanh(nn.Module):
    """1.7159 tanh(2/3 x), which maps 1 to 1 and -1 to -1 (LeCun et al. 1998, appendix A)."""

    def forward(self, image: Tensor) -> Tensor:
        """The activation of each value."""
        return 1.7159 * torch.tanh(image * (2 / 3))


class LeNet(nn.Module):
    """Two convolutions of 5 x 5, each followed by means of 2 x 2, and three fully connected layers.

    Simpler than the paper's in three places, as everywhere today: the second convolution sees all maps, the means
    have no weights of their own, the last layer is linear instead of radial. Start values are the paper's: uniform
    within 2.4 / fan in.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86(11), 1998.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0) -> None:
        super().__init__()
        first, second, third, fourth = (scaled(channels, width) for channels in (6, 16, 120, 84))
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, first, 5),
            ScaledTanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(first, second, 5),
            ScaledTanh(),
            nn.AvgPool2d(2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(5)
        self.classifier = nn.Sequential(
            nn.Linear(second * 25, third),
            ScaledTanh(),
            nn.Linear(third, fourth),
            ScaledTanh(),
            nn.Linear(fourth, classes),
        )
        initial.lecun_uniform(self)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W), made for 32 x 32; smaller ones are enlarged by mirroring."""
        features = self.features(padded(image, 1, 32))
        return self.classifier(self.avgpool(features).flatten(1))
