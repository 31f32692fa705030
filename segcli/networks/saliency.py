"""Networks that say where people look: a shallow and a deep one, both by regression."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import BilinearUpsampling, LocalResponseNorm, Upsampling, scaled
from segcli.networks.shapes import cropped, padded, resized

SHALLOW_SIDE, MAP_SIDE = 96, 48
"""Pixels a side of what the shallow network sees, and of what it gives."""
DEEP_SIZE = (240, 320)
"""Rows and columns that the deep network is made for."""


class ShallowSaliency(nn.Module):
    """Three convolutions and two fully connected layers with maxout, from 96 x 96 to 48 x 48.

    The picture is resized to 96 x 96 and the map back to its size. The authors train on maps in -1 .. 1, and blur
    the map by a Gaussian of 3 pixels before they stretch it to 0 .. 1.

    Parameters
    ----------
    in_channels : int
        Of pictures in 0 .. 1.
    classes : maps a picture; one in the paper.
    width : scales the channels of all layers.

    References
    ----------
    J. Pan, K. McGuinness, E. Sayrol, N. O'Connor, X. Giro-i-Nieto, "Shallow and deep convolutional networks for
    saliency prediction", CVPR, 2016. The layers are those of the authors' training program, half as many units as
    the paper's memory figure speaks of.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0) -> None:
        super().__init__()
        first, second, units = scaled(32, width), scaled(64, width), scaled(MAP_SIDE**2, width)
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, first, 5),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, 3),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(second, second, 3),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.hidden = nn.Linear(second * 100, 2 * units)
        self.output = nn.Linear(units, classes * MAP_SIDE**2)
        initial.glorot_uniform(self)

    def forward(self, image: Tensor) -> Tensor:
        """Maps (N, classes, H, W) of pictures (N, C, H, W)."""
        features = self.features(_of_size(image, (SHALLOW_SIDE, SHALLOW_SIDE))).flatten(1)
        largest = self.hidden(features).unflatten(1, (-1, 2)).amax(2)
        return resized(self.output(largest).unflatten(1, (-1, MAP_SIDE, MAP_SIDE)), image)


class DeepSaliency(nn.Module):
    """Nine convolutions of up to 11 x 11 at a quarter of the size, and a bilinear transposed convolution.

    Parameters
    ----------
    in_channels : int
    classes : maps a picture; one in the paper.
    width : scales the channels of all layers.
    resize : bring pictures to the 240 x 320 pixels of the paper, and maps back. Without, pictures keep their size.
    upsampling : learned (from bilinear, the authors'), fixed or depthwise.

    References
    ----------
    J. Pan, K. McGuinness, E. Sayrol, N. O'Connor, X. Giro-i-Nieto, "Shallow and deep convolutional networks for
    saliency prediction", CVPR, 2016.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        resize: bool = True,
        upsampling: Upsampling = "learned",
    ) -> None:
        super().__init__()
        self.resize = resize
        layers: list[nn.Module] = []
        sizes = ((96, 7), (256, 5), (512, 3), (512, 5), (512, 5), (256, 7), (128, 11), (32, 11))
        for number, (channels, kernel) in enumerate(sizes):
            made = scaled(channels, width)
            layers += [nn.Conv2d(in_channels, made, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
            layers += [LocalResponseNorm()] if number == 0 else []
            layers += [nn.MaxPool2d(3, 2, ceil_mode=True)] if number < 2 else []
            in_channels = made
        self.features = nn.Sequential(*layers, nn.Conv2d(in_channels, classes, 13, padding=6))
        self.upsampling = BilinearUpsampling(classes, 8, 4, upsampling)
        initial.he_normal(self.features)

    def forward(self, image: Tensor) -> Tensor:
        """Maps (N, classes, H, W) of pictures (N, C, H, W)."""
        # Rounded up, a pooling of 3 halves every even side; a multiple of 4 comes back as it was.
        fitting = _of_size(image, DEEP_SIZE) if self.resize else padded(image, 4)
        maps = cropped(self.upsampling(self.features(fitting)), fitting, 2)
        return resized(maps, image) if self.resize else cropped(maps, image)


def _of_size(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize, bilinear between pixel centers, with a mean over the pixels that become one."""
    # torch has no such mean for bfloat16 on CPUs.
    made = F.interpolate(image.float(), size=size, mode="bilinear", align_corners=False, antialias=True)
    return made.to(image.dtype)
