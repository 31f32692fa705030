"""The fully convolutional network on CaffeNet, the smallest of the three in the paper."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import BilinearUpsampling, LocalResponseNorm, Upsampling, scaled
from segcli.networks.shapes import cropped

PAD, OFFSET = 100, 18
"""Zeros around the picture; rows and columns cut off the upsampled scores, so that pixels lie on their scores."""
LAYERS = {
    "features.0": "conv1",
    "features.4": "conv2",
    "features.8": "conv3",
    "features.10": "conv4",
    "features.12": "conv5",
    "classifier.0": "fc6",
    "classifier.3": "fc7",
}
"""Layers of a CaffeNet that is numbered in the manner of public weights, and their names in Caffe."""


class FCNAlexNet(nn.Module):
    """CaffeNet whose fully connected layers are convolutions, its scores upsampled from a stride of 32.

    The second, fourth and fifth convolution work in two groups, as AlexNet's two graphics cards did, and poolings
    come before normalization. The AlexNet of public weights has neither, and other numbers of channels.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    upsampling : fixed (the reference's), learned (a dense kernel) or depthwise (a kernel a class), from bilinear.
    dropout : share of the units of the two hidden layers that training leaves out.

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR, 2015.
    A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural networks",
    NeurIPS, 2012.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        upsampling: Upsampling = "fixed",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        first, second, third, hidden = (scaled(channels, width, multiple=2) for channels in (96, 256, 384, 4096))
        self.conv1 = nn.Conv2d(in_channels, first, 11, stride=4, padding=PAD)
        self.conv2 = nn.Conv2d(first, second, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(second, third, 3, padding=1)
        self.conv4 = nn.Conv2d(third, third, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(third, second, 3, padding=1, groups=2)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.norm = LocalResponseNorm(5, 1e-4, 0.75)
        self.fc6 = nn.Conv2d(second, hidden, 6)
        self.fc7 = nn.Conv2d(hidden, hidden, 1)
        self.dropout = nn.Dropout(dropout)
        self.score_fr = nn.Conv2d(hidden, classes, 1)
        initial.he_normal(self)
        initial.zeros(self.score_fr)
        self.upscore = BilinearUpsampling(classes, 63, 32, upsampling)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        features = self.norm(self.pool(F.relu(self.conv1(image), inplace=True)))
        features = self.norm(self.pool(F.relu(self.conv2(features), inplace=True)))
        for layer in (self.conv3, self.conv4, self.conv5):
            features = F.relu(layer(features), inplace=True)
        features = self.pool(features)
        for layer in (self.fc6, self.fc7):
            features = self.dropout(F.relu(layer(features), inplace=True))
        return cropped(self.upscore(self.score_fr(features)), image, OFFSET)

    def from_public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a CaffeNet under this network's names, the fully connected ones as convolutions.

        `network.load_state_dict(network.from_public(state), strict=False)` starts from them; its scores stay 0. The
        layers may be called as in Caffe (conv1) or numbered (features.0).
        """
        own, made = self.state_dict(), {}
        for key, value in state.items():
            layer, _, kind = key.rpartition(".")
            name = f"{LAYERS.get(layer, layer)}.{kind}"
            if name in own:
                made[name] = value
        for name, size in (("fc6.weight", 6), ("fc7.weight", 1)):
            if name in made and made[name].ndim == 2:
                made[name] = made[name].reshape(len(made[name]), -1, size, size)
        return made
