"""A stack of convolutions without pooling: every layer has the picture's size."""

from __future__ import annotations

from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import convolutions, scaled


class FullResolutionFCN(nn.Module):
    """Six 3 x 3 convolutions and a 1 x 1 one at the picture's size.

    The plainest network that labels every pixel at once. It sees 13 x 13 pixels, and a layer holds 256 bytes a pixel
    at full width: a megapixel takes 256 MB a layer in training.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.

    References
    ----------
    F.-F. Li, J. Johnson, S. Yeung, "Detection and segmentation", lecture 11 of CS231n, Stanford, 2017: the idea. The
    number of layers and channels is this program's.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0) -> None:
        super().__init__()
        channels = scaled(64, width)
        self.features = convolutions(in_channels, *[channels] * 6)
        self.score = nn.Conv2d(channels, classes, 1)
        initial.he_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        return self.score(self.features(image))
