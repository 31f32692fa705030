"""The fully convolutional network on CaffeNet, the smallest of the three in the paper."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.backbones.alexnet import caffenet_features
from segcli.networks.blocks import BilinearUpsampling, Upsampling, scaled
from segcli.networks.shapes import cropped

PAD, OFFSET = 100, 18
"""Zeros around the picture; rows and columns cut off the upsampled scores, so that pixels lie on their scores."""
PUBLIC = {
    "conv1": "features.0",
    "conv2": "features.4",
    "conv3": "features.8",
    "conv4": "features.10",
    "conv5": "features.12",
    "classifier.0": "fc6",
    "classifier.3": "fc7",
}
"""Layers as Caffe or a CaffeNet of the table calls them, and as they are called here."""


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

    Raises
    ------
    SettingError : there is no such upsampling.

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
        hidden = scaled(4096, width)
        self.features = caffenet_features(in_channels, width=width, first_padding=PAD)
        self.fc6 = nn.Conv2d(scaled(256, width, 2), hidden, 6)
        self.fc7 = nn.Conv2d(hidden, hidden, 1)
        self.dropout = nn.Dropout(dropout)
        initial.he_normal(self)
        self.score_fr = nn.Conv2d(hidden, classes, 1)
        initial.zeros(self.score_fr)
        self.upscore = BilinearUpsampling(classes, 63, 32, upsampling)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        features = self.dropout(F.relu(self.fc6(self.features(image)), inplace=True))
        scores = self.score_fr(self.dropout(F.relu(self.fc7(features), inplace=True)))
        return cropped(self.upscore(scores), image, OFFSET)

    def from_public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a CaffeNet under this network's names, the fully connected ones as convolutions.

        `network.load_state_dict(network.from_public(state), strict=False)` starts from them; its scores stay 0. The
        layers may be called as in Caffe (conv1, fc6) or numbered (features.0, classifier.0).
        """
        own, made = self.state_dict(), {}
        for key, value in state.items():
            layer, _, kind = key.rpartition(".")
            name = f"{PUBLIC.get(layer, layer)}.{kind}"
            if name in own:
                made[name] = value
        for name, size in (("fc6.weight", 6), ("fc7.weight", 1)):
            if name in made and made[name].ndim == 2:
                made[name] = made[name].reshape(len(made[name]), -1, size, size)
        return made
