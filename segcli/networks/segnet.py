"""SegNet and SegNet-Basic: decoders that put values back where the maxima of the encoder were."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.backbones.vgg import vgg_features
from segcli.networks.backbones.vgg_weights import public_features
from segcli.networks.blocks import LocalResponseNorm, MaxPooling, convolutions, decoded, encoded, scaled

DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64,))
"""Channels of the decoder's convolutions, deepest block first; one more makes the logits."""


class SegNet(nn.Module):
    """The 13 convolutions of VGG16 and their mirror image, joined by the indices of the maxima alone.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    dropout : share of values that training leaves out after each of the three deepest blocks of both halves: 0.5 in
        Bayesian SegNet, whose samples are taken with the dropout layers left in training mode.

    Notes
    -----
    Pooling rounds up, and unpooling gives back the very size before pooling, so that a picture of any size is taken
    as it is. Poolings that round down lose a row at 360 x 480 (45 to 22). The last convolution has neither
    normalization nor ReLU. The authors weight the cross-entropy by median frequencies, except where they say not.

    References
    ----------
    V. Badrinarayanan, A. Kendall, R. Cipolla, "SegNet: A deep convolutional encoder-decoder architecture for image
    segmentation", IEEE Trans. Pattern Analysis and Machine Intelligence 39(12), 2017.
    A. Kendall, V. Badrinarayanan, R. Cipolla, "Bayesian SegNet: Model uncertainty in deep convolutional
    encoder-decoder architectures for scene understanding", BMVC, 2017.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0, dropout: float = 0.0) -> None:
        super().__init__()
        pools = [MaxPooling(dropout if block >= 2 else 0) for block in range(5)]
        self.features = vgg_features(in_channels, 16, width=width, batch_norm=True, pools=pools)
        self.decoder = nn.ModuleList()
        channels = scaled(512, width)
        for block, widths in enumerate(DECODER):
            layers = convolutions(channels, *(scaled(each, width) for each in widths), batch_norm=True)
            self.decoder.append(layers.append(nn.Dropout(dropout)) if block < 3 else layers)
            channels = scaled(widths[-1], width)
        self.classifier = nn.Conv2d(channels, classes, 3, padding=1)
        initial.he_normal(self)
        initial.normalization_shift(self, 0.001)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        features, places = encoded(image, self.features)
        return self.classifier(decoded(features, places, self.decoder))

    @staticmethod
    def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a public VGG16, with or without batch normalization, for the encoder."""
        return public_features(state, batch_norm=True)


class SegNetBasic(nn.Module):
    """Four 7 x 7 convolutions each way; the decoder normalizes, but has no ReLU.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    dropout : share of values that training leaves out after each of the two deepest blocks of both halves: 0.5 in
        Bayesian SegNet-Basic.

    Notes
    -----
    The picture passes a local response normalization made for values of 0 .. 255; it changes values of 0 .. 1 by less
    than a thousandth.

    References
    ----------
    V. Badrinarayanan, A. Kendall, R. Cipolla, "SegNet: A deep convolutional encoder-decoder architecture for image
    segmentation", IEEE Trans. Pattern Analysis and Machine Intelligence 39(12), 2017.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0, dropout: float = 0.0) -> None:
        super().__init__()
        channels = scaled(64, width)
        self.contrast = LocalResponseNorm(5, 1e-4, 0.75)
        self.encoder = nn.Sequential()
        self.decoder = nn.ModuleList()
        for block in range(4):
            layers = _convolution(channels if block else in_channels, channels)
            self.encoder.extend([*layers, nn.ReLU(inplace=True), MaxPooling(dropout if block >= 2 else 0)])
            self.decoder.append(
                nn.Sequential(*_convolution(channels, channels), nn.Dropout(0 if block >= 2 else dropout))
            )
        self.classifier = nn.Conv2d(channels, classes, 1)
        initial.he_normal(self)
        initial.normalization_shift(self, 0.001)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        features, places = encoded(self.contrast(image), self.encoder)
        return self.classifier(decoded(features, places, self.decoder))


def _convolution(in_channels: int, channels: int) -> list[nn.Module]:
    return [nn.Conv2d(in_channels, channels, 7, padding=3), nn.BatchNorm2d(channels)]
