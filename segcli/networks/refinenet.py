"""RefineNet: four cascades that add finer features of a ResNet to coarser ones."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import SettingError
from segcli.networks import initial
from segcli.networks.backbones.resnet import ResNet
from segcli.networks.backbones.resnet_weights import public_trunk
from segcli.networks.blocks import ChainedResidualPooling, ResidualUnit, scaled
from segcli.networks.shapes import cropped, padded, zoomed


def _convolution(in_channels: int, channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)


def _units(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualUnit(channels) for _ in range(count)))


MOST = 16
"""Links of the pooling above which nobody means it."""


class Cascade(nn.Module):
    """Reduce a stage of the backbone, add what comes from the coarser one, look around, refine."""

    def __init__(self, in_channels: int, channels: int, coarser: int | None, pooling_stages: int) -> None:
        super().__init__()
        self.reduce = _convolution(in_channels, channels)
        self.adapt = _units(channels, 2)
        self.fuse = (
            nn.ModuleList()
            if coarser is None
            else nn.ModuleList([_convolution(channels, channels), _convolution(coarser, channels)])
        )
        self.pooling = ChainedResidualPooling(channels, pooling_stages)
        self.refine = _units(channels, 3)

    def forward(self, stage: Tensor, coarser: Tensor | None) -> Tensor:
        """Features (N, channels, H, W) of a stage (N, in_channels, H, W) and of coarser features, if there are."""
        features = self.adapt(self.reduce(stage))
        if coarser is not None:
            fine, coarse = self.fuse
            features = fine(features)
            features = features + zoomed(coarse(coarser), features)
        return self.refine(self.pooling(F.relu(features)))


class RefineNet(nn.Module):
    """ResNet whose four stages are refined from the coarsest to the finest, a quarter of the picture.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : 50, 101 or 152 layers of the ResNet; 18 and 34 too.
    pooling_stages : links of the chained residual pooling: 4 as in the authors' program; the paper's figure has 2.
    dropout : share of the values of the two coarsest stages and of the last features that training leaves out.

    Raises
    ------
    SettingError : pooling_stages is out of range.

    Notes
    -----
    The coarsest cascade has 512 channels, the others 256. No batch normalization outside of the backbone; an in-place
    ReLU at the head of a residual unit would corrupt its shortcut. Maps are enlarged with their corners in place,
    which fits exactly over pictures of 32 k + 1 pixels, to which others are extended.

    References
    ----------
    G. Lin, A. Milan, C. Shen, I. Reid, "RefineNet: Multi-path refinement networks for high-resolution semantic
    segmentation", CVPR, 2017.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        depth: int = 101,
        pooling_stages: int = 4,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if not 1 <= pooling_stages <= MOST:
            raise SettingError("pooling_stages", f"is {pooling_stages}; it must be between 1 and {MOST}.")
        self.backbone = ResNet(in_channels, None, width=width, depth=depth)
        channels = [scaled(512, width)] + [scaled(256, width)] * 3
        self.cascades = nn.ModuleList(
            Cascade(given, made, coarser, pooling_stages)
            for given, made, coarser in zip(self.backbone.channels[::-1], channels, [None, *channels], strict=False)
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Conv2d(channels[-1], classes, 3, padding=1)
        for part in (self.cascades, self.classifier):
            initial.gaussian(part, 0.01)

    def scores(self, image: Tensor) -> Tensor:
        """Logits (N, classes, ceil(H / 4), ceil(W / 4)); cell i sees the surroundings of pixel 4 i."""
        first, second, third, fourth = self.backbone.stages(image)
        features = None
        for cascade, stage in zip(
            self.cascades, (self.dropout(fourth), self.dropout(third), second, first), strict=True
        ):
            features = cascade(stage, features)
        return self.classifier(self.dropout(features))

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        extended = padded(image, 32, over=1)
        return cropped(zoomed(self.scores(extended), extended), image)

    @staticmethod
    def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a public ResNet for the backbone."""
        return public_trunk(state)
