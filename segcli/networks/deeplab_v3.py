"""DeepLab v3: a dilated ResNet under a pyramid of rates and the picture's mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.backbones.resnet import ResNet
from segcli.networks.backbones.resnet_weights import public_trunk
from segcli.networks.blocks import AtrousPyramid, freeze_batch_norm, known, scaled
from segcli.networks.shapes import cropped, padded, zoomed

RATES = {16: (6, 12, 18), 8: (12, 24, 36)}
"""Dilations of the pyramid by output stride: the same number of pixels."""


class DeepLabV3(nn.Module):
    """ResNet with a dilated last stage, atrous spatial pyramid pooling with the picture's mean, one 1 x 1 layer.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : 50, 101 or 152 layers of the ResNet; 18 and 34 too.
    output_stride : 16 or 8
        Weights fit both: the authors train at 16 and test at 8, where the rates are twice as large.
    multi_grid : factors of the dilation of the last stage's three units.
    freeze_batch_norm : bool
        Keep all batch normalizations as they are, as the authors do in the last part of training.

    Notes
    -----
    One picture alone in a training batch is no error: the normalization behind the picture's mean, which would see one
    value a channel, takes its running statistics then. The authors' decay of running statistics is .9997, torch's
    momentum of 3e-4; here it is torch's 0.1, which fits short training. torchvision's network of this name is another
    (stride 8, no multi-grid, another convolution): see `ResNetHeads`.

    References
    ----------
    L.-C. Chen, G. Papandreou, F. Schroff, H. Adam, "Rethinking atrous convolution for semantic image segmentation",
    arXiv:1706.05587, 2017.
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
        channels = scaled(256, width)
        self.output_stride, self.frozen = output_stride, freeze_batch_norm
        self.backbone = ResNet(
            in_channels, None, width=width, depth=depth, output_stride=output_stride, multi_grid=multi_grid
        )
        self.pyramid = AtrousPyramid(self.backbone.channels[3], channels, rates)
        self.classifier = nn.Conv2d(channels, classes, 1)
        initial.he_normal(self.pyramid)
        initial.gaussian(self.classifier, 0.01)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; frozen normalizations stay in evaluation."""
        super().train(mode)
        if self.frozen:
            freeze_batch_norm(self)
        return self

    def scores(self, image: Tensor) -> Tensor:
        """Logits (N, classes, ceil(H / s), ceil(W / s)) for output stride s; cell i sees around pixel s i."""
        return self.classifier(self.pyramid(self.backbone(image)))

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        extended = padded(image, self.output_stride, over=1)
        return cropped(zoomed(self.scores(extended), extended), image)

    @staticmethod
    def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a public ResNet for the backbone."""
        return public_trunk(state)
