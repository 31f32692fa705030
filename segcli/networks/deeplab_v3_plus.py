"""DeepLab v3+: DeepLab v3 with a decoder that looks at finer features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.backbones.resnet import ResNet
from segcli.networks.backbones.resnet_weights import public_trunk
from segcli.networks.blocks import AtrousPyramid, convolutions, freeze_batch_norm, known, scaled
from segcli.networks.shapes import cropped, padded, zoomed

RATES = {16: (6, 12, 18), 8: (12, 24, 36)}
"""Dilations of the pyramid by output stride: the same number of pixels."""


class DeepLabV3Plus(nn.Module):
    """The pyramid of DeepLab v3, enlarged to a quarter of the picture and joined with the ResNet's first stage.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : 50, 101 or 152 layers of the ResNet; 18 and 34 too.
    output_stride : 16 or 8, of the pyramid's input; weights fit both.
    multi_grid : factors of the dilation of the last stage's three units.
    freeze_batch_norm : bool
        Keep all batch normalizations as they are.

    Notes
    -----
    The finer features are reduced to 48 channels, lest they outweigh the pyramid's 256; two plain 3 x 3 convolutions
    join them. The paper's best results are of Xception with separable convolutions. One picture alone in a training
    batch is no error: the normalization behind the picture's mean takes its running statistics then.

    References
    ----------
    L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam, "Encoder-decoder with atrous separable convolution for
    semantic image segmentation", ECCV, 2018.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        depth: int = 50,
        output_stride: int = 16,
        multi_grid: Sequence[int] = (1, 2, 4),
        freeze_batch_norm: bool = False,
    ) -> None:
        super().__init__()
        rates = known("output_stride", output_stride, RATES)
        channels, fine = scaled(256, width), scaled(48, width)
        self.output_stride, self.frozen = output_stride, freeze_batch_norm
        self.backbone = ResNet(
            in_channels, None, width=width, depth=depth, output_stride=output_stride, multi_grid=multi_grid
        )
        self.pyramid = AtrousPyramid(self.backbone.channels[3], channels, rates)
        self.reduce = nn.Sequential(
            nn.Conv2d(self.backbone.channels[0], fine, 1, bias=False), nn.BatchNorm2d(fine), nn.ReLU(inplace=True)
        )
        self.decoder = convolutions(channels + fine, channels, channels, batch_norm=True, bias=False)
        self.classifier = nn.Conv2d(channels, classes, 1)
        for part in (self.pyramid, self.reduce, self.decoder):
            initial.he_normal(part)
        initial.gaussian(self.classifier, 0.01)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; frozen normalizations stay in evaluation."""
        super().train(mode)
        if self.frozen:
            freeze_batch_norm(self)
        return self

    def scores(self, image: Tensor) -> Tensor:
        """Logits (N, classes, ceil(H / 4), ceil(W / 4)); cell i sees the surroundings of pixel 4 i."""
        first, _, _, last = self.backbone.stages(image)
        fine = self.reduce(first)
        return self.classifier(self.decoder(torch.cat([zoomed(self.pyramid(last), fine), fine], 1)))

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        extended = padded(image, self.output_stride, over=1)
        return cropped(zoomed(self.scores(extended), extended), image)

    @staticmethod
    def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a public ResNet for the backbone."""
        return public_trunk(state)
