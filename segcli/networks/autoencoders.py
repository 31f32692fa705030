"""Denoising auto-encoders: what goes in corrupted is to come out clean."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import SettingError
from segcli.networks import initial
from segcli.networks.blocks import convolutions, scaled
from segcli.networks.shapes import cropped, padded

SIDE = 28
"""Pixels of a tile's side: a digit of MNIST."""


class DenseAutoEncoder(nn.Module):
    """One hidden layer of sigmoid units between two pictures of 28 x 28, tile by tile.

    It is trained to give the clean picture for a corrupted one. The corrupted picture as the target, or corruption
    in evaluation, teach it nothing.

    Parameters
    ----------
    in_channels, classes : channels of the picture that goes in, and of the one that comes out.
    width : scales the 500 hidden units.
    tied : decode by the encoder's weights, transposed; both pictures then have the same channels.

    Raises
    ------
    SettingError : tied, with another number of channels to come out than go in.

    References
    ----------
    P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol, "Extracting and composing robust features with denoising
    autoencoders", ICML, 2008.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0, tied: bool = False) -> None:
        super().__init__()
        if tied and in_channels != classes:
            raise SettingError("classes", f"is {classes}; tied weights give back the {in_channels} channels put in.")
        hidden, pixels = scaled(500, width), classes * SIDE**2
        self.encoder = nn.Linear(in_channels * SIDE**2, hidden)
        self.decoder = None if tied else nn.Linear(hidden, pixels)
        self.decoder_bias = nn.Parameter(torch.zeros(pixels)) if tied else None
        initial.glorot_uniform(self)

    def forward(self, image: Tensor) -> Tensor:
        """Pictures (N, classes, H, W) in 0 .. 1, not logits, of pictures (N, C, H, W)."""
        fitting = padded(image, SIDE)
        count, rows, columns = len(image), fitting.shape[2] // SIDE, fitting.shape[3] // SIDE
        tiles = fitting.reshape(count, -1, rows, SIDE, columns, SIDE).permute(0, 2, 4, 1, 3, 5)
        hidden = torch.sigmoid(self.encoder(tiles.flatten(3)))
        if self.decoder is None:
            pixels = F.linear(hidden, self.encoder.weight.t(), self.decoder_bias)
        else:
            pixels = self.decoder(hidden)
        tiles = torch.sigmoid(pixels).reshape(count, rows, columns, -1, SIDE, SIDE).permute(0, 3, 1, 4, 2, 5)
        return cropped(tiles.flatten(4, 5).flatten(2, 3), image)


class ConvolutionalAutoEncoder(nn.Module):
    """Two convolutions with poolings, and two transposed convolutions back.

    Parameters
    ----------
    in_channels, classes : channels of the picture that goes in, and of the one that comes out.
    width : scales the channels of all layers.

    References
    ----------
    J. Masci, U. Meier, D. Ciresan, J. Schmidhuber, "Stacked convolutional auto-encoders for hierarchical feature
    extraction", ICANN, 2011: the idea. The numbers of layers and channels are this program's.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0) -> None:
        super().__init__()
        first, second = scaled(32, width), scaled(64, width)
        self.encoder = nn.Sequential(
            *convolutions(in_channels, first), nn.MaxPool2d(2), *convolutions(first, second), nn.MaxPool2d(2)
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(second, first, 2, stride=2),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(first, first, 2, stride=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(first, classes, 3, padding=1),
        )
        initial.he_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        """Pictures (N, classes, H, W), not held to 0 .. 1, of pictures (N, C, H, W)."""
        return cropped(self.decoder(self.encoder(padded(image, 4))), image)
