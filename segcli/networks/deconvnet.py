"""DeconvNet: VGG16 with its fully connected layers, and all of it mirrored by transposed convolutions."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.backbones.vgg import vgg_features
from segcli.networks.backbones.vgg_weights import public_features, public_hidden
from segcli.networks.blocks import MaxPooling, decoded, encoded, scaled
from segcli.networks.shapes import cropped, padded

DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64, 64))
"""Channels of the transposed 3 x 3 convolutions, deepest block first."""


class DeconvNet(nn.Module):
    """Encode down to one vector a window of 224 x 224, and decode it by unpooling and transposed convolutions.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.

    Notes
    -----
    Pictures are mirrored up to sides that are a multiple of 32 and at least 224. The paper trains in two stages, on
    pictures of single objects and then on object proposals, and takes at each pixel the maximum over some 50 proposals;
    without that its results are out of reach. Training needs two pictures at once, or larger ones than 224 x 224:
    the hidden layers are normalized over the batch and would see one value. A 3 x 3 convolution in place of a
    transposed one is the same layer only with its weights flipped and its channels swapped.

    References
    ----------
    H. Noh, S. Hong, B. Han, "Learning deconvolution network for semantic segmentation", ICCV, 2015.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0) -> None:
        super().__init__()
        hidden, channels = scaled(4096, width), scaled(512, width)
        pools = [MaxPooling() for _ in range(5)]
        self.features = vgg_features(in_channels, 16, width=width, batch_norm=True, pools=pools)
        self.fc6 = _normalized(nn.Conv2d(channels, hidden, 7))
        self.fc7 = _normalized(nn.Conv2d(hidden, hidden, 1))
        self.fc6_transposed = _normalized(nn.ConvTranspose2d(hidden, channels, 7))
        self.decoder = nn.ModuleList()
        for widths in DECODER:
            block = nn.Sequential()
            for each in widths:
                block.extend(_normalized(nn.ConvTranspose2d(channels, scaled(each, width), 3, padding=1)))
                channels = scaled(each, width)
            self.decoder.append(block)
        self.classifier = nn.Conv2d(channels, classes, 1)
        initial.gaussian(self, 0.01)
        initial.he_normal(self.features, "fan_out")
        initial.normalization_shift(self, 0.001)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        features, places = encoded(padded(image, 32, 224), self.features)
        features = self.fc6_transposed(self.fc7(self.fc6(features)))
        return cropped(self.classifier(decoded(features, places, self.decoder)), image)

    @staticmethod
    def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a public VGG16, with or without batch normalization, for all up to fc7."""
        return public_features(state, batch_norm=True) | public_hidden(state, "fc6.0", "fc7.0")


def _normalized(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU(inplace=True))
