"""An encoder and a decoder with nothing between them but the deepest layer."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import convolutions, scaled
from segcli.networks.shapes import cropped, padded

ENCODER = (64, 128, 256, 512, 1024)
DECODER = (1024, 512, 256, 128)


class CarvanaNet(nn.Module):
    """Five pairs of convolutions with poolings between them, four transposed convolutions back; no skips.

    What a network loses without skip connections: outlines are as fine as 16 pixels allow. The transposed 3 x 3
    convolutions give 2 n rows of 2 n + 1 as TensorFlow's SAME does, which leaves out the last; torch's padding of 1
    would leave out the first and shift every layer by one.

    Parameters
    ----------
    in_channels, classes : int
        Pictures in 0 .. 1. One class is the logit of the car.
    width : scales the channels of all layers. The start values' spread of 0.02 grows as channels get fewer, so that
        signals keep their strength.

    References
    ----------
    S. Pattanayak, "Pro deep learning with TensorFlow", Apress, 2017, chapter 6.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for channels in (scaled(channels, width) for channels in ENCODER):
            self.encoder.append(convolutions(in_channels, channels, channels))
            in_channels = channels
        for channels in (scaled(channels, width) for channels in DECODER):
            self.decoder.append(nn.ConvTranspose2d(in_channels, channels, 3, stride=2))
            in_channels = channels
        self.score = nn.Conv2d(in_channels, classes, 1)
        initial.gaussian(self, 0.02 / width**0.5)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        features = padded(image, 16)
        for number, block in enumerate(self.encoder):
            features = block(F.max_pool2d(features, 2) if number else features)
        for layer in self.decoder:
            features = F.relu(layer(features)[..., :-1, :-1])
        return cropped(self.score(features), image)
