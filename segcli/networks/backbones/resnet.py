"""ResNet, whole or as the trunk of dense networks: dilated instead of strided, with four maps to take."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import known, scaled

StrideOn = Literal["3x3", "1x1"]
Rates = tuple[int, int]
"""Dilation of a unit's first 3 x 3 convolution, and of its second one if it has two."""
UNITS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Residual units of the four stages, by depth."""
STEPS = {
    32: ((1, 1), (2, 1), (2, 1), (2, 1)),
    16: ((1, 1), (2, 1), (2, 1), (1, 2)),
    8: ((1, 1), (2, 1), (1, 2), (1, 4)),
}
"""Stride and dilation of the four stages, by output stride."""


def _convolution(in_channels: int, channels: int, size: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the size but for its stride."""
    border = dilation * (size // 2)
    return nn.Conv2d(in_channels, channels, size, stride, border, dilation, bias=False)


def _shortcut(in_channels: int, channels: int, stride: int) -> nn.Sequential | None:
    """What makes a unit's input fit its output; None where it fits already."""
    if stride == 1 and in_channels == channels:
        return None
    return nn.Sequential(_convolution(in_channels, channels, 1, stride), nn.BatchNorm2d(channels))


class Basic(nn.Module):
    """A residual unit of two 3 x 3 convolutions."""

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int, rates: Rates, stride_on: StrideOn) -> None:
        super().__init__()
        self.conv1 = _convolution(in_channels, channels, 3, stride, rates[0])
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = _convolution(channels, channels, 3, dilation=rates[1])
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _shortcut(in_channels, channels, stride)

    def forward(self, image: Tensor) -> Tensor:
        """Add to the picture, or to its projection, what two convolutions make of it."""
        shortcut = image if self.downsample is None else self.downsample(image)
        residual = F.relu(self.bn1(self.conv1(image)), inplace=True)
        residual = self.bn2(self.conv2(residual))
        residual += shortcut
        return F.relu(residual, inplace=True)


class Bottleneck(nn.Module):
    """A residual unit that computes its 3 x 3 convolution in a quarter of the channels."""

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int, rates: Rates, stride_on: StrideOn) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_on == "1x1" else (1, stride)
        self.conv1 = _convolution(in_channels, channels, 1, first)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = _convolution(channels, channels, 3, second, rates[0])
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = _convolution(channels, 4 * channels, 1)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.downsample = _shortcut(in_channels, 4 * channels, stride)

    def forward(self, image: Tensor) -> Tensor:
        """Add to the picture, or to its projection, what three convolutions make of it."""
        shortcut = image if self.downsample is None else self.downsample(image)
        residual = F.relu(self.bn1(self.conv1(image)), inplace=True)
        residual = F.relu(self.bn2(self.conv2(residual)), inplace=True)
        residual = self.bn3(self.conv3(residual))
        residual += shortcut
        return F.relu(residual, inplace=True)


class ResNet(nn.Module):
    """Four stages of residual units, a mean over the picture and one linear layer.

    The start values are torchvision's: convolutions by He et al. with the fan out, the linear layer as torch
    makes it.

    Parameters
    ----------
    in_channels : int
    classes : int or None
        None leaves the linear layer out: the network is a trunk, of which `stages` or `features` is used.
    width : scales the channels of all layers.
    depth : 18, 34, 50, 101 or 152 layers with weights.
    output_stride : 32, 16 or 8
        By what the last map is smaller. Stages that would go beyond it are dilated instead: the last one by 2,
        or the last two by 2 and 4.
    stride_on : 3x3 or 1x1
        Which convolution of a bottleneck halves the size. 1x1 is the paper's and Caffe's (DeepLab v2 has it), 3x3 is
        torchvision's, known as version 1.5. Weights for one give nonsense in the other, without an error.
    dilate_first : bool
        False leaves the first 3 x 3 convolution of a dilated stage at the dilation of the stage before, as
        torchvision does and its segmentation weights need. Weights of a strided network then see exactly what they
        saw before; with the stride on the 1 x 1 they do so if this is True.
    multi_grid : factors of the dilation of the last stage's units, repeated as needed; DeepLab v3 has (1, 2, 4).

    Attributes
    ----------
    channels : tuple of four int, the channels of `stages`.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR, 2016.
    L.-C. Chen, G. Papandreou, F. Schroff, H. Adam, "Rethinking atrous convolution for semantic image segmentation",
    arXiv:1706.05587, 2017 (output stride, multi-grid).
    """

    def __init__(
        self,
        in_channels: int,
        classes: int | None,
        *,
        width: float = 1.0,
        depth: int = 50,
        output_stride: int = 32,
        stride_on: StrideOn = "3x3",
        dilate_first: bool = True,
        multi_grid: Sequence[int] = (1,),
    ) -> None:
        super().__init__()
        units, steps = known("depth", depth, UNITS), known("output_stride", output_stride, STEPS)
        known("stride_on", stride_on, {"3x3": None, "1x1": None})
        stem = scaled(64, width)
        self.conv1 = nn.Conv2d(in_channels, stem, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        unit = Basic if depth < 50 else Bottleneck
        stages, before, in_channels = [], 1, stem
        for stage, (count, (stride, dilation)) in enumerate(zip(units, steps, strict=True)):
            grid = multi_grid if stage == 3 else (1,)
            rates = [(dilation * factor, dilation * factor) for factor in islice(cycle(grid), count)]
            if not dilate_first:
                rates[0], before = (rates[0][0] // dilation * before, rates[0][1]), dilation
            strides, inner, made = [stride] + [1] * (count - 1), scaled(64 * 2**stage, width), []
            for step, rate in zip(strides, rates, strict=True):
                made.append(unit(in_channels, inner, step, rate, stride_on))
                in_channels = inner * unit.expansion
            stages.append(nn.Sequential(*made))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.channels = tuple(unit.expansion * scaled(64 * 2**stage, width) for stage in range(4))
        initial.he_normal(self, "fan_out")
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = None if classes is None else nn.Linear(in_channels, classes)

    def stages(self, image: Tensor) -> list[Tensor]:
        """Make the maps after each stage, of strides 4, 8, 16 and 32, or of the output stride where that is less.

        Sides are rounded up at each halving: 513 pixels give 129, 65, 33 and 17.
        """
        maps = [self.maxpool(self.relu(self.bn1(self.conv1(image))))]
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            maps.append(stage(maps[-1]))
        return maps[1:]

    def features(self, image: Tensor) -> Tensor:
        """Make the last stage's map."""
        return self.stages(image)[-1]

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); a trunk without classes gives its last map."""
        features = self.features(image)
        return features if self.fc is None else self.fc(self.avgpool(features).flatten(1))
