"""AlexNet on one device, and CaffeNet, which keeps the two halves of the original."""

from __future__ import annotations

from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import LocalResponseNorm, scaled
from segcli.networks.shapes import padded

LEAST = 63
"""Pixels a side that leave one after the three poolings."""
BIASES_OF_1 = {"features.4.bias", "features.10.bias", "features.12.bias", "classifier.0.bias", "classifier.3.bias"}
"""The paper's second, fourth and fifth convolution and its hidden layers."""


class AlexNet(nn.Module):
    """Five convolutions and three fully connected layers, without groups and normalization.

    The layout of "one weird trick", which torchvision has and public weights are for; start values are torch's own,
    as there.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    dropout : share of the units before the first two fully connected layers that training leaves out.

    References
    ----------
    A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997, 2014.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0, dropout: float = 0.5) -> None:
        super().__init__()
        first, second, third, fourth, hidden = (scaled(channels, width) for channels in (64, 192, 384, 256, 4096))
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, first, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(first, second, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(second, third, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(third, fourth, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(fourth, fourth, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(fourth * 36, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, classes),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); smaller ones than 63 x 63 are enlarged by mirroring."""
        features = self.features(padded(image, 1, LEAST))
        return self.classifier(self.avgpool(features).flatten(1))


def caffenet_features(in_channels: int, *, width: float = 1.0, first_padding: int = 0) -> nn.Sequential:
    """Make CaffeNet's convolutions: the second, fourth and fifth in two groups, poolings rounded up as in Caffe.

    Parameters
    ----------
    in_channels : int
    width : scales all channels, which stay even.
    first_padding : of the first convolution; fully convolutional networks have 100.
    """
    first, second, third = (scaled(channels, width, 2) for channels in (96, 256, 384))
    return nn.Sequential(
        nn.Conv2d(in_channels, first, 11, stride=4, padding=first_padding),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        LocalResponseNorm(),
        nn.Conv2d(first, second, 5, padding=2, groups=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        LocalResponseNorm(),
        nn.Conv2d(second, third, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(third, third, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(third, second, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
    )


class CaffeNet(nn.Module):
    """The original AlexNet as Caffe has it: groups, and normalization over channels after the poolings.

    Start values are the paper's: N(0, 0.01), biases 1 where that keeps ReLUs alive, 0 elsewhere; the hidden fully
    connected layers from N(0, 0.005), as in Caffe.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    dropout : share of the hidden units of the fully connected layers that training leaves out.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural networks",
    NIPS, 2012. Y. Jia et al., "Caffe: convolutional architecture for fast feature embedding", ACM Multimedia, 2014.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0, dropout: float = 0.5) -> None:
        super().__init__()
        hidden = scaled(4096, width)
        self.features = caffenet_features(in_channels, width=width)
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Linear(scaled(256, width, 2) * 36, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )
        initial.gaussian(self, 0.01)
        for hidden_layer in (self.classifier[0], self.classifier[3]):
            initial.gaussian(hidden_layer, 0.005)
        for name, parameter in self.named_parameters():
            if name in BIASES_OF_1:
                nn.init.ones_(parameter)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W), made for 227 x 227; those below 63 x 63 are mirrored."""
        features = self.features(padded(image, 1, LEAST))
        return self.classifier(self.avgpool(features).flatten(1))
